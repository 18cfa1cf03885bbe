//! `wdm-sim run --fail-each`: a driver at work while calls of the kernel fail, one a run.
//!
//! Each run is a process of its own, so that one that crashes or hangs is a failure among others. The
//! program runs itself with `--fail-one`: that process reads the paths that have been tried from its
//! standard input and writes a [`Message`] a line to its standard output, the first before the call fails.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use wdm_sim::{Fault, FaultPlan, LoadDriverError};

use crate::run::{self, Options};
use crate::table::Table;
use crate::work::Workload;
use crate::{BUG_CHECK, Error, Outcome, ioctl};

/// What a run tells.
#[derive(Serialize, Deserialize)]
enum Message {
    /// This call fails now.
    Fails(Fault),
    /// The driver stopped the machine.
    Stopped(String),
    /// The driver has come and gone; these are the findings.
    Ended(Vec<String>),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Clean,
    Findings,
    BugCheck,
    Crash,
    TimeLimit,
}

/// A path that was tried.
#[derive(Serialize)]
struct Tried {
    #[serde(flatten)]
    fault: Fault,
    end: End,
    /// What is wrong, a line each.
    details: Vec<String>,
}

/// All paths that were tried.
#[derive(Serialize)]
pub(crate) struct FailEach {
    tried: usize,
    failed: usize,
    paths: Vec<Tried>,
}

impl FailEach {
    /// Whether a run was not clean.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Adds what was tried to the result's table.
    pub(crate) fn add_rows(&self, table: &mut Table) {
        table.row("paths tried", self.tried);
        table.row("paths failed", self.failed);
    }
}

/// Runs the driver until each path has been tried. With `tell`, prints a line for each path as soon as
/// its run is over, and shows how many there were if the standard error is a terminal.
pub(crate) fn run(options: &Options, tell: bool) -> Result<FailEach, Error> {
    let bar = match tell {
        true => ProgressBar::new_spinner(),
        false => ProgressBar::hidden(),
    };
    let mut all = FailEach {
        tried: 0,
        failed: 0,
        paths: Vec::new(),
    };
    while let Some(tried) = next(options, &all.paths)? {
        all.tried += 1;
        all.failed += usize::from(tried.end != End::Clean);
        if tell {
            bar.suspend(|| print(&tried))?;
        }
        bar.set_message(format!("{} paths tried, {} failed", all.tried, all.failed));
        bar.tick();
        all.paths.push(tried);
    }
    bar.finish_and_clear();
    Ok(all)
}

fn print(tried: &Tried) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let end = match tried.end {
        End::Clean => "clean",
        End::Findings => "FINDINGS",
        End::BugCheck => "BUG CHECK",
        End::Crash => "CRASH",
        End::TimeLimit => "TIME LIMIT",
    };
    writeln!(out, "{end}: {}", tried.fault)?;
    tried
        .details
        .iter()
        .try_for_each(|detail| writeln!(out, "  {detail}"))
}

/// Runs the driver in a process of its own; `None` if no call was left to fail.
fn next(options: &Options, before: &[Tried]) -> Result<Option<Tried>, Error> {
    let faults: Vec<&Fault> = before.iter().map(|tried| &tried.fault).collect();
    let mut arguments = std::env::args_os().skip(1);
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments.next())
        .arg("--fail-one")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // If it has ended already, how it did tells more.
        let _ = input.write_all(&serde_json::to_vec(&faults)?);
    }
    let (output, in_time) = read(&mut child, options.time_limit());
    let status = child.wait()?;
    let mut fault = None;
    let mut end = None;
    for line in output.messages.lines() {
        // A process that crashes may leave half a line.
        let Ok(message) = serde_json::from_str(line) else {
            continue;
        };
        match message {
            Message::Fails(it) => fault = Some(it),
            Message::Stopped(why) => end = Some((End::BugCheck, vec![why])),
            Message::Ended(findings) if findings.is_empty() => end = Some((End::Clean, findings)),
            Message::Ended(findings) => end = Some((End::Findings, findings)),
        }
    }
    let last_words = || output.errors.lines().map(str::to_owned).collect();
    let (end, details) = match end {
        _ if !in_time => {
            let seconds = options.time_limit().as_secs();
            (
                End::TimeLimit,
                vec![format!("still running after {seconds} s (--time-limit)")],
            )
        }
        Some(end) if status.success() || status.code() == Some(BUG_CHECK.into()) => end,
        _ if output.errors.is_empty() => (End::Crash, vec![status.to_string()]),
        _ => (End::Crash, last_words()),
    };
    match fault {
        Some(fault) => Ok(Some(Tried {
            fault,
            end,
            details,
        })),
        None if end == End::Clean => Ok(None),
        None => Err(format!(
            "the driver fails at times without a call that fails: {}; find out why first",
            details.join("; ")
        )
        .into()),
    }
}

/// What a process wrote.
#[derive(Default)]
struct Written {
    messages: String,
    errors: String,
}

/// Reads what a process writes until it ends, and ends it if that takes too long; says whether it ended
/// by itself.
fn read(child: &mut Child, limit: Duration) -> (Written, bool) {
    let (tell, told) = mpsc::channel();
    let errors = reader(child.stderr.take(), None);
    let messages = reader(child.stdout.take(), Some(tell));
    let in_time = told.recv_timeout(limit).is_ok();
    if !in_time {
        // It may have ended meanwhile.
        let _ = child.kill();
    }
    let written = Written {
        messages: messages.join().unwrap_or_default(),
        errors: errors.join().unwrap_or_default(),
    };
    (written, in_time)
}

/// Reads all of it on a thread of its own, which tells when it is done.
fn reader(
    from: Option<impl Read + Send + 'static>,
    tell: Option<mpsc::Sender<()>>,
) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            // What was read before an error is all there is.
            let _ = from.read_to_end(&mut bytes);
        }
        if let Some(tell) = tell {
            // Nobody listens after the time limit.
            let _ = tell.send(());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// One run, in its own process.
pub(crate) fn run_one(options: &Options) -> Result<Outcome, Error> {
    let tried: Vec<Fault> = serde_json::from_reader(io::stdin().lock())?;
    let plan = FaultPlan::without(tried).on_fault(|fault| say(&Message::Fails(fault.clone())));
    let (Some(file), Some(workload)) = (options.file(), Workload::read(options)?) else {
        return Ok(Outcome::BadInput);
    };
    let builder = run::builder(options, &run::read_hives(options)?).fail_each(&plan);
    let machine = run::start(builder, |bug_check| {
        say(&Message::Stopped(bug_check.to_string()));
        std::process::exit(BUG_CHECK.into())
    })?;
    // SAFETY: whoever calls the program vouches for the driver.
    match unsafe { machine.load_sys(file) } {
        Ok(driver) => {
            let program = options.program(&machine);
            for request in options.ioctls() {
                // A driver may refuse to open its device then.
                let _ = ioctl::run(&program, request);
            }
            workload.run(&machine, &program, false)?;
            machine.unload(driver)?;
        }
        // It could not do without the call, and has said so.
        Err(LoadDriverError::Init { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let findings = machine.report().findings;
    say(&Message::Ended(
        findings.iter().map(ToString::to_string).collect(),
    ));
    Ok(Outcome::Clean)
}

/// Tells it to the process that started this one.
fn say(message: &Message) {
    let mut out = io::stdout().lock();
    // If that process is gone, there is nobody to tell.
    if serde_json::to_writer(&mut out, message).is_ok() {
        let _ = out.write_all(b"\n").and_then(|()| out.flush());
    }
}
