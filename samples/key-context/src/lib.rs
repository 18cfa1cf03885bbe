//! A sample driver: the life of the contexts that a callback attaches to key objects
//! (`CmSetCallbackObjectContext`), told step by step.
//!
//! The driver makes a key `Demo` below its own service key and watches that key alone. Every handle
//! on it gets a context with a number; the driver says when a context is set, in which
//! notifications it is seen, when it is replaced and when it is released. It uses the key itself
//! through two handles, one of which it keeps open until it is unloaded, and deletes the key then.
//! What other programs do with the key in between is told in the same way.
//!
//! `c/key_context.c` is the same driver in C.

#![no_std]
#![forbid(unsafe_code)]

mod demo;
mod note;
mod watch;

use cm_callback::{CallbackObject, Registered, altitude};
use wdm_safe::registry::RegKey;
use wdm_safe::{Driver, Init, Lifecycle, Result, driver, info, warn};

use watch::Watch;

struct KeyContext {
    watch: CallbackObject<Watch, Registered>,
    /// A handle on the demo key that is still open when the callback is unregistered.
    kept: RegKey,
}

impl Driver for KeyContext {
    fn init(init: &Init<'_>) -> Result<Self> {
        let service = demo::service(init.registry_path(), init.passive())?;
        let idle = CallbackObject::new(Watch::new(&service)?, altitude!("385210.7"))?;
        let watch = idle.register(init)?;
        info!("registered, watching {}", watch.callback().key());
        let kept = demo::run(&service, init.passive())?;
        info!("loaded");
        Ok(Self { watch, kept })
    }

    fn unload(self, at: &Lifecycle<'_>) {
        info!("unregistering");
        drop(self.watch.unregister(at));
        info!("unregistered");
        match self.kept.delete(at.passive()) {
            Ok(()) => info!("deleted the key"),
            Err(error) => warn!("the key stays until the next restart: {error}"),
        }
    }
}

driver!(KeyContext);
