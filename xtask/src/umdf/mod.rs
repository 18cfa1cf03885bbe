//! `cargo xtask build-umdf`: UMDF 1 drivers as DLLs with their INFs, on any host that has mingw-w64.

mod host;
mod image;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use host::{Options as WineOptions, run as run_under_wine, step};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use wdm_tests::inf::{Inf, UmdfDriver};

use crate::debian::Consent;
use crate::drivers::{self, Profile};
use crate::target::Target;
use crate::toolchain::{self, DriverToolchain};
use crate::workspace::{UmdfSample, Workspace};

/// The command line of `cargo xtask build-umdf`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The sample to build [default: all]
    name: Option<String>,

    /// Leave out debug assertions and overflow checks
    #[arg(long)]
    release: bool,
}

/// A driver as Windows installs it, but for the catalog: a folder with the DLL and the INF.
#[derive(Debug)]
struct Package {
    dll: PathBuf,
    /// What the INF says of the driver.
    inf: UmdfDriver,
    /// What was found in the DLL.
    summary: String,
}

/// Builds one sample or all, and prints each file's path and what was found in it.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let samples = match &options.name {
        Some(name) => vec![workspace.umdf_sample(name)?],
        None => workspace.umdf_samples()?,
    };
    let toolchain = toolchain::obtain(Target::UserMode, &workspace.rust_version()?, consent)?;
    let profile = Profile::from_flag(options.release);
    for sample in &samples {
        let package = build(&workspace, &toolchain, sample, profile)?;
        println!("{}: {}", package.dll.display(), package.summary);
    }
    Ok(())
}

/// Builds one sample, and puts it with its INF into a folder of its own.
fn build(
    workspace: &Workspace,
    toolchain: &DriverToolchain,
    umdf: &UmdfSample,
    profile: Profile,
) -> Result<Package> {
    let sample = &umdf.sample;
    let folder = drivers::folder(workspace, toolchain.target()).join(&sample.name);
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let inf_file = format!("{}.inf", sample.name);
    let from = umdf.folder.join(&inf_file);
    let inf = read_inf(&from)?;
    drivers::copy(&from, &folder.join(&inf_file))?;

    let built = drivers::compile(workspace, toolchain, sample, &[], profile)?;
    let dll = folder.join(&inf.file);
    drivers::copy(&built.join(format!("{}.dll", sample.library)), &dll)?;
    let summary = image::check(&dll, &inf)?;
    Ok(Package { dll, inf, summary })
}

fn read_inf(file: &Path) -> Result<UmdfDriver> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let driver = Inf::parse(&text).umdf_driver();
    driver.map_err(|fault| anyhow!("{}: {fault}", file.display()))
}
