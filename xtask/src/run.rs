//! `cargo xtask run`: one sample driver in the simulator, or in the simulated framework of UMDF.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::debian::Consent;
use crate::drivers::{self, Profile};
use crate::process;
use crate::target::Target;
use crate::toolchain;
use crate::workspace::{UmdfSample, Workspace, unknown};

/// The command line of `cargo xtask run`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The sample to run
    name: String,

    /// Leave out debug assertions and overflow checks
    #[arg(long)]
    release: bool,

    /// Options of `wdm-sim run`; of a UMDF driver's session `--json` and `--trace FILE`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    simulator: Vec<String>,
}

/// Builds the driver, and hands it with the other options to `wdm-sim run`; a UMDF driver is linked into its session.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let name = &options.name;
    let (mut samples, user_mode) = (workspace.all_drivers()?, workspace.umdf_samples()?);
    if let Some(umdf) = user_mode.iter().find(|umdf| umdf.sample.name == *name) {
        return process::run(session(&workspace, umdf, options.release).args(&options.simulator));
    }
    let Some(place) = samples.iter().position(|sample| sample.name == *name) else {
        let all = samples
            .into_iter()
            .chain(user_mode.into_iter().map(|umdf| umdf.sample));
        return Err(unknown(name, all));
    };
    let sample = samples.swap_remove(place);
    let toolchain = toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent)?;
    let profile = Profile::from_flag(options.release);
    let driver = drivers::build(&workspace, &toolchain, &sample, profile)?;
    process::run(simulator(&workspace, &driver).args(&options.simulator))
}

/// The session of a UMDF driver in the simulated framework, which is an example of its package; its options are added to it.
fn session(workspace: &Workspace, umdf: &UmdfSample, release: bool) -> Command {
    let name = &umdf.sample.name;
    let mut cargo = process::cargo();
    cargo
        .args(["run", "--quiet", "--package", name])
        .args(["--example", &format!("{name}-session"), "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .args(release.then_some("--release"))
        .arg("--");
    cargo
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
