//! Devices that a bus has found, as far as the registry knows them.

use std::fmt;
use std::sync::Arc;

use wdm_sys::{PDEVICE_OBJECT, REG_SZ};

use super::{Kernel, Machine};
use crate::io::Node;
use crate::registry::{Key, NewKey, SEPARATOR, to_bytes, wide};
use crate::status::Status;

const CONTROL_SET: &str = r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet";
/// The setup class of system devices.
const CLASS: &str = "{4d36e97d-e325-11ce-bfc1-08002be10318}";

/// A device that is plugged in: its physical device object. Dropping it takes the device away.
///
/// There is no bus behind it and no Plug and Play request is sent to it: it is what a driver's
/// `AddDevice` would get, for the routines that want a device's keys.
#[must_use = "the device is taken away when this is dropped"]
pub struct DeviceNode {
    kernel: Arc<Kernel>,
    object: usize,
}

impl Machine {
    /// Plugs a device in: makes its hardware key (`Enum\<instance>\Device Parameters`) and its
    /// software key (below `Control\Class`, named in the value `Driver`), and its physical device
    /// object. No callback sees it.
    ///
    /// ```
    /// use wdm_sim::Machine;
    ///
    /// let machine = Machine::builder().build()?;
    /// let device = machine.plug_in(r"ROOT\SAMPLE\0000")?;
    /// assert!(!device.object().is_null());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A status of the registry's, such as for an instance that no keys can be named after.
    pub fn plug_in(&self, instance: &str) -> Result<DeviceNode, Status> {
        let root = self.kernel.registry.open(&wide(CONTROL_SET), false)?;
        let device = make(&root, &format!(r"Enum\{instance}"))?;
        let class = make(&root, &format!(r"Control\Class\{CLASS}"))?;
        let number = format!("{:04}", class.subkey_count()?);
        let software = make(&class, &number)?;
        let driver = to_bytes(&wide(&format!("{CLASS}\\{number}\0")));
        device.set_value(&wide("Driver"), REG_SZ, &driver)?;
        let hardware = make(&device, "Device Parameters")?;
        let object = self.kernel.io.create_physical(Node {
            hardware_key: hardware.full_name()?,
            software_key: software.full_name()?,
        })?;
        self.kernel.publish_device(object);
        Ok(DeviceNode {
            kernel: Arc::clone(&self.kernel),
            object: object.expose_provenance(),
        })
    }
}

impl DeviceNode {
    /// The physical device object.
    pub fn object(&self) -> PDEVICE_OBJECT {
        std::ptr::with_exposed_provenance_mut(self.object)
    }
}

impl fmt::Debug for DeviceNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceNode({:#x})", self.object)
    }
}

impl Drop for DeviceNode {
    fn drop(&mut self) {
        // Drivers may have left devices attached to it, which then are on their own.
        let _ = self.kernel.io.delete_device(self.object());
        self.kernel.withdraw_device(self.object());
    }
}

/// Opens or makes a key and those on the way to it.
fn make(above: &Arc<Key>, path: &str) -> Result<Arc<Key>, Status> {
    let path = wide(path);
    let mut key = Arc::clone(above);
    for name in path.split(|&unit| unit == SEPARATOR) {
        let new = NewKey {
            volatile: key.is_volatile(),
            ..NewKey::default()
        };
        key = key.create_child(name, &new)?.0;
    }
    Ok(key)
}
