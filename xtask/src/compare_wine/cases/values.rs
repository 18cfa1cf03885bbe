//! Values: names, types, data, order.

use registry_probe::{Call, Text};

use super::{Case, REG_BINARY, REG_DWORD, REG_LINK, REG_SZ, ROOMY, Script, bytes, long};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Script::case("values/names", names),
        Script::case("values/nul", nul),
        Script::case("values/length", length),
        Script::case("values/types", types),
        Script::case("values/data", data),
        Script::case("values/order", order),
        Script::case("values/several", several),
    ]
}

fn names(s: &mut Script) {
    s.set(0, "Mixed Case", REG_DWORD, &[1, 0, 0, 0]);
    s.query(0, "mIXED cASE");
    s.set(0, "MIXED CASE", REG_DWORD, &[2, 0, 0, 0]);
    s.enumerate_value(0, 0);
    s.enumerate_value(0, 1);
    // The name that a query by name answers with.
    s.push(Call::QueryValueKey {
        slot: 0,
        name: "mixed CASE".into(),
        class: 1,
        size: ROOMY,
    });
    for name in ["", r"\", r"a\b", r"\a\", "a/b", " ", "Ä ключ", "*"] {
        s.set(0, name, REG_SZ, &bytes(name));
        s.query(0, name);
    }
    s.query(0, "ä КЛЮЧ");
    s.delete_value(0, "mixed case");
    s.delete_value(0, "mixed case");
    s.query(0, "mixed case");
    s.delete_value(0, "");
    s.delete_value(0, "");
}

fn nul(s: &mut Script) {
    for name in [
        Text(vec![0]),
        Text(vec![u16::from(b'a'), 0]),
        Text(vec![u16::from(b'a'), 0, u16::from(b'b')]),
    ] {
        s.set(0, name.clone(), REG_BINARY, &[1]);
        s.query(0, name);
    }
    s.query(0, "a");
    for index in 0..4 {
        s.enumerate_value(0, index);
    }
}

fn length(s: &mut Script) {
    for units in [16_382, 16_383, 16_384, 32_000] {
        s.query(0, long(units));
        s.delete_value(0, long(units));
        s.set(0, long(units), REG_BINARY, &[1]);
        s.query(0, long(units));
        s.delete_value(0, long(units));
    }
}

fn types(s: &mut Script) {
    for kind in [0, 1, 4, 7, 11, 12, 100, 0xFFFF_0000, u32::MAX] {
        // Data that do not fit the type.
        s.set(0, "v", kind, &[1, 2, 3]);
        s.query(0, "v");
    }
    s.set(0, "SymbolicLinkValue", REG_LINK, &bytes(r"\Registry"));
    s.query(0, "SymbolicLinkValue");
}

fn data(s: &mut Script) {
    for size in [0_usize, 1, 2, 3, 4, 5, 8, 255, 1024, 16_344, 16_345, 70_000] {
        let data: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        s.set(0, "data", REG_BINARY, &data);
        s.query(0, "data");
        s.push(Call::QueryValueKey {
            slot: 0,
            name: "data".into(),
            class: 2,
            size: size as u32 + 12,
        });
        s.query_key(0, 4);
    }
    s.set(0, "data", REG_BINARY, &[]);
    for class in 0..3 {
        s.push(Call::EnumerateValueKey {
            slot: 0,
            index: 0,
            class,
            size: ROOMY,
        });
    }
}

fn order(s: &mut Script) {
    for name in ["zebra", "Ant", "bee", "", "cow"] {
        s.set(0, name, REG_SZ, &bytes(name));
    }
    s.delete_value(0, "bee");
    s.set(0, "ant", REG_SZ, &bytes("again"));
    s.set(0, "bee", REG_SZ, &bytes("back"));
    for index in 0..6 {
        s.enumerate_value(0, index);
    }
    for index in [u32::MAX, 0x7FFF_FFFF, 0x8000_0000] {
        s.enumerate_value(0, index);
    }
    s.query_key(0, 2);
    // What the longest were.
    s.set(
        0,
        "the longest name of all",
        REG_SZ,
        &bytes("and the longest data"),
    );
    s.query_key(0, 2);
    s.delete_value(0, "the longest name of all");
    s.query_key(0, 2);
}

fn several(s: &mut Script) {
    s.set(0, "one", REG_BINARY, &[1]);
    s.set(0, "two", REG_BINARY, &[1, 2, 3, 4, 5]);
    for names in [&[][..], &["one"], &["one", "two"], &["two", "none"]] {
        for size in [0, 1, 4, 8, 9, 64] {
            s.push(Call::QueryMultipleValueKey {
                slot: 0,
                size,
                names: names.iter().map(|&name| name.into()).collect(),
            });
        }
    }
}
