//! `cargo xtask package`: the published crates, packed and built as crates.io would get them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

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
    package(&Workspace::load()?, options.allow_dirty)
}

/// Packages the crates together, so that each is built with the others' packages.
///
/// cargo keeps what it unpacks of a package by name, version and the folder that the package came
/// from, also when the package in that folder has changed since. So each run has a folder of its
/// own, and the packages are moved from there to `target/package`.
pub(crate) fn package(workspace: &Workspace, allow_dirty: bool) -> Result<()> {
    let target = workspace.target_dir();
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let own = target.join(format!("package-{stamp}"));
    let packaged = process::run(&mut command(workspace, allow_dirty, &own));
    let kept = packaged.and_then(|()| keep(&own.join("package"), &target.join("package")));
    // What is left of it is of no use, and `cargo clean` takes it in any case.
    let _ = fs::remove_dir_all(&own);
    kept
}

fn command(workspace: &Workspace, allow_dirty: bool, target: &Path) -> Command {
    let mut cargo = process::cargo();
    cargo.arg("package").arg("--target-dir").arg(target);
    cargo.current_dir(workspace.root());
    for name in workspace.published() {
        cargo.args(["--package", name]);
    }
    if allow_dirty {
        cargo.arg("--allow-dirty");
    }
    cargo
}

/// Moves the packages, and nothing else, from one folder to another.
fn keep(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "crate")
            && let Some(name) = path.file_name()
        {
            fs::rename(&path, to.join(name))?;
        }
    }
    Ok(())
}
