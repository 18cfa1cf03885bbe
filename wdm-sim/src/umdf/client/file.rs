//! An opening of a device.

use umdf_callback::raw::*;
use windows_core::ComObject;

use super::{Device, Sent};
use crate::umdf::file_object::FileObject;
use crate::umdf::io::FileId;
use crate::umdf::trace::Name;
use crate::umdf::world::lock;

/// An opening of a device; dropping it closes it.
pub struct File {
    pub(super) device: Device,
    pub(super) id: FileId,
    pub(super) name: Name,
}

impl File {
    /// Reads.
    pub fn read(&self, length: usize) -> Sent {
        self.device.send(WdfRequestRead, 0, &[], length, Some(self))
    }

    /// Writes.
    pub fn write(&self, bytes: &[u8]) -> Sent {
        self.device.send(WdfRequestWrite, 0, bytes, 0, Some(self))
    }

    /// Sends a control code with its input, and room for so much output.
    pub fn control(&self, code: u32, input: &[u8], output: usize) -> Sent {
        self.device
            .send(WdfRequestDeviceIoControl, code, input, output, Some(self))
    }

    /// Flushes: a request that has no callback of its own.
    pub fn flush(&self) -> Sent {
        self.device
            .send(WdfRequestFlushBuffers, 0, &[], 0, Some(self))
    }

    /// Its name in traces.
    #[must_use]
    pub fn name(&self) -> Name {
        self.name.clone()
    }

    /// Closes it, as dropping does: cleanup at once, close when its requests have ended.
    pub fn close(self) {}

    fn object(&self) -> Option<ComObject<FileObject>> {
        lock(&self.device.core.objects.files).get(&self.id).cloned()
    }

    /// The device was not opened after all, so there is nothing to close.
    pub(super) fn forget(&self) {
        let file = lock(&self.device.core.objects.files).remove(&self.id);
        if let Some(file) = file {
            file.delete();
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // It is gone if the device is, or if it never was opened.
        if self.object().is_none() {
            return;
        }
        let core = self.device.core.clone();
        core.world.system(&self.name, "close");
        let (in_turn, id) = (core.clone(), self.id);
        core.turns.call(Box::new(move || {
            let file = lock(&in_turn.objects.files).get(&id).cloned();
            if let Some(file) = file {
                in_turn.on_cleanup(&file);
            }
        }));
        core.change(|io| io.close(self.id));
    }
}
