//! `wdm-sim run`: a driver at work.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use wdm_sim::{Account, BugCheck, Builder, LoadDriverError, Machine, Process, Profile, Report};

use crate::fail_each::{self, FailEach};
use crate::ioctl::{self, Answered};
use crate::output::Files;
use crate::table::Table;
use crate::work::{Done, Workload};
use crate::{BUG_CHECK, Error, Outcome, print_json};

/// How many allocations `--verifier` lets fail at most.
const MAX_FAILED: u64 = 1000;

/// The command line of `wdm-sim run`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The driver file. A script or a replay can do without: it then tells what the
    /// registry itself answers
    #[arg(value_name = "FILE.sys", required_unless_present_any = ["script", "replay"])]
    file: Option<PathBuf>,

    /// Do what a script says, and print a line for each operation: its line in the script, its name,
    /// the NTSTATUS and what was read. A status that is not the expected one is a failure. The
    /// language is described in docs/script.md
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// Replay the registry operations that Process Monitor has recorded and exported as CSV, and
    /// compare the results with the recorded ones. Differences are told, and are no failure
    #[arg(long, value_name = "FILE.csv", conflicts_with = "script")]
    replay: Option<PathBuf>,

    /// Mount a hive file in the registry, as SYSTEM=path/to/SYSTEM; can be given several times
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_hive)]
    hive: Vec<(String, PathBuf)>,

    /// Send a control code to a device once the driver is loaded, as \Device\Name:0x222000:01ff:16:
    /// the device, the code, the input in hexadecimal, the length of the output; can be given several
    /// times
    #[arg(long, value_name = "DEVICE:CODE:INPUT_HEX:OUTPUT_LEN")]
    ioctl: Vec<ioctl::Request>,

    /// The version of Windows to be like: winxp, vista, win7, win8, win10 or win11
    #[arg(long, value_name = "VERSION", default_value_t)]
    profile: Profile,

    /// Who the program runs as that uses the registry and sends the control codes: system, administrator
    /// or user. Keys' security descriptors decide what it may do. Scripts say so of their programs
    /// themselves
    #[arg(long, value_name = "ACCOUNT", default_value_t)]
    account: Account,

    /// Announce an open before each create, as some builds of Windows may do; no driver may depend on it
    #[arg(long)]
    open_before_create: bool,

    /// Print as JSON
    #[arg(long)]
    json: bool,

    /// Load the driver though it imports what the simulator does not have; it is stopped when it calls
    /// such a routine. Variables cannot be told from routines: one that is missing reads as code
    #[arg(long)]
    stub_missing: bool,

    /// Run the driver again and again, and let one call of the kernel fail each time, on another path:
    /// an allocation, an open, a registration and so on. A run must end without a leak, a crash or
    /// another finding
    #[arg(long, requires = "file")]
    fail_each: bool,

    /// How many seconds a run of --fail-each may take
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..),
        requires = "fail_each"
    )]
    time_limit: u64,

    /// A run of --fail-each, in its own process
    #[arg(long, hide = true, requires = "file")]
    fail_one: bool,

    /// Look closer: publish the callback's cookie late, and run the driver once more for each of its
    /// allocations, which then fails
    #[arg(long, requires = "file")]
    verifier: bool,

    #[command(flatten)]
    files: Files,
}

fn parse_hive(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(file)))
        }
        _ => Err("expected NAME=FILE, such as SYSTEM=path/to/SYSTEM".to_owned()),
    }
}

/// The machine that runs, for its report if it stops.
static RUNNING: Mutex<Option<Machine>> = Mutex::new(None);

/// What is printed as JSON.
#[derive(Serialize)]
struct Output {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ioctls: Vec<Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<String>,
    /// None if the machine stopped before the program was done.
    #[serde(flatten)]
    workload: Option<Done>,
    /// Why the machine stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    bug_check: Option<BugCheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_allocations: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_each: Option<FailEach>,
    #[serde(flatten)]
    report: Report,
}

impl Options {
    /// The script to run, if there is one.
    pub(crate) fn script(&self) -> Option<&Path> {
        self.script.as_deref()
    }

    /// The driver, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The control codes to send.
    pub(crate) fn ioctls(&self) -> &[ioctl::Request] {
        &self.ioctl
    }

    /// Starts the program that uses the registry and sends the control codes.
    pub(crate) fn program(&self, machine: &Machine) -> Process {
        let program = machine.process_builder("user.exe");
        program.account(self.account).start()
    }

    /// How long a run of `--fail-each` may take.
    pub(crate) fn time_limit(&self) -> Duration {
        Duration::from_secs(self.time_limit)
    }

    /// The recording to replay, if there is one.
    pub(crate) fn replay(&self) -> Option<&Path> {
        self.replay.as_deref()
    }
}

/// Loads the driver, uses the registry, unloads the driver, and prints what happened.
pub(crate) fn run(options: &Options) -> Result<Outcome, Error> {
    if options.fail_one {
        return fail_each::run_one(options);
    }
    let hives = read_hives(options)?;
    let Some(workload) = Workload::read(options)? else {
        return Ok(Outcome::BadInput);
    };
    options.files.make()?;
    let machine = build(options, &hives, !options.json)?;
    refuse_damaged(&machine.report())?;
    let outcome = work(options, &machine, &workload);
    if outcome.is_err() {
        // What happened until then is what one wants to see.
        options.files.write(&machine, &machine.report())?;
    }
    outcome
}

fn work(options: &Options, machine: &Machine, workload: &Workload) -> Result<Outcome, Error> {
    let load = |file: &PathBuf| {
        // SAFETY: whoever calls the program vouches for the driver.
        unsafe { machine.load_sys(file) }
    };
    let driver = options.file.as_ref().map(load).transpose()?;
    let name = driver.as_ref().map(|driver| driver.name().to_owned());
    let program = options.program(machine);
    let mut ioctls = Vec::new();
    for request in &options.ioctl {
        let answered = ioctl::run(&program, request)?;
        if !options.json {
            writeln!(io::stdout(), "{}", answered.line())?;
        }
        ioctls.push(answered);
    }
    let done = workload.run(machine, &program, !options.json)?;
    workload.complain(&done);
    if let Some(driver) = driver {
        machine.unload(driver)?;
    }
    let mut report = machine.report();
    let mut failed_allocations = None;
    if let (true, Some(file)) = (options.verifier, &options.file) {
        let tried = fail_allocations(options, file, workload, &mut report)?;
        failed_allocations = Some(tried);
    }
    options.files.write(machine, &report)?;
    let mut clean = report.findings.is_empty() && !done.has_failed();
    let mut fail_each = None;
    if options.fail_each && clean {
        let tried = fail_each::run(options, !options.json)?;
        clean = !tried.has_failed();
        fail_each = Some(tried);
    } else if options.fail_each {
        eprintln!("wdm-sim: no call was failed: the driver is not clean without; mend that first");
    }
    let outcome = match clean {
        true => Outcome::Clean,
        false => Outcome::Findings,
    };
    let output = Output {
        driver: name,
        ioctls,
        workload: Some(done),
        bug_check: None,
        failed_allocations,
        fail_each,
        report,
    };
    show(&output, options.json)?;
    Ok(outcome)
}

fn show(output: &Output, json: bool) -> Result<(), Error> {
    match json {
        true => print_json(output),
        false => print(output),
    }
}

/// Prints the report of a machine that stopped, and ends the process: its threads cannot go on.
fn stopped(bug_check: &BugCheck, json: bool, files: &Files) -> ! {
    eprintln!("wdm-sim: {bug_check}");
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(machine) = &*running {
        let output = Output {
            driver: Some(bug_check.driver.clone()),
            ioctls: Vec::new(),
            workload: None,
            bug_check: Some(bug_check.clone()),
            failed_allocations: None,
            fail_each: None,
            report: machine.report(),
        };
        if let Err(error) = files.write(machine, &output.report) {
            eprintln!("wdm-sim: {error}");
        }
        // The bug check has been told, so there is nothing to add if this fails.
        let _ = show(&output, json);
    }
    std::process::exit(BUG_CHECK.into())
}

/// The hive files to mount.
pub(crate) fn read_hives(options: &Options) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let read = |(name, file): &(String, PathBuf)| {
        let bytes = std::fs::read(file).map_err(|error| unreadable(name, file, &error))?;
        Ok((name.clone(), bytes))
    };
    options.hive.iter().map(read).collect()
}

/// What a driver does to half a registry says little of the driver.
fn refuse_damaged(report: &Report) -> Result<(), Error> {
    match report.hives.iter().find(|hive| hive.lost > 0) {
        None => Ok(()),
        Some(hive) => {
            let (name, lost) = (&hive.name, hive.lost);
            let first = hive.losses.first().map_or("", String::as_str);
            Err(format!(
                "hive {name} is damaged: {lost} of its parts cannot be read (first: {first}); \
                 take a copy that is intact"
            )
            .into())
        }
    }
}

fn unreadable(name: &str, file: &Path, error: &io::Error) -> Error {
    let file = file.display();
    format!("hive {name}: {file} cannot be read ({error}); check the path").into()
}

/// The machine that the command line describes.
pub(crate) fn builder(options: &Options, hives: &[(String, Vec<u8>)]) -> Builder {
    let builder = Machine::builder()
        .profile(options.profile)
        .publish_cookie_late(options.verifier)
        .announce_open_before_create(options.open_before_create)
        .stub_missing_imports(options.stub_missing);
    let mount =
        |builder: Builder, (name, file): &(String, Vec<u8>)| builder.hive(name, file.clone());
    hives.iter().fold(builder, mount)
}

/// Builds it. With `tell`, the lines that drivers print are printed.
fn build(options: &Options, hives: &[(String, Vec<u8>)], tell: bool) -> Result<Machine, Error> {
    let json = options.json;
    let files = options.files.clone();
    let mut builder = files.record(builder(options, hives));
    if tell {
        builder = builder.on_debug_print(|line| {
            // Whoever read the output has closed it: the end tells.
            let _ = writeln!(io::stdout(), "dbgprint: {line}");
        });
    }
    start(builder, move |bug_check| {
        stopped(bug_check, json, &files);
    })
}

/// Builds the machine that runs from now on; `stop` is told of a bug check.
pub(crate) fn start(
    builder: Builder,
    stop: impl Fn(&BugCheck) + Send + Sync + 'static,
) -> Result<Machine, Error> {
    let machine = builder.on_bug_check(stop).build()?;
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    *running = Some(machine.clone());
    wdm_sim::report_faults(&machine);
    Ok(machine)
}

/// Runs the driver again and again on new machines with the small default registry, a later
/// allocation failing each time, until none fails any more. New findings are added to the report.
fn fail_allocations(
    options: &Options,
    file: &Path,
    workload: &Workload,
    report: &mut Report,
) -> Result<u64, Error> {
    for number in 1..=MAX_FAILED {
        let machine = build(options, &[], false)?;
        machine.fail_allocation(number);
        // SAFETY: as above.
        match unsafe { machine.load_sys(file) } {
            Ok(driver) => {
                let program = options.program(&machine);
                for request in &options.ioctl {
                    // A driver short of memory may refuse to open its device; the findings count.
                    let _ = ioctl::run(&program, request);
                }
                workload.run(&machine, &program, false)?;
                machine.unload(driver)?;
            }
            // It could not do without that allocation, and has said so.
            Err(LoadDriverError::Init { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let again = machine.report();
        for mut finding in again.findings {
            finding.detail = format!("with allocation {number} failing: {}", finding.detail);
            report.findings.push(finding);
        }
        if again.counters.injected_failures == 0 {
            return Ok(number - 1);
        }
    }
    Ok(MAX_FAILED)
}

fn print(output: &Output) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let counters = &output.report.counters;
    let mut table = Table::default();
    table.row(
        "driver",
        or_none(output.driver.as_deref().unwrap_or_default()),
    );
    table.row("windows", output.report.profile);
    for import in &output.report.stubbed_imports {
        table.row("missing import", import);
    }
    if let Some(bug_check) = &output.bug_check {
        let [a, b, c, d] = bug_check.parameters;
        let code = format!("{:#010X} ({a:#X}, {b:#X}, {c:#X}, {d:#X})", bug_check.code);
        table.row("bug check", code);
        table.row("driver's address", or_none(&bug_check.address));
        table.row("notification", or_none(&bug_check.notification));
    }
    if let Some(done) = &output.workload {
        done.add_rows(&mut table);
    }
    table.row("operations", counters.operations);
    table.row("notifications", counters.notifications);
    table.row("blocked", counters.blocked);
    table.row("bypassed", counters.bypassed);
    table.row("results changed", counters.overridden);
    let contexts = format!(
        "{} set, {} replaced, {} released",
        counters.contexts_set, counters.contexts_replaced, counters.contexts_released
    );
    table.row("key contexts", contexts);
    let pool = format!(
        "{} allocated, {} freed",
        counters.pool_allocations, counters.pool_frees
    );
    table.row("pool blocks", pool);
    if let Some(tried) = output.failed_allocations {
        table.row("allocations failed", tried);
    }
    if let Some(tried) = &output.fail_each {
        tried.add_rows(&mut table);
    }
    table.row("lines printed", output.report.debug_print.len());
    table.row("findings", output.report.findings.len());
    table.print(&mut out)?;
    for finding in &output.report.findings {
        writeln!(out, "{finding}")?;
    }
    Ok(())
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
