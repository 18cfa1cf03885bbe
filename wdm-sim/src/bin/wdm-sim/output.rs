//! Files that tell of a run: the trace, and the page that shows it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use wdm_sim::{Builder, Machine, Report};

use crate::Error;

/// Where they go.
#[derive(Clone, Debug, Args)]
pub(crate) struct Files {
    /// Record what happens and write it to a file in Chrome's trace-event format, which
    /// ui.perfetto.dev opens: a track for each thread's operations, and one for each thread and
    /// altitude
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,

    /// Record what happens and write a page of HTML with the findings, the verdicts and a timeline
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// How much memory the recording may take, in MiB; what there is no room for is counted
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    trace_limit: usize,
}

impl Files {
    /// Has the machine record what they need.
    pub(crate) fn record(&self, builder: Builder) -> Builder {
        builder
            .trace(self.trace.is_some() || self.report.is_some())
            .trace_limit(self.trace_limit.saturating_mul(1 << 20))
    }

    /// Makes the files, so that a wrong path is told before the run and not after it.
    pub(crate) fn make(&self) -> Result<(), Error> {
        for file in [&self.trace, &self.report].into_iter().flatten() {
            File::create(file).map_err(|error| unwritable(file, &error))?;
        }
        Ok(())
    }

    /// Writes them.
    pub(crate) fn write(&self, machine: &Machine, report: &Report) -> Result<(), Error> {
        if self.trace.is_none() && self.report.is_none() {
            return Ok(());
        }
        let trace = machine.trace();
        if trace.left_out() > 0 {
            eprintln!(
                "wdm-sim: the trace has {} events and no room for {} more; raise --trace-limit, \
                 which is {} MiB",
                trace.events().len(),
                trace.left_out(),
                self.trace_limit
            );
        }
        if let Some(file) = &self.trace {
            write(file, |out| trace.write_chrome(out))?;
        }
        if let Some(file) = &self.report {
            write(file, |out| trace.write_page(report, out))?;
        }
        Ok(())
    }
}

fn write(
    file: &Path,
    contents: impl Fn(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Error> {
    let written = File::create(file).and_then(|created| {
        let mut out = BufWriter::new(created);
        contents(&mut out)?;
        out.flush()
    });
    written.map_err(|error| unwritable(file, &error))
}

fn unwritable(file: &Path, error: &io::Error) -> Error {
    let file = file.display();
    format!("{file} cannot be written ({error}); check the path and the space").into()
}
