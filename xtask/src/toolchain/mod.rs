//! The compiler and linker that make a driver: no WDK, no Visual Studio.
//!
//! Two kinds of compilers do it, and take the same path through the linker:
//!
//! * that of the toolchain that runs this tool, once `rustup target add` has given it the
//!   precompiled library for the driver's target;
//! * Debian's together with Debian's source of the library, where rustup cannot download. One
//!   compiler never goes with another version's library source.

mod find;
mod install;
mod linker;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use install::obtain;
pub(crate) use linker::{LINK_ARGUMENTS, linker, names as linker_names, package as linker_package};

use crate::process;
use crate::target::Target;

/// Parts of Debian's toolchain, by the paths that its packages install.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A compiler for the driver's target, and the linker that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DriverToolchain {
    target: Target,
    compiler: Compiler,
    linker: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compiler {
    /// That of the toolchain that runs this tool, with the target's precompiled library.
    Active,
    /// Debian's, which compiles the library from Debian's source.
    Debian,
}

impl DriverToolchain {
    /// The cargo command that the subcommand's arguments are added to, the target among them.
    ///
    /// Nothing that the user set for host builds gets through: flags such as
    /// `-Ctarget-cpu=native` would make a driver that faults on other machines.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        self.cargo_with(subcommand, linker::arguments(self.target))
    }

    /// As [`cargo`](Self::cargo), for a Windows program with no standard library.
    pub(crate) fn cargo_for_program(&self, subcommand: &str) -> Command {
        self.cargo_with(subcommand, &linker::PROGRAM_LINK_ARGUMENTS)
    }

    fn cargo_with(&self, subcommand: &str, link_arguments: &[&str]) -> Command {
        let mut command = match self.compiler {
            Compiler::Active => {
                let mut command =
                    process::without_variables(process::cargo_program(), steers_a_build);
                command.arg(subcommand);
                command
            }
            Compiler::Debian => {
                let mut command = process::without_variables(DEBIAN_CARGO, |name| {
                    // cargo's `run` names the libraries of another compiler there.
                    steers_a_build(name) || matches!(name, "RUSTUP_TOOLCHAIN" | "LD_LIBRARY_PATH")
                });
                command
                    .arg(subcommand)
                    .arg(format!("-Zbuild-std={}", self.target.library()))
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1");
                command
            }
        };
        command.args(["--target", self.target.triple()]).env(
            "CARGO_ENCODED_RUSTFLAGS",
            linker::encoded_flags(self.target, &self.linker, link_arguments),
        );
        command
    }

    /// The command that checks code without linking it, with these arguments of cargo's.
    ///
    /// It is clippy with warnings denied; Debian's Rust has no clippy, so there it is a check.
    pub(crate) fn check(&self, arguments: &[&str]) -> Command {
        let (subcommand, lints): (_, &[&str]) = match self.compiler {
            Compiler::Active => ("clippy", &["--", "-Dwarnings"]),
            Compiler::Debian => ("check", &[]),
        };
        let mut command = self.cargo(subcommand);
        command.args(arguments).args(lints);
        command
    }

    /// What it is, for people.
    pub(crate) fn describe(&self) -> &'static str {
        match self.compiler {
            Compiler::Active => "the active toolchain",
            Compiler::Debian => "Debian's Rust, its library from source",
        }
    }

    /// What it builds for.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// The linker; that for user mode is a C compiler too.
    pub(crate) fn linker(&self) -> &Path {
        &self.linker
    }
}

/// The compiler that the nested cargo takes, under the same variables.
fn active_rustc() -> Command {
    process::without_variables("rustc", steers_a_build)
}

/// A field of what `rustc -vV` writes: lines of `name: value`.
fn field<'a>(verbose_version: &'a str, name: &str) -> Option<&'a str> {
    verbose_version
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Whether a variable changes what a nested cargo builds.
fn steers_a_build(name: &str) -> bool {
    process::is_set_for_this_tool(name)
        || name.starts_with("RUSTC")
        || name.starts_with("CARGO_BUILD_")
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_TARGET_")
        || name.starts_with("CARGO_UNSTABLE_")
        || matches!(name, "RUSTFLAGS" | "CARGO_ENCODED_RUSTFLAGS")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn toolchain(target: Target, compiler: Compiler) -> DriverToolchain {
        DriverToolchain {
            target,
            compiler,
            linker: "/usr/bin/linker".into(),
        }
    }

    fn variable<'a>(command: &'a Command, name: &str) -> Option<Option<&'a OsStr>> {
        command
            .get_envs()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    #[test]
    fn debians_cargo_compiles_the_core_library_with_debians_compiler() {
        let command = toolchain(Target::X86_64, Compiler::Debian).cargo("rustc");
        assert_eq!(command.get_program(), "/usr/bin/cargo");
        assert_eq!(
            command.get_args().collect::<Vec<_>>(),
            [
                "rustc",
                "-Zbuild-std=core,alloc,compiler_builtins",
                "--target",
                "x86_64-pc-windows-msvc"
            ]
        );
        assert_eq!(
            variable(&command, "RUSTC"),
            Some(Some("/usr/bin/rustc".as_ref()))
        );
        assert_eq!(
            variable(&command, "RUSTC_BOOTSTRAP"),
            Some(Some("1".as_ref()))
        );
    }

    #[test]
    fn user_mode_has_the_standard_library() {
        let command = toolchain(Target::UserMode, Compiler::Debian).cargo("rustc");
        assert_eq!(
            command.get_args().collect::<Vec<_>>(),
            [
                "rustc",
                "-Zbuild-std=std,panic_abort",
                "--target",
                "x86_64-pc-windows-gnu"
            ]
        );
    }

    #[test]
    fn the_precompiled_library_needs_no_unstable_flag() {
        let command = toolchain(Target::X86_64, Compiler::Active).cargo("rustc");
        assert_eq!(
            command.get_args().collect::<Vec<_>>(),
            ["rustc", "--target", "x86_64-pc-windows-msvc"]
        );
        // It may be listed as removed, but never set.
        assert_eq!(variable(&command, "RUSTC_BOOTSTRAP").flatten(), None);
    }

    #[test]
    fn both_compilers_give_the_linker_the_same_arguments() {
        let flags = |target, compiler| {
            let command = toolchain(target, compiler).cargo("rustc");
            variable(&command, "CARGO_ENCODED_RUSTFLAGS")
                .flatten()
                .map(OsStr::to_owned)
        };
        for target in [Target::X86_64, Target::Aarch64, Target::UserMode] {
            let active = flags(target, Compiler::Active);
            assert!(active.is_some());
            assert_eq!(active, flags(target, Compiler::Debian));
        }
    }

    #[test]
    fn a_field_of_the_verbose_version_is_found() {
        let verbose = "rustc 1.96.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0";
        assert_eq!(field(verbose, "host"), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(verbose, "commit-hash"), None);
    }

    #[test]
    fn what_steers_host_builds_does_not_reach_the_driver() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_TARGET_X86_64_PC_WINDOWS_MSVC_LINKER",
            "CARGO_BUILD_TARGET",
            "CARGO_PKG_NAME",
        ] {
            assert!(steers_a_build(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_HTTP_PROXY", "RUSTUP_TOOLCHAIN", "HOME"] {
            assert!(!steers_a_build(name), "{name}");
        }
    }
}
