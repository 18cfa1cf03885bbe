//! U9: a device whose callback object does not want to know is not told of interfaces that arrive.

use umdf_callback::callback::{PnpCallback, RemoteInterfaceNotification};
use umdf_callback::lock::DeviceLevel;
use umdf_callback::remote::RemoteInterfaceInit;
use umdf_callback::{DeviceHandle, GUID, Result, device_callback};

pub struct Deaf;

impl RemoteInterfaceNotification for Deaf {
    fn on_remote_interface_arrival(&self, _interface: &RemoteInterfaceInit) {}
}

device_callback!(Deaf);

pub fn listen(device: &DeviceHandle<DeviceLevel, Deaf>, class: &GUID) -> Result<()> {
    device.register_remote_interface_notification(class, true)
}
