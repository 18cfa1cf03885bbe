//! Why an image was not loaded.

use std::fmt;
use std::io;

use thiserror::Error;

/// A file that could not be parsed or mapped. Its text is always one line: the file, what was
/// wrong with it, and what to do.
#[derive(Debug, Error)]
#[error("{}: {problem}", OneLine(file))]
pub struct LoadError {
    file: String,
    #[source]
    problem: Problem,
}

impl LoadError {
    pub(super) fn new(file: &str, problem: Problem) -> Self {
        Self {
            file: file.to_owned(),
            problem,
        }
    }

    /// The file as the caller named it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What was wrong with it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// What was wrong with a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file could not be opened or read.
    #[error("cannot be read ({0}); check the path and its permissions")]
    Unreadable(io::Error),
    /// The file has no bytes.
    #[error("is empty; give the .sys file that the linker wrote")]
    Empty,
    /// The file, or the image that it describes, is larger than the loader accepts.
    #[error("{what} is {size} bytes, more than the limit of {limit}; this is no usual driver")]
    TooLarge {
        /// What is too large: the file or `SizeOfImage`.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// An ELF file.
    #[error(
        "is an ELF file, which Linux runs, not a Windows driver; build the driver for \
         x86_64-pc-windows-msvc"
    )]
    Elf,
    /// A Mach-O file.
    #[error(
        "is a Mach-O file, which macOS runs, not a Windows driver; build the driver for \
         x86_64-pc-windows-msvc"
    )]
    MachO,
    /// Text, such as a source file or an `.inf`.
    #[error("is a text file, not a driver; give the .sys file that the linker wrote")]
    Text,
    /// No PE file at all.
    #[error("is not a PE file (it does not begin with MZ); give the .sys file")]
    NotPe,
    /// An MZ program that is not a PE file.
    #[error("is an MZ program without a PE header; give a 64-bit .sys file")]
    NoPeHeader,
    /// A 32-bit image.
    #[error("is a 32-bit PE image; build the driver for x86_64-pc-windows-msvc")]
    ThirtyTwoBit,
    /// An image for another processor.
    #[error("is an image for {machine}; build the driver for x86_64-pc-windows-msvc")]
    OtherMachine {
        /// The processor, or its number in hexadecimal.
        machine: String,
    },
    /// A program or a user-mode DLL.
    #[error(
        "is a {kind} for subsystem {subsystem}, not a kernel driver; link it with \
         /SUBSYSTEM:NATIVE and /DRIVER"
    )]
    NotADriver {
        /// "program" or "DLL".
        kind: &'static str,
        /// The name of the subsystem, or its number.
        subsystem: String,
    },
    /// The file ends before something that its headers promise.
    #[error(
        "is cut off: {what} ends at byte {needed}, the file at byte {len}; copy or link it again"
    )]
    Truncated {
        /// What is missing.
        what: String,
        /// The offset in bytes at which it would end.
        needed: u64,
        /// The length of the file in bytes.
        len: u64,
    },
    /// A header with an impossible value.
    #[error("has a damaged header: {0}; link it again")]
    Header(String),
    /// A section that cannot be mapped.
    #[error("has a bad section {name}: {reason}; link it again")]
    Section {
        /// The section's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Sections out of order or over one another.
    #[error("has overlapping sections: {second} begins before the end of {first}; link it again")]
    Overlap {
        /// The earlier section, or "the headers".
        first: String,
        /// The section that begins too early.
        second: String,
    },
    /// A damaged base relocation table.
    #[error("has a damaged base relocation table: {0}; link it again")]
    Relocations(String),
    /// An image that can run at one address only.
    #[error("was linked without base relocations (/FIXED); link it with /DYNAMICBASE")]
    RelocationsStripped,
    /// A damaged import table.
    #[error("has a damaged import table: {0}; link it again")]
    Imports(String),
    /// A damaged export table.
    #[error("has a damaged export table: {0}; link it again")]
    Exports(String),
    /// A damaged load configuration.
    #[error("has a damaged load configuration: {0}; link it again")]
    LoadConfig(String),
    /// A damaged table of unwind entries.
    #[error("has a damaged unwind table (.pdata): {0}; link it again")]
    UnwindTable(String),
    /// Something that the kernel's loader does not support either.
    #[error("has {what}, which no kernel driver can have; {advice}")]
    UserModeOnly {
        /// What it has.
        what: &'static str,
        /// What to change.
        advice: &'static str,
    },
    /// A driver without an entry point.
    #[error("has no entry point; link it with /ENTRY:DriverEntry")]
    NoEntryPoint,
    /// Sections that are both writable and executable.
    #[error(
        "has sections that are both writable and executable ({0}); change their attributes, or \
         allow them when loading"
    )]
    WritableCode(String),
    /// Imports that nobody could supply; all of them.
    #[error(
        "imports {}, which the simulator does not have; call something else, or bind {} \
         (--stub-missing)",
        List(.0),
        if .0.len() == 1 { "a stub to it" } else { "stubs to them" }
    )]
    MissingImports(
        /// Each as `module!name`.
        Vec<String>,
    ),
    /// The host refused memory, or a protection.
    #[error(
        "cannot be mapped: the host {action} ({source}); free memory, or allow executable maps"
    )]
    Memory {
        /// What the host did not do.
        action: &'static str,
        /// The host's own error.
        source: region::Error,
    },
    /// The host cannot run x86_64 code.
    #[error(
        "is x86_64 code and this host is {}; run it on an x86_64 host, or link the driver into \
         the simulator as a library",
        std::env::consts::ARCH
    )]
    UnsupportedHost,
}

/// Text from outside with its control characters escaped, so that an error stays on one line.
pub(super) struct OneLine<'a>(pub(super) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\u{2028}' | '\u{2029}' => write!(f, "{}", c.escape_unicode()),
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })
    }
}

/// `a`, `a and b`, or `a, b and c`.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [only] => f.write_str(only),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}
