//! Hives that this crate wrote: they hold what the registry held, by its own reader, by the hive
//! crate's, and by one that knows neither.

use proptest::prelude::*;
use regf::structures::KeySecurity;

use super::hives::{Oracle, SYSTEM, mount, mounted, real_hives};
use super::*;
use crate::registry::{HiveReport, Snapshot, Version, demo_hive, hive, write};

const VERSIONS: [Version; 2] = [Version::Standard, Version::Latest];

fn saved(root: &Arc<Key>, version: Version) -> Vec<u8> {
    write(&Snapshot::of(root).unwrap(), version).unwrap()
}

/// Compares two trees, the volatile keys of the first and the roots' names left out; gives the
/// number of keys.
pub(super) fn assert_same(one: &Arc<Key>, other: &Arc<Key>) -> usize {
    let mut keys = 0;
    let mut pending = vec![(Arc::clone(one), Arc::clone(other))];
    while let Some((one, other)) = pending.pop() {
        keys += 1;
        let shown = String::from_utf16_lossy(&one.full_name().unwrap());
        assert_eq!(one.class(), other.class(), "{shown}");
        assert_eq!(one.is_link(), other.is_link(), "{shown}");
        assert_eq!(
            one.last_write_time().unwrap(),
            other.last_write_time().unwrap(),
            "{shown}"
        );
        let security = one.security().unwrap();
        match security.is_empty() {
            true => assert_eq!(
                *other.security().unwrap(),
                *KeySecurity::new_default().security_descriptor
            ),
            false => assert_eq!(security, other.security().unwrap(), "{shown}"),
        }
        let values = |key: &Key| -> Vec<_> {
            let number = key.value_count().unwrap();
            (0..number).map(|at| key.value_at(at).unwrap()).collect()
        };
        assert_eq!(values(&one), values(&other), "{shown}");
        let mut subkeys = one.subkeys().unwrap();
        subkeys.retain(|key| !key.is_volatile());
        let others = other.subkeys().unwrap();
        let others: Vec<_> = others.iter().filter(|key| !key.is_volatile()).collect();
        assert_eq!(subkeys.len(), others.len(), "{shown}");
        for (one, other) in subkeys.into_iter().zip(others) {
            assert_eq!(one.name(), other.name());
            pending.push((one, Arc::clone(other)));
        }
    }
    keys
}

/// Compares a mounted hive with what an independent reader finds in the file: names, times, and
/// values; gives the number of keys.
fn assert_independent_reader_agrees(root: &Arc<Key>, file: Vec<u8>) -> usize {
    let hive = winreg_core::hive::Hive::from_bytes(file).unwrap();
    assert!(hive.is_clean());
    let mut keys = 0;
    let mut pending = vec![(Arc::clone(root), hive.root_key().unwrap())];
    while let Some((key, other)) = pending.pop() {
        keys += 1;
        assert_eq!(key.last_write_time().unwrap(), other.last_written_raw());
        let values = other.values().unwrap();
        assert_eq!(key.value_count().unwrap(), values.len());
        for (at, other) in values.iter().enumerate() {
            let value = key.value_at(at).unwrap();
            assert_eq!(String::from_utf16_lossy(&value.name), other.name());
            assert_eq!(*value.data, *other.raw_data().unwrap(), "{}", other.name());
        }
        let mut subkeys = key.subkeys().unwrap();
        subkeys.retain(|key| !key.is_volatile());
        let others = other.subkeys().unwrap();
        assert_eq!(subkeys.len(), others.len());
        for (key, other) in subkeys.into_iter().zip(others) {
            assert_eq!(name(&key), other.name());
            pending.push((key, other));
        }
    }
    keys
}

/// Saves the tree at `root` and mounts what was saved.
fn saved_and_mounted(root: &Arc<Key>, version: Version) -> (Vec<u8>, Arc<Key>, HiveReport) {
    let file = saved(root, version);
    let registry = Registry::new();
    let path = wide(r"\Registry\Machine\Saved");
    let report = registry.mount_at(&path, &file).unwrap();
    assert_eq!((report.lost, &report.losses[..]), (0, &[][..]));
    assert!(!report.dirty);
    let again = registry.open(&path, false).unwrap();
    assert_eq!(assert_same(root, &again), report.keys);
    (file, again, report)
}

/// As [`saved_and_mounted`], and asks the other readers.
fn assert_all_readers_agree(root: &Arc<Key>, version: Version) {
    let (file, again, report) = saved_and_mounted(root, version);
    let (keys, values) = Oracle::new(file.clone()).unwrap().compare(&again);
    assert_eq!((keys, values), (report.keys, report.values));
    assert_eq!(assert_independent_reader_agrees(&again, file), report.keys);
}

fn assert_round_trip(root: &Arc<Key>) {
    for version in VERSIONS {
        assert_all_readers_agree(root, version);
    }
}

#[test]
fn a_saved_hive_holds_what_the_registry_held() {
    let (_registry, root, _) = mounted(&demo_hive().unwrap());
    assert_round_trip(&root);
}

#[test]
fn the_real_hives_are_saved_as_they_are() {
    for path in real_hives() {
        let (_registry, root, report) = mounted(&std::fs::read(&path).unwrap());
        assert_all_readers_agree(&root, Version::Latest);
        let (file, _, saved) = saved_and_mounted(&root, Version::Standard);
        println!(
            "{}: {} keys, {} bytes of {}",
            path.display(),
            saved.keys,
            file.len(),
            report.bytes
        );
    }
}

#[test]
fn every_kind_of_key_and_value_is_saved() {
    let registry = Registry::new();
    let root = make_path(&machine(&registry), "Root");
    let class = NewKey {
        class: &wide("Klasse \u{416}"),
        ..NewKey::default()
    };
    create(&root, "WithClass", &class).unwrap();
    let (linked, _) = create(&root, "Linked", &link()).unwrap();
    linked.set_link_target(&wide(r"\Registry\Machine")).unwrap();
    for name in ["narrow \u{e9}", "wide \u{416}", "\u{1F600}"] {
        let key = make_path(&root, name);
        key.set_security(Arc::from(name.as_bytes())).unwrap();
        for (number, length) in [0, 1, 4, 5, 16_344, 16_345, 32_688, 200_000]
            .into_iter()
            .enumerate()
        {
            let data: Vec<u8> = (0..length).map(|byte| (byte * 7) as u8).collect();
            let name = wide(&format!("{name} {length}"));
            key.set_value(&name, number as u32 * 1000, &data).unwrap();
        }
        key.set_value(&[], 1, b"default").unwrap();
    }
    assert_round_trip(&root);
}

#[test]
fn names_that_other_readers_refuse_are_saved() {
    let registry = Registry::new();
    let root = make_path(&machine(&registry), "Root");
    let odd = [0xD800, 0, 0x43B];
    let (key, _) = root.create_child(&odd, &stable()).unwrap();
    key.set_value(&odd, 3, &[1]).unwrap();
    let file = saved(&root, Version::Latest);
    let (_registry, again, report) = mounted(&file);
    assert_eq!(report.lost, 0);
    assert_eq!(assert_same(&root, &again), 2);
}

#[test]
fn long_lists_of_subkeys_are_saved_in_leaves() {
    let registry = Registry::new();
    let root = make_path(&machine(&registry), "Root");
    for number in 0..3_000 {
        make_path(&root, &format!("Key{number}"));
    }
    assert_round_trip(&root);
}

#[test]
fn volatile_keys_and_mounted_hives_are_not_saved() {
    let registry = Registry::new();
    let root = make_path(&machine(&registry), "Root");
    make_path(&root, "Stable");
    create(&root, "Volatile", &volatile()).unwrap();
    let path = wide(r"\Registry\Machine\Root\Hive");
    registry.mount_at(&path, &demo_hive().unwrap()).unwrap();
    let (_registry, again, _) = mounted(&saved(&root, Version::Latest));
    assert_eq!(subkey_names(&again), ["Stable"]);
}

#[test]
fn descriptors_are_shared_and_counted() {
    let (_registry, root, report) = mounted(&demo_hive().unwrap());
    let file = saved(&root, Version::Latest);
    let cells = regf::parser::HiveParser::new(std::io::Cursor::new(file.clone())).unwrap();
    let hive = Oracle::new(file).unwrap();
    let first = hive.root_security();
    let mut users = 0;
    let mut at = first;
    loop {
        let cell = cells.read_key_security(at).unwrap();
        users += cell.reference_count as usize;
        assert_eq!(cells.read_key_security(cell.flink).unwrap().blink, at);
        at = cell.flink;
        if at == first {
            break;
        }
    }
    assert_eq!(users, report.keys);
}

#[test]
fn a_hive_with_nothing_in_it_can_be_mounted() {
    let file = write(&Snapshot::empty(&wide("New")), Version::Latest).unwrap();
    let (_registry, root, report) = mounted(&file);
    assert_eq!((report.keys, report.lost), (1, 0));
    assert!(!root.security().unwrap().is_empty());
    hive::check(&wide("New"), &file).unwrap();
}

#[test]
fn h4_a_merge_has_the_keys_of_both_and_the_values_of_the_higher() {
    let registry = Registry::new();
    let high = make_path(&machine(&registry), "High");
    let low = make_path(&machine(&registry), "Low");
    for (root, path, value) in [
        (&high, r"Both\OnlyHigh", "h"),
        (&high, "BOTH", "h"),
        (&low, "Both", "l"),
        (&low, r"Both\OnlyLow\Deep", "l"),
        (&low, "Rest", "l"),
    ] {
        make_path(root, path)
            .set_value(&wide(value), 1, &[])
            .unwrap();
    }
    let merged = Snapshot::merged(&high, &low).unwrap();
    let (_registry, root, report) = mounted(&write(&merged, Version::Latest).unwrap());
    assert_eq!(report.lost, 0, "{:?}", report.losses);
    assert_eq!(subkey_names(&root), ["Both", "Rest"]);
    let both = open(&root, "Both").unwrap();
    assert_eq!(value_names(&both), ["h"]);
    assert_eq!(subkey_names(&both), ["OnlyHigh", "OnlyLow"]);
    assert_eq!(value_names(&open(&both, r"OnlyLow\Deep").unwrap()), ["l"]);
}

#[test]
fn a_restored_key_stays_itself_and_has_the_files_contents() {
    let registry = Registry::new();
    mount(&registry, &demo_hive().unwrap()).unwrap();
    let setup = registry
        .open(&wide(&format!(r"{SYSTEM}\Setup")), false)
        .unwrap();
    let file = saved(&setup, Version::Standard);
    let before = Snapshot::of(&setup).unwrap().keys.len();
    let id = setup.id();
    let status = open(&setup, "Status").unwrap();
    setup.set_value(&wide("New"), 1, &[]).unwrap();
    make_path(&setup, r"New\Deep");
    let report = setup.restore(&file, false).unwrap();
    assert_eq!((report.keys, report.lost), (before, 0));
    assert_eq!(setup.id(), id);
    assert!(status.is_deleted());
    assert_eq!(
        open(&setup, "New").unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
    assert_eq!(
        full_name(&open(&setup, "Status").unwrap()),
        r"\REGISTRY\MACHINE\SYSTEM\Setup\Status"
    );
    assert!(saved(&setup, Version::Standard)[4096..] == file[4096..]);
    // The new keys are like any other.
    open(&setup, r"Status\SysprepStatus")
        .unwrap()
        .delete()
        .unwrap();
}

#[test]
fn what_is_restored_below_a_volatile_key_is_volatile() {
    let registry = Registry::new();
    let root = make_path(&machine(&registry), "Root");
    make_path(&root, r"A\B");
    let file = saved(&root, Version::Latest);
    let (target, _) = create(&machine(&registry), "Target", &volatile()).unwrap();
    target.restore(&file, false).unwrap();
    assert!(open(&target, r"A\B").unwrap().is_volatile());
    let (stable, _) = create(&root, "Stable", &stable()).unwrap();
    stable.restore(&file, true).unwrap();
    assert!(open(&stable, "A").unwrap().is_volatile());
}

#[test]
fn a_restore_leaves_mounted_hives_and_fails_whole() {
    let registry = Registry::new();
    mount(&registry, &demo_hive().unwrap()).unwrap();
    let machine = machine(&registry);
    let root = make_path(&machine, "Root");
    make_path(&root, "New");
    let file = saved(&root, Version::Latest);
    machine.restore(&file, true).unwrap();
    assert_eq!(subkey_names(&machine), ["SYSTEM", "New"]);
    let colliding = {
        let root = root_of(&file);
        make_path(&root, "system");
        saved(&root, Version::Latest)
    };
    let error = machine.restore(&colliding, true).unwrap_err();
    assert_eq!(error.status(), Status::OBJECT_NAME_COLLISION);
    let error = machine.restore(b"MZ", true).unwrap_err();
    assert_eq!(error.status(), Status::NOT_REGISTRY_FILE);
    assert_eq!(subkey_names(&machine), ["SYSTEM", "New"]);
    assert_eq!(
        registry.root().restore(&file, true).unwrap_err().status(),
        Status::ACCESS_DENIED
    );
}

/// The root of a hive that is mounted in a registry of its own.
fn root_of(file: &[u8]) -> Arc<Key> {
    let (registry, root, _) = mounted(file);
    // The key's parent is needed for its name only.
    drop(registry);
    root
}

/// A tree of keys with values, made by the steps of a walk.
#[derive(Clone, Debug)]
struct Step {
    up: usize,
    name: String,
    class: String,
    security: Vec<u8>,
    values: Vec<(String, u32, Vec<u8>)>,
}

fn step() -> impl Strategy<Value = Step> {
    let name = "[a-zA-Z\u{e9}\u{416}\u{1F600} ]{1,6}";
    let data = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..20),
        1 => prop::collection::vec(any::<u8>(), 16_300..16_400),
        1 => prop::collection::vec(any::<u8>(), 32_600..40_000),
    ];
    let value = ("[a-z\u{416}]{0,4}", any::<u32>(), data);
    (
        0..4_usize,
        name,
        "[a-z]{0,3}",
        prop::collection::vec(any::<u8>(), 0..3),
        prop::collection::vec(value, 0..4),
    )
        .prop_map(|(up, name, class, security, values)| Step {
            up,
            name,
            class,
            security,
            values,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_tree_is_saved_as_it_is(steps in prop::collection::vec(step(), 0..60)) {
        let registry = Registry::new();
        let root = make_path(&machine(&registry), "Root");
        let mut path = vec![Arc::clone(&root)];
        for step in &steps {
            path.truncate(path.len().saturating_sub(step.up).max(1));
            let class = wide(&step.class);
            let security: Arc<[u8]> = step.security.as_slice().into();
            let new = NewKey {
                class: &class,
                security: NewSecurity::Is(security),
                ..NewKey::default()
            };
            let above = path.last().unwrap();
            let (key, _) = above.create_child(&wide(&step.name), &new).unwrap();
            for (name, kind, data) in &step.values {
                key.set_value(&wide(name), *kind, data).unwrap();
            }
            path.push(key);
        }
        assert_round_trip(&root);
    }
}
