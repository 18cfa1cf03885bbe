//! U8: a lock belongs to the thread that took it.

use std::thread;

use umdf_callback::Device;

pub fn serialise(device: &Device) {
    thread::scope(|threads| {
        threads.spawn(move || drop(device.lock()));
    });
}
