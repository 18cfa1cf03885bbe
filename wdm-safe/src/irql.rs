//! IRQL tokens: proof, at compile time, of the level that code runs at.
//!
//! A routine that the kernel documents for `PASSIVE_LEVEL` takes a [`Passive`]; one for
//! `<= APC_LEVEL` takes an [`ApcLevel`]. The driver entry hands out the first. A registry
//! notification hands out the second, since callbacks have been seen at `APC_LEVEL` (N1), and
//! [`ApcLevel::passive`] asks the kernel for the first.
//!
//! A token lives no longer than the call that it was given in, and stays on its thread. Nothing in
//! these crates raises the level while a token is alive.
//!
//! ```
//! use wdm_safe::{ApcLevel, Passive};
//!
//! fn slow_work(_at: Passive<'_>) {}
//!
//! fn notified(at: ApcLevel<'_>) {
//!     if let Some(at) = at.passive() {
//!         slow_work(at);
//!     }
//! }
//! ```

use core::marker::PhantomData;

use wdm_sys as sys;

/// `IRQL <= APC_LEVEL` for `'a`: page faults are served, code is not above a paging boundary.
#[derive(Clone, Copy, Debug)]
pub struct ApcLevel<'a> {
    /// Neither `Send` nor `Sync`: a level belongs to a thread.
    _here: PhantomData<(&'a (), *mut ())>,
}

/// `IRQL == PASSIVE_LEVEL` for `'a`.
#[derive(Clone, Copy, Debug)]
pub struct Passive<'a> {
    apc: ApcLevel<'a>,
}

impl<'a> ApcLevel<'a> {
    /// Claims the level.
    ///
    /// # Safety
    /// The current thread runs at `APC_LEVEL` or below for all of `'a`.
    #[must_use]
    pub const unsafe fn new_unchecked() -> Self {
        Self { _here: PhantomData }
    }

    /// Asks the kernel whether the thread runs at `PASSIVE_LEVEL` (`KeGetCurrentIrql`). IRQL: any.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kegetcurrentirql>
    #[must_use]
    pub fn passive(self) -> Option<Passive<'a>> {
        // SAFETY: KeGetCurrentIrql has no preconditions.
        let irql = unsafe { sys::KeGetCurrentIrql() };
        (u32::from(irql) == sys::PASSIVE_LEVEL).then_some(Passive { apc: self })
    }
}

impl Passive<'_> {
    /// Claims the level.
    ///
    /// # Safety
    /// The current thread runs at `PASSIVE_LEVEL` for all of the lifetime.
    #[must_use]
    pub const unsafe fn new_unchecked() -> Self {
        // SAFETY: PASSIVE_LEVEL is below APC_LEVEL; the caller vouches for it.
        let apc = unsafe { ApcLevel::new_unchecked() };
        Self { apc }
    }
}

impl<'a> From<Passive<'a>> for ApcLevel<'a> {
    fn from(passive: Passive<'a>) -> Self {
        passive.apc
    }
}
