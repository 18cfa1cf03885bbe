//! N1: the kernel's class says which structure comes; a method takes no other than its own.

use cm_callback::operation::DeleteValue as Operation;
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;

    fn pre_set_value(&self, op: Pre<'_, Operation, Self>) -> PreOutcome<Operation, Self> {
        //~^ ERROR: method `pre_set_value` has an incompatible type for trait
        op.pass()
    }
}
