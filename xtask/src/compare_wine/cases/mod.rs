//! What is compared: scripts of system calls, each in a key of its own.

mod access;
mod information;
mod lifetime;
mod links;
mod names;
mod random;
mod values;

use registry_probe::{Call, Text};

/// Rights.
const ALL: u32 = 0xF_003F;
const READ: u32 = 0x2_0019;
/// `OBJ_CASE_INSENSITIVE`.
const CASE_INSENSITIVE: u32 = 0x40;
/// `OBJ_OPENLINK`.
const OPEN_LINK: u32 = 0x100;
/// `REG_OPTION_VOLATILE`.
const VOLATILE: u32 = 1;
/// `REG_OPTION_CREATE_LINK`.
const CREATE_LINK: u32 = 2;
const REG_SZ: u32 = 1;
const REG_BINARY: u32 = 3;
const REG_DWORD: u32 = 4;
const REG_LINK: u32 = 6;

/// The slot of the case's own key.
const BASE: u32 = 0;
/// Room for any answer of the cases.
const ROOMY: u32 = 600;

/// A script with a name.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it is about, `topic/detail`.
    pub(crate) name: String,
    /// Its calls. They begin with no handles, and with the case's own key in slot 0.
    pub(crate) calls: Vec<Call>,
}

/// All cases, always the same.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for topic in [
        names::cases,
        values::cases,
        information::cases,
        lifetime::cases,
        links::cases,
        access::cases,
        random::cases,
    ] {
        cases.extend(topic());
    }
    cases
}

/// The absolute name of a case's own key.
fn path(case: &str) -> String {
    format!(
        r"\Registry\Machine\SYSTEM\Compared {}",
        case.replace('/', " ")
    )
}

/// Writes a case: calls with what most of them have in common left out.
struct Script(Case);

impl Script {
    /// Begins a case with its own key, which has all rights.
    fn new(name: &str) -> Self {
        let mut script = Self(Case {
            name: name.to_owned(),
            calls: vec![Call::Reset {}],
        });
        script.create_with(
            BASE,
            None,
            path(name).as_str(),
            ALL,
            CASE_INSENSITIVE,
            0,
            None,
        );
        script
    }

    /// A case whose calls a function adds.
    fn case(name: &str, calls: impl FnOnce(&mut Self)) -> Case {
        let mut script = Self::new(name);
        calls(&mut script);
        script.0
    }

    /// The absolute name of the case's own key.
    fn path(&self) -> String {
        path(&self.0.name)
    }

    fn push(&mut self, call: Call) {
        self.0.calls.push(call);
    }

    #[expect(clippy::too_many_arguments, reason = "so many has the call")]
    fn create_with(
        &mut self,
        slot: u32,
        root: Option<u32>,
        name: impl Into<Text>,
        access: u32,
        attributes: u32,
        options: u32,
        class: Option<&str>,
    ) {
        self.push(Call::CreateKey {
            slot,
            root,
            name: name.into(),
            access,
            attributes,
            options,
            class: class.map(Text::from),
        });
    }

    /// Creates a key below another.
    fn create(&mut self, slot: u32, root: u32, name: impl Into<Text>) {
        self.create_with(slot, Some(root), name, ALL, CASE_INSENSITIVE, 0, None);
    }

    fn create_option(&mut self, slot: u32, root: u32, name: &str, options: u32) {
        self.create_with(slot, Some(root), name, ALL, CASE_INSENSITIVE, options, None);
    }

    fn open_with(
        &mut self,
        slot: u32,
        root: Option<u32>,
        name: impl Into<Text>,
        access: u32,
        attributes: u32,
    ) {
        self.push(Call::OpenKey {
            slot,
            root,
            name: name.into(),
            access,
            attributes,
        });
    }

    /// Opens a key below another.
    fn open(&mut self, slot: u32, root: u32, name: impl Into<Text>) {
        self.open_with(slot, Some(root), name, ALL, CASE_INSENSITIVE);
    }

    fn close(&mut self, slot: u32) {
        self.push(Call::Close { slot });
    }

    fn delete(&mut self, slot: u32) {
        self.push(Call::DeleteKey { slot });
    }

    fn flush(&mut self, slot: u32) {
        self.push(Call::FlushKey { slot });
    }

    fn rename(&mut self, slot: u32, name: impl Into<Text>) {
        self.push(Call::RenameKey {
            slot,
            name: name.into(),
        });
    }

    fn set(&mut self, slot: u32, name: impl Into<Text>, kind: u32, data: &[u8]) {
        self.push(Call::SetValueKey {
            slot,
            name: name.into(),
            kind,
            data: data.to_vec(),
        });
    }

    fn delete_value(&mut self, slot: u32, name: impl Into<Text>) {
        self.push(Call::DeleteValueKey {
            slot,
            name: name.into(),
        });
    }

    /// Reads a value as `KeyValuePartialInformation`.
    fn query(&mut self, slot: u32, name: impl Into<Text>) {
        self.push(Call::QueryValueKey {
            slot,
            name: name.into(),
            class: 2,
            size: ROOMY,
        });
    }

    fn query_key(&mut self, slot: u32, class: u32) {
        self.push(Call::QueryKey {
            slot,
            class,
            size: ROOMY,
        });
    }

    fn enumerate(&mut self, slot: u32, index: u32) {
        self.push(Call::EnumerateKey {
            slot,
            index,
            class: 0,
            size: ROOMY,
        });
    }

    fn enumerate_value(&mut self, slot: u32, index: u32) {
        self.push(Call::EnumerateValueKey {
            slot,
            index,
            class: 1,
            size: ROOMY,
        });
    }
}

/// `count` times the letter `a`.
fn long(count: usize) -> Text {
    Text(vec![u16::from(b'a'); count])
}

/// A text as the bytes of a value, without a NUL.
fn bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_call_survives_its_line() {
        let cases = all();
        let names: HashSet<_> = cases.iter().map(|case| &case.name).collect();
        assert_eq!(names.len(), cases.len());
        for call in cases.iter().flat_map(|case| &case.calls) {
            assert_eq!(Call::from_line(&call.to_line()).as_ref(), Some(call));
        }
    }

    #[test]
    fn every_system_call_is_in_a_case() {
        let cases = all();
        let calls = cases.iter().flat_map(|case| &case.calls);
        let names: HashSet<_> = calls.map(Call::name).collect();
        assert_eq!(names.len(), 17, "{names:?}");
    }
}
