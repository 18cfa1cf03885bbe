//! The look at a UMDF driver's DLL before anybody loads it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::pe::{
    IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_NX_COMPAT, IMAGE_FILE_DLL,
    IMAGE_FILE_MACHINE_AMD64, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_WRITE,
};
use object::read::pe::{ExportTarget, ImageNtHeaders, ImageOptionalHeader, PeFile64};
use object::{LittleEndian, Object};
use wdm_tests::inf::UmdfDriver;

/// The version of the framework that a driver needs: three numbers.
const VERSION: &str = "Microsoft_WDF_UMDF_Version";

/// What the framework looks for (U2), which is all that a driver exports.
const EXPORTS: [&str; 3] = ["DllCanUnloadNow", "DllGetClassObject", VERSION];

/// The DLLs of Windows that Rust's standard library imports from, besides the API sets. What is missing here comes with a
/// compiler, and is not on the machines that drivers are installed on.
const WINDOWS: [&str; 14] = [
    "advapi32.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "combase.dll",
    "dbghelp.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "ntdll.dll",
    "ole32.dll",
    "oleaut32.dll",
    "ucrtbase.dll",
    "user32.dll",
    "userenv.dll",
    "ws2_32.dll",
];

/// What is in a DLL, as far as it matters.
#[derive(Clone, Debug)]
struct Dll {
    is_64_bit_dll: bool,
    is_relocated_without_execution_of_data: bool,
    has_writable_code: bool,
    exports: BTreeSet<String>,
    /// The modules, in small letters.
    imports: BTreeSet<String>,
    version: Option<[u32; 3]>,
}

/// Checks that a file is the DLL that its INF tells of; gives a summary for people.
///
/// # Errors
/// One line that names the file and everything that is wrong with it.
pub(super) fn check(file: &Path, inf: &UmdfDriver) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let dll = Dll::read(&bytes)
        .with_context(|| format!("{} is not a DLL for 64-bit Windows", file.display()))?;
    let faults = dll.faults(inf);
    if !faults.is_empty() {
        bail!(
            "{} is not a sound driver: {}",
            file.display(),
            faults.join("; ")
        );
    }
    let [major, minor, _] = inf.version;
    Ok(format!("{} bytes, for UMDF {major}.{minor}", bytes.len()))
}

impl Dll {
    fn read(bytes: &[u8]) -> object::Result<Self> {
        let file = PeFile64::parse(bytes)?;
        let headers = file.nt_headers();
        let characteristics = headers.file_header().characteristics.get(LittleEndian);
        let machine = headers.file_header().machine.get(LittleEndian);
        let wanted = IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | IMAGE_DLLCHARACTERISTICS_NX_COMPAT;
        let protections = headers.optional_header().dll_characteristics();
        let writable_code = IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_WRITE;
        let has_writable_code = file.section_table().iter().any(|section| {
            section.characteristics.get(LittleEndian) & writable_code == writable_code
        });
        let exported = match file.export_table()? {
            Some(table) => table.exports()?,
            None => Vec::new(),
        };
        let mut exports = BTreeSet::new();
        let mut version = None;
        for export in exported {
            let name = String::from_utf8_lossy(export.name.unwrap_or_default()).into_owned();
            if let ExportTarget::Address(address) = export.target
                && name == VERSION
            {
                let data = file.section_table().pe_data_at(bytes, address);
                version = data.and_then(numbers);
            }
            exports.insert(name);
        }
        let mut imports = BTreeSet::new();
        for import in file.imports()? {
            imports.insert(String::from_utf8_lossy(import?.library()).to_ascii_lowercase());
        }
        Ok(Dll {
            is_64_bit_dll: machine == IMAGE_FILE_MACHINE_AMD64
                && characteristics & IMAGE_FILE_DLL == IMAGE_FILE_DLL,
            is_relocated_without_execution_of_data: protections & wanted == wanted,
            has_writable_code,
            exports,
            imports,
            version,
        })
    }

    /// What is wrong with it, if anything.
    fn faults(&self, inf: &UmdfDriver) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.is_64_bit_dll {
            faults.push("it is not a DLL for x86-64".to_owned());
        }
        if !self.is_relocated_without_execution_of_data {
            faults.push("it opts out of ASLR or DEP".to_owned());
        }
        if self.has_writable_code {
            faults.push("a section of it is writable and executable".to_owned());
        }
        for name in EXPORTS {
            if !self.exports.contains(name) {
                faults.push(format!("it does not export {name}"));
            }
        }
        for name in &self.exports {
            if !EXPORTS.contains(&name.as_str()) {
                faults.push(format!("it exports {name}"));
            }
        }
        for module in &self.imports {
            if !module.starts_with("api-ms-win-") && !WINDOWS.contains(&module.as_str()) {
                faults.push(format!(
                    "it imports from {module}, which Windows does not have"
                ));
            }
        }
        if self.version != Some(inf.version) {
            let [ours, infs] = [self.version, Some(inf.version)].map(dotted);
            faults.push(format!("it is for UMDF {ours}, and its INF for {infs}"));
        }
        faults
    }
}

/// The three numbers that data begins with.
fn numbers(data: &[u8]) -> Option<[u32; 3]> {
    let (numbers, _) = data.as_chunks::<4>();
    let numbers: Vec<u32> = numbers
        .iter()
        .take(3)
        .map(|&n| u32::from_le_bytes(n))
        .collect();
    numbers.try_into().ok()
}

fn dotted(version: Option<[u32; 3]>) -> String {
    version.map_or("nothing".to_owned(), |numbers| {
        numbers.map(|n| n.to_string()).join(".")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inf() -> UmdfDriver {
        UmdfDriver {
            clsid: "86558c6f-b762-4ec5-934c-411bd1cad4fa".to_owned(),
            file: "thing.dll".to_owned(),
            version: [1, 11, 0],
        }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn sound() -> Dll {
        Dll {
            is_64_bit_dll: true,
            is_relocated_without_execution_of_data: true,
            has_writable_code: false,
            exports: names(&EXPORTS),
            imports: names(&["kernel32.dll", "api-ms-win-core-synch-l1-2-0.dll"]),
            version: Some([1, 11, 0]),
        }
    }

    #[test]
    fn a_sound_driver_has_no_faults() {
        assert_eq!(sound().faults(&inf()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named() {
        let dll = Dll {
            is_64_bit_dll: false,
            is_relocated_without_execution_of_data: false,
            has_writable_code: true,
            exports: names(&[
                "DllCanUnloadNow",
                "DllGetClassObject",
                "rust_eh_personality",
            ]),
            imports: names(&["kernel32.dll", "libgcc_s_seh-1.dll"]),
            version: Some([1, 9, 0]),
        };
        assert_eq!(
            dll.faults(&inf()),
            [
                "it is not a DLL for x86-64",
                "it opts out of ASLR or DEP",
                "a section of it is writable and executable",
                "it does not export Microsoft_WDF_UMDF_Version",
                "it exports rust_eh_personality",
                "it imports from libgcc_s_seh-1.dll, which Windows does not have",
                "it is for UMDF 1.9.0, and its INF for 1.11.0",
            ]
        );
    }

    #[test]
    fn a_version_is_three_numbers() {
        assert_eq!(
            numbers(&[1, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 7]),
            Some([1, 11, 0])
        );
        assert_eq!(numbers(&[1, 0, 0, 0, 11, 0, 0, 0]), None);
    }
}
