//! U12: no port has 64 bits.

use umdf_callback::Result;
use umdf_callback::hardware::Ports;

pub fn status(ports: &Ports) -> Result<u64> {
    ports.read(2) //~ ERROR: `u64` is no type of an I/O port
}
