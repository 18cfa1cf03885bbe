//! Devices as user-mode code uses them: open, read, write, control, cancel, close.

use std::fmt;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use std::ops::Range;

use crate::io::{self, Access, Operation, Sent};
use crate::machine::ThreadGuard;
use crate::object::Handle;
use crate::status::Status;

use super::Text;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use super::UserMemory;

/// An open device, from [`ThreadGuard::open_device`]. Dropping it closes it: the driver gets `IRP_MJ_CLEANUP` and, unless something
/// else holds the file object, `IRP_MJ_CLOSE`.
#[must_use = "the device is closed when this is dropped"]
#[derive(Debug)]
pub struct UserDevice<'t> {
    guard: &'t ThreadGuard,
    handle: Handle,
}

/// What a driver answers to a control code or a read, from [`UserDevice`] or [`UserRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAnswer {
    /// The status that the request was completed with.
    pub status: Status,
    /// The output: as many bytes as the driver says, none if the status is an error.
    pub output: Vec<u8>,
}

impl ThreadGuard {
    /// Opens a device by its native path, such as `\Device\Name`, `\??\Name` or `\DosDevices\Name`
    /// (`NtCreateFile`), for reading and writing. The driver gets `IRP_MJ_CREATE`.
    ///
    /// # Errors
    /// What the driver answers; `STATUS_INVALID_DEVICE_REQUEST` if it has no such routine.
    /// `STATUS_OBJECT_NAME_NOT_FOUND` and its kin if there is no device; `STATUS_NO_SUCH_DEVICE` if
    /// `DO_DEVICE_INITIALIZING` is still set or the driver is being unloaded; `STATUS_ACCESS_DENIED`
    /// if the device is exclusive and open already.
    pub fn open_device(&self, path: &str) -> Result<UserDevice<'_>, Status> {
        self.open_with(path, Access::PROGRAM)
    }

    /// Opens a device for overlapped requests, which are not waited for: without
    /// `FILE_SYNCHRONOUS_IO_NONALERT`, so that [`start_control`](UserDevice::start_control) and its
    /// neighbours return while the driver has the request pending.
    ///
    /// # Errors
    /// As for [`open_device`](Self::open_device).
    pub fn open_device_overlapped(&self, path: &str) -> Result<UserDevice<'_>, Status> {
        let access = Access {
            synchronous: false,
            ..Access::PROGRAM
        };
        self.open_with(path, access)
    }

    fn open_with(&self, path: &str, access: Access) -> Result<UserDevice<'_>, Status> {
        let path = Text::new(path)?;
        let handle = self.system_call(|thread| io::open_device(thread, &path.units, access))?;
        Ok(UserDevice {
            guard: self,
            handle,
        })
    }
}

impl<'t> UserDevice<'t> {
    /// Sends a control code with an input, and waits for the output, which has at most `output_len`
    /// bytes (`NtDeviceIoControlFile`). The code says how the buffers are passed.
    ///
    /// A driver that echoes what it gets:
    ///
    /// ```
    /// use std::ptr::null_mut;
    ///
    /// use wdm_sim::{Machine, Status};
    /// use wdm_sys::{
    ///     _DEVICE_OBJECT, _IRP, IoCreateDevice, IofCompleteRequest, NTSTATUS, PDRIVER_OBJECT,
    ///     PUNICODE_STRING, UNICODE_STRING,
    /// };
    ///
    /// unsafe extern "system" fn echo(_: *mut _DEVICE_OBJECT, irp: *mut _IRP) -> NTSTATUS {
    ///     // SAFETY: the kernel gave a request, whose stack location is set.
    ///     unsafe {
    ///         let overlay = (*irp).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1;
    ///         let stack = overlay.CurrentStackLocation;
    ///         let is_control = (*stack).MajorFunction == 0x0E;
    ///         let length = (*stack).Parameters.DeviceIoControl.OutputBufferLength;
    ///         (*irp).IoStatus.Information = if is_control { length.into() } else { 0 };
    ///         (*irp).IoStatus.__bindgen_anon_1.Status = 0;
    ///         IofCompleteRequest(irp, 0);
    ///     }
    ///     0
    /// }
    ///
    /// unsafe extern "system" fn entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    ///     let mut text: Vec<u16> = r"\Device\Echo".encode_utf16().collect();
    ///     let bytes = (text.len() * 2) as u16;
    ///     let mut name = UNICODE_STRING {
    ///         Length: bytes,
    ///         MaximumLength: bytes,
    ///         Buffer: text.as_mut_ptr(),
    ///     };
    ///     let mut device = null_mut();
    ///     // SAFETY: the kernel gave the driver object; all other pointers are to live variables.
    ///     unsafe {
    ///         (*driver).MajorFunction[0x00] = Some(echo);
    ///         (*driver).MajorFunction[0x0E] = Some(echo);
    ///         IoCreateDevice(driver, 0, &mut name, 0x22, 0, 0, &mut device)
    ///     }
    /// }
    ///
    /// let machine = Machine::builder().build()?;
    /// // SAFETY: the driver follows the rules.
    /// let _driver = unsafe { machine.load_linked("echo", entry)? };
    /// let app = machine.process("app.exe");
    /// let thread = app.enter();
    /// let device = thread.open_device(r"\Device\Echo")?;
    /// let answer = device.control(0x0022_2000, b"hello", 4);
    /// assert_eq!((answer.status, answer.output), (Status::SUCCESS, b"hell".to_vec()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn control(&self, code: u32, input: &[u8], output_len: usize) -> DeviceAnswer {
        let mut output = vec![0; output_len];
        let (status, written) = self.control_with(code, input, &mut output);
        output.truncate(written);
        DeviceAnswer { status, output }
    }

    /// Sends a control code with a buffer of the caller's, which the driver can also read if the
    /// code's method is `METHOD_IN_DIRECT`, `METHOD_OUT_DIRECT` or `METHOD_NEITHER`. Gives the status
    /// and the number of bytes that the driver says are the output, 0 if the status is an error.
    pub fn control_with(&self, code: u32, input: &[u8], buffer: &mut [u8]) -> (Status, usize) {
        let operation = Operation::Control {
            code,
            input,
            output: buffer,
        };
        let sent = self.start(operation, buffer.len());
        sent.map_or_else(|status| (status, 0), |sent| sent.wait_with(buffer))
    }

    /// Sends a control code of `METHOD_NEITHER` with memory of a program's, which the driver gets as it
    /// is, and which may not be there: an input and a buffer for the output, each as memory and a range
    /// of it. Gives the status and the number of bytes that the driver says are the output.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a code of another method, and for a range that the memory does not
    /// have.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub fn control_in_memory(
        &self,
        code: u32,
        (input, input_range): (&UserMemory, Range<usize>),
        (output, output_range): (&UserMemory, Range<usize>),
    ) -> Result<(Status, usize), Status> {
        const METHOD_NEITHER: u32 = 3;
        if code & 3 != METHOD_NEITHER {
            return Err(Status::INVALID_PARAMETER);
        }
        let place = |memory: &UserMemory, range: Range<usize>| {
            let is_inside = range.start <= range.end && range.end <= memory.size();
            let place = (memory.address() + range.start, range.len());
            is_inside.then_some(place).ok_or(Status::INVALID_PARAMETER)
        };
        let operation = Operation::ControlNeither {
            code,
            input: place(input, input_range)?,
            output: place(output, output_range)?,
        };
        Ok(self.start(operation, 0)?.wait_with(&mut []))
    }

    /// Reads up to `length` bytes from where the file object says, which the driver moves
    /// (`NtReadFile`). The driver gets `IRP_MJ_READ`, with its buffer as the device's flags say.
    pub fn read(&self, length: usize) -> DeviceAnswer {
        self.read_from(None, length)
    }

    /// Reads up to `length` bytes from an offset.
    pub fn read_at(&self, offset: u64, length: usize) -> DeviceAnswer {
        self.read_from(Some(offset), length)
    }

    fn read_from(&self, offset: Option<u64>, length: usize) -> DeviceAnswer {
        let buffer = &vec![0; length];
        let sent = self.start(Operation::Read { buffer, offset }, length);
        sent.map_or_else(DeviceAnswer::refused, UserRequest::wait)
    }

    /// Writes bytes where the file object says, which the driver moves (`NtWriteFile`). The driver gets
    /// `IRP_MJ_WRITE`, with its buffer as the device's flags say. Gives the status and how many bytes
    /// the driver says it has written.
    pub fn write(&self, data: &[u8]) -> (Status, usize) {
        self.write_to(None, data)
    }

    /// Writes bytes at an offset.
    pub fn write_at(&self, offset: u64, data: &[u8]) -> (Status, usize) {
        self.write_to(Some(offset), data)
    }

    fn write_to(&self, offset: Option<u64>, data: &[u8]) -> (Status, usize) {
        let sent = self.start(Operation::Write { data, offset }, 0);
        sent.map_or_else(|status| (status, 0), |sent| sent.wait_with(&mut []))
    }

    /// Has the device write what it holds back (`NtFlushBuffersFile`): `IRP_MJ_FLUSH_BUFFERS`.
    pub fn flush(&self) -> Status {
        let sent = self.start(Operation::Flush, 0);
        sent.map_or_else(|status| status, |sent| sent.wait().status)
    }

    /// Sends a control code as [`control`](Self::control) does, and does not wait, unless the device
    /// was opened with [`open_device`](ThreadGuard::open_device).
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if something else has closed the handle.
    pub fn start_control(
        &self,
        code: u32,
        input: &[u8],
        output_len: usize,
    ) -> Result<UserRequest<'t>, Status> {
        let operation = Operation::Control {
            code,
            input,
            output: &vec![0; output_len],
        };
        self.start(operation, output_len)
    }

    /// Begins to read from an offset.
    ///
    /// # Errors
    /// As for [`start_control`](Self::start_control).
    pub fn start_read(&self, offset: u64, length: usize) -> Result<UserRequest<'t>, Status> {
        let operation = Operation::Read {
            buffer: &vec![0; length],
            offset: Some(offset),
        };
        self.start(operation, length)
    }

    /// Begins to write at an offset.
    ///
    /// # Errors
    /// As for [`start_control`](Self::start_control).
    pub fn start_write(&self, offset: u64, data: &[u8]) -> Result<UserRequest<'t>, Status> {
        let offset = Some(offset);
        self.start(Operation::Write { data, offset }, 0)
    }

    fn start(&self, operation: Operation<'_>, room: usize) -> Result<UserRequest<'t>, Status> {
        let guard = self.guard;
        let sent = guard.system_call(|thread| io::start(thread, self.handle, operation))?;
        Ok(UserRequest { guard, sent, room })
    }

    /// Closes the device. Requests that are pending keep it until they are completed.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if something else has closed its handle.
    pub fn close(self) -> Result<(), Status> {
        let closed = self.guard.close_handle(self.handle);
        std::mem::forget(self);
        closed
    }
}

impl DeviceAnswer {
    fn refused(status: Status) -> Self {
        Self {
            status,
            output: Vec::new(),
        }
    }
}

/// A request that a program has made and not waited for ([`UserDevice::start_control`] and its
/// neighbours). It goes on if this is dropped; when its thread
/// leaves the machine, it is cancelled.
#[must_use = "a request that nobody waits for may be cancelled before it is completed"]
pub struct UserRequest<'t> {
    guard: &'t ThreadGuard,
    sent: Sent,
    room: usize,
}

impl UserRequest<'_> {
    /// Whether it is completed.
    pub fn is_done(&self) -> bool {
        self.sent.is_done()
    }

    /// Cancels it (`NtCancelIoFileEx`); says whether it was pending with a cancel routine. A driver
    /// completes a request that is cancelled with `STATUS_CANCELLED`, if it does not finish it first.
    pub fn cancel(&self) -> bool {
        self.guard.system_call(|thread| self.sent.cancel(thread))
    }

    /// Waits until it is completed.
    pub fn wait(self) -> DeviceAnswer {
        let mut output = vec![0; self.room];
        let (status, written) = self.wait_with(&mut output);
        output.truncate(written);
        DeviceAnswer { status, output }
    }

    fn wait_with(self, output: &mut [u8]) -> (Status, usize) {
        let guard = self.guard;
        guard.system_call(|thread| self.sent.wait(thread, output))
    }
}

impl fmt::Debug for UserRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRequest")
            .field("done", &self.is_done())
            .finish_non_exhaustive()
    }
}

impl Drop for UserDevice<'_> {
    fn drop(&mut self) {
        // A handle that something else has closed needs nothing more.
        let _ = self.guard.close_handle(self.handle);
    }
}
