//! The layout of every `REG_*` structure, asserted a second time.
//!
//! bindgen asserts what it saw in the headers; the figures here come from Microsoft's own metadata
//! (the `windows-sys` crate), so the two sources must agree before anything compiles. A test of
//! the workspace compares the structures with `windows-sys` itself.

use static_assertions::const_assert_eq;

/// Asserts the size, the alignment and the offset of every field of a structure, all in bytes.
macro_rules! layout {
    ($($name:ident: $size:literal, $align:literal { $($field:ident: $offset:literal),+ $(,)? })+) => {
        $(
            const_assert_eq!(size_of::<crate::$name>(), $size);
            const_assert_eq!(align_of::<crate::$name>(), $align);
            $(const_assert_eq!(core::mem::offset_of!(crate::$name, $field), $offset);)+
        )+
        /// The structures whose layout is asserted, with their sizes in bytes.
        pub const ASSERTED: &[(&str, usize)] = &[$((stringify!($name), $size)),+];
    };
}

layout! {
    REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION: 24, 8 {
        Object: 0, ObjectContext: 8, Reserved: 16,
    }
    REG_CREATE_KEY_INFORMATION: 112, 8 {
        CompleteName: 0, RootObject: 8, ObjectType: 16, CreateOptions: 24, Class: 32,
        SecurityDescriptor: 40, SecurityQualityOfService: 48, DesiredAccess: 56,
        GrantedAccess: 60, Disposition: 64, ResultObject: 72, CallContext: 80,
        RootObjectContext: 88, Transaction: 96, Reserved: 104,
    }
    REG_CREATE_KEY_INFORMATION_V1: 136, 8 {
        CompleteName: 0, RootObject: 8, ObjectType: 16, Options: 24, Class: 32,
        SecurityDescriptor: 40, SecurityQualityOfService: 48, DesiredAccess: 56,
        GrantedAccess: 60, Disposition: 64, ResultObject: 72, CallContext: 80,
        RootObjectContext: 88, Transaction: 96, Version: 104, RemainingName: 112, Wow64Flags: 120,
        Attributes: 124, CheckAccessMode: 128,
    }
    REG_DELETE_KEY_INFORMATION: 32, 8 {
        Object: 0, CallContext: 8, ObjectContext: 16, Reserved: 24,
    }
    REG_DELETE_VALUE_KEY_INFORMATION: 40, 8 {
        Object: 0, ValueName: 8, CallContext: 16, ObjectContext: 24, Reserved: 32,
    }
    REG_ENUMERATE_KEY_INFORMATION: 64, 8 {
        Object: 0, Index: 8, KeyInformationClass: 12, KeyInformation: 16, Length: 24,
        ResultLength: 32, CallContext: 40, ObjectContext: 48, Reserved: 56,
    }
    REG_ENUMERATE_VALUE_KEY_INFORMATION: 64, 8 {
        Object: 0, Index: 8, KeyValueInformationClass: 12, KeyValueInformation: 16, Length: 24,
        ResultLength: 32, CallContext: 40, ObjectContext: 48, Reserved: 56,
    }
    REG_KEY_HANDLE_CLOSE_INFORMATION: 32, 8 {
        Object: 0, CallContext: 8, ObjectContext: 16, Reserved: 24,
    }
    REG_LOAD_KEY_INFORMATION: 88, 8 {
        Object: 0, KeyName: 8, SourceFile: 16, Flags: 24, TrustClassObject: 32, UserEvent: 40,
        DesiredAccess: 48, RootHandle: 56, CallContext: 64, ObjectContext: 72, Reserved: 80,
    }
    REG_LOAD_KEY_INFORMATION_V2: 96, 8 {
        Object: 0, KeyName: 8, SourceFile: 16, Flags: 24, TrustClassObject: 32, UserEvent: 40,
        DesiredAccess: 48, RootHandle: 56, CallContext: 64, ObjectContext: 72, Version: 80,
        FileAccessToken: 88,
    }
    REG_POST_CREATE_KEY_INFORMATION: 24, 8 {
        CompleteName: 0, Object: 8, Status: 16,
    }
    REG_POST_OPERATION_INFORMATION: 56, 8 {
        Object: 0, Status: 8, PreInformation: 16, ReturnStatus: 24, CallContext: 32,
        ObjectContext: 40, Reserved: 48,
    }
    REG_PRE_CREATE_KEY_INFORMATION: 8, 8 {
        CompleteName: 0,
    }
    REG_QUERY_KEY_INFORMATION: 64, 8 {
        Object: 0, KeyInformationClass: 8, KeyInformation: 16, Length: 24, ResultLength: 32,
        CallContext: 40, ObjectContext: 48, Reserved: 56,
    }
    REG_QUERY_KEY_NAME: 56, 8 {
        Object: 0, ObjectNameInfo: 8, Length: 16, ReturnLength: 24, CallContext: 32,
        ObjectContext: 40, Reserved: 48,
    }
    REG_QUERY_KEY_SECURITY_INFORMATION: 56, 8 {
        Object: 0, SecurityInformation: 8, SecurityDescriptor: 16, Length: 24, CallContext: 32,
        ObjectContext: 40, Reserved: 48,
    }
    REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION: 72, 8 {
        Object: 0, ValueEntries: 8, EntryCount: 16, ValueBuffer: 24, BufferLength: 32,
        RequiredBufferLength: 40, CallContext: 48, ObjectContext: 56, Reserved: 64,
    }
    REG_QUERY_VALUE_KEY_INFORMATION: 72, 8 {
        Object: 0, ValueName: 8, KeyValueInformationClass: 16, KeyValueInformation: 24,
        Length: 32, ResultLength: 40, CallContext: 48, ObjectContext: 56, Reserved: 64,
    }
    REG_RENAME_KEY_INFORMATION: 40, 8 {
        Object: 0, NewName: 8, CallContext: 16, ObjectContext: 24, Reserved: 32,
    }
    REG_REPLACE_KEY_INFORMATION: 48, 8 {
        Object: 0, OldFileName: 8, NewFileName: 16, CallContext: 24, ObjectContext: 32,
        Reserved: 40,
    }
    REG_RESTORE_KEY_INFORMATION: 48, 8 {
        Object: 0, FileHandle: 8, Flags: 16, CallContext: 24, ObjectContext: 32, Reserved: 40,
    }
    REG_SAVE_KEY_INFORMATION: 48, 8 {
        Object: 0, FileHandle: 8, Format: 16, CallContext: 24, ObjectContext: 32, Reserved: 40,
    }
    REG_SAVE_MERGED_KEY_INFORMATION: 56, 8 {
        Object: 0, FileHandle: 8, HighKeyObject: 16, LowKeyObject: 24, CallContext: 32,
        ObjectContext: 40, Reserved: 48,
    }
    REG_SET_INFORMATION_KEY_INFORMATION: 56, 8 {
        Object: 0, KeySetInformationClass: 8, KeySetInformation: 16, KeySetInformationLength: 24,
        CallContext: 32, ObjectContext: 40, Reserved: 48,
    }
    REG_SET_KEY_SECURITY_INFORMATION: 48, 8 {
        Object: 0, SecurityInformation: 8, SecurityDescriptor: 16, CallContext: 24,
        ObjectContext: 32, Reserved: 40,
    }
    REG_SET_VALUE_KEY_INFORMATION: 64, 8 {
        Object: 0, ValueName: 8, TitleIndex: 16, Type: 20, Data: 24, DataSize: 32,
        CallContext: 40, ObjectContext: 48, Reserved: 56,
    }
    REG_UNLOAD_KEY_INFORMATION: 40, 8 {
        Object: 0, UserEvent: 8, CallContext: 16, ObjectContext: 24, Reserved: 32,
    }
}
