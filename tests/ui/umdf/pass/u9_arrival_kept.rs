//! U9: a remote interface is made in the callback that says that it has arrived.

use std::sync::Mutex;

use umdf_callback::callback::RemoteInterfaceNotification;
use umdf_callback::remote::RemoteInterfaceInit;
use umdf_callback::{Device, device_callback};

pub struct Kitchen {
    pub device: Device,
    pub arrived: Mutex<Vec<umdf_callback::remote::RemoteInterface>>,
}

impl RemoteInterfaceNotification for Kitchen {
    fn on_remote_interface_arrival(&self, interface: &RemoteInterfaceInit) {
        let made = self.device.create_remote_interface(interface, ());
        self.arrived.lock().unwrap().extend(made);
    }
}

device_callback!(Kitchen);
