//! The simulated machine that the demonstration happens in.

use std::path::PathBuf;
use std::process;
use std::time::{Duration, Instant};

use anyhow::Result;
use wdm_sim::{Driver, Machine, MountedHive};

use super::hive::HiveFile;
use super::progress::DebugLines;
use crate::process::say;

/// The form in which the machine gets the driver.
#[derive(Debug)]
pub(crate) enum Form {
    /// A `.sys` file for its loader.
    File(PathBuf),
    /// Rust's library, linked into this tool; the reason is for people.
    Linked { why: String },
}

impl Form {
    /// Its name in the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "sys",
            Self::Linked { .. } => "linked",
        }
    }
}

/// A machine with its hives, and how long it took to mount them.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) machine: Machine,
    pub(crate) hives: Vec<MountedHive>,
    pub(crate) duration: Duration,
    pub(crate) debug: DebugLines,
}

/// Builds a machine with the hives of these files, or with the demonstration hive if there are
/// none. What a damaged hive has lost is said.
///
/// # Errors
/// A file that cannot be read or is no hive.
pub(crate) fn build(files: &[HiveFile]) -> Result<Mounted> {
    let debug = DebugLines::default();
    let lines = debug.clone();
    let mut builder = Machine::builder()
        // What the driver allows is looked at, not what keys' descriptors do.
        .check_access(false)
        .on_debug_print(move |line| lines.add(line))
        .on_bug_check(|bug_check| {
            eprintln!("error: the driver stopped the machine: {bug_check}");
            process::exit(1);
        });
    for file in files {
        builder = builder.hive(&file.name, file.read()?);
    }
    let start = Instant::now();
    let machine = builder.build()?;
    let duration = start.elapsed();
    let hives = machine.report().hives;
    for hive in &hives {
        tell_losses(hive);
    }
    Ok(Mounted {
        machine,
        hives,
        duration,
        debug,
    })
}

/// How many losses of a damaged hive are told in words.
const LOSSES_TOLD: usize = 3;

fn tell_losses(hive: &MountedHive) {
    let MountedHive {
        name,
        keys,
        values,
        lost,
        ..
    } = hive;
    if hive.dirty {
        say(format!(
            "hive {name} was not closed properly; later changes may be in its log, which is not read"
        ));
    }
    if *lost == 0 {
        return;
    }
    say(format!(
        "hive {name} is damaged: {lost} of its parts are lost; going on with the {keys} keys and \
         {values} values that can be read"
    ));
    for loss in hive.losses.iter().take(LOSSES_TOLD) {
        say(format!("  lost: {loss}"));
    }
    if *lost > LOSSES_TOLD {
        say(format!("  and {} more", lost - LOSSES_TOLD));
    }
}

/// Loads the driver.
///
/// # Errors
/// The simulator's.
#[allow(unsafe_code, reason = "whoever loads a driver vouches for it")]
pub(crate) fn load(machine: &Machine, name: &str, form: &Form) -> Result<Driver> {
    if let Form::File(_) = form {
        wdm_sim::report_faults(machine);
    }
    // In both forms the driver is this workspace's own, in Rust without unsafe code.
    let loaded = match form {
        // SAFETY: as above.
        Form::File(file) => unsafe { machine.load_sys(file) },
        // SAFETY: as above.
        Form::Linked { .. } => unsafe { machine.load_linked(name, registry_guard::driver_entry) },
    };
    Ok(loaded?)
}
