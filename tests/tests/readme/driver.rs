use core::{convert::Infallible, sync::atomic::{AtomicU32, Ordering}};
use cm_callback::operation::{CreateKey, SetValue};
use cm_callback::{CallbackObject, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::{Driver, Init, NtError, Result, driver, unicode};

/// New keys called "ReadOnly" take no values.
struct Guard { blocked: AtomicU32 }
struct ReadOnly;

impl RegistryCallback for Guard {
    type KeyContext = ReadOnly;    // what CmSetCallbackObjectContext attaches to a key object
    type CallContext = Infallible; // nothing travels from pre- to post-notification

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if let Ok(key) = op.opened_key() { // only STATUS_SUCCESS gives a key
            let name = op.cookie().key_name(key);
            if name.is_ok_and(|name| name.components().last() == Some(unicode!("ReadOnly"))) {
                let _ = op.cookie().set_context(key, ReadOnly);
            }
        }
        op.keep()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        match op.key().ok().and_then(|key| key.context()) {
            Some(ReadOnly) => {
                self.blocked.fetch_add(1, Ordering::Relaxed);
                op.block(NtError::ACCESS_DENIED)
            }
            None => op.pass(),
        }
    }
}

struct Sample { _guard: CallbackObject<Guard> } // dropping it unregisters

impl Driver for Sample {
    fn init(init: &Init<'_>) -> Result<Self> {
        let guard = Guard { blocked: AtomicU32::new(0) };
        Ok(Sample { _guard: CallbackObject::new(guard, altitude!("380010.5"))?.register(init)? })
    }
}

driver!(Sample);
