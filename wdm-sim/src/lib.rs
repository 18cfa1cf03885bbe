//! A simulated NT kernel with a real configuration manager in it, for testing registry filter
//! drivers on any machine.
//!
//! A [`Machine`] has a registry, loads drivers, and runs processes that use the registry. Drivers
//! see what they see on Windows: notifications by altitude, key objects with contexts, handles, pool
//! memory, levels. What a driver does that a kernel does not forgive is a [`Finding`] in the
//! machine's [`Report`], which names the rule and the call.
//!
//! # Two kinds of drivers
//! - *Linked*: a driver whose crate is linked into this process. What it imports from the kernel
//!   through [`wdm_sys`] are symbols that this crate defines. Works on any host.
//! - *`.sys` files*: unmodified images for x86_64. The [`loader`] maps them and binds their imports
//!   to functions with Microsoft's calling convention. Needs a host with that processor, and Linux
//!   for drivers that read their current thread from `gs`.
//!
//! # Example
//! A driver with a registry callback that blocks all writes:
//!
//! ```
//! use std::ptr::null_mut;
//! use std::sync::atomic::{AtomicI64, Ordering};
//!
//! use wdm_sim::{KeyAccess, Machine, Status};
//! use wdm_sys::{
//!     CmRegisterCallbackEx, CmUnRegisterCallback, LARGE_INTEGER, NTSTATUS, PDRIVER_OBJECT,
//!     PUNICODE_STRING, PVOID, RegNtPreSetValueKey, UNICODE_STRING,
//! };
//!
//! static COOKIE: AtomicI64 = AtomicI64::new(0);
//!
//! unsafe extern "system" fn callback(_: PVOID, class: PVOID, _: PVOID) -> NTSTATUS {
//!     if class.addr() == RegNtPreSetValueKey as usize {
//!         return Status::ACCESS_DENIED.0;
//!     }
//!     0
//! }
//!
//! unsafe extern "system" fn driver_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
//!     let mut text: Vec<u16> = "380010".encode_utf16().collect();
//!     let altitude = UNICODE_STRING {
//!         Length: 12,
//!         MaximumLength: 12,
//!         Buffer: text.as_mut_ptr(),
//!     };
//!     let mut cookie = LARGE_INTEGER { QuadPart: 0 };
//!     // SAFETY: the kernel gave the driver object; all other pointers are to live variables.
//!     unsafe {
//!         (*driver).DriverUnload = Some(unload);
//!         let place = &raw mut cookie;
//!         let driver = driver.cast();
//!         let status =
//!             CmRegisterCallbackEx(Some(callback), &altitude, driver, null_mut(), place, null_mut());
//!         COOKIE.store(cookie.QuadPart, Ordering::Release);
//!         status
//!     }
//! }
//!
//! unsafe extern "system" fn unload(_: PDRIVER_OBJECT) {
//!     let cookie = LARGE_INTEGER {
//!         QuadPart: COOKIE.load(Ordering::Acquire),
//!     };
//!     // SAFETY: the cookie is the one that registering gave.
//!     unsafe { CmUnRegisterCallback(cookie) };
//! }
//!
//! let machine = Machine::builder().trace(true).build()?;
//! // SAFETY: the driver follows the rules.
//! let driver = unsafe { machine.load_linked("guard", driver_entry)? };
//!
//! let app = machine.process("app.exe");
//! let thread = app.enter();
//! let setup = thread.open_key(r"\Registry\Machine\SYSTEM\Setup", KeyAccess::ALL)?;
//! assert_eq!(setup.set_dword("SetupType", 1), Err(Status::ACCESS_DENIED));
//! drop(setup);
//!
//! machine.unload(driver)?;
//! let report = machine.report();
//! assert_eq!(report.counters.blocked, 1);
//! assert!(report.findings.is_empty());
//!
//! // What happened, event by event: here as text.
//! let story = machine.trace().story();
//! let set = story.iter().position(|line| line.contains("SetValueKey"));
//! assert_eq!(
//!     story[set.expect("it was tried")..][..2],
//!     [
//!         r#"  SetValueKey \REGISTRY\MACHINE\SYSTEM\Setup "SetupType": 0xC0000022 STATUS_ACCESS_DENIED"#,
//!         "    380010 guard: RegNtPreSetValueKey: block 0xC0000022 STATUS_ACCESS_DENIED",
//!     ]
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Asking what happened
//! [`Machine::report`] counts, and has the findings. [`Machine::trace`] has everything in its order
//! ([`trace`]). [`script::Script`] runs operations that are written down, so that two drivers, or two
//! forms of one, can be compared by what happened.
//!
//! # Where to go on
//! | to | see |
//! |---|---|
//! | read and write keys as a program | [`ThreadGuard`], [`UserKey`] |
//! | run programs of other users, or 32-bit ones | [`Machine::process_builder`], [`Account`], [`Privileges`] |
//! | work in transactions | [`ThreadGuard::create_transaction`], [`UserTransaction`] |
//! | open a driver's devices, send and cancel requests | [`ThreadGuard::open_device`], [`UserDevice`], [`UserRequest`] |
//! | plug a device in | [`Machine::plug_in`] |
//! | mount hives of real machines, and put files into the machine | [`Builder::hive`], [`Builder::file`] |
//! | choose the version of Windows | [`Builder::profile`], [`Profile`] |
//! | see each event, in a browser too | [`Builder::trace`], [`trace`] |
//! | make calls of the kernel fail, one in each run | [`Builder::fail_each`], [`FaultPlan`] |
//! | write operations down | [`script`] |
//! | look into hive files without a machine | [`registry`] |
//!
//! # What is not simulated
//! Exceptions are dispatched to `.sys` files on x86_64 Linux. Elsewhere, and to drivers that are
//! linked in, they are not: where NT raises one, the machine stops with the bug check of an unhandled
//! exception, and a fault in a driver is the host's fault. Programs open, read, write, flush, control
//! and close devices; there is no plug and play, no power management and no hardware, and neither
//! associated requests nor a device queue (`StartIo`). All processes live in the host's address
//! space: attaching to one changes the current process, its handles and whose user memory is
//! accessible, not what is at an address, and pages that are locked are mapped to where they are.
//! Programs have no image in memory, and what drivers are told of an image has no file object. Of
//! security, there are no integrity labels, no restricted tokens and no impersonation.
//! Transaction managers have no logs, so nothing is recovered from one. A bug
//! check ends the process ([`Builder::on_bug_check`] is told first).

mod call;
mod callback_object;
pub mod cm;
mod dpc;
mod exports;
mod faults;
mod files;
mod generic_tables;
mod hives;
mod io;
mod ke;
pub mod loader;
mod locks;
mod lookaside;
mod machine;
mod object;
mod pool;
pub mod registry;
pub mod script;
mod se;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod seh;
mod status;
mod tm;
pub mod trace;
#[cfg(feature = "umdf")]
pub mod umdf;
mod unicode_string;
mod user;
mod verifier;
mod work_items;

pub use callback_object::SystemCallback;
pub use cm::SaveFormat;
pub use exports::has_export;
pub use faults::{Fault, FaultPlan};
pub use machine::{
    BugCheck, BuildError, Builder, ClassCount, CounterReport, DeviceNode, Driver, LinkedEntry,
    LoadDriverError, Machine, MountedHive, Process, ProcessBuilder, Profile, Report, Setting,
    ThreadGuard, UnknownProfile, UnloadError, report_faults,
};
pub use se::{Account, MalformedSid, Privileges, Sid, UnknownAccount};
pub use status::Status;
pub use user::{
    DeviceAnswer, UserDevice, UserFile, UserKey, UserKeyInfo, UserRequest, UserTransaction,
    UserValue, UserWatch,
};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use user::{UserAccess, UserMemory};
pub use verifier::{Finding, Rule};
pub use wdm_sys::{KeyAccess, KeyChanges, KeyOptions, RestoreFlags};
