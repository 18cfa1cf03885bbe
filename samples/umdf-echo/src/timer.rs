//! A timer: a thread that calls a function again and again.
//!
//! UMDF 1 has none of its own; its drivers use those of Windows (page: wdf/overview-of-the-umdf). A thread is enough here.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use umdf_callback::{Error, HRESULT, Result};

/// A running timer; dropping it stops it, and waits for a tick that is under way.
#[derive(Debug)]
pub struct Timer {
    /// Until the timer is stopped: hanging up tells the thread.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Timer {
    /// Calls `tick` every `period`, on a thread of its own.
    ///
    /// # Errors
    /// The system has no thread: its error.
    pub fn start(period: Duration, mut tick: impl FnMut() + Send + 'static) -> Result<Self> {
        let (running, stopped) = channel();
        let thread = Builder::new()
            .name("echo timer".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                    tick();
                }
            })
            .map_err(|error| Error::from_hresult(code(&error)))?;
        Ok(Timer {
            running: Some(running),
            thread: Some(thread),
        })
    }
}

/// The `HRESULT` of an error of the operating system.
fn code(error: &std::io::Error) -> HRESULT {
    const E_FAIL: HRESULT = HRESULT(0x8000_4005_u32 as i32);
    let number = error
        .raw_os_error()
        .and_then(|number| u32::try_from(number).ok());
    number.map_or(E_FAIL, HRESULT::from_win32)
}

impl Drop for Timer {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            // A tick that panicked has ended the process.
            let _ = thread.join();
        }
    }
}
