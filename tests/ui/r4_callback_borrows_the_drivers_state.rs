//! R4: the kernel calls the callback until it is unregistered, so a callback owns what it uses, or
//! shares what is never dropped.

use cm_callback::RegistryCallback;

pub struct Guard<Policy> {
    pub policy: Policy,
}

impl<Policy: Send + Sync> RegistryCallback for Guard<Policy> {
    //~^ ERROR: the parameter type `Policy` may not live long enough
    //~| ERROR: the parameter type `Policy` may not live long enough
    type KeyContext = u32;
    type CallContext = u32;
}
