//! `cargo xtask demo`: the sample driver at work in the simulated kernel.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::debian::Consent;
use crate::drivers::{self, Profile};
use crate::process::{self, say};
use crate::run;
use crate::target::Target;
use crate::toolchain;
use crate::workspace::Workspace;

/// The sample that the demonstration is about.
const SAMPLE: &str = "registry-guard";

/// The command line of `cargo xtask demo`.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Load a hive file into the simulated registry, as `SYSTEM=path/to/SYSTEM`
    #[arg(long, value_name = "NAME=FILE")]
    hive: Vec<String>,

    /// Print what happened as JSON
    #[arg(long)]
    json: bool,

    /// Run the driver linked into the simulator, not as a .sys file
    #[arg(long)]
    linked: bool,
}

impl Options {
    /// What CI runs.
    pub(crate) fn json() -> Self {
        Self {
            json: true,
            ..Self::default()
        }
    }
}

/// The form in which the simulator gets the driver.
#[derive(Debug)]
enum Driver {
    /// A `.sys` file for its loader.
    File(PathBuf),
    /// Rust's library, linked into this tool.
    Linked,
}

/// Builds the driver and runs it.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    match driver(&workspace, options.linked, consent)? {
        Driver::File(file) => {
            let mut simulator = run::simulator(&workspace, &file);
            for hive in &options.hive {
                simulator.args(["--hive", hive]);
            }
            if options.json {
                simulator.arg("--json");
            }
            process::run(&mut simulator)
        }
        Driver::Linked => anyhow::bail!("the linked run is not there yet"),
    }
}

/// The driver as a `.sys` file where one can be built and loaded, else linked, with the reason.
fn driver(workspace: &Workspace, linked: bool, consent: Consent) -> Result<Driver> {
    if linked {
        return Ok(Driver::Linked);
    }
    let sample = workspace.sample(SAMPLE)?;
    match toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent) {
        Ok(toolchain) => {
            let file = drivers::build(
                workspace,
                &toolchain,
                &sample,
                Target::X86_64,
                Profile::Release,
            )?;
            Ok(Driver::File(file))
        }
        Err(unavailable) => {
            say(format!(
                "the driver runs linked into the simulator, because {unavailable}"
            ));
            Ok(Driver::Linked)
        }
    }
}
