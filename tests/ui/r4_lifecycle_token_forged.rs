//! R4: a token is a proof because nobody but the entry points makes one.

use wdm_safe::{Init, Lifecycle};

pub fn start(init: &Init<'_>, register: impl FnOnce(&Lifecycle<'_>)) {
    let (driver, passive) = (init.driver_object(), init.passive());
    register(&Lifecycle { driver, passive }); //~ ERROR: due to private fields
}
