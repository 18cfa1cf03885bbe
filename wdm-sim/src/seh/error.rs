//! Why a frame could not be unwound.

use thiserror::Error;

/// What is wrong with unwind information, or with the stack that it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum UnwindError {
    /// An RVA that leads out of the image.
    #[error("the unwind information at RVA {0:#x} leaves the image")]
    InfoOutside(u32),
    /// A handler outside the image.
    #[error("the exception handler at RVA {0:#x} lies outside the image")]
    HandlerOutside(u32),
    /// A version that nobody knows.
    #[error("the unwind information at RVA {rva:#x} has version {version}")]
    Version {
        /// Where it is.
        rva: u32,
        /// What it says.
        version: u8,
    },
    /// An operation that does not exist.
    #[error("unwind operation {operation} with information {info} does not exist")]
    Operation {
        /// Its number.
        operation: u8,
        /// Its information.
        info: u8,
    },
    /// An operation whose operand is missing.
    #[error("the unwind codes end within an operation")]
    CodesEnd,
    /// A frame register is set that the header does not name.
    #[error("the unwind codes set a frame register and the header names none")]
    NoFrameRegister,
    /// A chain that does not end.
    #[error("the chain of unwind information has more than {0} links")]
    Chain(usize),
    /// Code in a declared epilogue that is none.
    #[error("the epilogue at RVA {0:#x} is none that an epilogue can be")]
    Epilogue(u32),
    /// A value that is not on the stack.
    #[error("{0:#x} is not on the thread's stack")]
    NotOnStack(u64),
    /// A frame that does not lie above the one that it called.
    #[error("the stack pointer does not grow from {0:#x} on")]
    NoProgress(u64),
    /// A table of `__try` blocks that cannot be read.
    #[error("the scope table at {0:#x} leaves the image")]
    ScopeTable(u64),
    /// More exceptions within exceptions than anybody needs.
    #[error("exceptions came {0} deep in the handling of exceptions")]
    Nesting(usize),
}
