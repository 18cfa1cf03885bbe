//! The files of a machine, from outside: see [`crate::files`].

use super::Machine;
use crate::files::File;
use crate::registry::wide;
use crate::status::Status;

impl Machine {
    /// The contents of a file by its NT path, such as `\??\C:\saved.hiv` or
    /// `\SystemRoot\System32\config\SYSTEM`; `None` if there is none.
    ///
    /// A machine has its own files only, none of the host's. Hives that [`Builder::hive`] mounts
    /// are in files below `\SystemRoot\System32\config`.
    ///
    /// [`Builder::hive`]: super::Builder::hive
    ///
    /// ```
    /// let machine = wdm_sim::Machine::builder().build()?;
    /// machine.put_file(r"\??\C:\notes.txt", "hello")?;
    /// assert_eq!(machine.file(r"\??\c:\Notes.txt").unwrap(), b"hello");
    /// assert_eq!(machine.file(r"\??\C:\other.txt"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        let file = self.kernel.files.find(&wide(path)).ok()?;
        Some(file.bytes().to_vec())
    }

    /// Makes a file, or replaces the one of that path.
    ///
    /// # Errors
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD`, `STATUS_OBJECT_PATH_NOT_FOUND` or
    /// `STATUS_OBJECT_NAME_INVALID` for a path that no file can have.
    pub fn put_file(&self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<(), Status> {
        self.kernel.files.put(&wide(path), File::new(bytes.into()))
    }

    /// Deletes a file; says whether there was one.
    pub fn remove_file(&self, path: &str) -> bool {
        self.kernel.files.remove(&wide(path)).is_some()
    }
}
