//! Control requests: a parallel queue that answers or forwards them, and the manual queue in which they wait.

use std::sync::Arc;

use umdf_callback::callback::{QueueDeviceIoControl, QueueIoCanceled};
use umdf_callback::request::{CANCELED, Canceled, DeviceIoControl, Other, Request};
use umdf_callback::{HRESULT, ManualQueue, Queue, Result, manual_queue_callback, queue_callback};

use crate::store::Store;
use crate::{IOCTL_ECHO_LENGTH, IOCTL_ECHO_WAIT};

/// The queue callback object of those that wait.
pub struct Waits;

impl QueueIoCanceled for Waits {
    fn on_io_canceled(&self, _queue: &Queue<'_, Self>, request: Request<Other, Canceled>) {
        request.fail(CANCELED);
    }
}

manual_queue_callback!(Waits);

/// Ends all that wait.
pub fn wake(waits: &ManualQueue) {
    while let Ok(Some(request)) = waits.retrieve_next() {
        request.complete();
    }
}

/// The queue callback object of control requests.
pub struct Controls {
    store: Arc<Store>,
    waits: ManualQueue,
}

impl Controls {
    /// For a device with this store and this queue.
    pub fn new(store: Arc<Store>, waits: ManualQueue) -> Self {
        Controls { store, waits }
    }

    fn length(&self, request: &mut Request<DeviceIoControl>) -> Result<usize> {
        let length = u32::try_from(self.store.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes();
        request.output()?.write_at(0, &length)?;
        Ok(length.len())
    }
}

impl QueueDeviceIoControl for Controls {
    fn on_device_io_control(
        &self,
        _queue: &Queue<'_, Self>,
        mut request: Request<DeviceIoControl>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        const INVALID_FUNCTION: HRESULT = HRESULT::from_win32(1);
        match code {
            IOCTL_ECHO_WAIT => {
                if let Err(refused) = request.forward(&self.waits) {
                    refused.request.fail(refused.error);
                }
            }
            IOCTL_ECHO_LENGTH => match self.length(&mut request) {
                Ok(length) => request.complete_with_information(length),
                Err(error) => request.fail(error),
            },
            _ => request.fail(INVALID_FUNCTION),
        }
    }
}

queue_callback!(Controls);
