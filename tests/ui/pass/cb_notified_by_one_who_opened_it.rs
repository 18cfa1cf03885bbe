//! Only the creator of a callback object notifies; the kernel's own objects least of all.

use wdm_safe::callback_object::{Callbacks, NotifyObject};
use wdm_safe::{Passive, Result, UnicodeStr};

pub fn tell(name: &UnicodeStr, at: Passive<'_>) -> Result<()> {
    let callbacks = Callbacks::Many;
    let object = NotifyObject::create(name, callbacks, at)?;
    object.notify(1, 2);
    Ok(())
}
