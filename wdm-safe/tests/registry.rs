//! The registry as a driver's client of it.

use proptest::prelude::*;
use wdm_safe::registry::{
    Disposition, KeyAccess, KeyOptions, MultiString, RegKey, ValueRef, ValueType,
};
use wdm_safe::{NtError, Passive, UnicodeStr, unicode};
use wdm_sim::Machine;

const HOME: &UnicodeStr = unicode!(r"\Registry\Machine\SYSTEM\Home");

/// Runs in a machine with a key of its own, and checks that nothing is left open or allocated.
fn with_key(test: impl FnOnce(&RegKey, Passive<'_>)) {
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    let process = machine.process("test");
    let thread = process.enter();
    // SAFETY: tests run at PASSIVE_LEVEL.
    let at = unsafe { Passive::new_unchecked() };
    let (key, disposition) = RegKey::create(HOME, KeyAccess::ALL, at).expect("it is created");
    assert_eq!(disposition, Disposition::Created);
    test(&key, at);
    drop(key);
    drop(thread);
    let report = machine.report();
    assert_eq!(report.counters.pool_allocations, report.counters.pool_frees);
    assert!(report.findings.is_empty());
}

#[test]
fn values_come_back_as_they_were_set() {
    with_key(|key, at| {
        let list = unicode!("one\0two\0\0");
        let values = [
            ValueRef::String(unicode!("text")),
            ValueRef::ExpandString(unicode!("%SystemRoot%")),
            ValueRef::MultiString(MultiString::new(list)),
            ValueRef::Dword(7),
            ValueRef::DwordBigEndian(7),
            ValueRef::Qword(1 << 40),
            ValueRef::Binary(&[1, 2, 3]),
            ValueRef::Other(ValueType(0x1234), &[9]),
        ];
        for value in values {
            let name = unicode!("Value");
            key.set_value(name, value.clone(), at).expect("it is set");
            let read = key.value(name, at).expect("it is there");
            match (read.decode(), value) {
                (ValueRef::MultiString(read), ValueRef::MultiString(set)) => {
                    assert!(read.eq(set));
                }
                (read, set) => assert_eq!(read, set),
            }
        }
    });
}

#[test]
fn a_large_value_is_fetched_whole() {
    with_key(|key, at| {
        let data = vec![0x5A; 100_000];
        key.set_value(unicode!("Large"), ValueRef::Binary(&data), at)
            .expect("it is set");
        assert_eq!(
            key.value(unicode!("Large"), at)
                .expect("it is there")
                .data(),
            data
        );
    });
}

#[test]
fn keys_are_made_listed_renamed_and_deleted() {
    with_key(|key, at| {
        for name in [unicode!("b"), unicode!("A"), unicode!("c")] {
            let made = key.create_below(name, KeyAccess::ALL, KeyOptions::empty(), at);
            assert_eq!(made.expect("it is created").1, Disposition::Created);
        }
        let names = || {
            let names = key
                .subkeys(at)
                .map(|name| name.expect("it has a name").to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(), ["A", "b", "c"]);
        let below = key
            .open_below(unicode!("B"), KeyAccess::ALL, at)
            .expect("it is there");
        let path = below.path(at).expect("it has a path").to_string();
        assert_eq!(path, r"\REGISTRY\MACHINE\SYSTEM\Home\b");
        below.rename(unicode!("z"), at).expect("it is renamed");
        assert_eq!(names(), ["A", "c", "z"]);
        below.delete(at).expect("it is deleted");
        assert_eq!(
            below.value(unicode!(""), at).err(),
            Some(NtError::KEY_DELETED)
        );
        assert_eq!(names(), ["A", "c"]);
        assert_eq!(key.delete(at), Err(NtError::CANNOT_DELETE));
    });
}

#[test]
fn values_are_listed_and_deleted() {
    with_key(|key, at| {
        for (name, number) in [(unicode!("one"), 1), (unicode!("two"), 2)] {
            key.set_value(name, ValueRef::Dword(number), at)
                .expect("it is set");
        }
        let values = key.values(at).map(|value| {
            let (name, kind, data) = value.expect("it can be read");
            (name.to_string(), kind, data.to_vec())
        });
        let expected = [
            ("one".to_owned(), ValueType::DWORD, vec![1, 0, 0, 0]),
            ("two".to_owned(), ValueType::DWORD, vec![2, 0, 0, 0]),
        ];
        assert!(values.eq(expected));
        key.delete_value(unicode!("one"), at)
            .expect("it is deleted");
        assert_eq!(
            key.value(unicode!("one"), at).err(),
            Some(NtError::OBJECT_NAME_NOT_FOUND)
        );
        assert_eq!(
            key.delete_value(unicode!("one"), at),
            Err(NtError::OBJECT_NAME_NOT_FOUND)
        );
    });
}

#[test]
fn the_kernel_may_do_what_its_handle_was_not_opened_for() {
    with_key(|_, at| {
        // Handles are checked for callers in user mode; a driver's own calls come from kernel mode.
        let key = RegKey::open(HOME, KeyAccess::READ, at).expect("it is there");
        key.set_value(unicode!("a"), ValueRef::Dword(1), at)
            .expect("it is set");
    });
}

#[test]
fn what_is_missing_is_not_found() {
    with_key(|_, at| {
        let missing = RegKey::open(
            unicode!(r"\Registry\Machine\None\Below"),
            KeyAccess::READ,
            at,
        );
        assert_eq!(missing.err(), Some(NtError::OBJECT_NAME_NOT_FOUND));
    });
}

proptest! {
    #[test]
    fn any_data_of_any_type_can_be_looked_at(
        kind in 0..16_u32,
        data in prop::collection::vec(any::<u8>(), 0..40),
        odd in any::<bool>(),
    ) {
        let data = &data[usize::from(odd).min(data.len())..];
        match ValueRef::decode(ValueType(kind), data) {
            ValueRef::String(text) | ValueRef::ExpandString(text) => {
                prop_assert!(text.len() * 2 <= data.len());
                prop_assert!(!text.units().contains(&0));
            }
            ValueRef::MultiString(texts) => {
                for text in texts {
                    prop_assert!(!text.is_empty() && !text.units().contains(&0));
                }
            }
            ValueRef::Dword(number) => prop_assert_eq!(&number.to_le_bytes(), &data[..4]),
            ValueRef::DwordBigEndian(number) => prop_assert_eq!(&number.to_be_bytes(), &data[..4]),
            ValueRef::Qword(number) => prop_assert_eq!(&number.to_le_bytes(), &data[..8]),
            ValueRef::Binary(bytes) => prop_assert_eq!(bytes, data),
            ValueRef::Unaligned(kept, text) => {
                prop_assert_eq!((kept, text.as_bytes().len()), (ValueType(kind), data.len() / 2 * 2));
            }
            ValueRef::Other(kept, bytes) => prop_assert_eq!((kept, bytes), (ValueType(kind), data)),
        }
    }
}
