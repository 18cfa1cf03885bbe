//! R2: an altitude has at least one digit.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!(""); //~ ERROR: an altitude is digits
