//! `cargo xtask package`: the published crates, packed and built as crates.io would get them.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::process;
use crate::workspace::Workspace;

/// The command line of `cargo xtask package`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Package files that are not committed, too
    #[arg(long)]
    allow_dirty: bool,
}

/// Packages every crate that is not `publish = false`.
pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(&mut command(&Workspace::load()?, options.allow_dirty))
}

/// The command that packages them together, so that each is built with the others' packages.
pub(crate) fn command(workspace: &Workspace, allow_dirty: bool) -> Command {
    let mut cargo = process::cargo();
    cargo.arg("package").current_dir(workspace.root());
    for name in workspace.published() {
        cargo.args(["--package", name]);
    }
    if allow_dirty {
        cargo.arg("--allow-dirty");
    }
    cargo
}
