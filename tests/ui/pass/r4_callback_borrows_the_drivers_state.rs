//! R4: the kernel calls the callback until it is unregistered, so a callback owns what it uses, or
//! shares what is never dropped.

use cm_callback::RegistryCallback;

pub struct Guard<Policy> {
    pub policy: Policy,
}

impl<Policy: Send + Sync + 'static> RegistryCallback for Guard<Policy> {
    type KeyContext = u32;
    type CallContext = u32;
}
