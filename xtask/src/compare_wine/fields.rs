//! The parts of an answer, so that a difference has a name.

use registry_probe::{Answer, Call};
use wdm_sim::Status;

/// A fixed part of a structure: names of fields and their sizes, and the name of the rest, unless it is
/// nothing, such as what fills the structure up to a multiple of eight bytes.
type Layout = (&'static [(&'static str, usize)], Option<&'static str>);

/// A time that differs from run to run.
const TIME: &str = "LastWriteTime";

/// A part of the buffer that was not written to.
const UNTOUCHED: &str = "untouched";

/// What the buffer holds after the call.
fn layout(call: &Call) -> Layout {
    match *call {
        Call::QueryKey { class, .. } | Call::EnumerateKey { class, .. } => key(class),
        Call::QueryValueKey { class, .. } | Call::EnumerateValueKey { class, .. } => value(class),
        _ => (&[], Some("Data")),
    }
}

fn key(class: u32) -> Layout {
    match class {
        0 => (
            &[(TIME, 8), ("TitleIndex", 4), ("NameLength", 4)],
            Some("Name"),
        ),
        1 => {
            let fields = &[
                (TIME, 8),
                ("TitleIndex", 4),
                ("ClassOffset", 4),
                ("ClassLength", 4),
                ("NameLength", 4),
            ];
            (fields, Some("Name and class"))
        }
        2 => {
            let fields = &[
                (TIME, 8),
                ("TitleIndex", 4),
                ("ClassOffset", 4),
                ("ClassLength", 4),
                ("SubKeys", 4),
                ("MaxNameLen", 4),
                ("MaxClassLen", 4),
                ("Values", 4),
                ("MaxValueNameLen", 4),
                ("MaxValueDataLen", 4),
            ];
            (fields, Some("Class"))
        }
        3 => (&[("NameLength", 4)], Some("Name")),
        4 => {
            let fields = &[
                (TIME, 8),
                ("TitleIndex", 4),
                ("SubKeys", 4),
                ("MaxNameLen", 4),
                ("Values", 4),
                ("MaxValueNameLen", 4),
                ("MaxValueDataLen", 4),
                ("NameLength", 4),
            ];
            (fields, None)
        }
        _ => (&[], Some("Data")),
    }
}

fn value(class: u32) -> Layout {
    match class {
        0 => (
            &[("TitleIndex", 4), ("Type", 4), ("NameLength", 4)],
            Some("Name"),
        ),
        1 => {
            let fields = &[
                ("TitleIndex", 4),
                ("Type", 4),
                ("DataOffset", 4),
                ("DataLength", 4),
                ("NameLength", 4),
            ];
            (fields, Some("Name and data"))
        }
        2 => (
            &[("TitleIndex", 4), ("Type", 4), ("DataLength", 4)],
            Some("Data"),
        ),
        _ => (&[], Some("Data")),
    }
}

/// The parts of the buffer in which two answers to a call differ: the field, and both as text.
///
/// After an error there are no parts, but the buffer can be written to. The time of the last change is
/// not compared, nor in which case the fixed keys' names are written. Where the lengths or the fixed
/// parts differ, nor is the rest, which is laid out otherwise then.
pub(super) fn differing(call: &Call, a: &Answer, b: &Answer) -> Vec<(&'static str, [String; 2])> {
    if Status(a.status.cast_signed()).is_error() {
        let written = [a, b].map(|answer| is_written(&answer.data));
        let show = |written| if written { "written" } else { UNTOUCHED }.to_owned();
        return match written[0] == written[1] {
            true => Vec::new(),
            false => vec![("buffer", written.map(show))],
        };
    }
    let (fields, rest) = layout(call);
    let mut at = 0;
    let mut found = Vec::new();
    for &(name, size) in fields {
        let parts = [a, b].map(|answer| part(answer, at, size));
        let same = match name {
            TIME => is_written(parts[0]) == is_written(parts[1]),
            _ => parts[0] == parts[1],
        };
        if !same {
            found.push((name, parts.map(show)));
        }
        at += size;
    }
    let parts = [a, b].map(|answer| part(answer, at, usize::MAX));
    let same = match call {
        Call::QueryKey { class: 3, .. } => parts[0].eq_ignore_ascii_case(parts[1]),
        _ => parts[0] == parts[1],
    };
    if let Some(rest) = rest
        && found.is_empty()
        && a.length == b.length
        && !same
    {
        found.push((rest, parts.map(show)));
    }
    found
}

/// What there is of a part of the buffer.
fn part(answer: &Answer, at: usize, size: usize) -> &[u8] {
    let data = answer.data.get(at..).unwrap_or_default();
    data.get(..size).unwrap_or(data)
}

/// Whether a call has written to a part.
fn is_written(part: &[u8]) -> bool {
    part.iter().any(|&byte| byte != Answer::UNTOUCHED)
}

/// A part for people: a number, a word for none, or the bytes.
fn show(part: &[u8]) -> String {
    if !is_written(part) {
        return UNTOUCHED.to_owned();
    }
    match <[u8; 4]>::try_from(part) {
        Ok(number) if number == [0xFF; 4] => "-1".to_owned(),
        Ok(number) => u32::from_le_bytes(number).to_string(),
        Err(_) => {
            let end = part.iter().rposition(|&byte| byte != Answer::UNTOUCHED);
            let part = &part[..end.map_or(0, |last| last + 1)];
            part.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}
