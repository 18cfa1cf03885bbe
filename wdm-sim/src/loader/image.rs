//! A driver file, parsed, checked and laid out by RVA. Safe code only; nothing is mapped here.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use serde::Serialize;

use super::checksum;
use super::error::{LoadError, OneLine, Problem};
use super::headers;
use super::tables::{Export, Import, RuntimeFunction, Tables};

/// Largest file and largest `SizeOfImage` accepted, in bytes.
pub const MAX_IMAGE_SIZE: u64 = 64 * 1024 * 1024;

/// The page of x86_64, and the smallest section alignment that lets each section have its own
/// protection.
pub(super) const PAGE: u32 = 4096;

/// The processor an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Machine {
    /// AMD64.
    #[serde(rename = "x86_64")]
    X86_64,
    /// ARM64; such an image can be inspected but not loaded.
    Arm64,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "ARM64",
        })
    }
}

/// The checksum in the header and the one that the file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// `CheckSum` of the optional header; 0 if the linker wrote none.
    pub stored: u32,
    /// The checksum of the file's bytes.
    pub computed: u32,
}

impl Checksum {
    /// Whether the stored checksum is right.
    pub fn is_valid(self) -> bool {
        self.stored == self.computed
    }
}

/// A section of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name, as in the section table (at most eight bytes).
    pub name: String,
    /// Its first RVA.
    pub rva: u32,
    /// Its size in memory, in bytes.
    pub size: u32,
    /// It can be read.
    pub readable: bool,
    /// It can be written.
    pub writable: bool,
    /// It can be executed.
    pub executable: bool,
    /// The kernel discards it when `DriverEntry` has returned.
    pub discardable: bool,
}

impl Section {
    /// One past its last RVA, rounded up to a page.
    pub(super) fn mapped_end(&self) -> u32 {
        (self.rva + self.size).next_multiple_of(PAGE)
    }

    /// Whether an RVA lies inside it.
    pub fn contains(&self, rva: u32) -> bool {
        self.holds(rva, 1)
    }

    /// Whether `len` bytes at `rva` lie inside it.
    fn holds(&self, rva: u32, len: u32) -> bool {
        rva >= self.rva
            && rva
                .checked_add(len)
                .is_some_and(|end| end <= self.mapped_end())
    }
}

/// A parsed and checked PE32+ file.
///
/// # Invariants
/// `layout` is a whole number of pages, at most [`MAX_IMAGE_SIZE`] bytes, and holds every section.
/// Sections ascend, begin at page boundaries and share no page with one another or the headers.
/// Each relocation, import slot, guard pointer and the security cookie is eight bytes inside one
/// section.
#[derive(Debug, Clone)]
pub struct Image {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) machine: Machine,
    pub(super) subsystem: u16,
    pub(super) is_dll: bool,
    pub(super) relocations_stripped: bool,
    pub(super) image_base: u64,
    pub(super) entry: u32,
    pub(super) checksum: Checksum,
    pub(super) sections: Vec<Section>,
    pub(super) modules: Vec<String>,
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
    pub(super) relocations: Vec<u32>,
    pub(super) security_cookie: Option<u32>,
    /// Where the pointers to the guard's two functions are.
    pub(super) guard_pointers: [Option<u32>; 2],
    pub(super) has_unwind_table: bool,
    pub(super) runtime_functions: Vec<RuntimeFunction>,
    pub(super) user_mode_only: Option<(&'static str, &'static str)>,
    pub(super) layout: Vec<u8>,
}

impl Image {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// As [`Image::parse`], and [`Problem::Unreadable`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|opened| opened.take(MAX_IMAGE_SIZE + 1).read_to_end(&mut bytes))
            .map_err(|error| LoadError::new(&file, Problem::Unreadable(error)))?;
        Self::parse(&file, &bytes)
    }

    /// Parses the bytes of a 64-bit PE file. `file` is its name or path, for messages.
    ///
    /// What is damaged is an error here; what is merely not loadable (a program, an ARM64 image,
    /// writable code) can still be inspected, and is refused by [`Module::load`](super::Module).
    ///
    /// # Errors
    /// [`LoadError`], one line that names the file, what is wrong and what to do.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, LoadError> {
        Self::parse_bytes(file, bytes).map_err(|problem| LoadError::new(file, problem))
    }

    fn parse_bytes(file: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let header_offset = headers::recognise(bytes)?;
        let mut offset = u64::from(header_offset);
        let (nt, directories) = headers::parse(bytes, &mut offset)?;
        let optional = nt.optional_header();
        let characteristics = nt.file_header().characteristics.get(LE);

        let mut layout = headers::allocate_layout(optional)?;
        let sections = headers::lay_out(bytes, nt, offset, &mut layout)?;
        let tables = Tables {
            layout: &layout,
            directories: directories.iter().as_slice(),
        };
        let machine = headers::machine(nt.file_header().machine.get(LE))?;
        let (modules, imports) = tables.imports()?;
        // The optional header's CheckSum field is 64 bytes in, after signature and file header.
        let computed = checksum::compute(bytes, header_offset as usize + 4 + 20 + 64);

        let image = Self {
            file: file.to_owned(),
            name: base_name(file),
            machine,
            subsystem: optional.subsystem().0,
            is_dll: characteristics.contains(pe::IMAGE_FILE_DLL),
            relocations_stripped: characteristics.contains(pe::IMAGE_FILE_RELOCS_STRIPPED),
            image_base: optional.image_base(),
            entry: optional.address_of_entry_point(),
            checksum: Checksum {
                stored: optional.check_sum(),
                computed,
            },
            sections,
            modules,
            imports,
            exports: tables.exports()?,
            relocations: tables.relocations()?,
            security_cookie: tables.security_cookie(optional.image_base())?,
            guard_pointers: tables.guard_pointers(optional.image_base())?,
            has_unwind_table: tables.has(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION),
            runtime_functions: match machine {
                Machine::X86_64 => tables.runtime_functions()?,
                Machine::Arm64 => Vec::new(),
            },
            user_mode_only: user_mode_only(&tables),
            layout,
        };
        image.check_addresses()?;
        Ok(image)
    }

    /// The last of the type's invariants: what the loader will write lies inside sections.
    fn check_addresses(&self) -> Result<(), Problem> {
        let in_section = |rva, len| self.sections.iter().any(|section| section.holds(rva, len));
        if let Some(rva) = self.relocations.iter().find(|&&rva| !in_section(rva, 8)) {
            return Err(Problem::Relocations(format!(
                "RVA {rva:#x} lies outside every section"
            )));
        }
        if let Some(import) = self
            .imports
            .iter()
            .find(|import| !in_section(import.slot, 8))
        {
            let (module, name) = (&self.modules[import.module], import.name());
            return Err(Problem::Imports(format!(
                "the slot of {module}!{name} at RVA {:#x} lies outside every section",
                import.slot
            )));
        }
        if let Some(rva) = self.security_cookie.filter(|&rva| !in_section(rva, 8)) {
            return Err(Problem::LoadConfig(format!(
                "the security cookie at RVA {rva:#x} lies outside every section"
            )));
        }
        let guard = self.guard_pointers.iter().flatten();
        if let Some(rva) = guard.copied().find(|&rva| !in_section(rva, 8)) {
            return Err(Problem::LoadConfig(format!(
                "the guard pointer at RVA {rva:#x} lies outside every section"
            )));
        }
        if self.entry != 0 && !self.section_at(self.entry).is_some_and(|s| s.executable) {
            let entry = self.entry;
            return Err(Problem::Header(format!(
                "the entry point {entry:#x} is not in code"
            )));
        }
        Ok(())
    }

    /// The error of a host that gives no memory for it.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn no_memory(&self, source: region::Error) -> LoadError {
        let action = "gives no memory";
        LoadError::new(&self.file, Problem::Memory { action, source })
    }

    /// Checks that this is a driver for x86_64 that the kernel could load.
    ///
    /// # Errors
    /// [`Problem::OtherMachine`], [`Problem::NotADriver`], [`Problem::UserModeOnly`],
    /// [`Problem::RelocationsStripped`] or [`Problem::NoEntryPoint`].
    pub fn require_driver(&self) -> Result<(), LoadError> {
        let problem = if self.machine != Machine::X86_64 {
            Problem::OtherMachine {
                machine: self.machine.to_string(),
            }
        } else if self.subsystem != pe::IMAGE_SUBSYSTEM_NATIVE.0 {
            let kind = if self.is_dll { "DLL" } else { "program" };
            Problem::NotADriver {
                kind,
                subsystem: self.subsystem_name(),
            }
        } else if let Some((what, advice)) = self.user_mode_only {
            Problem::UserModeOnly { what, advice }
        } else if self.relocations_stripped {
            Problem::RelocationsStripped
        } else if self.entry == 0 {
            Problem::NoEntryPoint
        } else {
            return Ok(());
        };
        Err(LoadError::new(&self.file, problem))
    }

    /// The file's name without its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The processor it is for.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The name of its subsystem; a kernel driver's is "native".
    pub fn subsystem_name(&self) -> String {
        match self.subsystem {
            1 => "native".to_owned(),
            2 => "Windows GUI".to_owned(),
            3 => "Windows console".to_owned(),
            10..=13 => "EFI".to_owned(),
            16 => "boot application".to_owned(),
            other => other.to_string(),
        }
    }

    /// Its size in memory, in bytes; a whole number of pages.
    pub fn size(&self) -> usize {
        self.layout.len()
    }

    /// The RVA of the entry point; 0 if it has none.
    pub fn entry(&self) -> u32 {
        self.entry
    }

    /// Its checksums.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Its sections, in ascending order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section that holds an RVA.
    pub fn section_at(&self, rva: u32) -> Option<&Section> {
        self.sections.iter().find(|section| section.contains(rva))
    }

    /// Its imports, each with the name of its module as the file spells it.
    pub fn imports(&self) -> impl Iterator<Item = (&str, &Import)> {
        self.imports
            .iter()
            .map(|import| (self.modules[import.module].as_str(), import))
    }

    /// Its named exports.
    pub fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// Its bytes by RVA, as the file has them.
    #[cfg_attr(
        not(all(target_os = "linux", target_arch = "x86_64")),
        allow(dead_code)
    )]
    pub(crate) fn layout(&self) -> &[u8] {
        &self.layout
    }

    /// The unwind entry of the function around an RVA. Does not allocate.
    pub(crate) fn function_around(&self, rva: u32) -> Option<&RuntimeFunction> {
        let functions = &self.runtime_functions;
        let after = functions.partition_point(|function| function.begin <= rva);
        let function = functions.get(after.checked_sub(1)?)?;
        (rva < function.end).then_some(function)
    }
}

/// What an image has that only user mode's loader supports, with what to do about it.
fn user_mode_only(tables: &Tables<'_>) -> Option<(&'static str, &'static str)> {
    [
        (
            pe::IMAGE_DIRECTORY_ENTRY_TLS,
            "thread-local storage (a TLS directory)",
            "use no #[thread_local] and no __declspec(thread)",
        ),
        (
            pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT,
            "delay-loaded imports",
            "link it without /DELAYLOAD",
        ),
        (
            pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR,
            ".NET code",
            "compile it to native code",
        ),
    ]
    .into_iter()
    .find(|&(directory, ..)| tables.has(directory))
    .map(|(_, what, advice)| (what, advice))
}

fn base_name(file: &str) -> String {
    OneLine(file.rsplit(['/', '\\']).next().unwrap_or(file)).to_string()
}
