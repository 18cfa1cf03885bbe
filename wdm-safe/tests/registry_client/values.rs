//! Decoding: whatever the bytes are and wherever they stand.

use proptest::prelude::*;
use wdm_safe::registry::{ValueRef, ValueType};
use wdm_safe::string::Utf16;
use wdm_safe::{UnicodeStr, unicode};

use crate::support::with_key;

/// Bytes at an address whose lowest bit is chosen.
struct Placed {
    memory: Vec<u16>,
    offset: usize,
    length: usize,
}

impl Placed {
    fn new(bytes: &[u8], odd: bool) -> Self {
        let offset = usize::from(odd);
        let mut raw = vec![0xEE; offset];
        raw.extend_from_slice(bytes);
        raw.resize(raw.len().next_multiple_of(2), 0xEE);
        let units = raw.as_chunks::<2>().0.iter();
        Self {
            memory: units.map(|pair| u16::from_ne_bytes(*pair)).collect(),
            offset,
            length: bytes.len(),
        }
    }

    fn bytes(&self) -> &[u8] {
        let bytes = UnicodeStr::new(&self.memory).as_bytes();
        &bytes[self.offset..self.offset + self.length]
    }
}

/// The units of bytes, the odd last byte left out.
fn units_of(bytes: &[u8]) -> Vec<u16> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    pairs.map(|pair| u16::from_le_bytes(*pair)).collect()
}

fn first_string(units: &[u16]) -> &[u16] {
    units.split(|unit| *unit == 0).next().unwrap_or(units)
}

fn strings(units: &[u16]) -> Vec<Vec<u16>> {
    let all = units.split(|unit| *unit == 0);
    all.take_while(|text| !text.is_empty())
        .map(<[u16]>::to_vec)
        .collect()
}

/// Bytes among which NULs, surrogates and ordinary letters are frequent.
fn text_bytes() -> impl Strategy<Value = Vec<u8>> {
    let unit = prop_oneof![
        3 => Just(0_u16),
        3 => 0xD800..0xE000_u16,
        4 => 0x20..0x7F_u16,
        2 => any::<u16>(),
    ];
    let units = prop::collection::vec(unit, 0..24);
    (units, any::<bool>()).prop_map(|(units, odd)| {
        let mut bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        if odd {
            bytes.push(0x41);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn a_string_is_read_wherever_it_stands(bytes in text_bytes(), odd in any::<bool>()) {
        let placed = Placed::new(&bytes, odd);
        let units = units_of(&bytes);
        for kind in [ValueType::SZ, ValueType::EXPAND_SZ] {
            let value = ValueRef::decode(kind, placed.bytes());
            let text = value.text().expect("it is a string");
            prop_assert!(text.units().eq(first_string(&units).iter().copied()));
            prop_assert_eq!(value.texts(), None);
            let unaligned = matches!(value, ValueRef::Unaligned(..));
            // Nothing at all stands nowhere.
            prop_assert!(unaligned == odd || bytes.is_empty());
        }
    }

    #[test]
    fn a_list_of_strings_is_read_wherever_it_stands(bytes in text_bytes(), odd in any::<bool>()) {
        let placed = Placed::new(&bytes, odd);
        let value = ValueRef::decode(ValueType::MULTI_SZ, placed.bytes());
        let read = value.texts().expect("it is a list");
        let read: Vec<Vec<u16>> = read.map(|text| text.units().collect()).collect();
        prop_assert_eq!(read, strings(&units_of(&bytes)));
        prop_assert_eq!(value.text(), None);
    }

    #[test]
    fn numbers_and_bytes_do_not_mind_where_they_stand(
        kind in 0..16_u32,
        bytes in prop::collection::vec(any::<u8>(), 0..12),
        odd in any::<bool>(),
    ) {
        let placed = Placed::new(&bytes, odd);
        let kind = ValueType(kind);
        let value = ValueRef::decode(kind, placed.bytes());
        let first4 = bytes.first_chunk::<4>();
        let expected = match kind {
            ValueType::SZ | ValueType::EXPAND_SZ | ValueType::MULTI_SZ => return Ok(()),
            ValueType::DWORD => first4.map(|b| ValueRef::Dword(u32::from_le_bytes(*b))),
            ValueType::DWORD_BIG_ENDIAN => {
                first4.map(|b| ValueRef::DwordBigEndian(u32::from_be_bytes(*b)))
            }
            ValueType::QWORD => {
                bytes.first_chunk().map(|b| ValueRef::Qword(u64::from_le_bytes(*b)))
            }
            ValueType::BINARY => Some(ValueRef::Binary(&bytes)),
            _ => None,
        };
        prop_assert_eq!(value, expected.unwrap_or(ValueRef::Other(kind, &bytes)));
    }

    #[test]
    fn showing_text_is_the_same_for_both_views(bytes in text_bytes(), odd in any::<bool>()) {
        let placed = Placed::new(&bytes, odd);
        let (view, units) = (Utf16::new(placed.bytes()), units_of(&bytes));
        let string = UnicodeStr::new(&units);
        prop_assert_eq!(view.to_string(), string.to_string());
        prop_assert_eq!(format!("{view:?}"), format!("{string:?}"));
        prop_assert!(view == *string);
        prop_assert_eq!(view, Utf16::from(string));
        prop_assert_eq!(view.len(), string.len());
    }
}

#[test]
fn text_at_an_odd_address_can_be_kept_and_written() {
    with_key(|_, key, at| {
        let bytes: Vec<u8> = b"!H\0i\0\0\0rest".to_vec();
        let placed = Placed::new(&bytes[1..], true);
        let value = ValueRef::decode(ValueType::SZ, placed.bytes());
        let kept = value.text().expect("it is text").try_to_string();
        assert_eq!(&*kept.expect("there is memory"), unicode!("Hi"));
        key.set_value(unicode!("Copy"), value, at)
            .expect("it is set");
        let copy = key.value(unicode!("Copy"), at).expect("it is there");
        assert_eq!(
            (copy.kind(), copy.data()),
            (ValueType::SZ, &bytes[1..bytes.len()][..10])
        );
        assert_eq!(copy.decode(), ValueRef::String(unicode!("Hi")));
    });
}
