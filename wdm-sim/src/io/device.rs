//! Device objects, the memory behind them, and the stacks that they form.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioattachdevicetodevicestack>,
//! `nf-wdm-iodetachdevice`, `nf-wdm-iogetattacheddevicereference`.

use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use wdm_sys::{_DEVICE_OBJECT as DEVICE_OBJECT, PDEVICE_OBJECT};

use super::{Manager, Node, State};
use crate::machine::DriverId;
use crate::status::Status;

/// `DO_DEVICE_INITIALIZING`: set in a new device's flags. The I/O manager takes it away when the
/// `DriverEntry` that made the device returns.
pub(crate) const DO_DEVICE_INITIALIZING: u32 = 0x80;
/// `DO_EXCLUSIVE`: one file at a time.
pub(crate) const DO_EXCLUSIVE: u32 = 0x8;
/// `DO_BUFFERED_IO`: reads and writes get a buffer of the system's.
pub(super) const DO_BUFFERED_IO: u32 = 0x4;
/// `DO_DIRECT_IO`: reads and writes get a list of the caller's pages.
pub(super) const DO_DIRECT_IO: u32 = 0x10;
/// `DO_SHUTDOWN_REGISTERED`.
pub(super) const DO_SHUTDOWN_REGISTERED: u32 = 0x800;
/// `DO_BUS_ENUMERATED_DEVICE`: set in the flags of physical device objects.
pub(super) const DO_BUS_ENUMERATED_DEVICE: u32 = 0x1000;
/// `Type` of a device object (`IO_TYPE_DEVICE`).
pub(crate) const IO_TYPE_DEVICE: i16 = 3;

/// A device object and the extension behind it. The device's name, its open files and references to
/// it keep it.
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
    /// A new device object with `extension` bytes behind it; `fill` sets its fields. `None` if there
    /// is no memory.
    pub(super) fn new(
        owner: DriverId,
        extension: usize,
        fill: impl FnOnce(PDEVICE_OBJECT, *mut u8),
    ) -> Option<Self> {
        let units = size_of::<DEVICE_OBJECT>().div_ceil(16);
        let mut memory = vec![0_u128; units + extension.div_ceil(16)].into_boxed_slice();
        let begin = memory.as_mut_ptr();
        let object: PDEVICE_OBJECT = begin.cast();
        let behind = match extension {
            0 => null_mut(),
            _ => begin.wrapping_add(units).cast::<u8>(),
        };
        fill(object, behind);
        Some(Self {
            object: NonNull::new(object)?,
            owner,
            opens: AtomicI32::new(0),
            _memory: memory,
        })
    }

    /// The device object.
    pub(crate) fn object(&self) -> PDEVICE_OBJECT {
        self.object.as_ptr()
    }

    /// The driver that made it; none for the I/O manager.
    pub(crate) fn owner(&self) -> DriverId {
        self.owner
    }

    /// Its flags, which its driver sets.
    pub(super) fn flags(&self) -> u32 {
        // SAFETY: by the invariant.
        unsafe { (*self.object()).Flags }
    }

    /// Sets flags and takes others away.
    pub(super) fn change_flags(&self, set: u32, clear: u32) {
        let flags = self.flags() & !clear | set;
        // SAFETY: by the invariant; the bits are the kernel's.
        unsafe { (*self.object()).Flags = flags };
    }

    /// How many stack locations a request to it needs.
    pub(super) fn stack_size(&self) -> usize {
        // SAFETY: by the invariant.
        let size = unsafe { (*self.object()).StackSize };
        usize::try_from(size).unwrap_or_default()
    }

    /// How many files of it are open.
    pub(super) fn opens(&self) -> i32 {
        self.opens.load(Ordering::Acquire)
    }

    /// Counts files that come or go.
    pub(super) fn count(&self, change: i32) {
        let now = self.opens.fetch_add(change, Ordering::AcqRel) + change;
        // SAFETY: by the invariant; the field is the kernel's.
        unsafe { (*self.object()).ReferenceCount = now };
    }
}

/// A device object that has not been deleted.
pub(super) struct Device {
    pub(super) memory: Arc<DeviceMemory>,
    pub(super) node: Option<Node>,
    pub(super) name: Option<Vec<u16>>,
    /// The device that is attached to it.
    above: Option<usize>,
}

impl Device {
    pub(super) fn new(memory: Arc<DeviceMemory>, name: Option<&[u16]>) -> Self {
        Self {
            memory,
            node: None,
            name: name.map(<[u16]>::to_vec),
            above: None,
        }
    }

    pub(super) fn owner(&self) -> DriverId {
        self.memory.owner
    }

    /// What to call it in a finding.
    pub(super) fn title(&self) -> String {
        match &self.name {
            Some(name) => String::from_utf16_lossy(name),
            None => format!("without a name at {:p}", self.memory.object()),
        }
    }
}

/// Why a device cannot be attached or detached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotStacked {
    /// It is no device object.
    Unknown,
    /// It is attached already, or would be below itself.
    Attached,
    /// Nothing is attached to it.
    Alone,
    /// Its driver is being unloaded, or the stack has all the devices that it can have.
    Refused,
}

impl State {
    /// The highest device of the stack that a device is in.
    fn top(&self, device: usize) -> Option<&Device> {
        let mut device = self.devices.get(&device)?;
        while let Some(above) = device.above.and_then(|above| self.devices.get(&above)) {
            device = above;
        }
        Some(device)
    }

    fn below(&self, device: usize) -> Option<&Device> {
        let mut all = self.devices.values();
        all.find(|below| below.above == Some(device))
    }

    /// Changes what is attached to a device.
    fn put_above(&mut self, device: usize, above: Option<&DeviceMemory>) {
        let Some(device) = self.devices.get_mut(&device) else {
            return;
        };
        device.above = above.map(|above| above.object().addr());
        let object = above.map_or(null_mut(), DeviceMemory::object);
        // SAFETY: the device is live, and the field is the kernel's.
        unsafe { (*device.memory.object()).AttachedDevice = object };
    }
}

impl Manager {
    /// The device object at an address.
    pub(crate) fn device(&self, object: PDEVICE_OBJECT) -> Option<Arc<DeviceMemory>> {
        let state = self.lock();
        let device = state.devices.get(&object.addr())?;
        Some(Arc::clone(&device.memory))
    }

    /// The device that gets the requests to a device: the highest of its stack.
    pub(super) fn top_of(&self, device: &Arc<DeviceMemory>) -> Arc<DeviceMemory> {
        let state = self.lock();
        let top = state.top(device.object().addr());
        Arc::clone(top.map_or(device, |top| &top.memory))
    }

    /// The highest device of the stack that a device object is in.
    pub(crate) fn attached_device(&self, object: PDEVICE_OBJECT) -> Option<Arc<DeviceMemory>> {
        Some(self.top_of(&self.device(object)?))
    }

    /// Attaches a device to the stack that another is in; gives the one that is below it now.
    ///
    /// # Errors
    /// See [`NotStacked`].
    pub(crate) fn attach(
        &self,
        source: PDEVICE_OBJECT,
        target: PDEVICE_OBJECT,
    ) -> Result<PDEVICE_OBJECT, NotStacked> {
        let mut state = self.lock();
        let source = state.devices.get(&source.addr());
        let source = source.ok_or(NotStacked::Unknown)?.memory.clone();
        let top = state.top(target.addr()).ok_or(NotStacked::Unknown)?;
        let top = Arc::clone(&top.memory);
        let below = state.below(source.object().addr()).is_some();
        if below || Arc::ptr_eq(&top, &source) {
            return Err(NotStacked::Attached);
        }
        let size = top.stack_size() + 1;
        if state.unloading.contains(&top.owner) || size > super::packet::MAX_LOCATIONS {
            return Err(NotStacked::Refused);
        }
        state.put_above(top.object().addr(), Some(&source));
        // SAFETY: both devices are live; drivers leave these fields to the kernel.
        let alignment = unsafe { (*top.object()).AlignmentRequirement };
        // SAFETY: as above.
        unsafe { (*source.object()).AlignmentRequirement = alignment };
        // SAFETY: as above.
        unsafe { (*source.object()).StackSize = size as _ };
        Ok(top.object())
    }

    /// Detaches the device that is attached to another.
    ///
    /// # Errors
    /// See [`NotStacked`].
    pub(crate) fn detach(&self, lower: PDEVICE_OBJECT) -> Result<(), NotStacked> {
        let mut state = self.lock();
        let device = state.devices.get(&lower.addr());
        match device.ok_or(NotStacked::Unknown)?.above {
            None => Err(NotStacked::Alone),
            Some(_) => {
                state.put_above(lower.addr(), None);
                Ok(())
            }
        }
    }

    /// Deletes a device object, which leaves its stack if it is in one; gives what its stack then has
    /// to say: the names of those above and below it.
    ///
    /// # Errors
    /// `STATUS_NO_SUCH_DEVICE` if there is none.
    pub(crate) fn delete_device(&self, object: PDEVICE_OBJECT) -> Result<Neighbours, Status> {
        let mut state = self.lock();
        let device = state.devices.get(&object.addr());
        let device = device.ok_or(Status::NO_SUCH_DEVICE)?;
        let above = device.above.and_then(|above| state.devices.get(&above));
        let below = state.below(object.addr());
        let neighbours = Neighbours {
            above: above.map(Device::title),
            below: below.map(Device::title),
            registered: device.memory.flags() & DO_SHUTDOWN_REGISTERED != 0,
        };
        let above = above.map(|above| Arc::clone(&above.memory));
        let below = below.map(|below| below.memory.object().addr());
        if let Some(below) = below {
            state.put_above(below, above.as_deref());
        }
        state.shutdown.retain(|&it| it != object.addr());
        state.devices.remove(&object.addr());
        Ok(neighbours)
    }
}

/// What a device that is deleted should have left before.
pub(crate) struct Neighbours {
    /// The device that is attached to it.
    pub(crate) above: Option<String>,
    /// The device that it is attached to.
    pub(crate) below: Option<String>,
    /// It is to be told of the system's shutdown.
    pub(crate) registered: bool,
}
