//! `cargo xtask bindgen`: the raw bindings, generated anew by the crate `xtask-bindgen`.

use anyhow::{Result, bail};
use clap::Args;

use crate::process;
use crate::workspace::Workspace;

/// The generator's package; a crate of its own, so that only its users build bindgen.
pub(crate) const GENERATOR: &str = "xtask-bindgen";

/// The command line of `cargo xtask bindgen`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Arguments of the generator
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the generator.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    if !workspace.contains(GENERATOR) {
        bail!("this workspace has no package `{GENERATOR}`");
    }
    process::run(
        process::cargo()
            .args(["run", "--quiet", "--package", GENERATOR, "--"])
            .args(&options.arguments)
            .current_dir(workspace.root()),
    )
}
