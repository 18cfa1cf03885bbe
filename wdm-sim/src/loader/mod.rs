//! Loads an unmodified 64-bit Windows driver (`.sys`, PE32+, native subsystem) into this process.
//!
//! | type | what it is | host |
//! |---|---|---|
//! | [`Image`] | a parsed and checked file, laid out by RVA | any |
//! | [`Inspection`] | a serialisable summary of an image | any |
//! | [`Module`] | an image mapped, relocated, bound and protected; unmapped on drop | x86_64 |
//! | `GsBlock` | the `gs` block that kernel code reads its current thread from | x86_64 Linux |
//!
//! ```no_run
//! use wdm_sim::loader::{Image, ImportName, LoadOptions, Module};
//!
//! # fn lookup(_: &str) -> Option<*const ()> { None }
//! let image = Image::open("registry-guard.sys")?;
//! let module = Module::load(&image, LoadOptions::default(), &|module, import| match import {
//!     ImportName::Name(name) if module.eq_ignore_ascii_case("ntoskrnl.exe") => lookup(name),
//!     _ => None,
//! })?;
//! println!("{}", module.describe(module.base()).unwrap_or_default());
//! # Ok::<(), wdm_sim::loader::LoadError>(())
//! ```
//!
//! The entry point and every export are `extern "win64"` code; calling one is the caller's
//! `unsafe`, everything up to that call is safe. Every error is one line that names the file, what
//! was wrong and what to do.
//!
//! # Why the `object` crate
//! Three permissive crates read PE. `object` (also behind the standard library's backtraces) gives
//! plain structures over a byte slice, checks every access, accepts unaligned input with its
//! `unaligned` feature, lets the loader set its own limits on each table, and writes PE as well, so
//! that tests build images with the same definitions. `goblin` collects all tables into vectors in
//! one call, so there is no place for limits; `pelite` has the nicest view of a mapped image, but
//! only reads.
//!
//! # What is not done
//! Delay-loaded imports, thread-local storage and .NET images are refused: no kernel driver has
//! them. Relocations other than `DIR64` do not occur in 64-bit images and are refused. Image
//! signatures are not verified.

mod checksum;
mod error;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod gs;
#[cfg(target_arch = "x86_64")]
mod guard;
mod headers;
mod image;
mod inspect;
mod map;
mod module;
mod tables;
#[cfg(target_arch = "x86_64")]
mod thunks;

#[cfg(test)]
mod tests;

pub use error::{LoadError, Problem};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use gs::GsBlock;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use gs::gs_base;
pub use image::{Checksum, Image, MAX_IMAGE_SIZE, Machine, Section};
pub use inspect::{ImportSummary, Inspection, SectionSummary};
pub use map::{ImportResolver, LoadOptions};
#[cfg(target_arch = "x86_64")]
pub use module::EntryPoint;
pub use module::{Location, Module};
pub use tables::{Export, ExportTarget, Import, ImportName, RuntimeFunction};
#[cfg(target_arch = "x86_64")]
pub(crate) use thunks::Thunks;
