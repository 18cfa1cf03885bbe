//! Files that are no drivers, and damaged ones: each has its own message, of one line.

use std::collections::HashSet;

use object::pe;

use super::fixture::{
    DATA, Driver, EDATA, IDATA, IMAGE_BASE, PDATA, RELOC, RETURN_SUCCESS, TEXT, optional, patch,
    pe_offset, section_field,
};
use crate::loader::Image;

/// What refuses the file, as text.
fn refusal(bytes: &[u8]) -> String {
    let error = Image::parse("bad.sys", bytes).and_then(|image| image.require_driver());
    error.expect_err("the file is refused").to_string()
}

fn sound() -> Vec<u8> {
    Driver::with_everything().build()
}

/// The sound image with one 32-bit field changed.
fn patched(offset: impl Fn(&[u8]) -> usize, value: u32) -> Vec<u8> {
    let mut file = sound();
    let offset = offset(&file);
    patch(&mut file, offset, value);
    file
}

fn with(change: impl FnOnce(&mut Driver)) -> Vec<u8> {
    let mut driver = Driver::with_everything();
    change(&mut driver);
    driver.build()
}

fn with_directory(index: usize, rva: u32, size: u32) -> Vec<u8> {
    Driver::with_everything()
        .directory(index, rva, size)
        .build()
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let sound = sound();
    let len = sound.len();
    vec![
        ("is empty", vec![]),
        ("is an ELF file", b"\x7fELF\x02\x01\x01".to_vec()),
        ("is a Mach-O file", b"\xcf\xfa\xed\xfe\x07\0\0\x01".to_vec()),
        ("is a text file", b"#include <ntddk.h>\r\n".to_vec()),
        ("is not a PE file", vec![0x80, 0x01, 0x00, 0x02]),
        ("is cut off: the MZ header", b"MZ\x90".to_vec()),
        (
            "is an MZ program without a PE header",
            patched(pe_offset, 0x454e),
        ),
        ("is cut off: the PE header", patched(|_| 0x3c, 0x7fff_ffff)),
        (
            "is cut off: the file header",
            sound[..pe_offset(&sound) + 10].to_vec(),
        ),
        (
            "is cut off: the optional header",
            sound[..optional(&sound, 80)].to_vec(),
        ),
        (
            "is cut off: the section table",
            sound[..section_field(&sound, 2, 0)].to_vec(),
        ),
        ("is cut off: section .reloc", sound[..len - 1].to_vec()),
        (
            "is a 32-bit PE image",
            with(|d| d.machine = pe::IMAGE_FILE_MACHINE_I386),
        ),
        ("is a 32-bit PE image", with(|d| d.pe32_plus = false)),
        (
            "is an image for ARM64",
            with(|d| d.machine = pe::IMAGE_FILE_MACHINE_ARM64),
        ),
        (
            "is an image for machine 0x01c4",
            with(|d| d.machine = pe::IMAGE_FILE_MACHINE_ARMNT),
        ),
        (
            "is a program for subsystem Windows console",
            with(|d| d.subsystem = pe::IMAGE_SUBSYSTEM_WINDOWS_CUI),
        ),
        (
            "is a DLL for subsystem Windows GUI",
            with(|d| {
                d.subsystem = pe::IMAGE_SUBSYSTEM_WINDOWS_GUI;
                d.characteristics |= pe::IMAGE_FILE_DLL;
            }),
        ),
        ("has no entry point", with(|d| d.entry = 0)),
        (
            "has a damaged header: the entry point 0x2000 is not in code",
            with(|d| d.entry = DATA),
        ),
        (
            "was linked without base relocations",
            with(|d| d.characteristics |= pe::IMAGE_FILE_RELOCS_STRIPPED),
        ),
        (
            "has a damaged header: SectionAlignment is 0x200",
            with(|d| d.section_alignment = 0x200),
        ),
        (
            "has a damaged header: SectionAlignment is 0x3000",
            patched(|f| optional(f, 32), 0x3000),
        ),
        (
            "SizeOfImage is 4294963200 bytes",
            patched(|f| optional(f, 56), 0xffff_f000),
        ),
        (
            "has a damaged header: SizeOfHeaders is 0x0",
            patched(|f| optional(f, 60), 0),
        ),
        (
            "has a damaged header: it has 0 sections",
            patched(|f| pe_offset(f) + 4, 0x8664),
        ),
        ("has a damaged header: it has 97 sections", {
            let section = || super::fixture::Section {
                name: ".x",
                flags: pe::IMAGE_SCN_MEM_READ,
                bytes: vec![0; 16],
            };
            with(|d| d.sections.resize_with(97, section))
        }),
        (
            "has overlapping sections: .data begins before the end of .text",
            patched(|f| section_field(f, 1, 12), TEXT),
        ),
        (
            "has overlapping sections: .text begins before the end of the headers",
            patched(|f| section_field(f, 0, 12), 0),
        ),
        (
            "has overlapping sections: .data begins before the end of .text",
            patched(|f| section_field(f, 0, 8), 0x1001),
        ),
        (
            "has a bad section .reloc: it ends at 0x100005fff",
            patched(|f| section_field(f, 5, 8), 0xffff_ffff),
        ),
        (
            "has a bad section .reloc: RVA 0x6800 is not aligned",
            patched(|f| section_field(f, 5, 12), 0x6800),
        ),
        (
            "is cut off: section .text",
            patched(|f| section_field(f, 0, 20), 0xffff_fff0),
        ),
        (
            "has a damaged base relocation table: type 3 at RVA 0x2000",
            Driver::new(RETURN_SUCCESS)
                .relocations(&[(DATA, 3)])
                .build(),
        ),
        (
            "has a damaged base relocation table: RVA 0x9000 lies outside every section",
            Driver::new(RETURN_SUCCESS)
                .relocations(&[(0x9000, 10)])
                .build(),
        ),
        (
            "has a damaged base relocation table: RVA 0x6ffc lies outside every section",
            Driver::new(RETURN_SUCCESS)
                .relocations(&[(0x6ffc, 10)])
                .build(),
        ),
        (
            "has a damaged base relocation table: the block of page 0x2000 has a size of 4 bytes",
            with(|d| d.sections[5].bytes[4] = 4),
        ),
        (
            "has a damaged base relocation table: it lies outside the image",
            with_directory(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC, RELOC, 0x1001),
        ),
        (
            "has a damaged import table: it lies outside the image",
            with_directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT, 0x7000, 40),
        ),
        (
            "has a damaged import table: there is no name at RVA 0xffffffff",
            // The first module's name, behind 5 slots and 5 lookup entries.
            with(|d| d.sections[2].bytes[80 + 12..80 + 16].fill(0xff)),
        ),
        (
            // The first name, after 2 slots, 2 lookup entries and 2 descriptors.
            "has a damaged import table: there is no name at RVA 0x3048",
            Driver::new(RETURN_SUCCESS)
                .imports(&[(&"x".repeat(513), &["Y"])])
                .build(),
        ),
        (
            "has a damaged import table: there is no name at RVA 0x304e",
            Driver::new(RETURN_SUCCESS)
                .imports(&[("a.b", &["two\nlines"])])
                .build(),
        ),
        (
            "has a damaged import table: the slot of ntoskrnl.exe!DbgPrint at RVA 0x0",
            with(|d| d.sections[2].bytes[80 + 16..80 + 20].fill(0)),
        ),
        (
            "has a damaged export table: RVA 0xffffffff lies outside the image",
            with(|d| d.sections[3].bytes[40..44].fill(0xff)),
        ),
        (
            "has a damaged export table: Invalid PE export name pointer table",
            with(|d| d.sections[3].bytes[24..28].fill(0x7f)),
        ),
        (
            "has a damaged unwind table (.pdata): the entry for RVA 0x1000 leaves the image",
            Driver::new(RETURN_SUCCESS)
                .unwind(&[(TEXT, 0x7001, PDATA)])
                .build(),
        ),
        (
            "has a damaged unwind table (.pdata): the entry for RVA 0x1001 leaves the image",
            Driver::new(RETURN_SUCCESS)
                .unwind(&[(TEXT + 1, TEXT + 1, PDATA)])
                .build(),
        ),
        (
            "has a damaged unwind table (.pdata): 13 bytes",
            with_directory(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION, PDATA, 13),
        ),
        (
            "has a damaged load configuration: the security cookie at 0x1 lies",
            cookie(1),
        ),
        (
            "has a damaged load configuration: the security cookie at RVA 0x9000 lies",
            cookie(IMAGE_BASE + 0x9000),
        ),
        (
            "has a damaged load configuration: the guard's check pointer at 0x1 lies",
            guarded(1),
        ),
        (
            "has a damaged load configuration: the guard pointer at RVA 0x9000 lies",
            guarded(IMAGE_BASE + 0x9000),
        ),
        (
            "has thread-local storage",
            with_directory(pe::IMAGE_DIRECTORY_ENTRY_TLS, DATA, 40),
        ),
        (
            "has delay-loaded imports",
            with_directory(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, IDATA, 32),
        ),
        (
            "has .NET code",
            with_directory(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, EDATA, 72),
        ),
    ]
}

/// An image whose load configuration has these fields.
fn configured<const N: usize>(fields: [(usize, u64); N]) -> Vec<u8> {
    let mut data = vec![0; 0x98];
    data[0] = 0x98;
    for (at, value) in fields {
        data[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    let directory = pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG;
    Driver::new(RETURN_SUCCESS)
        .data(&data)
        .directory(directory, DATA, 0x98)
        .build()
}

/// An image whose load configuration names this address as its security cookie's.
fn cookie(va: u64) -> Vec<u8> {
    configured([(0x58, va)])
}

/// An image, compiled for control flow guard, that names this address as that of its pointer.
fn guarded(va: u64) -> Vec<u8> {
    configured([(0x70, va), (0x90, 0x100)])
}

#[test]
fn the_sound_image_is_accepted() {
    let image = Image::parse("good.sys", &sound()).expect("the image is sound");
    image.require_driver().expect("it is a driver");
}

#[test]
fn each_kind_of_damage_has_its_own_message() {
    let mut messages = HashSet::new();
    for (expected, file) in cases() {
        let message = refusal(&file);
        assert!(
            message.starts_with(&format!("bad.sys: {expected}")),
            "{expected:?}: {message}"
        );
        assert!(!message.contains('\n'), "{message}");
        assert!(message.contains("; "), "no advice: {message}");
        messages.insert(message);
    }
    // Two ways to be a 32-bit image, and two ways for .data to overlap .text, read the same.
    assert_eq!(messages.len(), cases().len() - 2);
}

#[test]
fn a_file_that_is_missing_or_a_folder_is_unreadable() {
    let missing = Image::open("no/such/driver.sys")
        .expect_err("there is none")
        .to_string();
    assert!(
        missing.starts_with("no/such/driver.sys: cannot be read"),
        "{missing}"
    );
    let folder = Image::open(".").expect_err("not a file").to_string();
    assert!(folder.starts_with(".: cannot be read"), "{folder}");
}

#[test]
fn a_file_above_the_limit_is_refused_before_it_is_looked_at() {
    let message = refusal(&vec![b'M'; 64 * 1024 * 1024 + 1]);
    assert!(
        message.starts_with("bad.sys: the file is 67108865 bytes"),
        "{message}"
    );
}

#[test]
fn a_file_name_cannot_break_the_line() {
    let error = Image::parse("two\nlines\u{2028}.sys", b"").expect_err("empty");
    assert!(
        error
            .to_string()
            .starts_with("two\\nlines\\u{2028}.sys: is empty"),
        "{error}"
    );
}
