//! The structures and constants of `ktmtypes.h` and `wdm.h` that [`wdm_sys`] does not have.
//!
//! Pages: `ns-wdm-_transaction_basic_information` and its neighbours; `TRANSACTION_NOTIFICATION` is
//! <https://learn.microsoft.com/windows/win32/api/ktmtypes/ns-ktmtypes-transaction_notification>.
//! Structures that end in an array of one element are given without it: the array begins at the
//! offset that is noted.

use wdm_sys::GUID;

/// `MAX_TRANSACTION_DESCRIPTION_LENGTH` and `MAX_RESOURCEMANAGER_DESCRIPTION_LENGTH`, in characters.
pub(super) const MAX_DESCRIPTION: usize = 64;

/// `RESOURCE_MANAGER_VOLATILE`.
pub(super) const RESOURCE_MANAGER_VOLATILE: u32 = 1;
/// `RESOURCE_MANAGER_MAXIMUM_OPTION`.
pub(super) const RESOURCE_MANAGER_OPTIONS: u32 = 3;
/// `ENLISTMENT_SUPERIOR`, the only option of enlistments.
pub(super) const ENLISTMENT_SUPERIOR: u32 = 1;

/// `TRANSACTIONMANAGER_QUERY_INFORMATION`.
pub(super) const TRANSACTIONMANAGER_QUERY_INFORMATION: u32 = 0x01;
/// `TRANSACTIONMANAGER_RECOVER`.
pub(super) const TRANSACTIONMANAGER_RECOVER: u32 = 0x04;
/// `TRANSACTIONMANAGER_CREATE_RM`.
pub(super) const TRANSACTIONMANAGER_CREATE_RM: u32 = 0x10;
/// `TRANSACTIONMANAGER_ALL_ACCESS`.
pub(super) const TRANSACTIONMANAGER_ALL_ACCESS: u32 = 0x000F_003F;

/// `RESOURCEMANAGER_QUERY_INFORMATION`.
pub(super) const RESOURCEMANAGER_QUERY_INFORMATION: u32 = 0x01;
/// `RESOURCEMANAGER_RECOVER`.
pub(crate) const RESOURCEMANAGER_RECOVER: u32 = 0x04;
/// `RESOURCEMANAGER_ENLIST`.
pub(super) const RESOURCEMANAGER_ENLIST: u32 = 0x08;
/// `RESOURCEMANAGER_GET_NOTIFICATION`.
pub(super) const RESOURCEMANAGER_GET_NOTIFICATION: u32 = 0x10;
/// `RESOURCEMANAGER_ALL_ACCESS`.
pub(super) const RESOURCEMANAGER_ALL_ACCESS: u32 = 0x001F_007F;

/// `ENLISTMENT_QUERY_INFORMATION`.
pub(super) const ENLISTMENT_QUERY_INFORMATION: u32 = 0x01;
/// `ENLISTMENT_SET_INFORMATION`.
pub(super) const ENLISTMENT_SET_INFORMATION: u32 = 0x02;
/// `ENLISTMENT_RECOVER`.
pub(crate) const ENLISTMENT_RECOVER: u32 = 0x04;
/// `ENLISTMENT_SUBORDINATE_RIGHTS`.
pub(crate) const ENLISTMENT_SUBORDINATE_RIGHTS: u32 = 0x08;
/// `ENLISTMENT_SUPERIOR_RIGHTS`.
pub(crate) const ENLISTMENT_SUPERIOR_RIGHTS: u32 = 0x10;
/// `ENLISTMENT_ALL_ACCESS`.
pub(super) const ENLISTMENT_ALL_ACCESS: u32 = 0x000F_001F;

/// `TRANSACTION_STATE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum State {
    /// `TransactionStateNormal`.
    Normal = 1,
    /// `TransactionStateCommittedNotify`.
    CommittedNotify = 3,
}

/// `TRANSACTION_OUTCOME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Outcome {
    /// `TransactionOutcomeUndetermined`.
    Undetermined = 1,
    /// `TransactionOutcomeCommitted`.
    Committed = 2,
    /// `TransactionOutcomeAborted`.
    Aborted = 3,
}

/// What begins a buffer of `ZwGetNotificationResourceManager`; the argument follows it.
#[repr(C)]
pub(super) struct TransactionNotification {
    pub(super) key: usize,
    pub(super) notification: u32,
    pub(super) clock: i64,
    pub(super) argument_length: u32,
}

/// `TRANSACTION_PROPERTIES_INFORMATION`; the description begins at [`Self::DESCRIPTION`].
#[repr(C)]
pub(super) struct TransactionProperties {
    pub(super) isolation_level: u32,
    pub(super) isolation_flags: u32,
    pub(super) timeout: i64,
    pub(super) outcome: u32,
    pub(super) description_length: u32,
}

impl TransactionProperties {
    pub(super) const DESCRIPTION: usize = 24;
}

/// `KTMOBJECT_CURSOR`; the identifiers begin at [`Self::IDS`].
#[repr(C)]
pub(super) struct Cursor {
    pub(super) last: GUID,
    pub(super) count: u32,
}

impl Cursor {
    pub(super) const IDS: usize = 20;
}

/// The bytes of a GUID.
pub(super) const GUID_SIZE: usize = size_of::<GUID>();

/// Compared with the metadata that Microsoft publishes for the Win32 API.
#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use windows_sys::Win32::Storage::FileSystem as fs;
    use windows_sys::Win32::System::SystemServices as ss;

    use super::*;

    macro_rules! offsets {
        ($ours:ty, $theirs:ty: $($our:ident $their:ident),*) => {$(
            assert_eq!(
                offset_of!($ours, $our),
                offset_of!($theirs, $their),
                stringify!($their)
            );
        )*};
    }

    #[test]
    fn structures_are_as_published() {
        offsets!(TransactionNotification, fs::TRANSACTION_NOTIFICATION:
            key TransactionKey, notification TransactionNotification,
            clock TmVirtualClock, argument_length ArgumentLength);
        assert_eq!(
            size_of::<TransactionNotification>(),
            size_of::<fs::TRANSACTION_NOTIFICATION>()
        );
        offsets!(TransactionProperties, ss::TRANSACTION_PROPERTIES_INFORMATION:
            isolation_level IsolationLevel, isolation_flags IsolationFlags, timeout Timeout,
            outcome Outcome, description_length DescriptionLength);
        let begins = offset_of!(ss::TRANSACTION_PROPERTIES_INFORMATION, Description);
        assert_eq!(TransactionProperties::DESCRIPTION, begins);
        offsets!(Cursor, ss::KTMOBJECT_CURSOR: last LastQuery, count ObjectIdCount);
        assert_eq!(Cursor::IDS, offset_of!(ss::KTMOBJECT_CURSOR, ObjectIds));
        assert_eq!(GUID_SIZE, size_of::<windows_sys::core::GUID>());
    }

    #[test]
    fn constants_are_as_published() {
        assert_eq!(
            [
                MAX_DESCRIPTION as u32,
                RESOURCE_MANAGER_VOLATILE,
                RESOURCE_MANAGER_OPTIONS,
                ENLISTMENT_SUPERIOR,
                TRANSACTIONMANAGER_QUERY_INFORMATION,
                TRANSACTIONMANAGER_RECOVER,
                TRANSACTIONMANAGER_CREATE_RM,
                RESOURCEMANAGER_QUERY_INFORMATION,
                RESOURCEMANAGER_RECOVER,
                RESOURCEMANAGER_ENLIST,
                RESOURCEMANAGER_GET_NOTIFICATION,
                ENLISTMENT_QUERY_INFORMATION,
                ENLISTMENT_SET_INFORMATION,
                ENLISTMENT_RECOVER,
                ENLISTMENT_SUBORDINATE_RIGHTS,
                ENLISTMENT_SUPERIOR_RIGHTS,
            ],
            [
                fs::MAX_RESOURCEMANAGER_DESCRIPTION_LENGTH,
                fs::RESOURCE_MANAGER_VOLATILE,
                fs::RESOURCE_MANAGER_MAXIMUM_OPTION,
                fs::ENLISTMENT_SUPERIOR,
                ss::TRANSACTIONMANAGER_QUERY_INFORMATION,
                ss::TRANSACTIONMANAGER_RECOVER,
                ss::TRANSACTIONMANAGER_CREATE_RM,
                ss::RESOURCEMANAGER_QUERY_INFORMATION,
                ss::RESOURCEMANAGER_RECOVER,
                ss::RESOURCEMANAGER_ENLIST,
                ss::RESOURCEMANAGER_GET_NOTIFICATION,
                ss::ENLISTMENT_QUERY_INFORMATION,
                ss::ENLISTMENT_SET_INFORMATION,
                ss::ENLISTMENT_RECOVER,
                ss::ENLISTMENT_SUBORDINATE_RIGHTS,
                ss::ENLISTMENT_SUPERIOR_RIGHTS,
            ]
        );
    }
}
