//! Loading and unloading drivers.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use wdm_sys::{NTSTATUS, PDRIVER_OBJECT, PUNICODE_STRING};

#[cfg(target_arch = "x86_64")]
use super::stubs::Stubs;
use super::{Driver, DriverId, DriverRecord, Kernel, Machine, NotifySubject};
use crate::call::{self, Abi, Code};
#[cfg(target_arch = "x86_64")]
use crate::loader::ImportName;
use crate::loader::{Image, LoadError, Module};
use crate::status::Status;
use crate::trace::What;

/// The entry point of a driver that is linked into this process.
pub type LinkedEntry = unsafe extern "system" fn(PDRIVER_OBJECT, PUNICODE_STRING) -> NTSTATUS;

/// Why a driver was not loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadDriverError {
    /// The file is no driver that the simulator can run.
    #[error(transparent)]
    Image(#[from] LoadError),
    /// A driver of that name is loaded already.
    #[error("{0}: a driver of that name is loaded already; unload it first")]
    AlreadyLoaded(String),
    /// Its name cannot be a service's.
    #[error("{0:?} is no name for a driver; use a non-empty name without backslashes")]
    BadName(String),
    /// Its service key could not be made.
    #[error(
        "{name}: its service key could not be made ({status}); look into the mounted SYSTEM hive"
    )]
    ServiceKey {
        /// The driver.
        name: String,
        /// Why not.
        status: Status,
    },
    /// Its `DriverEntry` failed. It is not loaded; what it did not undo is in the report.
    #[error("{name}: DriverEntry failed with {status}; see the driver's own messages")]
    Init {
        /// The driver.
        name: String,
        /// What it returned.
        status: Status,
    },
}

/// Why a driver was not unloaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnloadError {
    /// It has no unload routine.
    #[error(
        "{0}: the driver has no DriverUnload routine, so it cannot be unloaded; set one in DriverEntry"
    )]
    NoUnloadRoutine(String),
    /// A program has one of its devices open.
    #[error("{0}: a program has a device of the driver open; close it first")]
    DeviceOpen(String),
    /// It belongs to another machine.
    #[error("{0}: the driver is loaded in another machine; unload it there")]
    OtherMachine(String),
}

impl Machine {
    /// Loads a driver that is linked into this process and calls its `DriverEntry`. Its service key is
    /// made first if there is none (see [`install`](Self::install)).
    ///
    /// # Errors
    /// See [`LoadDriverError`]. A driver whose `DriverEntry` fails must have undone what it did;
    /// what it left is in the report.
    ///
    /// # Safety
    /// `entry` and what it registers follow the rules for kernel drivers as far as memory goes:
    /// they touch only what they were given or allocated.
    pub unsafe fn load_linked(
        &self,
        name: &str,
        entry: LinkedEntry,
    ) -> Result<Driver, LoadDriverError> {
        let address = (entry as *const ()).expose_provenance();
        self.load(name, None, address, Abi::Host)
    }

    /// Loads a `.sys` file and calls its `DriverEntry`. The service is named after the file.
    ///
    /// # Errors
    /// See [`LoadDriverError`].
    ///
    /// # Safety
    /// The file's code runs in this process: as for [`load_linked`](Self::load_linked), it touches
    /// only what it was given or allocated. Load only drivers that you would run yourself.
    pub unsafe fn load_sys(&self, path: impl AsRef<Path>) -> Result<Driver, LoadDriverError> {
        self.load_image(&Image::open(path)?)
    }

    /// Loads a driver from the bytes of a `.sys` file; `file` is what errors and its service are
    /// named after.
    ///
    /// # Errors
    /// See [`LoadDriverError`].
    ///
    /// # Safety
    /// As for [`load_sys`](Self::load_sys).
    pub unsafe fn load_sys_bytes(
        &self,
        file: &str,
        bytes: &[u8],
    ) -> Result<Driver, LoadDriverError> {
        self.load_image(&Image::parse(file, bytes)?)
    }

    #[cfg(target_arch = "x86_64")]
    fn load_image(&self, image: &Image) -> Result<Driver, LoadDriverError> {
        let kernel = &self.kernel;
        let stubs = match kernel.options.stub_missing {
            true => Some(Stubs::new(image, kernel).map_err(|error| image.no_memory(error))?),
            false => None,
        };
        let resolve = |module: &str, import: ImportName<'_>| {
            let found = crate::exports::resolve(kernel, module, import);
            let found = found.map(|found| kernel.faults.detour(found));
            found.or_else(|| stubs.as_ref()?.find(module, import))
        };
        let module = Module::load(image, self.kernel.options.load, &resolve)?;
        if let Some(stubs) = stubs {
            self.kernel.keep_stubs(stubs);
        }
        let name = service_name(module.name());
        let entry = (module.entry_point() as *const ()).expose_provenance();
        self.load(&name, Some(module), entry, Abi::Win64)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn load_image(&self, image: &Image) -> Result<Driver, LoadDriverError> {
        // The loader says what is wrong with the file, or that this host cannot run it.
        let module = Module::load(image, self.kernel.options.load, &|_, _| None)?;
        self.load(&service_name(module.name()), Some(module), 0, Abi::Host)
    }

    fn load(
        &self,
        name: &str,
        module: Option<Module>,
        entry: usize,
        abi: Abi,
    ) -> Result<Driver, LoadDriverError> {
        let kernel = &self.kernel;
        if name.is_empty() || name.contains(['\\', '\0']) {
            return Err(LoadDriverError::BadName(name.to_owned()));
        }
        if kernel.drivers.is_loaded(name) {
            return Err(LoadDriverError::AlreadyLoaded(name.to_owned()));
        }
        let service_key = |status| LoadDriverError::ServiceKey {
            name: name.to_owned(),
            status,
        };
        let path = super::install::service_key(kernel, name)
            .and_then(|key| key.full_name())
            .map_err(service_key)?;

        let id = kernel.drivers.next_id(name);
        let record = DriverRecord::new(id, name, path, module, abi);
        let record = kernel.drivers.add(record);
        let code = Code {
            address: entry,
            caller: record.caller(),
        };
        let guard = self.enter_system();
        let span = guard.thread().trace_begin(|| What::Load {
            driver: name.to_owned(),
            status: None,
        });
        if kernel.notify.any(NotifySubject::Image) {
            kernel.notify_driver(guard.thread(), &record);
        }
        // SAFETY: the entry point is a linked driver's, by `load_linked`'s contract, or that of an
        // image that the loader accepted; the arguments are the record's own.
        let status = unsafe {
            call::driver_entry(
                guard.thread(),
                code,
                record.object(),
                record.registry_path(),
            )
        };
        let status = Status(status);
        guard.thread().trace_end(span, |what| what.ended(status));
        if !status.is_success() {
            kernel.discard(&record, "DriverEntry");
            return Err(LoadDriverError::Init {
                name: name.to_owned(),
                status,
            });
        }
        kernel.io.end_initializing(id);
        if let Some(module) = record.module() {
            // SAFETY: DriverEntry has returned, and by the rules for drivers nothing uses these
            // sections from then on; if something does, the fault is the driver's.
            let discarded = unsafe { module.discard_init() };
            // Without it such a fault is not seen, and the driver works as well.
            drop(discarded);
        }
        Ok(Driver {
            kernel: Arc::clone(kernel),
            id,
            name: name.to_owned(),
        })
    }

    /// Unloads a driver: calls its `DriverUnload`, checks what it left behind, and takes away what
    /// would be dangerous without its code. Memory that the kernel owns on the driver's behalf, such
    /// as driver-object extensions, is freed.
    ///
    /// # Errors
    /// See [`UnloadError`]. The driver stays loaded then.
    pub fn unload(&self, driver: Driver) -> Result<(), UnloadError> {
        let kernel = &self.kernel;
        if !Arc::ptr_eq(kernel, &driver.kernel) {
            return Err(UnloadError::OtherMachine(driver.name));
        }
        let no_routine = || UnloadError::NoUnloadRoutine(driver.name.clone());
        let record = kernel.drivers.get(driver.id).ok_or_else(no_routine)?;
        let code = record.unload_routine().ok_or_else(no_routine)?;
        let guard = self.enter_system();
        if !kernel.begin_unload(driver.id) {
            return Err(UnloadError::DeviceOpen(driver.name));
        }
        let span = guard.thread().trace_begin(|| What::Unload {
            driver: driver.name.clone(),
        });
        // SAFETY: the driver put that routine into its own driver object, which is the argument.
        unsafe { call::driver_unload(guard.thread(), code, record.object()) };
        kernel.discard(&record, "DriverUnload");
        guard.thread().trace_end(span, |_| {});
        Ok(())
    }
}

impl Kernel {
    /// Checks what a driver left behind after `routine`, and forgets it.
    fn discard(&self, record: &DriverRecord, routine: &'static str) {
        let id: DriverId = record.id();
        self.check_leftovers(id, routine);
        self.drivers.remove(id);
    }
}

/// The service that a driver file is: its name without directory and `.sys`.
fn service_name(file: &str) -> String {
    let stem = match file.len().checked_sub(4) {
        Some(at) if file.is_char_boundary(at) && file[at..].eq_ignore_ascii_case(".sys") => {
            &file[..at]
        }
        _ => file,
    };
    stem.to_owned()
}
