//! N1: a level is proved for the call that the token was given in, not for later.

use wdm_safe::Passive;

pub fn remember(at: Passive<'_>, last: &mut Option<Passive<'static>>) {
    *last = Some(at); //~ ERROR: lifetime may not live long enough
}
