//! The compiler and linker that make a driver: no WDK, no Visual Studio.
//!
//! Two kinds do it, and take the same path through the linker:
//!
//! * the toolchain that runs this tool, once `rustup target add` has given it the precompiled
//!   core library for the driver's target;
//! * Debian's compiler together with Debian's source of the core library, where rustup cannot
//!   download. One compiler never goes with another version's library source.
//!
//! The linker is LLVM's in both, on every host: rustup ships it as `rust-lld`.

mod find;
mod install;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use find::linker;
pub(crate) use install::obtain;

use crate::process;

/// What the linker is told, whatever the driver.
///
/// `/RELEASE` writes the checksum that the kernel demands of boot drivers; `/NODEFAULTLIB` leaves
/// ntoskrnl.exe, by raw-dylib, as the only import; `/BREPRO` makes equal sources equal files.
pub(crate) const LINK_ARGUMENTS: [&str; 8] = [
    "/ENTRY:DriverEntry",
    "/SUBSYSTEM:NATIVE",
    "/DRIVER",
    "/NODEFAULTLIB",
    "/RELEASE",
    "/DYNAMICBASE",
    "/NXCOMPAT",
    "/BREPRO",
];

/// What the linker is told for a program: its imports, too, are by raw-dylib.
const PROGRAM_LINK_ARGUMENTS: [&str; 4] = [
    "/ENTRY:start",
    "/SUBSYSTEM:CONSOLE",
    "/NODEFAULTLIB",
    "/BREPRO",
];

/// Parts of Debian's toolchain, by the paths that its packages install.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A compiler for the driver's target, and the linker that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DriverToolchain {
    /// The toolchain that runs this tool, with the target's precompiled core library.
    Rustup {
        /// The linker's file.
        linker: PathBuf,
    },
    /// Debian's compiler, which compiles the core library from Debian's source.
    Debian {
        /// The linker's file.
        linker: PathBuf,
    },
}

impl DriverToolchain {
    /// The cargo command that the subcommand's arguments are added to.
    ///
    /// Nothing that the user set for host builds gets through: flags such as
    /// `-Ctarget-cpu=native` would make a driver that faults on other machines.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        self.cargo_with(subcommand, &LINK_ARGUMENTS)
    }

    /// As [`cargo`](Self::cargo), for a Windows program with no standard library.
    pub(crate) fn cargo_for_program(&self, subcommand: &str) -> Command {
        self.cargo_with(subcommand, &PROGRAM_LINK_ARGUMENTS)
    }

    fn cargo_with(&self, subcommand: &str, link_arguments: &[&str]) -> Command {
        let mut command = match self {
            Self::Rustup { .. } => {
                let mut command =
                    process::without_variables(process::cargo_program(), steers_a_build);
                command.arg(subcommand);
                command
            }
            Self::Debian { .. } => {
                let mut command = process::without_variables(DEBIAN_CARGO, |name| {
                    // cargo's `run` names the libraries of another compiler there.
                    steers_a_build(name) || matches!(name, "RUSTUP_TOOLCHAIN" | "LD_LIBRARY_PATH")
                });
                command
                    .arg(subcommand)
                    .arg("-Zbuild-std=core,alloc,compiler_builtins")
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1");
                command
            }
        };
        command.env(
            "CARGO_ENCODED_RUSTFLAGS",
            encoded_flags(self.linker(), link_arguments),
        );
        command
    }

    /// The command that checks code without linking it, with these arguments of cargo's.
    ///
    /// It is clippy with warnings denied; Debian's Rust has no clippy, so there it is a check.
    pub(crate) fn check(&self, arguments: &[&str]) -> Command {
        let (subcommand, lints): (_, &[&str]) = match self {
            Self::Rustup { .. } => ("clippy", &["--", "-Dwarnings"]),
            Self::Debian { .. } => ("check", &[]),
        };
        let mut command = self.cargo(subcommand);
        command.args(arguments).args(lints);
        command
    }

    /// What it is, for people.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Rustup { .. } => "the active toolchain",
            Self::Debian { .. } => "Debian's Rust, core library from source",
        }
    }

    fn linker(&self) -> &Path {
        match self {
            Self::Rustup { linker } | Self::Debian { linker } => linker,
        }
    }
}

/// The compiler's flags in cargo's encoding, in which paths may contain spaces.
fn encoded_flags(linker: &Path, link_arguments: &[&str]) -> String {
    let mut flags = vec![
        format!("-Clinker={}", linker.display()),
        "-Clinker-flavor=lld-link".to_owned(),
    ];
    let arguments = link_arguments.iter();
    flags.extend(arguments.map(|argument| format!("-Clink-arg={argument}")));
    flags.join("\x1f")
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

    fn debian() -> DriverToolchain {
        DriverToolchain::Debian {
            linker: "/usr/bin/lld-link-19".into(),
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
        let command = debian().cargo("rustc");
        assert_eq!(command.get_program(), "/usr/bin/cargo");
        assert_eq!(
            command.get_args().collect::<Vec<_>>(),
            ["rustc", "-Zbuild-std=core,alloc,compiler_builtins"]
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
    fn the_precompiled_library_needs_no_unstable_flag() {
        let toolchain = DriverToolchain::Rustup {
            linker: "rust-lld".into(),
        };
        let command = toolchain.cargo("rustc");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["rustc"]);
        // It may be listed as removed, but never set.
        assert_eq!(variable(&command, "RUSTC_BOOTSTRAP").flatten(), None);
    }

    #[test]
    fn both_toolchains_give_the_linker_the_same_arguments() {
        let rustup = DriverToolchain::Rustup {
            linker: "/usr/bin/lld-link-19".into(),
        };
        let flags = |toolchain: &DriverToolchain| {
            variable(&toolchain.cargo("rustc"), "CARGO_ENCODED_RUSTFLAGS")
                .flatten()
                .map(OsStr::to_owned)
        };
        assert!(flags(&rustup).is_some());
        assert_eq!(flags(&rustup), flags(&debian()));
    }

    #[test]
    fn a_linker_path_with_a_space_stays_one_flag() {
        let flags = encoded_flags(Path::new("C:/Program Files/rust-lld.exe"), &LINK_ARGUMENTS);
        let flags: Vec<_> = flags.split('\x1f').collect();
        assert_eq!(flags[0], "-Clinker=C:/Program Files/rust-lld.exe");
        assert_eq!(flags[1], "-Clinker-flavor=lld-link");
        assert_eq!(flags[2], "-Clink-arg=/ENTRY:DriverEntry");
        assert_eq!(flags.len(), 2 + LINK_ARGUMENTS.len());
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
