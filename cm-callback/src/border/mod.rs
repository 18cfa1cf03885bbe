//! The border: where the kernel's pointers become types, and types become pointers. The only
//! `unsafe` of the crate is in this folder.
//!
//! | file | what crosses |
//! |---|---|
//! | `trampoline` | the call itself: a class and a structure in, a status out |
//! | `legacy` | the call of a callback without an altitude |
//! | `input` | strings and bytes that a structure points to |
//! | `key` | key objects, borrowed for a notification or owned |
//! | `output` | answers, into buffers that may fault |
//! | `context` | key contexts |
//! | `cookie` | the routines that want a cookie |
//! | `names` | those of them that differ between versions of Windows |
//! | `transaction` | transactions, borrowed |
//! | `version` | the version of the callback interface |
//! | `registration` | register and unregister |
//! | `reply` | what an outcome writes into a structure |

#![allow(unsafe_code)]

pub(crate) mod context;
pub(crate) mod cookie;
pub(crate) mod input;
pub(crate) mod key;
pub(crate) mod legacy;
mod names;
pub(crate) mod output;
pub(crate) mod registration;
pub(crate) mod reply;
pub(crate) mod trampoline;
pub(crate) mod transaction;
pub(crate) mod version;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
