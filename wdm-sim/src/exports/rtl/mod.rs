//! The runtime library, but for security identifiers and time, which are in `se` and `ke`.

pub(super) mod bitmap;
pub(super) mod generic_table;
pub(super) mod name_expression;
pub(super) mod registry;
pub(super) mod rtl_more;
pub(super) mod rtl_string;
pub(super) mod string;
pub(super) mod unwind;
pub(super) mod version;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    bitmap::EXPORTS,
    generic_table::EXPORTS,
    name_expression::EXPORTS,
    registry::EXPORTS,
    rtl_more::EXPORTS,
    rtl_string::EXPORTS,
    string::EXPORTS,
    unwind::EXPORTS,
    version::EXPORTS,
];
