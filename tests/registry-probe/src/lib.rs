//! Makes registry system calls that it is told to, and says what came of each.
//!
//! One source for two worlds, so that two registries can be compared and not two ways to call them:
//! as a Windows program it imports the calls from ntdll.dll; linked with `wdm-sim`, it makes the same
//! calls of the simulator, within `ThreadGuard::in_user_mode`.
//!
//! A [`Call`] and an [`Answer`] are a line of text each, which is how the program is told and answers.

#![no_std]

extern crate alloc;

mod answer;
mod call;
mod nt;
mod prober;
mod word;

pub use answer::Answer;
pub use call::Call;
pub use prober::{Prober, SLOTS};
pub use word::{Text, Word};

#[cfg(test)]
mod tests;
