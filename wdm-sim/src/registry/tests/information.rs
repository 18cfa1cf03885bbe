use super::*;
use crate::registry::{Answer, KeyInfo, KeySetInfo, ValueInfo, to_bytes};

const UNTOUCHED: u8 = 0xEE;

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().unwrap())
}

/// Asks with every buffer length up to the needed one, checks NT's rule for each, and returns the
/// whole answer. The gap between an odd name and what is aligned behind it may have any content.
fn answer(
    fixed: usize,
    gap: std::ops::Range<usize>,
    query: impl Fn(&mut [u8]) -> Answer,
) -> Vec<u8> {
    let mut whole = vec![UNTOUCHED; 4096];
    let full = query(&mut whole);
    assert_eq!(full.status, Status::SUCCESS);
    let needed = full.length as usize;
    assert!(whole[needed..].iter().all(|&byte| byte == UNTOUCHED));
    for length in 0..=needed {
        let mut buffer = vec![UNTOUCHED; length];
        let Answer {
            status,
            length: reported,
        } = query(&mut buffer);
        assert_eq!(
            reported as usize, needed,
            "the needed length is always told"
        );
        if length < fixed {
            assert_eq!(status, Status::BUFFER_TOO_SMALL);
            assert!(
                buffer.iter().all(|&byte| byte == UNTOUCHED),
                "nothing is written"
            );
            continue;
        }
        let expected = if length < needed {
            Status::BUFFER_OVERFLOW
        } else {
            Status::SUCCESS
        };
        assert_eq!(status, expected, "{length} of {needed}");
        for at in (0..length).filter(|at| !gap.contains(at)) {
            assert_eq!(buffer[at], whole[at], "byte {at} of {length}");
        }
    }
    whole.truncate(needed);
    whole
}

fn sample() -> (Registry, Arc<Key>) {
    let registry = Registry::new();
    let class = wide("Kind");
    let new = NewKey {
        class: &class,
        ..stable()
    };
    let (key, _) = create(&machine(&registry), "Sample", &new).unwrap();
    let class = wide("LongClass");
    create(
        &key,
        "Subkey",
        &NewKey {
            class: &class,
            ..stable()
        },
    )
    .unwrap();
    create(&key, "Other", &volatile()).unwrap();
    key.set_value(&wide("Number"), 4, &7_u32.to_le_bytes())
        .unwrap();
    key.set_value(&wide("Odd"), 3, b"12345").unwrap();
    key.set_value(&wide(""), 0, b"").unwrap();
    key.set_last_write_time(0x0123_4567_89AB_CDEF).unwrap();
    (registry, key)
}

fn key_answer(class: KeyInfo, fixed: usize) -> Vec<u8> {
    let (_registry, key) = sample();
    answer(fixed, 0..0, |buffer| key.query(class, buffer).unwrap())
}

#[test]
fn key_basic_information() {
    let info = key_answer(KeyInfo::Basic, 16);
    assert_eq!(u64_at(&info, 0), 0x0123_4567_89AB_CDEF);
    assert_eq!((u32_at(&info, 8), u32_at(&info, 12)), (0, 12));
    assert_eq!(info[16..], to_bytes(&wide("Sample")));
}

#[test]
fn key_node_information() {
    let info = key_answer(KeyInfo::Node, 24);
    assert_eq!(
        (u32_at(&info, 12), u32_at(&info, 16), u32_at(&info, 20)),
        (36, 8, 12)
    );
    assert_eq!(info[24..36], to_bytes(&wide("Sample")));
    assert_eq!(info[36..], to_bytes(&wide("Kind")));
}

#[test]
fn key_node_information_aligns_the_class_to_four_bytes() {
    let registry = Registry::new();
    let class = wide("C");
    let (key, _) = create(
        &machine(&registry),
        "Odd",
        &NewKey {
            class: &class,
            ..stable()
        },
    )
    .unwrap();
    let info = answer(24, 30..32, |buffer| {
        key.query(KeyInfo::Node, buffer).unwrap()
    });
    assert_eq!((u32_at(&info, 12), info.len()), (32, 34));
}

#[test]
fn key_node_information_without_a_class_has_no_offset() {
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "Odd");
    let info = answer(24, 0..0, |buffer| key.query(KeyInfo::Node, buffer).unwrap());
    assert_eq!(
        (u32_at(&info, 12), u32_at(&info, 16), info.len()),
        (u32::MAX, 0, 30)
    );
}

#[test]
fn key_full_information() {
    let info = key_answer(KeyInfo::Full, 44);
    let fields: Vec<u32> = (12..44).step_by(4).map(|at| u32_at(&info, at)).collect();
    // ClassOffset, ClassLength, SubKeys, MaxNameLen, MaxClassLen, Values, MaxValueNameLen,
    // MaxValueDataLen.
    assert_eq!(fields, [44, 8, 2, 12, 18, 3, 12, 5]);
    assert_eq!(info[44..], to_bytes(&wide("Kind")));
}

#[test]
fn key_name_information() {
    let info = key_answer(KeyInfo::Name, 4);
    let name = to_bytes(&wide(r"\REGISTRY\MACHINE\Sample"));
    assert_eq!(u32_at(&info, 0) as usize, name.len());
    assert_eq!(info[4..], name);
}

#[test]
fn key_cached_information() {
    let info = key_answer(KeyInfo::Cached, 40);
    let fields: Vec<u32> = (8..36).step_by(4).map(|at| u32_at(&info, at)).collect();
    // TitleIndex, SubKeys, MaxNameLen, Values, MaxValueNameLen, MaxValueDataLen, NameLength.
    assert_eq!(fields, [0, 2, 12, 3, 12, 5, 12]);
    assert_eq!(info.len(), 40);
}

#[test]
fn key_flags_information() {
    let (_registry, key) = sample();
    key.set_information(KeySetInfo::Wow64Flags, &2_u32.to_le_bytes())
        .unwrap();
    key.set_information(KeySetInfo::ControlFlags, &4_u32.to_le_bytes())
        .unwrap();
    let flags = |key: &Key| {
        answer(12, 0..0, |buffer| {
            key.query(KeyInfo::Flags, buffer).unwrap()
        })
    };
    let info = flags(&key);
    assert_eq!(
        (u32_at(&info, 0), u32_at(&info, 4), u32_at(&info, 8)),
        (2, 0, 4)
    );
    assert_eq!(
        u32_at(&flags(&open(&key, "Other").unwrap()), 4),
        1,
        "volatile"
    );
}

#[test]
fn key_virtualization_and_like_information_is_one_zero() {
    for class in [
        KeyInfo::Virtualization,
        KeyInfo::HandleTags,
        KeyInfo::Trust,
        KeyInfo::Layer,
    ] {
        assert_eq!(key_answer(class, 4), [0; 4]);
    }
}

#[test]
fn key_value_basic_information() {
    let (_registry, key) = sample();
    let query = |buffer: &mut [u8]| {
        key.query_value(&wide("ODD"), ValueInfo::Basic, buffer)
            .unwrap()
    };
    let info = answer(12, 0..0, query);
    assert_eq!(
        (u32_at(&info, 0), u32_at(&info, 4), u32_at(&info, 8)),
        (0, 3, 6)
    );
    assert_eq!(info[12..], to_bytes(&wide("Odd")));
}

#[test]
fn key_value_full_information_aligns_the_data() {
    let (_registry, key) = sample();
    for (class, data_at) in [(ValueInfo::Full, 28), (ValueInfo::FullAlign64, 32)] {
        let info = answer(20, 26..data_at, |buffer| {
            key.query_value(&wide("Odd"), class, buffer).unwrap()
        });
        let fields = (
            u32_at(&info, 4),
            u32_at(&info, 8),
            u32_at(&info, 12),
            u32_at(&info, 16),
        );
        assert_eq!(fields, (3, data_at as u32, 5, 6));
        assert_eq!(info[20..26], to_bytes(&wide("Odd")));
        assert_eq!(info[data_at..], *b"12345");
    }
}

#[test]
fn key_value_full_information_without_data_has_no_offset() {
    let (_registry, key) = sample();
    let query = |buffer: &mut [u8]| key.query_value(&[], ValueInfo::Full, buffer).unwrap();
    let info = answer(20, 0..0, query);
    assert_eq!((u32_at(&info, 8), info.len()), (u32::MAX, 20));
}

#[test]
fn key_value_partial_information() {
    let (_registry, key) = sample();
    for (class, fixed) in [(ValueInfo::Partial, 12), (ValueInfo::PartialAlign64, 8)] {
        let info = answer(fixed, 0..0, |buffer| {
            key.query_value_at(1, class, buffer).unwrap()
        });
        assert_eq!((u32_at(&info, fixed - 8), u32_at(&info, fixed - 4)), (3, 5));
        assert_eq!(info[fixed..], *b"12345");
    }
}

#[test]
fn queries_of_what_is_not_there_fail() {
    let (_registry, key) = sample();
    let by_name = key.query_value(&wide("No"), ValueInfo::Basic, &mut []);
    assert_eq!(by_name.unwrap_err(), Status::OBJECT_NAME_NOT_FOUND);
    let by_index = key.query_value_at(3, ValueInfo::Basic, &mut []);
    assert_eq!(by_index.unwrap_err(), Status::NO_MORE_ENTRIES);
    open(&key, "Other").unwrap().delete().unwrap();
    open(&key, "Subkey").unwrap().delete().unwrap();
    key.delete().unwrap();
    assert_eq!(
        key.query(KeyInfo::Basic, &mut []).unwrap_err(),
        Status::KEY_DELETED
    );
}

#[test]
fn maxima_fall_only_when_the_last_entry_goes() {
    let (_registry, key) = sample();
    let maxima = || {
        let mut info = [0; 64];
        key.query(KeyInfo::Full, &mut info).unwrap();
        [24, 28, 36, 40].map(|at| u32_at(&info, at))
    };
    open(&key, "Subkey").unwrap().delete().unwrap();
    key.delete_value(&wide("Number")).unwrap();
    assert_eq!(maxima(), [12, 18, 12, 5]);
    open(&key, "Other").unwrap().delete().unwrap();
    key.delete_value(&wide("Odd")).unwrap();
    key.delete_value(&wide("")).unwrap();
    assert_eq!(maxima(), [0; 4]);
}

#[test]
fn unknown_classes_are_invalid_parameters() {
    assert_eq!(KeyInfo::try_from(3), Ok(KeyInfo::Name));
    assert_eq!(KeyInfo::try_from(10), Err(Status::INVALID_PARAMETER));
    assert_eq!(ValueInfo::try_from(5), Err(Status::INVALID_PARAMETER));
    assert_eq!(KeySetInfo::try_from(6), Err(Status::INVALID_PARAMETER));
}

#[test]
fn set_information_checks_the_length() {
    let (_registry, key) = sample();
    for (class, length) in [
        (KeySetInfo::WriteTime, 8),
        (KeySetInfo::Wow64Flags, 4),
        (KeySetInfo::ControlFlags, 4),
        (KeySetInfo::Virtualization, 4),
        (KeySetInfo::Debug, 4),
        (KeySetInfo::HandleTags, 4),
    ] {
        let bytes = [1; 9];
        key.set_information(class, &bytes[..length]).unwrap();
        for wrong in [0, length - 1, length + 1] {
            let status = key.set_information(class, &bytes[..wrong]).unwrap_err();
            assert_eq!(status, Status::INFO_LENGTH_MISMATCH);
        }
    }
    assert_eq!(key.last_write_time().unwrap(), u64::from_le_bytes([1; 8]));
}
