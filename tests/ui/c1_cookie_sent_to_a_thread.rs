//! C1: a context is set in the thread that the notification came in, so the cookie stays there;
//! what another thread may get is a copy of what was asked for.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn analyse(op: &Pre<'_, SetValue, Notes>) {
    let sent = op.cookie();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(sent)); //~ ERROR: cannot be sent between threads safely
    });
}
