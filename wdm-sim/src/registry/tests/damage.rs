//! Hives that are damaged, cut short, or no hives at all.

use proptest::prelude::*;
use regf::{DataType, HiveBuilder, KeyTreeNode, KeyTreeValue};

use super::hives::{SYSTEM, find, hive, mount, mounted, walk};
use super::*;
use crate::registry::{MAX_DEPTH, demo_hive};

#[test]
fn what_is_no_hive_is_refused_in_one_line() {
    let cut_short = &demo_hive().unwrap()[..3000];
    let mut old = demo_hive().unwrap();
    old[24..28].copy_from_slice(&1_u32.to_le_bytes());
    for (file, status) in [
        (&b""[..], Status::NOT_REGISTRY_FILE),
        (b"MZ\x90\0", Status::NOT_REGISTRY_FILE),
        (&[0; 8192], Status::NOT_REGISTRY_FILE),
        (b"\xFD7zXZ\0 and no more", Status::REGISTRY_CORRUPT),
        (b"regf", Status::REGISTRY_CORRUPT),
        (cut_short, Status::REGISTRY_CORRUPT),
        (&old, Status::REGISTRY_CORRUPT),
    ] {
        let registry = Registry::new();
        let error = mount(&registry, file).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
        let line = error.to_string();
        assert!(line.contains("SYSTEM") && !line.contains('\n'), "{line}");
        assert_eq!(
            subkey_names(&machine(&registry)),
            [""; 0],
            "nothing is left behind"
        );
    }
}

#[test]
fn a_key_whose_security_descriptor_is_lost_has_its_parents() {
    let mut file = demo_hive().unwrap();
    // The signatures of the cells with descriptors.
    let at = |file: &[u8]| file.windows(2).position(|bytes| bytes == b"sk");
    let mut cells = 0;
    while let Some(at) = at(&file) {
        file[at] = b'x';
        cells += 1;
    }
    assert!(cells > 0);
    let (registry, root, report) = mounted(&file);
    assert!(report.lost > 0, "{report:?}");
    assert!(report.losses[0].contains("its parent's"), "{report:?}");
    let above = registry.open(&wide(r"\Registry\Machine"), false).unwrap();
    let parents = above.security().unwrap();
    assert!(!parents.is_empty());
    assert_eq!(root.security().unwrap(), parents);
}

#[test]
fn a_file_that_is_cut_short_loads_what_is_there() {
    // Built key by key, the hive has its keys at the front and the values behind them.
    let mut builder = HiveBuilder::new_with_name("R").unwrap();
    let keys: Vec<u32> = (0..100)
        .map(|n| builder.create_key(&format!("Key{n:03}")).unwrap())
        .collect();
    for key in keys {
        builder
            .add_value(key, "v", DataType::Binary, &[1; 300])
            .unwrap();
    }
    let file = builder.to_bytes().unwrap();
    let (_registry, _, whole) = mounted(&file);
    assert_eq!((whole.keys, whole.values, whole.lost), (101, 100, 0));
    let (_registry, root, report) = mounted(&file[..file.len() / 4 * 3]);
    assert_eq!((report.keys, walk(&root)), (101, 101));
    assert!(
        (10..90).contains(&report.values),
        "{} values",
        report.values
    );
    // One loss for the file, one for each value.
    assert_eq!(report.lost, 1 + 100 - report.values);
    assert!(
        report.losses[0].contains("instead of"),
        "{}",
        report.losses[0]
    );
    // Built as a tree, it has its root at the end: nothing can be found without it.
    let file = demo_hive().unwrap();
    let error = mount(&Registry::new(), &file[..file.len() - 4096]).unwrap_err();
    assert!(
        error.to_string().contains("bytes of data instead of"),
        "{error}"
    );
}

#[test]
fn keys_that_lie_too_deep_are_lost_and_told() {
    // Key by key, as the hive crate builds a tree by recursion.
    let mut builder = HiveBuilder::new_with_name("R").unwrap();
    let mut key = builder.root_offset();
    for _ in 0..700 {
        key = builder.add_key(key, "d").unwrap();
    }
    let (_registry, root, report) = mounted(&builder.to_bytes().unwrap());
    // The hive's root lies at depth 2.
    assert_eq!(walk(&root), usize::from(MAX_DEPTH) - 1);
    assert_eq!(report.lost, 1);
    assert!(
        report.losses[0].contains("deeper than 512 levels"),
        "{}",
        report.losses[0]
    );
}

#[test]
fn a_small_file_cannot_claim_a_large_hive() {
    let mut root = KeyTreeNode::new("R");
    root.values = (0..300)
        .map(|n| KeyTreeValue {
            name: format!("value{n:03}"),
            data_type: DataType::Binary,
            data: vec![1; if n == 0 { 16_000 } else { 8 }],
        })
        .collect();
    let mut file = hive(root);
    // The size and place of a value's data lie 16 and 12 bytes before its name. All values now
    // claim the data of the first.
    let place = |n: u32| format!("value{n:03}");
    let first = find(&file, place(0).as_bytes());
    let data: [u8; 8] = file[first - 16..first - 8].try_into().unwrap();
    for n in 1..300 {
        let name = find(&file, place(n).as_bytes());
        file[name - 16..name - 8].copy_from_slice(&data);
    }
    let (_registry, root, report) = mounted(&file);
    let loaded: usize = (0..report.values)
        .map(|index| root.value_at(index).unwrap().data.len())
        .sum();
    assert!(
        loaded <= file.len(),
        "{loaded} bytes of data from {} of file",
        file.len()
    );
    assert_eq!(report.lost, 300 - report.values);
    assert!(
        report.losses[0].contains("cells are shared"),
        "{}",
        report.losses[0]
    );
}

#[test]
fn keys_that_contain_themselves_are_lost_and_told() {
    let mut root = KeyTreeNode::new("R");
    root.get_or_create_path(r"Loop\Inner");
    let mut file = hive(root);
    let bins = 4096;
    let cell_of = |file: &[u8], name: &[u8]| find(file, name) - 76 - 4 - bins;
    let (outer, inner) = (cell_of(&file, b"Loop"), cell_of(&file, b"Inner"));
    // The list of Loop's subkeys names Inner; now it names Loop.
    let list = u32::from_le_bytes(file[bins + outer + 32..][..4].try_into().unwrap());
    let element = bins + list as usize + 8;
    assert_eq!(file[element..element + 4], (inner as u32).to_le_bytes());
    file[element..element + 4].copy_from_slice(&(outer as u32).to_le_bytes());
    let (_registry, root, report) = mounted(&file);
    assert_eq!(walk(&root), 2);
    assert_eq!(report.lost, 1);
    assert!(
        report.losses[0].contains("used twice"),
        "{}",
        report.losses[0]
    );
}

/// Changes to a hive file: bytes set anywhere, 32-bit fields set to telling numbers, and a cut.
#[derive(Clone, Debug)]
struct Mutation {
    bytes: Vec<(prop::sample::Index, u8)>,
    fields: Vec<(prop::sample::Index, u32)>,
    cut: Option<prop::sample::Index>,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let field = prop_oneof![
        Just(u32::MAX),
        Just(0x8000_0000),
        Just(0),
        Just(0x20),
        (0..0x3000_u32).prop_map(|offset| offset & !7),
        any::<u32>(),
    ];
    let index = any::<prop::sample::Index>;
    (
        prop::collection::vec((index(), any::<u8>()), 0..40),
        prop::collection::vec((index(), field), 0..20),
        prop::option::weighted(0.2, index()),
    )
        .prop_map(|(bytes, fields, cut)| Mutation { bytes, fields, cut })
}

impl Mutation {
    fn apply(&self, file: &mut Vec<u8>) {
        for (at, byte) in &self.bytes {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        for (at, field) in &self.fields {
            let at = at.index(file.len() / 4 - 1) * 4;
            file[at..at + 4].copy_from_slice(&field.to_le_bytes());
        }
        if let Some(cut) = &self.cut {
            file.truncate(cut.index(file.len()));
        }
    }
}

/// A hive so small that random changes hit something.
fn tiny_hive() -> Vec<u8> {
    let mut root = KeyTreeNode::new("R");
    for path in [r"A\B\C", r"A\D", "E", "Ключ"] {
        let key = root.get_or_create_path(path);
        for (name, length) in [("", 0), ("v", 4), ("Имя", 9), ("long", 100)] {
            key.values.push(KeyTreeValue {
                name: name.into(),
                data_type: DataType::Binary,
                data: vec![7; length],
            });
        }
    }
    root.values.push(KeyTreeValue {
        name: "big".into(),
        data_type: DataType::Binary,
        data: vec![9; 40_000],
    });
    hive(root)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_hive_never_panics_and_what_loads_is_sound(mutation in mutation(), tiny: bool) {
        let mut file = if tiny { tiny_hive() } else { demo_hive().unwrap() };
        mutation.apply(&mut file);
        let registry = Registry::new();
        if let Ok(report) = mount(&registry, &file) {
            let root = registry.open(&wide(SYSTEM), false).unwrap();
            let keys = walk(&root) - usize::from(report.current_control_set.is_some());
            prop_assert_eq!(keys, report.keys);
            prop_assert_eq!(report.lost.min(100), report.losses.len());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, magic in 0..3_usize) {
        let mut file = [&b""[..], b"regf", b"\xFD7zXZ\0"][magic].to_vec();
        file.extend(bytes);
        prop_assert!(mount(&Registry::new(), &file).is_err());
    }
}
