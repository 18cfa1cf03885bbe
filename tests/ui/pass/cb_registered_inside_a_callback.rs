//! A registration is an obligation of the driver, which its start takes on, not a callback.

use wdm_safe::callback_object::{Notification, NotifyObject, NotifyRegistration};
use wdm_safe::{Init, Result};

pub fn register(
    object: &NotifyObject,
    init: &Init<'_>,
    told: &Notification<'_>,
) -> Result<NotifyRegistration> {
    let _ = told;
    object.register(init, |_| {})
}
