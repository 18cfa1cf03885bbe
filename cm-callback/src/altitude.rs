//! Altitudes: where a callback stands among the others (R2).

use core::fmt;

use wdm_safe::UnicodeStr;

/// A place in the order of callbacks: a decimal number, with an optional fraction, of any length.
/// The highest is nearest the caller: its pre-notification comes first, its post-notification last.
///
/// Microsoft hands out the integers; a fraction is a driver maker's own to choose. See
/// <https://learn.microsoft.com/windows-hardware/drivers/ifs/load-order-groups-and-altitudes-for-minifilter-drivers>.
///
/// ```
/// use cm_callback::{Altitude, altitude};
///
/// const MINE: Altitude<'static> = altitude!("380010.5");
/// assert!(Altitude::parse(wdm_safe::unicode!("380010.")).is_none());
/// # assert_eq!(MINE.to_string(), "380010.5");
/// ```
#[derive(Clone, Copy)]
pub struct Altitude<'a>(&'a UnicodeStr);

impl<'a> Altitude<'a> {
    /// The text as an altitude; none unless it is digits, or digits, a dot and digits.
    #[must_use]
    pub const fn parse(text: &'a UnicodeStr) -> Option<Self> {
        if is_altitude(text.units()) {
            Some(Self(text))
        } else {
            None
        }
    }

    /// The text.
    #[must_use]
    pub const fn text(self) -> &'a UnicodeStr {
        self.0
    }
}

impl fmt::Display for Altitude<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Altitude<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Altitude({})", self.0)
    }
}

/// Digits, or digits, a dot and digits. (Loops, since iterators do not run at compile time.)
const fn is_altitude(mut rest: &[u16]) -> bool {
    const DOT: u16 = b'.' as u16;
    let mut digits = 0;
    let mut dots = 0;
    while let [unit, tail @ ..] = rest {
        if *unit == DOT {
            if digits == 0 || dots == 1 {
                return false;
            }
            dots += 1;
            digits = 0;
        } else if *unit >= b'0' as u16 && *unit <= b'9' as u16 {
            digits += 1;
        } else {
            return false;
        }
        rest = tail;
    }
    digits > 0
}

/// An [`Altitude`] from a literal, checked at compile time.
///
/// ```compile_fail
/// let _ = cm_callback::altitude!("380010."); // a fraction without digits
/// ```
#[macro_export]
macro_rules! altitude {
    ($text:expr) => {{
        // An item, not a `const` block: it is checked also where no code is generated.
        const ALTITUDE: $crate::Altitude<'static> =
            match $crate::Altitude::parse($crate::__private::unicode!($text)) {
                Some(altitude) => altitude,
                None => panic!("an altitude is digits, or digits, a dot and digits: \"380010.5\""),
            };
        ALTITUDE
    }};
}
