//! Security descriptors: taken from callers, stored self-relative, given out in part.
//!
//! A descriptor has an owner, a group, a discretionary and a system access list. In memory it is
//! *absolute* (four pointers) or *self-relative* (one block with four offsets); the registry stores
//! the latter. What the lists say is evaluated in `access`.

use std::ptr;

use wdm_sys::{PVOID, SECURITY_INFORMATION};

use crate::status::Status;

/// `SE_DACL_PRESENT`.
pub(super) const DACL_PRESENT: u16 = 0x0004;
/// `SE_DACL_DEFAULTED`: nobody asked for the list.
pub(super) const DACL_DEFAULTED: u16 = 0x0008;
/// `SE_SACL_PRESENT`.
pub(super) const SACL_PRESENT: u16 = 0x0010;
/// `SE_SACL_DEFAULTED`.
pub(super) const SACL_DEFAULTED: u16 = 0x0020;
/// `SE_DACL_AUTO_INHERITED`: entries that were inherited are marked, and so are those below.
pub(super) const DACL_AUTO_INHERITED: u16 = 0x0400;
/// `SE_SACL_AUTO_INHERITED`.
pub(super) const SACL_AUTO_INHERITED: u16 = 0x0800;
/// `SE_DACL_PROTECTED`: nothing is inherited.
pub(super) const DACL_PROTECTED: u16 = 0x1000;
/// `SE_SACL_PROTECTED`.
pub(super) const SACL_PROTECTED: u16 = 0x2000;
/// `SE_SELF_RELATIVE`.
const SELF_RELATIVE: u16 = 0x8000;
/// The length of a self-relative descriptor's head.
const HEAD: usize = 20;
/// The length of an absolute descriptor.
const ABSOLUTE_HEAD: usize = 40;
/// `SID_REVISION`.
const SID_REVISION: u8 = 1;
/// `SID_MAX_SUB_AUTHORITIES`.
const MAX_SUB_AUTHORITIES: u8 = 15;
/// The length of an access list's head, and of a SID's.
const PART_HEAD: usize = 8;

/// The parts of a descriptor, in the order of their bits in `SECURITY_INFORMATION`: owner, group,
/// discretionary list, system list. The parts are bytes of its own, or lie in a descriptor that was
/// read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor<P = Vec<u8>> {
    control: u16,
    parts: [Option<P>; 4],
}

impl<P> Default for Descriptor<P> {
    fn default() -> Self {
        Self {
            control: 0,
            parts: [const { None }; 4],
        }
    }
}

/// The number of the discretionary list among the parts.
pub(super) const DACL: usize = 2;
/// The number of the system list.
pub(super) const SACL: usize = 3;

/// The control bit that says whether a part is there at all, for the two lists.
const PRESENT: [u16; 4] = [0, 0, DACL_PRESENT, SACL_PRESENT];
/// All control bits that belong to a part.
const BITS: [u16; 4] = [
    0,
    0,
    DACL_PRESENT | DACL_DEFAULTED | DACL_AUTO_INHERITED | DACL_PROTECTED,
    SACL_PRESENT | SACL_DEFAULTED | SACL_AUTO_INHERITED | SACL_PROTECTED,
];

impl<P: AsRef<[u8]>> Descriptor<P> {
    /// The owner's SID.
    pub(crate) fn owner(&self) -> Option<&[u8]> {
        self.parts[0].as_ref().map(P::as_ref)
    }

    /// The group's SID.
    pub(super) fn group(&self) -> Option<&[u8]> {
        self.parts[1].as_ref().map(P::as_ref)
    }

    /// The discretionary list. Without one, everybody may do everything.
    pub(super) fn dacl(&self) -> Option<&[u8]> {
        self.list(DACL)
    }

    /// One of the two lists.
    pub(super) fn list(&self, part: usize) -> Option<&[u8]> {
        let list = self.parts[part].as_ref().map(P::as_ref);
        list.filter(|_| self.has(PRESENT[part]))
    }

    /// Whether it has one of the control bits.
    pub(super) fn has(&self, bit: u16) -> bool {
        self.control & bit != 0
    }
}

impl<'a> Descriptor<&'a [u8]> {
    /// Reads a self-relative descriptor.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for bytes that are none.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Status> {
        let u32_at = |at: usize| {
            let field = bytes
                .get(at..at + 4)
                .and_then(|field| field.try_into().ok());
            field
                .map(u32::from_le_bytes)
                .ok_or(Status::INVALID_PARAMETER)
        };
        let control = (u32_at(0)? >> 16) as u16;
        if bytes[0] != 1 || control & SELF_RELATIVE == 0 {
            return Err(Status::INVALID_PARAMETER);
        }
        let mut parts = [const { None }; 4];
        // In the head the system list comes before the discretionary one.
        for (index, at) in [(0, 4), (1, 8), (3, 12), (2, 16)] {
            let offset = u32_at(at)? as usize;
            if offset != 0 {
                let tail = bytes.get(offset..).ok_or(Status::INVALID_PARAMETER)?;
                parts[index] = Some(part(index, tail)?);
            }
        }
        Ok(Self { control, parts })
    }
}

impl Descriptor {
    /// Sets one of the two lists and its control bits.
    pub(super) fn set_list(&mut self, part: usize, list: Option<Vec<u8>>, control: u16) {
        self.parts[part] = list;
        self.control = self.control & !BITS[part] | control;
    }

    /// Sets the SIDs of owner and group.
    pub(super) fn set_owner_and_group(&mut self, owner: Vec<u8>, group: Vec<u8>) {
        self.parts[0] = Some(owner);
        self.parts[1] = Some(group);
    }

    /// Copies a self-relative descriptor.
    ///
    /// # Errors
    /// As [`read`](Descriptor::read).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Status> {
        let Descriptor { control, parts } = Descriptor::read(bytes)?;
        let parts = parts.map(|part| part.map(<[u8]>::to_vec));
        Ok(Self { control, parts })
    }

    /// Writes a self-relative descriptor of the parts that `wanted` names.
    pub(crate) fn write(&self, wanted: SECURITY_INFORMATION) -> Vec<u8> {
        let mut control = self.control | SELF_RELATIVE;
        let mut bytes = vec![0; HEAD];
        for (index, at) in [(0, 4), (1, 8), (3, 12), (2, 16)] {
            if wanted & (1 << index) == 0 {
                control &= !BITS[index];
            } else if let Some(part) = &self.parts[index] {
                let offset = bytes.len() as u32;
                bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
                bytes.extend_from_slice(part);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
        }
        bytes[0] = 1;
        bytes[2..4].copy_from_slice(&control.to_le_bytes());
        bytes
    }

    /// Takes the parts that `wanted` names from another descriptor.
    pub(crate) fn replace(&mut self, wanted: SECURITY_INFORMATION, from: Self) {
        for (index, part) in from.parts.into_iter().enumerate() {
            if wanted & (1 << index) != 0 {
                self.parts[index] = part;
                self.control = self.control & !BITS[index] | from.control & BITS[index];
            }
        }
    }
}

/// Checks that bytes are a whole self-relative descriptor.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER`.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Status> {
    Descriptor::parse(bytes).map(drop)
}

/// Whether bytes are a whole self-relative descriptor, whose parts are well formed and aligned, and
/// that has the parts which `required` names (`RtlValidRelativeSecurityDescriptor`).
pub(crate) fn is_valid(bytes: &[u8], required: SECURITY_INFORMATION) -> bool {
    let Ok(descriptor) = Descriptor::parse(bytes) else {
        return false;
    };
    let aligned = bytes[4..HEAD]
        .chunks_exact(4)
        .all(|offset| offset[0] % 4 == 0);
    let mut parts = descriptor.parts.iter().enumerate();
    let well_formed = parts.all(|(index, part)| match (index, part) {
        (_, None) => true,
        (0 | 1, Some(sid)) => sid[0] == SID_REVISION && sid[1] <= MAX_SUB_AUTHORITIES,
        (_, Some(list)) => entries_fit(list),
    });
    let missing = (0..4)
        .filter(|index| required & (1 << index) != 0)
        .any(|index| match PRESENT[index] {
            0 => descriptor.parts[index].is_none(),
            // A list can be there and be none, which grants everything.
            bit => descriptor.control & bit == 0,
        });
    aligned && well_formed && !missing
}

/// Whether an access list has a known revision, and room for the entries that it counts.
fn entries_fit(list: &[u8]) -> bool {
    let count = u16::from_le_bytes([list[4], list[5]]);
    let mut rest = &list[PART_HEAD..];
    for _ in 0..count {
        let Some(head) = rest.get(..4) else {
            return false;
        };
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        match rest.get(length..) {
            Some(after) if length >= 4 && length % 4 == 0 => rest = after,
            _ => return false,
        }
    }
    (2..=4).contains(&list[0])
}

/// The length of a descriptor, absolute or self-relative, with its parts, each at a multiple of
/// four (`RtlLengthSecurityDescriptor`).
///
/// # Safety
/// `descriptor` leads to a valid `SECURITY_DESCRIPTOR`.
pub(crate) unsafe fn length(descriptor: PVOID) -> u32 {
    // SAFETY: both forms begin with the revision, a zero byte and the control bits.
    let head = unsafe { descriptor.cast::<[u8; 4]>().read() };
    let own = match u16::from_le_bytes([head[2], head[3]]) & SELF_RELATIVE {
        0 => ABSOLUTE_HEAD,
        _ => HEAD,
    };
    // SAFETY: by this function's contract.
    let captured = unsafe { Captured::take(descriptor) }.ok().flatten();
    let parts = captured.map_or(0, |captured| captured.bytes.len() - HEAD);
    (own + parts) as u32
}

/// The bytes of one part at the beginning of `tail`.
fn part(index: usize, tail: &[u8]) -> Result<&[u8], Status> {
    let head = tail.get(..PART_HEAD).ok_or(Status::INVALID_PARAMETER)?;
    tail.get(..part_length(index, head))
        .ok_or(Status::INVALID_PARAMETER)
}

/// The length that a part's head gives: of a SID (owner, group) or of an access list.
fn part_length(index: usize, head: &[u8]) -> usize {
    match index {
        0 | 1 => PART_HEAD + 4 * usize::from(head[1]),
        _ => PART_HEAD.max(usize::from(u16::from_le_bytes([head[2], head[3]]))),
    }
}

/// A caller's descriptor, copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    bytes: Vec<u8>,
}

impl Captured {
    /// Copies a caller's descriptor, absolute or self-relative. NULL is `None`.
    ///
    /// # Safety
    /// `descriptor` is NULL or leads to a valid `SECURITY_DESCRIPTOR`.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for another revision.
    pub(crate) unsafe fn take(descriptor: PVOID) -> Result<Option<Self>, Status> {
        if descriptor.is_null() {
            return Ok(None);
        }
        // SAFETY: both forms begin with the revision, a zero byte and the control bits.
        let head = unsafe { descriptor.cast::<[u8; 4]>().read() };
        let control = u16::from_le_bytes([head[2], head[3]]);
        if head[0] != 1 {
            return Err(Status::INVALID_PARAMETER);
        }
        let mut parts = [const { None }; 4];
        let order = [(0, 0), (1, 1), (3, 2), (2, 3)];
        for (index, field) in order {
            let address = if control & SELF_RELATIVE != 0 {
                let place = descriptor.wrapping_byte_add(4 + 4 * field).cast::<u32>();
                // SAFETY: a self-relative head has four offsets.
                match unsafe { place.read_unaligned() } {
                    0 => ptr::null_mut(),
                    offset => descriptor.wrapping_byte_add(offset as usize),
                }
            } else {
                let place = descriptor.wrapping_byte_add(8 + 8 * field).cast::<PVOID>();
                // SAFETY: an absolute head has four pointers.
                unsafe { place.read_unaligned() }
            };
            if !address.is_null() {
                // SAFETY: the part has a head of at least that length.
                let head = unsafe { address.cast::<[u8; PART_HEAD]>().read_unaligned() };
                let length = part_length(index, &head);
                // SAFETY: the part is as long as its head says.
                let bytes = unsafe { std::slice::from_raw_parts(address.cast::<u8>(), length) };
                parts[index] = Some(bytes.to_vec());
            }
        }
        let bytes = Descriptor { control, parts }.write(0xF);
        Ok(Some(Self { bytes }))
    }

    /// The descriptor, self-relative.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The address for a pre-notification's structure.
    pub(crate) fn shown(&self) -> PVOID {
        self.bytes.as_ptr().cast_mut().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Owner S-1-5-18, an empty discretionary list.
    fn sample() -> Descriptor {
        let owner = vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
        let list = vec![2, 0, 8, 0, 0, 0, 0, 0];
        Descriptor {
            control: DACL_PRESENT | SELF_RELATIVE,
            parts: [Some(owner), None, Some(list), None],
        }
    }

    #[test]
    fn a_descriptor_survives_being_written_and_read() {
        let bytes = sample().write(0xF);
        assert_eq!(Descriptor::parse(&bytes), Ok(sample()));
        // SAFETY: `bytes` is a valid self-relative descriptor.
        let captured = unsafe { Captured::take(bytes.as_ptr().cast_mut().cast()) };
        assert_eq!(captured.unwrap().unwrap().bytes(), bytes);
    }

    #[test]
    fn only_the_wanted_parts_are_given_out_and_taken() {
        let owner_only = Descriptor::parse(&sample().write(1)).unwrap();
        assert_eq!(owner_only.parts[0], sample().parts[0]);
        assert_eq!(owner_only.parts[2], None);
        assert_eq!(owner_only.control & DACL_PRESENT, 0);

        let mut changed = Descriptor::default();
        changed.replace(4, sample());
        assert_eq!(changed.parts[2], sample().parts[2]);
        assert_eq!(changed.parts[0], None);
        assert_eq!(changed.control & DACL_PRESENT, DACL_PRESENT);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let bytes = sample().write(0xF);
        for end in 0..bytes.len() {
            assert!(Descriptor::parse(&bytes[..end]).is_err(), "{end}");
        }
    }
}
