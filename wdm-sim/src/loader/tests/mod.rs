//! Tests of the loader, on images that are built here byte by byte.

mod damage;
mod fixture;
mod fuzzing;
#[cfg(target_arch = "x86_64")]
mod notify;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod privileged;
#[cfg(target_arch = "x86_64")]
mod run;
mod summary;
