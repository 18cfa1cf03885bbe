//! Case-insensitive comparison of names, as the configuration manager does it.
//!
//! NT compares names one UTF-16 unit at a time after mapping each through a 64K table
//! (`RtlUpcaseUnicodeChar`, from the `l_intl.nls` file). This module builds the like from Unicode's
//! own data: a unit maps to its upper-case form where that form is one UTF-16 unit, and to itself
//! otherwise (so 'ß', whose upper case is two letters, and surrogates stay as they are). NT's table
//! was frozen with an older Unicode version; the two agree on ASCII, Latin, Greek and Cyrillic and
//! can differ on letters that gained a case later.

use std::cmp::Ordering;
use std::sync::LazyLock;

static TABLE: LazyLock<Box<[u16]>> = LazyLock::new(|| (0..=u16::MAX).map(unicode_upcase).collect());

fn unicode_upcase(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

/// Maps one UTF-16 unit to upper case.
#[inline]
pub fn upcase(unit: u16) -> u16 {
    match unit {
        0x61..=0x7A => unit - 0x20,
        0..=0x7F => unit,
        _ => TABLE[usize::from(unit)],
    }
}

/// Maps a name to upper case.
pub fn upcase_name(name: &[u16]) -> Vec<u16> {
    name.iter().map(|&unit| upcase(unit)).collect()
}

/// Whether two names are the same key or value name.
#[inline]
pub fn equal(a: &[u16], b: &[u16]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(&a, &b)| a == b || upcase(a) == upcase(b))
}

/// The order in which NT keeps subkeys: by upper-cased units, the shorter name first.
#[inline]
pub fn compare(a: &[u16], b: &[u16]) -> Ordering {
    for (&a, &b) in a.iter().zip(b) {
        if a != b {
            let order = upcase(a).cmp(&upcase(b));
            if order.is_ne() {
                return order;
            }
        }
    }
    a.len().cmp(&b.len())
}

/// A hash that is equal for names that are [`equal`]: the one of a hive's hash leaf (`lh`).
#[inline]
pub fn hash(name: &[u16]) -> u32 {
    name.iter().fold(0, |hash: u32, &unit| {
        hash.wrapping_mul(37).wrapping_add(u32::from(upcase(unit)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn letters_with_a_one_unit_upper_case_fold() {
        for (a, b) in [
            ("select", "SELECT"),
            ("écran", "ÉCRAN"),
            ("ключ", "КЛЮЧ"),
            ("µ", "Μ"),
        ] {
            assert!(equal(&wide(a), &wide(b)), "{a} {b}");
            assert_eq!(compare(&wide(a), &wide(b)), Ordering::Equal);
            assert_eq!(hash(&wide(a)), hash(&wide(b)));
        }
    }

    #[test]
    fn letters_without_one_stay_apart() {
        assert!(!equal(&wide("straße"), &wide("STRASSE")));
        assert_eq!(upcase(0xD800), 0xD800);
    }

    #[test]
    fn ascii_shortcut_agrees_with_the_table() {
        for unit in 0..=u16::MAX {
            assert_eq!(upcase(unit), unicode_upcase(unit));
        }
    }

    #[test]
    fn underscore_sorts_after_letters() {
        // '_' (0x5F) lies between upper and lower case, so upper-casing decides the order.
        assert_eq!(compare(&wide("a"), &wide("_")), Ordering::Less);
    }
}
