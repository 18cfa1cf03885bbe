//! U12: a register is as wide as the hardware reads it.

use umdf_callback::Result;
use umdf_callback::hardware::Registers;

pub fn temperature(registers: &Registers) -> Result<f32> {
    registers.read::<u16>(8).map(f32::from)
}
