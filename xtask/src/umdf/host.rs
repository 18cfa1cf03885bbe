//! `cargo xtask umdf-wine`: UMDF drivers as the DLLs that they are, in a host written in C, under Wine.
//!
//! The host declares UMDF's interfaces itself, so that what a driver has wrong, or the crate that it is written with, does not
//! work there. Wine has no UMDF: the host stands in for its framework, Wine for Windows' loader and its threads.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{Package, build};
use crate::debian::Consent;
use crate::drivers::{self, Profile};
use crate::process::{self, one_line};
use crate::steps::Done;
use crate::target::Target;
use crate::toolchain::{self, DriverToolchain};
use crate::wine::{self, Wine};
use crate::workspace::{UmdfSample, Workspace};

/// The command line of `cargo xtask umdf-wine`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The sample to run [default: all, and the drivers for tests]
    name: Option<String>,
}

/// What Wine is wanted for.
const WHY: &str = "UMDF drivers run as DLLs under it";

/// The host's sources.
const SOURCES: [&str; 3] = [
    "tests/c/umdf_host.c",
    "tests/c/umdf_objects.c",
    "tests/c/umdf_requests.c",
];

/// What the compiler is told. The host needs no DLL of the compiler's either.
const FLAGS: [&str; 6] = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-static"];

/// A class that no driver is of, and what the host then says.
const NO_CLASS: &str = "{00000000-0000-0000-0000-000000000000}";
const NOT_AVAILABLE: &str = "returns 0x80040111, not";

/// What the host's lines begin with that tell of a step.
const STEP: &str = "ok: ";

/// Runs one driver or all, and prints what the host says.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let samples = match &options.name {
        Some(name) => vec![workspace.umdf_sample(name)?],
        None => workspace.all_umdf_drivers()?,
    };
    Wine::install(WHY, consent)?;
    let toolchain = toolchain::obtain(Target::UserMode, &workspace.rust_version()?, consent)?;
    let host = Host::build(&workspace, &toolchain)?;
    let mut wine = wine::Shared::default();
    for sample in &samples {
        let output = host.run(wine.get()?, sample)?;
        println!("{}:\n{}", sample.sample.name, output.trim_end());
    }
    Ok(())
}

/// Runs all drivers if this machine has, or may be given, what that needs.
pub(crate) fn step(
    workspace: &Workspace,
    wine: &mut wine::Shared,
    consent: Consent,
) -> Result<Done> {
    if let Err(error) = Wine::install(WHY, consent) {
        return Ok(Done::Skipped(one_line(&format!("{error:#}"))));
    }
    let toolchain = match toolchain::obtain(Target::UserMode, &workspace.rust_version()?, consent) {
        Ok(toolchain) => toolchain,
        Err(unavailable) => return Ok(Done::Skipped(unavailable.to_string())),
    };
    let host = Host::build(workspace, &toolchain)?;
    for sample in &workspace.all_umdf_drivers()? {
        let output = host.run(wine.get()?, sample)?;
        let steps = output.lines().filter(|line| line.starts_with(STEP)).count();
        let name = &sample.sample.name;
        println!("{name} in a host written in C, under Wine: {steps} steps are ok");
    }
    Ok(Done::Ok)
}

/// The host, and what drivers for it are built with.
struct Host<'a> {
    workspace: &'a Workspace,
    toolchain: &'a DriverToolchain,
    program: PathBuf,
}

impl<'a> Host<'a> {
    /// Compiles the host.
    fn build(workspace: &'a Workspace, toolchain: &'a DriverToolchain) -> Result<Self> {
        let folder = drivers::build_dir(workspace);
        fs::create_dir_all(&folder)?;
        let program = folder.join("umdf-host.exe");
        let mut compiler = Command::new(toolchain.linker());
        compiler.args(FLAGS).args(SOURCES).arg("-o").arg(&program);
        // For CLSIDFromString.
        compiler.arg("-lole32").current_dir(workspace.root());
        process::run(&mut compiler)?;
        Ok(Self {
            workspace,
            toolchain,
            program,
        })
    }

    /// Builds a driver and runs it; gives what the host says.
    fn run(&self, wine: &Wine, sample: &UmdfSample) -> Result<String> {
        let package = build(self.workspace, self.toolchain, sample, Profile::Dev)?;
        let mut arguments = arguments(&package, sample);
        let run = wine.run(&self.program, &arguments, "")?;
        let last = run.output.lines().last().unwrap_or("nothing").trim();
        run.ended
            .with_context(|| format!("{} under Wine: {last}", sample.sample.name))?;

        // A host that finds nothing wrong has said nothing.
        NO_CLASS.clone_into(&mut arguments[1]);
        let refused = wine.run(&self.program, &arguments, "")?;
        if refused.ended.is_ok() || !refused.output.contains(NOT_AVAILABLE) {
            bail!("the host takes any class of {}", sample.sample.name);
        }
        Ok(run.output)
    }
}

/// The host's command line: the driver as its INF tells of it, and the control code that the sample answers.
fn arguments(package: &Package, sample: &UmdfSample) -> Vec<String> {
    let mut arguments = vec![
        wine::windows_path(&package.dll),
        format!("{{{}}}", package.inf.clsid),
    ];
    if let Some(control) = &sample.control {
        let digits = |bytes: &Option<String>| bytes.clone().unwrap_or_else(|| "-".to_owned());
        let (input, output) = (digits(&control.input), digits(&control.output));
        arguments.extend([control.code.to_string(), input, output]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use wdm_tests::inf::UmdfDriver;

    use super::*;
    use crate::workspace::{Control, Sample};

    #[test]
    fn the_host_is_told_what_the_inf_and_the_manifest_say() {
        let package = Package {
            dll: "/t/thing.dll".into(),
            inf: UmdfDriver {
                clsid: "86558c6f-b762-4ec5-934c-411bd1cad4fa".to_owned(),
                file: "thing.dll".to_owned(),
                version: [1, 11, 0],
            },
            summary: String::new(),
        };
        let mut sample = UmdfSample {
            sample: Sample {
                name: "thing".to_owned(),
                library: "thing".to_owned(),
            },
            folder: "/w/thing".into(),
            control: None,
        };
        let driver = [r"Z:\t\thing.dll", "{86558c6f-b762-4ec5-934c-411bd1cad4fa}"];
        assert_eq!(arguments(&package, &sample), driver);
        sample.control = Some(Control {
            code: 0x222000,
            input: None,
            output: Some("0102".to_owned()),
        });
        assert_eq!(arguments(&package, &sample)[2..], ["2236416", "-", "0102"]);
    }
}
