//! Rights of handles: each call with a handle that has one right, all of them, or none of use.

use registry_probe::Call;

use super::lifetime::everything;
use super::{ALL, CASE_INSENSITIVE, Case, REG_DWORD, Script};

pub(super) fn cases() -> Vec<Case> {
    let rights = [
        ("query value", 0x1),
        ("set value", 0x2),
        ("create subkey", 0x4),
        ("enumerate", 0x8),
        ("notify", 0x10),
        ("create link", 0x20),
        ("delete", 0x1_0000),
        ("read control", 0x2_0000),
        ("write dac", 0x4_0000),
        ("write owner", 0x8_0000),
        ("read", 0x2_0019),
        ("write", 0x2_0006),
        ("all", ALL),
        ("maximum", 0x200_0000),
        ("generic read", 0x8000_0000),
        ("generic write", 0x4000_0000),
        ("generic execute", 0x2000_0000),
        ("generic all", 0x1000_0000),
        ("view 32", ALL | 0x200),
        ("view 64", ALL | 0x100),
    ];
    let cases = rights.map(|(name, access)| {
        Script::case(&format!("access/{name}"), |s| {
            s.create(1, 0, "key");
            s.set(1, "a value!", REG_DWORD, &[0; 4]);
            s.create(2, 1, "child");
            s.close(2);
            s.open_with(3, Some(0), "key", access, CASE_INSENSITIVE);
            for wanted in [1, 4, 8] {
                s.push(Call::QuerySecurityObject {
                    slot: 3,
                    wanted,
                    size: 0,
                });
            }
            for class in 0..=9 {
                s.query_key(3, class);
            }
            everything(s, 3);
            s.create_with(4, Some(0), "new", access, CASE_INSENSITIVE, 0, None);
            s.create(5, 4, "below");
        })
    });
    let mut cases = Vec::from(cases);
    cases.push(Script::case("access/none for keys", |s| {
        // None at all, the right to wait, and one without a meaning.
        for access in [0, 0x10_0000, 0x80] {
            s.open_with(1, None, s.path().as_str(), access, CASE_INSENSITIVE);
        }
    }));
    cases
}
