//! Files of devices: opening, using, closing.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/irp-mj-create> and its
//! neighbours, <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetdeviceobjectpointer>.
//! A device's security descriptor is not looked at.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wdm_sys::{_FILE_OBJECT as FILE_OBJECT, PFILE_OBJECT};

use super::device::DeviceMemory;
use super::irp::location;
use super::packet::Buffers;
use super::request::{self, For, Sent, flags, major};
use super::transfer::{Operation, Parameters, Prepared, Transfer};
use crate::machine::{DriverId, Kernel, Mode, Thread, current};
use crate::object::{Body, Handle, Object, ObjectRef};
use crate::status::Status;

/// `Type` of a file object (`IO_TYPE_FILE`).
const IO_TYPE_FILE: i16 = 5;
/// `FO_SYNCHRONOUS_IO`.
const FO_SYNCHRONOUS_IO: u32 = 0x2;
/// `FO_HANDLE_CREATED`.
const FO_HANDLE_CREATED: u32 = 0x0004_0000;
/// `FILE_OPEN` in the upper byte.
const FILE_OPEN: u32 = 0x0100_0000;
/// `FILE_SYNCHRONOUS_IO_NONALERT`.
const FILE_SYNCHRONOUS_IO_NONALERT: u32 = 0x20;
/// `FILE_SHARE_READ | FILE_SHARE_WRITE`.
const SHARE: u16 = 3;

/// How a device is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// The rights.
    pub(crate) rights: u32,
    /// Whether requests are waited for (`FILE_SYNCHRONOUS_IO_NONALERT`).
    pub(crate) synchronous: bool,
}

impl Access {
    /// What a program opens devices with: `FILE_GENERIC_READ | FILE_GENERIC_WRITE`.
    pub(crate) const PROGRAM: Self = Self {
        rights: 0x0012_019F,
        synchronous: true,
    };
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
    access: Access,
    /// Whether the driver has let it be opened.
    opened: AtomicBool,
}

// SAFETY: what drivers do with the file object is theirs; the kernel only fills it in.
unsafe impl Send for DeviceFile {}
// SAFETY: as above.
unsafe impl Sync for DeviceFile {}

impl DeviceFile {
    fn new(device: Arc<DeviceMemory>, rest: Vec<u16>, access: Access) -> Self {
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
        if access.synchronous {
            object.Flags = FO_SYNCHRONOUS_IO;
        }
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
            access,
            opened: AtomicBool::new(false),
        }
    }

    /// The file object.
    pub(super) fn object(&self) -> PFILE_OBJECT {
        self.object.as_ptr()
    }

    /// The device that was opened.
    pub(crate) fn device(&self) -> &Arc<DeviceMemory> {
        &self.device
    }

    fn create(&self, thread: &Thread) -> Status {
        let Access {
            rights,
            synchronous,
        } = self.access;
        let options = match synchronous {
            true => FILE_OPEN | FILE_SYNCHRONOUS_IO_NONALERT,
            false => FILE_OPEN,
        };
        let top = thread.kernel().io.top_of(&self.device);
        let maker = self.maker(thread.previous_mode());
        let flags = flags::CREATE_OPERATION | flags::SYNCHRONOUS_API;
        let made = request::make(thread, &top, maker, prepared(major::CREATE, flags));
        let packet = match made {
            Ok(packet) => packet,
            Err(status) => return status,
        };
        let at = packet.count();
        location!(packet.as_ref(), at, Parameters.Create.Options).set(options);
        location!(packet.as_ref(), at, Parameters.Create.ShareAccess).set(SHARE);
        if let Some(more) = packet.more() {
            // SAFETY: the memory has room for the structure; only the field's address is taken.
            let security = unsafe { &raw mut (*more).security };
            // SAFETY: as above, and nobody else knows the request yet.
            unsafe { (*security).DesiredAccess = rights };
            // SAFETY: as above.
            unsafe { (*security).FullCreateOptions = options };
            location!(packet.as_ref(), at, Parameters.Create.SecurityContext).set(security);
        }
        request::send_and_wait(thread, &packet, &top)
    }

    /// The last handle is closed (`IRP_MJ_CLEANUP`).
    pub(crate) fn cleanup(&self) {
        self.end("IRP_MJ_CLEANUP", major::CLEANUP, flags::SYNCHRONOUS_API);
    }

    /// The last reference is gone (`IRP_MJ_CLOSE`).
    pub(crate) fn close(&self, kernel: &Kernel) {
        let flags = flags::SYNCHRONOUS_API | flags::CLOSE_OPERATION;
        self.end("IRP_MJ_CLOSE", major::CLOSE, flags);
        kernel.io.end_open(&self.device);
    }

    fn end(&self, name: &'static str, major: u8, flags: u32) {
        if !self.opened.load(Ordering::Acquire) {
            return;
        }
        let thread = current(name);
        let top = thread.kernel().io.top_of(&self.device);
        let maker = self.maker(Mode::Kernel);
        let made = request::make(&thread, &top, maker, prepared(major, flags));
        if let Ok(packet) = made {
            // A file is closed whatever the driver answers.
            request::send_and_wait(&thread, &packet, &top);
        }
    }

    fn maker(&self, mode: Mode) -> For<'_> {
        For {
            mode,
            file: Some(self),
            object: None,
        }
    }

    /// Where a read or a write begins that does not say where: only files of synchronous requests
    /// know. The driver moves it.
    fn position(&self) -> Option<i64> {
        // SAFETY: by the invariant.
        let position = unsafe { (*self.object()).CurrentByteOffset };
        // SAFETY: all the union's members are made of the same 64 bits.
        let position = unsafe { position.QuadPart };
        self.access.synchronous.then_some(position)
    }

    fn send(
        &self,
        thread: &Thread,
        object: ObjectRef<'_>,
        operation: Operation<'_>,
    ) -> Result<Sent, Status> {
        let top = thread.kernel().io.top_of(&self.device);
        let mut prepared = operation.prepare(top.flags(), self.position())?;
        if self.access.synchronous {
            prepared.flags |= flags::SYNCHRONOUS_API;
        }
        let maker = For {
            object: Some(object.object()),
            ..self.maker(thread.previous_mode())
        };
        let packet = request::make(thread, &top, maker, prepared)?;
        request::send(thread, &packet, &top);
        if self.access.synchronous {
            packet.wait(None);
        }
        Ok(Sent::new(thread, packet, self.device.owner(), object))
    }
}

impl Drop for DeviceFile {
    fn drop(&mut self) {
        // SAFETY: by the invariant.
        drop(unsafe { Box::from_raw(self.object.as_ptr()) });
    }
}

/// A request that transfers nothing.
fn prepared(major: u8, flags: u32) -> Prepared {
    Prepared {
        major,
        flags,
        parameters: Parameters::None,
        buffers: Buffers::default(),
        transfer: Transfer::default(),
    }
}

fn open<'t>(thread: &'t Thread, name: &[u16], access: Access) -> Result<ObjectRef<'t>, Status> {
    let kernel = thread.kernel();
    let (device, rest) = kernel.io.begin_open(name)?;
    let file = DeviceFile::new(device, rest, access);
    let address = file.object().expose_provenance();
    let object = kernel
        .objects
        .create_at(kernel, address, Body::Device(file));
    let Body::Device(file) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    file.create(thread).to_result()?;
    file.opened.store(true, Ordering::Release);
    // SAFETY: by the invariant of the file; the field is the kernel's.
    unsafe { (*file.object()).Flags |= FO_HANDLE_CREATED };
    Ok(object)
}

/// Opens a device by its name, for the current process.
///
/// # Errors
/// What the name leads to, or the driver answers.
pub(crate) fn open_device(thread: &Thread, name: &[u16], access: Access) -> Result<Handle, Status> {
    let object = open(thread, name, access)?;
    let handles = thread.process().handles();
    let handle = handles.insert(object, access.rights, DriverId::NONE);
    handle.ok_or(Status::INSUFFICIENT_RESOURCES)
}

/// Opens a device by its name for a driver (`IoGetDeviceObjectPointer`): gives its file object and the
/// highest device of its stack. The handle is closed already, so the driver has had its cleanup.
///
/// # Errors
/// What the name leads to, or the driver answers.
pub(crate) fn open_pointer<'t>(
    thread: &'t Thread,
    name: &[u16],
    rights: u32,
) -> Result<(ObjectRef<'t>, Arc<DeviceMemory>), Status> {
    let access = Access {
        rights,
        synchronous: true,
    };
    let object = thread.with_previous_mode(Mode::Kernel, || open(thread, name, access))?;
    let Body::Device(file) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    file.cleanup();
    let top = thread.kernel().io.top_of(&file.device);
    Ok((object, top))
}

/// Asks something of a device through a handle. On a file of synchronous requests this waits.
///
/// # Errors
/// `STATUS_INVALID_HANDLE`, `STATUS_OBJECT_TYPE_MISMATCH`, and those of the operation.
pub(crate) fn start(
    thread: &Thread,
    handle: Handle,
    operation: Operation<'_>,
) -> Result<Sent, Status> {
    let found = thread.reference_handle(handle);
    let (object, _) = found.ok_or(Status::INVALID_HANDLE)?;
    let file: Arc<Object> = Arc::clone(object.object());
    match file.body() {
        Body::Device(device) => device.send(thread, object, operation),
        _ => Err(Status::OBJECT_TYPE_MISMATCH),
    }
}
