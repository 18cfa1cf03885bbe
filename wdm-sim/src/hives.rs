//! The hives that a machine has loaded: which file each is in, and what was lost of it.
//!
//! A hive is in memory; its file is written by a flush, when the hive is unloaded, and never
//! otherwise. There is no lazy flush.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::files::File;
use crate::machine::{Kernel, MountedHive};
use crate::object::{Object, Stage};
use crate::registry::{HiveError, HiveReport, Key, KeyFlags, Snapshot, Version, write};
use crate::status::Status;

/// One loaded hive.
pub(crate) struct Hive {
    root: Arc<Key>,
    /// Locked while it is written, so that a later state is not overwritten by an earlier one.
    file: Mutex<Arc<File>>,
    /// Whether nobody else may load the same file meanwhile.
    private: bool,
}

impl Hive {
    /// The root key.
    pub(crate) fn root(&self) -> &Arc<Key> {
        &self.root
    }

    /// The file that a flush writes.
    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(&self.lock_file())
    }

    /// Whether the file may be loaded once more, which then shares this hive.
    pub(crate) fn is_shared(&self) -> bool {
        !self.private && self.root.flags().contains(KeyFlags::APPLICATION)
    }

    /// Writes the hive to its file.
    ///
    /// # Errors
    /// As [`write`]; `STATUS_KEY_DELETED` for a hive that has been unloaded.
    pub(crate) fn flush(&self) -> Result<(), Status> {
        let file = self.lock_file();
        let snapshot = Snapshot::of(&self.root)?;
        file.set_bytes(write(&snapshot, Version::Latest)?);
        Ok(())
    }

    fn lock_file(&self) -> MutexGuard<'_, Arc<File>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All loaded hives of a machine.
#[derive(Default)]
pub(crate) struct Hives {
    loaded: Mutex<Vec<Arc<Hive>>>,
    /// How many of them are application hives.
    applications: AtomicUsize,
    /// Held while one is loaded, so that no file is loaded twice at once, and while an application
    /// hive goes, so that nobody gets one that is going.
    loading: Mutex<()>,
    reports: Mutex<Vec<MountedHive>>,
}

impl Hives {
    /// Lets one thread load a hive, or unload one that is not used, at a time.
    pub(crate) fn loading(&self) -> MutexGuard<'_, ()> {
        lock(&self.loading)
    }

    /// Takes note of a hive that has been mounted.
    pub(crate) fn add(&self, root: Arc<Key>, file: Arc<File>, private: bool) {
        if root.flags().contains(KeyFlags::APPLICATION) {
            self.applications.fetch_add(1, Ordering::AcqRel);
        }
        self.lock().push(Arc::new(Hive {
            root,
            file: Mutex::new(file),
            private,
        }));
    }

    /// Takes note of what was read of a hive file, or why nothing was.
    pub(crate) fn note(&self, name: &str, read: Result<HiveReport, &HiveError>) {
        let report = match read {
            Ok(report) => MountedHive::new(name.to_owned(), report),
            Err(error) => MountedHive::refused(name.to_owned(), error),
        };
        lock(&self.reports).push(report);
    }

    /// What was read of hive files so far.
    pub(crate) fn reports(&self) -> Vec<MountedHive> {
        lock(&self.reports).clone()
    }

    /// The hive that a key is in.
    pub(crate) fn of(&self, key: &Arc<Key>) -> Option<Arc<Hive>> {
        let root = key.hive_root()?;
        let loaded = self.lock();
        loaded
            .iter()
            .find(|hive| Arc::ptr_eq(&hive.root, &root))
            .cloned()
    }

    /// The hive that is in a file.
    pub(crate) fn in_file(&self, file: &Arc<File>) -> Option<Arc<Hive>> {
        let loaded = self.lock();
        loaded
            .iter()
            .find(|hive| Arc::ptr_eq(&hive.lock_file(), file))
            .cloned()
    }

    /// Writes the hive of a key to its file. A key that is in none needs nothing.
    ///
    /// # Errors
    /// As [`Hive::flush`].
    pub(crate) fn flush(&self, key: &Arc<Key>) -> Result<(), Status> {
        self.of(key).map_or(Ok(()), |hive| hive.flush())
    }

    /// Writes a hive to its file and takes it out of the registry.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a key that is not the root of a hive, and those of
    /// [`Hive::flush`].
    pub(crate) fn unload(&self, root: &Arc<Key>) -> Result<(), Status> {
        let mut loaded = self.lock();
        let at = loaded
            .iter()
            .position(|hive| Arc::ptr_eq(&hive.root, root))
            .ok_or(Status::INVALID_PARAMETER)?;
        loaded[at].flush()?;
        root.unmount()?;
        loaded.remove(at);
        if root.flags().contains(KeyFlags::APPLICATION) {
            self.applications.fetch_sub(1, Ordering::AcqRel);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Hive>>> {
        lock(&self.loaded)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether any key object but `except` is open for `key` or a key below it in the same hive.
pub(crate) fn is_open(kernel: &Kernel, key: &Arc<Key>, except: Option<&Object>) -> bool {
    kernel.objects.all().iter().any(|object| {
        object.stage() == Stage::Live
            && except.is_none_or(|except| except.address() != object.address())
            && object.key().is_some_and(|other| other.key().is_within(key))
    })
}

/// Unloads an application hive when the last of its key objects is gone, as the page on application
/// hives says. Called when a key object has been closed, or could not be given to anybody.
pub(crate) fn unload_if_unused(kernel: &Kernel, key: &Arc<Key>) {
    if kernel.hives.applications.load(Ordering::Acquire) == 0 {
        return;
    }
    let Some(root) = key.hive_root() else {
        return;
    };
    if !root.flags().contains(KeyFlags::APPLICATION) {
        return;
    }
    let _nobody_opens_it = kernel.hives.loading();
    if !is_open(kernel, &root, None) {
        // Another thread that closed the last but one may have been faster.
        let _ = kernel.hives.unload(&root);
    }
}
