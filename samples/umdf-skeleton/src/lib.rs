//! A sample driver: as much of a UMDF 1 driver as a new one begins with. **UMDF 1 is deprecated**; new drivers are
//! written for UMDF 2.
//!
//! It is the three examples of Microsoft's documentation put together: a device callback object is defined (page:
//! wdf/defining-callback-objects-example) and gets its interfaces (wdf/associating-callback-interfaces-example) in `device`,
//! and is created, with a queue, in `on_device_add` below (wdf/creating-callback-objects-example).
//!
//! The device stands for a piece of hardware with a memory of one packet. A write puts bytes there, a read takes a copy, and a
//! device I/O control asks how long a packet may be.
//!
//! To make another driver of it: give it a new [`CLSID`] and [`INTERFACE`] (any generator of GUIDs will do), and say in
//! `umdf-skeleton.inf` what it is called and which hardware it is for.

#![deny(unsafe_code)]

mod device;
mod queue;

use std::sync::Arc;

use umdf_callback::{AddedDevice, DeviceInit, Dispatch, Driver, GUID, QueueConfig, Result, driver};

pub use crate::queue::IOCTL_GET_MAX_PACKET;

use crate::device::{Context, MyDevice};
use crate::queue::MyQueue;

/// The driver's class, by which the framework finds it: `DriverCLSID` in the INF.
pub const CLSID: GUID = GUID::from_u128(0x86558c6f_b762_4ec5_934c_411bd1cad4fa);

/// The device interface, by which programs find the device.
pub const INTERFACE: GUID = GUID::from_u128(0x1010a04b_d539_45a5_9b67_6c268d39aaec);

/// The framework that the driver needs, 1.11, which is the last and in Windows 10: `UmdfLibraryVersion` in the INF.
pub const MINOR_VERSION: u32 = 11;

/// The driver: one for all its devices. It has nothing to remember of them all.
#[derive(Default)]
pub struct MyDriver;

impl Driver for MyDriver {
    fn on_device_add<'add>(&self, mut init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        // Somebody else of the device stack decides when the device sleeps.
        init.set_power_policy_ownership(false);

        let context = Arc::new(Context::default());
        let device = init.create_device(MyDevice::new(context.clone()))?;
        device.create_queue(
            QueueConfig::default_queue(),
            Dispatch::Sequential,
            MyQueue::new(context),
        )?;
        // The framework enables it when the device starts.
        device.device().create_interface(&INTERFACE, None)?;
        Ok(device.into())
    }
}

driver!(MyDriver, CLSID, minor = MINOR_VERSION);
