//! The machine's trace: what happened, event by event.
//!
//! A machine that was built with [`Builder::trace`](crate::Builder::trace) records each registry
//! operation, each notification and how the callback answered it, contexts, findings and printed
//! lines. [`Machine::trace`] gives them as [`Event`]s, for tests that say what a driver should do:
//!
//! ```
//! use wdm_sim::trace::{PreVerdict, What};
//! use wdm_sim::{KeyAccess, Machine, Status};
//!
//! let machine = Machine::builder().trace(true).build()?;
//! // let driver = unsafe { machine.load_linked("guard", guard::driver_entry)? };
//! let thread = machine.process("app.exe").enter();
//! let setup = thread.open_key(r"\Registry\Machine\SYSTEM\Setup", KeyAccess::ALL)?;
//! setup.set_dword("SetupType", 1)?;
//!
//! let trace = machine.trace();
//! let blocked = trace.events().iter().filter(|event| {
//!     matches!(event.what, What::Pre { verdict: Some(PreVerdict::Block(_)), .. })
//! });
//! assert_eq!(blocked.count(), 0);
//! assert_eq!(
//!     trace.story(),
//!     [
//!         "app.exe",
//!         r"  OpenKey \REGISTRY\Machine\SYSTEM\Setup: 0x00000000 STATUS_SUCCESS",
//!         r#"  SetValueKey \REGISTRY\MACHINE\SYSTEM\Setup "SetupType": 0x00000000 STATUS_SUCCESS"#,
//!     ]
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Trace::write_chrome`] writes a file for Perfetto, [`Trace::write_page`] a page for any browser;
//! `docs/trace.md` describes both.

pub(crate) mod chrome;
mod event;
mod page;
mod recorder;
mod story;
mod tracks;

use serde::Serialize;

use crate::machine::Machine;

pub use event::{Callback, ContextChange, Event, Moment, PostVerdict, PreVerdict, What};
pub(crate) use recorder::{DEFAULT_LIMIT, Recorder};

/// What happened in a machine, up to one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    events: Vec<Event>,
    left_out: u64,
    taken: Moment,
}

impl Trace {
    /// The events, in the order in which they began.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How many events there was no room for: see
    /// [`Builder::trace_limit`](crate::Builder::trace_limit).
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// When the trace was taken.
    pub fn taken(&self) -> Moment {
        self.taken
    }

    /// When an event ended, if it lasts: for one that had not ended, when the trace was taken.
    fn end(&self, event: &Event) -> Option<Moment> {
        match event.what.is_instant() {
            true => None,
            false => Some(event.ended.unwrap_or(self.taken)),
        }
    }
}

impl Machine {
    /// What happened so far; nothing unless the machine was built with
    /// [`Builder::trace`](crate::Builder::trace).
    pub fn trace(&self) -> Trace {
        match &self.kernel.trace {
            Some(recorder) => recorder.take(),
            None => Trace {
                events: Vec::new(),
                left_out: 0,
                taken: Moment { number: 0, time: 0 },
            },
        }
    }
}
