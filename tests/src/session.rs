//! The program that a user-mode driver's session is: it runs the session in the simulated framework, and prints what happened.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use umdf_callback::Error;
use wdm_sim::umdf::Report;

/// Runs a session with a user-mode driver in the simulated framework, and prints its trace.
///
/// Exit status: 0 if all is well, 1 if a rule was broken or something failed, 2 for a wrong command line.
#[derive(Debug, Parser)]
struct Options {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    /// Write the trace into a file that ui.perfetto.dev opens
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// The `main` of a session.
pub fn main(session: impl FnOnce() -> Result<Report, Error>) -> ExitCode {
    let options = Options::parse();
    let report = match session() {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: the session ended early: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = print(&report, &options) {
        eprintln!("error: the report cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    match report.findings.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Prints a report, and writes its trace where it is wanted.
fn print(report: &Report, options: &Options) -> io::Result<()> {
    if let Some(file) = &options.trace {
        report
            .trace
            .write_chrome(BufWriter::new(File::create(file)?))?;
    }
    let mut out = io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, report)?;
        return writeln!(out);
    }
    write!(out, "{}", report.trace)?;
    let (events, findings) = (report.trace.events.len(), report.findings.len());
    writeln!(out, "{events} events, {findings} findings")
}
