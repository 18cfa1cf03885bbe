//! Access lists: their entries, read and written (MS-DTYP 2.4.4, 2.4.5).

use std::borrow::Cow;

use super::Sid;

/// `ACL_REVISION`.
const REVISION: u8 = 2;
/// The length of a list's head.
const HEAD: usize = 8;
/// The length of an entry's head and mask.
const ENTRY_HEAD: usize = 8;

/// `OBJECT_INHERIT_ACE`: inherited by what holds no other objects. Keys do.
pub(super) const OBJECT_INHERIT: u8 = 0x01;
/// `CONTAINER_INHERIT_ACE`: inherited by keys.
pub(super) const CONTAINER_INHERIT: u8 = 0x02;
/// `NO_PROPAGATE_INHERIT_ACE`: inherited by the next level only.
pub(super) const NO_PROPAGATE: u8 = 0x04;
/// `INHERIT_ONLY_ACE`: not for the object that has the list.
pub(super) const INHERIT_ONLY: u8 = 0x08;
/// `INHERITED_ACE`: came from the parent.
pub(super) const INHERITED: u8 = 0x10;
/// All of the flags about inheritance.
pub(super) const INHERITANCE: u8 =
    OBJECT_INHERIT | CONTAINER_INHERIT | NO_PROPAGATE | INHERIT_ONLY | INHERITED;

/// `ACCESS_ALLOWED_ACE_TYPE`.
const ALLOWED: u8 = 0;
/// `ACCESS_DENIED_ACE_TYPE`.
const DENIED: u8 = 1;
/// `ACCESS_DENIED_CALLBACK_ACE_TYPE`: a denial with a condition, which is not looked into. One that
/// cannot be evaluated denies (MS-DTYP 2.4.4.17); the same kind of grant grants nothing.
const DENIED_CALLBACK: u8 = 10;

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
    /// It audits, or is of a kind that keys do not have.
    Nothing,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) mask: u32,
    /// The SID and, for kinds that have more, the rest.
    pub(super) rest: Cow<'a, [u8]>,
}

impl<'a> Entry<'a> {
    pub(super) fn allow(sid: &'a Sid, mask: u32, flags: u8) -> Self {
        Self {
            kind: ALLOWED,
            flags,
            mask,
            rest: sid.as_bytes().into(),
        }
    }

    pub(super) fn effect(&self) -> Effect {
        match self.kind {
            _ if self.flags & INHERIT_ONLY != 0 => Effect::Nothing,
            ALLOWED => Effect::Allow,
            DENIED | DENIED_CALLBACK => Effect::Deny,
            _ => Effect::Nothing,
        }
    }

    /// Whom it concerns; empty for a malformed entry.
    pub(super) fn sid(&self) -> &[u8] {
        Sid::bytes_at(&self.rest).unwrap_or_default()
    }

    /// Whether it does here all that another entry does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let counts = self.flags & INHERIT_ONLY == 0 && other.mask & !self.mask == 0;
        counts && (self.kind, &self.rest) == (other.kind, &other.rest)
    }

    /// Makes it concern somebody else.
    pub(super) fn replace_sid(&mut self, sid: &[u8]) {
        let length = self.sid().len();
        self.rest.to_mut().splice(..length, sid.iter().copied());
    }
}

/// The entries of a list, in its order, up to the first that is malformed.
pub(super) fn entries(list: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let count = list
        .get(4..6)
        .map_or(0, |count| u16::from_le_bytes([count[0], count[1]]));
    let mut rest = list.get(HEAD..).unwrap_or_default();
    (0..count).map_while(move |_| {
        let length = usize::from(u16::from_le_bytes([*rest.get(2)?, *rest.get(3)?]));
        let (entry, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(Entry {
            kind: entry[0],
            flags: entry[1],
            mask: u32::from_le_bytes(entry.get(4..8)?.try_into().ok()?),
            rest: entry[ENTRY_HEAD..].into(),
        })
    })
}

/// A list of entries.
pub(super) fn build<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Vec<u8> {
    let mut list = vec![0; HEAD];
    let mut count = 0_u16;
    for entry in entries {
        let length = (ENTRY_HEAD + entry.rest.len()).next_multiple_of(4);
        // A list that is full gets no more entries, so that its length is right.
        if list.len() + length > usize::from(u16::MAX) {
            break;
        }
        let end = list.len() + length;
        list.extend_from_slice(&[entry.kind, entry.flags]);
        list.extend_from_slice(&(length as u16).to_le_bytes());
        list.extend_from_slice(&entry.mask.to_le_bytes());
        list.extend_from_slice(&entry.rest);
        list.resize(end, 0);
        count += 1;
    }
    list[0] = REVISION;
    let length = list.len() as u16;
    list[2..4].copy_from_slice(&length.to_le_bytes());
    list[4..6].copy_from_slice(&count.to_le_bytes());
    list
}
