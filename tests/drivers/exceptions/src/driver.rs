//! The driver around the cases.

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

struct Exceptions {
    _cases: CallbackObject<Cases, Registered>,
}

impl Driver for Exceptions {
    fn init(init: &Init<'_>) -> Result<Self> {
        let cases = CallbackObject::new(Cases, altitude!("370001"))?.register(init)?;
        Ok(Self { _cases: cases })
    }
}

driver!(Exceptions);
