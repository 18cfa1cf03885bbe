//! R4: the token of the driver's start and end is gone when they are over, so no callback can have
//! kept one.

use wdm_safe::Lifecycle;

pub fn remember<'a>(at: &'a Lifecycle<'a>, last: &mut Option<&'a Lifecycle<'a>>) {
    *last = Some(at);
}
