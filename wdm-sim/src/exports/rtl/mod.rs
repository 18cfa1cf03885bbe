//! The runtime library, but for security identifiers and time, which are in `se` and `ke`.

mod ansi;
mod bitmap;
mod generic_table;
mod guid;
mod name_expression;
mod number;
mod random;
mod registry;
mod stack_trace;
pub(super) mod string;
pub(super) mod string_memory;
mod unwind;
mod version;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    ansi::EXPORTS,
    bitmap::EXPORTS,
    generic_table::EXPORTS,
    guid::EXPORTS,
    name_expression::EXPORTS,
    number::EXPORTS,
    random::EXPORTS,
    registry::EXPORTS,
    stack_trace::EXPORTS,
    string::EXPORTS,
    string_memory::EXPORTS,
    unwind::EXPORTS,
    version::EXPORTS,
];
