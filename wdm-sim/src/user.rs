//! The registry as user-mode code sees it: what a program's threads can do.
//!
//! The calls come from user mode, so that callbacks see captured inputs and the caller's own output
//! buffers (N8), handles belong to the process, and their rights are enforced.
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

use std::fmt;
use std::ptr;

use wdm_sys::{
    HANDLE, KeyAccess, KeyOptions, OBJ_CASE_INSENSITIVE, OBJECT_ATTRIBUTES, REG_BINARY, REG_DWORD,
    REG_MULTI_SZ, REG_SZ, UNICODE_STRING,
};

use crate::cm::capture::{Input, Output};
use crate::cm::ops::{self, Creation, Outcome};
use crate::machine::{Thread, ThreadGuard};
use crate::object::Handle;
use crate::registry::{
    Disposition, KeyInfo, KeySetInfo, ValueInfo, from_bytes, to_bytes, wide,
};
use crate::status::Status;

/// How many bytes a query is first given.
const FIRST_GUESS: usize = 256;

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
        let bytes = (self.units.len() * 2) as u16;
        UNICODE_STRING {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: self.units.as_mut_ptr(),
        }
    }
}

/// A value of a key, as user mode gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserValue {
    /// The name; empty for the default value.
    pub name: String,
    /// The type: `REG_SZ`, `REG_DWORD` and so on.
    pub kind: u32,
    /// The data.
    pub data: Vec<u8>,
}

impl UserValue {
    /// The number, if this is a `REG_DWORD`.
    pub fn as_dword(&self) -> Option<u32> {
        let bytes = self.data.as_slice().try_into().ok()?;
        (self.kind == REG_DWORD).then(|| u32::from_le_bytes(bytes))
    }

    /// The text up to the first NUL, if this is a `REG_SZ`.
    pub fn as_string(&self) -> Option<String> {
        let units = from_bytes(&self.data);
        let text = units.split(|&unit| unit == 0).next().unwrap_or_default();
        (self.kind == REG_SZ).then(|| String::from_utf16_lossy(text))
    }
}

/// Counts and properties of a key (`KEY_FULL_INFORMATION`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserKeyInfo {
    /// The number of subkeys.
    pub subkeys: u32,
    /// The number of values.
    pub values: u32,
    /// The time of the last change: 100 ns units since 1601, UTC.
    pub last_write_time: u64,
    /// The class name.
    pub class: String,
}

impl ThreadGuard {
    /// Opens a key by its absolute name (`NtOpenKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'_>, Status> {
        open(self, None, path, access, KeyOptions::empty())
    }

    /// Opens a key by its absolute name, with options (`NtOpenKeyEx`):
    /// [`KeyOptions::OPEN_LINK`] opens a symbolic link itself.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key_with(
        &self,
        path: &str,
        access: KeyAccess,
        options: KeyOptions,
    ) -> Result<UserKey<'_>, Status> {
        open(self, None, path, access, options)
    }

    /// Creates a key by its absolute name, or opens it if it exists (`NtCreateKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'_>, Status> {
        let (key, _) = create(self, None, path, access, KeyOptions::empty())?;
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
        create(self, None, path, access, options)
    }

    /// Makes a system call.
    fn system_call<T>(&self, body: impl FnOnce(&Thread) -> T) -> T {
        let thread = self.thread();
        thread.with_previous_mode(thread.process().default_mode(), || body(thread))
    }
}

/// An open key: one handle of the process. Dropping it closes the handle.
pub struct UserKey<'t> {
    guard: &'t ThreadGuard,
    handle: Handle,
}

impl<'t> UserKey<'t> {
    /// Opens a key by its name relative to this one.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'t>, Status> {
        open(self.guard, Some(self), path, access, KeyOptions::empty())
    }

    /// Creates a key by its name relative to this one, or opens it if it exists.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'t>, Status> {
        let (key, _) = self.create_key_with(path, access, KeyOptions::empty())?;
        Ok(key)
    }

    /// Creates a key by its name relative to this one, with options, or opens it if it exists; says
    /// which.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key_with(
        &self,
        path: &str,
        access: KeyAccess,
        options: KeyOptions,
    ) -> Result<(UserKey<'t>, Disposition), Status> {
        create(self.guard, Some(self), path, access, options)
    }

    /// The handle.
    pub fn handle(&self) -> HANDLE {
        self.handle.as_raw()
    }

    /// Closes the key (`NtClose`).
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if something else has closed the handle.
    pub fn close(self) -> Result<(), Status> {
        let closed = self.close_handle();
        std::mem::forget(self);
        closed
    }

    /// Sets a value (`NtSetValueKey`). An empty name is the default value.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn set_value(&self, name: &str, kind: u32, data: &[u8]) -> Result<(), Status> {
        let length = u32::try_from(data.len()).map_err(|_| Status::INVALID_PARAMETER)?;
        let data = Input {
            address: data.as_ptr().cast_mut().cast(),
            length,
        };
        let mut name = Text::new(name)?;
        let mut name = name.string();
        // SAFETY: all pointers lead to live locals.
        self.call(|thread| unsafe {
            ops::set_value(thread, self.handle(), &raw mut name, 0, kind, data)
        })
    }

    /// Sets a `REG_DWORD`.
    ///
    /// # Errors
    /// As [`set_value`](Self::set_value).
    pub fn set_dword(&self, name: &str, number: u32) -> Result<(), Status> {
        self.set_value(name, REG_DWORD, &number.to_le_bytes())
    }

    /// Sets a `REG_SZ`, with a NUL at its end.
    ///
    /// # Errors
    /// As [`set_value`](Self::set_value).
    pub fn set_string(&self, name: &str, text: &str) -> Result<(), Status> {
        let mut units = wide(text);
        units.push(0);
        self.set_value(name, REG_SZ, &to_bytes(&units))
    }

    /// Sets a `REG_MULTI_SZ`.
    ///
    /// # Errors
    /// As [`set_value`](Self::set_value).
    pub fn set_strings(&self, name: &str, texts: &[&str]) -> Result<(), Status> {
        let mut units = Vec::new();
        for text in texts {
            units.extend(text.encode_utf16());
            units.push(0);
        }
        units.push(0);
        self.set_value(name, REG_MULTI_SZ, &to_bytes(&units))
    }

    /// Sets a `REG_BINARY`.
    ///
    /// # Errors
    /// As [`set_value`](Self::set_value).
    pub fn set_binary(&self, name: &str, data: &[u8]) -> Result<(), Status> {
        self.set_value(name, REG_BINARY, data)
    }

    /// Reads a value (`NtQueryValueKey`, `KeyValueFullInformation`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn query_value(&self, name: &str) -> Result<UserValue, Status> {
        let mut text = Text::new(name)?;
        let class = ValueInfo::Full as u32;
        let answer = self.query_raw(|thread, output, length| {
            let mut name = text.string();
            // SAFETY: all pointers lead to live locals.
            unsafe {
                ops::query_value(thread, self.handle(), &raw mut name, class, output, length)
            }
        })?;
        full_value(&answer)
    }

    /// Deletes a value (`NtDeleteValueKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn delete_value(&self, name: &str) -> Result<(), Status> {
        let mut name = Text::new(name)?;
        let mut name = name.string();
        // SAFETY: all pointers lead to live locals.
        self.call(|thread| unsafe { ops::delete_value(thread, self.handle(), &raw mut name) })
    }

    /// Reads the value number `index` (`NtEnumerateValueKey`).
    ///
    /// # Errors
    /// `STATUS_NO_MORE_ENTRIES` past the last, and what the registry or a callback answers.
    pub fn enumerate_value(&self, index: u32) -> Result<UserValue, Status> {
        let class = ValueInfo::Full as u32;
        let answer = self.query_raw(|thread, output, length| {
            // SAFETY: all pointers lead to live locals.
            unsafe { ops::enumerate_value(thread, self.handle(), index, class, output, length) }
        })?;
        full_value(&answer)
    }

    /// The name of the subkey number `index` (`NtEnumerateKey`).
    ///
    /// # Errors
    /// `STATUS_NO_MORE_ENTRIES` past the last, and what the registry or a callback answers.
    pub fn enumerate_key(&self, index: u32) -> Result<String, Status> {
        let class = KeyInfo::Basic as u32;
        let answer = self.query_raw(|thread, output, length| {
            // SAFETY: all pointers lead to live locals.
            unsafe { ops::enumerate_key(thread, self.handle(), index, class, output, length) }
        })?;
        text_at(&answer, 16, u32_at(&answer, 12)?)
    }

    /// Counts and properties of the key (`NtQueryKey`, `KeyFullInformation`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn query(&self) -> Result<UserKeyInfo, Status> {
        let answer = self.query_class(KeyInfo::Full)?;
        let time = answer.get(..8).and_then(|time| time.try_into().ok());
        Ok(UserKeyInfo {
            subkeys: u32_at(&answer, 20)?,
            values: u32_at(&answer, 32)?,
            last_write_time: time.map_or(0, u64::from_le_bytes),
            class: text_at(&answer, 44, u32_at(&answer, 16)?)?,
        })
    }

    /// The absolute name of the key (`NtQueryKey`, `KeyNameInformation`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn name(&self) -> Result<String, Status> {
        let answer = self.query_class(KeyInfo::Name)?;
        text_at(&answer, 4, u32_at(&answer, 0)?)
    }

    /// Information about the key as the structure of `class` (`NtQueryKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn query_class(&self, class: KeyInfo) -> Result<Vec<u8>, Status> {
        self.query_raw(|thread, output, length| {
            // SAFETY: all pointers lead to live locals.
            unsafe { ops::query_key(thread, self.handle(), class as u32, output, length) }
        })
    }

    /// Sets the time of the last change (`NtSetInformationKey`): 100 ns units since 1601, UTC.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn set_last_write_time(&self, time: u64) -> Result<(), Status> {
        let mut bytes = time.to_le_bytes();
        let input = Input {
            address: bytes.as_mut_ptr().cast(),
            length: bytes.len() as u32,
        };
        let class = KeySetInfo::WriteTime as u32;
        // SAFETY: all pointers lead to live locals.
        self.call(|thread| unsafe { ops::set_information(thread, self.handle(), class, input) })
    }

    /// Deletes the key (`NtDeleteKey`). The handle stays open.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn delete(&self) -> Result<(), Status> {
        self.call(|thread| ops::delete_key(thread, self.handle()))
    }

    /// Gives the key another name below the same parent (`NtRenameKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn rename(&self, name: &str) -> Result<(), Status> {
        let mut name = Text::new(name)?;
        let mut name = name.string();
        // SAFETY: all pointers lead to live locals.
        self.call(|thread| unsafe { ops::rename_key(thread, self.handle(), &raw mut name) })
    }

    /// Asks for the key to be written to disk (`NtFlushKey`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn flush(&self) -> Result<(), Status> {
        self.call(|thread| ops::flush_key(thread, self.handle()))
    }

    /// The parts of the key's security descriptor that `wanted` names, self-relative
    /// (`NtQuerySecurityObject`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn security(&self, wanted: u32) -> Result<Vec<u8>, Status> {
        self.query_raw(|thread, output, length| {
            // SAFETY: all pointers lead to live locals.
            unsafe { ops::query_security(thread, self.handle(), wanted, output, length) }
        })
    }

    /// Replaces the parts of the key's security descriptor that `wanted` names by those of
    /// `descriptor`, which is self-relative (`NtSetSecurityObject`).
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for bytes that are no descriptor, and what the registry or a callback
    /// answers.
    pub fn set_security(&self, wanted: u32, descriptor: &[u8]) -> Result<(), Status> {
        crate::cm::check_descriptor(descriptor)?;
        let descriptor = descriptor.as_ptr().cast_mut().cast();
        // SAFETY: checked above to be a whole descriptor.
        self.call(|thread| unsafe { ops::set_security(thread, self.handle(), wanted, descriptor) })
    }

    fn call(&self, body: impl FnOnce(&Thread) -> Outcome) -> Result<(), Status> {
        let outcome = self.guard.system_call(body);
        outcome.unwrap_or_else(|refused| refused).to_result()
    }

    /// Makes a call that fills a buffer, again with a larger one if the first is too small.
    fn query_raw(
        &self,
        mut body: impl FnMut(&Thread, Output, *mut u32) -> Outcome,
    ) -> Result<Vec<u8>, Status> {
        let mut buffer = vec![0_u8; FIRST_GUESS];
        loop {
            let mut length = 0;
            let output = Output {
                address: buffer.as_mut_ptr().cast(),
                length: buffer.len() as u32,
            };
            let outcome = self.guard.system_call(|thread| body(thread, output, &raw mut length));
            let length = length as usize;
            match outcome.unwrap_or_else(|refused| refused) {
                status if status.is_success() => {
                    buffer.truncate(length);
                    return Ok(buffer);
                }
                Status::BUFFER_OVERFLOW | Status::BUFFER_TOO_SMALL if length > buffer.len() => {
                    buffer.resize(length, 0);
                }
                status => return Err(status),
            }
        }
    }

    fn close_handle(&self) -> Result<(), Status> {
        self.guard.system_call(|thread| {
            let closed = thread.process().handles().close(thread.kernel(), self.handle);
            closed.map(drop).ok_or(Status::INVALID_HANDLE)
        })
    }
}

impl fmt::Debug for UserKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserKey({:#x})", self.handle.0)
    }
}

impl Drop for UserKey<'_> {
    fn drop(&mut self) {
        // A handle that something else has closed needs nothing more.
        drop(self.close_handle());
    }
}

fn open<'t>(
    guard: &'t ThreadGuard,
    root: Option<&UserKey<'_>>,
    path: &str,
    access: KeyAccess,
    options: KeyOptions,
) -> Result<UserKey<'t>, Status> {
    let mut path = Text::new(path)?;
    let mut path = path.string();
    let mut attributes = attributes(root, &mut path);
    let mut handle = ptr::null_mut();
    let outcome = guard.system_call(|thread| {
        // SAFETY: all pointers lead to live locals.
        unsafe {
            ops::open_key(
                thread,
                &raw mut handle,
                access.bits(),
                &raw mut attributes,
                options.bits(),
            )
        }
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
) -> Result<(UserKey<'t>, Disposition), Status> {
    let mut path = Text::new(path)?;
    let mut path = path.string();
    let mut attributes = attributes(root, &mut path);
    let mut handle = ptr::null_mut();
    let mut disposition = 0;
    let creation = Creation {
        class: ptr::null_mut(),
        disposition: &raw mut disposition,
    };
    let outcome = guard.system_call(|thread| {
        // SAFETY: all pointers lead to live locals.
        unsafe {
            ops::create_key(
                thread,
                &raw mut handle,
                access.bits(),
                &raw mut attributes,
                options.bits(),
                creation,
            )
        }
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

/// Reads `KEY_VALUE_FULL_INFORMATION`.
fn full_value(answer: &[u8]) -> Result<UserValue, Status> {
    let (at, length) = (u32_at(answer, 8)? as usize, u32_at(answer, 12)? as usize);
    let data = match length {
        0 => &[],
        _ => answer.get(at..at + length).ok_or(Status::INVALID_PARAMETER)?,
    };
    Ok(UserValue {
        name: text_at(answer, 20, u32_at(answer, 16)?)?,
        kind: u32_at(answer, 4)?,
        data: data.to_vec(),
    })
}

/// A field of an answer. Callbacks can fill buffers themselves, so nothing is taken for granted.
fn u32_at(answer: &[u8], at: usize) -> Result<u32, Status> {
    let field = answer.get(at..at + 4).and_then(|field| field.try_into().ok());
    field.map(u32::from_le_bytes).ok_or(Status::INVALID_PARAMETER)
}

fn text_at(answer: &[u8], at: usize, length: u32) -> Result<String, Status> {
    let bytes = answer.get(at..at + length as usize);
    let text = from_bytes(bytes.ok_or(Status::INVALID_PARAMETER)?);
    Ok(String::from_utf16_lossy(&text))
}
