//! `cm-callback` against the simulated kernel: a case for each rule of its contract, named after
//! the rule.

mod answers;
mod contexts;
mod each_call;
mod faults;
mod legacy;
mod memory;
mod notifications;
mod outputs;
mod profiles;
mod registration;
mod support;
mod transactions;
