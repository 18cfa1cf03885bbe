//! Fetching what a driver's build needs and this machine lacks.

use std::fmt;

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;

use super::linker::{linker, names, package};
use super::{DriverToolchain, find};
use crate::debian::{self, Consent};
use crate::process::{self, say};
use crate::target::Target;

/// Debian's compiler, its cargo, and the source of the library that belongs to it.
const RUST_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Why no toolchain can build drivers here, and what would help.
#[derive(Debug)]
pub(crate) struct Unavailable {
    target: Target,
    rustup: anyhow::Error,
    debian: anyhow::Error,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let triple = self.target.triple();
        write!(
            f,
            "nothing here builds for {triple} (rustup: {:#}; Debian packages: {:#}); \
             `rustup target add {triple}` with a network makes it possible",
            self.rustup, self.debian
        )
    }
}

impl std::error::Error for Unavailable {}

/// A toolchain for drivers: one that is there, or else one that is fetched now.
///
/// A machine that has Debian's toolchain does not ask rustup again at each run.
pub(crate) fn obtain(
    target: Target,
    oldest: &Version,
    consent: Consent,
) -> Result<DriverToolchain, Unavailable> {
    if let Some(found) = find::find(target, oldest) {
        return Ok(found);
    }
    let rustup = match add_target(target, consent) {
        Ok(toolchain) => return Ok(toolchain),
        Err(error) => error,
    };
    say(format!("rustup cannot add it: {rustup:#}"));
    match install_debian(target, oldest, consent) {
        Ok(toolchain) => Ok(toolchain),
        Err(debian) => Err(Unavailable {
            target,
            rustup,
            debian,
        }),
    }
}

/// Has rustup download the target's library.
fn add_target(target: Target, consent: Consent) -> Result<DriverToolchain> {
    let triple = target.triple();
    say(format!(
        "`rustup target add {triple}`: drivers need Rust's library for Windows"
    ));
    let mut rustup = process::without_variables("rustup", process::is_set_for_this_tool);
    // Without a network, the first failure is as good as the fourth.
    rustup
        .args(["target", "add", triple])
        .env("RUSTUP_MAX_RETRIES", "0");
    let output = process::output(&mut rustup)?;
    if !output.status.success() {
        bail!(
            "{}",
            process::innermost(&process::last_line(&output.stderr))
        );
    }
    if linker(target).is_none() {
        debian::install(
            &[package(target)],
            "the active toolchain has no linker for Windows files",
            consent,
        )
        .with_context(|| format!("there is no linker: {}", names(target)))?;
    }
    find::active(target).with_context(|| format!("the library for {triple} is still not there"))
}

/// Installs Debian's toolchain, and a linker where there is none.
fn install_debian(target: Target, oldest: &Version, consent: Consent) -> Result<DriverToolchain> {
    let linker = linker(target).is_none().then(|| package(target));
    let packages: Vec<&str> = RUST_PACKAGES.into_iter().chain(linker).collect();
    debian::install(
        &packages,
        "Debian's Rust compiles the driver, and Rust's library from source",
        consent,
    )?;
    if let Some(version) = find::debian_version()
        && version < *oldest
    {
        bail!("Debian's Rust is {version}, this workspace needs {oldest}");
    }
    find::debian(target, oldest).context("Debian's compiler and library source do not fit together")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn the_reasons_and_the_remedy_are_one_line() {
        let unavailable = Unavailable {
            target: Target::X86_64,
            rustup: anyhow!("no network"),
            debian: anyhow!("this is not Debian"),
        };
        assert_eq!(
            unavailable.to_string(),
            "nothing here builds for x86_64-pc-windows-msvc (rustup: no network; Debian \
             packages: this is not Debian); `rustup target add x86_64-pc-windows-msvc` with a \
             network makes it possible"
        );
    }
}
