//! Devices that are attached to one another.

use std::ptr::null_mut;

use wdm_sys::*;

use crate::subject::{Subject, call, cases};

unsafe extern "system" {
    fn IoAttachDeviceToDeviceStack(
        source: PDEVICE_OBJECT,
        target: PDEVICE_OBJECT,
    ) -> PDEVICE_OBJECT;
    fn IoDetachDevice(lower: PDEVICE_OBJECT);
}

cases! {
    device_attached_twice: DeviceStack at "IoAttachDeviceToDeviceStack" = Subject::entry(
        |driver, wrong| stacked(driver, |[upper, lower]| {
            if wrong {
                assert!(call!(IoAttachDeviceToDeviceStack(upper, lower)).is_null());
            }
            call!(IoDetachDevice(lower));
            [upper, lower]
        }),
    );

    device_detached_twice: DeviceStack at "IoDetachDevice" = Subject::entry(
        |driver, wrong| stacked(driver, |[upper, lower]| {
            for _ in 0..1 + usize::from(wrong) {
                call!(IoDetachDevice(lower));
            }
            [upper, lower]
        }),
    );

    device_deleted_in_its_stack: DeviceStack at "IoDeleteDevice" = Subject::entry(
        |driver, wrong| stacked(driver, |[upper, lower]| {
            if !wrong {
                call!(IoDetachDevice(lower));
            }
            [upper, lower]
        }),
    );

    device_deleted_below_another: DeviceStack at "IoDeleteDevice" = Subject::entry(
        |driver, wrong| stacked(driver, |[upper, lower]| {
            if wrong {
                return [lower, upper];
            }
            call!(IoDetachDevice(lower));
            [upper, lower]
        }),
    );
}

/// Attaches one device to another, and deletes both in the order that `body` gives.
fn stacked(driver: PDRIVER_OBJECT, body: impl FnOnce([PDEVICE_OBJECT; 2]) -> [PDEVICE_OBJECT; 2]) {
    let [upper, lower] = [(); 2].map(|()| {
        let (mut device, name) = (null_mut(), null_mut());
        let place = &raw mut device;
        assert_eq!(call!(IoCreateDevice(driver, 0, name, 0x22, 0, 0, place)), 0);
        device
    });
    assert_eq!(call!(IoAttachDeviceToDeviceStack(upper, lower)), lower);
    for device in body([upper, lower]) {
        call!(IoDeleteDevice(device));
    }
}
