//! The images that are mapped in this process, of all machines.

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::{Arc, PoisonError, RwLock, TryLockError};

use crate::loader::{ExportTarget, Image, RuntimeFunction};

static IMAGES: RwLock<Vec<Arc<LoadedImage>>> = RwLock::new(Vec::new());

/// An image that is mapped.
pub(crate) struct LoadedImage {
    base: u64,
    image: Arc<Image>,
}

impl LoadedImage {
    /// The address of its first byte.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Its bytes as the file has them, by RVA.
    pub(super) fn layout(&self) -> &[u8] {
        self.image.layout()
    }

    /// The offset of an address that lies in it.
    pub(super) fn rva(&self, address: u64) -> Option<u32> {
        let offset = address.checked_sub(self.base)?;
        let inside = offset < self.image.size() as u64;
        // The size of an image is limited to far less than 32 bits.
        inside.then_some(offset as u32)
    }

    /// The unwind entry of the function around an address; it lives as long as the image is mapped.
    pub(crate) fn function_at(&self, address: u64) -> Option<&RuntimeFunction> {
        self.image.function_around(self.rva(address)?)
    }

    /// The file and the offset in it, as `registry-guard.sys+0x1234`.
    pub(super) fn offset(&self, address: u64) -> String {
        let rva = self.rva(address).unwrap_or_default();
        format!("{}+{rva:#x}", self.image.name())
    }

    /// Where an address lies: `registry-guard.sys+0x1234 (.text)`, and behind which export.
    pub(super) fn describe(&self, address: u64) -> String {
        let rva = self.rva(address).unwrap_or_default();
        let exports = self.image.exports().iter();
        let before = exports.filter_map(|export| match export.target {
            ExportTarget::Rva(at) if at <= rva => Some((at, export.name.as_str())),
            _ => None,
        });
        let name = self.image.name();
        let section = self.image.section_at(rva);
        let section = section.map_or("no section", |section| section.name.as_str());
        match before.max() {
            Some((at, export)) => format!("{name}+{rva:#x} ({section}, {export}+{:#x})", rva - at),
            None => format!("{name}+{rva:#x} ({section})"),
        }
    }
}

/// An image's entry in the list of those that are mapped; dropping it takes the image from the list.
pub(crate) struct Registered(Arc<LoadedImage>);

impl Registered {
    /// Adds an image that was mapped at `base`, and sees to it that its faults are caught.
    pub(crate) fn new(base: usize, image: Arc<Image>) -> Self {
        super::signal::install();
        let loaded = Arc::new(LoadedImage {
            base: base as u64,
            image,
        });
        let mut images = IMAGES.write().unwrap_or_else(PoisonError::into_inner);
        images.push(Arc::clone(&loaded));
        Self(loaded)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut images = IMAGES.write().unwrap_or_else(PoisonError::into_inner);
        images.retain(|image| !Arc::ptr_eq(image, &self.0));
    }
}

/// Does something with the image around an address, if there is one.
pub(super) fn with<T>(address: u64, body: impl FnOnce(&LoadedImage) -> T) -> Option<T> {
    let images = IMAGES.read().unwrap_or_else(PoisonError::into_inner);
    images
        .iter()
        .find(|image| image.rva(address).is_some())
        .map(|image| body(image))
}

/// Whether an address lies in an image, for a signal's handler: it waits for other threads, but not
/// for ever, since this thread may have been interrupted while it changed the list.
pub(super) fn contains(address: u64) -> bool {
    const TRIES: usize = 1 << 24;
    for _ in 0..TRIES {
        let images = match IMAGES.try_read() {
            Ok(images) => images,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                std::hint::spin_loop();
                continue;
            }
        };
        return images.iter().any(|image| image.rva(address).is_some());
    }
    false
}

/// An image whose code is on this thread's stack. Copies need not be dropped, so frames that hold
/// one can be abandoned.
///
/// # Invariants
/// The image stays in the list: its driver is not unloaded while its code runs.
#[derive(Clone, Copy)]
pub(super) struct Running(NonNull<LoadedImage>);

impl Running {
    /// The image that control is in.
    ///
    /// # Safety
    /// The address is where control is in a frame of this thread.
    pub(super) unsafe fn at(address: u64) -> Option<Self> {
        // INVARIANT: as the caller vouches.
        with(address, |image| Self(NonNull::from(image)))
    }
}

impl Deref for Running {
    type Target = LoadedImage;

    fn deref(&self) -> &LoadedImage {
        // SAFETY: by the invariant the list holds the image.
        unsafe { self.0.as_ref() }
    }
}
