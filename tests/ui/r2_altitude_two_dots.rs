//! R2: an altitude has one fraction at most.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!("380010.5.1"); //~ ERROR: an altitude is digits
