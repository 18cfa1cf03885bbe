//! Devices and requests.

use std::ptr::null_mut;

use wdm_sim::{KeyAccess, Machine};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IO_STACK_LOCATION as IO_STACK_LOCATION, _IRP as IRP, *,
};

use crate::cm::Wide;
use crate::subject::{Subject, call, cases};

pub(crate) const DEVICE: &str = r"\Device\Subject";
const CREATE: usize = 0x00;
const CLOSE: usize = 0x02;
const CONTROL: usize = 0x0E;
const FLUSH: usize = 0x09;
const CLEANUP: usize = 0x12;
/// A control code whose request has a system buffer.
pub(crate) const BUFFERED: u32 = 0x0022_2000;
pub(crate) const PENDING: NTSTATUS = 0x103;
const UNSUCCESSFUL: NTSTATUS = 0xC000_0001_u32 as i32;

cases! {
    device_left_behind: Device at "DriverUnload" = Subject {
        entry: |driver, _| make_device(driver),
        unload: |driver, wrong| {
            if !wrong {
                delete_device(driver);
            }
        },
        ..Subject::IDLE
    };

    request_that_is_not_completed: IrpNotCompleted at "IRP_MJ_DEVICE_CONTROL" = controlled(
        |driver, wrong| set_control(driver, if wrong { forget } else { succeed }),
    );

    request_completed_twice: IrpTwice at "IofCompleteRequest" = controlled(|driver, wrong| {
        set_control(driver, if wrong { complete_twice } else { succeed });
    });

    another_status_returned: IrpStatus at "IRP_MJ_DEVICE_CONTROL" = controlled(|driver, wrong| {
        set_control(driver, if wrong { return_another } else { succeed });
    });

    pending_without_a_mark: IrpPending at "IRP_MJ_DEVICE_CONTROL" = controlled(|driver, wrong| {
        set_control(driver, if wrong { pend_unmarked } else { pend });
    });

    more_output_than_room: IrpInformation at "IRP_MJ_DEVICE_CONTROL" = controlled(
        |driver, wrong| set_control(driver, if wrong { give_too_much } else { succeed }),
    );
}

pub(crate) type Dispatch = unsafe extern "system" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS;

/// A driver with a device that a program controls.
pub(crate) const fn controlled(entry: fn(PDRIVER_OBJECT, bool)) -> Subject {
    Subject {
        entry,
        during: control,
        unload: |driver, _| delete_device(driver),
        ..Subject::IDLE
    }
}

fn control(machine: &Machine) {
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).unwrap();
    device.control(BUFFERED, &[1], 2);
    drop(device);
    let key = thread.open_key(crate::cm::SYSTEM, KeyAccess::READ);
    assert!(key.is_ok(), "the machine goes on");
}

fn make_device(driver: PDRIVER_OBJECT) {
    let mut name = Wide::new(DEVICE);
    let mut device = null_mut();
    let (name, place) = (name.as_ptr(), &raw mut device);
    assert_eq!(call!(IoCreateDevice(driver, 0, name, 0x22, 0, 0, place)), 0);
}

pub(crate) fn delete_device(driver: PDRIVER_OBJECT) {
    call!(IoDeleteDevice(device(driver)));
}

/// The driver's device.
pub(crate) fn device(driver: PDRIVER_OBJECT) -> *mut DEVICE_OBJECT {
    // SAFETY: the kernel gave the driver its own object.
    unsafe { (*driver).DeviceObject }
}

pub(crate) fn set_control(driver: PDRIVER_OBJECT, control: Dispatch) {
    make_device(driver);
    for (major, routine) in [
        (CREATE, succeed as Dispatch),
        (CLOSE, succeed),
        (FLUSH, succeed),
        (CLEANUP, succeed),
        (CONTROL, control),
    ] {
        // SAFETY: the kernel gave the driver its own object.
        unsafe { (*driver).MajorFunction[major] = Some(routine) };
    }
}

/// Completes a request; gives the status.
pub(crate) fn complete(irp: *mut IRP, status: NTSTATUS, information: u64) -> NTSTATUS {
    // SAFETY: the kernel gave the request, which is not completed.
    let request = unsafe { &mut *irp };
    request.IoStatus.__bindgen_anon_1.Status = status;
    request.IoStatus.Information = information;
    call!(IofCompleteRequest(irp, 0));
    status
}

/// `IoGetCurrentIrpStackLocation`.
pub(crate) fn stack(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: the kernel has initialised all of the request.
    let request = unsafe { *irp };
    // SAFETY: as above.
    let overlay = unsafe { request.Tail.Overlay };
    let parts = overlay.__bindgen_anon_2;
    // SAFETY: as above.
    unsafe { parts.__bindgen_anon_1.CurrentStackLocation }
}

/// `IoMarkIrpPending`.
pub(crate) fn mark(irp: *mut IRP) {
    // SAFETY: the driver has the request, whose location is the driver's.
    unsafe { (*stack(irp)).Control |= 1 };
}

pub(crate) unsafe extern "system" fn succeed(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    complete(irp, 0, 0)
}

unsafe extern "system" fn forget(_: *mut DEVICE_OBJECT, _: *mut IRP) -> NTSTATUS {
    0
}

unsafe extern "system" fn complete_twice(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    complete(irp, 0, 0);
    call!(IofCompleteRequest(irp, 0));
    0
}

unsafe extern "system" fn return_another(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    complete(irp, UNSUCCESSFUL, 0);
    0
}

unsafe extern "system" fn pend_unmarked(_: *mut DEVICE_OBJECT, _: *mut IRP) -> NTSTATUS {
    PENDING
}

unsafe extern "system" fn pend(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    mark(irp);
    complete(irp, 0, 0);
    PENDING
}

unsafe extern "system" fn give_too_much(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    complete(irp, 0, 100)
}
