use std::thread;

use super::*;
use crate::registry::{KeySetInfo, MAX_DEPTH, MAX_KEY_NAME, MAX_VALUE_NAME, SEPARATOR, upcase};

#[test]
fn a_new_registry_has_its_fixed_keys() {
    let registry = Registry::new();
    assert_eq!(full_name(registry.root()), r"\REGISTRY");
    assert_eq!(subkey_names(registry.root()), ["A", "MACHINE", "USER"]);
    assert_eq!(full_name(&machine(&registry)), r"\REGISTRY\MACHINE");
}

#[test]
fn absolute_names_must_lead_into_the_registry() {
    let registry = Registry::new();
    for (path, status) in [
        (r"Registry\Machine", Status::OBJECT_PATH_SYNTAX_BAD),
        ("", Status::OBJECT_PATH_SYNTAX_BAD),
        (r"\Device\Null", Status::OBJECT_NAME_NOT_FOUND),
        (r"\RegistryX", Status::OBJECT_NAME_NOT_FOUND),
        (r"\Registry\Nowhere", Status::OBJECT_NAME_NOT_FOUND),
    ] {
        assert_eq!(
            registry.open(&wide(path), false).unwrap_err(),
            status,
            "{path}"
        );
    }
    assert!(registry.open(&wide(r"\rEGISTRY\"), false).is_ok());
    assert!(registry.open(&wide(r"\Registry\\Machine\"), false).is_ok());
}

#[test]
fn relative_names_must_not_begin_with_a_backslash() {
    let machine = machine(&Registry::new());
    assert_eq!(
        open(&machine, r"\A").unwrap_err(),
        Status::OBJECT_PATH_SYNTAX_BAD
    );
}

#[test]
fn an_empty_path_is_the_key_itself() {
    let registry = Registry::new();
    let machine = machine(&registry);
    assert!(Arc::ptr_eq(&open(&machine, "").unwrap(), &machine));
    let (same, disposition) = create(&machine, "", &stable()).unwrap();
    assert!(Arc::ptr_eq(&same, &machine));
    assert_eq!(disposition, Disposition::OpenedExisting);
}

#[test]
fn names_are_found_in_any_case_and_keep_the_case_they_were_given() {
    let registry = Registry::new();
    let machine = machine(&registry);
    let made = make_path(&machine, r"Software\Straße");
    let found = open(&machine, r"SOFTWARE\sTRAßE").unwrap();
    assert!(Arc::ptr_eq(&made, &found));
    assert_eq!(full_name(&found), r"\REGISTRY\MACHINE\Software\Straße");
    assert_eq!(
        open(&machine, r"Software\STRASSE").unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
}

#[test]
fn create_tells_whether_it_made_the_key() {
    let registry = Registry::new();
    let machine = machine(&registry);
    let (first, disposition) = create(&machine, "Key", &stable()).unwrap();
    assert_eq!(disposition, Disposition::CreatedNew);
    let (second, disposition) = create(&machine, "KEY", &volatile()).unwrap();
    assert_eq!(disposition, Disposition::OpenedExisting);
    assert!(Arc::ptr_eq(&first, &second));
    assert!(!second.is_volatile());
}

#[test]
fn create_makes_the_last_component_only() {
    let machine = machine(&Registry::new());
    assert_eq!(
        create(&machine, r"No\Key", &stable()).unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
}

#[test]
fn a_key_below_a_volatile_one_must_be_volatile() {
    let registry = Registry::new();
    let (key, _) = create(&machine(&registry), "V", &volatile()).unwrap();
    assert_eq!(
        create(&key, "S", &stable()).unwrap_err(),
        Status::CHILD_MUST_BE_VOLATILE
    );
    assert!(create(&key, "V", &volatile()).unwrap().0.is_volatile());
}

#[test]
fn class_and_security_are_those_given_or_inherited() {
    let registry = Registry::new();
    let machine = machine(&registry);
    machine.set_security(Arc::from([1, 2, 3])).unwrap();
    let (heir, _) = create(&machine, "Heir", &stable()).unwrap();
    assert_eq!(*heir.security().unwrap(), [1, 2, 3]);
    assert!(heir.class().is_empty());
    let class = wide("Class");
    let new = NewKey {
        class: &class,
        security: NewSecurity::Is(Arc::from([9])),
        ..stable()
    };
    let (own, _) = create(&machine, "Own", &new).unwrap();
    assert_eq!(
        (own.class(), &*own.security().unwrap()),
        (&*class, &[9][..])
    );
}

#[test]
fn key_names_have_a_limit() {
    let machine = machine(&Registry::new());
    let longest = "k".repeat(MAX_KEY_NAME);
    assert!(create(&machine, &longest, &stable()).is_ok());
    assert!(open(&machine, &longest).is_ok());
    let too_long = "k".repeat(MAX_KEY_NAME + 1);
    assert_eq!(
        create(&machine, &too_long, &stable()).unwrap_err(),
        Status::INVALID_PARAMETER
    );
    assert_eq!(
        open(&machine, &too_long).unwrap_err(),
        Status::INVALID_PARAMETER
    );
}

#[test]
fn names_may_hold_any_unit_but_the_backslash() {
    let registry = Registry::new();
    let machine = machine(&registry);
    for odd in [&[0][..], &[0xD800], &[u16::from(b'a'), 0], &[0xFFFF]] {
        let (key, made) = machine.create_child(odd, &stable()).unwrap();
        assert!(made);
        assert_eq!(*key.name().unwrap(), *odd);
        assert!(Arc::ptr_eq(&key, &machine.child(odd).unwrap()));
    }
    for bad in [&[][..], &[SEPARATOR], &[u16::from(b'a'), SEPARATOR]] {
        let status = machine.create_child(bad, &stable()).unwrap_err();
        assert_eq!(status, Status::INVALID_PARAMETER);
    }
}

#[test]
fn the_tree_has_a_depth_limit() {
    let registry = Registry::new();
    let mut key = Arc::clone(registry.root());
    for depth in 1..=MAX_DEPTH {
        key = key.create_child(&wide("d"), &stable()).unwrap().0;
        assert_eq!(key.depth(), depth);
    }
    assert_eq!(
        key.create_child(&wide("d"), &stable()).unwrap_err(),
        Status::INVALID_PARAMETER
    );
    assert_eq!(
        key.full_name().unwrap().len(),
        r"\REGISTRY".len() + 2 * usize::from(MAX_DEPTH)
    );
}

#[test]
fn a_deep_tree_is_freed_on_a_small_stack() {
    let registry = Registry::new();
    let mut key = Arc::clone(registry.root());
    for _ in 0..MAX_DEPTH {
        key = key.create_child(&wide("d"), &stable()).unwrap().0;
    }
    let small = thread::Builder::new().stack_size(64 << 10);
    small.spawn(move || drop(registry)).unwrap().join().unwrap();
    assert_eq!(
        key.full_name().unwrap_err(),
        Status::KEY_DELETED,
        "its parents are gone"
    );
}

#[test]
fn a_key_with_subkeys_cannot_be_deleted() {
    let registry = Registry::new();
    let parent = make_path(&machine(&registry), "P");
    let child = make_path(&parent, "C");
    assert_eq!(parent.delete().unwrap_err(), Status::CANNOT_DELETE);
    child.delete().unwrap();
    parent.delete().unwrap();
    assert!(!subkey_names(&machine(&registry)).contains(&"P".into()));
}

#[test]
fn the_fixed_keys_can_be_neither_deleted_nor_renamed() {
    let registry = Registry::new();
    for key in [Arc::clone(registry.root()), machine(&registry)] {
        assert_eq!(key.delete().unwrap_err(), Status::CANNOT_DELETE);
        assert_eq!(key.rename(&wide("X")).unwrap_err(), Status::ACCESS_DENIED);
    }
}

#[test]
fn every_operation_on_a_deleted_key_fails() {
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "Gone");
    key.set_value(&wide("V"), 1, b"x").unwrap();
    key.delete().unwrap();
    assert!(key.is_deleted());
    let x = wide("X");
    let deleted = Status::KEY_DELETED;
    assert_eq!(key.name().unwrap_err(), deleted);
    assert_eq!(key.full_name().unwrap_err(), deleted);
    assert_eq!(open(&key, "").unwrap_err(), deleted);
    assert_eq!(open(&key, "X").unwrap_err(), deleted);
    assert_eq!(create(&key, "", &stable()).unwrap_err(), deleted);
    assert_eq!(create(&key, "X", &stable()).unwrap_err(), deleted);
    assert_eq!(key.delete().unwrap_err(), deleted);
    assert_eq!(key.rename(&x).unwrap_err(), deleted);
    assert_eq!(key.subkey(0).unwrap_err(), deleted);
    assert_eq!(key.subkey_count().unwrap_err(), deleted);
    assert_eq!(key.value(&wide("V")).unwrap_err(), deleted);
    assert_eq!(key.value_at(0).unwrap_err(), deleted);
    assert_eq!(key.value_count().unwrap_err(), deleted);
    assert_eq!(key.set_value(&x, 1, &[]).unwrap_err(), deleted);
    assert_eq!(key.delete_value(&x).unwrap_err(), deleted);
    assert_eq!(key.security().unwrap_err(), deleted);
    assert_eq!(key.set_security(Arc::from([])).unwrap_err(), deleted);
    assert_eq!(key.last_write_time().unwrap_err(), deleted);
    assert_eq!(key.set_last_write_time(0).unwrap_err(), deleted);
    assert_eq!(
        key.set_information(KeySetInfo::Wow64Flags, &[0; 4])
            .unwrap_err(),
        deleted
    );
}

#[test]
fn a_deleted_name_can_be_made_again_as_another_key() {
    let registry = Registry::new();
    let old = make_path(&machine(&registry), "Again");
    old.delete().unwrap();
    let new = make_path(&machine(&registry), "Again");
    assert_ne!(old.id(), new.id());
    assert!(old.is_deleted() && !new.is_deleted());
}

#[test]
fn rename_keeps_identity_contents_and_order() {
    let registry = Registry::new();
    let machine = machine(&registry);
    let key = make_path(&machine, "b");
    make_path(&machine, "a");
    make_path(&machine, "c");
    make_path(&key, "Child");
    let id = key.id();
    key.rename(&wide("Z")).unwrap();
    assert_eq!(subkey_names(&machine), ["a", "c", "Z"]);
    assert_eq!(key.id(), id);
    assert_eq!(
        full_name(&open(&machine, r"z\child").unwrap()),
        r"\REGISTRY\MACHINE\Z\Child"
    );
    assert_eq!(
        open(&machine, "b").unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
}

#[test]
fn rename_refuses_a_taken_name_its_own_too() {
    let registry = Registry::new();
    let machine = machine(&registry);
    let key = make_path(&machine, "one");
    make_path(&machine, "two");
    assert_eq!(key.rename(&wide("TWO")).unwrap_err(), Status::CANNOT_DELETE);
    assert_eq!(key.rename(&wide("one")).unwrap_err(), Status::CANNOT_DELETE);
    assert_eq!(key.rename(&wide("ONE")).unwrap_err(), Status::CANNOT_DELETE);
    assert_eq!(subkey_names(&machine), ["one", "two"]);
    for bad in ["", r"a\b", &"k".repeat(MAX_KEY_NAME + 1)] {
        assert_eq!(
            key.rename(&wide(bad)).unwrap_err(),
            Status::INVALID_PARAMETER
        );
    }
}

#[test]
fn enumeration_gives_stable_keys_then_volatile_ones_each_sorted() {
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "E");
    for (name, new) in [
        ("d", stable()),
        ("B", volatile()),
        ("_", stable()),
        ("C", stable()),
        ("a", volatile()),
    ] {
        create(&key, name, &new).unwrap();
    }
    assert_eq!(subkey_names(&key), ["C", "d", "_", "a", "B"]);
    assert_eq!(key.subkey(5).unwrap_err(), Status::NO_MORE_ENTRIES);
    assert_eq!(key.subkey(usize::MAX).unwrap_err(), Status::NO_MORE_ENTRIES);
}

/// Enough subkeys to split and empty leaves of the list, in an order that is neither sorted nor
/// random.
#[test]
fn thousands_of_subkeys_stay_sorted_and_findable() {
    const COUNT: usize = 5_000;
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "Many");
    let name_of = |n: usize| wide(&format!("Key{}", (n * 3_001) % COUNT));
    for n in 0..COUNT {
        assert!(key.create_child(&name_of(n), &stable()).unwrap().1);
    }
    let check = |expected: usize| {
        let keys = key.subkeys().unwrap();
        assert_eq!(
            (keys.len(), key.subkey_count().unwrap()),
            (expected, expected)
        );
        for (index, listed) in keys.iter().enumerate() {
            let name = listed.name().unwrap();
            assert!(Arc::ptr_eq(listed, &key.subkey(index).unwrap()));
            assert!(Arc::ptr_eq(listed, &key.child(&name).unwrap()));
        }
        let sorted = keys.windows(2).all(|pair| {
            upcase::compare(&pair[0].name().unwrap(), &pair[1].name().unwrap()).is_lt()
        });
        assert!(sorted);
        assert_eq!(key.subkey(expected).unwrap_err(), Status::NO_MORE_ENTRIES);
    };
    check(COUNT);
    for n in (0..COUNT).filter(|n| n % 7 != 0) {
        key.child(&name_of(n)).unwrap().delete().unwrap();
    }
    check(COUNT.div_ceil(7));
    for n in (0..COUNT).filter(|n| n % 7 == 0) {
        key.child(&name_of(n)).unwrap().delete().unwrap();
    }
    check(0);
}

#[test]
fn values_keep_their_order_and_the_case_of_their_first_name() {
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "V");
    for (name, data) in [("One", b"1"), ("", b"d"), ("two", b"2"), ("ONE", b"3")] {
        key.set_value(&wide(name), 3, data).unwrap();
    }
    assert_eq!(value_names(&key), ["One", "", "two"]);
    assert_eq!(*key.value(&wide("oNE")).unwrap().data, *b"3");
    assert_eq!(*key.delete_value(&wide("")).unwrap().data, *b"d");
    assert_eq!(value_names(&key), ["One", "two"]);
    assert_eq!(
        key.delete_value(&wide("")).unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
    assert_eq!(
        key.value(&wide("no")).unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
    assert_eq!(key.value_at(2).unwrap_err(), Status::NO_MORE_ENTRIES);
}

#[test]
fn value_names_have_a_limit() {
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "V");
    key.set_value(&vec![b'v'.into(); MAX_VALUE_NAME], 1, &[])
        .unwrap();
    let too_long = vec![b'v'.into(); MAX_VALUE_NAME + 1];
    assert_eq!(
        key.set_value(&too_long, 1, &[]).unwrap_err(),
        Status::INVALID_PARAMETER
    );
}

#[test]
fn a_value_that_was_read_does_not_change_with_the_key() {
    let registry = Registry::new();
    let key = make_path(&machine(&registry), "V");
    key.set_value(&wide("v"), 1, b"old").unwrap();
    let before = key.value(&wide("v")).unwrap();
    key.set_value(&wide("v"), 2, b"new").unwrap();
    assert_eq!((before.kind, &*before.data), (1, &b"old"[..]));
}

#[test]
fn changes_move_the_last_write_time() {
    let registry = Registry::new();
    let parent = make_path(&machine(&registry), "T");
    let key = make_path(&parent, "K");
    type Change = fn(&Arc<Key>);
    let changes: [Change; 6] = [
        |key| key.set_value(&wide("v"), 1, &[]).unwrap(),
        |key| drop(key.delete_value(&wide("v")).unwrap()),
        |key| drop(make_path(key, "Sub")),
        |key| open(key, "Sub").unwrap().delete().unwrap(),
        |key| key.rename(&wide("K2")).unwrap(),
        |key| key.set_security(Arc::from([1])).unwrap(),
    ];
    for change in changes {
        key.set_last_write_time(1).unwrap();
        change(&key);
        assert!(key.last_write_time().unwrap() > 1);
    }
    parent.set_last_write_time(1).unwrap();
    key.set_value(&wide("v"), 1, &[]).unwrap();
    key.value(&wide("v")).unwrap();
    assert_eq!(
        parent.last_write_time().unwrap(),
        1,
        "only subkeys touch the parent"
    );
    key.delete().unwrap();
    assert!(parent.last_write_time().unwrap() > 1);
}

#[test]
fn ids_are_never_used_twice() {
    let registry = Registry::new();
    let mut ids: Vec<u64> = (0..100)
        .map(|_| {
            let key = make_path(&machine(&registry), "Id");
            key.delete().unwrap();
            key.id()
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

/// Threads that make, rename, read and delete the same few keys: whatever order they run in, the
/// tree stays sorted and complete and nobody waits for ever.
#[test]
fn threads_share_the_tree() {
    let registry = Registry::new();
    let shared = make_path(&machine(&registry), "Shared");
    thread::scope(|scope| {
        for worker in 0..4_usize {
            let shared = &shared;
            scope.spawn(move || {
                let own = make_path(shared, &format!("Own{worker}"));
                for round in 0..500_usize {
                    let name = wide(&format!("K{}", (worker + round) % 5));
                    let (key, _) = shared.create_child(&name, &stable()).unwrap();
                    own.set_value(&name, 1, &round.to_le_bytes()).unwrap();
                    // Another thread may have been faster with any of these.
                    let _ = key.set_value(&name, 1, &round.to_le_bytes());
                    let _ = key.full_name();
                    let _ = key.create_child(&wide("Sub"), &stable());
                    let _ = key.rename(&wide(&format!("R{}", round % 3)));
                    let _ = shared.subkey(round % 8);
                    let _ = key.child(&wide("Sub")).and_then(|sub| sub.delete());
                    let _ = key.delete();
                }
            });
        }
    });
    let names: Vec<_> = shared
        .subkeys()
        .unwrap()
        .iter()
        .map(|key| key.name().unwrap())
        .collect();
    assert!(
        names
            .windows(2)
            .all(|pair| upcase::compare(&pair[0], &pair[1]).is_lt())
    );
    for name in &names {
        assert!(!shared.child(name).unwrap().is_deleted());
    }
    for worker in 0..4 {
        assert_eq!(
            value_names(&open(&shared, &format!("Own{worker}")).unwrap()).len(),
            5
        );
    }
}
