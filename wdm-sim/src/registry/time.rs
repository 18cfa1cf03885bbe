//! The kernel's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The seconds from 1601-01-01 to 1970-01-01.
pub(crate) const SECONDS_TO_1970: u64 = 11_644_473_600;

/// The system time: 100 ns units since 1601, UTC (`KeQuerySystemTime`).
pub fn system_time() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from((Duration::from_secs(SECONDS_TO_1970) + since_1970).as_nanos() / 100)
        .unwrap_or(u64::MAX)
}
