//! `wdm-sim rules`: what the names in findings mean.

use std::io;

use clap::Args;
use serde::Serialize;
use wdm_sim::Rule;

use crate::table::Table;
use crate::{Error, Outcome, print_json};

/// The command line of `wdm-sim rules`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// What is printed of a rule as JSON.
#[derive(Serialize)]
struct Row {
    rule: Rule,
    text: &'static str,
}

/// Prints all rules.
pub(crate) fn rules(options: &Options) -> Result<Outcome, Error> {
    if options.json {
        let row = |&rule: &Rule| Row {
            rule,
            text: rule.text(),
        };
        print_json(&Rule::ALL.iter().map(row).collect::<Vec<_>>())?;
        return Ok(Outcome::Clean);
    }
    let mut table = Table::default();
    for rule in Rule::ALL {
        table.row(rule.id(), rule.text());
    }
    table.print(&mut io::stdout().lock())?;
    Ok(Outcome::Clean)
}
