//! The notification classes, and which of them belong to one operation (N1).
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_reg_notify_class>

use serde::Serialize;
use wdm_sys::{self as sys, PUNICODE_STRING, PVOID, REG_NOTIFY_CLASS};

/// The structure of a pre-notification (`Argument2`).
///
/// # Safety
/// A `repr(C)` structure of `wdm.h` in which [`call_context`](Self::call_context) and
/// [`object_context`](Self::object_context) give the fields of those names. Until a callback gets it,
/// the string that [`detail`](Self::detail) names is NULL or valid: the operation's own, or one that
/// a caller in kernel mode keeps valid for the whole call (N8).
pub(crate) unsafe trait PreInformation {
    /// `CallContext` (C5).
    fn call_context(&mut self) -> &mut PVOID;
    /// `ObjectContext`, or `RootObjectContext` of a create or open (C2).
    fn object_context(&mut self) -> &mut PVOID;

    /// What of the key the operation is about, for traces.
    fn detail(&self) -> Detail {
        Detail::None
    }
}

/// What of a key an operation is about.
pub(crate) enum Detail {
    /// Nothing that has a name.
    None,
    /// A value's name, the key's new name, or a file's.
    Name(PUNICODE_STRING),
    /// Which entry.
    Index(u32),
}

macro_rules! pre_information {
    ($($structure:ident { $context:ident $(, $detail:ident($field:ident))? })*) => {$(
        // SAFETY: the fields are the structure's own.
        unsafe impl PreInformation for sys::$structure {
            fn call_context(&mut self) -> &mut PVOID {
                &mut self.CallContext
            }
            fn object_context(&mut self) -> &mut PVOID {
                &mut self.$context
            }
            $(fn detail(&self) -> Detail {
                Detail::$detail(self.$field)
            })?
        }
    )*};
}

pre_information! {
    REG_DELETE_KEY_INFORMATION { ObjectContext }
    REG_SET_VALUE_KEY_INFORMATION { ObjectContext, Name(ValueName) }
    REG_DELETE_VALUE_KEY_INFORMATION { ObjectContext, Name(ValueName) }
    REG_SET_INFORMATION_KEY_INFORMATION { ObjectContext }
    REG_RENAME_KEY_INFORMATION { ObjectContext, Name(NewName) }
    REG_ENUMERATE_KEY_INFORMATION { ObjectContext, Index(Index) }
    REG_ENUMERATE_VALUE_KEY_INFORMATION { ObjectContext, Index(Index) }
    REG_QUERY_KEY_INFORMATION { ObjectContext }
    REG_QUERY_VALUE_KEY_INFORMATION { ObjectContext, Name(ValueName) }
    REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION { ObjectContext }
    REG_CREATE_KEY_INFORMATION_V1 { RootObjectContext }
    REG_KEY_HANDLE_CLOSE_INFORMATION { ObjectContext }
    REG_QUERY_KEY_SECURITY_INFORMATION { ObjectContext }
    REG_SET_KEY_SECURITY_INFORMATION { ObjectContext }
    REG_QUERY_KEY_NAME { ObjectContext }
    REG_LOAD_KEY_INFORMATION_V2 { ObjectContext, Name(SourceFile) }
    REG_UNLOAD_KEY_INFORMATION { ObjectContext }
    REG_SAVE_KEY_INFORMATION { ObjectContext }
    REG_SAVE_MERGED_KEY_INFORMATION { ObjectContext }
    REG_RESTORE_KEY_INFORMATION { ObjectContext }
    REG_REPLACE_KEY_INFORMATION { ObjectContext }
}

/// An operation of the configuration manager that callbacks are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Operation {
    /// `ZwCreateKey`.
    CreateKey,
    /// `ZwOpenKey`, `ZwOpenKeyEx`.
    OpenKey,
    /// `ZwDeleteKey`.
    DeleteKey,
    /// `ZwRenameKey`.
    RenameKey,
    /// `ZwSetValueKey`.
    SetValueKey,
    /// `ZwDeleteValueKey`.
    DeleteValueKey,
    /// `ZwQueryValueKey`.
    QueryValueKey,
    /// `ZwQueryMultipleValueKey`.
    QueryMultipleValueKey,
    /// `ZwEnumerateValueKey`.
    EnumerateValueKey,
    /// `ZwQueryKey`.
    QueryKey,
    /// `ZwEnumerateKey`.
    EnumerateKey,
    /// `ZwSetInformationKey`.
    SetInformationKey,
    /// `ZwFlushKey`.
    FlushKey,
    /// `ZwQuerySecurityObject` on a key.
    QueryKeySecurity,
    /// `ZwSetSecurityObject` on a key.
    SetKeySecurity,
    /// `ObQueryNameString` on a key.
    QueryKeyName,
    /// `ZwLoadKey`, `ZwLoadKeyEx`.
    LoadKey,
    /// `ZwUnloadKey`.
    UnloadKey,
    /// `ZwSaveKey`, `ZwSaveKeyEx`.
    SaveKey,
    /// `ZwSaveMergedKeys`.
    SaveMergedKey,
    /// `ZwRestoreKey`.
    RestoreKey,
    /// `ZwReplaceKey`.
    ReplaceKey,
    /// The last reference to a key object went away.
    KeyHandleClose,
}

impl Operation {
    /// The class of the pre-notification.
    pub const fn pre(self) -> REG_NOTIFY_CLASS {
        self.classes().0
    }

    /// The class of the post-notification.
    pub const fn post(self) -> REG_NOTIFY_CLASS {
        self.classes().1
    }

    /// Whether the operation yields a key object (N4, N5).
    pub const fn yields_object(self) -> bool {
        matches!(self, Self::CreateKey | Self::OpenKey)
    }

    const fn classes(self) -> (REG_NOTIFY_CLASS, REG_NOTIFY_CLASS) {
        match self {
            Self::CreateKey => (sys::RegNtPreCreateKeyEx, sys::RegNtPostCreateKeyEx),
            Self::OpenKey => (sys::RegNtPreOpenKeyEx, sys::RegNtPostOpenKeyEx),
            Self::DeleteKey => (sys::RegNtPreDeleteKey, sys::RegNtPostDeleteKey),
            Self::RenameKey => (sys::RegNtPreRenameKey, sys::RegNtPostRenameKey),
            Self::SetValueKey => (sys::RegNtPreSetValueKey, sys::RegNtPostSetValueKey),
            Self::DeleteValueKey => (sys::RegNtPreDeleteValueKey, sys::RegNtPostDeleteValueKey),
            Self::QueryValueKey => (sys::RegNtPreQueryValueKey, sys::RegNtPostQueryValueKey),
            Self::QueryMultipleValueKey => (
                sys::RegNtPreQueryMultipleValueKey,
                sys::RegNtPostQueryMultipleValueKey,
            ),
            Self::EnumerateValueKey => (
                sys::RegNtPreEnumerateValueKey,
                sys::RegNtPostEnumerateValueKey,
            ),
            Self::QueryKey => (sys::RegNtPreQueryKey, sys::RegNtPostQueryKey),
            Self::EnumerateKey => (sys::RegNtPreEnumerateKey, sys::RegNtPostEnumerateKey),
            Self::SetInformationKey => (
                sys::RegNtPreSetInformationKey,
                sys::RegNtPostSetInformationKey,
            ),
            Self::FlushKey => (sys::RegNtPreFlushKey, sys::RegNtPostFlushKey),
            Self::QueryKeySecurity => (
                sys::RegNtPreQueryKeySecurity,
                sys::RegNtPostQueryKeySecurity,
            ),
            Self::SetKeySecurity => (sys::RegNtPreSetKeySecurity, sys::RegNtPostSetKeySecurity),
            Self::QueryKeyName => (sys::RegNtPreQueryKeyName, sys::RegNtPostQueryKeyName),
            Self::LoadKey => (sys::RegNtPreLoadKey, sys::RegNtPostLoadKey),
            Self::UnloadKey => (sys::RegNtPreUnLoadKey, sys::RegNtPostUnLoadKey),
            Self::SaveKey => (sys::RegNtPreSaveKey, sys::RegNtPostSaveKey),
            Self::SaveMergedKey => (sys::RegNtPreSaveMergedKey, sys::RegNtPostSaveMergedKey),
            Self::RestoreKey => (sys::RegNtPreRestoreKey, sys::RegNtPostRestoreKey),
            Self::ReplaceKey => (sys::RegNtPreReplaceKey, sys::RegNtPostReplaceKey),
            Self::KeyHandleClose => (sys::RegNtPreKeyHandleClose, sys::RegNtPostKeyHandleClose),
        }
    }
}

/// C's name of a notification class, for findings and traces.
pub fn name(class: REG_NOTIFY_CLASS) -> &'static str {
    NAMES.get(class as usize).copied().unwrap_or("unknown")
}

/// The current names, by number (the aliases without `Pre` are older spellings).
const NAMES: [&str; sys::MaxRegNtNotifyClass as usize] = [
    "RegNtPreDeleteKey",
    "RegNtPreSetValueKey",
    "RegNtPreDeleteValueKey",
    "RegNtPreSetInformationKey",
    "RegNtPreRenameKey",
    "RegNtPreEnumerateKey",
    "RegNtPreEnumerateValueKey",
    "RegNtPreQueryKey",
    "RegNtPreQueryValueKey",
    "RegNtPreQueryMultipleValueKey",
    "RegNtPreCreateKey",
    "RegNtPostCreateKey",
    "RegNtPreOpenKey",
    "RegNtPostOpenKey",
    "RegNtPreKeyHandleClose",
    "RegNtPostDeleteKey",
    "RegNtPostSetValueKey",
    "RegNtPostDeleteValueKey",
    "RegNtPostSetInformationKey",
    "RegNtPostRenameKey",
    "RegNtPostEnumerateKey",
    "RegNtPostEnumerateValueKey",
    "RegNtPostQueryKey",
    "RegNtPostQueryValueKey",
    "RegNtPostQueryMultipleValueKey",
    "RegNtPostKeyHandleClose",
    "RegNtPreCreateKeyEx",
    "RegNtPostCreateKeyEx",
    "RegNtPreOpenKeyEx",
    "RegNtPostOpenKeyEx",
    "RegNtPreFlushKey",
    "RegNtPostFlushKey",
    "RegNtPreLoadKey",
    "RegNtPostLoadKey",
    "RegNtPreUnLoadKey",
    "RegNtPostUnLoadKey",
    "RegNtPreQueryKeySecurity",
    "RegNtPostQueryKeySecurity",
    "RegNtPreSetKeySecurity",
    "RegNtPostSetKeySecurity",
    "RegNtCallbackObjectContextCleanup",
    "RegNtPreRestoreKey",
    "RegNtPostRestoreKey",
    "RegNtPreSaveKey",
    "RegNtPostSaveKey",
    "RegNtPreReplaceKey",
    "RegNtPostReplaceKey",
    "RegNtPreQueryKeyName",
    "RegNtPostQueryKeyName",
    "RegNtPreSaveMergedKey",
    "RegNtPostSaveMergedKey",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n1_every_operation_has_its_own_two_classes_in_order() {
        use Operation::*;
        let all = [
            CreateKey,
            OpenKey,
            DeleteKey,
            RenameKey,
            SetValueKey,
            DeleteValueKey,
            QueryValueKey,
            QueryMultipleValueKey,
            EnumerateValueKey,
            QueryKey,
            EnumerateKey,
            SetInformationKey,
            FlushKey,
            QueryKeySecurity,
            SetKeySecurity,
            QueryKeyName,
            LoadKey,
            UnloadKey,
            SaveKey,
            SaveMergedKey,
            RestoreKey,
            ReplaceKey,
            KeyHandleClose,
        ];
        let mut seen = std::collections::HashSet::new();
        for operation in all {
            let (pre, post) = (operation.pre(), operation.post());
            assert!(seen.insert(pre) && seen.insert(post), "{operation:?}");
            let base = name(pre).strip_prefix("RegNtPre").unwrap();
            assert_eq!(name(post).strip_prefix("RegNtPost"), Some(base));
        }
    }

    #[test]
    fn n1_names_stand_at_their_numbers() {
        assert_eq!(name(sys::RegNtPreSetValueKey), "RegNtPreSetValueKey");
        assert_eq!(
            name(sys::RegNtCallbackObjectContextCleanup),
            "RegNtCallbackObjectContextCleanup"
        );
        assert_eq!(name(sys::RegNtPostSaveMergedKey), "RegNtPostSaveMergedKey");
        assert_eq!(name(sys::MaxRegNtNotifyClass), "unknown");
    }
}
