//! `cargo xtask compare-wine`: Wine's registry as a second opinion on the simulator's.
//!
//! The same program makes the same system calls of both, and the answers are compared. Where they
//! differ, `docs/wine.md` says who is right and which page or test decides it. A difference that is not
//! there is a failure, and so is a row there that is no difference any more.

mod cases;
mod compare;
mod fields;
mod page;
mod program;
mod report;

use std::fs;

use anyhow::{Context, Result};
use clap::Args;
use registry_probe::{Answer, Call, Prober};
use wdm_sim::Machine;

use self::cases::Case;
use self::page::PAGE;
use self::report::Report;
use crate::debian::Consent;
use crate::process::one_line;
use crate::steps::Done;
use crate::target::Target;
use crate::toolchain::{self, DriverToolchain};
use crate::wine::{self, Wine};
use crate::workspace::Workspace;

/// What Wine is wanted for.
const WHY: &str = "Wine's registry is the second opinion on the simulator's";

/// The command line of `cargo xtask compare-wine`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Compares, prints what was found, and fails if the page does not say the same.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    Wine::install(WHY, consent)?;
    let toolchain = toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent)?;
    let report = compare(&workspace, &toolchain, &mut wine::Shared::default())?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{report}"),
    }
    report.verdict()
}

/// Compares if this machine has, or may be given, what that needs: the version of Wine that the page is
/// about, and a compiler for the program.
pub(crate) fn step(
    workspace: &Workspace,
    wine: &mut wine::Shared,
    consent: Consent,
) -> Result<Done> {
    let version = Wine::install(WHY, consent).and_then(|()| wine::version());
    if let Err(error) = version.and_then(|version| page::is_about(&version)) {
        return Ok(Done::Skipped(one_line(&format!("{error:#}"))));
    }
    let toolchain = match toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent) {
        Ok(toolchain) => toolchain,
        Err(unavailable) => return Ok(Done::Skipped(unavailable.to_string())),
    };
    let report = compare(workspace, &toolchain, wine)?;
    print!("{report}");
    report.verdict().map(|()| Done::Ok)
}

fn compare(
    workspace: &Workspace,
    toolchain: &DriverToolchain,
    wine: &mut wine::Shared,
) -> Result<Report> {
    let page = workspace.root().join(PAGE);
    let page = fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let rows = page::rows(&page)?;
    let program = program::build(workspace, toolchain)?;
    let cases = cases::all();
    let simulated = simulate(&cases)?;
    let calls = cases.iter().flat_map(|case| &case.calls);
    let answered = program::perform(wine.get()?, &program, calls)?;
    let differences = compare::all(&cases, &answered, &simulated);
    Ok(Report::new(&wine::version()?, &cases, &differences, rows))
}

/// Makes the calls of a new machine, from a user-mode process.
fn simulate(cases: &[Case]) -> Result<Vec<Answer>> {
    let machine = Machine::builder().build()?;
    let process = machine.process("registry-probe.exe");
    Ok(process.enter().in_user_mode(|| {
        let mut prober = Prober::default();
        let calls = cases.iter().flat_map(|case| &case.calls);
        calls.map(|call: &Call| prober.perform(call)).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulator_answers_twice_alike() {
        let cases = cases::all();
        let first = simulate(&cases).expect("the machine builds");
        let second = simulate(&cases).expect("the machine builds");
        let differences = compare::all(&cases, &first, &second);
        assert!(differences.is_empty(), "{differences:?}");
    }

    #[test]
    fn every_case_has_a_key_of_its_own() {
        let cases = cases::all();
        let answers = simulate(&cases).expect("the machine builds");
        let mut at = 0;
        for case in &cases {
            // The first call closes all handles, the second makes the key.
            assert_eq!(answers[at + 1].status, 0, "{}", case.name);
            assert_eq!(answers[at + 1].length, Some(1), "{}", case.name);
            at += case.calls.len();
        }
    }
}
