//! The queue callback object: what programs ask of the device.

use std::sync::Arc;

use umdf_callback::callback::{QueueDeviceIoControl, QueueRead, QueueWrite};
use umdf_callback::request::{DeviceIoControl, Read, Request, Write};
use umdf_callback::{HRESULT, Queue, Result, queue_callback};

use crate::device::Context;

/// Asks for the longest packet, in bytes: four bytes of output, the lowest first.
/// `CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)`.
pub const IOCTL_GET_MAX_PACKET: u32 = 0x0022_2000;

const ERROR_INVALID_FUNCTION: HRESULT = HRESULT::from_win32(1);
const ERROR_INVALID_PARAMETER: HRESULT = HRESULT::from_win32(87);

/// The queue callback object.
pub(crate) struct MyQueue {
    context: Arc<Context>,
}

impl MyQueue {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        MyQueue { context }
    }

    /// Reads as much as there is room for.
    fn read(&self, request: &mut Request<Read>, room: usize) -> Result<usize> {
        let packet = self.context.packet();
        let length = packet.len().min(room);
        request.output()?.write_at(0, &packet[..length])?;
        Ok(length)
    }

    /// Writes all of it or nothing.
    fn write(&self, request: &Request<Write>) -> Result<usize> {
        let bytes = request.input()?.to_vec()?;
        if bytes.len() > self.context.max_packet() as usize {
            return Err(ERROR_INVALID_PARAMETER.into());
        }
        let length = bytes.len();
        *self.context.packet() = bytes;
        Ok(length)
    }

    fn control(&self, request: &mut Request<DeviceIoControl>, code: u32) -> Result<usize> {
        match code {
            IOCTL_GET_MAX_PACKET => {
                let answer = self.context.max_packet().to_le_bytes();
                request.output()?.write_at(0, &answer)?;
                Ok(answer.len())
            }
            _ => Err(ERROR_INVALID_FUNCTION.into()),
        }
    }
}

// Each request is completed where it arrives: with the number of bytes that were transferred, or with the error.

impl QueueRead for MyQueue {
    fn on_read(&self, _queue: &Queue<'_, Self>, mut request: Request<Read>, length: usize) {
        match self.read(&mut request, length) {
            Ok(read) => request.complete_with_information(read),
            Err(error) => request.fail(error),
        }
    }
}

impl QueueWrite for MyQueue {
    fn on_write(&self, _queue: &Queue<'_, Self>, request: Request<Write>, _length: usize) {
        match self.write(&request) {
            Ok(written) => request.complete_with_information(written),
            Err(error) => request.fail(error),
        }
    }
}

impl QueueDeviceIoControl for MyQueue {
    fn on_device_io_control(
        &self,
        _queue: &Queue<'_, Self>,
        mut request: Request<DeviceIoControl>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        match self.control(&mut request, code) {
            Ok(answered) => request.complete_with_information(answered),
            Err(error) => request.fail(error),
        }
    }
}

queue_callback!(MyQueue); // IQueueCallbackRead, IQueueCallbackWrite, IQueueCallbackDeviceIoControl
