//! The security reference monitor: whether a token's holder may do what it asks for, and what
//! protects a new object.
//!
//! The rules are S1 to S9 of `docs/semantics.md`. Integrity labels, restricted tokens and
//! impersonation are not here.

mod access;
mod acl;
mod assign;
mod descriptor;
pub(crate) mod sid;
mod token;

pub(crate) use access::{GenericMapping, KEY_MAPPING, check as access_check};
pub(crate) use assign::{assign, hive_root};
pub(crate) use descriptor::{
    Captured, Descriptor, check as check_descriptor, is_valid as descriptor_is_valid,
    length as descriptor_length,
};
pub use sid::{MalformedSid, Sid};
pub(crate) use token::Token;
pub use token::{Account, Privileges, UnknownAccount};
