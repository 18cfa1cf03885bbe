//! The parts of the C runtime that the kernel exports. Drivers that are linked in use the host's.

#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "linked drivers use the host's")
)]
pub(super) mod basics;
#[cfg(target_arch = "x86_64")]
mod checked;
pub(super) mod format;
#[cfg(target_arch = "x86_64")]
mod letter;
#[cfg(target_arch = "x86_64")]
mod number;
#[cfg(target_arch = "x86_64")]
mod print;
#[cfg(target_arch = "x86_64")]
mod sort;
#[cfg(target_arch = "x86_64")]
mod text;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    basics::EXPORTS,
    basics::STACK_PROBE,
    #[cfg(target_arch = "x86_64")]
    checked::EXPORTS,
    #[cfg(target_arch = "x86_64")]
    letter::EXPORTS,
    #[cfg(target_arch = "x86_64")]
    number::EXPORTS,
    #[cfg(target_arch = "x86_64")]
    print::EXPORTS,
    #[cfg(target_arch = "x86_64")]
    print::VARIADIC,
    #[cfg(target_arch = "x86_64")]
    sort::EXPORTS,
    #[cfg(target_arch = "x86_64")]
    text::EXPORTS,
];
