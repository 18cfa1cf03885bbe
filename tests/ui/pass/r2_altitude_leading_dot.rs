//! R2: an altitude has digits before its fraction.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!("0.5");
