//! N1: a level is proved for the call that the token was given in, not for later.

use wdm_safe::Passive;

pub fn remember<'a>(at: Passive<'a>, last: &mut Option<Passive<'a>>) {
    *last = Some(at);
}
