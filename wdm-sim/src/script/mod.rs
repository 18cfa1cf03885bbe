//! Scripts: registry operations, one a line; `docs/script.md` describes the language.
//!
//! A script is parsed as a whole before any of it is run.
//!
//! ```
//! use wdm_sim::Machine;
//! use wdm_sim::script::Script;
//!
//! let script = Script::parse(
//!     r"$key = open \Registry\Machine\SYSTEM\Setup all
//!       set $key Number dword 42                           expect SUCCESS
//!       query $key Number                                  expect SUCCESS",
//! );
//! let script = script.expect("it is well formed");
//! let machine = Machine::builder().build()?;
//! let mut answers = Vec::new();
//! script.run(&machine, |record| {
//!     assert!(record.is_expected(), "{record}");
//!     answers.push(record.answer);
//! });
//! assert_eq!(answers, ["", "", "dword 42"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod parse;
mod run;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Account, KeyAccess, KeyOptions, Machine, Privileges, Status};

pub use parse::SyntaxError;

/// A script that has been parsed.
#[derive(Debug, Default)]
pub struct Script {
    /// The programs that it names, by the file names of their programs.
    processes: BTreeMap<String, Program>,
    steps: Vec<Step>,
}

impl Script {
    /// Parses a script.
    ///
    /// # Errors
    /// All that is wrong, by line.
    pub fn parse(text: &str) -> Result<Self, Vec<SyntaxError>> {
        parse::parse(text)
    }

    /// Runs it, and tells each record: at once, or in the order of their lines after the last of the
    /// threads that run side by side.
    pub fn run(&self, machine: &Machine, tell: impl FnMut(Record)) {
        run::run(self, machine, tell);
    }
}

/// What a program of a script is.
#[derive(Clone, Copy, Debug)]
struct Program {
    privileges: Privileges,
    account: Account,
    wow64: bool,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            privileges: Privileges::empty(),
            account: Account::System,
            wow64: false,
        }
    }
}

/// What is done after what was before it.
#[derive(Debug)]
enum Step {
    /// A line of a process's first thread.
    Line(String, Line),
    /// Threads that run side by side.
    Threads(Vec<Block>),
}

/// A thread with lines of its own.
#[derive(Debug)]
struct Block {
    process: String,
    number: u32,
    lines: Vec<Line>,
}

/// An operation and the status that it should have.
#[derive(Debug)]
struct Line {
    number: usize,
    operation: Operation,
    expected: Option<Status>,
}

/// The name of a variable, without its `$`.
type Variable = String;

/// A key's name: absolute, or below the key that a variable holds.
#[derive(Debug)]
struct Path {
    below: Option<Variable>,
    name: String,
}

/// A value's type and bytes.
#[derive(Debug)]
struct Data {
    kind: u32,
    bytes: Vec<u8>,
}

/// Which entries of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entries {
    Keys,
    Values,
}

#[derive(Debug)]
enum Operation {
    Open {
        to: Option<Variable>,
        path: Path,
        access: KeyAccess,
        transaction: Option<Variable>,
    },
    Create {
        to: Option<Variable>,
        path: Path,
        access: KeyAccess,
        options: KeyOptions,
        transaction: Option<Variable>,
    },
    LoadApp {
        to: Option<Variable>,
        file: String,
        access: KeyAccess,
    },
    Begin {
        to: Variable,
    },
    Commit(Variable),
    Rollback(Variable),
    CloseKey(Variable),
    CloseTransaction(Variable),
    Set(Variable, String, Data),
    QueryKey(Variable),
    QueryValue(Variable, String),
    Name(Variable),
    DeleteKey(Variable),
    DeleteValue(Variable, String),
    Rename(Variable, String),
    Enumerate(Variable, Entries, Option<u32>),
    Flush(Variable),
    Load(Path, String),
    Unload {
        path: String,
        force: bool,
    },
    Save(Variable, String),
    Restore {
        key: Variable,
        file: String,
        force: bool,
    },
    Ioctl {
        device: String,
        code: u32,
        output_len: usize,
        input: Vec<u8>,
    },
}

impl Operation {
    /// What the operation is called in a script.
    fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Create { .. } => "create",
            Self::LoadApp { .. } => "load_app",
            Self::Begin { .. } => "begin",
            Self::Commit(_) => "commit",
            Self::Rollback(_) => "rollback",
            Self::CloseKey(_) | Self::CloseTransaction(_) => "close",
            Self::Set(..) => "set",
            Self::QueryKey(_) | Self::QueryValue(..) => "query",
            Self::Name(_) => "name",
            Self::DeleteKey(_) | Self::DeleteValue(..) => "delete",
            Self::Rename(..) => "rename",
            Self::Enumerate(..) => "enumerate",
            Self::Flush(_) => "flush",
            Self::Load(..) => "load",
            Self::Unload { .. } => "unload",
            Self::Save(..) => "save",
            Self::Restore { .. } => "restore",
            Self::Ioctl { .. } => "ioctl",
        }
    }
}

/// How an operation went.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The script's line.
    pub line: usize,
    /// What was done.
    pub operation: &'static str,
    /// The number of the thread, if the line is in a `thread` block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<u32>,
    /// What the operation answered.
    pub status: Status,
    /// What it read, as a script would write it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// What it should have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Status>,
}

impl Record {
    /// Whether the status is what the script expects, if it does.
    pub fn is_expected(&self) -> bool {
        self.expected.is_none_or(|expected| expected == self.status)
    }
}

/// `LINE OPERATION 0xSTATUS NAME ANSWER`, with `-` for a status that has no name.
impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, operation, status) = (self.line, self.operation, self.status);
        write!(f, "{line} {operation} {status}")?;
        if status.name().is_none() {
            f.write_str(" -")?;
        }
        match self.answer.as_str() {
            "" => Ok(()),
            answer => write!(f, " {answer}"),
        }
    }
}
