//! A sample driver: protected parts of the registry may be read by all and changed by nobody.
//!
//! Which parts is said by the value `ProtectedKeys` (`REG_MULTI_SZ`, full paths) in the
//! `Parameters` key of the driver's service; without it the driver protects its own service key.
//! Setting, deleting and renaming there, changing the security, and creating keys below are denied
//! with `STATUS_ACCESS_DENIED`. Denials are counted, and logged with the process id and the full
//! name of the key.

#![no_std]
#![forbid(unsafe_code)]

mod guard;
mod policy;

use cm_callback::{CallbackObject, Registered, altitude};
use wdm_safe::{Driver, Init, Lifecycle, Result, driver, error, info};

use guard::Guard;
use policy::Policy;

struct RegistryGuard {
    guard: CallbackObject<Guard, Registered>,
}

impl Driver for RegistryGuard {
    fn init(init: &Init<'_>) -> Result<Self> {
        let policy = Policy::read(init.registry_path(), init.passive())?;
        for path in policy.protected() {
            info!("protecting {path}");
        }
        let idle = CallbackObject::new(Guard::new(policy), altitude!("385210.5"))?;
        let guard = idle.register(init).inspect_err(|refused| {
            error!(
                "registering at altitude {} failed: {}",
                refused.object.altitude(),
                refused.error
            );
        })?;
        Ok(Self { guard })
    }

    fn unload(self, at: &Lifecycle<'_>) {
        let guard = self.guard.unregister(at);
        info!("{} changes were denied", guard.denials());
    }
}

driver!(RegistryGuard);
