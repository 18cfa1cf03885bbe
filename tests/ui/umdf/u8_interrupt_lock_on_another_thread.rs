//! U8: an interrupt's lock belongs to the thread that took it.

use std::thread;

use umdf_callback::interrupt::{Interrupt, InterruptCallback};

pub fn quiet<C: InterruptCallback>(interrupt: &Interrupt<C>) {
    let lock = interrupt.lock();
    thread::scope(|threads| {
        threads.spawn(move || drop(lock)); //~ ERROR: cannot be sent between threads safely
    });
}
