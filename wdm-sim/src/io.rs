//! The I/O manager, as far as registry filters need it: device objects and their names.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wdm_sys::{_DEVICE_OBJECT as DEVICE_OBJECT, PDEVICE_OBJECT};

use crate::machine::{DriverId, Kernel};
use crate::registry::upcase::upcase_name;
use crate::status::Status;
use crate::verifier::Rule;

/// `DO_DEVICE_INITIALIZING`: set in a new device's flags. The I/O manager takes it away when the
/// `DriverEntry` that made the device returns.
pub(crate) const DO_DEVICE_INITIALIZING: u32 = 0x80;

/// `DO_BUS_ENUMERATED_DEVICE`: set in the flags of physical device objects.
const DO_BUS_ENUMERATED_DEVICE: u32 = 0x1000;
/// `Type` of a device object (`IO_TYPE_DEVICE`).
pub(crate) const IO_TYPE_DEVICE: i16 = 3;

/// A device object and the extension behind it.
///
/// # Invariants
/// `object` is the beginning of `memory`, shared with the driver.
struct Device {
    object: NonNull<DEVICE_OBJECT>,
    node: Option<Node>,
    _memory: Box<[u128]>,
    owner: DriverId,
    name: Option<Vec<u16>>,
}

// SAFETY: the memory is the driver's as much as the kernel's; here only its address is used.
unsafe impl Send for Device {}

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
}

/// The devices of a machine.
#[derive(Default)]
pub(crate) struct Manager(Mutex<State>);

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
            && (state.device_named(name) || state.links.contains_key(&upcase_name(name)))
        {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        let units = size_of::<DEVICE_OBJECT>().div_ceil(16);
        let mut memory = vec![0_u128; units + extension.div_ceil(16)].into_boxed_slice();
        let begin = memory.as_mut_ptr();
        let object: PDEVICE_OBJECT = begin.cast();
        let behind = match extension {
            0 => std::ptr::null_mut(),
            _ => begin.wrapping_add(units).cast::<u8>(),
        };
        fill(object, behind);
        let Some(object) = NonNull::new(object) else {
            return Err(Status::INSUFFICIENT_RESOURCES);
        };
        let device = Device {
            object,
            node: None,
            _memory: memory,
            owner,
            name: name.map(<[u16]>::to_vec),
        };
        state.devices.insert(object.as_ptr().addr(), device);
        Ok(object.as_ptr())
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
        for device in state.devices.values().filter(|it| it.owner == owner) {
            // SAFETY: by the invariant; drivers do not touch the bit after DriverEntry.
            let flags = unsafe { &raw mut (*device.object.as_ptr()).Flags };
            // SAFETY: as above.
            let before = unsafe { flags.read() };
            // SAFETY: as above.
            unsafe { flags.write(before & !DO_DEVICE_INITIALIZING) };
        }
    }

    /// Deletes a device object; says whether there was one.
    pub(crate) fn delete_device(&self, object: PDEVICE_OBJECT) -> bool {
        self.lock().devices.remove(&object.addr()).is_some()
    }

    /// Whether a device object is at an address.
    pub(crate) fn is_device(&self, object: PDEVICE_OBJECT) -> bool {
        self.lock().devices.contains_key(&object.addr())
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
        let upper = upcase_name(name);
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
        let removed = self.lock().links.remove(&upcase_name(name));
        removed.map(drop).ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Reports and takes away the devices and links of a driver that is gone.
    pub(crate) fn report_devices(&self, driver: DriverId, call: &'static str) {
        let mut state = self.io.lock();
        let devices: Vec<_> = state
            .devices
            .extract_if(|_, it| it.owner == driver)
            .collect();
        let links: Vec<_> = state.links.extract_if(|_, it| it.owner == driver).collect();
        drop(state);
        for (_, device) in devices {
            let name = match &device.name {
                Some(name) => String::from_utf16_lossy(name),
                None => format!("without a name at {:p}", device.object),
            };
            let detail = format!("device {name} was not deleted; call IoDeleteDevice");
            self.finding(driver, Rule::Device, call, detail);
        }
        for (_, link) in links {
            let detail = format!(
                "symbolic link {} to {} was not deleted; call IoDeleteSymbolicLink",
                String::from_utf16_lossy(&link.name),
                String::from_utf16_lossy(&link.target)
            );
            self.finding(driver, Rule::Device, call, detail);
        }
    }
}
