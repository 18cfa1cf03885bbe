//! Requests that stay pending, and those that drivers make.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use wdm_sim::Machine;
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IO_STATUS_BLOCK as IO_STATUS_BLOCK, _IRP as IRP, *,
};

use crate::io::*;
use crate::subject::{Subject, call, cases};

unsafe extern "system" {
    fn IoAllocateIrp(locations: i8, charge_quota: BOOLEAN) -> *mut IRP;
    fn IoFreeIrp(irp: *mut IRP);
    fn IoBuildAsynchronousFsdRequest(
        major: u32,
        device: *mut DEVICE_OBJECT,
        buffer: PVOID,
        length: u32,
        offset: *mut LARGE_INTEGER,
        status: *mut IO_STATUS_BLOCK,
    ) -> *mut IRP;
    fn IofCallDriver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS;
    fn IoReleaseCancelSpinLock(level: KIRQL);
}

const CANCELLED: NTSTATUS = 0xC000_0120_u32 as i32;
const MORE_PROCESSING_REQUIRED: NTSTATUS = 0xC000_0016_u32 as i32;
const FLUSH: u8 = 0x09;

cases! {
    completed_with_a_cancel_routine: IrpCancel at "IofCompleteRequest" = controlled(
        |driver, wrong| set_control(driver, if wrong { complete_cancellable } else { succeed }),
    );

    pending_for_a_thread_that_ends: IrpCancel at "IoCancelIrp" = Subject {
        during: |machine| {
            start(machine, false);
            let _thread = machine.system_process().enter();
            complete_kept();
        },
        ..controlled(|driver, wrong| {
            set_control(driver, if wrong { pend_uncancellable } else { pend_cancellable });
        })
    };

    cancel_routine_that_keeps_the_lock: IrpCancel at "DRIVER_CANCEL" = Subject {
        during: |machine| start(machine, true),
        ..controlled(|driver, wrong| {
            set_control(driver, if wrong { pend_keeping_the_lock } else { pend_cancellable });
        })
    };

    request_that_is_freed_twice: IrpFree at "IoFreeIrp" = Subject::entry(|_, wrong| {
        let irp = call!(IoAllocateIrp(1, 0));
        for _ in 0..1 + usize::from(wrong) {
            call!(IoFreeIrp(irp));
        }
    });

    request_that_is_not_freed: IrpFree at "DriverUnload" = Subject::entry(|_, wrong| {
        let irp = call!(IoAllocateIrp(1, 0));
        if !wrong {
            call!(IoFreeIrp(irp));
        }
    });

    request_that_goes_past_its_maker: IrpFree at "IO_COMPLETION_ROUTINE" = controlled(
        |driver, wrong| {
            set_control(driver, succeed);
            let irp = call!(IoAllocateIrp(1, 0));
            send(driver, irp, (!wrong).then_some(keep as _));
            call!(IoFreeIrp(irp));
        },
    );

    request_that_is_left_pending: IrpLeft at "DriverUnload" = Subject {
        entry: |driver, _| set_control(driver, succeed),
        unload: |driver, wrong| {
            // SAFETY: the kernel gave the driver its own object.
            unsafe { (*driver).MajorFunction[usize::from(FLUSH)] = Some(pend_uncancellable) };
            let device = device(driver);
            let (null, offset, status) = (null_mut(), null_mut(), null_mut());
            let major = u32::from(FLUSH);
            let irp = call!(IoBuildAsynchronousFsdRequest(major, device, null, 0, offset, status));
            send(driver, irp, Some(free));
            if !wrong {
                complete_kept();
            }
            delete_device(driver);
        },
        ..Subject::IDLE
    };
}

/// The request that the driver has.
static KEPT: AtomicPtr<IRP> = AtomicPtr::new(null_mut());

/// A program starts a request, and cancels it or ends.
fn start(machine: &Machine, cancels: bool) {
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).unwrap();
    let pending = device.start_control(BUFFERED, &[1], 2).unwrap();
    assert!(!cancels || pending.cancel());
}

/// Completes the request that is kept, if one is.
fn complete_kept() {
    let irp = KEPT.swap(null_mut(), Ordering::AcqRel);
    if !irp.is_null() {
        complete(irp, 0, 0);
    }
}

/// Sends a request to the driver's device, with a completion routine or without.
fn send(driver: PDRIVER_OBJECT, irp: *mut IRP, routine: PIO_COMPLETION_ROUTINE) {
    let next = stack(irp).wrapping_sub(1);
    // SAFETY: the request has a location for the device's driver.
    let next = unsafe { &mut *next };
    next.MajorFunction = FLUSH;
    next.CompletionRoutine = routine;
    // For success, errors and cancelled requests.
    next.Control = if routine.is_some() { 0xE0 } else { 0 };
    call!(IofCallDriver(device(driver), irp));
}

unsafe extern "system" fn keep(_: *mut DEVICE_OBJECT, _: *mut IRP, _: PVOID) -> NTSTATUS {
    MORE_PROCESSING_REQUIRED
}

unsafe extern "system" fn free(_: *mut DEVICE_OBJECT, irp: *mut IRP, _: PVOID) -> NTSTATUS {
    call!(IoFreeIrp(irp));
    MORE_PROCESSING_REQUIRED
}

type Cancel = unsafe extern "system" fn(*mut DEVICE_OBJECT, *mut IRP);

/// `IoSetCancelRoutine`.
fn set_cancel(irp: *mut IRP, routine: Cancel) {
    // SAFETY: the driver has the request; only the field's address is taken.
    let place = unsafe { &raw mut (*irp).CancelRoutine };
    // SAFETY: the field is an address, which is exchanged atomically everywhere.
    let place = unsafe { AtomicUsize::from_ptr(place.cast()) };
    place.swap((routine as *const ()).expose_provenance(), Ordering::AcqRel);
}

unsafe extern "system" fn cancel(_: *mut DEVICE_OBJECT, irp: *mut IRP) {
    // SAFETY: the kernel gave the request.
    let level = unsafe { (*irp).CancelIrql };
    call!(IoReleaseCancelSpinLock(level));
    complete(irp, CANCELLED, 0);
}

unsafe extern "system" fn cancel_under_the_lock(_: *mut DEVICE_OBJECT, irp: *mut IRP) {
    complete(irp, CANCELLED, 0);
}

unsafe extern "system" fn complete_cancellable(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    set_cancel(irp, cancel);
    complete(irp, 0, 0)
}

unsafe extern "system" fn pend_cancellable(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    mark(irp);
    set_cancel(irp, cancel);
    PENDING
}

unsafe extern "system" fn pend_keeping_the_lock(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    mark(irp);
    set_cancel(irp, cancel_under_the_lock);
    PENDING
}

unsafe extern "system" fn pend_uncancellable(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    mark(irp);
    KEPT.store(irp, Ordering::Release);
    PENDING
}
