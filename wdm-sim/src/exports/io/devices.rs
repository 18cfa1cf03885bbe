//! The I/O manager: driver-object extensions, device objects, symbolic links, shutdown.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatedevice>,
//! `nf-wdm-ioallocatedriverobjectextension`, `nf-wdm-ioregistershutdownnotification` and their
//! neighbours.

use std::collections::hash_map::Entry;
use std::ptr::null_mut;
use std::sync::{Arc, PoisonError};

use wdm_sys::{BOOLEAN, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PUNICODE_STRING, PVOID};

use crate::exports::{exports, ntstatus, text};
use crate::io::{DO_DEVICE_INITIALIZING, DO_EXCLUSIVE, IO_TYPE_DEVICE};
use crate::machine::{DriverRecord, Thread, current, irql};
use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Allocates zeroed memory that belongs to a driver object and is freed with it. Each client
    /// identification can be used once: `STATUS_OBJECT_NAME_COLLISION`.
    fn IoAllocateDriverObjectExtension(
        driver: PDRIVER_OBJECT,
        client: PVOID,
        size: u32,
        extension: *mut PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a place for the address.
        unsafe { extension.write(null_mut()) };
        let record = match record(&thread, CALL, driver) {
            Ok(record) => record,
            Err(status) => return status.0,
        };
        let kernel = thread.kernel();
        if kernel.pool.must_fail() {
            kernel.counters.count(crate::machine::Counter::InjectedFailures);
            return Status::INSUFFICIENT_RESOURCES.0;
        }
        let mut extensions = record.extensions.lock().unwrap_or_else(PoisonError::into_inner);
        let Entry::Vacant(vacant) = extensions.entry(client.addr()) else {
            let detail = "the client identification has an extension already; use another";
            thread.finding(Rule::DriverExtension, CALL, detail);
            return Status::OBJECT_NAME_COLLISION.0;
        };
        let memory = vec![0_u128; (size as usize).div_ceil(16).max(1)].into_boxed_slice();
        let memory = vacant.insert(memory);
        // SAFETY: as above.
        unsafe { extension.write(memory.as_mut_ptr().cast()) };
        Status::SUCCESS.0
    }

    /// The extension of a client identification, or NULL.
    fn IoGetDriverObjectExtension(driver: PDRIVER_OBJECT, client: PVOID) -> PVOID {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let Ok(record) = record(&thread, CALL, driver) else {
            return null_mut();
        };
        let mut extensions = record.extensions.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = extensions.get_mut(&client.addr());
        memory.map_or(null_mut(), |memory| memory.as_mut_ptr().cast())
    }

    /// Makes a device object.
    fn IoCreateDevice(
        driver: PDRIVER_OBJECT,
        extension: u32,
        name: PUNICODE_STRING,
        device_type: u32,
        characteristics: u32,
        exclusive: BOOLEAN,
        device: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a place for the device.
        unsafe { device.write(null_mut()) };
        let record = match record(&thread, CALL, driver) {
            Ok(record) => record,
            Err(status) => return status.0,
        };
        // SAFETY: the caller gave a valid string, or null.
        let name = unsafe { text(name) };
        let fill = |new: PDEVICE_OBJECT, behind: *mut u8| {
            // SAFETY: the I/O manager made it, zeroed, and nobody else knows it yet.
            let object = unsafe { &mut *new };
            object.Type = IO_TYPE_DEVICE;
            object.Size = (size_of_val(object) + extension as usize) as u16;
            object.DriverObject = driver;
            object.DeviceType = device_type;
            object.Characteristics = characteristics;
            object.StackSize = 1;
            object.DeviceExtension = behind.cast();
            object.Flags = DO_DEVICE_INITIALIZING;
            if exclusive != 0 {
                object.Flags |= DO_EXCLUSIVE;
            }
            // SAFETY: `driver` is the object of a loaded driver, whose list of devices is in the
            // I/O manager's keeping.
            object.NextDevice = unsafe { (*driver).DeviceObject };
        };
        let io = &thread.kernel().io;
        match io.create_device(record.id(), name, extension as usize, fill) {
            Ok(new) => {
                // SAFETY: as above.
                unsafe { (*driver).DeviceObject = new };
                thread.kernel().publish_device(new);
                // SAFETY: as above.
                unsafe { device.write(new) };
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }

    /// Deletes a device object.
    fn IoDeleteDevice(device: PDEVICE_OBJECT) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let io = &thread.kernel().io;
        if io.device(device).is_none() {
            return no_device(&thread, CALL, device);
        }
        // SAFETY: it is a live device object, and so is its driver's object.
        unsafe { unlink(device) };
        if let Ok(neighbours) = io.delete_device(device) {
            if let Some(above) = neighbours.above {
                let detail = format!("device {above} is attached to it; wait until it is detached");
                thread.finding(Rule::DeviceStack, CALL, detail);
            }
            if let Some(below) = neighbours.below {
                let detail = format!("it is attached to device {below}; call IoDetachDevice first");
                thread.finding(Rule::DeviceStack, CALL, detail);
            }
            if neighbours.registered {
                let detail = "it is to be told of the shutdown; call IoUnregisterShutdownNotification";
                thread.finding(Rule::Device, CALL, detail);
            }
        }
        thread.kernel().withdraw_device(device);
    }

    /// Makes a symbolic link to a device.
    fn IoCreateSymbolicLink(name: PUNICODE_STRING, target: PUNICODE_STRING) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave valid strings.
        let name = unsafe { text(name) };
        // SAFETY: as above.
        let target = unsafe { text(target) };
        let (Some(name), Some(target)) = (name, target) else {
            return Status::INVALID_PARAMETER.0;
        };
        let owner = thread.caller().driver;
        ntstatus(thread.kernel().io.create_link(owner, name, target))
    }

    /// Deletes a symbolic link.
    fn IoDeleteSymbolicLink(name: PUNICODE_STRING) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let name = unsafe { text(name) }.unwrap_or_default();
        ntstatus(thread.kernel().io.delete_link(name))
    }

    /// Has a device told of the system's shutdown.
    [undeclared]
    fn IoRegisterShutdownNotification(device: PDEVICE_OBJECT) -> NTSTATUS {
        register_shutdown(&current(CALL), CALL, device)
    }

    /// Has a device told of the system's shutdown after the file systems, of which there are none.
    [undeclared]
    fn IoRegisterLastChanceShutdownNotification(device: PDEVICE_OBJECT) -> NTSTATUS {
        register_shutdown(&current(CALL), CALL, device)
    }

    /// Has a device told of the system's shutdown no longer.
    [undeclared]
    fn IoUnregisterShutdownNotification(device: PDEVICE_OBJECT) {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        if !thread.kernel().io.unregister_shutdown(device) {
            no_device(&thread, CALL, device);
        }
    }
}

fn register_shutdown(thread: &Thread, call: &'static str, device: PDEVICE_OBJECT) -> NTSTATUS {
    thread.require_irql(irql::PASSIVE_LEVEL, call);
    if thread.kernel().io.register_shutdown(device) {
        return Status::SUCCESS.0;
    }
    no_device(thread, call, device);
    Status::INVALID_PARAMETER.0
}

/// Reports what is no device object.
pub(super) fn no_device(thread: &Thread, call: &'static str, device: PDEVICE_OBJECT) {
    let detail = format!("{device:p} is no device object, or not any more");
    thread.finding(Rule::Device, call, detail);
}

/// The driver that a driver object belongs to.
pub(super) fn record(
    thread: &Thread,
    call: &'static str,
    driver: PDRIVER_OBJECT,
) -> Result<Arc<DriverRecord>, Status> {
    thread.kernel().drivers.by_object(driver).ok_or_else(|| {
        let detail = format!("{driver:p} is no loaded driver's object");
        thread.finding(Rule::Parameter, call, detail);
        Status::INVALID_PARAMETER
    })
}

/// Takes a device out of its driver's list.
///
/// # Safety
/// `device` is a live device object, and so are those in its driver's list.
unsafe fn unlink(device: PDEVICE_OBJECT) {
    // SAFETY: by this function's contract.
    let driver = unsafe { (*device).DriverObject };
    // SAFETY: as above.
    let next = unsafe { (*device).NextDevice };
    // SAFETY: as above.
    let mut slot = unsafe { &raw mut (*driver).DeviceObject };
    loop {
        // SAFETY: as above: the slot is the list's head, or a live device's `NextDevice`.
        let here = unsafe { slot.read() };
        if here.is_null() {
            return;
        }
        if here == device {
            // SAFETY: as above.
            unsafe { slot.write(next) };
            return;
        }
        // SAFETY: as above.
        slot = unsafe { &raw mut (*here).NextDevice };
    }
}
