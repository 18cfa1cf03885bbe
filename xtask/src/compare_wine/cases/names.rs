//! Names of keys: what is well formed, what is the same, how long, how deep.

use registry_probe::{Call, Text};

use super::{ALL, CASE_INSENSITIVE, Case, READ, Script, VOLATILE, long};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Script::case("names/case", case),
        Script::case("names/length", length),
        Script::case("names/separators", separators),
        Script::case("names/units", units),
        Script::case("names/absolute", absolute),
        Script::case("names/missing", missing),
        Script::case("names/depth", depth),
        Script::case("names/volatile", volatile),
        Script::case("names/options", options),
        Script::case("names/class", class),
    ]
}

fn case(s: &mut Script) {
    s.create(1, 0, "Mixed Case");
    s.open(2, 0, "mIXED cASE");
    s.open_with(3, Some(0), "MIXED CASE", ALL, 0);
    s.create(4, 0, "mixed case");
    s.query_key(4, 0);
    // Letters beyond ASCII: a pair that has one unit each, and one that has not.
    s.create(5, 0, "Ärger ключ");
    s.open(6, 0, "äRGER КЛЮЧ");
    s.create(7, 0, "straße");
    s.open(8, 0, "STRASSE");
    // Not folded: letters of two units each.
    s.create(9, 0, Text(vec![0xD801, 0xDC00]));
    s.open(10, 0, Text(vec![0xD801, 0xDC28]));
    for index in 0..6 {
        s.enumerate(0, index);
    }
}

fn length(s: &mut Script) {
    for units in [1, 254, 255, 256, 257, 1000, 32_766] {
        s.create(1, 0, long(units));
        s.open(2, 0, long(units));
        s.close(1);
        s.close(2);
    }
    let mut inside = long(255);
    inside.0.push(u16::from(b'\\'));
    inside.0.push(u16::from(b'b'));
    s.create(1, 0, inside);
}

fn separators(s: &mut Script) {
    s.create(1, 0, "one");
    s.create(2, 1, "two");
    for name in [
        "",
        r"\",
        r"\\",
        r"\one",
        r"one\",
        r"one\\",
        r"one\two",
        r"one\\two",
        r"one\\\two\",
        r"one\two\\",
        "one/two",
        "/",
        ".",
        "..",
        r"one\..\one",
        " ",
    ] {
        s.open(3, 0, name);
    }
    for name in [
        r"",
        r"\",
        r"\three",
        r"three\",
        r"four\\",
        r"three\five",
        r"three\\six",
        r"none\seven",
        "eight/nine",
        ".",
        "..",
        " ",
        " led",
        "trailed ",
    ] {
        s.create(4, 0, name);
        s.query_key(4, 0);
    }
}

fn units(s: &mut Script) {
    for name in [
        Text(vec![0]),
        Text(vec![u16::from(b'a'), 0]),
        Text(vec![u16::from(b'a'), 0, u16::from(b'b')]),
        Text(vec![1]),
        Text(vec![0xD800]),
        Text(vec![0xFFFF]),
        Text::from("*?<>|\":"),
    ] {
        s.create(1, 0, name.clone());
        s.query_key(1, 0);
        s.open(2, 0, name);
    }
    s.open(3, 0, "a");
}

fn absolute(s: &mut Script) {
    for name in [
        r"\Registry",
        r"\REGISTRY",
        r"\Registry\",
        r"\Registry\\",
        r"\Registry\Machine",
        r"\Registry\\Machine",
        r"\\Registry\Machine",
        r"\Registry\Machine\SYSTEM\",
        r"\Registry\User",
        r"\Registry\Nothing",
        r"\Registry\Nothing\Below",
        r"\Nothing",
        r"\Nothing\Below",
        r"\Machine\SYSTEM",
        r"Registry\Machine",
        "Machine",
        "",
        r"\",
        r"\\",
        r"\\\",
        r"\RegistryX\Machine",
    ] {
        s.open_with(1, None, name, READ, CASE_INSENSITIVE);
        s.create_with(2, None, name, READ, CASE_INSENSITIVE, 0, None);
    }
    s.open_with(1, None, r"\registry\machine\system", READ, 0);
    s.query_key(0, 3);
    let path = s.path();
    s.open_with(
        3,
        None,
        path.to_uppercase().as_str(),
        READ,
        CASE_INSENSITIVE,
    );
    // A root that is none.
    s.open_with(4, Some(30), "below", READ, CASE_INSENSITIVE);
    s.create_with(4, Some(30), "below", READ, CASE_INSENSITIVE, 0, None);
}

fn missing(s: &mut Script) {
    s.open(1, 0, "nothing");
    s.open(1, 0, r"nothing\below");
    s.open(1, 0, r"nothing\below\that");
    s.create(1, 0, r"nothing\below");
    s.create(1, 0, r"nothing\below\that");
}

fn depth(s: &mut Script) {
    // The case's own key has three above it: \Registry, Machine and SYSTEM. The last is one too many.
    let mut at = 0;
    for _ in 4..=513 {
        let next = 1 + at % 2;
        s.create(next, at, "d");
        at = next;
    }
}

fn volatile(s: &mut Script) {
    s.create_option(1, 0, "volatile", VOLATILE);
    s.create(2, 1, "stable below");
    s.create_option(2, 1, "volatile below", VOLATILE);
    s.create(3, 0, "stable");
    s.create_option(4, 3, "volatile below stable", VOLATILE);
    // An option counts for a new key only.
    s.create_option(5, 0, "stable", VOLATILE);
    s.create(6, 5, "stable again");
    s.create(7, 0, "volatile");
    for index in 0..3 {
        s.enumerate(0, index);
    }
}

fn options(s: &mut Script) {
    for options in [4, 8, 0x10, 0x20, 0x40, 0x8000_0000] {
        s.create_option(1, 0, &format!("option {options:x}"), options);
    }
    s.create(2, 0, "there");
    for options in [0, 1, 2, 4, 8, 0x10, 0x20, 0x8000_0000] {
        s.push(Call::OpenKeyEx {
            slot: 3,
            root: Some(0),
            name: "there".into(),
            access: ALL,
            attributes: CASE_INSENSITIVE,
            options,
        });
    }
}

fn class(s: &mut Script) {
    for (at, class) in [None, Some(""), Some("Class"), Some("A class with blanks")]
        .into_iter()
        .enumerate()
    {
        let name = format!("class {at}");
        s.create_with(1, Some(0), name.as_str(), ALL, CASE_INSENSITIVE, 0, class);
        s.query_key(1, 1);
        s.query_key(1, 2);
    }
    // The class of a key that is there already stays.
    s.create_with(
        1,
        Some(0),
        "class 2",
        ALL,
        CASE_INSENSITIVE,
        0,
        Some("Another"),
    );
    s.query_key(1, 2);
    s.query_key(0, 2);
}
