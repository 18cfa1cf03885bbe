//! Which toolchains for drivers this machine has already.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::semver::Version;

use super::{DEBIAN_CARGO, DEBIAN_RUSTC, DriverToolchain, steers_a_build};
use crate::process;
use crate::target::Target;

/// The versions of LLVM whose `lld-link` Debian packages under a name with the version.
const LLD_VERSIONS: std::ops::RangeInclusive<u32> = 14..=22;

/// A toolchain that is ready, the active one first.
pub(super) fn find(target: Target, oldest: &Version) -> Option<DriverToolchain> {
    active(target).or_else(|| debian(oldest))
}

/// The active toolchain, if it has the target's core library and there is a linker.
pub(super) fn active(target: Target) -> Option<DriverToolchain> {
    let folder = process::read(active_rustc().args([
        "--print",
        "target-libdir",
        "--target",
        target.triple(),
    ]))
    .ok()?;
    if !has_core_library(Path::new(&folder)) {
        return None;
    }
    Some(DriverToolchain::Rustup { linker: linker()? })
}

/// Debian's toolchain, if it is complete, consistent and new enough, and there is a linker.
pub(super) fn debian(oldest: &Version) -> Option<DriverToolchain> {
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
    Some(DriverToolchain::Debian { linker: linker()? })
}

/// The version of Debian's compiler, if it is installed.
pub(super) fn debian_version() -> Option<Version> {
    release(&process::read(Command::new(DEBIAN_RUSTC).arg("-vV")).ok()?)
}

/// LLVM's linker for Windows files: the active toolchain's own, or an installed `lld-link`.
pub(crate) fn linker() -> Option<PathBuf> {
    own_linker().or_else(|| {
        let versioned = LLD_VERSIONS
            .rev()
            .map(|version| format!("lld-link-{version}"));
        std::iter::once("lld-link".to_owned())
            .chain(versioned)
            .find_map(|name| on_path(&name))
    })
}

/// The `rust-lld` that rustup installs with the compiler.
fn own_linker() -> Option<PathBuf> {
    let sysroot = process::read(active_rustc().args(["--print", "sysroot"])).ok()?;
    let host = field(&process::read(active_rustc().arg("-vV")).ok()?, "host")?.to_owned();
    let file = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin")
        .join(format!("rust-lld{}", env::consts::EXE_SUFFIX));
    file.exists().then_some(file)
}

/// The compiler that the nested cargo takes, under the same variables.
fn active_rustc() -> Command {
    process::without_variables("rustc", steers_a_build)
}

fn has_core_library(folder: &Path) -> bool {
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

/// A field of what `rustc -vV` writes: lines of `name: value`.
fn field<'a>(verbose_version: &'a str, name: &str) -> Option<&'a str> {
    verbose_version
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBOSE: &str = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\n\
        binary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8";

    #[test]
    fn the_verbose_version_is_read() {
        assert_eq!(field(VERBOSE, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(VERBOSE, "commit-hash"), None);
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
        assert!(has_core_library(Path::new(&folder)));
        assert!(!has_core_library(Path::new("no/such/folder")));
    }
}
