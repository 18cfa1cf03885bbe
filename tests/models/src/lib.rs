//! Models for the checker loom: the crates' own code, in every order in which threads can run it,
//! against a kernel that keeps its promises to the letter and no more.
//!
//! `cargo xtask sanitize loom` runs them; by hand it is
//! `RUSTFLAGS="--cfg loom" cargo test --release --package wdm-models`. In other builds this crate is
//! empty.
//!
//! | file | what it is |
//! |---|---|
//! | `cookie` | model: the cookie's publication against the first callback (R3) |
//! | `contexts` | model: `set_context` on one key object, against itself, readers and the close (C3, C4) |
//! | `unregister` | model: unregistering against callbacks in flight, and against the close (R4) |
//! | `queue` | model: `EventQueue`, producers against consumers and each other |
//! | `faults` | each model once more with a kernel that breaks a promise, which it must find |
//! | `kernel` | registration, contexts, references and callbacks in flight |
//! | `pool` | memory that is never used twice, so that a use after free is seen |
//! | `driver` | the driver of the models |
//! | `witness` | values whose uses and end the checker sees |
//! | `model` | runs a model |

#[cfg(all(test, loom))]
mod contexts;
#[cfg(all(test, loom))]
mod cookie;
#[cfg(all(test, loom))]
mod driver;
#[cfg(all(test, loom))]
mod faults;
#[cfg(all(test, loom))]
mod kernel;
#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, loom))]
mod pool;
#[cfg(all(test, loom))]
mod queue;
#[cfg(all(test, loom))]
mod unregister;
#[cfg(all(test, loom))]
mod witness;
