//! The look at a built driver before anybody loads it.

use std::path::Path;

use anyhow::{Result, bail};
use wdm_sim::loader::{Image, Inspection};

/// The only module that a sample driver may import from.
const KERNEL: &str = "ntoskrnl.exe";

/// Checks that a file is a driver as promise P8 has it; gives a summary for people.
///
/// # Errors
///
/// One line that names the file and everything that is wrong with it.
pub(crate) fn check(file: &Path) -> Result<String> {
    let image = Inspection::of(&Image::open(file)?);
    let faults = faults(&image);
    if !faults.is_empty() {
        bail!(
            "{} is not a sound driver: {}",
            file.display(),
            faults.join("; ")
        );
    }
    let bytes = file.metadata()?.len();
    let imports: usize = image.imports.iter().map(|module| module.names.len()).sum();
    Ok(format!("{bytes} bytes, {imports} imports from {KERNEL}"))
}

/// What is wrong with a driver, if anything.
fn faults(image: &Inspection) -> Vec<String> {
    let mut faults = Vec::new();
    if image.subsystem != "native" {
        faults.push(format!("its subsystem is {}, not native", image.subsystem));
    }
    if image.entry == 0 {
        faults.push("it has no entry point".to_owned());
    }
    if !image.checksum_valid {
        faults.push("its checksum is wrong".to_owned());
    }
    if !image.has_unwind_table {
        faults.push("it has no unwind tables".to_owned());
    }
    for section in image.writable_code() {
        faults.push(format!("its section {section} is writable and executable"));
    }
    for import in &image.imports {
        if !import.module.eq_ignore_ascii_case(KERNEL) {
            let names = import.names.join(", ");
            faults.push(format!("it imports from {}: {names}", import.module));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use wdm_sim::loader::{Checksum, ImportSummary, Machine, SectionSummary};

    use super::*;

    fn sound() -> Inspection {
        Inspection {
            name: "tiny.sys".to_owned(),
            machine: Machine::X86_64,
            subsystem: "native".to_owned(),
            size: 0x3000,
            image_base: 0x1_8000_0000,
            entry: 0x1000,
            checksum: Checksum {
                stored: 7,
                computed: 7,
            },
            checksum_valid: true,
            sections: vec![section("r-x", false)],
            imports: vec![import("NTOSKRNL.EXE")],
            exports: Vec::new(),
            relocations: 1,
            has_unwind_table: true,
            has_security_cookie: false,
            not_loadable: None,
        }
    }

    fn section(protection: &str, writable_code: bool) -> SectionSummary {
        SectionSummary {
            name: ".text".to_owned(),
            rva: 0x1000,
            size: 0x200,
            protection: protection.to_owned(),
            writable_code,
            discardable: false,
        }
    }

    fn import(module: &str) -> ImportSummary {
        ImportSummary {
            module: module.to_owned(),
            names: vec!["DbgPrint".to_owned()],
        }
    }

    #[test]
    fn a_sound_driver_has_no_faults() {
        assert_eq!(faults(&sound()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named() {
        let image = Inspection {
            subsystem: "Windows console".to_owned(),
            entry: 0,
            checksum_valid: false,
            has_unwind_table: false,
            sections: vec![section("rwx", true)],
            imports: vec![import("kernel32.dll")],
            ..sound()
        };
        assert_eq!(
            faults(&image),
            [
                "its subsystem is Windows console, not native",
                "it has no entry point",
                "its checksum is wrong",
                "it has no unwind tables",
                "its section .text is writable and executable",
                "it imports from kernel32.dll: DbgPrint",
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_driver_is_an_error_that_names_it() {
        let error = check(Path::new("no/such.sys")).expect_err("it does not exist");
        assert!(error.to_string().contains("such.sys"), "{error}");
    }
}
