//! `cargo xtask build-drivers`: sample drivers as `.sys` files, on any host.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::debian::Consent;
use crate::image;
use crate::process::{self, say};
use crate::target::Target;
use crate::toolchain::{self, DriverToolchain};
use crate::workspace::{Sample, Workspace};

/// The command line of `cargo xtask build-drivers`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The sample to build [default: all]
    name: Option<String>,

    /// The processor that the drivers are for
    #[arg(long, value_enum, default_value_t = Target::X86_64)]
    target: Target,

    /// Leave out debug assertions and overflow checks
    #[arg(long)]
    release: bool,
}

/// How much checking a driver carries; both are optimized, as drivers have small stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// With debug assertions and overflow checks.
    Dev,
    /// What is shipped.
    Release,
}

impl Profile {
    /// From the presence of `--release`.
    pub(crate) fn from_flag(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    /// The profile's name in the workspace's `Cargo.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "driver-dev",
            Self::Release => "driver",
        }
    }
}

/// Builds one sample or all, and prints each file's path and what was found in it.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let samples = match &options.name {
        Some(name) => vec![workspace.sample(name)?],
        None => workspace.samples()?,
    };
    let toolchain = toolchain::obtain(options.target, &workspace.rust_version()?, consent)?;
    let profile = Profile::from_flag(options.release);
    for sample in &samples {
        let file = build(&workspace, &toolchain, sample, profile)?;
        println!("{}: {}", file.display(), image::check(&file)?);
    }
    Ok(())
}

/// Builds all samples, and the drivers for tests, for this machine's simulator; gives the folder of
/// their files.
pub(crate) fn build_all(workspace: &Workspace, toolchain: &DriverToolchain) -> Result<PathBuf> {
    for sample in workspace.all_drivers()? {
        let file = build(workspace, toolchain, &sample, Profile::Dev)?;
        say(format!("{}: {}", file.display(), image::check(&file)?));
    }
    Ok(folder(workspace, toolchain.target()))
}

/// Builds one sample and puts it, with its debug symbols, into [`folder`].
pub(crate) fn build(
    workspace: &Workspace,
    toolchain: &DriverToolchain,
    sample: &Sample,
    profile: Profile,
) -> Result<PathBuf> {
    let built = compile(workspace, toolchain, sample, &["kernel"], profile)?;
    let folder = folder(workspace, toolchain.target());
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let driver = folder.join(format!("{}.sys", sample.name));
    copy(&built.join(format!("{}.dll", sample.library)), &driver)?;
    // The driver names its symbols by the library's name.
    let symbols = format!("{}.pdb", sample.library);
    copy(&built.join(&symbols), &folder.join(&symbols))?;
    Ok(driver)
}

/// Builds one sample with some of its features; gives the folder of what the linker made.
pub(crate) fn compile(
    workspace: &Workspace,
    toolchain: &DriverToolchain,
    sample: &Sample,
    features: &[&str],
    profile: Profile,
) -> Result<PathBuf> {
    let triple = toolchain.target().triple();
    say(format!(
        "building {} for {triple} with {}",
        sample.name,
        toolchain.describe()
    ));
    let build_dir = build_dir(workspace);
    let mut cargo = toolchain.cargo("rustc");
    cargo
        .args(cargo_arguments(sample, features, profile))
        .arg("--target-dir")
        .arg(&build_dir)
        .current_dir(workspace.root());
    process::run(&mut cargo)?;
    Ok(build_dir.join(triple).join(profile.name()))
}

/// Where the drivers for a target are put.
pub(crate) fn folder(workspace: &Workspace, target: Target) -> PathBuf {
    workspace.target_dir().join("drivers").join(target.folder())
}

/// Where drivers are compiled: a folder of its own, as they share nothing with host builds.
pub(crate) fn build_dir(workspace: &Workspace) -> PathBuf {
    workspace.target_dir().join("driver-build")
}

fn cargo_arguments(sample: &Sample, features: &[&str], profile: Profile) -> Vec<String> {
    let mut arguments = vec!["--package", &sample.name, "--lib", "--crate-type", "cdylib"];
    for feature in features {
        arguments.extend(["--features", feature]);
    }
    arguments.extend(["--profile", profile.name()]);
    arguments.into_iter().map(str::to_owned).collect()
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_becomes_a_cdylib_with_the_kernel_feature() {
        let sample = Sample {
            name: "registry-guard".to_owned(),
            library: "registry_guard".to_owned(),
        };
        assert_eq!(
            cargo_arguments(&sample, &["kernel"], Profile::Release).join(" "),
            "--package registry-guard --lib --crate-type cdylib --features kernel --profile driver"
        );
        assert!(
            cargo_arguments(&sample, &[], Profile::Dev)
                .ends_with(&["--profile".to_owned(), "driver-dev".to_owned()])
        );
    }
}
