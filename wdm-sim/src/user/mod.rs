//! The registry as user-mode code sees it: what a program's threads can do.
//!
//! The calls come from user mode, so that callbacks see captured inputs and the caller's own output
//! buffers (N8), handles belong to the process, and their rights are enforced. Names are looked up
//! in the view of the registry that the program has (V1).
//!
//! ```
//! use wdm_sim::{KeyAccess, Machine, Status};
//!
//! let machine = Machine::builder().build()?;
//! let app = machine.process("app.exe");
//! let thread = app.enter();
//!
//! let key = thread.create_key(r"\REGISTRY\MACHINE\SYSTEM\Test", KeyAccess::ALL)?;
//! key.set_dword("Answer", 42)?;
//! assert_eq!(key.query_value("Answer")?.as_dword(), Some(42));
//! key.delete()?;
//! assert_eq!(key.query_value("Answer").unwrap_err(), Status::KEY_DELETED);
//! key.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod device;
mod hive;
mod key;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
mod transaction;
mod watch;
mod wow64;

use std::ptr;

use wdm_sys::{
    KeyAccess, KeyOptions, OBJ_CASE_INSENSITIVE, OBJ_OPENLINK, OBJECT_ATTRIBUTES, UNICODE_STRING,
};

use crate::cm::ops::{self, Creation};
use crate::machine::{Mode, Thread, ThreadGuard, as_current};
use crate::object::Handle;
use crate::registry::{Disposition, wide};
use crate::status::Status;
use crate::unicode_string;

pub use answer::{UserKeyInfo, UserValue};
pub use device::{DeviceAnswer, UserDevice, UserRequest};
pub use hive::UserFile;
pub use key::UserKey;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use memory::{UserAccess, UserMemory};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use memory::{can_go_away, is_elsewhere};
pub use transaction::UserTransaction;
pub use watch::UserWatch;

impl ThreadGuard {
    /// Opens a key by its absolute name (`NtOpenKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'_>, Status> {
        open(self, None, path, access, KeyOptions::empty(), None)
    }

    /// Opens a key by its absolute name, with options (`RegOpenKeyEx`):
    /// [`KeyOptions::OPEN_LINK`] opens a symbolic link itself (L5).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key_with(
        &self,
        path: &str,
        access: KeyAccess,
        options: KeyOptions,
    ) -> Result<UserKey<'_>, Status> {
        open(self, None, path, access, options, None)
    }

    /// Creates a key by its absolute name, or opens it if it exists (`NtCreateKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'_>, Status> {
        let (key, _) = create(self, None, path, access, KeyOptions::empty(), None, None)?;
        Ok(key)
    }

    /// Creates a key by its absolute name, with options, or opens it if it exists; says which.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key_with(
        &self,
        path: &str,
        access: KeyAccess,
        options: KeyOptions,
    ) -> Result<(UserKey<'_>, Disposition), Status> {
        create(self, None, path, access, options, None, None)
    }

    /// As [`create_key_with`](Self::create_key_with), with a security descriptor for a new key, which is
    /// self-relative (S7, S8).
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for bytes that are no descriptor, and what the registry or a callback
    /// answers.
    pub fn create_key_protected(
        &self,
        path: &str,
        access: KeyAccess,
        options: KeyOptions,
        descriptor: &[u8],
    ) -> Result<(UserKey<'_>, Disposition), Status> {
        crate::se::check_descriptor(descriptor)?;
        create(self, None, path, access, options, None, Some(descriptor))
    }

    /// The absolute name of an open key, without a system call.
    fn full_name(&self, key: &UserKey<'_>) -> Result<String, Status> {
        let thread = self.thread();
        let handles = thread.process().handles();
        let object = handles.reference(thread.kernel(), key.handle);
        let (object, _) = object.ok_or(Status::INVALID_HANDLE)?;
        let key = object.key().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
        Ok(String::from_utf16_lossy(&key.view().full_name()?))
    }

    /// Closes a handle of the process.
    fn close_handle(&self, handle: Handle) -> Result<(), Status> {
        self.system_call(|thread| {
            let closed = thread.process().handles().close(thread.kernel(), handle);
            closed.map(drop).ok_or(Status::INVALID_HANDLE)
        })
    }

    /// Makes a system call.
    fn system_call<T>(&self, body: impl FnOnce(&Thread) -> T) -> T {
        let thread = self.thread();
        let mode = thread.own_process().default_mode();
        as_current(thread, || {
            let result = thread.with_previous_mode(mode, || body(thread));
            if !thread.io.is_idle() {
                thread.io.reap(thread.kernel());
            }
            result
        })
    }
}

/// A name for a call: its text, and the `UNICODE_STRING` over it.
struct Text {
    units: Vec<u16>,
}

impl Text {
    fn new(text: &str) -> Result<Self, Status> {
        let units = wide(text);
        match u16::try_from(units.len() * 2) {
            Ok(_) => Ok(Self { units }),
            Err(_) => Err(Status::NAME_TOO_LONG),
        }
    }

    fn string(&mut self) -> UNICODE_STRING {
        // `new` has checked the length.
        unicode_string::over_mut(&mut self.units)
    }
}

fn open<'t>(
    guard: &'t ThreadGuard,
    root: Option<&UserKey<'_>>,
    path: &str,
    access: KeyAccess,
    options: KeyOptions,
    transaction: Option<&UserTransaction<'_>>,
) -> Result<UserKey<'t>, Status> {
    let redirected = redirect(guard, root, path, access)?;
    let root = root.filter(|_| redirected.is_none());
    let mut path = Text::new(redirected.as_deref().unwrap_or(path))?;
    let mut path = path.string();
    let mut attributes = attributes(root, &mut path);
    if options.contains(KeyOptions::OPEN_LINK) {
        attributes.Attributes |= OBJ_OPENLINK;
    }
    let mut handle = ptr::null_mut();
    let (place, named) = (&raw mut handle, &raw mut attributes);
    let (access, options) = (access.bits(), options.bits());
    let outcome = guard.system_call(|thread| match transaction {
        // SAFETY: all pointers lead to live locals.
        None => unsafe { ops::open_key(thread, place, access, named, options) },
        // SAFETY: as above.
        Some(transaction) => unsafe {
            let transaction = transaction.handle();
            ops::open_key_transacted(thread, place, access, named, options, transaction)
        },
    });
    outcome.unwrap_or_else(|refused| refused).to_result()?;
    Ok(UserKey {
        guard,
        handle: Handle::from_raw(handle),
    })
}

fn create<'t>(
    guard: &'t ThreadGuard,
    root: Option<&UserKey<'_>>,
    path: &str,
    access: KeyAccess,
    options: KeyOptions,
    transaction: Option<&UserTransaction<'_>>,
    descriptor: Option<&[u8]>,
) -> Result<(UserKey<'t>, Disposition), Status> {
    let redirected = redirect(guard, root, path, access)?;
    let root = root.filter(|_| redirected.is_none());
    let mut path = Text::new(redirected.as_deref().unwrap_or(path))?;
    let mut path = path.string();
    let mut attributes = attributes(root, &mut path);
    if options.contains(KeyOptions::OPEN_LINK) {
        attributes.Attributes |= OBJ_OPENLINK;
    }
    if let Some(descriptor) = descriptor {
        attributes.SecurityDescriptor = descriptor.as_ptr().cast_mut().cast();
    }
    let mut handle = ptr::null_mut();
    let mut disposition = 0;
    let creation = Creation {
        class: ptr::null_mut(),
        disposition: &raw mut disposition,
    };
    let (place, named) = (&raw mut handle, &raw mut attributes);
    let (access, options) = (access.bits(), options.bits());
    let outcome = guard.system_call(|thread| match transaction {
        // SAFETY: all pointers lead to live locals.
        None => unsafe { ops::create_key(thread, place, access, named, options, creation) },
        // SAFETY: as above.
        Some(transaction) => unsafe {
            let inside = transaction.handle();
            ops::create_key_transacted(thread, place, access, named, options, inside, creation)
        },
    });
    outcome.unwrap_or_else(|refused| refused).to_result()?;
    let key = UserKey {
        guard,
        handle: Handle::from_raw(handle),
    };
    let disposition = match disposition {
        1 => Disposition::CreatedNew,
        _ => Disposition::OpenedExisting,
    };
    Ok((key, disposition))
}

/// The absolute name that the program's libraries put in place of a name (V1).
fn redirect(
    guard: &ThreadGuard,
    root: Option<&UserKey<'_>>,
    path: &str,
    access: KeyAccess,
) -> Result<Option<String>, Status> {
    let process = guard.thread().process();
    let is_wow64 = process.is_wow64();
    let in_kernel = process.default_mode() == Mode::Kernel;
    if in_kernel || !is_wow64 && !access.contains(KeyAccess::WOW64_32KEY) {
        return Ok(None);
    }
    let root = match root {
        Some(root) => Some(guard.full_name(root)?),
        None => None,
    };
    Ok(wow64::redirect(is_wow64, access, root.as_deref(), path))
}

fn attributes(root: Option<&UserKey<'_>>, path: &mut UNICODE_STRING) -> OBJECT_ATTRIBUTES {
    OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root.map_or(ptr::null_mut(), UserKey::handle),
        ObjectName: path,
        Attributes: OBJ_CASE_INSENSITIVE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    }
}
