//! A builder of small driver images. The nth section lies at RVA `n * 0x1000`.

use object::pe;
use object::write::pe::{NtHeaders, Writer};

pub(super) const IMAGE_BASE: u64 = 0x1_4000_0000;
pub(super) const TEXT: u32 = 0x1000;
pub(super) const DATA: u32 = 0x2000;
/// The first import slot; each module's slots end with an empty one.
pub(super) const IDATA: u32 = 0x3000;
pub(super) const EDATA: u32 = 0x4000;
pub(super) const PDATA: u32 = 0x5000;
pub(super) const RELOC: u32 = 0x6000;

/// `xor eax, eax; ret`
pub(super) const RETURN_SUCCESS: &[u8] = &[0x31, 0xc0, 0xc3];

pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) flags: pe::SectionFlags,
    pub(super) bytes: Vec<u8>,
}

/// What the image will hold. Tests change fields before they build.
pub(super) struct Driver {
    pub(super) pe32_plus: bool,
    pub(super) machine: pe::Machine,
    pub(super) subsystem: pe::Subsystem,
    pub(super) characteristics: pe::FileFlags,
    pub(super) entry: u32,
    pub(super) section_alignment: u32,
    pub(super) sections: Vec<Section>,
    pub(super) directories: Vec<(usize, u32, u32)>,
}

impl Driver {
    /// A driver with this code at its entry point and sections for every table, still empty.
    pub(super) fn new(code: &[u8]) -> Self {
        let read = pe::IMAGE_SCN_CNT_INITIALIZED_DATA | pe::IMAGE_SCN_MEM_READ;
        let write = read | pe::IMAGE_SCN_MEM_WRITE;
        let execute = pe::IMAGE_SCN_CNT_CODE | pe::IMAGE_SCN_MEM_READ | pe::IMAGE_SCN_MEM_EXECUTE;
        let section = |name, flags| Section {
            name,
            flags,
            bytes: vec![0; 16],
        };
        let mut sections = vec![
            section(".text", execute),
            section(".data", write),
            section(".idata", read),
            section(".edata", read),
            section(".pdata", read),
            section(".reloc", read | pe::IMAGE_SCN_MEM_DISCARDABLE),
        ];
        sections[0].bytes = code.to_vec();
        Self {
            pe32_plus: true,
            machine: pe::IMAGE_FILE_MACHINE_AMD64,
            subsystem: pe::IMAGE_SUBSYSTEM_NATIVE,
            characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE | pe::IMAGE_FILE_LARGE_ADDRESS_AWARE,
            entry: TEXT,
            section_alignment: 0x1000,
            sections,
            directories: Vec::new(),
        }
    }

    /// One of everything: imports, an export, a relocation, unwind entries.
    pub(super) fn with_everything() -> Self {
        Self::new(RETURN_SUCCESS)
            .data(&(IMAGE_BASE + u64::from(DATA) + 8).to_le_bytes())
            .imports(&[
                ("ntoskrnl.exe", &["DbgPrint", "ZwClose"]),
                ("HAL.dll", &["KfRaiseIrql"]),
            ])
            .exports(&[("DriverEntry", TEXT)])
            .unwind(&[(TEXT, TEXT + 3, PDATA)])
            .relocations(&[(DATA, pe::IMAGE_REL_BASED_DIR64.0)])
    }

    pub(super) fn data(mut self, bytes: &[u8]) -> Self {
        self.sections[1].bytes = bytes.to_vec();
        self.sections[1].bytes.resize(bytes.len().max(64), 0);
        self
    }

    /// Adds a data directory, as (index, RVA, size).
    pub(super) fn directory(mut self, index: usize, rva: u32, size: u32) -> Self {
        self.directories.push((index, rva, size));
        self
    }

    pub(super) fn imports(mut self, modules: &[(&str, &[&str])]) -> Self {
        let slots: usize = modules.iter().map(|(_, names)| names.len() + 1).sum();
        let (lookup, descriptors) = (slots * 8, slots * 16);
        let mut names = descriptors + (modules.len() + 1) * 20;
        let bytes = &mut self.sections[2].bytes;
        bytes.resize(names, 0);
        let put_u32 = |bytes: &mut Vec<u8>, at: usize, value: usize| {
            bytes[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
        };
        let rva = IDATA as usize;
        let mut slot = 0;
        for (index, (module, symbols)) in modules.iter().enumerate() {
            let descriptor = descriptors + index * 20;
            put_u32(bytes, descriptor, rva + lookup + slot);
            put_u32(bytes, descriptor + 12, rva + names);
            put_u32(bytes, descriptor + 16, rva + slot);
            names = append(bytes, &[module.as_bytes(), b"\0"]);
            for symbol in *symbols {
                put_u32(bytes, slot, rva + names);
                put_u32(bytes, lookup + slot, rva + names);
                names = append(bytes, &[&[0, 0], symbol.as_bytes(), b"\0"]);
                slot += 8;
            }
            slot += 8;
        }
        let start = IDATA + descriptors as u32;
        self.directory(
            pe::IMAGE_DIRECTORY_ENTRY_IMPORT,
            start,
            (modules.len() as u32 + 1) * 20,
        )
    }

    /// Exports by name, which must come sorted.
    pub(super) fn exports(mut self, exports: &[(&str, u32)]) -> Self {
        let count = exports.len() as u32;
        let (functions, names) = (EDATA + 40, EDATA + 40 + count * 4);
        let ordinals = names + count * 4;
        let mut strings = vec![0; 0];
        let strings_rva = ordinals + count * 2;
        let mut pointers = Vec::new();
        for (name, _) in exports {
            pointers.push(strings_rva + strings.len() as u32);
            append(&mut strings, &[name.as_bytes(), b"\0"]);
        }
        let header = [
            0,
            0,
            0,
            strings_rva,
            1,
            count,
            count,
            functions,
            names,
            ordinals,
        ];
        let bytes = &mut self.sections[3].bytes;
        bytes.clear();
        bytes.extend(header.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(exports.iter().flat_map(|(_, rva)| rva.to_le_bytes()));
        bytes.extend(pointers.iter().flat_map(|rva| rva.to_le_bytes()));
        bytes.extend((0..count as u16).flat_map(u16::to_le_bytes));
        bytes.extend(strings);
        let size = bytes.len() as u32;
        self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT, EDATA, size)
    }

    /// Unwind entries as (begin, end, unwind info).
    pub(super) fn unwind(mut self, entries: &[(u32, u32, u32)]) -> Self {
        self.sections[4].bytes = entries
            .iter()
            .flat_map(|(begin, end, info)| [begin, end, info].map(|rva| rva.to_le_bytes()))
            .flatten()
            .collect();
        let size = self.sections[4].bytes.len() as u32;
        self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION, PDATA, size)
    }

    /// Base relocations as (RVA, type), one block each.
    pub(super) fn relocations(mut self, relocations: &[(u32, u16)]) -> Self {
        let bytes = &mut self.sections[5].bytes;
        bytes.clear();
        for (rva, kind) in relocations {
            bytes.extend((rva & !0xfff).to_le_bytes());
            bytes.extend(12u32.to_le_bytes());
            bytes.extend((kind << 12 | (rva & 0xfff) as u16).to_le_bytes());
            bytes.extend(0u16.to_le_bytes());
        }
        let size = bytes.len() as u32;
        self.directory(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC, RELOC, size)
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = Writer::new(self.pe32_plus, self.section_alignment, 0x200, &mut file);
        writer.reserve_dos_header();
        writer.reserve_nt_headers(16);
        writer.reserve_section_headers(self.sections.len() as u16);
        let ranges: Vec<_> = self
            .sections
            .iter()
            .map(|section| {
                let mut name = [0; 8];
                name[..section.name.len()].copy_from_slice(section.name.as_bytes());
                let size = section.bytes.len() as u32;
                writer.reserve_section(name, section.flags, size, size)
            })
            .collect();
        for &(index, rva, size) in &self.directories {
            writer.set_data_directory(index, rva, size);
        }
        writer
            .write_empty_dos_header()
            .expect("room for the headers");
        writer.write_nt_headers(NtHeaders {
            machine: self.machine,
            time_date_stamp: 0,
            characteristics: self.characteristics,
            major_linker_version: 14,
            minor_linker_version: 0,
            address_of_entry_point: self.entry,
            image_base: IMAGE_BASE,
            major_operating_system_version: 10,
            minor_operating_system_version: 0,
            major_image_version: 0,
            minor_image_version: 0,
            major_subsystem_version: 10,
            minor_subsystem_version: 0,
            subsystem: self.subsystem,
            dll_characteristics: pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
            size_of_stack_reserve: 0x10_0000,
            size_of_stack_commit: 0x1000,
            size_of_heap_reserve: 0x10_0000,
            size_of_heap_commit: 0x1000,
        });
        writer.write_section_headers();
        for (section, range) in self.sections.iter().zip(&ranges) {
            writer.write_section(range.file_offset, &section.bytes);
        }
        file
    }
}

/// Appends parts and returns the new length.
fn append(bytes: &mut Vec<u8>, parts: &[&[u8]]) -> usize {
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes.len()
}

/// The file offset of the PE header.
pub(super) fn pe_offset(file: &[u8]) -> usize {
    u32::from_le_bytes(file[0x3c..0x40].try_into().expect("four bytes")) as usize
}

/// The file offset of a field of the 64-bit optional header.
pub(super) fn optional(file: &[u8], field: usize) -> usize {
    pe_offset(file) + 24 + field
}

/// The file offset of a field of a section's header.
pub(super) fn section_field(file: &[u8], section: usize, field: usize) -> usize {
    optional(file, 112 + 16 * 8) + section * 40 + field
}

/// Overwrites a 32-bit field.
pub(super) fn patch(file: &mut [u8], offset: usize, value: u32) {
    file[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
}
