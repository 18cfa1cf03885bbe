//! Puts an [`Image`] into memory: copied, relocated, bound and protected.

use std::hash::{BuildHasher, Hasher, RandomState};

use region::{Allocation, Protection};

use super::error::Problem;
use super::image::{Image, PAGE, Section};
use super::tables::ImportName;

/// Finds what an import slot asks for: the address of a function with the Microsoft x64 convention
/// (`extern "win64"`), or, for imported data, the address of the variable.
///
/// The module's name comes as the file spells it (`ntoskrnl.exe`, `NTOSKRNL.EXE`, `hal.dll`), to be
/// compared without regard to ASCII case. `None` if there is no such export.
pub type ImportResolver<'a> = dyn Fn(&str, ImportName<'_>) -> Option<*const ()> + 'a;

/// How strict [`Module::load`](super::Module::load) is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Map sections that are both writable and executable, and only list them in
    /// [`Module::writable_code`](super::Module::writable_code). Otherwise they are an error.
    /// Drivers that old linkers made have such an `INIT` section.
    pub allow_writable_code: bool,
}

/// Maps an image; the memory is released when the allocation is dropped.
pub(super) fn map(
    image: &Image,
    options: LoadOptions,
    resolve: &ImportResolver<'_>,
) -> Result<Allocation, Problem> {
    let writable_code: Vec<_> = writable_code(&image.sections).collect();
    if !writable_code.is_empty() && !options.allow_writable_code {
        return Err(Problem::WritableCode(writable_code.join(", ")));
    }
    let addresses = resolve_imports(image, resolve)?;

    let refused = |action| move |source| Problem::Memory { action, source };
    let mut memory = region::alloc(image.layout.len(), Protection::READ_WRITE)
        .map_err(refused("gives no memory"))?;
    let (start, len) = (memory.as_mut_ptr::<u8>(), memory.len());
    // SAFETY: `region` allocated `len` readable, writable and zeroed bytes at `start`, and nobody
    // else has seen their address yet.
    let bytes = unsafe { std::slice::from_raw_parts_mut(start, len) };
    fill(bytes, image, &addresses);
    protect(&memory, image).map_err(refused("does not set section protections"))?;
    Ok(memory)
}

/// The names of the sections that are both writable and executable.
pub(super) fn writable_code(sections: &[Section]) -> impl Iterator<Item = &str> {
    sections
        .iter()
        .filter(|s| s.writable && s.executable)
        .map(|s| s.name.as_str())
}

/// The address for each import, in order, or the names of all that are missing.
fn resolve_imports(image: &Image, resolve: &ImportResolver<'_>) -> Result<Vec<u64>, Problem> {
    let mut missing = Vec::new();
    let mut addresses = Vec::with_capacity(image.imports.len());
    for (module, import) in image.imports() {
        match resolve(module, import.name()) {
            Some(address) => addresses.push(address.expose_provenance() as u64),
            None => missing.push(format!("{module}!{}", import.name())),
        }
    }
    if missing.is_empty() {
        Ok(addresses)
    } else {
        Err(Problem::MissingImports(missing))
    }
}

/// Copies the image, relocates it to where `bytes` lie, fills its import slots, its guard pointers and
/// its cookie.
fn fill(bytes: &mut [u8], image: &Image, addresses: &[u64]) {
    bytes[..image.layout.len()].copy_from_slice(&image.layout);
    let base = bytes.as_ptr().addr() as u64;
    let delta = base.wrapping_sub(image.image_base);
    let mut update = |rva: u32, new: &dyn Fn(u64) -> u64| {
        // By the image's invariants the eight bytes are there.
        let slot = bytes
            .get_mut(rva as usize..)
            .and_then(|rest| rest.first_chunk_mut());
        if let Some(slot) = slot {
            *slot = new(u64::from_le_bytes(*slot)).to_le_bytes();
        }
    };
    for &rva in &image.relocations {
        update(rva, &|old| old.wrapping_add(delta));
    }
    for (import, &address) in image.imports.iter().zip(addresses) {
        update(import.slot, &|_| address);
    }
    #[cfg(target_arch = "x86_64")]
    for (slot, function) in image
        .guard_pointers
        .into_iter()
        .zip(super::guard::FUNCTIONS)
    {
        if let Some(rva) = slot {
            update(rva, &|_| function.expose_provenance() as u64);
        }
    }
    if let Some(rva) = image.security_cookie {
        update(rva, &fresh_cookie);
    }
}

/// A random `/GS` cookie. Its upper 16 bits are clear, as the compiler's check requires, and it is
/// never `linked`, the value that tells drivers that nobody initialised it.
fn fresh_cookie(linked: u64) -> u64 {
    loop {
        let cookie = RandomState::new().build_hasher().finish() & 0x0000_ffff_ffff_ffff;
        if cookie != 0 && cookie != linked {
            return cookie;
        }
    }
}

/// Gives each section its protection and the headers read access; nothing can touch what lies
/// between them.
fn protect(memory: &Allocation, image: &Image) -> region::Result<()> {
    set_protection(memory, 0, memory.len(), Protection::NONE)?;
    let first = image.sections.first().map_or(PAGE, |section| section.rva);
    set_protection(memory, 0, first as usize, Protection::READ)?;
    for section in &image.sections {
        let mut protection = Protection::NONE;
        protection.set(Protection::WRITE, section.writable);
        protection.set(Protection::EXECUTE, section.executable);
        // The processor cannot write or execute what it cannot read, nor can Windows say so.
        let readable = section.readable || !protection.is_empty();
        protection.set(Protection::READ, readable);
        set_section_protection(memory, section, protection)?;
    }
    Ok(())
}

/// Makes discardable sections inaccessible, as the kernel does when `DriverEntry` has returned.
pub(super) fn discard(memory: &Allocation, sections: &[Section]) -> region::Result<()> {
    sections
        .iter()
        .filter(|section| section.discardable)
        .try_for_each(|section| set_section_protection(memory, section, Protection::NONE))
}

fn set_section_protection(
    memory: &Allocation,
    section: &Section,
    protection: Protection,
) -> region::Result<()> {
    let len = section.mapped_end() - section.rva;
    set_protection(memory, section.rva as usize, len as usize, protection)
}

fn set_protection(
    memory: &Allocation,
    offset: usize,
    len: usize,
    protection: Protection,
) -> region::Result<()> {
    let start = memory.as_ptr::<u8>().wrapping_add(offset);
    // SAFETY: the pages belong to `memory`, which nobody refers to from Rust: the slice of `map`
    // has ended, and what the driver's code may touch is the contract of those who call into it.
    unsafe { region::protect(start, len, protection) }
}
