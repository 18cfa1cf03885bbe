//! Tests of the loader, on images that are built here byte by byte.

mod damage;
mod fixture;
mod fuzzing;
#[cfg(target_arch = "x86_64")]
mod run;
mod summary;
