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
    /// Print those for user-mode drivers, in the framework of UMDF 1
    #[cfg(feature = "umdf")]
    #[arg(long)]
    umdf: bool,

    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// A rule, as it is printed.
#[derive(Serialize)]
struct Row {
    rule: &'static str,
    text: &'static str,
}

impl Options {
    fn rows(&self) -> Vec<Row> {
        #[cfg(feature = "umdf")]
        if self.umdf {
            let row = |rule: &wdm_sim::umdf::Rule| Row {
                rule: rule.id(),
                text: rule.text(),
            };
            return wdm_sim::umdf::Rule::ALL.iter().map(row).collect();
        }
        let row = |rule: &Rule| Row {
            rule: rule.id(),
            text: rule.text(),
        };
        Rule::ALL.iter().map(row).collect()
    }
}

/// Prints all rules.
pub(crate) fn rules(options: &Options) -> Result<Outcome, Error> {
    let rows = options.rows();
    if options.json {
        print_json(&rows)?;
        return Ok(Outcome::Clean);
    }
    let mut table = Table::default();
    for row in &rows {
        table.row(row.rule, row.text);
    }
    table.print(&mut io::stdout().lock())?;
    Ok(Outcome::Clean)
}
