//! Altitudes: where a callback stands in the stack (R2).
//!
//! An altitude is a decimal number written as text, of any length, with an optional fraction
//! ("380010.5"). It is compared as a number, digit by digit and never as a float, so two spellings
//! of one number ("0380010", "380010.0") are the same altitude and collide.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ifs/load-order-groups-and-altitudes-for-minifilter-drivers>

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The altitude of a registry callback.
///
/// Ordered as a number: the greater is nearer to the caller and gets the pre-notification first.
///
/// ```
/// use wdm_sim::cm::Altitude;
///
/// let low: Altitude = "380010".parse()?;
/// let high: Altitude = "380010.5".parse()?;
/// assert!(high > low);
/// assert_eq!(low, "0380010.0".parse()?);
/// assert!("38 0010".parse::<Altitude>().is_err());
/// # Ok::<(), wdm_sim::cm::MalformedAltitude>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Altitude {
    /// Digits before the point, without leading zeros.
    whole: Box<[u8]>,
    /// Digits after the point, without trailing zeros.
    fraction: Box<[u8]>,
}

/// The text is no altitude: digits, and at most one point with digits on both sides of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an altitude is digits with at most one point between them, such as 380010.5")]
pub struct MalformedAltitude;

impl FromStr for Altitude {
    type Err = MalformedAltitude;

    fn from_str(text: &str) -> Result<Self, MalformedAltitude> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(MalformedAltitude),
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(MalformedAltitude);
        }
        Ok(Self {
            whole: whole.trim_start_matches('0').as_bytes().into(),
            fraction: fraction.trim_end_matches('0').as_bytes().into(),
        })
    }
}

impl TryFrom<&[u16]> for Altitude {
    type Error = MalformedAltitude;

    fn try_from(text: &[u16]) -> Result<Self, MalformedAltitude> {
        String::from_utf16(text)
            .map_err(|_| MalformedAltitude)?
            .parse()
    }
}

impl Ord for Altitude {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer whole part is the greater; of two fractions the first
        // digit that differs decides, and a longer one is greater than its own beginning.
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl PartialOrd for Altitude {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Altitude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
        match &*self.whole {
            [] => f.write_str("0")?,
            whole => f.write_str(&text(whole))?,
        }
        match &*self.fraction {
            [] => Ok(()),
            fraction => write!(f, ".{}", text(fraction)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn altitude(text: &str) -> Altitude {
        text.parse().unwrap()
    }

    #[test]
    fn r2_altitudes_are_ordered_as_numbers() {
        let ascending = [
            "0",
            "0.05",
            "0.5",
            "9",
            "10",
            "99.9999",
            "100",
            "380010",
            "380010.05",
            "380010.5",
            "380010.51",
            "380011",
            "12345678901234567890123",
        ];
        for pair in ascending.windows(2) {
            assert!(altitude(pair[0]) < altitude(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn r2_spellings_of_one_number_are_one_altitude() {
        for (a, b) in [
            ("0380010", "380010"),
            ("1.50", "1.5"),
            ("7.0", "7"),
            ("00", "0"),
        ] {
            assert_eq!(altitude(a), altitude(b));
            assert_eq!(altitude(a).cmp(&altitude(b)), Ordering::Equal);
        }
        assert_eq!(altitude("00.10").to_string(), "0.1");
    }

    #[test]
    fn r2_anything_else_is_malformed() {
        for text in [
            "", ".", "1.", ".5", "1.2.3", "-1", "+1", " 1", "1 ", "1e5", "abc", "1\0", "١",
        ] {
            assert_eq!(text.parse::<Altitude>(), Err(MalformedAltitude), "{text:?}");
        }
        assert_eq!(Altitude::try_from(&[0xD800][..]), Err(MalformedAltitude));
    }
}
