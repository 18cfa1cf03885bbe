//! R2: an altitude has digits after its dot.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!("380010."); //~ ERROR: an altitude is digits
