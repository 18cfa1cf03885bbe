//! What a callback is told, its level included, is good for the call.

use wdm_safe::ApcLevel;
use wdm_safe::callback_object::Notification;

pub fn kept<'a>(kept: ApcLevel<'a>, told: &Notification<'_>) -> ApcLevel<'a> {
    let _ = kept;
    told.level() //~ ERROR: explicit lifetime required in the type of `told`
}
