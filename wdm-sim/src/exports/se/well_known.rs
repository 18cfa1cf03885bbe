//! `SeExports`: the numbers of privileges and the well-known security identifiers, for drivers that
//! build descriptors.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_se_exports>, whose
//! order of fields this is; the identifiers are those of
//! <https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers>.
//! What newer versions of Windows added at the end, from `SeOwnerRightsSid` on, is there up to
//! `SeUserModeDriversSid`.

/// A security identifier of up to two parts, as it lies in memory.
#[repr(C)]
struct Sid {
    revision: u8,
    count: u8,
    authority: [u8; 6],
    parts: [u32; 2],
}

const fn sid(authority: u8, parts: &[u32]) -> Sid {
    let mut sid = Sid {
        revision: 1,
        count: parts.len() as u8,
        authority: [0, 0, 0, 0, 0, authority],
        parts: [0; 2],
    };
    let mut at = 0;
    while at < parts.len() {
        sid.parts[at] = parts[at];
        at += 1;
    }
    sid
}

/// Eight bytes of the structure.
#[repr(C)]
pub(in crate::exports) union Field {
    /// The number of a privilege (`LUID`).
    privilege: [u32; 2],
    sid: *const (),
}

// SAFETY: nobody writes to it, and what it leads to is never written either.
unsafe impl Sync for Field {}

const fn privilege(number: u32) -> Field {
    Field {
        privilege: [number, 0],
    }
}

const fn identifier(sid: &'static Sid) -> Field {
    Field {
        sid: (&raw const *sid).cast(),
    }
}

/// Defines an identifier with a static place.
macro_rules! sid {
    ($authority:literal $(, $part:literal)*) => {{
        static SID: Sid = sid($authority, &[$($part),*]);
        identifier(&SID)
    }};
}

/// The structure.
pub(in crate::exports) static FIELDS: [Field; 67] = [
    // SeCreateTokenPrivilege to SeRemoteShutdownPrivilege.
    privilege(2),
    privilege(3),
    privilege(4),
    privilege(5),
    privilege(6), // SeUnsolicitedInputPrivilege: the number of its successor.
    privilege(7),
    privilege(8),
    privilege(9),
    privilege(10),
    privilege(15),
    privilege(14),
    privilege(11),
    privilege(12),
    privilege(13),
    privilege(16),
    privilege(17),
    privilege(18),
    privilege(19),
    privilege(20),
    privilege(21),
    privilege(22),
    privilege(23),
    privilege(24),
    // SeNullSid to SeAnonymousLogonSid.
    sid!(0, 0),
    sid!(1, 0),
    sid!(2, 0),
    sid!(3, 0),
    sid!(3, 1),
    sid!(5),
    sid!(5, 1),
    sid!(5, 2),
    sid!(5, 3),
    sid!(5, 4),
    sid!(5, 18),
    sid!(5, 32, 544),
    sid!(5, 32, 545),
    sid!(5, 32, 546),
    sid!(5, 32, 547),
    sid!(5, 32, 548),
    sid!(5, 32, 549),
    sid!(5, 32, 550),
    sid!(5, 32, 551),
    sid!(5, 11),
    sid!(5, 12),
    sid!(5, 7),
    // SeUndockPrivilege, SeSyncAgentPrivilege, SeEnableDelegationPrivilege.
    privilege(25),
    privilege(26),
    privilege(27),
    // SeLocalServiceSid, SeNetworkServiceSid.
    sid!(5, 19),
    sid!(5, 20),
    // SeManageVolumePrivilege to SeCreateSymbolicLinkPrivilege.
    privilege(28),
    privilege(29),
    privilege(30),
    privilege(31),
    privilege(32),
    privilege(33),
    privilege(34),
    privilege(35),
    // SeIUserSid.
    sid!(5, 17),
    // SeUntrustedMandatorySid to SeSystemMandatorySid.
    sid!(16, 0),
    sid!(16, 4096),
    sid!(16, 8192),
    sid!(16, 12288),
    sid!(16, 16384),
    // SeOwnerRightsSid, SeAllAppPackagesSid, SeUserModeDriversSid.
    sid!(3, 4),
    sid!(15, 2, 1),
    sid!(5, 84),
];
