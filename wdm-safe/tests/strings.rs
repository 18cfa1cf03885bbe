//! Counted strings.

use proptest::prelude::*;
use wdm_safe::string::Counted;
use wdm_safe::{NtError, UnicodeStr, unicode};
use wdm_sim as _;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

proptest! {
    #[test]
    fn display_shows_what_was_encoded(text in any::<String>()) {
        prop_assert_eq!(UnicodeStr::new(&wide(&text)).to_string(), text);
    }

    #[test]
    fn arbitrary_units_can_be_shown(units in prop::collection::vec(any::<u16>(), 0..40)) {
        let text = UnicodeStr::new(&units);
        prop_assert_eq!(text.to_string(), String::from_utf16_lossy(&units));
        let quoted = format!("{text:?}");
        prop_assert!(!quoted.chars().any(char::is_control), "{}", quoted);
    }

    #[test]
    fn case_does_not_count(text in "[a-zäöüα-ω]{0,20}") {
        let (lower, upper) = (wide(&text), wide(&text.to_uppercase()));
        // ς and σ share a capital, and some capitals are longer than their letter.
        prop_assume!(lower.len() == upper.len());
        prop_assert!(UnicodeStr::new(&lower).eq_ignore_case(UnicodeStr::new(&upper)));
    }

    #[test]
    fn a_path_is_below_its_own_beginnings_and_nothing_else(
        parts in prop::collection::vec("[a-c]{1,3}", 1..5),
        other in "[a-c]{1,3}",
    ) {
        let path = wide(&format!(r"\{}", parts.join(r"\")));
        let path = UnicodeStr::new(&path);
        for length in 1..=parts.len() {
            let (ancestor, rest) = parts.split_at(length);
            let ancestor = wide(&format!(r"\{}", ancestor.join(r"\").to_uppercase()));
            let below = path.below(UnicodeStr::new(&ancestor)).map(ToString::to_string);
            prop_assert_eq!(below, Some(rest.join(r"\")));
        }
        let other = format!(r"\{other}");
        let is_below = path.below(UnicodeStr::new(&wide(&other))).is_some();
        prop_assert_eq!(is_below, other[1..] == parts[0]);
        let shown: Vec<_> = path.components().map(ToString::to_string).collect();
        prop_assert_eq!(shown, parts);
    }
}

#[test]
fn n1_a_malformed_string_structure_is_none_or_empty_and_never_read() {
    let units = [0x61_u16, 0x62];
    let mut raw = wdm_sys::UNICODE_STRING {
        Length: 4,
        MaximumLength: 4,
        Buffer: units.as_ptr().cast_mut(),
    };
    // SAFETY: all of these are null, malformed, or describe `units`.
    let read = |raw: *const wdm_sys::UNICODE_STRING| unsafe { UnicodeStr::from_raw(raw) };
    assert_eq!(read(&raw).map(UnicodeStr::units), Some(&units[..]));
    raw.Length = 3;
    assert_eq!(
        read(&raw).map(UnicodeStr::len),
        Some(1),
        "an odd length loses its last byte"
    );
    raw.Buffer = units.as_ptr().cast_mut().wrapping_byte_add(1);
    assert!(read(&raw).is_none(), "misaligned");
    raw.Buffer = std::ptr::null_mut();
    assert!(read(&raw).is_none(), "null with a length");
    raw.Length = 0;
    assert_eq!(read(&raw).map(UnicodeStr::len), Some(0));
    assert!(read(std::ptr::null()).is_none());
}

#[test]
fn a_string_that_its_length_cannot_say_is_refused() {
    let units = vec![0x61_u16; 32_768];
    assert!(Counted::new(UnicodeStr::new(&units[1..])).is_ok());
    let refused = Counted::new(UnicodeStr::new(&units)).err();
    assert_eq!(refused, Some(NtError::NAME_TOO_LONG));
}

#[test]
fn the_last_component_is_split_off() {
    let split = unicode!(r"\A\B").split_last_component();
    assert_eq!(split, Some((unicode!(r"\A"), unicode!("B"))));
    assert_eq!(unicode!("B").split_last_component(), None);
    assert!(unicode!(r"\A").is_absolute() && !unicode!("A").is_absolute());
}

#[test]
fn p6_a_misaligned_structure_describes_no_string() {
    let units = wide("text");
    let string = wdm_sys::UNICODE_STRING {
        Length: 8,
        MaximumLength: 8,
        Buffer: units.as_ptr().cast_mut(),
    };
    let mut places = [string; 2];
    let start = places.as_mut_ptr();
    // SAFETY: a structure whose text outlives the result.
    let aligned = unsafe { UnicodeStr::from_raw(start) };
    assert_eq!(aligned, Some(unicode!("text")));
    for offset in 1..8 {
        let place = start.wrapping_byte_add(offset);
        // SAFETY: within the two, which hold no references.
        unsafe { place.write_unaligned(string) };
        // SAFETY: as above.
        assert_eq!(unsafe { UnicodeStr::from_raw(place) }, None, "{offset}");
    }
}
