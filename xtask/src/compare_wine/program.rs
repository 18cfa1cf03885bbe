//! Building the Windows program that makes the system calls.

use std::path::PathBuf;

use anyhow::Result;

use crate::drivers::{self, Profile};
use crate::process::{self, say};
use crate::toolchain::DriverToolchain;
use crate::workspace::Workspace;

/// The package, its program, and the feature that makes it one.
const PACKAGE: &str = "registry-probe";
const FEATURE: &str = "program";

/// Builds it with the compiler and linker that make drivers; gives its file.
pub(super) fn build(workspace: &Workspace, toolchain: &DriverToolchain) -> Result<PathBuf> {
    let (triple, profile) = (toolchain.target().triple(), Profile::Dev);
    say(format!(
        "building {PACKAGE} for {} with {}",
        triple,
        toolchain.describe()
    ));
    let build_dir = drivers::build_dir(workspace);
    let mut cargo = toolchain.cargo_for_program("rustc");
    cargo
        .args([
            "--package",
            PACKAGE,
            "--bin",
            PACKAGE,
            "--features",
            FEATURE,
        ])
        .args(["--profile", profile.name()])
        .arg("--target-dir")
        .arg(&build_dir)
        .current_dir(workspace.root());
    process::run(&mut cargo)?;
    let folder = build_dir.join(triple).join(profile.name());
    Ok(folder.join(format!("{PACKAGE}.exe")))
}
