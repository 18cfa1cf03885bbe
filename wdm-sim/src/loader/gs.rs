//! The block of memory that `gs` points at in kernel mode (the KPCR), for threads that run driver
//! code. User-mode code for x86_64 Linux keeps its thread data behind `fs`, so `gs` is free.

use std::ffi::{c_ulong, c_void};
use std::io;
use std::marker::PhantomData;

/// Offset of `KPCR.Self`.
const SELF: usize = 0x18;
/// Offset of `KPCR.CurrentPrcb`, the address of the PRCB.
const CURRENT_PRCB: usize = 0x20;
/// Offset of `KPCR.Prcb`.
const PRCB: usize = 0x180;
/// Offset of `KPCR.Prcb.CurrentThread`, which `PsGetCurrentThread` reads.
const CURRENT_THREAD: usize = PRCB + 0x8;

/// `ARCH_SET_GS` and `ARCH_GET_GS` of `arch_prctl(2)`.
const ARCH_SET_GS: c_ulong = 0x1001;
const ARCH_GET_GS: c_ulong = 0x1004;

/// One page, all zero but the fields above. Zero is right for the processor's number.
#[repr(C, align(4096))]
struct Kpcr([usize; 512]);

/// A kernel-like `gs` block for the thread that installed it. Dropping it restores the previous
/// one, so blocks nest: drop them in the opposite order.
///
/// A thread inherits the `gs` of the thread that started it; each thread that runs driver code
/// installs a block of its own.
#[must_use = "the block is removed when this is dropped"]
pub struct GsBlock {
    kpcr: Box<Kpcr>,
    previous: c_ulong,
    // It belongs to the thread that installed it.
    _thread: PhantomData<*mut ()>,
}

impl GsBlock {
    /// Makes `gs:[0x188]` of this thread `current_thread`, `gs:[0x18]` the block's own address and
    /// `gs:[0x20]` that of its PRCB.
    ///
    /// # Errors
    /// What `arch_prctl(2)` reports, such as a sandbox that does not allow it.
    pub fn install(current_thread: *mut c_void) -> io::Result<Self> {
        let mut kpcr = Box::new(Kpcr([0; 512]));
        let base = (&raw const *kpcr).addr();
        let mut set = |offset: usize, value| kpcr.0[offset / size_of::<usize>()] = value;
        set(SELF, base);
        set(CURRENT_PRCB, base + PRCB);
        set(CURRENT_THREAD, current_thread.expose_provenance());

        let previous = gs_base()?;
        set_gs_base((&raw const *kpcr).expose_provenance() as c_ulong)?;
        Ok(Self {
            kpcr,
            previous,
            _thread: PhantomData,
        })
    }

    /// The address that `gs` has while the block is installed.
    pub fn base(&self) -> usize {
        (&raw const *self.kpcr).addr()
    }
}

impl Drop for GsBlock {
    fn drop(&mut self) {
        // The call that installed the block succeeded; if this one does not, `gs` keeps the address
        // of freed memory, which only driver code would read.
        let restored = set_gs_base(self.previous);
        debug_assert!(restored.is_ok(), "gs could not be restored: {restored:?}");
    }
}

/// The address that `gs` of this thread has.
pub(crate) fn gs_base() -> io::Result<c_ulong> {
    let mut base: c_ulong = 0;
    // SAFETY: ARCH_GET_GS writes the base, one c_ulong, to the address given.
    let result = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_GET_GS, &raw mut base) };
    if result == 0 {
        Ok(base)
    } else {
        Err(io::Error::last_os_error())
    }
}

fn set_gs_base(base: c_ulong) -> io::Result<()> {
    // SAFETY: ARCH_SET_GS changes a register that neither Rust nor the C library uses here.
    let result = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, base) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
