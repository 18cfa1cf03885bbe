//! U10: a device that sleeps is not in its working state.

use umdf_callback::power::{IdleSettings, LowPower};

pub fn settings() -> IdleSettings {
    IdleSettings::cannot_wake().state(LowPower::D0) //~ ERROR: no variant
}
