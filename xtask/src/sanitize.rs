//! `cargo xtask sanitize`: the tests that a checker watches.
//!
//! | checker | watches | for |
//! |---|---|---|
//! | loom | the models in `tests/models` | orders of threads that break a promise |
//! | asan | the trampoline's properties, the tests of wdm-safe and of the callback | memory outside of allocations, or after their end; leaks |
//! | memcheck | the trampoline's properties | the same, and values that were never written |

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::debian::{self, Consent};
use crate::process;
use crate::steps::{Done, Steps};
use crate::workspace::Workspace;

/// The command line of `cargo xtask sanitize`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The checkers to run; all unless some are named
    checkers: Vec<Checker>,
}

/// What watches tests while they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Checker {
    /// The model checker loom.
    Loom,
    /// The address sanitizer, of a nightly toolchain.
    Asan,
    /// valgrind's memcheck.
    Memcheck,
}

/// Where there is an address sanitizer that its users need not build.
const ASAN_TARGET: &str = "x86_64-unknown-linux-gnu";

/// The tests that the address sanitizer watches; the others start compilers or other processes.
const ASAN_PACKAGES: [&str; 5] = [
    "cm-callback",
    "umdf-callback",
    "umdf-echo",
    "wdm-safe",
    "wdm-tests",
];
const ASAN_TESTS: [&str; 16] = [
    "callback",
    "callback_objects",
    "callbacks",
    "classes",
    "key_context",
    "pool",
    "pool_kind",
    "queue",
    "registry",
    "registry_client",
    "registry_guard",
    "session",
    "strings",
    "transactions",
    "views",
    "worker",
];

/// How many random cases a property is tried with where each instruction is simulated.
const MEMCHECK_CASES: &str = "32";

/// cargo's setting that has valgrind start the test programs.
const MEMCHECK_RUNNER: &str = "target.'cfg(unix)'.runner=['valgrind','--quiet',\
    '--error-exitcode=1','--leak-check=full','--show-leak-kinds=definite',\
    '--errors-for-leak-kinds=definite']";

/// Runs checkers, prints how each went, and fails if one did.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let checkers = match options.checkers.as_slice() {
        [] => Checker::value_variants(),
        named => named,
    };
    let mut steps = Steps::default();
    for checker in checkers {
        steps.take(checker.title(), || checker.run(&workspace, consent));
    }
    println!("{steps}");
    steps.verdict()
}

impl Checker {
    /// Its line in a table of steps.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Loom => "models",
            Self::Asan => "address sanitizer",
            Self::Memcheck => "memcheck",
        }
    }

    /// Runs it; skipped where it cannot be had.
    pub(crate) fn run(self, workspace: &Workspace, consent: Consent) -> Result<Done> {
        if let Err(reason) = self.obtain(consent) {
            return Ok(Done::Skipped(process::one_line(&format!("{reason:#}"))));
        }
        process::run(&mut self.command(&workspace.root(), &workspace.target_dir()))?;
        Ok(Done::Ok)
    }

    /// Makes sure that it is there.
    fn obtain(self, consent: Consent) -> Result<()> {
        match self {
            Self::Loom => Ok(()),
            Self::Asan if !cfg!(all(target_os = "linux", target_arch = "x86_64")) => {
                bail!("the address sanitizer is for {ASAN_TARGET}")
            }
            Self::Asan if !has_nightly() => {
                bail!("no nightly toolchain; `rustup toolchain install nightly` brings one")
            }
            Self::Memcheck if !cfg!(target_os = "linux") => bail!("valgrind is for Linux"),
            Self::Memcheck if !process::succeeds(Command::new("valgrind").arg("--version")) => {
                let why = "it watches the trampoline's tests for reads of memory never written";
                debian::install(&["valgrind", "libc6-dbg"], why, consent)
            }
            Self::Asan | Self::Memcheck => Ok(()),
        }
    }

    /// The tests under the checker. Flags of their own mean a folder of their own, or everything
    /// would be built anew at each turn.
    pub(crate) fn command(self, root: &Path, target: &Path) -> Command {
        let mut cargo = match self {
            Self::Loom | Self::Memcheck => process::cargo(),
            Self::Asan => nightly_cargo(),
        };
        cargo.arg("test").current_dir(root);
        match self {
            Self::Loom => {
                cargo.args(["--release", "--package", "wdm-models", "--lib"]);
                with_flags(&mut cargo, "--cfg loom", &target.join("loom"));
            }
            Self::Asan => {
                cargo.args(["--target", ASAN_TARGET, "--lib"]);
                for name in ASAN_PACKAGES {
                    cargo.args(["--package", name]);
                }
                for name in ASAN_TESTS {
                    cargo.args(["--test", name]);
                }
                with_flags(&mut cargo, "-Zsanitizer=address", &target.join("asan"));
                // Lines are all that its reports show.
                cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
            }
            Self::Memcheck => {
                cargo.args(["--package", "cm-callback", "--lib"]);
                cargo.args(["--config", MEMCHECK_RUNNER]);
                cargo.env("PROPTEST_CASES", MEMCHECK_CASES);
            }
        }
        cargo
    }
}

/// Has a command compile with these flags and no others, into a folder.
fn with_flags(cargo: &mut Command, flags: &str, folder: &Path) {
    cargo
        .env("RUSTFLAGS", flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_DIR", folder);
}

/// The cargo of the nightly toolchain, which has the unstable flags.
fn nightly_cargo() -> Command {
    let mut rustup = process::without_variables("rustup", process::is_set_for_this_tool);
    rustup.args(["run", "nightly", "cargo"]);
    rustup
}

/// Whether there is a nightly toolchain.
pub(crate) fn has_nightly() -> bool {
    process::succeeds(nightly_cargo().arg("--version"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn command(checker: Checker) -> Command {
        checker.command(Path::new("/w"), Path::new("/w/target"))
    }

    fn variable<'a>(command: &'a Command, name: &str) -> Option<&'a OsStr> {
        let mut variables = command.get_envs();
        variables
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| value)
    }

    #[test]
    fn each_kind_of_build_has_a_folder_of_its_own() {
        let folder = |checker| variable(&command(checker), "CARGO_TARGET_DIR").map(OsStr::to_owned);
        assert_eq!(folder(Checker::Loom), Some("/w/target/loom".into()));
        assert_eq!(folder(Checker::Asan), Some("/w/target/asan".into()));
        // What `cargo xtask test` has built.
        assert_eq!(folder(Checker::Memcheck), None);
    }

    #[test]
    fn the_sanitizer_takes_the_nightly_toolchain() {
        let asan = command(Checker::Asan);
        let line = process::display(&asan);
        assert!(
            line.starts_with("rustup run nightly cargo test --target"),
            "{line}"
        );
        assert_eq!(
            variable(&asan, "RUSTFLAGS"),
            Some("-Zsanitizer=address".as_ref())
        );
    }

    #[test]
    fn cargo_understands_the_runner() {
        let mut cargo = process::cargo();
        cargo.args([
            "tree",
            "--offline",
            "--depth",
            "0",
            "--config",
            MEMCHECK_RUNNER,
        ]);
        process::read(&mut cargo).expect("the setting is TOML");
    }
}
