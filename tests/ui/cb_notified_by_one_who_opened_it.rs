//! Only the creator of a callback object notifies; the kernel's own objects least of all.

use wdm_safe::callback_object::{Callbacks, NotifyObject};
use wdm_safe::{Passive, Result, UnicodeStr};

pub fn tell(name: &UnicodeStr, at: Passive<'_>) -> Result<()> {
    let _callbacks = Callbacks::Many;
    let object = NotifyObject::open(name, at)?;
    object.notify(1, 2); //~ ERROR: no method named `notify` found for struct `NotifyObject`
    Ok(())
}
