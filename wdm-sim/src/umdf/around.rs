//! What happens around a device, and what a test sees of it: its registry keys, power settings, events, other devices, interrupts
//! and registers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use umdf_callback::GUID;
use umdf_callback::property::Value;
use umdf_callback::raw::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, DEVICE_POWER_STATE, WDF_IO_TARGET_STATE, WDF_PNP_STATE,
    WDF_TRI_STATE,
};

use super::client::Device;
use super::core::Core;
use super::hardware::PORTS;
use super::lower::Lower;
use super::remote::Link;
use super::world::lock;

impl Device {
    /// The values of a registry key, if it is there: `Device Parameters`, a service's key below it (`Device Parameters\driver` for the
    /// driver's own), `Software`, `Interface\{...}`, `DEVICEMAP\...`, `Services\...\Parameters`, or a key below one of these.
    #[must_use]
    pub fn properties(&self, path: &str) -> Option<BTreeMap<String, Value>> {
        self.core.config.registry.values(path)
    }

    /// Sets a value of such a key, which is made if it is not there.
    pub fn set_property(&self, path: &str, name: &str, value: impl Into<Value>) {
        self.core.config.registry.set(path, name, value.into());
    }

    /// The state that it sleeps in when it is idle, and after what time, as the driver has assigned them.
    #[must_use]
    pub fn idle_settings(&self) -> Option<(DEVICE_POWER_STATE, Duration)> {
        let (state, timeout) = lock(&self.core.belongings.power).idle?;
        Some((state, Duration::from_millis(timeout.into())))
    }

    /// The state that it sleeps in when it may wake the system, as the driver has assigned it.
    #[must_use]
    pub fn wake_settings(&self) -> Option<DEVICE_POWER_STATE> {
        lock(&self.core.belongings.power).wake
    }

    /// Whether the driver keeps it awake.
    #[must_use]
    pub fn is_kept_awake(&self) -> bool {
        lock(&self.core.belongings.power).stopped > 0
    }

    /// The Plug and Play states that the driver has committed.
    #[must_use]
    pub fn pnp_states(&self) -> Vec<(WDF_PNP_STATE, WDF_TRI_STATE)> {
        lock(&self.core.belongings.power).committed.clone()
    }

    /// The events that the driver has posted.
    #[must_use]
    pub fn events(&self) -> Vec<(GUID, Vec<u8>)> {
        lock(&self.core.belongings.power).events.clone()
    }

    /// The symbolic links to it.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let device = self.core.objects.device();
        device.map_or(Vec::new(), |device| lock(&device.links).clone())
    }

    /// An interface of another device arrives: the driver is told if it wants to know, at once or when the device starts.
    pub fn arrive(&self, class: GUID, name: &str) -> Remote {
        let link = Link {
            class,
            name: name.to_owned(),
        };
        self.core.arrive(link.clone());
        Remote {
            core: self.core.clone(),
            link,
        }
    }

    /// The driver of the other devices, which remote targets lead to.
    #[must_use]
    pub fn remote_lower(&self) -> Lower {
        self.core.belongings.remote_lower.clone()
    }

    /// There is a file that the driver can open a remote target for.
    pub fn provide_file(&self, name: &str) {
        lock(&self.core.belongings.remotes)
            .files
            .push(name.to_owned());
    }

    /// The states of the device's remote targets, as they were made.
    #[must_use]
    pub fn target_states(&self) -> Vec<WDF_IO_TARGET_STATE> {
        self.core.target_states()
    }

    /// One of its interrupts comes, by the order in which they were made: whether the driver took it.
    pub fn interrupt(&self, index: usize, message: u32) -> bool {
        self.core.interrupt(index, message)
    }

    /// The hardware resources that the system assigns to it when it starts next.
    pub fn assign(&self, resources: &[CM_PARTIAL_RESOURCE_DESCRIPTOR]) {
        lock(&self.core.belongings.hardware).resources = resources.to_vec();
    }

    /// What is in its memory: a number of as many bytes at a physical address.
    #[must_use]
    pub fn register(&self, address: u64, bytes: usize) -> u64 {
        lock(&self.core.belongings.hardware).read(address, bytes)
    }

    /// What is at one of its I/O ports: a number of as many bytes.
    #[must_use]
    pub fn port(&self, port: u16, bytes: usize) -> u64 {
        self.register(PORTS + u64::from(port), bytes)
    }

    /// The hardware changes it.
    pub fn set_register(&self, address: u64, bytes: usize, value: u64) {
        lock(&self.core.belongings.hardware).write(address, bytes, value);
    }
}

/// An interface of another device, as a device that may use it sees it.
pub struct Remote {
    core: Arc<Core>,
    link: Link,
}

impl Remote {
    /// The other device tells something, which the driver hears if it has a target open.
    pub fn event(&self, kind: &GUID, data: &[u8], name: &str) {
        self.core.remote_event(&self.link, kind, data, name);
    }

    /// May the other device be removed?
    #[must_use]
    pub fn query_remove(&self) -> bool {
        self.core.remote_query_remove(&self.link)
    }

    /// It is not removed after all.
    pub fn cancel_remove(&self) {
        self.core.remote_remove_canceled(&self.link);
    }

    /// It is removed.
    pub fn remove(self) {
        self.core.remote_removed(&self.link);
    }
}
