//! `cargo xtask run`: one sample driver in the simulator.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::debian::Consent;
use crate::drivers::{self, Profile};
use crate::process;
use crate::target::Target;
use crate::toolchain;
use crate::workspace::Workspace;

/// The command line of `cargo xtask run`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The sample to run
    name: String,

    /// Leave out debug assertions and overflow checks
    #[arg(long)]
    release: bool,

    /// Options of `wdm-sim run`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    simulator: Vec<String>,
}

/// Builds the driver, and hands it with the other options to `wdm-sim run`.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let sample = workspace.sample(&options.name)?;
    let toolchain = toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent)?;
    let profile = Profile::from_flag(options.release);
    let driver = drivers::build(&workspace, &toolchain, &sample, profile)?;
    process::run(simulator(&workspace, &driver).args(&options.simulator))
}

/// `wdm-sim run` of a driver's file; the simulator's options are added to it.
///
/// The current folder stays the user's, as the options may name files.
pub(crate) fn simulator(workspace: &Workspace, driver: &Path) -> Command {
    let mut cargo = process::cargo();
    cargo
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "wdm-sim",
            "--manifest-path",
        ])
        .arg(workspace.root().join("Cargo.toml"))
        .args(["--", "run"])
        .arg(driver);
    cargo
}
