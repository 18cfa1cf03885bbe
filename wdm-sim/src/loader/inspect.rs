//! What an image contains, as data that can be printed, serialised and asserted on.

use serde::Serialize;

use super::image::{Checksum, Image, Machine};
use super::tables::ExportTarget;

/// A summary of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The file's name.
    pub name: String,
    /// The processor it is for.
    pub machine: Machine,
    /// Its subsystem; "native" for a driver.
    pub subsystem: String,
    /// Its size in memory, in bytes.
    pub size: usize,
    /// The address it was linked for.
    pub image_base: u64,
    /// The RVA of its entry point; 0 if it has none.
    pub entry: u32,
    /// Its checksums.
    pub checksum: Checksum,
    /// Whether the stored checksum is right.
    pub checksum_valid: bool,
    /// Its sections, in ascending order.
    pub sections: Vec<SectionSummary>,
    /// What it imports, by module.
    pub imports: Vec<ImportSummary>,
    /// The names it exports; a forwarded one as `Name -> MODULE.Name`.
    pub exports: Vec<String>,
    /// How many base relocations it has.
    pub relocations: usize,
    /// Whether it has an exception directory (`.pdata`).
    pub has_unwind_table: bool,
    /// Whether it has a `/GS` security cookie.
    pub has_security_cookie: bool,
    /// Why the simulator would refuse it; `None` if only missing imports could.
    pub not_loadable: Option<String>,
}

/// A section's name, place and protection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionSummary {
    /// Its name.
    pub name: String,
    /// Its first RVA.
    pub rva: u32,
    /// Its size in memory, in bytes.
    pub size: u32,
    /// Its protection as `rwx`, with `-` for what it lacks.
    pub protection: String,
    /// Both writable and executable, which no driver should be (P8).
    pub writable_code: bool,
    /// Discarded after `DriverEntry`.
    pub discardable: bool,
}

/// What an image imports from one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// The module as the file spells it.
    pub module: String,
    /// The names, in the order of the table; an ordinal as `#12`.
    pub names: Vec<String>,
}

impl Inspection {
    /// Summarises an image.
    pub fn of(image: &Image) -> Self {
        let modules = image.modules.iter().enumerate();
        Self {
            name: image.name.clone(),
            machine: image.machine,
            subsystem: image.subsystem_name(),
            size: image.size(),
            image_base: image.image_base,
            entry: image.entry,
            checksum: image.checksum,
            checksum_valid: image.checksum.is_valid(),
            sections: image
                .sections
                .iter()
                .map(|section| SectionSummary {
                    name: section.name.clone(),
                    rva: section.rva,
                    size: section.size,
                    protection: [
                        if section.readable { 'r' } else { '-' },
                        if section.writable { 'w' } else { '-' },
                        if section.executable { 'x' } else { '-' },
                    ]
                    .iter()
                    .collect(),
                    writable_code: section.writable && section.executable,
                    discardable: section.discardable,
                })
                .collect(),
            imports: modules
                .map(|(index, module)| ImportSummary {
                    module: module.clone(),
                    names: (image.imports.iter())
                        .filter(|import| import.module == index)
                        .map(|import| import.name().to_string())
                        .collect(),
                })
                .collect(),
            exports: image
                .exports
                .iter()
                .map(|export| match &export.target {
                    ExportTarget::Rva(_) => export.name.clone(),
                    ExportTarget::Forward(to) => format!("{} -> {to}", export.name),
                })
                .collect(),
            relocations: image.relocations.len(),
            has_unwind_table: image.has_unwind_table,
            has_security_cookie: image.security_cookie.is_some(),
            not_loadable: image
                .require_driver()
                .err()
                .map(|error| error.problem().to_string()),
        }
    }

    /// The sections that are both writable and executable.
    pub fn writable_code(&self) -> impl Iterator<Item = &str> {
        self.sections
            .iter()
            .filter(|s| s.writable_code)
            .map(|s| s.name.as_str())
    }
}
