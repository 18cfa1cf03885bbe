//! Hives that are whole: what is mounted is what the file says.

use std::io::Cursor;
use std::path::PathBuf;

use regf::hive::RegistryKey;
use regf::parser::HiveParser;
use regf::{DataType, HiveBuilder, KeyTreeNode, KeyTreeValue, RegistryHive};

use super::*;
use crate::registry::{HiveError, HiveReport, MAX_DEPTH, demo_hive};

pub(super) const SYSTEM: &str = r"\Registry\Machine\SYSTEM";

pub(super) fn mount(registry: &Registry, file: &[u8]) -> Result<HiveReport, HiveError> {
    registry.mount_at(&wide(SYSTEM), file)
}

pub(super) fn mounted(file: &[u8]) -> (Registry, Arc<Key>, HiveReport) {
    let registry = Registry::new();
    let report = mount(&registry, file).unwrap();
    let root = registry.open(&wide(SYSTEM), false).unwrap();
    (registry, root, report)
}

pub(super) fn hive(root: KeyTreeNode) -> Vec<u8> {
    HiveBuilder::from_tree(root).unwrap().to_bytes().unwrap()
}

/// The real hives, where there are any: `WDM_HIVES`, or `shared/data/hives` beside the repository.
pub(super) fn real_hives() -> Vec<PathBuf> {
    let folder = std::env::var_os("WDM_HIVES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hives"),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    if files.is_empty() {
        println!(
            "skipped: no hives in {}; set WDM_HIVES to a folder of them",
            folder.display()
        );
    }
    files.sort();
    files
}

fn unpacked(file: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    match file.starts_with(b"regf") {
        true => bytes.extend_from_slice(file),
        false => {
            lzma_rust2::XzReader::new(file, true)
                .read_to_end(&mut bytes)
                .unwrap();
        }
    }
    bytes
}

/// The hive crate's own readers of one file.
pub(super) struct Oracle {
    hive: RegistryHive,
    cells: HiveParser<Cursor<Vec<u8>>>,
}

impl Oracle {
    pub(super) fn new(file: Vec<u8>) -> regf::Result<Self> {
        let cells = HiveParser::new(Cursor::new(file.clone()))?;
        Ok(Self {
            hive: RegistryHive::from_bytes(file)?,
            cells,
        })
    }

    /// The cell of the root's security descriptor.
    pub(super) fn root_security(&self) -> u32 {
        self.hive.root_key().unwrap().raw_node().security_offset
    }

    /// Compares a mounted hive with the file, and counts its keys and values.
    pub(super) fn compare(&self, root: &Key) -> (usize, usize) {
        self.compare_key(root, &self.hive.root_key().unwrap(), true)
    }

    fn compare_key(&self, key: &Key, other: &RegistryKey<'_>, is_root: bool) -> (usize, usize) {
        let text = |wide: &[u16]| String::from_utf16(wide).unwrap();
        if !is_root {
            assert_eq!(name(key), other.name());
        }
        assert_eq!(
            text(key.class()),
            other.class_name().unwrap().unwrap_or_default()
        );
        assert_eq!(
            key.last_write_time().unwrap(),
            other.raw_node().last_written
        );
        let security = self
            .cells
            .read_key_security(other.raw_node().security_offset)
            .unwrap();
        assert_eq!(*key.security().unwrap(), *security.security_descriptor);
        assert_eq!(key.is_link(), other.raw_node().is_symlink());
        let values = other.values().unwrap();
        assert_eq!(key.value_count().unwrap(), values.len());
        for (index, other) in values.iter().enumerate() {
            let value = key.value_at(index).unwrap();
            assert_eq!(text(&value.name), other.name());
            assert_eq!(value.kind, other.raw_data_type());
            assert_eq!(*value.data, *other.raw_data().unwrap());
        }
        let mut subkeys = other.subkeys().unwrap();
        let stable: Vec<_> = key
            .subkeys()
            .unwrap()
            .into_iter()
            .filter(|key| !key.is_volatile())
            .collect();
        assert_eq!(stable.len(), subkeys.len());
        subkeys.sort_by_key(|key| crate::registry::upcase::upcase_name(&wide(&key.name())));
        let mut count = (1, values.len());
        for (key, other) in stable.iter().zip(&subkeys) {
            let (keys, values) = self.compare_key(key, other, false);
            count = (count.0 + keys, count.1 + values);
        }
        count
    }
}

/// Reads everything in a subtree, so that a flaw in it would show.
pub(super) fn walk(root: &Arc<Key>) -> usize {
    let mut keys = 0;
    let mut pending = vec![Arc::clone(root)];
    while let Some(key) = pending.pop() {
        keys += 1;
        assert!(!key.is_deleted());
        assert!(key.depth() <= MAX_DEPTH);
        key.full_name().unwrap();
        key.security().unwrap();
        for index in 0..key.value_count().unwrap() {
            let value = key.value_at(index).unwrap();
            assert_eq!(key.value(&value.name).unwrap(), value);
        }
        for child in key.subkeys().unwrap() {
            assert!(Arc::ptr_eq(
                &key.child(&child.name().unwrap()).unwrap(),
                &child
            ));
            pending.push(child);
        }
    }
    keys
}

#[test]
fn the_demo_hive_mounts_whole() {
    let file = demo_hive().unwrap();
    let (_registry, root, report) = mounted(&file);
    let (keys, values) = Oracle::new(file.clone()).unwrap().compare(&root);
    assert_eq!(
        (report.keys, report.values, report.bytes),
        (keys, values, file.len())
    );
    assert_eq!((report.lost, report.losses.len()), (0, 0));
    assert!((150..=300).contains(&keys), "{keys} keys");
}

#[test]
fn the_demo_hive_has_services_with_typed_values() {
    let (_registry, root, _) = mounted(&demo_hive().unwrap());
    let service = open(&root, r"ControlSet001\Services\GorseKeyGuard").unwrap();
    for (name, kind) in [
        ("Type", 4),
        ("Start", 4),
        ("ErrorControl", 4),
        ("ImagePath", 2),
        ("DisplayName", 1),
        ("Group", 1),
    ] {
        assert_eq!(service.value(&wide(name)).unwrap().kind, kind, "{name}");
    }
    let depends = open(&root, r"ControlSet001\Services\CedarScan").unwrap();
    assert_eq!(depends.value(&wide("DependOnService")).unwrap().kind, 7);
    let instances = open(&service, "Instances").unwrap();
    let instance = instances.value(&wide("DefaultInstance")).unwrap();
    let instance = crate::registry::from_bytes(&instance.data);
    let instance = instances
        .child(instance.strip_suffix(&[0]).unwrap())
        .unwrap();
    let altitude = instance.value(&wide("Altitude")).unwrap();
    assert_eq!(
        crate::registry::from_bytes(&altitude.data),
        wide("389990.5\0")
    );
}

#[test]
fn a_system_hive_gets_its_current_control_set() {
    let (registry, root, report) = mounted(&demo_hive().unwrap());
    assert_eq!(report.current_control_set, Some(1));
    let path = wide(r"\Registry\Machine\System\CurrentControlSet");
    let link = registry.open(&path, true).unwrap();
    assert!(link.is_link() && link.is_volatile());
    assert_eq!(
        subkey_names(&root).last().unwrap(),
        "CurrentControlSet",
        "volatile ones are last"
    );
    let followed = registry.open(&path, false).unwrap();
    assert_eq!(
        full_name(&followed),
        r"\REGISTRY\MACHINE\SYSTEM\ControlSet001"
    );
}

#[test]
fn a_control_set_that_does_not_exist_is_not_linked_to() {
    for current in [&7_u32.to_le_bytes()[..], &[1], &[]] {
        let mut root = KeyTreeNode::new("SYSTEM");
        root.get_or_create_path("ControlSet001");
        root.get_or_create_path("Select").values.push(KeyTreeValue {
            name: "Current".into(),
            data_type: DataType::Dword,
            data: current.to_vec(),
        });
        let (_registry, root, report) = mounted(&hive(root));
        assert_eq!(report.current_control_set, None);
        assert_eq!(subkey_names(&root), ["ControlSet001", "Select"]);
    }
}

#[test]
fn only_the_system_hive_gets_a_current_control_set() {
    let registry = Registry::new();
    let path = wide(r"\Registry\Machine\Other");
    let report = registry.mount_at(&path, &demo_hive().unwrap()).unwrap();
    assert_eq!(report.current_control_set, None);
}

#[test]
fn a_hive_is_mounted_on_a_free_name_below_an_existing_key() {
    let registry = Registry::new();
    let file = demo_hive().unwrap();
    mount(&registry, &file).unwrap();
    let status_at = |path| registry.mount_at(&wide(path), &file).unwrap_err().status();
    assert_eq!(
        status_at(r"\Registry\Machine\System"),
        Status::OBJECT_NAME_COLLISION
    );
    assert_eq!(
        status_at(r"\Registry\No\Where"),
        Status::OBJECT_NAME_NOT_FOUND
    );
    assert_eq!(
        status_at(r"Registry\Machine\X"),
        Status::OBJECT_PATH_SYNTAX_BAD
    );
    assert_eq!(status_at(""), Status::OBJECT_PATH_SYNTAX_BAD);
}

#[test]
fn a_mounted_hive_can_be_changed_and_its_root_not_deleted() {
    let (_registry, root, _) = mounted(&demo_hive().unwrap());
    open(&root, r"Setup\Status\SysprepStatus")
        .unwrap()
        .delete()
        .unwrap();
    make_path(&root, r"Setup\New")
        .set_value(&wide("v"), 1, b"x")
        .unwrap();
    assert_eq!(
        subkey_names(&open(&root, "Setup").unwrap()),
        ["New", "Status"]
    );
    assert_eq!(root.delete().unwrap_err(), Status::CANNOT_DELETE);
    assert_eq!(root.rename(&wide("X")).unwrap_err(), Status::ACCESS_DENIED);
}

#[test]
fn an_unmounted_hive_is_gone_with_all_its_keys() {
    let (registry, root, _) = mounted(&demo_hive().unwrap());
    let deep = open(&root, r"ControlSet001\Services").unwrap();
    for path in [r"\Registry\Machine", r"\Registry\Machine\System\Setup"] {
        assert_eq!(
            registry.unmount(&wide(path)).unwrap_err(),
            Status::INVALID_PARAMETER
        );
    }
    registry.unmount(&wide(SYSTEM)).unwrap();
    assert!(root.is_deleted() && deep.is_deleted());
    assert_eq!(
        registry.open(&wide(SYSTEM), false).unwrap_err(),
        Status::OBJECT_NAME_NOT_FOUND
    );
    mount(&registry, &demo_hive().unwrap()).unwrap();
    assert!(deep.is_deleted());
}

/// Where `pattern` begins in `file`; it must be there once.
pub(super) fn find(file: &[u8], pattern: &[u8]) -> usize {
    let mut found = file
        .windows(pattern.len())
        .enumerate()
        .filter(|(_, window)| *window == pattern);
    let (at, _) = found.next().expect("the pattern is in the file");
    assert!(found.next().is_none(), "the pattern is there once");
    at
}

/// A hive with one key, which holds one value, both with names that need UTF-16.
fn hive_with_wide_names() -> Vec<u8> {
    let mut root = KeyTreeNode::new("R");
    root.get_or_create_path("Ключ").values.push(KeyTreeValue {
        name: "Имя".into(),
        data_type: DataType::Binary,
        data: vec![1],
    });
    hive(root)
}

#[test]
fn names_that_are_no_unicode_text_are_kept() {
    let mut file = hive_with_wide_names();
    for text in ["Ключ", "Имя"] {
        let at = find(&file, &crate::registry::to_bytes(&wide(text)));
        file[at..at + 2].copy_from_slice(&0xD800_u16.to_le_bytes());
    }
    let (_registry, root, report) = mounted(&file);
    assert_eq!(report.lost, 0, "{:?}", report.losses);
    let key = root.subkey(0).unwrap();
    assert_eq!(key.name().unwrap()[..2], [0xD800, 0x043B]);
    assert_eq!(key.value_at(0).unwrap().name[..2], [0xD800, 0x043C]);
}

#[test]
fn links_classes_and_odd_data_are_kept() {
    let mut root = KeyTreeNode::new("R");
    let target = crate::registry::to_bytes(&wide(r"\Registry\Machine"));
    root.get_or_create_path("LinkKey")
        .values
        .push(KeyTreeValue {
            name: "SymbolicLinkValue".into(),
            data_type: DataType::Link,
            data: target,
        });
    let odd = root.get_or_create_path("Odd");
    for (name, kind, data) in [
        ("no data", 1, vec![]),
        ("odd length", 1, b"abc".to_vec()),
        ("odd type", 0xFFFF_1234, vec![1, 2, 3, 4, 5]),
        ("one", 11, vec![1]),
        ("four", 4, vec![1, 2, 3, 4]),
        ("segment", 3, vec![0x5A; 16_344]),
        ("segments", 3, (0..50_000_u32).map(|n| n as u8).collect()),
    ] {
        odd.values.push(KeyTreeValue {
            name: name.into(),
            data_type: DataType::Unknown(kind),
            data,
        });
    }
    let tree = root.clone();
    let mut file = hive(root);
    // The flags are 76 - 2 bytes before the name.
    let name = find(&file, b"LinkKey");
    file[name - 74] |= 0x10;
    let (registry, root, report) = mounted(&file);
    assert_eq!(report.lost, 0, "{:?}", report.losses);
    let followed = registry
        .open(&wide(&format!(r"{SYSTEM}\LinkKey")), false)
        .unwrap();
    assert_eq!(full_name(&followed), r"\REGISTRY\MACHINE");
    let odd = open(&root, "Odd").unwrap();
    let expected = &tree
        .children
        .iter()
        .find(|key| key.name == "Odd")
        .unwrap()
        .values;
    for (index, expected) in expected.iter().enumerate() {
        let value = odd.value_at(index).unwrap();
        let kind = u32::from(expected.data_type);
        assert_eq!(
            (value.kind, &*value.data),
            (kind, &*expected.data),
            "{}",
            expected.name
        );
    }
}

#[test]
fn the_real_hives_mount_and_agree_with_the_hive_crate() {
    for path in real_hives() {
        let shown = path.display();
        let packed = std::fs::read(&path).unwrap();
        let (_registry, root, report) = mounted(&packed);
        let keys = walk(&root) - usize::from(report.current_control_set.is_some());
        assert_eq!(keys, report.keys);
        let file = unpacked(&packed);
        assert_eq!(report.bytes, file.len());
        match Oracle::new(file) {
            Ok(other) => {
                assert_eq!((report.lost, &report.losses[..]), (0, &[][..]), "{shown}");
                let (keys, values) = other.compare(&root);
                assert_eq!((report.keys, report.values), (keys, values), "{shown}");
            }
            Err(refusal) => {
                assert!(report.lost > 0, "{shown}: {refusal}");
                assert_eq!(report.losses.len(), report.lost.min(100));
            }
        }
        println!(
            "{shown}: {} keys, {} values, {} lost",
            report.keys, report.values, report.lost
        );
    }
}
