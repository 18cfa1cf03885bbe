//! Every `REG_*` structure against a second description of it: Microsoft's metadata, as the
//! `windows-sys` crate has it.

use core::mem::offset_of;

use windows_sys::Wdk::System::{Registry, SystemServices};

/// Compares size, alignment and the offset of every field of a structure.
macro_rules! same_layout {
    ($($module:ident::$name:ident { $($field:ident),+ $(,)? })+) => {
        /// The structures that are compared.
        const COMPARED: &[&str] = &[$(stringify!($name)),+];

        $(
            #[test]
            #[allow(non_snake_case, reason = "the structure's own name")]
            fn $name() {
                use $module::$name as Theirs;
                use wdm_sys::$name as Ours;
                assert_eq!(size_of::<Ours>(), size_of::<Theirs>());
                assert_eq!(align_of::<Ours>(), align_of::<Theirs>());
                $(assert_eq!(
                    offset_of!(Ours, $field),
                    offset_of!(Theirs, $field),
                    stringify!($field)
                );)+
            }
        )+
    };
}

#[test]
fn every_asserted_structure_is_compared() {
    let asserted: Vec<_> = wdm_sys::layout::ASSERTED
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(asserted, COMPARED);
}

same_layout! {
    SystemServices::REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION {
        Object, ObjectContext, Reserved,
    }
    SystemServices::REG_CREATE_KEY_INFORMATION {
        CompleteName, RootObject, ObjectType, CreateOptions, Class, SecurityDescriptor,
        SecurityQualityOfService, DesiredAccess, GrantedAccess, Disposition, ResultObject,
        CallContext, RootObjectContext, Transaction, Reserved,
    }
    SystemServices::REG_CREATE_KEY_INFORMATION_V1 {
        CompleteName, RootObject, ObjectType, Options, Class, SecurityDescriptor,
        SecurityQualityOfService, DesiredAccess, GrantedAccess, Disposition, ResultObject,
        CallContext, RootObjectContext, Transaction, Version, RemainingName, Wow64Flags,
        Attributes, CheckAccessMode,
    }
    SystemServices::REG_DELETE_KEY_INFORMATION {
        Object, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_DELETE_VALUE_KEY_INFORMATION {
        Object, ValueName, CallContext, ObjectContext, Reserved,
    }
    Registry::REG_ENUMERATE_KEY_INFORMATION {
        Object, Index, KeyInformationClass, KeyInformation, Length, ResultLength, CallContext,
        ObjectContext, Reserved,
    }
    Registry::REG_ENUMERATE_VALUE_KEY_INFORMATION {
        Object, Index, KeyValueInformationClass, KeyValueInformation, Length, ResultLength,
        CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_KEY_HANDLE_CLOSE_INFORMATION {
        Object, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_LOAD_KEY_INFORMATION {
        Object, KeyName, SourceFile, Flags, TrustClassObject, UserEvent, DesiredAccess,
        RootHandle, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_LOAD_KEY_INFORMATION_V2 {
        Object, KeyName, SourceFile, Flags, TrustClassObject, UserEvent, DesiredAccess,
        RootHandle, CallContext, ObjectContext, Version, FileAccessToken,
    }
    SystemServices::REG_POST_CREATE_KEY_INFORMATION {
        CompleteName, Object, Status,
    }
    SystemServices::REG_POST_OPERATION_INFORMATION {
        Object, Status, PreInformation, ReturnStatus, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_PRE_CREATE_KEY_INFORMATION {
        CompleteName,
    }
    Registry::REG_QUERY_KEY_INFORMATION {
        Object, KeyInformationClass, KeyInformation, Length, ResultLength, CallContext,
        ObjectContext, Reserved,
    }
    SystemServices::REG_QUERY_KEY_NAME {
        Object, ObjectNameInfo, Length, ReturnLength, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_QUERY_KEY_SECURITY_INFORMATION {
        Object, SecurityInformation, SecurityDescriptor, Length, CallContext, ObjectContext,
        Reserved,
    }
    Registry::REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION {
        Object, ValueEntries, EntryCount, ValueBuffer, BufferLength, RequiredBufferLength,
        CallContext, ObjectContext, Reserved,
    }
    Registry::REG_QUERY_VALUE_KEY_INFORMATION {
        Object, ValueName, KeyValueInformationClass, KeyValueInformation, Length, ResultLength,
        CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_RENAME_KEY_INFORMATION {
        Object, NewName, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_REPLACE_KEY_INFORMATION {
        Object, OldFileName, NewFileName, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_RESTORE_KEY_INFORMATION {
        Object, FileHandle, Flags, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_SAVE_KEY_INFORMATION {
        Object, FileHandle, Format, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_SAVE_MERGED_KEY_INFORMATION {
        Object, FileHandle, HighKeyObject, LowKeyObject, CallContext, ObjectContext, Reserved,
    }
    Registry::REG_SET_INFORMATION_KEY_INFORMATION {
        Object, KeySetInformationClass, KeySetInformation, KeySetInformationLength, CallContext,
        ObjectContext, Reserved,
    }
    SystemServices::REG_SET_KEY_SECURITY_INFORMATION {
        Object, SecurityInformation, SecurityDescriptor, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_SET_VALUE_KEY_INFORMATION {
        Object, ValueName, TitleIndex, Type, Data, DataSize, CallContext, ObjectContext, Reserved,
    }
    SystemServices::REG_UNLOAD_KEY_INFORMATION {
        Object, UserEvent, CallContext, ObjectContext, Reserved,
    }
}

#[test]
fn every_notify_class_has_the_value_of_the_metadata() {
    macro_rules! same_class {
        ($($name:ident)+) => {
            $(assert_eq!(
                i64::from(wdm_sys::$name),
                i64::from(SystemServices::$name),
                stringify!($name)
            );)+
        };
    }
    same_class! {
        RegNtDeleteKey RegNtPreDeleteKey RegNtSetValueKey RegNtPreSetValueKey RegNtDeleteValueKey
        RegNtPreDeleteValueKey RegNtSetInformationKey RegNtPreSetInformationKey RegNtRenameKey
        RegNtPreRenameKey RegNtEnumerateKey RegNtPreEnumerateKey RegNtEnumerateValueKey
        RegNtPreEnumerateValueKey RegNtQueryKey RegNtPreQueryKey RegNtQueryValueKey
        RegNtPreQueryValueKey RegNtQueryMultipleValueKey RegNtPreQueryMultipleValueKey
        RegNtPreCreateKey RegNtPostCreateKey RegNtPreOpenKey RegNtPostOpenKey RegNtKeyHandleClose
        RegNtPreKeyHandleClose RegNtPostDeleteKey RegNtPostSetValueKey RegNtPostDeleteValueKey
        RegNtPostSetInformationKey RegNtPostRenameKey RegNtPostEnumerateKey
        RegNtPostEnumerateValueKey RegNtPostQueryKey RegNtPostQueryValueKey
        RegNtPostQueryMultipleValueKey RegNtPostKeyHandleClose RegNtPreCreateKeyEx
        RegNtPostCreateKeyEx RegNtPreOpenKeyEx RegNtPostOpenKeyEx RegNtPreFlushKey
        RegNtPostFlushKey RegNtPreLoadKey RegNtPostLoadKey RegNtPreUnLoadKey RegNtPostUnLoadKey
        RegNtPreQueryKeySecurity RegNtPostQueryKeySecurity RegNtPreSetKeySecurity
        RegNtPostSetKeySecurity RegNtCallbackObjectContextCleanup RegNtPreRestoreKey
        RegNtPostRestoreKey RegNtPreSaveKey RegNtPostSaveKey RegNtPreReplaceKey RegNtPostReplaceKey
        RegNtPreQueryKeyName RegNtPostQueryKeyName RegNtPreSaveMergedKey RegNtPostSaveMergedKey
        MaxRegNtNotifyClass
    }
}
