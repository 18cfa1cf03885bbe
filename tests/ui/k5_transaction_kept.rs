//! K5: the transaction is lent by the key object, without a reference, so it lives no longer than
//! the notification; its address may be remembered.

use cm_callback::{Cookie, CookieError, Key, RegistryCallback, Transaction};
type Kept = Option<Transaction<'static>>;

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
    let transaction = cookie.bound_transaction(key)?;
    *last = transaction; //~ ERROR: lifetime may not live long enough
    Ok(())
}
