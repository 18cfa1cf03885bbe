//! Process Monitor's names for keys, rights, results and data.

use wdm_sim::{KeyAccess, Status};
use wdm_sys::{REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_QWORD, REG_SZ};

/// Where the roots are. A recording does not say whose `HKCU` it is, so all have the same.
const ROOTS: [(&str, &str); 5] = [
    ("HKLM", r"\REGISTRY\MACHINE"),
    ("HKU", r"\REGISTRY\USER"),
    ("HKCU", r"\REGISTRY\USER\.DEFAULT"),
    ("HKCR", r"\REGISTRY\MACHINE\SOFTWARE\Classes"),
    (
        "HKCC",
        r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Hardware Profiles\Current",
    ),
];

/// The most bytes of a value that are made up to the recorded length.
const MAX_DATA: usize = 1 << 20;

/// The kernel's name of a path.
pub(super) fn absolute(path: &str) -> String {
    let (root, rest) = match path.find('\\') {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let known = ROOTS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(root));
    match known {
        Some((_, place)) => format!("{place}{rest}"),
        None => path.to_owned(),
    }
}

/// What Process Monitor calls a status: `NAME NOT FOUND` for `STATUS_OBJECT_NAME_NOT_FOUND`.
pub(super) fn result(status: Status) -> String {
    match status.name() {
        Some(name) => name
            .strip_prefix("OBJECT_")
            .unwrap_or(name)
            .replace('_', " "),
        None => status.to_string(),
    }
}

/// The part of the detail behind `label:`, up to the next label.
pub(super) fn field<'d>(detail: &'d str, label: &str) -> Option<&'d str> {
    let behind = |start: &'d str| start.strip_prefix(label)?.strip_prefix(':');
    let starts = detail
        .match_indices(", ")
        .map(|(at, comma)| at + comma.len());
    let mut starts = std::iter::once(0).chain(starts);
    let rest = starts.find_map(|at| behind(detail.get(at..)?))?;
    // The next label is the first part with a colon behind a word or two.
    let next = rest.match_indices(", ").map(|(at, _)| at).find(|at| {
        let part = rest.get(at + 2..).unwrap_or_default();
        let label = part.split([',', ':']).next().unwrap_or_default();
        part.get(label.len()..)
            .is_some_and(|more| more.starts_with(':'))
    });
    Some(
        rest.get(..next.unwrap_or(rest.len()))
            .unwrap_or(rest)
            .trim(),
    )
}

/// The rights that were asked for; the most that can be had if they cannot be read.
pub(super) fn access(detail: &str) -> KeyAccess {
    let wanted = field(detail, "Desired Access").unwrap_or_default();
    let rights = wanted.split(", ").map(right);
    let rights: Option<Vec<_>> = rights.collect();
    let rights = rights.into_iter().flatten();
    match rights.fold(KeyAccess::empty(), |all, right| all | right) {
        none if none.is_empty() => KeyAccess::MAXIMUM_ALLOWED,
        rights => rights,
    }
}

fn right(name: &str) -> Option<KeyAccess> {
    Some(match name.trim() {
        "Read" => KeyAccess::READ,
        "Write" => KeyAccess::WRITE,
        "Read/Write" => KeyAccess::READ | KeyAccess::WRITE,
        "All Access" => KeyAccess::ALL,
        "Maximum Allowed" => KeyAccess::MAXIMUM_ALLOWED,
        "Query Value" => KeyAccess::QUERY_VALUE,
        "Set Value" => KeyAccess::SET_VALUE,
        "Create Sub Key" => KeyAccess::CREATE_SUB_KEY,
        "Enumerate Sub Keys" => KeyAccess::ENUMERATE_SUB_KEYS,
        "Notify" => KeyAccess::NOTIFY,
        "Create Link" => KeyAccess::CREATE_LINK,
        "Delete" => KeyAccess::DELETE,
        "Read Control" => KeyAccess::READ_CONTROL,
        "Write DAC" => KeyAccess::WRITE_DAC,
        "Write Owner" => KeyAccess::WRITE_OWNER,
        "WOW64_64Key" => KeyAccess::WOW64_64KEY,
        "WOW64_32Key" => KeyAccess::WOW64_32KEY,
        _ => return None,
    })
}

/// The type and bytes of a value that was set. Process Monitor cuts long data off: zeroes take the
/// place of what is missing.
pub(super) fn data(detail: &str) -> (u32, Vec<u8>) {
    // The data are last, and can hold anything.
    let (before, text) = detail.split_once(", Data: ").unwrap_or((detail, ""));
    let number = || text.trim().parse::<u64>().unwrap_or_default();
    let texts = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().chain([0]);
        units.flat_map(u16::to_le_bytes).collect()
    };
    let (kind, mut bytes) = match field(before, "Type").unwrap_or_default() {
        "REG_DWORD" => (REG_DWORD, (number() as u32).to_le_bytes().to_vec()),
        "REG_QWORD" => (REG_QWORD, number().to_le_bytes().to_vec()),
        "REG_SZ" => (REG_SZ, texts(text)),
        "REG_EXPAND_SZ" => (REG_EXPAND_SZ, texts(text)),
        "REG_MULTI_SZ" => {
            let each = text.split(", ").flat_map(texts);
            (REG_MULTI_SZ, each.chain([0, 0]).collect())
        }
        "REG_BINARY" => (REG_BINARY, hex(text)),
        _ => (REG_NONE, hex(text)),
    };
    let length = field(before, "Length").map(|length| length.replace(',', ""));
    if let Some(length) = length.and_then(|length| length.parse::<usize>().ok()) {
        bytes.resize(length.min(MAX_DATA), 0);
    }
    (kind, bytes)
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.split_whitespace();
    pairs
        .map_while(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wdm_sim::{KeyAccess, Status};
    use wdm_sys::{REG_DWORD, REG_SZ};

    use super::{absolute, access, data, field, result};

    #[test]
    fn names_are_those_of_the_kernel() {
        assert_eq!(absolute(r"HKLM\SYSTEM"), r"\REGISTRY\MACHINE\SYSTEM");
        assert_eq!(absolute("HKU"), r"\REGISTRY\USER");
        assert_eq!(absolute(r"\REGISTRY\A\{1}"), r"\REGISTRY\A\{1}");
        assert_eq!(result(Status::OBJECT_NAME_NOT_FOUND), "NAME NOT FOUND");
        assert_eq!(result(Status::ACCESS_DENIED), "ACCESS DENIED");
    }

    #[test]
    fn details_are_read() {
        let detail = "Desired Access: Query Value, Set Value, Disposition: REG_CREATED_NEW_KEY";
        assert_eq!(field(detail, "Disposition"), Some("REG_CREATED_NEW_KEY"));
        assert_eq!(
            access(detail),
            KeyAccess::QUERY_VALUE | KeyAccess::SET_VALUE
        );
        assert_eq!(access("Desired Access: Odd"), KeyAccess::MAXIMUM_ALLOWED);
        let (kind, bytes) = data("Type: REG_SZ, Length: 8, Data: a, b: c");
        assert_eq!((kind, bytes), (REG_SZ, b"a\0,\0 \0b\0".to_vec()));
        let (kind, bytes) = data("Type: REG_DWORD, Length: 4, Data: 258");
        assert_eq!((kind, bytes), (REG_DWORD, vec![2, 1, 0, 0]));
    }

    proptest! {
        #[test]
        fn any_detail_can_be_read(detail in "(Type: |Length: |Data: |REG_SZ|, |[0-9]|\\PC){0,12}") {
            field(&detail, "Type");
            access(&detail);
            let (_, bytes) = data(&detail);
            prop_assert!(bytes.len() <= super::MAX_DATA);
        }
    }
}
