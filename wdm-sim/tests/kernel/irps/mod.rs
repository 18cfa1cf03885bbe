//! Requests to devices.

mod cancel;
mod control;
mod files;
mod filters;
mod lists;
mod made;
mod queues;
mod stacks;
mod transfer;

use std::ptr::null_mut;

use wdm_sim::{Driver, Machine};
use wdm_sys::{
    _IO_STACK_LOCATION as IO_STACK_LOCATION, _IRP as IRP, NTSTATUS, PDEVICE_OBJECT,
    PDRIVER_DISPATCH, PDRIVER_OBJECT, PIRP, PVOID,
};

use crate::support::{SUCCESS, Text, call, load, machine};

pub(super) const CREATE: u8 = 0x00;
pub(super) const CLOSE: u8 = 0x02;
pub(super) const READ: u8 = 0x03;
pub(super) const WRITE: u8 = 0x04;
pub(super) const FLUSH: u8 = 0x09;
pub(super) const CONTROL: u8 = 0x0E;
pub(super) const INTERNAL: u8 = 0x0F;
pub(super) const SHUTDOWN: u8 = 0x10;
pub(super) const CLEANUP: u8 = 0x12;

/// The major functions that the tests' drivers handle.
pub(super) const MAJORS: [u8; 9] = [
    CREATE, CLOSE, READ, WRITE, FLUSH, CONTROL, INTERNAL, SHUTDOWN, CLEANUP,
];

pub(super) const BUFFERED: u32 = 0x0022_2000;
pub(super) const IN_DIRECT: u32 = 0x0022_2001;
pub(super) const OUT_DIRECT: u32 = 0x0022_2002;
pub(super) const NEITHER: u32 = 0x0022_2003;

pub(super) const PENDING: NTSTATUS = 0x103;
pub(super) const OVERFLOW: NTSTATUS = 0x8000_0005_u32 as i32;
pub(super) const DEVICE: &str = r"\Device\Tested";
pub(super) const SL_PENDING_RETURNED: u8 = 1;
pub(super) const SL_INVOKE_ON_CANCEL: u8 = 0x20;
pub(super) const SL_INVOKE_ON_SUCCESS: u8 = 0x40;
pub(super) const SL_INVOKE_ON_ERROR: u8 = 0x80;
pub(super) const MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32 as i32;

pub(super) const MDL_MAPPED_TO_SYSTEM_VA: i16 = 0x1;
pub(super) const MDL_WRITE_OPERATION: i16 = 0x80;

/// What the request says now.
pub(super) fn request(irp: PIRP) -> IRP {
    // SAFETY: the kernel gave the request, which is not completed.
    unsafe { *irp }
}

/// The request's stack location (`IoGetCurrentIrpStackLocation`).
pub(super) fn stack(irp: PIRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: the kernel has initialised all of the request.
    let overlay = unsafe { request(irp).Tail.Overlay };
    // SAFETY: as above.
    unsafe {
        overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation
    }
}

/// What its stack location says.
pub(super) fn location(irp: PIRP) -> IO_STACK_LOCATION {
    // SAFETY: the kernel has set the location.
    unsafe { *stack(irp) }
}

pub(super) fn system_buffer(irp: PIRP) -> *mut u8 {
    // SAFETY: the kernel has initialised all of the request.
    let buffer = unsafe { request(irp).AssociatedIrp.SystemBuffer };
    buffer.cast()
}

/// Changes the first byte of the system buffer.
pub(super) fn change_byte(irp: PIRP, change: impl FnOnce(u8) -> u8) {
    let byte = system_buffer(irp);
    // SAFETY: the request's system buffer has a byte.
    let before = unsafe { byte.read() };
    // SAFETY: as above.
    unsafe { byte.write(change(before)) };
}

pub(super) fn major(irp: PIRP) -> u8 {
    location(irp).MajorFunction
}

/// Completes a request; returns the status.
pub(super) fn complete(irp: PIRP, status: NTSTATUS, information: usize) -> NTSTATUS {
    // SAFETY: the kernel gave the request, and it is not completed yet.
    let irp_ref = unsafe { &mut *irp };
    irp_ref.IoStatus.__bindgen_anon_1.Status = status;
    irp_ref.IoStatus.Information = information as u64;
    call!(IofCompleteRequest(irp, 0));
    status
}

/// The status in the request (`IoStatus.Status`).
pub(super) fn io_status(irp: PIRP) -> NTSTATUS {
    // SAFETY: the kernel has initialised all of the request.
    unsafe { request(irp).IoStatus.__bindgen_anon_1.Status }
}

/// `IoStatus.Information`.
pub(super) fn information(irp: PIRP) -> usize {
    request(irp).IoStatus.Information as usize
}

unsafe extern "system" {
    fn IofCallDriver(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS;
}

/// Sends a request to a device (`IoCallDriver`).
pub(super) fn send(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the driver has the request, and the device is below its own.
    unsafe { IofCallDriver(device, irp) }
}

/// Moves a request by that many locations.
fn move_by(irp: PIRP, locations: i8) {
    let moved = stack(irp).wrapping_offset(locations.into());
    // SAFETY: the driver has the request.
    let irp = unsafe { &mut *irp };
    irp.CurrentLocation += locations;
    let overlay = &raw mut irp.Tail.Overlay;
    // SAFETY: the kernel has initialised all of the request.
    let overlay = unsafe { &mut *overlay };
    overlay
        .__bindgen_anon_2
        .__bindgen_anon_1
        .CurrentStackLocation = moved;
}

/// `IoSkipCurrentIrpStackLocation`.
pub(super) fn skip(irp: PIRP) {
    move_by(irp, 1);
}

/// `IoSetNextIrpStackLocation`.
pub(super) fn set_next(irp: PIRP) {
    move_by(irp, -1);
}

/// `IoGetNextIrpStackLocation`.
pub(super) fn next(irp: PIRP) -> *mut IO_STACK_LOCATION {
    stack(irp).wrapping_sub(1)
}

/// `IoCopyCurrentIrpStackLocationToNext`.
pub(super) fn copy(irp: PIRP) {
    let current = location(irp);
    let copied = IO_STACK_LOCATION {
        Control: 0,
        CompletionRoutine: None,
        Context: null_mut(),
        ..current
    };
    // SAFETY: the request has a location below the current one.
    unsafe { next(irp).write(copied) };
}

/// `IoSetCompletionRoutine`, for all cases.
pub(super) fn set_completion(
    irp: PIRP,
    routine: unsafe extern "system" fn(PDEVICE_OBJECT, PIRP, PVOID) -> NTSTATUS,
    context: PVOID,
) {
    // SAFETY: the request has a location below the current one.
    let next = unsafe { &mut *next(irp) };
    next.CompletionRoutine = Some(routine);
    next.Context = context;
    next.Control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
}

/// Says when the completion routine is invoked.
pub(super) fn invoke_on(irp: PIRP, control: u8) {
    // SAFETY: the request has a location below the current one.
    unsafe { (*next(irp)).Control = control };
}

/// What each completion routine does that lets the request go on.
pub(super) fn propagate(irp: PIRP) {
    if request(irp).PendingReturned != 0 {
        mark(irp);
    }
}

/// Code, length of the input and length of the output buffer.
pub(super) fn parameters(irp: PIRP) -> (u32, usize, usize) {
    // SAFETY: the kernel gave a device-control request.
    let parameters = unsafe { location(irp).Parameters.DeviceIoControl };
    (
        parameters.IoControlCode,
        parameters.InputBufferLength as usize,
        parameters.OutputBufferLength as usize,
    )
}

/// Prints a line.
pub(super) fn say(line: &std::ffi::CStr) {
    let none = null_mut();
    call!(vDbgPrintExWithPrefix(
        c"".as_ptr(),
        0,
        0,
        line.as_ptr(),
        none
    ));
}

pub(super) fn make_device(driver: PDRIVER_OBJECT, exclusive: bool) -> PDEVICE_OBJECT {
    let mut name = Text::new(DEVICE);
    let mut device = null_mut();
    let exclusive = u8::from(exclusive);
    let status = call!(IoCreateDevice(
        driver,
        0,
        name.as_ptr(),
        0x22,
        0,
        exclusive,
        &raw mut device
    ));
    assert_eq!(status, SUCCESS, "the device is made");
    device
}

pub(super) unsafe extern "system" fn unload(driver: PDRIVER_OBJECT) {
    let mut link = Text::new(r"\DosDevices\Link");
    call!(IoDeleteSymbolicLink(link.as_ptr()));
    // SAFETY: the kernel gave the driver its own object.
    let device = unsafe { (*driver).DeviceObject };
    call!(IoDeleteDevice(device));
}

pub(super) fn set_routines(driver: PDRIVER_OBJECT, routines: &[(u8, PDRIVER_DISPATCH)]) {
    crate::support::set_unload(driver, Some(unload));
    for &(major, routine) in routines {
        // SAFETY: the kernel gave the driver its own object.
        unsafe { (*driver).MajorFunction[usize::from(major)] = routine };
    }
}

/// Defines a `DriverEntry` that makes a device with a dispatch routine for all requests.
macro_rules! device_driver {
    ($entry:ident, $dispatch:ident) => {
        unsafe extern "system" fn $entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
            set_routines(driver, &MAJORS.map(|major| (major, Some($dispatch as _))));
            make_device(driver, false);
            let mut link = Text::new(r"\DosDevices\Link");
            let mut target = Text::new(DEVICE);
            call!(IoCreateSymbolicLink(link.as_ptr(), target.as_ptr()))
        }
    };
}

pub(super) fn loaded(entry: wdm_sim::LinkedEntry) -> (Machine, Driver) {
    let machine = machine();
    let driver = load(&machine, "tested", entry).expect("it loads");
    (machine, driver)
}

/// Sends one control code to the driver; gives the answer and the findings.
pub(super) fn control(
    entry: wdm_sim::LinkedEntry,
    code: u32,
    input: &[u8],
    room: usize,
) -> (wdm_sim::DeviceAnswer, Vec<wdm_sim::Finding>) {
    let (machine, driver) = loaded(entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    let answer = device.control(code, input, room);
    drop(device);
    machine.unload(driver).expect("it unloads");
    (answer, machine.report().findings)
}

/// Defines a driver whose device-control routine is an expression, and which succeeds otherwise.
macro_rules! controls {
    ($entry:ident, $dispatch:ident, |$irp:ident| $body:expr) => {
        unsafe extern "system" fn $dispatch(_: *mut DEVICE_OBJECT, $irp: *mut IRP) -> NTSTATUS {
            if major($irp) != CONTROL {
                return complete($irp, SUCCESS, 0);
            }
            $body
        }
        device_driver!($entry, $dispatch);
    };
}

pub(super) fn mark(irp: PIRP) {
    // SAFETY: the kernel gave the request, which is not completed.
    unsafe { (*stack(irp)).Control |= SL_PENDING_RETURNED };
}

pub(crate) use {controls, device_driver};
