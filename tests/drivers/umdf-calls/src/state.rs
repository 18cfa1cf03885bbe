//! What the device's callback objects share, and the driver's threads.

use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use umdf_callback::File;
use umdf_callback::request::{Cancelable, Read, Request};

/// How long requests wait for the thread that completes them.
const SOME_TIME: Duration = Duration::from_millis(20);

#[derive(Default)]
pub(crate) struct Shared {
    bytes: Mutex<Vec<u8>>,
    reading: Mutex<Vec<Cancelable<Read>>>,
    files: Mutex<Vec<File>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// What was written.
    pub(crate) fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        lock(&self.bytes)
    }

    /// Reads that wait.
    pub(crate) fn reading(&self) -> MutexGuard<'_, Vec<Cancelable<Read>>> {
        lock(&self.reading)
    }

    pub(crate) fn open(&self, file: File) {
        lock(&self.files).push(file);
    }

    pub(crate) fn close(&self, file: &File) {
        lock(&self.files).retain(|other| !other.is(file));
    }

    /// How many files are open.
    pub(crate) fn opened(&self) -> usize {
        lock(&self.files).len()
    }

    /// Does something after some time, on another thread.
    pub(crate) fn later(&self, what: impl FnOnce() + Send + 'static) {
        let thread = thread::spawn(|| {
            thread::sleep(SOME_TIME);
            what();
        });
        lock(&self.threads).push(thread);
    }

    /// Waits for the threads: the DLL may be gone after the device.
    pub(crate) fn end_threads(&self) {
        let threads = take(&mut *lock(&self.threads));
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Completes the reads that were not cancelled meanwhile.
    pub(crate) fn complete_reads(&self) {
        let reading = take(&mut *self.reading());
        for read in reading {
            if let Ok(request) = read.unmark() {
                self.complete_read(request);
            }
        }
    }

    fn complete_read(&self, mut request: Request<Read>) {
        let bytes = self.bytes();
        match request
            .output()
            .and_then(|mut output| output.write_at(0, &bytes))
        {
            Ok(()) => request.complete_with_information(bytes.len()),
            Err(error) => request.fail(error),
        }
    }
}
