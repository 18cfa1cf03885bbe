//! R2: an altitude has no spaces in or around it.

use cm_callback::{Altitude, altitude};

pub const MINE: Altitude<'static> = altitude!("380010.5");
