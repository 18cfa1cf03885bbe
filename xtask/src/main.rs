//! `cargo xtask`: every task that a person or CI runs in this workspace.
//!
//! Each command does its own set-up and names on standard error whatever it installs, and why.
//! `cargo xtask demo` and `cargo xtask test` are the two that a newcomer wants.

#![deny(unsafe_code)]

mod bindgen;
mod browser;
mod c_driver;
mod ci;
mod compare_wine;
mod conformance;
mod coverage;
mod debian;
mod demo;
mod drivers;
mod image;
mod package;
mod process;
mod run;
mod sanitize;
mod steps;
mod target;
mod test;
mod test_results;
mod test_runner;
mod toolchain;
mod umdf;
mod wine;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::debian::Consent;

/// The tasks of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,

    /// Install missing Debian packages through sudo when not root
    #[arg(long, global = true)]
    yes: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the sample driver and run it in the simulated kernel
    Demo(demo::Options),
    /// Run everything that has a test
    Test,
    /// Build sample drivers as .sys files
    BuildDrivers(drivers::Options),
    /// Build UMDF 1 drivers as DLLs, each with its INF
    BuildUmdf(umdf::Options),
    /// Run UMDF 1 drivers in a host written in C, under Wine
    UmdfWine(umdf::WineOptions),
    /// Build drivers written in C as .sys files, without a WDK
    BuildC(c_driver::Options),
    /// Build one sample driver and run it with `wdm-sim run`
    Run(run::Options),
    /// Run the tests that a checker watches: loom, the address sanitizer, valgrind
    Sanitize(sanitize::Options),
    /// Compare the simulated registry with Wine's, call by call
    CompareWine(compare_wine::Options),
    /// Check everything that CI checks
    Ci(ci::Options),
    /// Write the raw bindings anew (all arguments go to the generator)
    Bindgen(bindgen::Options),
    /// Print what there is for each class of notifications, and run the test of each
    CoverageTable(coverage::Options),
    /// Print which test there is for each line of docs/semantics.md, and run them
    Conformance(conformance::Options),
    /// Package the crates that are published, as crates.io would get them
    Package(package::Options),
}

fn main() -> ExitCode {
    let Arguments { task, yes } = Arguments::parse();
    let consent = Consent::from_flag(yes);
    let done = match task {
        Task::Demo(options) => demo::run(&options, consent),
        Task::Test => test::run(consent),
        Task::BuildDrivers(options) => drivers::run(&options, consent),
        Task::BuildUmdf(options) => umdf::run(&options, consent),
        Task::UmdfWine(options) => umdf::run_under_wine(&options, consent),
        Task::BuildC(options) => c_driver::run(&options, consent),
        Task::Run(options) => run::run(&options, consent),
        Task::Sanitize(options) => sanitize::run(&options, consent),
        Task::CompareWine(options) => compare_wine::run(&options, consent),
        Task::Ci(options) => ci::run(&options, consent),
        Task::Bindgen(options) => bindgen::run(&options),
        Task::CoverageTable(options) => coverage::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Package(options) => package::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", process::one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
