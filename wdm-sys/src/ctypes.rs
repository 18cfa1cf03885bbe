//! C's types as a compiler for 64-bit Windows sees them: `long` has 32 bits there, whatever the
//! machine that the bindings are built on.

#![allow(missing_docs, reason = "C's own names")]

pub use core::ffi::{c_char, c_uchar, c_void};

pub type c_schar = i8;
pub type c_short = i16;
pub type c_ushort = u16;
pub type c_int = i32;
pub type c_uint = u32;
pub type c_long = i32;
pub type c_ulong = u32;
pub type c_longlong = i64;
pub type c_ulonglong = u64;
