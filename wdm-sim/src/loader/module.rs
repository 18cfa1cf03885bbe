//! A driver in memory.

#[cfg(target_arch = "x86_64")]
use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;

use region::Allocation;

use super::error::{LoadError, Problem};
use super::image::{Image, Section};
use super::map::{self, ImportResolver, LoadOptions};
use super::tables::{Export, ExportTarget, RuntimeFunction};

/// `DriverEntry(DriverObject, RegistryPath)`; returns an `NTSTATUS`.
#[cfg(target_arch = "x86_64")]
pub type EntryPoint = unsafe extern "win64" fn(*mut c_void, *mut c_void) -> i32;

/// A loaded driver. Dropping it unmaps the image.
///
/// # Invariants
/// `memory` holds `image`, relocated and bound, and stays mapped until the drop.
pub struct Module {
    image: Arc<Image>,
    /// Its place among the images whose exceptions are dispatched; given up before the memory.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    _registered: crate::seh::Registered,
    memory: Allocation,
}

// SAFETY: a module owns its memory, and its methods use the address only as a number; what runs
// in that memory, on which thread, is the contract of those who call into it.
unsafe impl Send for Module {}
// SAFETY: as for `Send`; no method changes the module through a shared reference.
unsafe impl Sync for Module {}

impl Module {
    /// Maps a driver: copies it, relocates it, binds its imports, initialises its security cookie
    /// and sets its sections' protections. None of its code runs yet.
    ///
    /// # Errors
    /// What [`Image::require_driver`] refuses; [`Problem::UnsupportedHost`],
    /// [`Problem::WritableCode`], [`Problem::MissingImports`] (all of them), [`Problem::Memory`].
    pub fn load(
        image: &Image,
        options: LoadOptions,
        resolve: &ImportResolver<'_>,
    ) -> Result<Self, LoadError> {
        image.require_driver()?;
        let error = |problem| LoadError::new(&image.file, problem);
        if cfg!(not(target_arch = "x86_64")) {
            return Err(error(Problem::UnsupportedHost));
        }
        let memory = map::map(image, options, resolve).map_err(error)?;
        let image = Arc::new(image.clone());
        Ok(Self {
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            _registered: crate::seh::Registered::new(
                memory.as_ptr::<u8>().expose_provenance(),
                Arc::clone(&image),
            ),
            image,
            memory,
        })
    }

    /// The driver's file name.
    pub fn name(&self) -> &str {
        &self.image.name
    }

    /// The address of its first byte.
    pub fn base(&self) -> usize {
        self.memory.as_ptr::<u8>().addr()
    }

    /// Its size in memory, in bytes.
    pub fn size(&self) -> usize {
        self.memory.len()
    }

    /// Its entry point. Whoever calls it vouches that
    /// - the module stays loaded until no thread runs its code and nothing refers to it;
    /// - each import was resolved to what the driver expects under that name;
    /// - the arguments are a `DRIVER_OBJECT` and a `UNICODE_STRING` as the driver expects them;
    /// - the thread's `gs` block is in place, if the driver reads one (`GsBlock`).
    #[cfg(target_arch = "x86_64")]
    pub fn entry_point(&self) -> EntryPoint {
        let address = self.address(self.image.entry);
        // SAFETY: the address is not null: it lies in an executable section of the mapping. That
        // the code there is a `DriverEntry` is what calling it, which is unsafe, asserts.
        unsafe { std::mem::transmute::<*const (), EntryPoint>(address) }
    }

    /// The address of a named export; `None` if there is none, or it is forwarded elsewhere.
    pub fn export(&self, name: &str) -> Option<*const ()> {
        let export = self
            .image
            .exports
            .iter()
            .find(|export| export.name == name)?;
        match export.target {
            ExportTarget::Rva(rva) => Some(self.address(rva)),
            ExportTarget::Forward(_) => None,
        }
    }

    /// Its named exports.
    pub fn exports(&self) -> &[Export] {
        &self.image.exports
    }

    /// Its sections.
    pub fn sections(&self) -> &[Section] {
        &self.image.sections
    }

    /// The sections that are both writable and executable; empty unless
    /// [`LoadOptions::allow_writable_code`] let them in.
    pub fn writable_code(&self) -> impl Iterator<Item = &str> {
        map::writable_code(&self.image.sections)
    }

    /// Its unwind entries, ascending by `begin`.
    pub fn runtime_functions(&self) -> &[RuntimeFunction] {
        &self.image.runtime_functions
    }

    /// The unwind entry of the function around an address. Does not allocate.
    pub fn function_at(&self, address: usize) -> Option<RuntimeFunction> {
        self.image.function_around(self.rva(address)?).copied()
    }

    /// Whether an address lies in the module. Does not allocate.
    pub fn contains(&self, address: usize) -> bool {
        self.memory.as_range().contains(&address)
    }

    /// Where in the module an address lies. Does not allocate, so a fault handler can use it.
    pub fn locate(&self, address: usize) -> Option<Location<'_>> {
        let offset = self.rva(address)?;
        let section = self
            .image
            .sections
            .iter()
            .find(|section| section.contains(offset));
        let section = section.map(|section| section.name.as_str());
        Some(Location {
            module: &self.image.name,
            offset,
            section,
        })
    }

    /// Where in the module an address lies, as text: `registry-guard.sys+0x1234 (.text)`.
    pub fn describe(&self, address: usize) -> Option<String> {
        self.locate(address).map(|location| location.to_string())
    }

    /// Makes discardable sections (`INIT`) inaccessible, as the kernel does after `DriverEntry`,
    /// so that a driver that uses them later faults.
    ///
    /// # Errors
    /// [`Problem::Memory`].
    ///
    /// # Safety
    /// No thread runs code in these sections, or refers to data there, from now on, unless its
    /// fault is caught.
    pub unsafe fn discard_init(&self) -> Result<(), LoadError> {
        map::discard(&self.memory, &self.image.sections).map_err(|source| {
            let action = "does not set section protections";
            LoadError::new(&self.image.file, Problem::Memory { action, source })
        })
    }

    fn address(&self, rva: u32) -> *const () {
        self.memory.as_ptr::<u8>().wrapping_add(rva as usize).cast()
    }

    fn rva(&self, address: usize) -> Option<u32> {
        let offset = address
            .checked_sub(self.base())
            .filter(|&offset| offset < self.size())?;
        u32::try_from(offset).ok()
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.image.name)
            .field("base", &format_args!("{:#x}", self.base()))
            .field("size", &format_args!("{:#x}", self.size()))
            .finish_non_exhaustive()
    }
}

/// A place in a module; displays as `registry-guard.sys+0x1234 (.text)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location<'a> {
    /// The module's name.
    pub module: &'a str,
    /// The RVA.
    pub offset: u32,
    /// The section there; `None` in the headers or between sections.
    pub section: Option<&'a str>,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = self.section.unwrap_or("no section");
        write!(f, "{}+{:#x} ({section})", self.module, self.offset)
    }
}
