//! `cargo xtask ci`: what continuous integration checks.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;

use crate::bindgen::GENERATOR;
use crate::debian::{self, Consent};
use crate::drivers::{self, Profile};
use crate::sanitize::{self, Checker};
use crate::steps::{Done, Steps};
use crate::target::Target;
use crate::workspace::Workspace;
use crate::{compare_wine, demo, package, process, test, toolchain, umdf, wine};

/// The headers and the parser that the bindings are generated with, as Debian packages them.
const BINDGEN_PACKAGES: [&str; 3] = ["mingw-w64-common", "libclang1-19", "libclang-common-19-dev"];

/// The command line of `cargo xtask ci`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Leave out `cargo xtask test`, because it has just been run
    #[arg(long)]
    skip_tests: bool,

    /// Fail where there is no nightly toolchain, instead of leaving out what needs one
    #[arg(long)]
    nightly: bool,
}

/// Takes every step, prints how each went, and fails if one did.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let cargo = |arguments: &[&str]| {
        let mut cargo = process::cargo();
        cargo.args(arguments).current_dir(workspace.root());
        cargo
    };
    let mut steps = Steps::default();
    steps.take("format", || {
        component("rustfmt", "fmt")?;
        ok(&mut cargo(&["fmt", "--all", "--check"]))
    });
    steps.take("clippy", || {
        component("clippy", "clippy")?;
        let lint = ["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"];
        ok(&mut cargo(&lint))
    });
    if !options.skip_tests {
        steps.take("tests", || {
            test::tests(&workspace, consent).map(|()| Done::Ok)
        });
        let mut wine = wine::Shared::default();
        steps.take("comparison with Wine", || {
            compare_wine::step(&workspace, &mut wine, consent)
        });
        steps.take("UMDF under Wine", || {
            umdf::step(&workspace, &mut wine, consent)
        });
    }
    if options.nightly {
        steps.take("nightly toolchain", nightly);
    }
    // The models are among the tests.
    for checker in [Checker::Asan, Checker::Memcheck] {
        steps.take(checker.title(), || checker.run(&workspace, consent));
    }
    steps.take("documentation", || {
        let document = ["doc", "--workspace", "--no-deps"];
        ok(cargo(&document).env("RUSTDOCFLAGS", "-Dwarnings"))
    });
    steps.take("kernel builds", || kernel_builds(&workspace, consent));
    steps.take("packages", || {
        // On a developer's machine, what is not committed yet is what is to be checked.
        package::package(&workspace, env::var_os("CI").is_none())?;
        Ok(Done::Ok)
    });
    steps.take("bindings", || bindings(&workspace, &cargo, consent));
    steps.take("demo", || {
        demo::run(&demo::Options::json(), consent).map(|()| Done::Ok)
    });
    println!("{steps}");
    steps.verdict()
}

fn ok(command: &mut Command) -> Result<Done> {
    process::run(command)?;
    Ok(Done::Ok)
}

/// Has rustup fetch a component of the toolchain that is missing.
fn component(name: &str, subcommand: &str) -> Result<()> {
    if process::succeeds(process::cargo().args([subcommand, "--version"])) {
        return Ok(());
    }
    process::say(format!(
        "`rustup component add {name}`: `cargo {subcommand}` is not there"
    ));
    process::read(Command::new("rustup").args(["component", "add", name]))?;
    Ok(())
}

/// Checks that the address sanitizer will not be left out.
fn nightly() -> Result<Done> {
    if !sanitize::has_nightly() {
        bail!("no nightly toolchain; `rustup toolchain install nightly` brings one");
    }
    Ok(Done::Ok)
}

/// Checks each crate that a driver links, as a driver links it.
fn kernel_builds(workspace: &Workspace, consent: Consent) -> Result<Done> {
    let toolchain = match toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent) {
        Ok(toolchain) => toolchain,
        Err(unavailable) => return Ok(Done::Skipped(unavailable.to_string())),
    };
    let build_dir = drivers::build_dir(workspace);
    for name in workspace.kernel_crates() {
        let mut cargo = toolchain.check(&[
            "--package",
            name,
            "--lib",
            "--features",
            "kernel",
            "--profile",
            Profile::Dev.name(),
        ]);
        // Through the environment: the arguments end with those for clippy itself.
        cargo
            .env("CARGO_TARGET_DIR", &build_dir)
            .current_dir(workspace.root());
        process::run(&mut cargo)?;
    }
    Ok(Done::Ok)
}

/// Checks that the bindings in the repository are what the generator writes.
fn bindings(
    workspace: &Workspace,
    cargo: &impl Fn(&[&str]) -> Command,
    consent: Consent,
) -> Result<Done> {
    if !workspace.contains(GENERATOR) {
        return Ok(Done::Skipped(format!("no package `{GENERATOR}`")));
    }
    if !has_headers() {
        let why = "the bindings' generator needs these headers and this parser";
        if let Err(error) = debian::install(&BINDGEN_PACKAGES, why, consent) {
            return Ok(Done::Skipped(process::one_line(&format!("{error:#}"))));
        }
    }
    ok(&mut cargo(&[
        "run",
        "--quiet",
        "--package",
        GENERATOR,
        "--",
        "--check",
    ]))
}

fn has_headers() -> bool {
    Path::new("/usr/share/mingw-w64/include/ddk/wdm.h").exists()
        && Path::new("/usr/lib/llvm-19/lib/libclang-19.so.1").exists()
        && Path::new("/usr/lib/llvm-19/lib/clang/19/include").exists()
}
