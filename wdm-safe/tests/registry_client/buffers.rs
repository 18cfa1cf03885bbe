//! Buffers that are used again.

use proptest::prelude::*;
use wdm_safe::registry::{KeyAccess, KeyBuffer, KeyRequest, ValueRef, ValueType};
use wdm_safe::{NtError, UnicodeStr, unicode};

use crate::support::{units, with_key};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn one_buffer_serves_for_everything(
        subkeys in prop::collection::btree_map("[a-z]{1,20}", "[A-Z]{0,300}", 0..8),
        values in prop::collection::btree_map("[a-z]{0,20}", (0..12_u32, prop::collection::vec(any::<u8>(), 0..600)), 0..8),
    ) {
        with_key(|_, key, at| {
            for (name, class) in &subkeys {
                let (name, class) = (units(name), units(class));
                let request = KeyRequest::new(UnicodeStr::new(&name), KeyAccess::ALL).below(key);
                request.class(UnicodeStr::new(&class)).create(at).expect("it is created");
            }
            for (name, (kind, data)) in &values {
                let name = units(name);
                let value = ValueRef::Other(ValueType(*kind), data);
                key.set_value(UnicodeStr::new(&name), value, at).expect("it is set");
            }
            let mut buffer = KeyBuffer::new();
            for (name, (kind, data)) in &values {
                let name = units(name);
                let read = key.value_in(UnicodeStr::new(&name), &mut buffer, at).expect("it is there");
                assert_eq!((read.kind(), read.data()), (ValueType(*kind), &data[..]));
            }
            let mut seen = Vec::new();
            let mut cursor = key.subkeys_in(&mut buffer, at);
            while let Some(entry) = cursor.next_entry() {
                let entry = entry.expect("it can be read");
                assert_ne!(entry.last_write_time(), 0);
                seen.push((entry.name().to_string(), entry.class().to_string()));
            }
            assert_eq!(seen, subkeys.into_iter().collect::<Vec<_>>());
            let mut seen = Vec::new();
            let mut cursor = key.values_in(&mut buffer, at);
            while let Some(entry) = cursor.next_entry() {
                let entry = entry.expect("it can be read");
                seen.push((entry.name().to_string(), (entry.value().kind().0, entry.value().data().to_vec())));
            }
            assert_eq!(seen, values.clone().into_iter().collect::<Vec<_>>());
            let owned: Vec<_> = key.values(at).map(|value| {
                let (name, kind, data) = value.expect("it can be read");
                (name.to_string(), (kind.0, data.to_vec()))
            }).collect();
            assert_eq!(owned, seen);
        });
    }
}

#[test]
fn a_buffer_that_is_large_enough_allocates_nothing() {
    with_key(|machine, key, at| {
        for name in [unicode!("a"), unicode!("b"), unicode!("c")] {
            key.set_value(name, ValueRef::Binary(&[7; 500]), at)
                .expect("it is set");
            key.create_below(
                name,
                KeyAccess::ALL,
                wdm_safe::registry::KeyOptions::empty(),
                at,
            )
            .expect("it is created");
        }
        let mut buffer = KeyBuffer::try_with_capacity(1024).expect("there is memory");
        let allocations = || machine.report().counters.pool_allocations;
        let before = allocations();
        assert_eq!(
            key.value_in(unicode!("b"), &mut buffer, at)
                .expect("it is there")
                .data(),
            [7; 500]
        );
        let mut subkeys = key.subkeys_in(&mut buffer, at);
        while subkeys.next_entry().is_some() {}
        let mut values = key.values_in(&mut buffer, at);
        while values.next_entry().is_some() {}
        let [a, c] = key
            .values_together([unicode!("a"), unicode!("c")], &mut buffer, at)
            .expect("they are there");
        assert_eq!((a.data(), c.data()), (&[7; 500][..], &[7; 500][..]));
        key.info(at).expect("it is there");
        assert_eq!(allocations(), before);
        assert_eq!(buffer.capacity(), 1024);
    });
}

#[test]
fn a_buffer_that_cannot_grow_serves_on() {
    with_key(|machine, key, at| {
        key.set_value(unicode!("Small"), ValueRef::Dword(5), at)
            .expect("it is set");
        key.set_value(unicode!("Large"), ValueRef::Binary(&[1; 5000]), at)
            .expect("it is set");
        let mut buffer = KeyBuffer::new();
        let small = |buffer: &mut KeyBuffer| {
            key.value_in(unicode!("Small"), buffer, at)
                .map(|value| value.as_u32())
        };
        assert_eq!(small(&mut buffer), Ok(Some(5)));
        machine.fail_allocation(1);
        let large = key.value_in(unicode!("Large"), &mut buffer, at);
        assert_eq!(large.err(), Some(NtError::INSUFFICIENT_RESOURCES));
        assert_eq!(small(&mut buffer), Ok(Some(5)));
        let large = key
            .value_in(unicode!("Large"), &mut buffer, at)
            .expect("there is memory again");
        assert_eq!(large.data(), [1; 5000]);
    });
}

#[test]
fn values_are_read_together_or_not_at_all() {
    with_key(|_, key, at| {
        key.set_value(unicode!("a"), ValueRef::Dword(1), at)
            .expect("it is set");
        key.set_value(unicode!("b"), ValueRef::Binary(&[2; 700]), at)
            .expect("it is set");
        key.set_value(unicode!("c"), ValueRef::Binary(&[]), at)
            .expect("it is set");
        let mut buffer = KeyBuffer::new();
        let names = [unicode!("b"), unicode!("c"), unicode!("A")];
        let [b, c, a] = key
            .values_together(names, &mut buffer, at)
            .expect("they are there");
        assert_eq!(b.data(), [2; 700]);
        assert_eq!((c.kind(), c.data()), (ValueType::BINARY, &[][..]));
        assert_eq!(a.as_u32(), Some(1));
        let names = [unicode!("a"), unicode!("d")];
        let missing = key.values_together(names, &mut buffer, at);
        assert_eq!(missing.err(), Some(NtError::OBJECT_NAME_NOT_FOUND));
        assert!(key.values_together([], &mut buffer, at).is_ok());
    });
}

#[test]
fn an_enumeration_ends_after_an_error() {
    with_key(|_, key, at| {
        let (gone, _) = key
            .create_below(
                unicode!("x"),
                KeyAccess::ALL,
                wdm_safe::registry::KeyOptions::empty(),
                at,
            )
            .expect("it is created");
        gone.delete(at).expect("it is deleted");
        let mut buffer = KeyBuffer::new();
        let mut subkeys = gone.subkeys_in(&mut buffer, at);
        assert_eq!(
            subkeys.next_entry().map(|it| it.err()),
            Some(Some(NtError::KEY_DELETED))
        );
        assert_eq!(
            gone.values(at).next().map(|it| it.err()),
            Some(Some(NtError::KEY_DELETED))
        );
        let past = key.subkey_in(7, &mut buffer, at);
        assert_eq!(past.err(), Some(NtError::NO_MORE_ENTRIES));
        let past = key.value_at_in(7, &mut buffer, at);
        assert_eq!(past.err(), Some(NtError::NO_MORE_ENTRIES));
    });
}
