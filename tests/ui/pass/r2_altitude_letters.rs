//! R2: an altitude is a decimal number.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!("380010");
