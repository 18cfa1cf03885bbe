//! The cases of the sample regfltr: what its own checks expect, with drivers of this project's own.
//!
//! The sample: `general/registry/regfltr` of
//! <https://github.com/microsoft/Windows-driver-samples>; each file names the one that it follows.

mod altitudes;
mod capture;
mod contexts;
mod enlist;
mod post;
mod pre;
mod transactions;
mod version;

use wdm_sys::REG_CREATE_KEY_INFORMATION_V1;

use crate::driver::text;

/// The key and the value that a case's callback does something about.
const KEY: &str = "Key";
const VALUE: &str = "Value";
/// Those that it leaves alone.
const OTHER_KEY: &str = "Other key";
const OTHER_VALUE: &str = "Other value";
/// Those that it puts in the place of the former.
const INSTEAD: &str = "Instead";

/// Whether a create or open is for [`KEY`], below whatever root.
fn is_key(info: &REG_CREATE_KEY_INFORMATION_V1) -> bool {
    text(info.CompleteName).rsplit('\\').next() == Some(KEY)
}
