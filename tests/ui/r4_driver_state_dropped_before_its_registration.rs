//! R4: what a callback borrows must outlive its registration; what the driver's start owns is gone
//! when the start is over.

use cm_callback::{CallbackObject, RegistryCallback, altitude};
use wdm_safe::{Lifecycle, Result};

pub struct Policy(pub u32);

pub struct Guard {
    pub policy: &'static Policy,
}

impl RegistryCallback for Guard {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn start(at: &Lifecycle<'_>) -> Result<CallbackObject<Guard>> {
    let mine = Policy(1);
    let guard = Guard { policy: &mine }; //~ ERROR: `mine` does not live long enough
    Ok(CallbackObject::new(guard, altitude!("1000"))?.register(at)?)
}
