//! U8: a lock belongs to the thread that took it.

use std::thread;

use umdf_callback::Device;

pub fn serialise(device: &Device) {
    let lock = device.lock();
    thread::scope(|threads| {
        threads.spawn(move || drop(lock)); //~ ERROR: cannot be sent between threads safely
    });
}
