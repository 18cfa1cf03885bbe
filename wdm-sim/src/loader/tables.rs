//! The tables that the data directories point at, read from the laid-out image by RVA.

use std::fmt;
use std::mem::offset_of;

use object::LittleEndian as LE;
use object::pe;
use object::read::ReadRef;
use object::read::pe::{ExportTable, ImageThunkData, ImportTable};

use super::error::Problem;

/// Imported functions and data a driver may have, all modules together.
const MAX_IMPORTS: usize = 16 * 1024;
/// Modules a driver may import from.
const MAX_MODULES: usize = 256;
/// Named exports a driver may have.
const MAX_EXPORTS: usize = 16 * 1024;
/// Base relocations a driver may have.
const MAX_RELOCATIONS: usize = 1024 * 1024;
/// Entries of the exception directory a driver may have.
const MAX_FUNCTIONS: usize = 1024 * 1024;
/// Longest module or symbol name in bytes.
const MAX_NAME: usize = 512;

/// What an import slot asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportName<'a> {
    /// By name.
    Name(&'a str),
    /// By ordinal.
    Ordinal(u16),
}

impl fmt::Display for ImportName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ordinal(ordinal) => write!(f, "#{ordinal}"),
        }
    }
}

/// One slot of the import address table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub(super) module: usize,
    pub(super) symbol: Symbol,
    pub(super) slot: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Symbol {
    Name(String),
    Ordinal(u16),
}

impl Import {
    /// What the slot asks for.
    pub fn name(&self) -> ImportName<'_> {
        match &self.symbol {
            Symbol::Name(name) => ImportName::Name(name),
            Symbol::Ordinal(ordinal) => ImportName::Ordinal(*ordinal),
        }
    }

    /// The RVA of the slot that receives the address.
    pub fn slot(&self) -> u32 {
        self.slot
    }
}

/// A named export. Exports by ordinal alone are not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub target: ExportTarget,
}

/// What an export stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTarget {
    /// Code or data at this RVA.
    Rva(u32),
    /// `MODULE.Name` in another module.
    Forward(String),
}

/// One entry of the exception directory (`RUNTIME_FUNCTION` of x86_64); all are RVAs.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeFunction {
    /// First byte of the function's code.
    pub begin: u32,
    /// One past its last byte.
    pub end: u32,
    /// Its `UNWIND_INFO`.
    pub unwind_info: u32,
}

/// The image by RVA, with its directories.
pub(super) struct Tables<'a> {
    pub(super) layout: &'a [u8],
    pub(super) directories: &'a [pe::ImageDataDirectory],
}

impl<'a> Tables<'a> {
    /// RVA and bytes of a directory; `None` if the image has none.
    fn directory(&self, index: usize) -> Result<Option<(u32, &'a [u8])>, String> {
        let Some(entry) = self.directories.get(index) else {
            return Ok(None);
        };
        let (rva, size) = entry.address_range();
        if rva == 0 || size == 0 {
            return Ok(None);
        }
        let bytes = (self.layout)
            .read_bytes_at(rva.into(), size.into())
            .map_err(|()| format!("it lies outside the image ({size} bytes at RVA {rva:#x})"))?;
        Ok(Some((rva, bytes)))
    }

    /// Whether the image has this directory at all.
    pub(super) fn has(&self, index: usize) -> bool {
        self.directories
            .get(index)
            .is_some_and(|entry| entry.virtual_address.get(LE) != 0)
    }

    /// A NUL-terminated name of printable ASCII. Compilers write nothing else, and it keeps what
    /// people read about a damaged file readable.
    fn name(&self, rva: u32) -> Result<String, String> {
        let bytes = self.layout.get(rva as usize..).unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(MAX_NAME + 1)];
        let end = bytes.iter().position(|&byte| byte == 0);
        match end.and_then(|end| str::from_utf8(&bytes[..end]).ok()) {
            Some(name) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()) => {
                Ok(name.to_owned())
            }
            _ => Err(format!("there is no name at RVA {rva:#x}")),
        }
    }

    /// The RVAs of the 64-bit addresses to adjust when the image moves.
    pub(super) fn relocations(&self) -> Result<Vec<u32>, Problem> {
        self.read_relocations().map_err(Problem::Relocations)
    }

    fn read_relocations(&self) -> Result<Vec<u32>, String> {
        let mut relocations = Vec::new();
        let Some((_, mut rest)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC)? else {
            return Ok(relocations);
        };
        while let Some((header, body)) = rest.split_first_chunk::<8>() {
            let [a, b, c, d, e, f, g, h] = *header;
            let page = u32::from_le_bytes([a, b, c, d]);
            let size = u32::from_le_bytes([e, f, g, h]);
            if (page, size) == (0, 0) {
                break;
            }
            let entries = size
                .checked_sub(8)
                .and_then(|len| body.split_at_checked(len as usize))
                .ok_or_else(|| format!("the block of page {page:#x} has a size of {size} bytes"))?;
            rest = entries.1;
            for entry in entries.0.as_chunks::<2>().0 {
                let entry = u16::from_le_bytes(*entry);
                let rva = page.saturating_add(u32::from(entry & 0xfff));
                match pe::BaseRelocationType(entry >> 12) {
                    pe::IMAGE_REL_BASED_ABSOLUTE => {}
                    pe::IMAGE_REL_BASED_DIR64 if relocations.len() == MAX_RELOCATIONS => {
                        return Err(format!("it has more than {MAX_RELOCATIONS} entries"));
                    }
                    pe::IMAGE_REL_BASED_DIR64 => relocations.push(rva),
                    other => {
                        return Err(format!(
                            "type {} at RVA {rva:#x} does not occur in 64-bit images",
                            other.0
                        ));
                    }
                }
            }
        }
        Ok(relocations)
    }

    /// The names of the modules imported from, and each slot.
    pub(super) fn imports(&self) -> Result<(Vec<String>, Vec<Import>), Problem> {
        self.read_imports().map_err(Problem::Imports)
    }

    fn read_imports(&self) -> Result<(Vec<String>, Vec<Import>), String> {
        let (mut modules, mut imports) = (Vec::new(), Vec::new());
        let Some((rva, _)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT)? else {
            return Ok((modules, imports));
        };
        let table = ImportTable::new(self.layout, 0, rva);
        let mut descriptors = table.descriptors().map_err(|e| e.to_string())?;
        while let Some(descriptor) = descriptors.next().map_err(|e| e.to_string())? {
            if modules.len() == MAX_MODULES {
                return Err(format!("it names more than {MAX_MODULES} modules"));
            }
            modules.push(self.name(descriptor.name.get(LE))?);
            let slots = descriptor.first_thunk.get(LE);
            // Old linkers leave the lookup table out; the address table then serves as both.
            let lookup = match descriptor.original_first_thunk.get(LE) {
                0 => slots,
                lookup => lookup,
            };
            let mut thunks = table.thunks(lookup).map_err(|e| e.to_string())?;
            let mut slot = slots;
            while let Some(thunk) = thunks
                .next::<pe::ImageNtHeaders64>()
                .map_err(|e| e.to_string())?
            {
                if imports.len() == MAX_IMPORTS {
                    return Err(format!("it has more than {MAX_IMPORTS} entries"));
                }
                let symbol = match thunk.is_ordinal() {
                    true => Symbol::Ordinal(thunk.ordinal()),
                    // Two bytes of hint come before the name.
                    false => Symbol::Name(self.name(thunk.address().saturating_add(2))?),
                };
                imports.push(Import {
                    module: modules.len() - 1,
                    symbol,
                    slot,
                });
                slot = slot
                    .checked_add(8)
                    .ok_or("its slots lie outside the image")?;
            }
        }
        Ok((modules, imports))
    }

    /// The named exports, in the order of the name table.
    pub(super) fn exports(&self) -> Result<Vec<Export>, Problem> {
        self.read_exports().map_err(Problem::Exports)
    }

    fn read_exports(&self) -> Result<Vec<Export>, String> {
        let Some((rva, bytes)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT)? else {
            return Ok(Vec::new());
        };
        let table = ExportTable::parse(bytes, rva).map_err(|e| e.to_string())?;
        if table.name_pointers().len() > MAX_EXPORTS {
            return Err(format!("it has more than {MAX_EXPORTS} names"));
        }
        table
            .name_iter()
            .map(|(name, index)| {
                let address = table.address_by_index(index).map_err(|e| e.to_string())?;
                let target = match table.is_forward(address) {
                    true => ExportTarget::Forward(self.name(address)?),
                    false if (address as usize) < self.layout.len() => ExportTarget::Rva(address),
                    false => return Err(format!("RVA {address:#x} lies outside the image")),
                };
                Ok(Export {
                    name: self.name(name)?,
                    target,
                })
            })
            .collect()
    }

    /// The RVA of the `/GS` security cookie.
    pub(super) fn security_cookie(&self, image_base: u64) -> Result<Option<u32>, Problem> {
        const FIELD: usize = offset_of!(pe::ImageLoadConfigDirectory64, security_cookie);
        self.load_config_address(image_base, FIELD, "security cookie")
            .map_err(Problem::LoadConfig)
    }

    /// The RVAs of the pointers through which code that was compiled for control flow guard checks
    /// indirect calls, and of those through which it makes them.
    pub(super) fn guard_pointers(&self, image_base: u64) -> Result<[Option<u32>; 2], Problem> {
        /// `IMAGE_GUARD_CF_INSTRUMENTED`.
        const INSTRUMENTED: u64 = 0x100;
        const FLAGS: usize = offset_of!(pe::ImageLoadConfigDirectory64, guard_flags);
        const CHECK: usize = offset_of!(
            pe::ImageLoadConfigDirectory64,
            guard_cf_check_function_pointer
        );
        const CALL: usize = offset_of!(
            pe::ImageLoadConfigDirectory64,
            guard_cf_dispatch_function_pointer
        );
        let read = || {
            let flags = self.load_config_field(FLAGS, 4)?;
            if flags.is_none_or(|flags| flags & INSTRUMENTED == 0) {
                return Ok([None; 2]);
            }
            let check = self.load_config_address(image_base, CHECK, "guard's check pointer")?;
            let call = self.load_config_address(image_base, CALL, "guard's call pointer")?;
            Ok([check, call])
        };
        read().map_err(Problem::LoadConfig)
    }

    /// The RVA of what a field of the load configuration points at; `None` if it has no such field,
    /// or the field is 0.
    fn load_config_address(
        &self,
        image_base: u64,
        field: usize,
        what: &str,
    ) -> Result<Option<u32>, String> {
        let Some(address) = self.load_config_field(field, 8)?.filter(|&it| it != 0) else {
            return Ok(None);
        };
        address
            .checked_sub(image_base)
            .and_then(|rva| u32::try_from(rva).ok())
            .map(Some)
            .ok_or_else(|| format!("the {what} at {address:#x} lies outside the image"))
    }

    /// A field of the load configuration, of up to eight bytes; `None` if it has no such field.
    fn load_config_field(&self, field: usize, size: usize) -> Result<Option<u64>, String> {
        let Some((rva, bytes)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)? else {
            return Ok(None);
        };
        // The directory's size is not that of the structure; the structure says its own.
        let Some(structure) = bytes.first_chunk().map(|size| u32::from_le_bytes(*size)) else {
            return Err("it is shorter than its size field".to_owned());
        };
        if (structure as usize) < field + size {
            return Ok(None);
        }
        let begin = rva as usize + field;
        let bytes = self.layout.get(begin..begin + size);
        let bytes = bytes.ok_or("it lies outside the image")?;
        let mut value = [0; 8];
        value[..size].copy_from_slice(bytes);
        Ok(Some(u64::from_le_bytes(value)))
    }

    /// The exception directory of an x86_64 image, in the order of the functions' code.
    pub(super) fn runtime_functions(&self) -> Result<Vec<RuntimeFunction>, Problem> {
        self.read_runtime_functions().map_err(Problem::UnwindTable)
    }

    fn read_runtime_functions(&self) -> Result<Vec<RuntimeFunction>, String> {
        let Some((_, bytes)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION)? else {
            return Ok(Vec::new());
        };
        let (entries, rest) = bytes.as_chunks::<12>();
        if !rest.is_empty() {
            return Err(format!(
                "{} bytes are no whole number of entries",
                bytes.len()
            ));
        }
        if entries.len() > MAX_FUNCTIONS {
            return Err(format!("it has more than {MAX_FUNCTIONS} entries"));
        }
        let word = |entry: &[u8; 12], at: usize| {
            u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
        };
        let mut functions = entries
            .iter()
            .map(|entry| RuntimeFunction {
                begin: word(entry, 0),
                end: word(entry, 4),
                unwind_info: word(entry, 8),
            })
            // Linkers pad the table with empty entries.
            .filter(|function| function.begin != 0)
            .map(|function| {
                let inside = function.begin < function.end
                    && function.end as usize <= self.layout.len()
                    && (function.unwind_info as usize) < self.layout.len();
                inside.then_some(function).ok_or_else(|| {
                    format!("the entry for RVA {:#x} leaves the image", function.begin)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        functions.sort_by_key(|function| function.begin);
        Ok(functions)
    }
}
