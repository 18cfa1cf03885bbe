//! What the simulated kernel costs, against the limits that it is meant to keep:
//!
//! ```text
//! cargo bench -p wdm-sim                        all of them, as a table
//! cargo bench -p wdm-sim -- --json              as JSON, for machines
//! cargo bench -p wdm-sim -- set-value mount     some of them
//! cargo bench -p wdm-sim -- mount --hive FILE   mount a hive of your own (regf)
//! ```
//!
//! A figure is the best of several rounds: what else the machine does can only make one worse. All
//! rounds of a comparison are interleaved. The exit status says nothing of the limits, as a machine
//! may be slow or shared; `valgrind --tool=callgrind` counts instructions instead.

mod callbacks;
mod calls;
mod many_keys;
mod mount;
mod rounds;
mod set_value;
mod threads;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;

/// One figure, and the limit that it is meant to keep.
#[derive(Debug, Serialize)]
struct Figure {
    /// What was measured.
    what: &'static str,
    /// The result, in `unit`.
    figure: f64,
    /// What it is counted in.
    unit: &'static str,
    /// The limit, in `unit`; none for a figure that explains another.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    /// Whether more is better.
    more_is_better: bool,
}

impl Figure {
    /// A figure that is meant to stay below a limit.
    fn at_most(what: &'static str, figure: f64, unit: &'static str, limit: f64) -> Self {
        Self {
            what,
            figure,
            unit,
            limit: Some(limit),
            more_is_better: false,
        }
    }

    /// A figure that is meant to stay above a limit.
    fn at_least(what: &'static str, figure: f64, unit: &'static str, limit: f64) -> Self {
        Self {
            more_is_better: true,
            ..Self::at_most(what, figure, unit, limit)
        }
    }

    /// A figure without a limit.
    fn plain(what: &'static str, figure: f64, unit: &'static str) -> Self {
        Self {
            limit: None,
            ..Self::at_most(what, figure, unit, 0.0)
        }
    }

    fn print(&self) {
        let Self {
            what, figure, unit, ..
        } = self;
        print!("{what:<52} {figure:>10.1} {unit:<14}");
        if let Some(limit) = self.limit {
            let kept = match self.more_is_better {
                true => *figure >= limit,
                false => *figure <= limit,
            };
            let bound = if self.more_is_better {
                "at least"
            } else {
                "at most"
            };
            let verdict = if kept { "kept" } else { "NOT KEPT" };
            print!(" {bound} {limit:<8} {verdict}");
        }
        println!();
    }
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Topic {
    /// A filtered `ZwSetValueKey`
    SetValue,
    /// What a second thread on another key adds
    Threads,
    /// What each of a hundred callbacks costs
    Callbacks,
    /// Memory of a million keys, and opening one among a million siblings
    ManyKeys,
    /// Mounting a hive file
    Mount,
}

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "limits")]
struct Options {
    /// What to measure; everything if nothing is named
    topics: Vec<Topic>,

    /// Print as JSON
    #[arg(long)]
    json: bool,

    /// The hive file to mount; one with a hundred thousand keys is made if none is given
    #[arg(long, value_name = "FILE")]
    hive: Option<PathBuf>,

    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let topics = match options.topics.as_slice() {
        [] => Topic::value_variants(),
        some => some,
    };
    let mut figures = Vec::new();
    for topic in topics {
        let measured = match topic {
            Topic::SetValue => set_value::measure(),
            Topic::Threads => threads::measure(),
            Topic::Callbacks => callbacks::measure(),
            Topic::ManyKeys => many_keys::measure(),
            Topic::Mount => mount::measure(options.hive.as_deref()),
        };
        let measured = match measured {
            Ok(measured) => measured,
            Err(error) => {
                eprintln!("limits: {error}");
                return ExitCode::FAILURE;
            }
        };
        if !options.json {
            measured.iter().for_each(Figure::print);
        }
        figures.extend(measured);
    }
    if options.json {
        println!("{}", serde_json::json!({ "figures": figures }));
    }
    ExitCode::SUCCESS
}

/// What measuring answers.
type Measured = Result<Vec<Figure>, Box<dyn std::error::Error>>;
