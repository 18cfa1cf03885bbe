//! U8: an interrupt's lock belongs to the thread that took it.

use std::thread;

use umdf_callback::interrupt::{Interrupt, InterruptCallback};

pub fn quiet<C: InterruptCallback>(interrupt: &Interrupt<C>) {
    thread::scope(|threads| {
        threads.spawn(move || drop(interrupt.lock()));
    });
}
