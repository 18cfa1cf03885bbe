//! The driver itself: its entry, its state and its end.
//!
//! A driver is a type that implements [`Driver`]; [`driver!`](crate::driver!) makes the entry
//! point of it that the kernel calls. The C side is `DRIVER_INITIALIZE` and `DRIVER_UNLOAD`:
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-driver_initialize>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-driver_unload>
//!
//! ```
//! use wdm_safe::{Driver, Init, Lifecycle, Result};
//!
//! struct Hello;
//!
//! impl Driver for Hello {
//!     fn init(init: &Init<'_>) -> Result<Self> {
//!         wdm_safe::info!("loaded, parameters below {}", init.registry_path());
//!         Ok(Hello)
//!     }
//!
//!     fn unload(self, _at: &Lifecycle<'_>) {
//!         wdm_safe::info!("unloaded");
//!     }
//! }
//!
//! wdm_safe::driver!(Hello);
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let driver = unsafe { machine.load_linked("hello", driver_entry)? };
//! # machine.unload(driver)?;
//! # assert!(machine.report().findings.is_empty());
//! # Ok(())
//! # }
//! ```

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use wdm_sys as sys;

use crate::bug_check::{self, Bug};
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::{NtError, NtStatus, Passive, PoolBox, Result, UnicodeStr};

/// A driver. The value is the driver's state, from the return of [`init`](Self::init) to
/// [`unload`](Self::unload).
pub trait Driver: Sized + Send + Sync + 'static {
    /// Sets the driver up (`DriverEntry`, `PASSIVE_LEVEL`, a system thread).
    ///
    /// # Errors
    /// The status with which the load fails. What was set up so far is undone by being dropped.
    fn init(init: &Init<'_>) -> Result<Self>;

    /// Takes the driver down (`DriverUnload`, `PASSIVE_LEVEL`, a system thread). Dropping the
    /// state is enough for most drivers, and is what happens unless this is written.
    fn unload(self, at: &Lifecycle<'_>) {
        let _ = at;
    }
}

/// Proof that this is the driver's start or its end, and not a callback: what waits for callbacks
/// to finish asks for it (R4).
///
/// It lives as long as the call to [`Driver::init`] or [`Driver::unload`] and stays on its thread.
#[derive(Debug)]
pub struct Lifecycle<'a> {
    driver: NonNull<sys::DRIVER_OBJECT>,
    obligations: NonNull<AtomicUsize>,
    passive: Passive<'a>,
}

impl<'a> Lifecycle<'a> {
    /// Proof of `PASSIVE_LEVEL`.
    #[must_use]
    pub fn passive(&self) -> Passive<'a> {
        self.passive
    }

    /// Something through which the kernel reaches into the driver, such as a callback: it must be
    /// gone when the driver goes. A driver that leaves one behind, by `mem::forget` or in a
    /// `static`, stops the machine with [`Bug::LeftBehind`] at its unload.
    #[must_use]
    pub fn obligation(&self) -> Obligation {
        // SAFETY: the counter is in the driver object's extension, which outlives the driver.
        unsafe { self.obligations.as_ref() }.fetch_add(1, Ordering::Relaxed);
        // INVARIANT: counted.
        Obligation(self.obligations)
    }

    /// The driver object (`DRIVER_OBJECT`); valid until the driver is unloaded.
    #[must_use]
    pub fn driver_object(&self) -> NonNull<sys::DRIVER_OBJECT> {
        self.driver
    }
}

/// A counted obligation of a driver: see [`Lifecycle::obligation`]. Dropping it ends it.
///
/// # Invariants
/// It is counted in the extension of the driver object, which outlives it: the machine stops
/// before a driver goes that has obligations.
#[derive(Debug)]
pub struct Obligation(NonNull<AtomicUsize>);

// SAFETY: the counter is an atomic.
unsafe impl Send for Obligation {}
// SAFETY: as above; `&Obligation` allows nothing.
unsafe impl Sync for Obligation {}

impl Drop for Obligation {
    fn drop(&mut self) {
        // SAFETY: by the invariant the counter is there.
        unsafe { self.0.as_ref() }.fetch_sub(1, Ordering::Release);
    }
}

/// What [`Driver::init`] gets.
#[derive(Debug)]
pub struct Init<'a> {
    lifecycle: Lifecycle<'a>,
    registry_path: &'a UnicodeStr,
}

impl Init<'_> {
    /// The path of the driver's key in the registry's services tree; its settings are in the
    /// `Parameters` key below it.
    #[must_use]
    pub fn registry_path(&self) -> &UnicodeStr {
        self.registry_path
    }
}

impl<'a> Deref for Init<'a> {
    type Target = Lifecycle<'a>;

    fn deref(&self) -> &Lifecycle<'a> {
        &self.lifecycle
    }
}

/// What the kernel keeps of a driver, in the driver object's extension: the state, until unload
/// takes it, and how many obligations there are.
struct Slot<D> {
    state: AtomicPtr<D>,
    obligations: AtomicUsize,
}

impl<D> Slot<D> {
    /// Stops the machine unless the driver may go: the kernel would go on calling into its image.
    fn assert_free(&self) {
        let left = self.obligations.load(Ordering::Acquire);
        if left != 0 {
            bug_check::stop(Bug::LeftBehind, [left, 0, 0, 0]);
        }
    }
}

/// Its address identifies the extension among those of the driver object.
static EXTENSION: u8 = 0;

fn extension_id() -> *mut c_void {
    (&raw const EXTENSION).cast_mut().cast()
}

/// `DriverEntry` for a driver; [`driver!`](crate::driver!) calls it.
///
/// # Safety
/// The kernel calls it, or what stands for the kernel: `driver` is the driver's own object, valid
/// until `DriverUnload` has returned; `registry_path` is null or valid during the call; the level
/// is `PASSIVE_LEVEL`.
#[doc(hidden)]
pub unsafe fn entry<D: Driver>(
    driver: *mut sys::DRIVER_OBJECT,
    registry_path: *const sys::UNICODE_STRING,
) -> sys::NTSTATUS {
    // SAFETY: as the caller vouches.
    match unsafe { start::<D>(driver, registry_path) } {
        Ok(()) => NtStatus::SUCCESS.raw(),
        Err(error) => error.raw(),
    }
}

/// # Safety
/// As [`entry`].
unsafe fn start<D: Driver>(
    driver: *mut sys::DRIVER_OBJECT,
    registry_path: *const sys::UNICODE_STRING,
) -> Result<()> {
    let mut driver = NonNull::new(driver).ok_or(NtError::INVALID_PARAMETER)?;
    // SAFETY: the caller vouches for the level.
    let passive = unsafe { Passive::new_unchecked() };
    #[cfg(not(feature = "pool2"))]
    crate::pool::kind::choose(passive);
    // SAFETY: null or valid during the call, says the caller.
    let registry_path = unsafe { UnicodeStr::from_raw(registry_path) };
    let registry_path = registry_path.unwrap_or(UnicodeStr::new(&[]));

    // The kernel frees the extension with the driver object, also when the load fails.
    let mut slot = ptr::null_mut();
    let size = const { size_of::<Slot<D>>() as u32 };
    // SAFETY: the driver object is valid; the identity is an address of this image.
    let status = unsafe {
        sys::IoAllocateDriverObjectExtension(driver.as_ptr(), extension_id(), size, &mut slot)
    };
    NtStatus::from_raw(status).to_result()?;
    let slot = NonNull::new(slot.cast::<Slot<D>>()).ok_or(NtError::INSUFFICIENT_RESOURCES)?;
    let empty = Slot {
        state: AtomicPtr::new(ptr::null_mut()),
        obligations: AtomicUsize::new(0),
    };
    // SAFETY: the extension has the size and, as all pool memory, the alignment of a Slot.
    unsafe { slot.write(empty) };
    // SAFETY: just written; the extension lives as long as the driver object.
    let slot = unsafe { slot.as_ref() };

    let lifecycle = Lifecycle {
        driver,
        obligations: NonNull::from(&slot.obligations),
        passive,
    };
    // Before `init`: a driver that has set itself up must not fail for want of memory.
    let place = PoolBox::try_new(MaybeUninit::uninit())?;
    let state = D::init(&Init {
        lifecycle,
        registry_path,
    });
    let state = state.inspect_err(|_| slot.assert_free())?;
    let state = PoolBox::into_raw(PoolBox::write(place, state));
    slot.state.store(state.as_ptr(), Ordering::Release);
    // SAFETY: the driver object is valid, and only its driver's entry writes to it now.
    let driver = unsafe { driver.as_mut() };
    driver.DriverUnload = Some(unload::<D>);
    Ok(())
}

/// `DriverUnload` for a driver.
///
/// # Safety
/// The kernel calls it once, with the driver object for which [`start`] succeeded, at
/// `PASSIVE_LEVEL`.
unsafe extern "system" fn unload<D: Driver>(driver: *mut sys::DRIVER_OBJECT) {
    // SAFETY: the driver object is valid; the identity is that of `start`.
    let slot = unsafe { sys::IoGetDriverObjectExtension(driver, extension_id()) };
    let (Some(driver), Some(slot)) = (NonNull::new(driver), NonNull::new(slot.cast::<Slot<D>>()))
    else {
        // Without it nothing can be taken down, and the image goes all the same.
        bug_check::stop(Bug::LeftBehind, [0; 4]);
    };
    // SAFETY: `start` wrote the slot before it set this routine as the unload routine, and the
    // extension lives as long as the driver object.
    let slot = unsafe { slot.as_ref() };
    let state = slot.state.swap(ptr::null_mut(), Ordering::Acquire);
    let Some(state) = NonNull::new(state) else {
        return;
    };
    // SAFETY: `start` gave up the box, and the slot gives it once.
    let state = unsafe { PoolBox::from_raw(state) };
    // SAFETY: the caller vouches for the level.
    let passive = unsafe { Passive::new_unchecked() };
    let lifecycle = Lifecycle {
        driver,
        obligations: NonNull::from(&slot.obligations),
        passive,
    };
    PoolBox::into_inner(state).unload(&lifecycle);
    slot.assert_free();
}

/// Makes the entry point for a type that implements [`Driver`].
///
/// It defines `driver_entry`, which in a kernel build is exported as `DriverEntry`. In other
/// builds it is an ordinary function to hand to the simulator.
#[macro_export]
macro_rules! driver {
    ($driver:ty) => {
        $crate::__driver_entry! {
            /// The driver's entry point.
            ///
            /// # Safety
            /// The kernel calls it, or what stands for the kernel.
            pub unsafe extern "system" fn driver_entry(
                driver: *mut $crate::__private::DRIVER_OBJECT,
                registry_path: *mut $crate::__private::UNICODE_STRING,
            ) -> $crate::__private::NTSTATUS {
                // SAFETY: the caller is the kernel, or vouches for what the kernel guarantees.
                unsafe { $crate::__private::entry::<$driver>(driver, registry_path) }
            }
        }
    };
}

#[cfg(feature = "kernel")]
#[doc(hidden)]
#[macro_export]
macro_rules! __driver_entry {
    ($($entry:tt)+) => {
        #[unsafe(export_name = "DriverEntry")]
        $($entry)+
    };
}

#[cfg(not(feature = "kernel"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __driver_entry {
    ($($entry:tt)+) => { $($entry)+ };
}
