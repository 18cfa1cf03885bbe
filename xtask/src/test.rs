//! `cargo xtask test`: everything that has a test, with its set-up.

use anyhow::{Result, bail};

use crate::browser;
use crate::c_driver;
use crate::compare_wine;
use crate::debian::Consent;
use crate::drivers;
use crate::process::{self, say};
use crate::sanitize::Checker;
use crate::steps::Done;
use crate::target::Target;
use crate::test_runner::{self, Counts, Stream};
use crate::toolchain;
use crate::umdf;
use crate::wine;
use crate::workspace::Workspace;

/// Where the tests of the loader find the sample drivers.
const DRIVERS_VARIABLE: &str = "WDM_DRIVERS";

/// Where they find the drivers in C.
const C_DRIVERS_VARIABLE: &str = "WDM_C_DRIVERS";

/// Runs all tests, compares the simulated registry with Wine's, and runs UMDF drivers under Wine.
pub(crate) fn run(consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    // First, as the tests' count is the last line that is printed.
    let mut wine = wine::Shared::default();
    let compared = compare_wine::step(&workspace, &mut wine, consent);
    if let Ok(Done::Skipped(why)) = &compared {
        say(format!("the registry is not compared with Wine's: {why}"));
    }
    let hosted = umdf::step(&workspace, &mut wine, consent);
    if let Ok(Done::Skipped(why)) = &hosted {
        say(format!("no UMDF driver is run as a DLL: {why}"));
    }
    drop(wine);
    tests(&workspace, consent)?;
    compared.and(hosted).map(drop)
}

/// Builds the drivers, runs all tests, and prints how many there were.
pub(crate) fn tests(workspace: &Workspace, consent: Consent) -> Result<()> {
    let mut counts = Counts::default();
    let mut failed = Vec::new();
    let drivers = match toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent) {
        Ok(toolchain) => Some(drivers::build_all(workspace, &toolchain)?),
        Err(unavailable) => {
            say(format!(
                "the loader is tested without the sample drivers: {unavailable}"
            ));
            None
        }
    };
    let c_drivers = c_driver::build_own(workspace, consent)
        .inspect_err(|error| say(format!("no driver in C is tested: {error:#}")))
        .ok();
    let mut commands = test_runner::commands();
    // The models are tests too, of a build of their own.
    let models = Checker::Loom.command(&workspace.root(), &workspace.target_dir());
    commands.push((models, Stream::Output));
    if let Err(unavailable) = browser::obtain(consent) {
        let reason = process::one_line(&format!("{unavailable:#}"));
        say(format!(
            "the simulator's page is tested without a browser: {reason}"
        ));
    }
    for (mut command, stream) in commands {
        command.current_dir(workspace.root());
        let folders = [
            (DRIVERS_VARIABLE, &drivers),
            (C_DRIVERS_VARIABLE, &c_drivers),
        ];
        for (variable, folder) in folders {
            match folder {
                Some(folder) => command.env(variable, folder),
                None => command.env_remove(variable),
            };
        }
        say(format!("`{}`", process::display(&command)));
        if !test_runner::run(&mut command, stream, &mut counts)?.success() {
            failed.push(process::display(&command));
        }
    }
    println!("tests: {counts}");
    if !failed.is_empty() {
        bail!("tests failed: `{}`", failed.join("`, `"));
    }
    Ok(())
}
