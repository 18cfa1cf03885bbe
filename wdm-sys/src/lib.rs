//! Raw bindings of the kernel routines and structures that registry filter drivers use.
//!
//! Everything here has C's name and C's shape; the safe layers above are `wdm-safe` and
//! `cm-callback`. The C header is `wdm.h` (with parts of `ntifs.h`); Microsoft's reference of each
//! name is at <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/>.
//!
//! The bindings are generated (`cargo xtask bindgen`) and checked in, one file an architecture, so
//! neither libclang nor a driver kit is needed to build or to read them. Sizes, alignments and
//! offsets are asserted at compile time: bindgen asserts what it saw in the headers, and
//! [`layout`] asserts the `REG_*` structures a second time from another source.
//!
//! # Two worlds
//! With the feature `kernel`, on a Windows target, the routines are imported from `ntoskrnl.exe`
//! (by `raw-dylib`: no import library is needed). Without it they are undefined symbols with C's
//! names, which the simulator `wdm-sim` defines, so the same driver source runs in both.
//!
//! ```
//! use wdm_sys::{KeyAccess, REG_SET_VALUE_KEY_INFORMATION, RegNtPreSetValueKey};
//!
//! assert_eq!(RegNtPreSetValueKey, 1);
//! assert_eq!(size_of::<REG_SET_VALUE_KEY_INFORMATION>(), 64);
//! assert!(KeyAccess::READ.contains(KeyAccess::QUERY_VALUE));
//! ```

#![no_std]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("wdm-sys describes 64-bit Windows; build it for a target with 64-bit pointers");

#[allow(non_camel_case_types, reason = "C's own names")]
pub mod ctypes;
mod flags;
pub mod layout;
#[cfg(all(windows, feature = "kernel"))]
mod runtime;

#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnameable_types,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::missing_safety_doc,
    reason = "generated"
)]
#[rustfmt::skip]
#[cfg_attr(target_arch = "aarch64", path = "bindings/aarch64.rs")]
#[cfg_attr(not(target_arch = "aarch64"), path = "bindings/x86_64.rs")]
mod bindings;

pub use bindings::*;
pub use flags::*;
