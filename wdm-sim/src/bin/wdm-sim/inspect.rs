//! `wdm-sim inspect`: what is in a driver file.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wdm_sim::has_export;
use wdm_sim::loader::{Image, Inspection};

use crate::table::Table;
use crate::{Error, Outcome, print_json};

/// The command line of `wdm-sim inspect`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The driver file
    #[arg(value_name = "FILE.sys")]
    file: PathBuf,

    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    inspection: Inspection,
    /// The imports that the simulated kernel does not have.
    missing_imports: Vec<String>,
}

/// Prints what is in the file; a file that cannot be run is a finding.
pub(crate) fn inspect(options: &Options) -> Result<Outcome, Error> {
    let image = Image::open(&options.file)?;
    let inspection = Inspection::of(&image);
    let imports = inspection.imports.iter().flat_map(|import| &import.names);
    let missing_imports: Vec<_> = imports.filter(|name| !has_export(name)).cloned().collect();
    let output = Output {
        inspection,
        missing_imports,
    };
    let loadable = output.inspection.not_loadable.is_none() && output.missing_imports.is_empty();
    if options.json {
        print_json(&output)?;
    } else {
        print(&output)?;
    }
    Ok(match loadable {
        true => Outcome::Clean,
        false => Outcome::Findings,
    })
}

fn print(output: &Output) -> Result<(), Error> {
    let inspection = &output.inspection;
    let mut out = io::stdout().lock();
    let mut table = Table::default();
    table.row("driver", &inspection.name);
    table.row("machine", format!("{:?}", inspection.machine));
    table.row("subsystem", &inspection.subsystem);
    table.row("size in memory", format!("{} bytes", inspection.size));
    table.row("entry point", format!("{:#x}", inspection.entry));
    let checksum = if inspection.checksum_valid {
        "valid"
    } else {
        "wrong"
    };
    table.row("checksum", checksum);
    table.row("relocations", inspection.relocations);
    table.row("unwind table", yes(inspection.has_unwind_table));
    table.row("security cookie", yes(inspection.has_security_cookie));
    for section in &inspection.sections {
        let name = format!("section {}", section.name);
        table.row(
            name,
            format!("{} {} bytes", section.protection, section.size),
        );
    }
    for import in &inspection.imports {
        for name in &import.names {
            let missing = if has_export(name) { "" } else { " (missing)" };
            table.row(
                format!("import {}", import.module),
                format!("{name}{missing}"),
            );
        }
    }
    for export in &inspection.exports {
        table.row("export", export);
    }
    table.print(&mut out)?;
    if let Some(why) = &inspection.not_loadable {
        writeln!(out, "cannot be run: {why}")?;
    } else if !output.missing_imports.is_empty() {
        let missing = output.missing_imports.join(", ");
        writeln!(
            out,
            "cannot be run: the simulator does not have {missing}; --stub-missing runs it until it \
             calls one"
        )?;
    }
    Ok(())
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
