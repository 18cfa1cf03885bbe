//! Hives: loading, unloading, saving, restoring and replacing them.
//!
//! The process needs privileges for all but application hives: see
//! [`Process::grant`](crate::Process::grant).

use std::ptr;

use wdm_sys::{HANDLE, KeyAccess, OBJ_CASE_INSENSITIVE, OBJECT_ATTRIBUTES, RestoreFlags};

use super::{Text, UserKey, attributes};
use crate::cm::ops::{self, LoadOptions, Outcome, REG_APP_HIVE, REG_PROCESS_PRIVATE, SaveFormat};
use crate::files::{self, Disposition, READ, WRITE};
use crate::machine::{Thread, ThreadGuard};
use crate::object::Handle;
use crate::status::Status;

impl ThreadGuard {
    /// Loads the hive in a file (`NtLoadKey`) at an absolute name below `\REGISTRY\MACHINE` or
    /// `\REGISTRY\USER`. A file that does not exist is made.
    ///
    /// ```
    /// use wdm_sim::{KeyAccess, Machine, Privileges, SaveFormat};
    ///
    /// let machine = Machine::builder().build()?;
    /// let app = machine.process("backup.exe");
    /// app.grant(Privileges::BACKUP | Privileges::RESTORE);
    /// let thread = app.enter();
    ///
    /// let setup = thread.open_key(r"\REGISTRY\MACHINE\SYSTEM\Setup", KeyAccess::READ)?;
    /// let file = thread.create_file(r"\??\C:\setup.hiv")?;
    /// setup.save(&file, SaveFormat::Latest)?;
    /// file.close()?;
    ///
    /// thread.load_key(r"\REGISTRY\USER\Copy", r"\??\C:\setup.hiv")?;
    /// let copy = thread.open_key(r"\REGISTRY\USER\Copy", KeyAccess::READ)?;
    /// assert_eq!(copy.query()?.subkeys, setup.query()?.subkeys);
    /// copy.close()?;
    /// thread.unload_key(r"\REGISTRY\USER\Copy")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD` without [`RESTORE`](crate::Privileges::RESTORE),
    /// `STATUS_ACCESS_DENIED` for a name that is taken, `STATUS_SHARING_VIOLATION` for a file that is
    /// loaded already, `STATUS_NOT_REGISTRY_FILE` or `STATUS_REGISTRY_CORRUPT` for one of which
    /// nothing can be read ([`Report::hives`](crate::Report::hives) tells why, and what was lost of
    /// one that could be read in part), and what a callback answers.
    pub fn load_key(&self, path: &str, file: &str) -> Result<(), Status> {
        self.load(None, path, file, LoadOptions::none())
    }

    /// As [`load_key`](Self::load_key), for a name relative to an open key.
    ///
    /// # Errors
    /// As there.
    pub fn load_key_below(&self, key: &UserKey<'_>, name: &str, file: &str) -> Result<(), Status> {
        self.load(Some(key), name, file, LoadOptions::none())
    }

    /// Loads an application hive (`RegLoadAppKey`) below `\REGISTRY\A` and opens its root. It is
    /// unloaded when the last of its keys is closed. A file that does not exist is made; one that is
    /// loaded already is shared, unless one of those who load it is `private`.
    ///
    /// # Errors
    /// As [`load_key`](Self::load_key), but no privilege is needed.
    pub fn load_app_key(
        &self,
        file: &str,
        access: KeyAccess,
        private: bool,
    ) -> Result<UserKey<'_>, Status> {
        let mut handle = ptr::null_mut();
        let options = LoadOptions {
            flags: REG_APP_HIVE | if private { REG_PROCESS_PRIVATE } else { 0 },
            access: access.bits(),
            root_handle: &raw mut handle,
            ..LoadOptions::none()
        };
        // As `RegLoadAppKey` does, under a name that nobody has.
        let id = self.machine().kernel.processes.next_id();
        let path = format!(r"\REGISTRY\A\{{{id:08x}-0000-4000-8000-000000000000}}");
        self.load(None, &path, file, options)?;
        Ok(UserKey {
            guard: self,
            handle: Handle::from_raw(handle),
        })
    }

    fn load(
        &self,
        root: Option<&UserKey<'_>>,
        path: &str,
        file: &str,
        options: LoadOptions,
    ) -> Result<(), Status> {
        let (mut path, mut file) = (Text::new(path)?, Text::new(file)?);
        let (mut path, mut file) = (path.string(), file.string());
        let mut target = attributes(root, &mut path);
        let mut source = attributes(None, &mut file);
        // SAFETY: all pointers lead to live locals.
        self.hive_call(|thread| unsafe {
            ops::load_key(thread, &raw mut target, &raw mut source, options)
        })
    }

    /// Unloads a hive by the name of its root (`NtUnloadKey`), after it has been written to its
    /// file.
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD` without [`RESTORE`](crate::Privileges::RESTORE),
    /// `STATUS_CANNOT_DELETE` while any of its keys is open, `STATUS_INVALID_PARAMETER` for a key
    /// that is not the root of a hive, and what the registry or a callback answers.
    pub fn unload_key(&self, path: &str) -> Result<(), Status> {
        self.unload(path, false)
    }

    /// As [`unload_key`](Self::unload_key), with keys open or not (`NtUnloadKey2` with
    /// `REG_FORCE_UNLOAD`): those answer `STATUS_KEY_DELETED` from then on.
    ///
    /// # Errors
    /// As there.
    pub fn force_unload_key(&self, path: &str) -> Result<(), Status> {
        self.unload(path, true)
    }

    fn unload(&self, path: &str, force: bool) -> Result<(), Status> {
        let mut path = Text::new(path)?;
        let mut path = path.string();
        let mut target = attributes(None, &mut path);
        // SAFETY: all pointers lead to live locals.
        self.hive_call(|thread| unsafe { ops::unload_key(thread, &raw mut target, force) })
    }

    /// Saves what two keys are when `high` is laid over `low` (`NtSaveMergedKeys`): a key that both
    /// have is that of `high`.
    ///
    /// # Errors
    /// As [`UserKey::save`].
    pub fn save_merged_keys(
        &self,
        high: &UserKey<'_>,
        low: &UserKey<'_>,
        file: &UserFile<'_>,
    ) -> Result<(), Status> {
        self.hive_call(|thread| {
            ops::save_merged_keys(thread, high.handle(), low.handle(), file.handle())
        })
    }

    /// Makes a file by its NT path, such as `\??\C:\saved.hiv`, or empties the one that is there
    /// (`NtCreateFile`); see [`Machine::file`](crate::Machine::file).
    ///
    /// # Errors
    /// `STATUS_SHARING_VIOLATION` for the file of a loaded hive, and those of a path that no file can
    /// have.
    pub fn create_file(&self, path: &str) -> Result<UserFile<'_>, Status> {
        self.file(path, Disposition::OverwriteIf, READ | WRITE)
    }

    /// Opens a file for reading by its NT path (`NtOpenFile`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, and as [`create_file`](Self::create_file).
    pub fn open_file(&self, path: &str) -> Result<UserFile<'_>, Status> {
        self.file(path, Disposition::Open, READ)
    }

    fn file(
        &self,
        path: &str,
        disposition: Disposition,
        access: u32,
    ) -> Result<UserFile<'_>, Status> {
        let mut path = Text::new(path)?;
        let mut path = path.string();
        let mut named = OBJECT_ATTRIBUTES {
            Attributes: OBJ_CASE_INSENSITIVE,
            ..attributes(None, &mut path)
        };
        let mut handle = ptr::null_mut();
        // SAFETY: all pointers lead to live locals.
        self.system_call(|thread| unsafe {
            files::create_file(thread, &raw mut handle, access, &raw mut named, disposition)
        })?;
        Ok(UserFile {
            guard: self,
            handle: Handle::from_raw(handle),
        })
    }

    fn hive_call(&self, body: impl FnOnce(&Thread) -> Outcome) -> Result<(), Status> {
        let outcome = self.system_call(body);
        outcome.unwrap_or_else(|refused| refused).to_result()
    }
}

impl UserKey<'_> {
    /// Saves the key with all below it (`NtSaveKeyEx`). Volatile keys are left out.
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD` without [`BACKUP`](crate::Privileges::BACKUP),
    /// `STATUS_ACCESS_DENIED` for a key that is in no hive and for a file that was opened for
    /// reading, `STATUS_INVALID_PARAMETER` for [`SaveFormat::NoCompression`] of a key that is not the
    /// root of a hive, and what a callback answers.
    pub fn save(&self, file: &UserFile<'_>, format: SaveFormat) -> Result<(), Status> {
        self.guard
            .hive_call(|thread| ops::save_key(thread, self.handle(), file.handle(), format as u32))
    }

    /// Replaces the key's values and all below it by what a file holds (`NtRestoreKey`).
    ///
    /// [`RestoreFlags::WHOLE_HIVE_VOLATILE`] is for `\REGISTRY\MACHINE` and `\REGISTRY\USER`, where
    /// mounted hives stay; [`RestoreFlags::REFRESH_HIVE`] is for the root of a hive, and takes the
    /// hive's own file instead of `file`.
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD` without [`RESTORE`](crate::Privileges::RESTORE), and
    /// [`TCB`](crate::Privileges::TCB) for a refresh; `STATUS_CANNOT_DELETE` if a key below is open,
    /// unless [`RestoreFlags::FORCE_RESTORE`] is given; `STATUS_INVALID_PARAMETER` for a key that the
    /// flags are not for; those of a damaged file as for [`ThreadGuard::load_key`]; and what a
    /// callback answers.
    pub fn restore(&self, file: &UserFile<'_>, flags: RestoreFlags) -> Result<(), Status> {
        self.guard.hive_call(|thread| {
            ops::restore_key(thread, self.handle(), file.handle(), flags.bits())
        })
    }

    /// Replaces the file of the key's hive (`NtReplaceKey`): the file `new` is called as the
    /// hive's file was, and that is called `old`. The hive in memory stays as it is until it is loaded
    /// again, and is flushed to `old`.
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD` without [`RESTORE`](crate::Privileges::RESTORE),
    /// `STATUS_OBJECT_NAME_NOT_FOUND` and `STATUS_OBJECT_NAME_COLLISION` for the files,
    /// `STATUS_INVALID_PARAMETER` for a key that is in no hive, those of a damaged file as for
    /// [`ThreadGuard::load_key`], and what a callback answers.
    pub fn replace(&self, new: &str, old: &str) -> Result<(), Status> {
        let (mut new, mut old) = (Text::new(new)?, Text::new(old)?);
        let (mut new, mut old) = (new.string(), old.string());
        let mut new = attributes(None, &mut new);
        let mut old = attributes(None, &mut old);
        // SAFETY: all pointers lead to live locals.
        self.guard.hive_call(|thread| unsafe {
            ops::replace_key(thread, &raw mut new, self.handle(), &raw mut old)
        })
    }
}

/// An open file: one handle of the process. Dropping it closes the handle.
pub struct UserFile<'t> {
    guard: &'t ThreadGuard,
    handle: Handle,
}

impl UserFile<'_> {
    /// The handle.
    pub fn handle(&self) -> HANDLE {
        self.handle.as_raw()
    }

    /// Closes the file (`NtClose`).
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if something else has closed the handle.
    pub fn close(self) -> Result<(), Status> {
        let closed = self.guard.close_handle(self.handle);
        std::mem::forget(self);
        closed
    }
}

impl std::fmt::Debug for UserFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserFile({:#x})", self.handle.0)
    }
}

impl Drop for UserFile<'_> {
    fn drop(&mut self) {
        // A handle that something else has closed needs nothing more.
        let _ = self.guard.close_handle(self.handle);
    }
}
