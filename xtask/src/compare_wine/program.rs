//! The Windows program that makes the system calls: building it, and what it answers.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use registry_probe::{Answer, Call};

use crate::drivers::{self, Profile};
use crate::process::{self, say};
use crate::toolchain::DriverToolchain;
use crate::wine::Wine;
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

/// Runs it, a line of standard input a call, a line of standard output its answer.
pub(super) fn perform<'c>(
    wine: &Wine,
    program: &Path,
    calls: impl Iterator<Item = &'c Call>,
) -> Result<Vec<Answer>> {
    let lines: String = calls.map(|call| call.to_line() + "\n").collect();
    let run = wine.run(program, &[], &lines)?;
    let answers: Option<Vec<Answer>> = run.output.lines().map(Answer::from_line).collect();
    let answers = answers.context("the program under Wine wrote a line that is no answer")?;
    // A call that ends the program is more to the point than how it ended.
    match lines.lines().nth(answers.len()) {
        Some(call) => {
            let call = call.get(..200).unwrap_or(call);
            bail!("the program under Wine ended at the call `{call}`")
        }
        None => run.ended.map(|()| answers),
    }
}
