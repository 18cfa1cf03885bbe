//! Callback objects: named objects with which drivers tell each other, and the kernel tells drivers,
//! that something has happened (`ExCreateCallback`).
//!
//! They are not the callback objects of registry filters, which `cm-callback` has. Whoever defines
//! one creates it ([`NotifyObject::create`]) and notifies; others open it by its name
//! ([`NotifyObject::open`]) and register callbacks. The kernel defines three: [`SET_SYSTEM_TIME`],
//! [`POWER_STATE`] and [`PROCESSOR_ADD`]. Two arguments, the size of a pointer each, mean what the
//! creator says.
//!
//! ```
//! # use wdm_sim::{Machine, SystemCallback};
//! use wdm_safe::callback_object::{
//!     NotifyObject, NotifyRegistration, POWER_STATE, PowerChange,
//! };
//! use wdm_safe::{ApcLevel, Driver, Init, Result};
//!
//! struct Watch {
//!     _registration: NotifyRegistration,
//! }
//!
//! impl Driver for Watch {
//!     fn init(init: &Init<'_>) -> Result<Self> {
//!         let power = NotifyObject::open(POWER_STATE, init.passive())?;
//!         let registration = power.register(init, |told| {
//!             if let PowerChange::AcPower(on) = PowerChange::of(told) {
//!                 wdm_safe::info!("mains power: {on}");
//!             }
//!         })?;
//!         Ok(Watch { _registration: registration })
//!     }
//! }
//!
//! wdm_safe::driver!(Watch);
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! # let machine = Machine::builder().build()?;
//! # let driver = unsafe { machine.load_linked("watch", driver_entry)? };
//! # machine.notify_system_callback(SystemCallback::PowerState, 1, 1);
//! # machine.unload(driver)?;
//! # let report = machine.report();
//! # assert!(report.findings.is_empty());
//! # assert!(report.debug_print.iter().any(|line| line.contains("mains power: true")));
//! # Ok(())
//! # }
//! ```
//!
//! # Level
//! NT calls callbacks at the notifier's level, up to `DISPATCH_LEVEL`. The code of these crates runs
//! at `APC_LEVEL` or below, so a notification that comes above it does not reach the callback and is
//! counted: [`NotifyRegistration::missed`].
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/callback-objects>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-excreatecallback>.

mod power;
mod registration;

use core::ops::Deref;
use core::ptr::{self, NonNull};

use wdm_sys as sys;

pub use power::PowerChange;
pub use registration::{Notification, NotifyRegistration};

use crate::handle::Handle;
use crate::string::Counted;
use crate::{ApcLevel, Lifecycle, NtError, NtStatus, Passive, Result, UnicodeStr, unicode};

/// The kernel's object for changes of the system time. No arguments.
pub const SET_SYSTEM_TIME: &UnicodeStr = unicode!(r"\Callback\SetSystemTime");
/// The kernel's object for changes of power: see [`PowerChange`].
pub const POWER_STATE: &UnicodeStr = unicode!(r"\Callback\PowerState");
/// The kernel's object for processors that are added (Windows Vista and later). The arguments are
/// the addresses of a `KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT` and of an `NTSTATUS`.
pub const PROCESSOR_ADD: &UnicodeStr = unicode!(r"\Callback\ProcessorAdd");

/// How many callbacks a callback object takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callbacks {
    /// One at a time.
    One,
    /// Any number.
    Many,
}

/// A callback object: what callbacks are registered with. Dropping it leaves the object and its
/// registrations as they are.
///
/// # Invariants
/// `object` is a callback object, of which this value holds a reference.
#[derive(Debug)]
pub struct NotifyObject {
    object: NonNull<sys::_CALLBACK_OBJECT>,
}

// SAFETY: an object belongs to no thread.
unsafe impl Send for NotifyObject {}
// SAFETY: the kernel's routines take the same object on several threads.
unsafe impl Sync for NotifyObject {}

impl NotifyObject {
    /// Opens a callback object by its name, whose case does not matter (`ExCreateCallback`). IRQL:
    /// `<= APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-excreatecallback>
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is none.
    pub fn open<'a>(name: &UnicodeStr, at: impl Into<ApcLevel<'a>>) -> Result<Self> {
        let _: ApcLevel<'a> = at.into();
        open_or_create(name, sys::OBJ_CASE_INSENSITIVE, None)
    }

    /// Makes a callback object, to notify. Its name must be absolute, in a directory such as
    /// `\Callback`, and is there for others until the [`Notifier`] is dropped (`ExCreateCallback`,
    /// `ZwMakeTemporaryObject`). IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_COLLISION` if there is one of that name, which may be another driver's.
    /// (The kernel makes or opens in one step and does not say which, so this looks first; of two
    /// drivers that make the same name at the same moment, both get the one object.)
    /// `STATUS_OBJECT_PATH_NOT_FOUND` or `STATUS_OBJECT_PATH_SYNTAX_BAD` for a bad name,
    /// `STATUS_INSUFFICIENT_RESOURCES` for want of memory: also after a second in which the kernel had no
    /// handle for the object that it had made, which then stays.
    pub fn create(name: &UnicodeStr, callbacks: Callbacks, at: Passive<'_>) -> Result<Notifier> {
        match Self::open(name, at) {
            Ok(_) => return Err(NtError::OBJECT_NAME_COLLISION),
            Err(NtError::OBJECT_NAME_NOT_FOUND) => {}
            Err(error) => return Err(error),
        }
        // A temporary object has its name only as long as a handle to it is open, and the routine
        // closes its own. So the object is made permanent first, and temporary when we have one.
        let attributes = sys::OBJ_CASE_INSENSITIVE | sys::OBJ_PERMANENT;
        let object = open_or_create(name, attributes, Some(callbacks))?;
        let name = object.handle_at_last(at)?;
        // SAFETY: the handle is open; the level is PASSIVE_LEVEL by the token.
        let status = unsafe { sys::ZwMakeTemporaryObject(name.raw()) };
        NtStatus::from_raw(status).to_result()?;
        Ok(Notifier {
            object,
            _name: name,
        })
    }

    /// Registers a callback (`ExRegisterCallback`). Callbacks are called in the order of their
    /// registration; the first call can come before this has returned. IRQL: `PASSIVE_LEVEL`, by the
    /// token.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exregistercallback>
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if memory runs out, or if the object takes one callback and
    /// has it: the kernel does not say which.
    pub fn register<F>(&self, at: &Lifecycle<'_>, callback: F) -> Result<NotifyRegistration>
    where
        F: Fn(&Notification<'_>) + Send + Sync + 'static,
    {
        NotifyRegistration::new(self, at, callback)
    }

    /// A kernel handle to the object, for which it waits a while if there is none to be had: without
    /// one, an object that was made permanent cannot be deleted.
    fn handle_at_last(&self, at: Passive<'_>) -> Result<Handle> {
        const MORE_TRIES: u32 = 100;
        let mut handle = self.handle(at);
        for _ in 0..MORE_TRIES {
            if handle.is_ok() {
                break;
            }
            pause(at);
            handle = self.handle(at);
        }
        handle
    }

    /// A kernel handle to the object.
    fn handle(&self, _at: Passive<'_>) -> Result<Handle> {
        let mut handle = ptr::null_mut();
        // SAFETY: by the invariant an object; a kernel-mode caller need not name its type; the
        // level is PASSIVE_LEVEL by the token.
        let status = unsafe {
            sys::ObOpenObjectByPointer(
                self.object.as_ptr().cast(),
                sys::OBJ_KERNEL_HANDLE,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
                sys::KernelMode as sys::KPROCESSOR_MODE,
                &mut handle,
            )
        };
        NtStatus::from_raw(status).to_result()?;
        // SAFETY: a kernel handle that the kernel has just opened for this call.
        unsafe { Handle::from_raw(handle) }.ok_or(NtError::INVALID_HANDLE)
    }
}

impl Drop for NotifyObject {
    fn drop(&mut self) {
        // SAFETY: by the invariant this value holds a reference; IRQL <= APC_LEVEL.
        unsafe { sys::ObfDereferenceObject(self.object.as_ptr().cast()) };
    }
}

/// A callback object that this driver has made: it can notify. Dropping it takes the name away;
/// those who have opened the object keep it.
///
/// Only the creator of an object has one, since only the creator knows when to notify: an object that
/// others have made, the kernel included, is not notified by mistake. Who registers on a name takes
/// what its maker sends, so a name should tell whose it is.
#[derive(Debug)]
pub struct Notifier {
    object: NotifyObject,
    /// The object has its name as long as the handle is open.
    _name: Handle,
}

impl Notifier {
    /// Calls all callbacks that are registered, on this thread (`ExNotifyCallback`). IRQL:
    /// `<= DISPATCH_LEVEL`; those of these crates are reached at `<= APC_LEVEL` only.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exnotifycallback>
    ///
    /// What the arguments mean is the creator's to define. One who defines an address passes it as
    /// a number (`expose_provenance`), and vouches for it where the callback makes a pointer of it.
    pub fn notify(&self, first: usize, second: usize) {
        // SAFETY: by the invariant a callback object; IRQL <= APC_LEVEL.
        unsafe {
            sys::ExNotifyCallback(
                self.object.object.as_ptr(),
                ptr::with_exposed_provenance_mut(first),
                ptr::with_exposed_provenance_mut(second),
            )
        }
    }
}

impl Deref for Notifier {
    type Target = NotifyObject;

    fn deref(&self) -> &NotifyObject {
        &self.object
    }
}

/// Lets 10 ms pass.
fn pause(_at: Passive<'_>) {
    // Negative is relative, in units of 100 ns.
    let mut time = sys::LARGE_INTEGER { QuadPart: -100_000 };
    // SAFETY: the time outlives the call; PASSIVE_LEVEL by the token.
    let _ = unsafe {
        sys::KeDelayExecutionThread(sys::KernelMode as sys::KPROCESSOR_MODE, 0, &mut time)
    };
}

/// `ExCreateCallback`.
fn open_or_create(
    name: &UnicodeStr,
    attributes: u32,
    create: Option<Callbacks>,
) -> Result<NotifyObject> {
    let name = Counted::new(name)?;
    let mut attributes = sys::OBJECT_ATTRIBUTES {
        Length: const { size_of::<sys::OBJECT_ATTRIBUTES>() as u32 },
        RootDirectory: ptr::null_mut(),
        ObjectName: name.as_ptr(),
        Attributes: attributes,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    let many = create == Some(Callbacks::Many);
    let mut object = ptr::null_mut();
    // SAFETY: the attributes and the name outlive the call; every caller has a token for APC_LEVEL
    // or below.
    let status = unsafe {
        sys::ExCreateCallback(
            &mut object,
            &mut attributes,
            create.is_some().into(),
            many.into(),
        )
    };
    NtStatus::from_raw(status).to_result()?;
    let object = NonNull::new(object).ok_or(NtError::UNSUCCESSFUL)?;
    // INVARIANT: the kernel has referenced the object for the caller.
    Ok(NotifyObject { object })
}
