//! R2: an altitude is not negative, and has no sign at all.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!("1");
