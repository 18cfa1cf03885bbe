//! The I/O manager: device objects and their stacks, their names, and the requests to them.

mod buffer;
pub(crate) mod build;
mod cancel;
pub(crate) mod csq;
mod device;
mod dispatch;
mod file;
mod irp;
mod irps;
mod leftovers;
pub(crate) mod mdl;
mod names;
mod packet;
mod request;
mod shutdown;
mod transfer;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wdm_sys::PDEVICE_OBJECT;

use crate::machine::{DriverId, Kernel};
use crate::object::{Body, ObjectRef};
use crate::registry::upcase::upcase_name;
use crate::status::Status;

pub(crate) use device::{
    DO_DEVICE_INITIALIZING, DO_EXCLUSIVE, DeviceMemory, IO_TYPE_DEVICE, NotStacked,
};
pub(crate) use file::{Access, DeviceFile, open_device, open_pointer, start};
pub(crate) use request::{Sent, ThreadState, leave_thread};
pub(crate) use transfer::Operation;

use device::{DO_BUS_ENUMERATED_DEVICE, Device};
use packet::Requests;

/// A device node: where the registry has the keys of a device.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The full name of its hardware key.
    pub(crate) hardware_key: Vec<u16>,
    /// The full name of its software key.
    pub(crate) software_key: Vec<u16>,
}

/// A symbolic link in the object namespace.
struct Link {
    owner: DriverId,
    name: Vec<u16>,
    target: Vec<u16>,
}

#[derive(Default)]
struct State {
    devices: HashMap<usize, Device>,
    /// By upper-cased name.
    links: HashMap<Vec<u16>, Link>,
    /// How many files of a driver's devices are open, those of deleted devices too.
    open_files: HashMap<DriverId, u32>,
    /// Drivers that are being unloaded.
    unloading: HashSet<DriverId>,
    /// The devices that are to be told of a shutdown, the latest last.
    shutdown: Vec<usize>,
}

/// The devices and the requests of a machine.
#[derive(Default)]
pub(crate) struct Manager {
    state: Mutex<State>,
    requests: Mutex<Requests>,
    lists: mdl::Lists,
    orphans: request::Orphans,
    /// The cancel spin lock: only its address counts.
    cancel_lock: u64,
}

impl Manager {
    /// Makes a device object with `extension` bytes behind it; `fill` sets its fields.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_COLLISION`.
    pub(crate) fn create_device(
        &self,
        owner: DriverId,
        name: Option<&[u16]>,
        extension: usize,
        fill: impl FnOnce(PDEVICE_OBJECT, *mut u8),
    ) -> Result<PDEVICE_OBJECT, Status> {
        let mut state = self.lock();
        if let Some(name) = name
            && (state.device_named(name) || state.links.contains_key(&names::key(name)))
        {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        let memory = DeviceMemory::new(owner, extension, fill);
        let memory = Arc::new(memory.ok_or(Status::INSUFFICIENT_RESOURCES)?);
        let object = memory.object();
        state
            .devices
            .insert(object.addr(), Device::new(memory, name));
        Ok(object)
    }

    /// Makes the physical device object of a device node; no driver owns it.
    ///
    /// # Errors
    /// None that the caller can do anything about.
    pub(crate) fn create_physical(&self, node: Node) -> Result<PDEVICE_OBJECT, Status> {
        let object = self.create_device(DriverId::NONE, None, 0, |object, _| {
            // SAFETY: just made, zeroed, and nobody else knows it yet.
            let object = unsafe { &mut *object };
            object.Type = IO_TYPE_DEVICE;
            object.Size = size_of_val(object) as u16;
            object.StackSize = 1;
            object.Flags = DO_BUS_ENUMERATED_DEVICE;
        })?;
        if let Some(device) = self.lock().devices.get_mut(&object.addr()) {
            device.node = Some(node);
        }
        Ok(object)
    }

    /// The device node that an object is the physical device object of.
    pub(crate) fn node_of(&self, object: PDEVICE_OBJECT) -> Option<Node> {
        let state = self.lock();
        state.devices.get(&object.addr())?.node.clone()
    }

    /// Ends the initialisation of a driver's devices: its `DriverEntry` has returned.
    pub(crate) fn end_initializing(&self, owner: DriverId) {
        let state = self.lock();
        for device in state.devices.values().filter(|it| it.owner() == owner) {
            device.memory.change_flags(0, DO_DEVICE_INITIALIZING);
        }
    }

    /// The device of that name.
    ///
    /// # Errors
    /// Those of a name that leads to no device.
    pub(crate) fn named(&self, name: &[u16]) -> Result<Arc<DeviceMemory>, Status> {
        Ok(self.lock().resolve(name)?.0)
    }

    /// Counts a new file of the device of that name; also gives what follows the device's name.
    ///
    /// # Errors
    /// Those of a name that leads to no device; `STATUS_NO_SUCH_DEVICE` if it is not ready yet or its
    /// driver is being unloaded; `STATUS_ACCESS_DENIED` if it is exclusive and open.
    fn begin_open(&self, name: &[u16]) -> Result<(Arc<DeviceMemory>, Vec<u16>), Status> {
        let mut state = self.lock();
        let (device, rest) = state.resolve(name)?;
        let flags = device.flags();
        if flags & DO_DEVICE_INITIALIZING != 0 || state.unloading.contains(&device.owner()) {
            return Err(Status::NO_SUCH_DEVICE);
        }
        if flags & DO_EXCLUSIVE != 0 && device.opens() > 0 {
            return Err(Status::ACCESS_DENIED);
        }
        device.count(1);
        *state.open_files.entry(device.owner()).or_default() += 1;
        Ok((device, rest))
    }

    /// Takes back what [`begin_open`](Self::begin_open) counted.
    fn end_open(&self, device: &DeviceMemory) {
        let mut state = self.lock();
        device.count(-1);
        if let Some(files) = state.open_files.get_mut(&device.owner()) {
            *files = files.saturating_sub(1);
        }
    }

    /// Refuses to open a driver's devices from now on; says whether none is open, without which it
    /// does not.
    fn forbid_opening(&self, driver: DriverId) -> bool {
        let mut state = self.lock();
        let open = state.open_files.get(&driver).copied().unwrap_or_default();
        open == 0 && {
            state.unloading.insert(driver);
            true
        }
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_COLLISION`.
    pub(crate) fn create_link(
        &self,
        owner: DriverId,
        name: &[u16],
        target: &[u16],
    ) -> Result<(), Status> {
        let mut state = self.lock();
        let upper = names::key(name);
        if state.links.contains_key(&upper) || state.device_named(name) {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        let link = Link {
            owner,
            name: name.to_vec(),
            target: target.to_vec(),
        };
        state.links.insert(upper, link);
        Ok(())
    }

    /// Deletes a symbolic link.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`.
    pub(crate) fn delete_link(&self, name: &[u16]) -> Result<(), Status> {
        let removed = self.lock().links.remove(&names::key(name));
        removed.map(drop).ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn device_named(&self, name: &[u16]) -> bool {
        let names = self
            .devices
            .values()
            .filter_map(|device| device.name.as_ref());
        let upper = upcase_name(name);
        names.into_iter().any(|other| upcase_name(other) == upper)
    }
}

impl Kernel {
    /// Makes a device object one of the object manager's, which drivers can reference.
    pub(crate) fn publish_device(&self, object: PDEVICE_OBJECT) {
        let Some(memory) = self.io.device(object) else {
            return;
        };
        let address = object.expose_provenance();
        let object = self.objects.create_at(self, address, Body::Driven(memory));
        // The reference of the device's own life, which `withdraw_device` gives back.
        drop(object.into_counted());
    }

    /// Gives back the reference of a device's life: it is deleted.
    pub(crate) fn withdraw_device(&self, object: PDEVICE_OBJECT) {
        if let Some(object) = self.objects.find(object.addr()) {
            drop(ObjectRef::adopt(self, object));
        }
    }
}
