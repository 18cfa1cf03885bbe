//! A driver for tests: what C does with exceptions, case by case. See `README.md`.
//!
//! Without the feature `kernel`, and for other processors, the crate is empty.

#![no_std]

#[cfg(all(windows, target_arch = "x86_64", feature = "kernel"))]
mod cases;
#[cfg(all(windows, target_arch = "x86_64", feature = "kernel"))]
mod driver;
