//! K4: the name is the kernel's memory and is asked for in a notification; what is to live longer
//! is a copy.

use cm_callback::{Cookie, CookieError, Key, KeyName, RegistryCallback};
type Kept = Option<KeyName<'static>>;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(
    cookie: Cookie<'_, Notes>,
    key: Key<'_, Notes>,
    last: &mut Kept,
) -> Result<(), CookieError> {
    let name = cookie.key_name(key)?;
    *last = Some(name); //~ ERROR: lifetime may not live long enough
    Ok(())
}
