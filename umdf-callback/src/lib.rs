//! UMDF 1 callback objects: so far the interfaces that they are made of.
//!
//! **UMDF 1 is deprecated.** Microsoft adds nothing to it, and wants new drivers written for UMDF 2 (page:
//! wdf/getting-started-with-umdf-version-2).

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod raw;
