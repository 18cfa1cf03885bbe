//! Devices as user-mode code uses them: open, device control, close.

use crate::io;
use crate::machine::ThreadGuard;
use crate::object::Handle;
use crate::status::Status;

use super::Text;

/// An open device. Dropping it closes it: the driver gets `IRP_MJ_CLEANUP` and, unless something
/// else holds the file object, `IRP_MJ_CLOSE`.
#[must_use = "the device is closed when this is dropped"]
#[derive(Debug)]
pub struct UserDevice<'t> {
    guard: &'t ThreadGuard,
    handle: Handle,
}

/// What a driver answers to a control code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlAnswer {
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
        let path = Text::new(path)?;
        let handle = self.system_call(|thread| io::open_device(thread, &path.units))?;
        Ok(UserDevice {
            guard: self,
            handle,
        })
    }
}

impl UserDevice<'_> {
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
    pub fn control(&self, code: u32, input: &[u8], output_len: usize) -> ControlAnswer {
        let mut output = vec![0; output_len];
        let (status, written) = self.control_with(code, input, &mut output);
        output.truncate(written);
        ControlAnswer { status, output }
    }

    /// Sends a control code with a buffer of the caller's, which the driver can also read if the
    /// code's method is `METHOD_IN_DIRECT`, `METHOD_OUT_DIRECT` or `METHOD_NEITHER`. Gives the status
    /// and the number of bytes that the driver says are the output, 0 if the status is an error.
    pub fn control_with(&self, code: u32, input: &[u8], buffer: &mut [u8]) -> (Status, usize) {
        let guard = self.guard;
        guard.system_call(|thread| io::control(thread, self.handle, code, input, buffer))
    }

    /// Closes the device.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if something else has closed its handle.
    pub fn close(self) -> Result<(), Status> {
        let closed = self.guard.close_handle(self.handle);
        std::mem::forget(self);
        closed
    }
}

impl Drop for UserDevice<'_> {
    fn drop(&mut self) {
        // A handle that something else has closed needs nothing more.
        let _ = self.guard.close_handle(self.handle);
    }
}
