//! R2: a literal is checked where it stands, also if the code around it is never generated.

use cm_callback::{Altitude, altitude};

pub fn place() -> Altitude<'static> {
    altitude!("380010.") //~ ERROR: an altitude is digits
}
