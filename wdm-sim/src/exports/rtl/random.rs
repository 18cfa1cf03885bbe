//! Numbers that look random.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlrandomex>.

use crate::exports::exports;

/// What they stay below (`MAXLONG`).
const MAX_RANDOM: u64 = 0x7FFF_FFFF;

exports! {
    /// A number that looks random, below 2^31 - 1; the seed becomes the next one.
    [undeclared]
    fn RtlRandomEx(seed: *mut u32) -> u32 {
        // SAFETY: the caller gave a seed.
        unsafe { random(seed) }
    }

    /// A number that looks random, below 2^31 - 1; the seed becomes the next one.
    [undeclared]
    fn RtlRandom(seed: *mut u32) -> u32 {
        // SAFETY: as above.
        unsafe { random(seed) }
    }

    /// A number that looks random, below 2^31 - 1; the seed becomes it.
    [undeclared]
    fn RtlUniform(seed: *mut u32) -> u32 {
        // SAFETY: as above.
        unsafe { random(seed) }
    }
}

/// # Safety
/// `seed` leads to a seed.
unsafe fn random(seed: *mut u32) -> u32 {
    // SAFETY: by this function's contract.
    let before = u64::from(unsafe { seed.read() });
    let next = (before * 0x7FFF_FFED + 0x7FFF_FFC3) % MAX_RANDOM;
    // SAFETY: as above.
    unsafe { seed.write(next as u32) };
    next as u32
}
