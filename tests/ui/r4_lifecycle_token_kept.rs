//! R4: the token of the driver's start and end is gone when they are over, so no callback can have
//! kept one.

use wdm_safe::Lifecycle;

pub fn remember<'a>(at: &'a Lifecycle<'a>, last: &mut Option<&'static Lifecycle<'static>>) {
    *last = Some(at); //~ ERROR: lifetime may not live long enough
}
