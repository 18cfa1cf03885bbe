//! The driver of the models. Setting a value gives the key object a new context, querying one looks
//! at the context that it has.

use cm_callback::operation::{QueryValue, SetValue};
use cm_callback::{
    CallbackObject, Cleanup, CookieError, Pre, PreOutcome, RegistryCallback, altitude,
};
use wdm_safe::{Driver, Init, Lifecycle, Result, driver};
use wdm_sys as sys;

use crate::kernel::zeroed;
use crate::model::saw;
use crate::pool;
use crate::witness::Witness;

struct Watch(Witness);

impl RegistryCallback for Watch {
    type KeyContext = Witness;
    type CallContext = ();

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        self.0.look();
        let key = op.key().expect("there is one");
        match op.cookie().set_context(key, Witness::new()) {
            Ok(None) => saw("first context"),
            Ok(Some(replaced)) => {
                saw("context replaced");
                replaced.look();
                let shown = key.context().map(Witness::number);
                if shown != Some(replaced.number()) {
                    saw("context set by another thread meanwhile");
                }
            }
            Err(refused) => {
                assert_eq!(refused.error, CookieError::NotPublished);
                saw("cookie not published");
            }
        }
        // What the notification came with stays, though it has been replaced (C4).
        key.context().inspect(|context| context.look());
        self.0.look();
        op.pass()
    }

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        self.0.look();
        let key = op.key().expect("there is one");
        if let Some(context) = key.context() {
            saw("context read");
            context.look();
        }
        op.pass()
    }

    fn context_cleanup(&self, op: Cleanup<'_, Self>) {
        saw("cleanup");
        self.0.look();
        let mut contexts = op.contexts();
        contexts.next().expect("one is named").look();
        for older in contexts {
            saw("cleanup of an older context");
            older.look();
        }
    }
}

struct Model {
    object: CallbackObject<Watch>,
}

impl Driver for Model {
    fn init(init: &Init<'_>) -> Result<Self> {
        let idle = CallbackObject::new(Watch(Witness::new()), altitude!("380000"))?;
        Ok(Self {
            object: idle.register(init)?,
        })
    }

    fn unload(self, at: &Lifecycle<'_>) {
        let watch = self.object.unregister(at);
        // Nobody else uses it any more, and nothing that it could be called for is left (R4).
        drop(watch);
    }
}

driver!(Model);

/// The driver, loaded.
pub(crate) struct Loaded(Box<sys::DRIVER_OBJECT>);

impl Loaded {
    pub(crate) fn load() -> Self {
        let mut driver = Box::new(zeroed::<sys::DRIVER_OBJECT>());
        // SAFETY: a driver object that lives until the driver is unloaded.
        let status = unsafe { driver_entry(&mut *driver, std::ptr::null_mut()) };
        assert_eq!(status, sys::STATUS_SUCCESS);
        Self(driver)
    }

    pub(crate) fn unload(mut self) {
        let unload = self.0.DriverUnload.expect("it can be unloaded");
        // SAFETY: the driver object for which the entry succeeded, once.
        unsafe { unload(&mut *self.0) };
        pool::free(self.0.DriverSection.cast());
    }
}
