//! Counts, lengths, times.

use proptest::prelude::*;
use wdm_safe::registry::{KeyAccess, KeyBuffer, KeyRequest, RegKey, ValueRef};
use wdm_safe::{NtError, UnicodeStr, unicode};
use wdm_sim::{Machine, Profile};

use crate::support::{HOME, passive, units, with_key};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_numbers_are_those_of_what_is_there(
        subkeys in prop::collection::btree_map("[a-z]{1,20}", "[A-Z]{0,200}", 0..8),
        values in prop::collection::btree_map("[a-z]{0,20}", prop::collection::vec(any::<u8>(), 0..300), 0..8),
    ) {
        with_key(|_, key, at| {
            for (name, class) in &subkeys {
                let (name, class) = (units(name), units(class));
                let request = KeyRequest::new(UnicodeStr::new(&name), KeyAccess::ALL).below(key);
                request.class(UnicodeStr::new(&class)).create(at).expect("it is created");
            }
            for (name, data) in &values {
                let name = units(name);
                key.set_value(UnicodeStr::new(&name), ValueRef::Binary(data), at).expect("it is set");
            }
            let info = key.info(at).expect("it is there");
            let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0) as u32;
            assert_eq!(info.subkeys as usize, subkeys.len());
            assert_eq!(info.values as usize, values.len());
            assert_eq!(info.longest_subkey_name, longest(&mut subkeys.keys().map(|name| name.len() * 2)));
            assert_eq!(info.longest_subkey_class, longest(&mut subkeys.values().map(|name| name.len() * 2)));
            assert_eq!(info.longest_value_name, longest(&mut values.keys().map(|name| name.len() * 2)));
            assert_eq!(info.longest_data, longest(&mut values.values().map(Vec::len)));
        });
    }
}

#[test]
fn a_long_class_does_not_hide_the_numbers() {
    with_key(|_, key, at| {
        let class = units(&"c".repeat(5_000));
        let class = UnicodeStr::new(&class);
        let request = KeyRequest::new(unicode!("Classy"), KeyAccess::ALL).below(key);
        let (key, _) = request.class(class).create(at).expect("it is created");
        key.set_value(unicode!("a"), ValueRef::Dword(1), at)
            .expect("it is set");
        assert_eq!(key.info(at).expect("it is there").values, 1);
        assert_eq!(&*key.class(at).expect("it has one"), class);
    });
}

#[test]
fn the_time_of_the_last_change_can_be_set() {
    with_key(|_, key, at| {
        let before = key.info(at).expect("it is there").last_write_time;
        assert_ne!(before, 0);
        key.set_last_write_time(1234, at).expect("it is set");
        assert_eq!(key.info(at).expect("it is there").last_write_time, 1234);
        key.set_value(unicode!("a"), ValueRef::Dword(1), at)
            .expect("it is set");
        assert!(key.info(at).expect("it is there").last_write_time >= before);
    });
}

#[test]
fn a_deleted_key_tells_nothing() {
    with_key(|_, key, at| {
        let request = KeyRequest::new(unicode!("Gone"), KeyAccess::ALL).below(key);
        let (gone, _) = request.create(at).expect("it is created");
        gone.delete(at).expect("it is deleted");
        assert_eq!(gone.info(at), Err(NtError::KEY_DELETED));
        assert_eq!(gone.class(at).err(), Some(NtError::KEY_DELETED));
        assert_eq!(gone.set_last_write_time(1, at), Err(NtError::KEY_DELETED));
        assert_eq!(
            request.below(&gone).open(at).err(),
            Some(NtError::KEY_DELETED)
        );
    });
}

#[test]
fn w4_what_an_older_windows_lacks_is_not_supported() {
    let machine = Machine::builder().profile(Profile::WinXp).build();
    let machine = machine.expect("the demonstration hive mounts");
    let process = machine.system_process();
    let _thread = process.enter();
    let at = passive();
    let (key, _) = RegKey::create(HOME, KeyAccess::ALL, at).expect("it is created");
    let refused = Err(NtError::NOT_SUPPORTED);
    assert_eq!(key.rename(unicode!("Other"), at), refused);
    assert_eq!(key.set_last_write_time(7, at), refused);
    let mut buffer = KeyBuffer::new();
    let together = key.values_together([unicode!("a")], &mut buffer, at);
    assert_eq!(together.err(), Some(NtError::NOT_SUPPORTED));
}
