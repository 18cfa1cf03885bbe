//! `cargo xtask demo`: the sample driver at work in the simulated kernel.
//!
//! The registry is read before the driver is loaded ([`survey`]), read and changed with it, and
//! read again afterwards. How each change has to end is computed from the policy ([`policy`]),
//! independently of the driver.

mod change;
mod hive;
mod machine;
mod policy;
mod progress;
mod protect;
mod report;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
mod walk;
mod workload;

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use clap::Args;
use wdm_sim::Setting;

use crate::debian::Consent;
use crate::drivers::{self, Profile};
use crate::process::say;
use crate::target::Target;
use crate::toolchain;
use crate::workspace::Workspace;

use hive::HiveFile;
use machine::{Form, Mounted};
use report::Outcome;
use survey::Survey;
use workload::Work;

/// The sample that the demonstration is about.
const SAMPLE: &str = "registry-guard";

/// What the help says below the options.
const EXPLANATION: &str = "\
All keys and values are read, by one thread and by two; then two threads try every kind of change \
with every key, inside and outside the protected subtrees; then the driver is unloaded, and all is \
read and compared once more. The exit status is 0 only if each operation ended as the policy says, \
each context that was set was released, and the verifier found nothing.

ns_per_operation is the time that the reading by one thread takes, divided by its calls, with the \
driver loaded. Each open, query, enumeration step and close that a user-mode program makes is one \
call.";

/// The command line of `cargo xtask demo`.
#[derive(Debug, Default, Args)]
#[command(after_help = EXPLANATION)]
pub(crate) struct Options {
    /// Mount a hive file (regf, or xz of one) at \REGISTRY\MACHINE\NAME, instead of the
    /// demonstration hive; can be given several times
    #[arg(long, value_name = "NAME=FILE", value_parser = HiveFile::parse)]
    hive: Vec<HiveFile>,

    /// Print what happened as one JSON object, on the last line of standard output
    #[arg(long)]
    json: bool,

    /// Run the driver linked into the simulator, not as a .sys file
    #[arg(long)]
    linked: bool,
}

impl Options {
    /// What CI runs.
    pub(crate) fn json() -> Self {
        Self {
            json: true,
            ..Self::default()
        }
    }
}

/// Mounts the hives, builds the driver, lets it guard them, and tells what happened.
///
/// # Errors
/// Bad input, a driver that does not build, and anything that did not go as the policy says.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    // First what can be wrong with the input, as building takes a while.
    let mounted = machine::build(&options.hive)?;
    let form = form(options.linked, consent)?;
    if let Form::Linked { why } = &form {
        say(report::linked_because(why));
    }
    let outcome = demonstrate(options, &mounted, &form)?;
    tell(&outcome, options.json).context("cannot write the report")?;
    let faults = outcome.faults();
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("the demonstration failed: not everything ended as the policy says, see above");
    }
    Ok(())
}

/// The driver as a `.sys` file where one can be built and loaded, else linked, with the reason.
fn form(linked: bool, consent: Consent) -> Result<Form> {
    if linked {
        let why = "--linked asks for it; without it a .sys file is built and loaded".to_owned();
        return Ok(Form::Linked { why });
    }
    if !cfg!(target_arch = "x86_64") {
        let why = "the loader runs .sys files on x86_64 hosts only".to_owned();
        return Ok(Form::Linked { why });
    }
    let workspace = Workspace::load()?;
    let sample = workspace.sample(SAMPLE)?;
    match toolchain::obtain(Target::X86_64, &workspace.rust_version()?, consent) {
        Ok(toolchain) => {
            let file = drivers::build(&workspace, &toolchain, &sample, Profile::Release)?;
            Ok(Form::File(file))
        }
        Err(unavailable) => {
            let why = unavailable.to_string();
            Ok(Form::Linked { why })
        }
    }
}

/// Lets the driver guard parts of the registry while programs use all of it.
fn demonstrate<'a>(options: &Options, mounted: &'a Mounted, form: &'a Form) -> Result<Outcome<'a>> {
    let machine = &mounted.machine;
    let process = machine.process("demo.exe");
    let thread = process.enter();
    let first_look = Survey::take(&thread)?;
    let protected = match options.hive.is_empty() {
        true => protect::in_demo_hive(&first_look)?,
        false => protect::in_hive_files(&first_look)?,
    };
    drop(first_look);
    let paths = protected.iter().map(|subtree| subtree.setting.clone());
    let setting = ("ProtectedKeys", Setting::Texts(paths.collect()));
    machine
        .install(SAMPLE, &[setting])
        .context("the driver's service key cannot be written")?;

    let before = Survey::take(&thread)?;
    let earlier = machine.report().counters.operations;
    let work = Work::new(&process, &thread, &before, &protected);
    let open = work.open_before_load()?;
    let driver = machine::load(machine, SAMPLE, form)?;
    let mut done = work.run(&open);
    machine.unload(driver)?;
    let mut end = machine.report();
    end.counters.operations -= earlier;
    drop(open);
    mounted.debug.finish();

    for difference in before.differences(&Survey::take(&thread)?) {
        done.tally.failures.add(difference);
    }
    Ok(Outcome {
        driver: SAMPLE,
        form,
        hives: &mounted.hives,
        mount: mounted.duration,
        protected,
        skipped: before.skipped,
        counters: end.counters,
        done,
        debug_lines: mounted.debug.count(),
        findings: end.findings,
    })
}

/// Prints the table, or for programs the table to standard error and JSON to standard output.
fn tell(outcome: &Outcome<'_>, json: bool) -> Result<()> {
    let text = outcome.text();
    if json {
        eprintln!("{text}");
        let summary = serde_json::to_string(&outcome.summary())?;
        writeln!(io::stdout(), "{summary}")?;
    } else {
        writeln!(io::stdout(), "{text}")?;
    }
    Ok(())
}
