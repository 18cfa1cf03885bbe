//! The machine's files: a store by NT path, enough for hives to come from and go to.
//!
//! Nothing of the host's disk is in it but what a test puts there. There are no directories: any
//! path below `\??\` or `\Device\` can name a file, in any case; `\SystemRoot` stands for
//! `\??\C:\Windows` and `\DosDevices` for `\??`.

mod calls;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::registry::{upcase, wide};
use crate::status::Status;

pub(crate) use calls::{Disposition, READ, WRITE, create_file, read_file, write_file};

/// A file. Handles and loaded hives keep it even if its name is given to another.
#[derive(Debug, Default)]
pub(crate) struct File(Mutex<Arc<Vec<u8>>>);

impl File {
    pub(crate) fn new(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Arc::new(bytes))))
    }

    /// The contents as they are now.
    pub(crate) fn bytes(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.lock())
    }

    /// Replaces the contents.
    pub(crate) fn set_bytes(&self, bytes: Vec<u8>) {
        *self.lock() = Arc::new(bytes);
    }

    /// Writes at an offset; the file grows if it must.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for an end that no file of this machine can have.
    pub(crate) fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Status> {
        /// What the machine's disk takes in one file.
        const MAX_FILE: usize = 4 << 30;
        let begin = usize::try_from(offset).map_err(|_| Status::INVALID_PARAMETER)?;
        let end = begin.checked_add(data.len());
        let end = end
            .filter(|&end| end <= MAX_FILE)
            .ok_or(Status::INVALID_PARAMETER)?;
        let mut bytes = self.lock();
        let bytes = Arc::make_mut(&mut bytes);
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[begin..end].copy_from_slice(data);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file as one opener sees it: what a file handle refers to.
pub(crate) struct FileObject {
    file: Arc<File>,
    position: AtomicU64,
}

impl FileObject {
    pub(crate) fn new(file: Arc<File>) -> Self {
        Self {
            file,
            position: AtomicU64::new(0),
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where the next read or write that names no offset begins.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    pub(crate) fn set_position(&self, position: u64) {
        self.position.store(position, Ordering::Release);
    }
}

/// All files of a machine.
#[derive(Default)]
pub(crate) struct Files(Mutex<BTreeMap<Vec<u16>, Arc<File>>>);

impl Files {
    /// The file of that name.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, and those of a name that no file can have.
    pub(crate) fn find(&self, name: &[u16]) -> Result<Arc<File>, Status> {
        let name = normal(name)?;
        let files = self.lock();
        files
            .get(&name)
            .cloned()
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }

    /// Gives a file a name that is free.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_COLLISION`, and those of a name that no file can have.
    pub(crate) fn add(&self, name: &[u16], file: Arc<File>) -> Result<(), Status> {
        let name = normal(name)?;
        let mut files = self.lock();
        if files.contains_key(&name) {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        files.insert(name, file);
        Ok(())
    }

    /// Gives a file a name, which another may have lost by it.
    ///
    /// # Errors
    /// Those of a name that no file can have.
    pub(crate) fn put(&self, name: &[u16], file: Arc<File>) -> Result<(), Status> {
        let name = normal(name)?;
        self.lock().insert(name, file);
        Ok(())
    }

    /// Takes a name away and gives the file that had it.
    pub(crate) fn remove(&self, name: &[u16]) -> Option<Arc<File>> {
        self.lock().remove(&normal(name).ok()?)
    }

    /// What `ZwReplaceKey` does to files, in one step: `file` is from now on called `old`, and what
    /// was called `new` has its name.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no file `new`, `STATUS_OBJECT_NAME_COLLISION` if
    /// there is one called `old`, and those of a name that no file can have.
    pub(crate) fn replace(&self, file: &Arc<File>, new: &[u16], old: &[u16]) -> Result<(), Status> {
        let (new, old) = (normal(new)?, normal(old)?);
        let mut files = self.lock();
        if files.contains_key(&old) {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        let replacement = files.get(&new).ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        let replacement = Arc::clone(replacement);
        let has_name = |(_, other): &(&Vec<u16>, &Arc<File>)| Arc::ptr_eq(other, file);
        let Some(name) = files.iter().find(has_name).map(|(name, _)| name.clone()) else {
            return Err(Status::OBJECT_NAME_NOT_FOUND);
        };
        files.remove(&new);
        files.insert(name, replacement);
        files.insert(old, Arc::clone(file));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u16>, Arc<File>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one spelling of a path that all its spellings share.
///
/// # Errors
/// `STATUS_OBJECT_PATH_SYNTAX_BAD` for a path that does not begin with a backslash,
/// `STATUS_OBJECT_NAME_INVALID` for one that ends with one, `STATUS_OBJECT_PATH_NOT_FOUND` for one
/// that does not lead to a file system.
fn normal(name: &[u16]) -> Result<Vec<u16>, Status> {
    let upper = upcase::upcase_name(name);
    if upper.first() != Some(&u16::from(b'\\')) {
        return Err(Status::OBJECT_PATH_SYNTAX_BAD);
    }
    if upper.last() == Some(&u16::from(b'\\')) {
        return Err(Status::OBJECT_NAME_INVALID);
    }
    for (from, to) in [
        (r"\SYSTEMROOT\", r"\??\C:\WINDOWS\"),
        (r"\DOSDEVICES\", r"\??\"),
        (r"\??\", r"\??\"),
        (r"\DEVICE\", r"\DEVICE\"),
    ] {
        if let Some(rest) = upper.strip_prefix(wide(from).as_slice()) {
            return Ok([wide(to).as_slice(), rest].concat());
        }
    }
    Err(Status::OBJECT_PATH_NOT_FOUND)
}
