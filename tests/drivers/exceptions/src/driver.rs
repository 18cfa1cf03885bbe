//! The driver around the cases.

use core::cell::UnsafeCell;
use core::convert::Infallible;

use cm_callback::operation::SetValue;
use cm_callback::{CallbackObject, Pre, PreOutcome, Registered, RegistryCallback, altitude};
use wdm_safe::registry::ValueRef;
use wdm_safe::{Driver, Init, NtStatus, Result, driver, unicode};

use crate::cases;

struct Cases;

impl RegistryCallback for Cases {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        if op.value_name() == unicode!("Careless") {
            drop(OBJECT.take());
        }
        let ValueRef::Dword(number) = op.decode() else {
            return op.pass();
        };
        if op.value_name() != unicode!("Case") {
            return op.pass();
        }
        match NtStatus::from_raw(cases::run(number)).error() {
            Some(error) => op.block(error),
            None => op.pass(),
        }
    }
}

/// The registration, where the callback itself finds it and can be careless with it.
struct Slot(UnsafeCell<Option<CallbackObject<Cases, Registered>>>);

// SAFETY: the driver is used by one thread at a time.
unsafe impl Sync for Slot {}

static OBJECT: Slot = Slot(UnsafeCell::new(None));

impl Slot {
    fn put(&self, object: CallbackObject<Cases, Registered>) {
        // SAFETY: nobody else uses it now.
        unsafe { *self.0.get() = Some(object) };
    }

    fn take(&self) -> Option<CallbackObject<Cases, Registered>> {
        // SAFETY: nobody else uses it now.
        let object = unsafe { &mut *self.0.get() };
        object.take()
    }
}

struct Exceptions;

impl Driver for Exceptions {
    fn init(init: &Init<'_>) -> Result<Self> {
        OBJECT.put(CallbackObject::new(Cases, altitude!("370001"))?.register(init)?);
        Ok(Self)
    }
}

impl Drop for Exceptions {
    fn drop(&mut self) {
        drop(OBJECT.take());
    }
}

driver!(Exceptions);
