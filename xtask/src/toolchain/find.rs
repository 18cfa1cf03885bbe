//! Which toolchains for drivers this machine has already.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::semver::Version;

use super::linker::linker;
use super::{Compiler, DEBIAN_CARGO, DEBIAN_RUSTC, DriverToolchain, active_rustc, field};
use crate::process;
use crate::target::Target;

/// A toolchain that is ready, the active one first.
pub(super) fn find(target: Target, oldest: &Version) -> Option<DriverToolchain> {
    active(target).or_else(|| debian(target, oldest))
}

/// The active toolchain, if it has the target's library and there is a linker.
pub(super) fn active(target: Target) -> Option<DriverToolchain> {
    let folder = process::read(active_rustc().args([
        "--print",
        "target-libdir",
        "--target",
        target.triple(),
    ]))
    .ok()?;
    if !has_library(Path::new(&folder)) {
        return None;
    }
    with_linker(target, Compiler::Active)
}

/// Debian's toolchain, if it is complete, consistent and new enough, and there is a linker.
pub(super) fn debian(target: Target, oldest: &Version) -> Option<DriverToolchain> {
    if !Path::new(DEBIAN_CARGO).exists() {
        return None;
    }
    let version = debian_version()?;
    let source = fs::canonicalize("/usr/lib/rustlib/src/rust").ok()?;
    let usable = version >= *oldest
        && is_source_of(&source, &version)
        && source.join("library/core/Cargo.toml").exists();
    if !usable {
        return None;
    }
    with_linker(target, Compiler::Debian)
}

fn with_linker(target: Target, compiler: Compiler) -> Option<DriverToolchain> {
    Some(DriverToolchain {
        target,
        compiler,
        linker: linker(target)?,
    })
}

/// The version of Debian's compiler, if it is installed.
pub(super) fn debian_version() -> Option<Version> {
    release(&process::read(Command::new(DEBIAN_RUSTC).arg("-vV")).ok()?)
}

/// Whether it is the folder of a target's precompiled library.
fn has_library(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|files| {
        files.flatten().any(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libcore-") && name.ends_with(".rlib")
        })
    })
}

/// Whether a folder of Debian's is the source of that version; its name ends in the version.
fn is_source_of(folder: &Path, version: &Version) -> bool {
    folder.file_name() == Some(OsString::from(format!("rustc-{version}")).as_os_str())
}

/// The version in what `rustc -vV` writes.
fn release(verbose_version: &str) -> Option<Version> {
    Version::parse(field(verbose_version, "release")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBOSE: &str = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n\
        binary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8";

    #[test]
    fn the_version_is_read() {
        assert_eq!(release(VERBOSE), Some(Version::new(1, 96, 0)));
        assert_eq!(release("release: soon"), None);
    }

    #[test]
    fn a_compiler_goes_with_its_own_source_only() {
        let version = Version::new(1, 96, 0);
        assert!(is_source_of(Path::new("/usr/src/rustc-1.96.0"), &version));
        assert!(!is_source_of(Path::new("/usr/src/rustc-1.95.0"), &version));
        assert!(!is_source_of(Path::new("/"), &version));
    }

    #[test]
    fn the_running_toolchain_has_the_hosts_core_library_and_not_an_invented_one() {
        let folder = process::read(active_rustc().args(["--print", "target-libdir"]))
            .expect("rustc says where its library is");
        assert!(has_library(Path::new(&folder)));
        assert!(!has_library(Path::new("no/such/folder")));
    }
}
