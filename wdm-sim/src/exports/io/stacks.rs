//! Stacks of devices.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioattachdevice>,
//! `nf-wdm-ioattachdevicetodevicestack`, `nf-wdm-iodetachdevice`, `nf-wdm-iogetdeviceobjectpointer`,
//! `nf-wdm-iogetattacheddevicereference`, `nf-wdm-iogetrelateddeviceobject`.

use std::ptr::null_mut;

use wdm_sys::{ACCESS_MASK, NTSTATUS, PDEVICE_OBJECT, PFILE_OBJECT, PUNICODE_STRING, PVOID};

use super::devices::no_device;
use crate::exports::ob::objects::{hand_over, live_object};
use crate::exports::{exports, text};
use crate::io::{self, NotStacked};
use crate::machine::{Thread, current, irql};
use crate::object::Body;
use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Attaches a device to the stack that another is in; gives the device that is below it then, or
    /// NULL.
    [undeclared]
    fn IoAttachDeviceToDeviceStack(
        source: PDEVICE_OBJECT,
        target: PDEVICE_OBJECT,
    ) -> PDEVICE_OBJECT {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        attach(&thread, CALL, source, target).unwrap_or(null_mut())
    }

    /// Does the same, and gives the device in a place where it is before any request comes.
    [undeclared]
    fn IoAttachDeviceToDeviceStackSafe(
        source: PDEVICE_OBJECT,
        target: PDEVICE_OBJECT,
        attached: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let below = attach(&thread, CALL, source, target);
        // SAFETY: the caller gave a place for the device.
        unsafe { attached.write(below.unwrap_or(null_mut())) };
        below.map_or(Status::NO_SUCH_DEVICE.0, |_| Status::SUCCESS.0)
    }

    /// Attaches a device to the stack of one with a name. No request is sent for that.
    [undeclared]
    fn IoAttachDevice(
        source: PDEVICE_OBJECT,
        target: PUNICODE_STRING,
        attached: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let name = unsafe { text(target) }.unwrap_or_default();
        let target = match thread.kernel().io.named(name) {
            Ok(target) => target,
            Err(status) => return status.0,
        };
        let below = attach(&thread, CALL, source, target.object());
        // SAFETY: the caller gave a place for the device.
        unsafe { attached.write(below.unwrap_or(null_mut())) };
        below.map_or(Status::NO_SUCH_DEVICE.0, |_| Status::SUCCESS.0)
    }

    /// Detaches the device that is attached to a device.
    [undeclared]
    fn IoDetachDevice(lower: PDEVICE_OBJECT) {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        if let Err(why) = thread.kernel().io.detach(lower) {
            report(&thread, CALL, why, lower);
        }
    }

    /// The highest device of a stack, with a reference.
    [undeclared]
    fn IoGetAttachedDeviceReference(device: PDEVICE_OBJECT) -> PDEVICE_OBJECT {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let Some(top) = top(&thread, CALL, device) else {
            return null_mut();
        };
        if let Ok(object) = live_object(&thread, CALL, top.cast()) {
            drop(hand_over(&thread, object));
        }
        top
    }

    /// The highest device of a stack.
    [undeclared]
    fn IoGetAttachedDevice(device: PDEVICE_OBJECT) -> PDEVICE_OBJECT {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        top(&thread, CALL, device).unwrap_or(null_mut())
    }

    /// The device that gets the requests of a file.
    [undeclared]
    fn IoGetRelatedDeviceObject(file: PFILE_OBJECT) -> PDEVICE_OBJECT {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let Ok(object) = live_object(&thread, CALL, file.cast()) else {
            return null_mut();
        };
        match object.body() {
            Body::Device(file) => {
                let device = file.device().object();
                top(&thread, CALL, device).unwrap_or(device)
            }
            _ => {
                let detail = format!("a {} is no file of a device", object.object_type());
                thread.finding(Rule::Parameter, CALL, detail);
                null_mut()
            }
        }
    }

    /// Opens a device by its name: gives a file object with a reference, which keeps the device, and
    /// the highest device of its stack.
    [undeclared]
    fn IoGetDeviceObjectPointer(
        name: PUNICODE_STRING,
        access: ACCESS_MASK,
        file: *mut PFILE_OBJECT,
        device: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let name = unsafe { text(name) }.unwrap_or_default();
        let (object, top) = match io::open_pointer(&thread, name, access) {
            Ok(opened) => opened,
            Err(status) => return status.0,
        };
        let address: PVOID = std::ptr::with_exposed_provenance_mut(object.address());
        drop(hand_over(&thread, object));
        // SAFETY: the caller gave a place for the file object.
        unsafe { file.write(address.cast()) };
        // SAFETY: the caller gave a place for the device.
        unsafe { device.write(top.object()) };
        Status::SUCCESS.0
    }
}

fn attach(
    thread: &Thread,
    call: &'static str,
    source: PDEVICE_OBJECT,
    target: PDEVICE_OBJECT,
) -> Option<PDEVICE_OBJECT> {
    match thread.kernel().io.attach(source, target) {
        Ok(below) => Some(below),
        Err(NotStacked::Refused) => None,
        Err(why) => {
            report(thread, call, why, target);
            None
        }
    }
}

fn top(thread: &Thread, call: &'static str, device: PDEVICE_OBJECT) -> Option<PDEVICE_OBJECT> {
    let top = thread.kernel().io.attached_device(device);
    if top.is_none() {
        no_device(thread, call, device);
    }
    top.map(|top| top.object())
}

fn report(thread: &Thread, call: &'static str, why: NotStacked, device: PDEVICE_OBJECT) {
    let detail = match why {
        NotStacked::Unknown => return no_device(thread, call, device),
        NotStacked::Attached => "the device is in a stack already; detach it first",
        NotStacked::Alone => "no device is attached to it; give the device below, not the own one",
        NotStacked::Refused => return,
    };
    thread.finding(Rule::DeviceStack, call, detail);
}
