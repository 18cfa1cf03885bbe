//! Files of devices: opening, device control, closing.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/irp-mj-create> and its
//! neighbours, <https://learn.microsoft.com/windows-hardware/drivers/kernel/buffer-descriptions-for-i-o-control-codes>.
//! A device's security descriptor is not looked at.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wdm_sys::{_FILE_OBJECT as FILE_OBJECT, PFILE_OBJECT};

use super::DeviceMemory;
use super::buffer::Buffer;
use super::request::{Buffers, Completion, Major, Request};
use crate::machine::{DriverId, Kernel, Mode, Thread, current};
use crate::object::{Body, Handle};
use crate::status::Status;
use crate::verifier::Rule;

/// `Type` of a file object (`IO_TYPE_FILE`).
const IO_TYPE_FILE: i16 = 5;
/// `FO_SYNCHRONOUS_IO`.
const FO_SYNCHRONOUS_IO: u32 = 0x2;
/// `FO_HANDLE_CREATED`.
const FO_HANDLE_CREATED: u32 = 0x0004_0000;
/// What a program opens devices with: `FILE_GENERIC_READ | FILE_GENERIC_WRITE`.
const ACCESS: u32 = 0x0012_019F;
/// `FILE_OPEN` in the upper byte, and `FILE_SYNCHRONOUS_IO_NONALERT`.
const OPTIONS: u32 = 0x0100_0020;
/// `FILE_SHARE_READ | FILE_SHARE_WRITE`.
const SHARE: u16 = 3;
/// What the system buffer has where no input is: on Windows it is not initialised.
const UNINITIALISED: u8 = 0xBD;

/// Flags of requests.
mod flags {
    pub(super) const SYNCHRONOUS_API: u32 = 0x4;
    pub(super) const BUFFERED_IO: u32 = 0x10;
    pub(super) const DEALLOCATE_BUFFER: u32 = 0x20;
    pub(super) const INPUT_OPERATION: u32 = 0x40;
    pub(super) const CREATE_OPERATION: u32 = 0x80;
    pub(super) const CLOSE_OPERATION: u32 = 0x400;
}

/// How a control code passes its buffers: its lowest two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Buffered,
    InDirect,
    OutDirect,
    Neither,
}

impl Method {
    fn of(code: u32) -> Self {
        match code & 3 {
            0 => Self::Buffered,
            1 => Self::InDirect,
            2 => Self::OutDirect,
            _ => Self::Neither,
        }
    }
}

/// A device as one opener sees it.
///
/// # Invariants
/// `object` is a box of its own, shared with the driver and touched through raw pointers only.
pub(crate) struct DeviceFile {
    object: NonNull<FILE_OBJECT>,
    /// The text of its `FileName`.
    _name: Box<[u16]>,
    device: Arc<DeviceMemory>,
    /// Whether the driver has let it be opened.
    opened: AtomicBool,
}

// SAFETY: what drivers do with the file object is theirs; the kernel only fills it in.
unsafe impl Send for DeviceFile {}
// SAFETY: as above.
unsafe impl Sync for DeviceFile {}

impl DeviceFile {
    fn new(device: Arc<DeviceMemory>, rest: Vec<u16>) -> Self {
        let mut name = rest.into_boxed_slice();
        // SAFETY: all-zero bytes are valid for the structure: numbers and null pointers.
        let mut object: Box<FILE_OBJECT> = Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        object.Type = IO_TYPE_FILE;
        object.Size = size_of::<FILE_OBJECT>() as i16;
        object.DeviceObject = device.object();
        object.ReadAccess = 1;
        object.WriteAccess = 1;
        object.SharedRead = 1;
        object.SharedWrite = 1;
        object.Flags = FO_SYNCHRONOUS_IO;
        // Whoever names a device has checked the length of the name.
        let bytes = (name.len() * 2) as u16;
        object.FileName.Length = bytes;
        object.FileName.MaximumLength = bytes;
        object.FileName.Buffer = name.as_mut_ptr();
        let object = Box::into_raw(object);
        Self {
            // SAFETY: just made from a box, so not null.
            object: unsafe { NonNull::new_unchecked(object) },
            _name: name,
            device,
            opened: AtomicBool::new(false),
        }
    }

    /// The file object.
    pub(super) fn object(&self) -> PFILE_OBJECT {
        self.object.as_ptr()
    }

    /// Its device.
    pub(super) fn device(&self) -> &DeviceMemory {
        &self.device
    }

    fn create(&self, thread: &Thread) -> Completion {
        let fill = |block: &mut super::request::Block| {
            block.irp.Flags = flags::CREATE_OPERATION | flags::SYNCHRONOUS_API;
            block.irp.RequestorMode = thread.previous_mode() as _;
            block.security.DesiredAccess = ACCESS;
            block.security.FullCreateOptions = OPTIONS;
            block.stack.Parameters.Create.Options = OPTIONS;
            block.stack.Parameters.Create.ShareAccess = SHARE;
        };
        let request = Request::new(thread, self, Major::Create, Buffers::default(), fill);
        let (_, completion) = request.send(thread, &self.device);
        completion
    }

    /// The last handle is closed (`IRP_MJ_CLEANUP`).
    pub(crate) fn cleanup(&self) {
        self.end(Major::Cleanup, flags::SYNCHRONOUS_API);
    }

    /// The last reference is gone (`IRP_MJ_CLOSE`).
    pub(crate) fn close(&self, kernel: &Kernel) {
        self.end(
            Major::Close,
            flags::SYNCHRONOUS_API | flags::CLOSE_OPERATION,
        );
        kernel.io.end_open(&self.device);
    }

    fn end(&self, major: Major, request_flags: u32) {
        if !self.opened.load(Ordering::Acquire) {
            return;
        }
        let thread = current(major.name());
        let fill = |block: &mut super::request::Block| {
            block.irp.Flags = request_flags;
            block.irp.RequestorMode = Mode::Kernel as _;
        };
        let request = Request::new(&thread, self, major, Buffers::default(), fill);
        // A file is closed whatever the driver answers.
        let _ = request.send(&thread, &self.device);
    }

    /// Device control: gives the status, and how many bytes the driver says it has put into `output`.
    fn control(&self, thread: &Thread, code: u32, input: &[u8], output: &mut [u8]) -> Answer {
        let method = Method::of(code);
        let (Ok(in_length), Ok(out_length)) =
            (u32::try_from(input.len()), u32::try_from(output.len()))
        else {
            return (Status::INVALID_PARAMETER, 0);
        };
        let buffers = buffers(method, input, output);
        let type3 = buffers.input.as_ref().map(Buffer::start);
        let has_system = buffers.system.is_some();
        let fill = |block: &mut super::request::Block| {
            block.irp.RequestorMode = thread.previous_mode() as _;
            if has_system {
                block.irp.Flags |= flags::BUFFERED_IO | flags::DEALLOCATE_BUFFER;
            }
            if method == Method::Buffered && out_length != 0 {
                block.irp.Flags |= flags::INPUT_OPERATION;
            }
            let parameters = &raw mut block.stack.Parameters.DeviceIoControl;
            // SAFETY: it is a part of the block, whose bytes are all initialised.
            let parameters = unsafe { &mut *parameters };
            parameters.OutputBufferLength = out_length;
            parameters.InputBufferLength = in_length;
            parameters.IoControlCode = code;
            parameters.Type3InputBuffer = type3.unwrap_or(std::ptr::null_mut()).cast();
        };
        let request = Request::new(thread, self, Major::DeviceControl, buffers, fill);
        let (request, completion) = request.send(thread, &self.device);
        let Completion {
            status,
            information,
            ..
        } = completion;
        let failed = status.is_error();
        let written = if failed {
            0
        } else {
            information.min(output.len())
        };
        if !failed && information > output.len() {
            let detail = format!(
                "code {code:#x} was completed with {information} bytes of information, but the \
                 caller's output buffer has {}; return no more than OutputBufferLength",
                output.len()
            );
            let rule = Rule::IrpInformation;
            let call = Major::DeviceControl.name();
            thread
                .kernel()
                .finding(self.device.owner, rule, call, detail);
        }
        match (method, &request.buffers) {
            (
                Method::Buffered,
                Buffers {
                    system: Some(system),
                    ..
                },
            ) => {
                system.copy_to(&mut output[..written]);
            }
            (Method::Buffered, _) => {}
            // The driver wrote to the caller's own memory.
            (
                _,
                Buffers {
                    output: Some(memory),
                    ..
                },
            ) => memory.copy_to(output),
            _ => {}
        }
        (status, written)
    }
}

impl Drop for DeviceFile {
    fn drop(&mut self) {
        // SAFETY: by the invariant.
        drop(unsafe { Box::from_raw(self.object.as_ptr()) });
    }
}

/// The memory of a device-control request.
fn buffers(method: Method, input: &[u8], output: &[u8]) -> Buffers {
    let caller = Buffer::of(output);
    match method {
        Method::Buffered => Buffers {
            system: Buffer::new(input, input.len().max(output.len()), UNINITIALISED),
            output: caller,
            ..Buffers::default()
        },
        Method::InDirect | Method::OutDirect => {
            let write = method == Method::OutDirect;
            Buffers {
                system: Buffer::of(input),
                list: caller.as_ref().and_then(|caller| caller.describe(write)),
                output: caller,
                input: None,
            }
        }
        Method::Neither => Buffers {
            input: Buffer::of(input),
            output: caller,
            ..Buffers::default()
        },
    }
}

/// A status, and a number of bytes.
pub(crate) type Answer = (Status, usize);

/// Opens a device by its name, for the current process.
///
/// # Errors
/// What the name leads to, or the driver answers.
pub(crate) fn open_device(thread: &Thread, name: &[u16]) -> Result<Handle, Status> {
    let kernel = thread.kernel();
    let (device, rest) = kernel.io.begin_open(name)?;
    let file = DeviceFile::new(device, rest);
    let address = file.object().expose_provenance();
    let object = kernel
        .objects
        .create_at(kernel, address, Body::Device(file));
    let Body::Device(file) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    file.create(thread).status.to_result()?;
    file.opened.store(true, Ordering::Release);
    // SAFETY: by the invariant of the file; the field is the kernel's.
    unsafe { (*file.object()).Flags |= FO_HANDLE_CREATED };
    let handles = thread.process().handles();
    let handle = handles.insert(object.clone(), ACCESS, DriverId::NONE);
    handle.ok_or(Status::INSUFFICIENT_RESOURCES)
}

/// Device control through a handle; see [`DeviceFile::control`].
pub(crate) fn control(
    thread: &Thread,
    handle: Handle,
    code: u32,
    input: &[u8],
    output: &mut [u8],
) -> Answer {
    let Some((object, _)) = thread.reference_handle(handle) else {
        return (Status::INVALID_HANDLE, 0);
    };
    match object.body() {
        Body::Device(file) => file.control(thread, code, input, output),
        _ => (Status::OBJECT_TYPE_MISMATCH, 0),
    }
}
