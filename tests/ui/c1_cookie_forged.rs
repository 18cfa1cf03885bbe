//! C1: only a notification makes a cookie.

use cm_callback::operation::SetValue;
use cm_callback::{Cookie, Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn forge<'n>(op: &Pre<'n, SetValue, Notes>) -> Cookie<'n, Notes> {
    let cookie = Cookie { ..op.cookie() };
    //~^ ERROR: of struct `Cookie` are private
    cookie
}
