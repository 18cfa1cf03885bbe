//! The system's version, and comparing it with one that a driver wants.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlgetversion>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlverifyversioninfo>,
//! <https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-versetconditionmask>.

use std::cmp::Ordering;
use std::mem::offset_of;

use wdm_sys::{BOOLEAN, NTSTATUS, PRTL_OSVERSIONINFOW, PUNICODE_STRING};

use crate::exports::exports;
use crate::machine::{current, irql};
use crate::status::Status;
use crate::verifier::Rule;

/// `RTL_OSVERSIONINFOEXW`.
#[repr(C)]
pub(super) struct Version {
    size: u32,
    major: u32,
    minor: u32,
    build: u32,
    platform: u32,
    text: [u16; 128],
    service_pack_major: u16,
    service_pack_minor: u16,
    suites: u16,
    product: u8,
    reserved: u8,
}

const _: () = {
    assert!(offset_of!(Version, service_pack_major) == 276);
    assert!(size_of::<Version>() == 284);
};

/// `VER_PLATFORM_WIN32_NT`.
const PLATFORM_NT: u32 = 2;
/// `VER_SUITE_SINGLEUSERTS`, which every client version has.
const SUITES: u16 = 0x100;
/// `VER_NT_WORKSTATION`.
const WORKSTATION: u8 = 1;

/// The members that can be compared, by the numbers of their bits in a type mask.
mod member {
    pub(super) const MINOR: u32 = 0;
    pub(super) const MAJOR: u32 = 1;
    pub(super) const BUILD: u32 = 2;
    pub(super) const PLATFORM: u32 = 3;
    pub(super) const SERVICE_PACK_MINOR: u32 = 4;
    pub(super) const SERVICE_PACK_MAJOR: u32 = 5;
    pub(super) const SUITES: u32 = 6;
    pub(super) const PRODUCT: u32 = 7;
}

/// Conditions, of three bits each: `VER_EQUAL` to `VER_LESS_EQUAL`, and for suites `VER_AND`, `VER_OR`.
mod condition {
    pub(super) const EQUAL: u64 = 1;
    pub(super) const GREATER: u64 = 2;
    pub(super) const GREATER_EQUAL: u64 = 3;
    pub(super) const LESS: u64 = 4;
    pub(super) const LESS_EQUAL: u64 = 5;
    pub(super) const AND: u64 = 6;
    pub(super) const OR: u64 = 7;
    pub(super) const BITS: u32 = 3;
}

/// `dwOSVersionInfoSize` of `RTL_OSVERSIONINFOEXW`.
const EXTENDED_SIZE: u32 = 284;

exports! {
    /// The version of the machine's profile.
    fn RtlGetVersion(version: PRTL_OSVERSIONINFOW) -> NTSTATUS {
        let thread = current(CALL);
        let (major, minor, build) = thread.kernel().profile.version();
        // SAFETY: the caller gave a structure whose size it has set.
        let Some(version) = (unsafe { version.as_mut() }) else {
            return Status::INVALID_PARAMETER.0;
        };
        let size = version.dwOSVersionInfoSize;
        if size != size_of_val(version) as u32 && size != EXTENDED_SIZE {
            let detail = format!("dwOSVersionInfoSize is {size}; set it to the structure's size");
            thread.finding(Rule::Parameter, CALL, detail);
        }
        version.dwMajorVersion = major;
        version.dwMinorVersion = minor;
        version.dwBuildNumber = build;
        version.dwPlatformId = PLATFORM_NT;
        version.szCSDVersion = [0; 128];
        if size == EXTENDED_SIZE {
            // SAFETY: the caller's structure has that size.
            unsafe { extend(std::ptr::from_mut(version).cast()) };
        }
        Status::SUCCESS.0
    }

    /// The version of the machine's profile. The result is 1 for a checked build, which it is not.
    [undeclared]
    fn PsGetVersion(
        major: *mut u32,
        minor: *mut u32,
        build: *mut u32,
        service_pack: PUNICODE_STRING,
    ) -> BOOLEAN {
        let version = current(CALL).kernel().profile.version();
        for (place, value) in [(major, version.0), (minor, version.1), (build, version.2)] {
            if !place.is_null() {
                // SAFETY: the caller gave a place, or null.
                unsafe { place.write(value) };
            }
        }
        // SAFETY: the caller gave a place, or null.
        if let Some(service_pack) = unsafe { service_pack.as_mut() } {
            service_pack.Length = 0;
        }
        0
    }

    /// Whether the machine's profile is at least the version of Windows in the number's upper half,
    /// 0 unless the lower half, a service pack, is 0.
    [undeclared]
    fn RtlIsNtDdiVersionAvailable(version: u32) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let (major, minor, _) = thread.kernel().profile.version();
        let ours = major << 24 | minor << 16;
        BOOLEAN::from(version & 0xFFFF == 0 && ours >= version)
    }

    /// Adds a condition for the member that the highest bit of the type mask names.
    [undeclared]
    fn VerSetConditionMask(mask: u64, types: u32, condition: u8) -> u64 {
        match types & 0xFF {
            0 => mask,
            types => {
                let condition = u64::from(condition) & ((1 << condition::BITS) - 1);
                mask | condition << (types.ilog2() * condition::BITS)
            }
        }
    }

    /// Whether the system's version is as wanted: `STATUS_SUCCESS`, or `STATUS_REVISION_MISMATCH`.
    [undeclared]
    fn RtlVerifyVersionInfo(wanted: *const Version, types: u32, conditions: u64) -> NTSTATUS {
        let version = current(CALL).kernel().profile.version();
        // SAFETY: the caller gave a version.
        let Some(wanted) = (unsafe { wanted.as_ref() }) else {
            return Status::INVALID_PARAMETER.0;
        };
        match is_as_wanted(version, wanted, types, conditions) {
            None => Status::INVALID_PARAMETER.0,
            Some(true) => Status::SUCCESS.0,
            Some(false) => Status::REVISION_MISMATCH.0,
        }
    }
}

/// Fills in what the structure of `RtlGetVersion` has and the smaller one has not: no service pack, a
/// workstation.
///
/// # Safety
/// `version` leads to the larger structure.
unsafe fn extend(version: *mut Version) {
    // SAFETY: by this function's contract.
    let version = unsafe { &mut *version };
    version.service_pack_major = 0;
    version.service_pack_minor = 0;
    version.suites = SUITES;
    version.product = WORKSTATION;
    version.reserved = 0;
}

/// `None` if a member has no valid condition, or there are no members.
fn is_as_wanted(
    (major, minor, build): (u32, u32, u32),
    wanted: &Version,
    types: u32,
    conditions: u64,
) -> Option<bool> {
    let asked = |member: u32| types & 1 << member != 0;
    let condition = |member: u32| conditions >> (member * condition::BITS) & 7;
    if types & 0xFF == 0 {
        return None;
    }
    // The version's numbers count as one, whose condition is that of the first.
    let numbers = [
        (member::MAJOR, major, wanted.major),
        (member::MINOR, minor, wanted.minor),
        (
            member::SERVICE_PACK_MAJOR,
            0,
            wanted.service_pack_major.into(),
        ),
        (
            member::SERVICE_PACK_MINOR,
            0,
            wanted.service_pack_minor.into(),
        ),
    ];
    let mut numbers = numbers
        .into_iter()
        .filter(|&(member, ..)| asked(member))
        .peekable();
    let mut result = true;
    if let Some(&(first, ..)) = numbers.peek() {
        let order = numbers.map(|(_, ours, wanted)| ours.cmp(&wanted));
        let order = order.fold(Ordering::Equal, Ordering::then);
        result &= holds(condition(first), order)?;
    }
    let others = [
        (member::BUILD, build, wanted.build),
        (member::PLATFORM, PLATFORM_NT, wanted.platform),
        (member::PRODUCT, WORKSTATION.into(), wanted.product.into()),
    ];
    for (member, ours, wanted) in others {
        if asked(member) {
            result &= holds(condition(member), ours.cmp(&wanted))?;
        }
    }
    if asked(member::SUITES) {
        let common = wanted.suites & SUITES;
        result &= match condition(member::SUITES) {
            condition::AND => common == wanted.suites,
            condition::OR => common != 0,
            _ => return None,
        };
    }
    Some(result)
}

fn holds(condition: u64, order: Ordering) -> Option<bool> {
    match condition {
        condition::EQUAL => Some(order.is_eq()),
        condition::GREATER => Some(order.is_gt()),
        condition::GREATER_EQUAL => Some(order.is_ge()),
        condition::LESS => Some(order.is_lt()),
        condition::LESS_EQUAL => Some(order.is_le()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: (u32, u32, u32) = (6, 1, 7601);

    fn version(major: u32, minor: u32, build: u32) -> Version {
        Version {
            size: 284,
            major,
            minor,
            build,
            platform: PLATFORM_NT,
            text: [0; 128],
            service_pack_major: 0,
            service_pack_minor: 0,
            suites: SUITES,
            product: WORKSTATION,
            reserved: 0,
        }
    }

    #[test]
    fn the_numbers_of_a_version_count_as_one() {
        let types = 1 << member::MAJOR | 1 << member::MINOR;
        let is = |condition: u64, major, minor| {
            // Each member has the condition, as callers set it.
            let both = condition << 3 | condition;
            is_as_wanted(OURS, &version(major, minor, 0), types, both)
        };
        assert_eq!(is(condition::GREATER_EQUAL, 5, 2), Some(true));
        assert_eq!(is(condition::GREATER_EQUAL, 6, 1), Some(true));
        assert_eq!(is(condition::GREATER_EQUAL, 6, 2), Some(false));
        assert_eq!(is(condition::GREATER, 6, 1), Some(false));
        assert_eq!(is(condition::LESS, 10, 0), Some(true));
        assert_eq!(is(condition::EQUAL, 6, 1), Some(true));
        assert_eq!(is(condition::EQUAL, 6, 0), Some(false));
        assert_eq!(is(0, 6, 1), None);
    }

    #[test]
    fn builds_and_suites_have_conditions_of_their_own() {
        let build = |condition: u64, build| {
            let conditions = condition << (3 * member::BUILD);
            is_as_wanted(OURS, &version(0, 0, build), 1 << member::BUILD, conditions)
        };
        assert_eq!(build(condition::GREATER, 7600), Some(true));
        assert_eq!(build(condition::LESS_EQUAL, 7600), Some(false));
        let suites = |condition: u64| {
            let conditions = condition << (3 * member::SUITES);
            is_as_wanted(OURS, &version(0, 0, 0), 1 << member::SUITES, conditions)
        };
        assert_eq!(suites(condition::AND), Some(true));
        assert_eq!(suites(condition::EQUAL), None);
        assert_eq!(is_as_wanted(OURS, &version(0, 0, 0), 0, 0), None);
    }
}
