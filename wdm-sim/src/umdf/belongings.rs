//! What belongs to a device besides its queues, files and requests.

use std::sync::Mutex;
use std::thread::JoinHandle;

use windows_core::ComObject;

use super::hardware::Hardware;
use super::idle::Power;
use super::interrupt::InterruptObject;
use super::lower::Lower;
use super::remote::Remotes;
use super::world::lock;

/// What is left to do to an object when its device is deleted.
type Ending = Box<dyn FnOnce() + Send>;

/// What belongs to a device.
#[derive(Default)]
pub(crate) struct Belongings {
    pub(crate) power: Mutex<Power>,
    pub(crate) remotes: Mutex<Remotes>,
    /// The driver of other devices.
    pub(crate) remote_lower: Lower,
    pub(crate) interrupts: Mutex<Vec<ComObject<InterruptObject>>>,
    pub(crate) hardware: Mutex<Hardware>,
    children: Mutex<Vec<Ending>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Belongings {
    /// An object that is deleted before the device.
    pub(crate) fn adopt(&self, ending: impl FnOnce() + Send + 'static) {
        lock(&self.children).push(Box::new(ending));
    }

    /// A thread of the system's, which is gone before the device is.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        let mut threads = lock(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(std::thread::spawn(work));
    }

    /// Deletes all of them, the youngest first.
    pub(crate) fn end(&self) {
        loop {
            let next = lock(&self.children).pop();
            let Some(ending) = next else {
                break;
            };
            ending();
        }
        lock(&self.interrupts).clear();
        *lock(&self.remotes) = Remotes::default();
        self.remote_lower.forget();
        let threads = std::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            // A panic of the driver's has ended the process, as its functions do not unwind.
            let _ = thread.join();
        }
    }
}
