//! An open key and what can be done with it.

use std::fmt;

use wdm_sys::{HANDLE, KeyAccess, KeyOptions, REG_BINARY, REG_DWORD, REG_MULTI_SZ, REG_SZ};

use super::answer::{UserKeyInfo, UserValue, full_value, text_at, u32_at};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use super::memory::UserMemory;
use super::{Text, create, open};
use crate::cm::capture::{Input, Output};
use crate::cm::ops::{self, Outcome};
use crate::machine::{Thread, ThreadGuard};
use crate::object::Handle;
use crate::registry::{Disposition, KeyInfo, KeySetInfo, ValueInfo, to_bytes, wide};
use crate::status::Status;

/// How many bytes a query is first given.
const FIRST_GUESS: usize = 256;

/// An open key: one handle of the process. Dropping it closes the handle.
pub struct UserKey<'t> {
    pub(super) guard: &'t ThreadGuard,
    pub(super) handle: Handle,
}

impl<'t> UserKey<'t> {
    /// Opens a key by its name relative to this one.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key(&self, path: &str, access: KeyAccess) -> Result<UserKey<'t>, Status> {
        open(
            self.guard,
            Some(self),
            path,
            access,
            KeyOptions::empty(),
            None,
        )
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
        create(self.guard, Some(self), path, access, options, None, None)
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
        let closed = self.guard.close_handle(self.handle);
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
            unsafe { ops::query_value(thread, self.handle(), &raw mut name, class, output, length) }
        })?;
        full_value(&answer)
    }

    /// Reads a value into memory of the caller that may not be there (`NtQueryValueKey`): `length`
    /// bytes at an offset are the buffer. Gives the length of the answer.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` if the buffer is not in the memory, and what the registry or a
    /// callback answers: `STATUS_ACCESS_VIOLATION` if the memory is not there.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub fn query_value_into(
        &self,
        name: &str,
        class: ValueInfo,
        memory: &UserMemory,
        offset: usize,
        length: u32,
    ) -> Result<u32, Status> {
        let output = Output {
            address: memory.at(offset, length as usize)?.cast_mut().cast(),
            length,
        };
        let mut name = Text::new(name)?;
        let mut name = name.string();
        let class = class as u32;
        let mut needed = 0;
        let answered = &raw mut needed;
        // SAFETY: the pointers lead to live locals, and the output to this memory.
        self.call(|thread| unsafe {
            ops::query_value(
                thread,
                self.handle(),
                &raw mut name,
                class,
                output,
                answered,
            )
        })?;
        Ok(needed)
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
        crate::se::check_descriptor(descriptor)?;
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
            let outcome = self
                .guard
                .system_call(|thread| body(thread, output, &raw mut length));
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
}

impl fmt::Debug for UserKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserKey({:#x})", self.handle.0)
    }
}

impl Drop for UserKey<'_> {
    fn drop(&mut self) {
        // A handle that something else has closed needs nothing more.
        let _ = self.guard.close_handle(self.handle);
    }
}
