//! U9: a remote interface is made in the callback that says that it has arrived.

use std::sync::Mutex;

use umdf_callback::callback::RemoteInterfaceNotification;
use umdf_callback::remote::RemoteInterfaceInit;
use umdf_callback::{Device, device_callback};

pub struct Kitchen {
    pub device: Device,
    pub arrived: Mutex<Vec<&'static RemoteInterfaceInit>>,
}

impl RemoteInterfaceNotification for Kitchen {
    fn on_remote_interface_arrival(&self, interface: &RemoteInterfaceInit) {
        self.arrived.lock().unwrap().push(interface); //~ ERROR: borrowed data escapes
    }
}

device_callback!(Kitchen);
