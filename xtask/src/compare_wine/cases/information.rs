//! All information classes with all sizes of the buffer, from none to one byte too many.

use registry_probe::Call;

use super::{ALL, CASE_INSENSITIVE, Case, REG_SZ, Script, bytes};

/// One byte more than the longest of the answers takes.
const LONGEST: u32 = 135;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // A class more than there are.
    for class in 0..=10 {
        cases.push(Script::case(&format!("information/key {class}"), |s| {
            prepare(s);
            for size in 0..=LONGEST {
                s.push(Call::QueryKey {
                    slot: 1,
                    class,
                    size,
                });
            }
        }));
        cases.push(Script::case(&format!("information/subkey {class}"), |s| {
            prepare(s);
            for index in [0, 1, 2, u32::MAX] {
                s.push(Call::EnumerateKey {
                    slot: 1,
                    index,
                    class,
                    size: LONGEST,
                });
            }
            for size in 0..=LONGEST {
                s.push(Call::EnumerateKey {
                    slot: 1,
                    index: 0,
                    class,
                    size,
                });
            }
        }));
    }
    for class in 0..=5 {
        cases.push(Script::case(&format!("information/value {class}"), |s| {
            prepare(s);
            for name in ["abc", "abcd", "", "empty", "none"] {
                for size in 0..=LONGEST {
                    s.push(Call::QueryValueKey {
                        slot: 1,
                        name: name.into(),
                        class,
                        size,
                    });
                }
            }
        }));
        cases.push(Script::case(&format!("information/entry {class}"), |s| {
            prepare(s);
            for index in [0, 1, 2, 3, 4, u32::MAX] {
                for size in (0..=LONGEST).filter(|size| index < 2 || size % 9 == 0) {
                    s.push(Call::EnumerateValueKey {
                        slot: 1,
                        index,
                        class,
                        size,
                    });
                }
            }
        }));
    }
    cases.push(Script::case("information/setting", |s| {
        s.create(1, 0, "set");
        for class in 0..=7 {
            for size in [0, 3, 4, 5, 8, 9] {
                s.push(Call::SetInformationKey {
                    slot: 1,
                    class,
                    data: vec![0; size],
                });
            }
        }
    }));
    cases
}

/// Puts a key into slot 1 whose name, and whose values' and subkeys' names, have an odd and an even
/// number of units, with class names and without.
fn prepare(s: &mut Script) {
    s.create_with(1, Some(0), "odd", ALL, CASE_INSENSITIVE, 0, Some("Cls"));
    s.create_with(2, Some(1), "sub", ALL, CASE_INSENSITIVE, 0, Some("Class"));
    s.create(3, 1, "next");
    // In the order of their names, so that the order in which they are enumerated is no matter.
    for (name, text) in [("", "d"), ("abc", "odd"), ("abcd", "even"), ("empty", "")] {
        s.set(1, name, REG_SZ, &bytes(text));
    }
}
