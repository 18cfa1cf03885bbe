//! The headers and the section table: what kind of file it is, and where its bytes go in memory.

use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{DataDirectories, ImageNtHeaders, ImageOptionalHeader};

use super::error::Problem;
use super::image::{MAX_IMAGE_SIZE, Machine, PAGE, Section};

/// Sections that Windows accepts in an image.
const MAX_SECTIONS: u16 = 96;

/// Checks the signatures of `bytes` and returns the offset of the PE header.
pub(super) fn recognise(bytes: &[u8]) -> Result<u32, Problem> {
    let len = bytes.len() as u64;
    if len > MAX_IMAGE_SIZE {
        return Err(Problem::TooLarge {
            what: "the file",
            size: len,
            limit: MAX_IMAGE_SIZE,
        });
    }
    match bytes {
        [] => return Err(Problem::Empty),
        [0x7f, b'E', b'L', b'F', ..] => return Err(Problem::Elf),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            return Err(Problem::MachO);
        }
        [b'M', b'Z', ..] => {}
        _ if is_text(bytes) => return Err(Problem::Text),
        _ => return Err(Problem::NotPe),
    }
    let truncated = |what: &str, needed| Problem::Truncated {
        what: what.to_owned(),
        needed,
        len,
    };
    let offset = bytes
        .get(0x3c..0x40)
        .and_then(|field| field.first_chunk())
        .map(|field| u32::from_le_bytes(*field))
        .ok_or_else(|| truncated("the MZ header", 0x40))?;
    match bytes.get(offset as usize..).unwrap_or_default() {
        [b'P', b'E', 0, 0, ..] => Ok(offset),
        [_, _, _, _, ..] => Err(Problem::NoPeHeader),
        _ => Err(truncated("the PE header", u64::from(offset) + 4)),
    }
}

/// Whether the beginning of a file reads as text.
fn is_text(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    utf16
        || head
            .iter()
            .all(|&b| b >= 0x80 || b.is_ascii_graphic() || b.is_ascii_whitespace())
}

/// The processor of a 64-bit image.
pub(super) fn machine(machine: pe::Machine) -> Result<Machine, Problem> {
    match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => Ok(Machine::X86_64),
        pe::IMAGE_FILE_MACHINE_ARM64 => Ok(Machine::Arm64),
        other => Err(Problem::OtherMachine {
            machine: format!("machine {:#06x}", other.0),
        }),
    }
}

/// Reads the 64-bit headers; `offset` moves from the PE header to the section table.
pub(super) fn parse<'a>(
    bytes: &'a [u8],
    offset: &mut u64,
) -> Result<(&'a pe::ImageNtHeaders64, DataDirectories<'a>), Problem> {
    let len = bytes.len() as u64;
    let truncated = |what: &str, needed| Problem::Truncated {
        what: what.to_owned(),
        needed,
        len,
    };
    let optional = *offset + 4 + 20;
    let header = bytes
        .get(*offset as usize + 4..optional as usize)
        .ok_or_else(|| truncated("the file header", optional))?;
    let field = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let kind = pe::Machine(field(0));
    if kind == pe::IMAGE_FILE_MACHINE_I386 {
        return Err(Problem::ThirtyTwoBit);
    }
    machine(kind)?;
    let end = optional + u64::from(field(16));
    if end > len {
        return Err(truncated("the optional header", end));
    }
    let magic = bytes[optional as usize..end as usize]
        .first_chunk()
        .copied();
    if magic.map(u16::from_le_bytes) == Some(pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC) {
        return Err(Problem::ThirtyTwoBit);
    }
    pe::ImageNtHeaders64::parse(bytes, offset).map_err(|error| Problem::Header(error.to_string()))
}

/// Checks the sizes that the optional header announces, and makes room for the image.
pub(super) fn allocate_layout(optional: &pe::ImageOptionalHeader64) -> Result<Vec<u8>, Problem> {
    let alignment = optional.section_alignment();
    if alignment < PAGE || !alignment.is_power_of_two() {
        return Err(Problem::Header(format!(
            "SectionAlignment is {alignment:#x}, not a power of two of at least {PAGE:#x}"
        )));
    }
    let size = u64::from(optional.size_of_image());
    if size > MAX_IMAGE_SIZE {
        return Err(Problem::TooLarge {
            what: "SizeOfImage",
            size,
            limit: MAX_IMAGE_SIZE,
        });
    }
    Ok(vec![0; size.next_multiple_of(PAGE.into()) as usize])
}

/// Checks every section and copies headers and sections to their RVAs. `offset` is the section
/// table's.
pub(super) fn lay_out(
    bytes: &[u8],
    headers: &pe::ImageNtHeaders64,
    offset: u64,
    layout: &mut [u8],
) -> Result<Vec<Section>, Problem> {
    let truncated = |what: String, needed| Problem::Truncated {
        what,
        needed,
        len: bytes.len() as u64,
    };
    let optional = headers.optional_header();
    let count = headers.file_header().number_of_sections.get(LE);
    let table_end = offset + u64::from(count) * size_of::<pe::ImageSectionHeader>() as u64;
    let table = headers
        .sections(bytes, offset)
        .map_err(|_| truncated("the section table".to_owned(), table_end))?;
    if count == 0 || count > MAX_SECTIONS {
        return Err(Problem::Header(format!(
            "it has {count} sections, not 1 to {MAX_SECTIONS}"
        )));
    }

    let header_len = optional.size_of_headers();
    if u64::from(header_len) < table_end || header_len as usize > layout.len() {
        return Err(Problem::Header(format!("SizeOfHeaders is {header_len:#x}")));
    }
    let header_bytes = bytes
        .get(..header_len as usize)
        .ok_or_else(|| truncated("the headers".to_owned(), u64::from(header_len)))?;
    layout[..header_bytes.len()].copy_from_slice(header_bytes);

    let mut sections: Vec<Section> = Vec::with_capacity(count.into());
    for header in table.iter() {
        let name = section_name(&header.name);
        let bad = |reason: String| Problem::Section {
            name: name.clone(),
            reason,
        };
        let rva = header.virtual_address.get(LE);
        let raw_len = header.size_of_raw_data.get(LE);
        let size = match header.virtual_size.get(LE) {
            0 => raw_len,
            size => size,
        };
        let flags = header.characteristics.get(LE);

        let (first, free) = match sections.last() {
            Some(last) => (last.name.clone(), last.mapped_end()),
            None => ("the headers".to_owned(), header_len.next_multiple_of(PAGE)),
        };
        if rva < free {
            return Err(Problem::Overlap {
                first,
                second: name,
            });
        }
        if !rva.is_multiple_of(optional.section_alignment()) {
            return Err(bad(format!(
                "RVA {rva:#x} is not aligned to SectionAlignment"
            )));
        }
        if size == 0 {
            return Err(bad("it is empty".to_owned()));
        }
        let end = u64::from(rva) + u64::from(size);
        if end > layout.len() as u64 {
            return Err(bad(format!("it ends at {end:#x}, after SizeOfImage")));
        }
        let raw = header.pointer_to_raw_data.get(LE);
        let raw_end = u64::from(raw) + u64::from(raw_len);
        // Uninitialised data has no bytes in the file, and its pointer means nothing.
        if raw_len != 0 {
            let source = bytes
                .get(raw as usize..raw_end as usize)
                .ok_or_else(|| truncated(format!("section {name}"), raw_end))?;
            let len = source.len().min(size as usize);
            layout[rva as usize..][..len].copy_from_slice(&source[..len]);
        }
        sections.push(Section {
            name,
            rva,
            size,
            readable: flags.contains(pe::IMAGE_SCN_MEM_READ),
            writable: flags.contains(pe::IMAGE_SCN_MEM_WRITE),
            executable: flags.contains(pe::IMAGE_SCN_MEM_EXECUTE),
            discardable: flags.contains(pe::IMAGE_SCN_MEM_DISCARDABLE),
        });
    }
    Ok(sections)
}

fn section_name(name: &[u8; 8]) -> String {
    let end = name
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(name.len());
    name[..end].escape_ascii().to_string()
}
