//! Structured exception handling for `.sys` files: faults and raised exceptions find the driver's
//! `__try` blocks through the image's unwind tables, as on NT.
//!
//! | file | what it does |
//! |---|---|
//! | `context` | the structures that handlers see |
//! | `info`, `step`, `epilogue` | unwinds one frame; safe code over the image's bytes |
//! | `images`, `stack` | which addresses are driver code, which are the thread's stack |
//! | `walk` | goes from frame to frame, up to where the simulator called the driver |
//! | `signal` | turns the host's signals into exceptions |
//! | `lost` | stops the machine over a fault that cannot be dispatched |
//! | `privileged`, `shared_data` | does what the host's processor refuses drivers, which run in its user mode |
//! | `dispatch` | asks the frames who takes an exception, and stops the machine if nobody does |
//! | `unwind` | cleans the frames up to one of them, and goes on there (`RtlUnwindEx`) |
//! | `scope_table` | `__C_specific_handler` |
//! | `routines` | the kernel's routines that need their caller's registers |
//! | `asm`, `memory` | the few instructions that Rust has no words for; copying that can fault |
//! | `backtrace` | the return addresses on a driver's stack |
//!
//! A signal's handler runs nothing of a driver: it lets the thread go on in [`dispatch`], on its own
//! stack. From there, filters and termination handlers are called, and in the end the thread goes
//! on in the driver, by setting all registers: the frames of the simulator in between are left as
//! they are, so no value with a destructor may live in them across a call of a handler.
//!
//! An exception never crosses the simulator's frames: one that no frame of the driver takes stops
//! the machine (R5). The AVX half of the vector registers, which drivers may use only between
//! routines that the simulator does not have, is not kept.
//!
//! # Why not a crate
//! `object` and `goblin` (which decodes unwind codes) do not unwind. `pe-unwind-info` (behind
//! `framehop`) does, for profilers: it gives neither the frame's base nor the handler's data, takes
//! codes that it does not know for the end of the codes, and computes addresses with arithmetic that
//! overflows on damaged input. Its decoding, a third of what is needed, would not be enough.

mod asm;
mod backtrace;
mod context;
mod dispatch;
mod epilogue;
mod error;
mod images;
mod info;
mod lost;
mod memory;
mod privileged;
mod routines;
mod scope_table;
mod shared_data;
mod signal;
mod stack;
mod step;
mod unwind;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use images::Registered;
pub(crate) use memory::{copy_from_caller, copy_guarded, copy_to_caller, is_writable_by_caller};
pub(crate) use routines::{function_entry, note_caller, routines};
pub(crate) use signal::end_process_on_faults;
pub(crate) use stack::prepare_thread;
