//! `wdm-sim`: runs a Windows driver file in the simulated kernel, or tells what is in it.
//!
//! Exit status: 0 if all is well, 1 if the driver broke a rule or something failed (one line on the
//! standard error says what), 2 for a wrong command line, or a script or a recording that cannot be
//! understood, 3 if the driver stopped the machine (a bug check); the report is printed then too.

mod fail_each;
mod inspect;
mod ioctl;
mod output;
mod replay;
mod rules;
mod run;
mod table;
mod work;
mod workload;

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

/// A simulated NT kernel for registry filter drivers.
#[derive(Debug, Parser)]
#[command(name = "wdm-sim", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load a driver, use the registry as a program would, unload the driver, and report
    Run(run::Options),
    /// Tell what is in a driver file
    Inspect(inspect::Options),
    /// Tell what the rules are that findings name
    Rules(rules::Options),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let result = match cli.command {
        Command::Run(options) => run::run(&options),
        Command::Inspect(options) => inspect::inspect(&options),
        Command::Rules(options) => rules::rules(&options),
    };
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::FAILURE,
        Ok(Outcome::BadInput) => ExitCode::from(2),
        // Whoever read the output has closed it; there is nobody to tell.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("wdm-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells what is wrong with the command line, or what was asked for; a value that is not one is told in
/// one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if error.kind() != ErrorKind::ValueValidation {
        error.exit();
    }
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    eprintln!("wdm-sim: {}", line.trim_start_matches("error: "));
    ExitCode::from(2)
}

/// The exit status after a bug check.
const BUG_CHECK: u8 = 3;

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing is wrong with the driver.
    Clean,
    /// Something is.
    Findings,
    /// What was to be done cannot be understood, as has been said; nothing was done.
    BadInput,
}

/// Any error; its text is one line.
type Error = Box<dyn std::error::Error>;

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    io::Write::write_all(&mut out, b"\n")?;
    Ok(())
}
