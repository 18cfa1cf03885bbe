//! The I/O manager, as far as registry filters need it: device objects, their names, and the requests
//! of programs to them.

mod buffer;
mod file;
mod names;
mod request;

use std::collections::{HashMap, HashSet};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wdm_sys::{_DEVICE_OBJECT as DEVICE_OBJECT, PDEVICE_OBJECT};

use crate::machine::{DriverId, Kernel};
use crate::registry::upcase::upcase_name;
use crate::status::Status;
use crate::verifier::Rule;

pub(crate) use file::{DeviceFile, control, open_device};
use request::Requests;

/// `DO_DEVICE_INITIALIZING`: set in a new device's flags. The I/O manager takes it away when the
/// `DriverEntry` that made the device returns.
pub(crate) const DO_DEVICE_INITIALIZING: u32 = 0x80;

/// `DO_EXCLUSIVE`: one file at a time.
pub(crate) const DO_EXCLUSIVE: u32 = 0x8;

/// `DO_BUS_ENUMERATED_DEVICE`: set in the flags of physical device objects.
const DO_BUS_ENUMERATED_DEVICE: u32 = 0x1000;
/// `Type` of a device object (`IO_TYPE_DEVICE`).
pub(crate) const IO_TYPE_DEVICE: i16 = 3;

/// A device object and the extension behind it. The device's name and its open files keep it.
///
/// # Invariants
/// `object` is the beginning of `_memory`, shared with the driver and touched through raw pointers
/// only.
pub(crate) struct DeviceMemory {
    object: NonNull<DEVICE_OBJECT>,
    owner: DriverId,
    /// How many files are open; changed under the manager's lock.
    opens: AtomicI32,
    _memory: Box<[u128]>,
}

// SAFETY: the memory is the driver's as much as the kernel's; the kernel reads and writes only the
// fields that are its own.
unsafe impl Send for DeviceMemory {}
// SAFETY: as above.
unsafe impl Sync for DeviceMemory {}

impl DeviceMemory {
    /// The device object.
    pub(crate) fn object(&self) -> PDEVICE_OBJECT {
        self.object.as_ptr()
    }

    fn flags(&self) -> u32 {
        // SAFETY: by the invariant.
        unsafe { (*self.object()).Flags }
    }

    /// Counts files that come or go; says how many are open now.
    fn count(&self, change: i32) -> i32 {
        let now = self.opens.fetch_add(change, Ordering::AcqRel) + change;
        // SAFETY: by the invariant; the field is the kernel's.
        unsafe { (*self.object()).ReferenceCount = now };
        now
    }
}

/// A device object that has not been deleted.
struct Device {
    memory: Arc<DeviceMemory>,
    node: Option<Node>,
    name: Option<Vec<u16>>,
}

impl Device {
    fn owner(&self) -> DriverId {
        self.memory.owner
    }
}

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
}

/// The devices of a machine.
#[derive(Default)]
pub(crate) struct Manager {
    state: Mutex<State>,
    requests: Mutex<Requests>,
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
            memory: Arc::new(DeviceMemory {
                object,
                owner,
                opens: AtomicI32::new(0),
                _memory: memory,
            }),
            node: None,
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
        for device in state.devices.values().filter(|it| it.owner() == owner) {
            // SAFETY: by the invariant; drivers do not touch the bit after DriverEntry.
            let flags = unsafe { &raw mut (*device.memory.object()).Flags };
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

    /// Counts a new file of the device of that name; also gives what follows the device's name.
    ///
    /// # Errors
    /// Those of a name that leads to no device; `STATUS_NO_SUCH_DEVICE` if it is not ready yet or its
    /// driver is being unloaded; `STATUS_ACCESS_DENIED` if it is exclusive and open.
    fn begin_open(&self, name: &[u16]) -> Result<(Arc<DeviceMemory>, Vec<u16>), Status> {
        let mut state = self.lock();
        let (device, rest) = state.resolve(name)?;
        let flags = device.flags();
        if flags & DO_DEVICE_INITIALIZING != 0 || state.unloading.contains(&device.owner) {
            return Err(Status::NO_SUCH_DEVICE);
        }
        if flags & DO_EXCLUSIVE != 0 && device.opens.load(Ordering::Acquire) > 0 {
            return Err(Status::ACCESS_DENIED);
        }
        device.count(1);
        *state.open_files.entry(device.owner).or_default() += 1;
        Ok((device, rest))
    }

    /// Takes back what [`begin_open`](Self::begin_open) counted.
    fn end_open(&self, device: &DeviceMemory) {
        let mut state = self.lock();
        device.count(-1);
        if let Some(files) = state.open_files.get_mut(&device.owner) {
            *files = files.saturating_sub(1);
        }
    }

    /// Refuses to open a driver's devices from now on; says whether none is open, without which it
    /// does not.
    pub(crate) fn begin_unload(&self, driver: DriverId) -> bool {
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
    /// Reports and takes away the devices and links of a driver that is gone.
    pub(crate) fn report_devices(&self, driver: DriverId, call: &'static str) {
        let mut state = self.io.lock();
        let devices: Vec<_> = state
            .devices
            .extract_if(|_, it| it.owner() == driver)
            .collect();
        let links: Vec<_> = state.links.extract_if(|_, it| it.owner == driver).collect();
        state.unloading.remove(&driver);
        drop(state);
        for (_, device) in devices {
            let name = match &device.name {
                Some(name) => String::from_utf16_lossy(name),
                None => format!("without a name at {:p}", device.memory.object()),
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
