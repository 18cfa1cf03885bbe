//! What a trace is made of.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::cm::classes::Operation;
use crate::status::Status;
use crate::verifier::Finding;

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Moment {
    /// Its place in the order of all that happened in the machine, from 0. No two are equal.
    pub number: u64,
    /// Nanoseconds since the machine was built.
    pub time: u64,
}

/// Something that happened in a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it began.
    pub began: Moment,
    /// When it ended. `None` for what takes no time ([`What::is_instant`]), and for what had not
    /// ended when the trace was taken: after a bug check, that is what the thread was at.
    pub ended: Option<Moment>,
    /// The file name of the process's program; empty for what no thread did.
    pub process: Arc<str>,
    /// The process's id, as `PsGetCurrentProcessId` gives it.
    pub process_id: usize,
    /// The thread's id, as `PsGetCurrentThreadId` gives it.
    pub thread_id: usize,
    /// How many events of this thread it is part of.
    pub depth: u32,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// A registered callback.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Callback {
    /// The driver that registered it; empty for code that belongs to none, such as a test's.
    pub driver: String,
    /// Its altitude, or [`LEGACY`](Self::LEGACY).
    pub altitude: String,
}

impl Callback {
    /// In an altitude's place: registered with `CmRegisterCallback`, and above all altitudes (R2).
    pub const LEGACY: &str = "legacy";
}

/// `ALTITUDE DRIVER`
impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.altitude)?;
        match self.driver.as_str() {
            "" => Ok(()),
            driver => write!(f, " {driver}"),
        }
    }
}

/// How a callback answered a pre-notification (N2). Displays as `block 0xC0000022
/// STATUS_ACCESS_DENIED`, for example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreVerdict {
    /// The operation goes on.
    Pass,
    /// It has failed with this status.
    Block(Status),
    /// The callback did it itself, and this is how it ended.
    Bypass(Status),
}

impl fmt::Display for PreVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Block(status) => write!(f, "block {status}"),
            Self::Bypass(status) => write!(f, "bypass {status}"),
        }
    }
}

/// How a callback answered a post-notification (N3). Displays as `override 0x00000000
/// STATUS_SUCCESS -> 0xC0000022 STATUS_ACCESS_DENIED`, for example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostVerdict {
    /// The result stays.
    Keep,
    /// It is another one.
    Override {
        /// What the result was.
        from: Status,
        /// What it is now.
        to: Status,
    },
}

impl fmt::Display for PostVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Override { from, to } => write!(f, "override {from} -> {to}"),
        }
    }
}

/// What became of a key object's context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextChange {
    /// It has one now.
    Set,
    /// It has another one now; the old one is still in use (C4).
    Replaced,
    /// It has none any more.
    Removed,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A driver's `DriverEntry` runs.
    Load {
        /// The driver.
        driver: String,
        /// What it returned.
        status: Option<Status>,
    },
    /// A driver's `DriverUnload` runs, and what it left behind is looked for.
    Unload {
        /// The driver.
        driver: String,
    },
    /// A callback was registered (R1). It takes no time.
    Register {
        /// The callback.
        callback: Arc<Callback>,
    },
    /// A callback is unregistered: waits, and cleans up its contexts (R4).
    Unregister {
        /// The callback.
        callback: Arc<Callback>,
    },
    /// A registry operation, from before its first notification to after its last.
    Operation {
        /// Which one.
        operation: Operation,
        /// The key's absolute name; empty for a key that has been deleted.
        key: String,
        /// What of the key it is about, if anything: a value's name, the new name, the number of
        /// an entry, the file of a hive.
        detail: Option<String>,
        /// What the caller got.
        status: Option<Status>,
    },
    /// A callback has a pre-notification (N1, N2).
    Pre {
        /// The class's name in `REG_NOTIFY_CLASS`.
        class: &'static str,
        /// The callback.
        callback: Arc<Callback>,
        /// How it answered.
        #[serde(serialize_with = "as_text")]
        verdict: Option<PreVerdict>,
    },
    /// A callback has a post-notification (N3).
    Post {
        /// The class's name in `REG_NOTIFY_CLASS`.
        class: &'static str,
        /// The callback.
        callback: Arc<Callback>,
        /// How it answered.
        #[serde(serialize_with = "as_text")]
        verdict: Option<PostVerdict>,
    },
    /// A callback has the notification that its context of a key object is no longer in use (C3).
    Cleanup {
        /// The callback.
        callback: Arc<Callback>,
        /// The key's absolute name; empty for a key that has been deleted.
        key: String,
    },
    /// A callback changed its context of a key object (C1). It takes no time.
    Context {
        /// The callback.
        callback: Arc<Callback>,
        /// The key's absolute name; empty for a key that has been deleted.
        key: String,
        /// How.
        change: ContextChange,
    },
    /// A driver broke a rule; a bug check is one of them. It takes no time.
    Finding {
        /// What the machine's report says of it.
        finding: Box<Finding>,
    },
    /// A driver printed a line. It takes no time.
    Print {
        /// The line.
        line: String,
    },
}

impl What {
    /// Whether it takes no time.
    pub fn is_instant(&self) -> bool {
        matches!(
            self,
            Self::Register { .. }
                | Self::Context { .. }
                | Self::Finding { .. }
                | Self::Print { .. }
        )
    }

    /// The callback that it is about, if it is about one.
    pub fn callback(&self) -> Option<&Arc<Callback>> {
        match self {
            Self::Register { callback }
            | Self::Unregister { callback }
            | Self::Pre { callback, .. }
            | Self::Post { callback, .. }
            | Self::Cleanup { callback, .. }
            | Self::Context { callback, .. } => Some(callback),
            _ => None,
        }
    }

    /// Adds the status that it ended with.
    pub(crate) fn ended(&mut self, with: Status) {
        if let Self::Load { status, .. } | Self::Operation { status, .. } = self {
            *status = Some(with);
        }
    }

    /// Adds how the callback answered a pre-notification.
    pub(crate) fn answered(&mut self, with: PreVerdict) {
        if let Self::Pre { verdict, .. } = self {
            *verdict = Some(with);
        }
    }

    /// Adds how the callback answered a post-notification.
    pub(crate) fn changed(&mut self, with: PostVerdict) {
        if let Self::Post { verdict, .. } = self {
            *verdict = Some(with);
        }
    }

    /// Whether it happens only a few times, and is kept where others are left out.
    pub(super) fn is_rare(&self) -> bool {
        matches!(
            self,
            Self::Load { .. }
                | Self::Unload { .. }
                | Self::Register { .. }
                | Self::Unregister { .. }
                | Self::Finding { .. }
        )
    }

    /// How many bytes its texts take.
    pub(super) fn text_size(&self) -> usize {
        match self {
            Self::Load { driver, .. } | Self::Unload { driver } => driver.len(),
            Self::Operation { key, detail, .. } => {
                key.len() + detail.as_ref().map_or(0, String::len)
            }
            Self::Cleanup { key, .. } | Self::Context { key, .. } => key.len(),
            Self::Finding { finding } => {
                size_of::<Finding>()
                    + finding.call.len()
                    + finding.driver.len()
                    + finding.detail.len()
            }
            Self::Print { line } => line.len(),
            Self::Register { .. }
            | Self::Unregister { .. }
            | Self::Pre { .. }
            | Self::Post { .. } => 0,
        }
    }

    /// The event in a word or two: the operation, the class, or the kind.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Load { .. } => "DriverEntry".to_owned(),
            Self::Unload { .. } => "DriverUnload".to_owned(),
            Self::Register { .. } => "registered".to_owned(),
            Self::Unregister { .. } => "CmUnRegisterCallback".to_owned(),
            Self::Operation { operation, .. } => format!("{operation:?}"),
            Self::Pre { class, .. } | Self::Post { class, .. } => (*class).to_owned(),
            Self::Cleanup { .. } => "RegNtCallbackObjectContextCleanup".to_owned(),
            Self::Context { change, .. } => match change {
                ContextChange::Set => "context set",
                ContextChange::Replaced => "context replaced",
                ContextChange::Removed => "context removed",
            }
            .to_owned(),
            Self::Finding { finding } => format!("finding {}", finding.rule),
            Self::Print { .. } => "printed".to_owned(),
        }
    }

    /// What the event came to; `None` if it has not come to it, or comes to nothing.
    pub(super) fn result(&self) -> Option<String> {
        match self {
            Self::Load { status, .. } | Self::Operation { status, .. } => {
                status.map(|status| status.to_string())
            }
            Self::Pre { verdict, .. } => verdict.map(|verdict| verdict.to_string()),
            Self::Post { verdict, .. } => verdict.map(|verdict| verdict.to_string()),
            _ => None,
        }
    }
}

/// One line without times, addresses and ids, except in what drivers print and in findings.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        match self {
            Self::Load { driver, .. } | Self::Unload { driver } => {
                write!(f, "{} of {driver}", self.title())?;
            }
            Self::Operation { key, detail, .. } => {
                write!(f, "{} {}", self.title(), shown(key))?;
                if let Some(detail) = detail {
                    write!(f, " \"{detail}\"")?;
                }
            }
            Self::Finding { finding } => write!(f, "finding {finding}")?,
            Self::Print { line } => write!(f, "printed {line}")?,
            Self::Cleanup { callback, key } | Self::Context { callback, key, .. } => {
                write!(f, "{callback}: {} {}", self.title(), shown(key))?;
            }
            Self::Register { callback }
            | Self::Unregister { callback }
            | Self::Pre { callback, .. }
            | Self::Post { callback, .. } => write!(f, "{callback}: {}", self.title())?,
        }
        match self.result() {
            Some(result) => write!(f, ": {result}"),
            None => Ok(()),
        }
    }
}

/// A key's name as people read it.
pub(super) fn shown(key: &str) -> &str {
    match key {
        "" => "(a deleted key)",
        key => key,
    }
}

/// Keeps names and lines that hold control characters on one line.
struct OneLine<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c.is_control() {
            true => write!(self.0, "{}", c.escape_default()),
            false => self.0.write_char(c),
        })
    }
}

fn as_text<T: fmt::Display, S: Serializer>(
    verdict: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match verdict {
        Some(verdict) => serializer.collect_str(verdict),
        None => serializer.serialize_none(),
    }
}
