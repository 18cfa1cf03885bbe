//! Loaded drivers and their driver objects.

use std::collections::HashMap;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wdm_sys::{DRIVER_OBJECT, PDRIVER_OBJECT, PUNICODE_STRING, UNICODE_STRING};

use super::{Caller, Kernel};
use crate::call::{Abi, Code};
use crate::loader::Module;
use crate::registry::wide;
use crate::unicode_string::over_mut;

/// `Type` of a driver object (`IO_TYPE_DRIVER`).
const IO_TYPE_DRIVER: i16 = 4;

/// Names a driver within its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DriverId(u32);

impl DriverId {
    /// No driver.
    pub(crate) const NONE: Self = Self(0);
}

/// A driver that a machine has loaded. [`Machine::unload`](super::Machine::unload) takes it back.
#[must_use = "a driver stays loaded until Machine::unload gets it"]
pub struct Driver {
    pub(super) kernel: Arc<Kernel>,
    pub(super) id: DriverId,
    pub(super) name: String,
}

impl Driver {
    /// The name of its service.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its `DRIVER_OBJECT`, for tests that call kernel routines as the driver would.
    pub fn object(&self) -> PDRIVER_OBJECT {
        let record = self.kernel.drivers.get(self.id);
        record.map_or(std::ptr::null_mut(), |record| record.object())
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Driver").field(&self.name).finish()
    }
}

/// What a driver sees of itself. It may write to it at any time.
#[repr(C)]
struct Block {
    object: DRIVER_OBJECT,
    extension: wdm_sys::_DRIVER_EXTENSION,
    registry_path: UNICODE_STRING,
}

/// What the kernel knows of a driver.
///
/// # Invariants
/// `block` is a live allocation of its own, shared with the driver's code, so it is touched through
/// raw pointers only.
pub(crate) struct DriverRecord {
    id: DriverId,
    name: String,
    abi: Abi,
    block: NonNull<Block>,
    /// The texts that the strings in `block` point at.
    _names: [Box<[u16]>; 3],
    /// The driver-object extensions, by client identification: the address of the memory.
    pub(crate) extensions: Mutex<HashMap<usize, Box<[u128]>>>,
    module: Option<Module>,
}

// SAFETY: what `block` points at is the driver's as much as the kernel's; the kernel reads it only
// where the driver, by the rules for driver objects, does not write it.
unsafe impl Send for DriverRecord {}
// SAFETY: as for `Send`.
unsafe impl Sync for DriverRecord {}

impl DriverRecord {
    /// Makes the driver object of a driver that is about to be loaded.
    pub(super) fn new(
        id: DriverId,
        name: &str,
        registry_path: Vec<u16>,
        module: Option<Module>,
        abi: Abi,
    ) -> Self {
        let mut names = [
            wide(&format!("\\Driver\\{name}")).into_boxed_slice(),
            wide(name).into_boxed_slice(),
            registry_path.into_boxed_slice(),
        ];
        let [driver_name, service, registry_path] = names.each_mut().map(|name| over_mut(name));
        // SAFETY: all-zero bytes are valid for these structures: numbers, null pointers and absent
        // functions.
        let mut block: Box<Block> = Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        block.object.Type = IO_TYPE_DRIVER;
        block.object.Size = size_of::<DRIVER_OBJECT>() as i16;
        block.object.DriverName = driver_name;
        block.extension.ServiceKeyName = service;
        block.registry_path = registry_path;
        if let Some(module) = &module {
            block.object.DriverStart = std::ptr::with_exposed_provenance_mut(module.base());
            block.object.DriverSize = module.size() as u32;
        }
        let block = Box::into_raw(block);
        // SAFETY: just made from a box, so not null.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: the block is live, and only this thread knows it.
        let extension = unsafe { &raw mut (*block.as_ptr()).extension };
        // SAFETY: as above.
        let object = unsafe { &raw mut (*block.as_ptr()).object };
        // SAFETY: as above.
        unsafe { (*object).DriverExtension = extension };
        // SAFETY: as above.
        unsafe { (*extension).DriverObject = object };
        Self {
            id,
            name: name.to_owned(),
            abi,
            block,
            _names: names,
            extensions: Mutex::default(),
            module,
        }
    }

    /// What names the driver.
    pub(crate) fn id(&self) -> DriverId {
        self.id
    }

    /// The name of its service.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its image, if it came from a file.
    pub(super) fn module(&self) -> Option<&Module> {
        self.module.as_ref()
    }

    /// Its code, as the caller of kernel routines.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            driver: self.id,
            abi: self.abi,
        }
    }

    /// Its driver object.
    pub(crate) fn object(&self) -> PDRIVER_OBJECT {
        self.block.as_ptr().cast()
    }

    /// The name of its service key, as `DriverEntry` gets it.
    pub(crate) fn registry_path(&self) -> PUNICODE_STRING {
        // SAFETY: by the invariant; only the field's address is taken.
        unsafe { &raw mut (*self.block.as_ptr()).registry_path }
    }

    /// Its unload routine, if it has set one.
    pub(super) fn unload_routine(&self) -> Option<Code> {
        // SAFETY: by the invariant; drivers set the field in DriverEntry, which is over.
        let routine = unsafe { (*self.object()).DriverUnload }?;
        Some(Code {
            address: (routine as *const ()).expose_provenance(),
            caller: self.caller(),
        })
    }

    /// Its dispatch routine for a major function, if it has set one.
    pub(crate) fn dispatch_routine(&self, major: usize) -> Option<Code> {
        // SAFETY: by the invariant; drivers set the fields in DriverEntry, which is over.
        let routines = unsafe { (*self.object()).MajorFunction };
        let routine = routines.get(major).copied().flatten()?;
        Some(Code {
            address: (routine as *const ()).expose_provenance(),
            caller: self.caller(),
        })
    }
}

impl Drop for DriverRecord {
    fn drop(&mut self) {
        // SAFETY: the block came from a box; the driver is unloaded, or was never loaded.
        drop(unsafe { Box::from_raw(self.block.as_ptr()) });
    }
}

/// The drivers of a machine.
#[derive(Default)]
pub(crate) struct Drivers {
    list: Mutex<Vec<Arc<DriverRecord>>>,
    /// The names of all drivers ever loaded, for findings about one that is gone.
    names: Mutex<HashMap<u32, String>>,
    last_id: AtomicU32,
}

impl Drivers {
    /// An id for a driver that is about to be loaded.
    pub(super) fn next_id(&self, name: &str) -> DriverId {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(id, name.to_owned());
        DriverId(id)
    }

    pub(super) fn add(&self, record: DriverRecord) -> Arc<DriverRecord> {
        let record = Arc::new(record);
        self.lock().push(Arc::clone(&record));
        record
    }

    pub(super) fn remove(&self, id: DriverId) {
        self.lock().retain(|record| record.id != id);
    }

    /// A loaded driver.
    pub(crate) fn get(&self, id: DriverId) -> Option<Arc<DriverRecord>> {
        self.find(|record| record.id == id)
    }

    /// The driver whose driver object is at an address.
    pub(crate) fn by_object(&self, object: PDRIVER_OBJECT) -> Option<Arc<DriverRecord>> {
        self.find(|record| record.object() == object)
    }

    /// Whether a driver of that name is loaded.
    pub(super) fn is_loaded(&self, name: &str) -> bool {
        self.find(|record| record.name.eq_ignore_ascii_case(name))
            .is_some()
    }

    /// The name of a driver, loaded or gone; empty for [`DriverId::NONE`].
    pub(crate) fn name(&self, id: DriverId) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&id.0).cloned().unwrap_or_default()
    }

    /// The names of the loaded drivers.
    pub(super) fn names(&self) -> Vec<String> {
        self.lock()
            .iter()
            .map(|driver| driver.name.clone())
            .collect()
    }

    /// Where in a loaded image an address lies, as text. It does not wait, so that it can be asked
    /// in a fault handler.
    pub(super) fn describe(&self, address: usize) -> Option<String> {
        let list = self.list.try_lock().ok()?;
        let mut modules = list.iter().filter_map(|driver| driver.module());
        modules.find_map(|module| module.describe(address))
    }

    /// Where in a loaded image the code is that called the kernel on this host thread, as text.
    pub(super) fn innermost_frame(&self) -> Option<String> {
        let mut found = None;
        backtrace::trace(|frame| {
            found = self.describe(frame.ip().addr());
            found.is_none()
        });
        found
    }

    fn find(&self, wanted: impl Fn(&DriverRecord) -> bool) -> Option<Arc<DriverRecord>> {
        let list = self.lock();
        list.iter().find(|record| wanted(record)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<DriverRecord>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
