//! The registry operations: what is behind the Zw* routines and behind user mode's calls.
//!
//! Each takes what its routine's caller gave, checks and captures it, and runs between its
//! notifications. `Err` is a refusal before any callback heard of the operation.

mod access;
mod key;
mod load;
mod lookup;
mod name;
mod named;
mod open;
mod restore;
mod result_object;
mod save;
mod security;
mod value;
mod watch;

pub(crate) use key::{
    delete_key, enumerate_key, flush_key, query_key, rename_key, set_information,
};
pub(crate) use load::{LoadOptions, REG_APP_HIVE, REG_PROCESS_PRIVATE, load_key, unload_key};
pub(crate) use name::query_name;
pub(crate) use named::Named;
pub(crate) use open::{
    Creation, RootObject, create_key, create_key_transacted, open_key, open_key_transacted,
};
pub(crate) use restore::{replace_key, restore_key};
pub use save::SaveFormat;
pub(crate) use save::{save_key, save_merged_keys};
pub(crate) use security::{query_security, set_security};
pub(crate) use value::{
    delete_value, enumerate_value, query_multiple_values, query_value, set_value,
};
pub(crate) use watch::{Tell, notify_change};

use std::sync::Arc;

use wdm_sys::HANDLE;

use crate::machine::{Kernel, Machine, Mode, Thread};
use crate::object::{Handle, ObjectRef, ObjectType};
use crate::status::Status;

/// How an operation ended; `Err` if it was refused before its notifications.
pub(crate) type Outcome = Result<Status, Status>;

/// References the key object behind a handle. A user-mode caller's handle must have the rights
/// `access`; a kernel-mode caller's rights are not looked at, as on NT.
fn key_by_handle<'t>(
    thread: &'t Thread,
    call: &'static str,
    handle: HANDLE,
    access: u32,
) -> Result<ObjectRef<'t>, Status> {
    thread.reference_by_handle(call, Handle::from_raw(handle), ObjectType::Key, access)
}

/// As [`key_by_handle`], for a file object.
pub(crate) fn file_by_handle<'t>(
    thread: &'t Thread,
    call: &'static str,
    handle: HANDLE,
    access: u32,
) -> Result<ObjectRef<'t>, Status> {
    thread.reference_by_handle(call, Handle::from_raw(handle), ObjectType::File, access)
}

/// The mode of callers whose data are copied before callbacks see them: before Windows 8 no
/// caller's are (N8).
fn copied_mode(thread: &Thread) -> Mode {
    match thread.kernel().profile.captures_data() {
        true => thread.previous_mode(),
        false => Mode::Kernel,
    }
}

/// Lets another thread use the registry once: the System process opens a key and closes it.
pub(super) fn system_activity(kernel: &Arc<Kernel>) {
    let machine = Machine {
        kernel: Arc::clone(kernel),
    };
    let activity = std::thread::spawn(move || {
        let thread = machine.system_process().enter();
        drop(thread.open_key(r"\REGISTRY\MACHINE", wdm_sys::KeyAccess::READ));
    });
    // A panic there is the driver's, and has been printed.
    drop(activity.join());
}
