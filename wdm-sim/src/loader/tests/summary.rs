//! What `inspect` says about an image.

use object::pe;

use super::fixture::{Driver, RETURN_SUCCESS, optional, patch, section_field};
use crate::loader::{Image, Inspection};

fn inspect(file: &[u8]) -> Inspection {
    Inspection::of(&Image::parse("guard.sys", file).expect("the image is sound"))
}

#[test]
fn a_driver_is_summarised() {
    let summary = inspect(&Driver::with_everything().build());
    assert_eq!(summary.name, "guard.sys");
    assert_eq!(summary.subsystem, "native");
    assert_eq!(summary.entry, 0x1000);
    assert_eq!(summary.size, 0x7000);
    let imports: Vec<_> = summary
        .imports
        .iter()
        .map(|i| (i.module.as_str(), i.names.join(" ")))
        .collect();
    assert_eq!(
        imports,
        [
            ("ntoskrnl.exe", "DbgPrint ZwClose".to_owned()),
            ("HAL.dll", "KfRaiseIrql".to_owned())
        ]
    );
    assert_eq!(summary.exports, ["DriverEntry"]);
    assert_eq!(summary.relocations, 1);
    assert!(summary.has_unwind_table);
    assert!(!summary.has_security_cookie);
    let protections: Vec<_> = summary
        .sections
        .iter()
        .map(|s| (s.name.as_str(), s.protection.as_str()))
        .collect();
    assert_eq!(
        protections[..3],
        [(".text", "r-x"), (".data", "rw-"), (".idata", "r--")]
    );
    assert!(summary.sections[5].discardable);
    assert_eq!(summary.writable_code().count(), 0);
    assert_eq!(summary.not_loadable, None);
}

#[test]
fn writable_code_is_flagged() {
    let mut driver = Driver::with_everything();
    driver.sections[0].flags |= pe::IMAGE_SCN_MEM_WRITE;
    assert_eq!(
        inspect(&driver.build()).writable_code().collect::<Vec<_>>(),
        [".text"]
    );
}

#[test]
fn an_arm64_driver_can_be_inspected_on_any_host() {
    let mut driver = Driver::with_everything();
    driver.machine = pe::IMAGE_FILE_MACHINE_ARM64;
    let summary = inspect(&driver.build());
    assert_eq!(summary.machine.to_string(), "ARM64");
    assert!(
        summary
            .not_loadable
            .is_some_and(|why| why.contains("ARM64"))
    );
}

#[test]
fn a_checksum_is_compared() {
    let mut file = Driver::with_everything().build();
    let summary = inspect(&file);
    assert_eq!(summary.checksum.stored, 0);
    assert!(!summary.checksum_valid);

    // The definition, written another way: with the field at zero, add all words, fold, add the
    // length.
    let words: u64 = file
        .chunks(2)
        .map(|w| u64::from(u16::from_le_bytes([w[0], w[1]])))
        .sum();
    let folded = (words & 0xffff) + (words >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let expected = folded as u32 + file.len() as u32;
    let field = optional(&file, 64);
    patch(&mut file, field, expected);
    let summary = inspect(&file);
    assert_eq!(summary.checksum.computed, expected);
    assert!(summary.checksum_valid);

    // Another byte, another checksum; an odd length counts too.
    file.push(0x42);
    let summary = inspect(&file);
    assert_eq!(summary.checksum.computed, expected + 0x42 + 1);
    assert!(!summary.checksum_valid);
}

#[test]
fn a_forwarded_export_names_its_target() {
    let mut driver = Driver::with_everything().exports(&[("Here", 0x1000), ("There", 0x4000)]);
    // The second export's address lies in the export directory, where its target's name is put.
    let section = &mut driver.sections[3].bytes;
    let target = section.len() as u32;
    section.extend(b"hal.Other\0");
    section[44..48].copy_from_slice(&(0x4000 + target).to_le_bytes());
    let size = section.len() as u32;
    let driver = driver.directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT, 0x4000, size);
    assert_eq!(
        inspect(&driver.build()).exports,
        ["Here", "There -> hal.Other"]
    );
}

#[test]
fn a_summary_serialises() {
    let summary = inspect(&Driver::with_everything().build());
    let json = serde_json::to_value(&summary).expect("plain data");
    assert_eq!(json["machine"], "x86_64");
    assert_eq!(json["imports"][0]["names"][1], "ZwClose");
    assert_eq!(json["sections"][0]["protection"], "r-x");
}

#[test]
fn what_old_linkers_wrote_is_understood() {
    // No lookup table (OriginalFirstThunk, behind 5 slots and 5 lookup entries): the slots serve.
    let mut driver = Driver::with_everything();
    driver.sections[2].bytes[5 * 16..][..4].fill(0);
    assert_eq!(
        inspect(&driver.build()).imports[0].names,
        ["DbgPrint", "ZwClose"]
    );

    // No VirtualSize: the size in the file is the size.
    let mut file = Driver::with_everything().build();
    let field = section_field(&file, 5, 8);
    patch(&mut file, field, 0);
    assert_eq!(inspect(&file).sections[5].size, 0x200);

    // More in the file than in memory, enough to leave the image: the rest is ignored.
    let mut file = Driver::with_everything().build();
    file.resize(file.len() + 0x2000, 0xff);
    let field = section_field(&file, 5, 16);
    patch(&mut file, field, 0x2000);
    assert_eq!(inspect(&file).size, 0x7000);

    // A relocation table with padding behind it, and one whose only block is empty.
    let mut driver = Driver::new(RETURN_SUCCESS).relocations(&[(0x2000, 10), (0, 0), (0x2010, 10)]);
    driver.sections[5].bytes[12..24].fill(0);
    assert_eq!(inspect(&driver.build()).relocations, 1);
    let mut driver = Driver::new(RETURN_SUCCESS);
    driver.sections[5].bytes = [0x2000_u32, 8]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let driver = driver.directory(pe::IMAGE_DIRECTORY_ENTRY_BASERELOC, 0x6000, 8);
    assert_eq!(inspect(&driver.build()).relocations, 0);
}
