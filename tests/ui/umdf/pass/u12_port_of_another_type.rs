//! U12: no port has 64 bits.

use umdf_callback::Result;
use umdf_callback::hardware::Ports;

pub fn status(ports: &Ports) -> Result<u16> {
    ports.read(2)
}
