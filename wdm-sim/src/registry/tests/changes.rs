//! Uncommitted changes where the tree itself is changed under them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::*;
use crate::registry::{Changes, Holder, KeySetInfo, demo_hive, mount};

/// A transaction of which only the registry's part is there.
struct Part(Mutex<Option<Changes>>);

impl Holder for Part {
    fn roll_back(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Part {
    fn new() -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| {
            let this: Weak<Self> = Weak::clone(this);
            Self(Mutex::new(Some(Changes::new(this))))
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Changes) -> T) -> Option<T> {
        self.0.lock().unwrap().as_mut().map(work)
    }

    fn commit(&self) {
        self.0.lock().unwrap().take().unwrap().commit();
    }
}

fn create(part: &Part, root: &Arc<Key>, path: &str) -> Arc<Key> {
    let new = stable();
    let created = part.with(|changes| changes.create(root, &wide(path), false, &new));
    match created.unwrap().unwrap() {
        Parsed::Found((key, _)) => key,
        Parsed::Reparse(_) => panic!("there are no links"),
    }
}

#[test]
fn an_unloaded_hive_takes_transactions_with_it() {
    for makes_a_key in [true, false] {
        let registry = Registry::new();
        let machine = machine(&registry);
        mount(&machine, &wide("HIVE"), &demo_hive().unwrap()).unwrap();
        let path = wide(r"\Registry\Machine\HIVE\Setup");
        let setup = registry.open(&path, false).unwrap();
        let part = Part::new();
        if makes_a_key {
            create(&part, &setup, "New");
        } else {
            let set = part.with(|changes| changes.set_value(&setup, &[], 3, &[1]));
            set.unwrap().unwrap();
        }
        let elsewhere = create(&part, &machine, "Elsewhere");
        registry.unmount(&wide(r"\Registry\Machine\HIVE")).unwrap();
        assert!(part.with(|_| ()).is_none(), "it has been rolled back");
        assert!(elsewhere.is_deleted());
        assert_eq!(machine.subkey_count(), Ok(0));
    }
}

#[test]
fn a_hive_is_mounted_where_a_transaction_made_a_key() {
    let registry = Registry::new();
    let machine = machine(&registry);
    let part = Part::new();
    create(&part, &machine, "Hive");
    mount(&machine, &wide("HIVE"), &demo_hive().unwrap()).unwrap();
    assert!(part.with(|_| ()).is_none(), "it has been rolled back");
    assert_eq!(machine.subkey_count(), Ok(1));
}

#[test]
fn volatile_keys_come_after_stable_ones_in_a_transaction_too() {
    let registry = Registry::new();
    let machine = machine(&registry);
    for (name, new) in [("d", stable()), ("c", volatile())] {
        machine.create_child(&wide(name), &new).unwrap();
    }
    let part = Part::new();
    create(&part, &machine, "e");
    let new = volatile();
    part.with(|changes| changes.create(&machine, &wide("b"), false, &new).map(drop))
        .unwrap()
        .unwrap();
    let names = || {
        let subkey = |index| part.with(|changes| changes.subkey(&machine, index).ok())?;
        let names = (0..)
            .map_while(subkey)
            .map(|key| key.name().unwrap().to_vec());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(), ["d", "e", "b", "c"].map(wide));
    // A stable key cannot be made below a volatile one, here either.
    let below = machine.child(&wide("c")).unwrap();
    let new = stable();
    let refused = part.with(|changes| changes.create(&below, &wide("x"), false, &new).err());
    assert_eq!(refused, Some(Some(Status::CHILD_MUST_BE_VOLATILE)));
    part.commit();
    let names = (0..4).map(|index| machine.subkey(index).unwrap().name().unwrap().to_vec());
    assert!(names.eq(["d", "e", "b", "c"].map(wide)));
}

#[test]
fn a_change_that_fails_claims_nothing() {
    let registry = Registry::new();
    let machine = machine(&registry);
    let part = Part::new();
    let refused = part.with(|changes| {
        [
            changes.delete_value(&machine, &wide("none")).map(drop),
            changes.set_information(&machine, KeySetInfo::WriteTime, &[1]),
            changes.delete(&machine),
            changes.rename(&machine, &wide("other")),
        ]
    });
    let expected = [
        Status::OBJECT_NAME_NOT_FOUND,
        Status::INFO_LENGTH_MISMATCH,
        Status::CANNOT_DELETE,
        Status::ACCESS_DENIED,
    ];
    assert_eq!(refused.unwrap(), expected.map(Err));
    machine.set_value(&wide("a"), 3, &[]).unwrap();
    assert!(part.with(|_| ()).is_some(), "nobody was in the way");
}
