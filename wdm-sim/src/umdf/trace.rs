//! What happened in a host process, in order.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::codes::Code;
use super::verifier::Finding;

/// A framework object's name in traces and findings: `queue 1`, `request 4`, `device ROOT\ECHO\0000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Name(pub(crate) Arc<str>);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it began: nanoseconds since the driver was loaded.
    pub time: u64,
    /// When a callback or a call ended; `None` for what takes no time, and for what has not ended.
    pub ended: Option<u64>,
    /// The thread, numbered as they come, from 1.
    pub thread: u32,
    /// How many callbacks of the driver it is part of.
    pub depth: u32,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happens in a host process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// The system or a program does something with a device or an opening of it.
    System {
        /// With what.
        object: Name,
        /// What it does: `start`, `read 16 bytes (request 4)`.
        action: String,
    },
    /// The framework calls the driver.
    Callback {
        /// The framework object that the callback is about.
        object: Name,
        /// `IPnpCallback::OnD0Entry`.
        method: &'static str,
        /// Its other arguments, for people.
        detail: String,
        /// What it returned; `None` if it returns nothing, or has not returned.
        result: Option<Code>,
    },
    /// The driver calls the framework.
    Call {
        /// The framework object.
        object: Name,
        /// `IWDFDevice::CreateIoQueue`.
        method: &'static str,
        /// What it returned, if it returns an `HRESULT`.
        result: Option<Code>,
        /// Whether it was made to fail.
        injected: bool,
    },
    /// A request has ended, and its sender knows.
    Completed {
        /// The request.
        request: Name,
        /// Its status.
        status: Code,
        /// How many bytes were transferred.
        information: usize,
    },
    /// A rule was broken.
    Finding(Finding),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::System { object, action } => write!(f, "{object}: {action}"),
            What::Callback {
                object,
                method,
                detail,
                result,
            } => {
                write!(f, "-> {method} ({object}{detail})")?;
                result.map_or(Ok(()), |result| write!(f, " = {result}"))
            }
            What::Call {
                object,
                method,
                result,
                injected,
            } => {
                write!(f, "<- {method} ({object})")?;
                result.map_or(Ok(()), |result| write!(f, " = {result}"))?;
                f.write_str(if *injected { ", made to fail" } else { "" })
            }
            What::Completed {
                request,
                status,
                information,
            } => write!(f, "{request}: ended with {status}, {information} bytes"),
            What::Finding(finding) => write!(f, "!! {finding}"),
        }
    }
}

/// What happened in a host process, in the order in which it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The events.
    pub events: Vec<Event>,
}

impl Trace {
    /// A line for each event, without times and threads, indented by what it is part of: two runs in which the same is done one
    /// after the other give the same lines.
    #[must_use]
    pub fn story(&self) -> Vec<String> {
        let line = |event: &Event| format!("{}{}", "  ".repeat(event.depth as usize), event.what);
        self.events.iter().map(line).collect()
    }

    /// The callbacks by name, in order.
    #[must_use]
    pub fn callbacks(&self) -> Vec<&'static str> {
        let method = |event: &Event| match event.what {
            What::Callback { method, .. } => Some(method),
            _ => None,
        };
        self.events.iter().filter_map(method).collect()
    }
}

/// With microseconds and threads.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (event, line) in self.events.iter().zip(self.story()) {
            writeln!(
                f,
                "{:>9} us  {:>2}  {line}",
                event.time / 1000,
                event.thread
            )?;
        }
        Ok(())
    }
}
