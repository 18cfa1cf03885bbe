//! Operations: one type without size for each, which binds its classes, its structure, its
//! outcomes and the stages of its key. Each type's page has an example that runs.
//!
//! The table at the end of this file is the only place that pairs a class with a structure (N1:
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-ex_callback_function>).

mod answer;
mod enumerate;
mod hives;
mod information;
mod open;
mod pages;
mod path;
mod rename;
mod requestor;
mod security;
mod table;
mod values;

use core::convert::Infallible;
use core::ffi::c_void;
use core::mem::offset_of;

use wdm_sys as sys;

use crate::border::key::stage::{Closed, Closing, Live};
use crate::border::key::{Stage, Usable};
use crate::border::reply::{Answered, Created, Opened, Reply};

pub use answer::{Answers, KeyAnswer, KeyContents, ValueAnswer, ValueData};
pub use enumerate::{KeyInformation, ValueInformation};
pub use hives::{HiveFormat, LoadV2};
pub use information::KeySetInformation;
pub use open::{OpenV1, OpensKey};
pub(crate) use pages::{after_doc, before_doc, method_doc, page};
pub use path::OpenPath;
pub use requestor::Requestor;
pub use security::OnSecurity;
pub use table::{Row, TABLE};
pub use values::OnValue;
pub use wdm_sys::{ObjectFlags, RestoreFlags, SecurityInformation};

/// An operation on the registry. Sealed: the types of this module are all there are.
pub trait Operation: sealed::Sealed + Sized + 'static {
    /// The pre-notification's class.
    const PRE: sys::REG_NOTIFY_CLASS;
    /// The post-notification's class.
    const POST: sys::REG_NOTIFY_CLASS;
    /// The pre-notification's structure.
    type Info: Copy;
    /// What a driver owes that does the operation itself.
    type Reply: Reply<Self::Info>;
    /// The stage of the key in the pre-notification.
    type PreStage: Stage;
    /// The stage of the key in the post-notification.
    type PostStage: Stage;

    /// Key object and context of the pre-notification; for a create or an open, those of the root.
    #[doc(hidden)]
    fn object(info: &Self::Info) -> (*mut c_void, *mut c_void);
    /// Where the structure keeps the call context.
    #[doc(hidden)]
    fn call_context(info: *mut Self::Info) -> *mut *mut c_void;
}

mod sealed {
    pub trait Sealed {}
}

/// An operation whose pre-notification is on a key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation on a key that is already open",
    note = "a create or an open has a root, in `path`, and when it has succeeded a key, `opened_key`"
)]
pub trait OnPreKey: Operation<PreStage: Usable> {}

/// An operation whose post-notification is on a key, too.
#[diagnostic::on_unimplemented(message = "the post-notification of `{Self}` has no key")]
pub trait OnKey: OnPreKey {}

/// An operation that a callback can block, and whose result it can change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can be watched only: it can be neither blocked nor changed (N6)"
)]
pub trait Blockable: Operation {}

/// An operation that has no outputs, so that a callback can do it without supplying any.
#[diagnostic::on_unimplemented(
    message = "a callback that does `{Self}` itself owes its caller outputs, or cannot do it (N4)",
    note = "a create or an open is completed with a key object: `complete_with`, `succeed_with`",
    note = "a query or an enumeration is answered: `answer`",
    note = "a load is completed only where no handle is owed: `complete_without_handle`",
    note = "a close can be watched only"
)]
pub trait NoOutputs: Operation<Reply = ()> {}

/// Which capabilities follow from the shape of an operation.
macro_rules! shape {
    ($name:ident live) => {
        shape!($name live_before);
        impl OnKey for $name {}
    };
    ($name:ident live_before) => {
        impl OnPreKey for $name {}
        impl Blockable for $name {}
    };
    ($name:ident closing) => {
        impl OnPreKey for $name {}
        impl OnKey for $name {}
    };
    ($name:ident none) => {
        impl Blockable for $name {}
    };
}

macro_rules! reply {
    ($name:ident ()) => {
        impl NoOutputs for $name {}
    };
    ($name:ident $reply:ident) => {};
}

macro_rules! fields {
    (none $info:ident) => {{
        let _ = $info;
        (core::ptr::null_mut(), core::ptr::null_mut())
    }};
    (root $info:ident) => {
        ($info.RootObject, $info.RootObjectContext)
    };
    (key $info:ident) => {
        ($info.Object, $info.ObjectContext)
    };
}

macro_rules! define {
    ($(
        $(#[$doc:meta])* $name:ident $pre:ident $post:ident {
            $info:ident $pre_class:ident $post_class:ident
            $shape:ident $fields:ident $pre_stage:ident $post_stage:ident $reply:tt
        }
    )+) => {
        $(
            $(#[$doc])*
            ///
            /// # Notifications
            #[doc = concat!("- ", method_doc!($pre), ": ", before_doc!($info $pre_class))]
            #[doc = concat!("- ", method_doc!($post), ": ", after_doc!($post_class))]
            ///
            /// IRQL: `<= APC_LEVEL` (N1).
            #[derive(Debug)]
            pub enum $name {}

            impl sealed::Sealed for $name {}

            impl Operation for $name {
                const PRE: sys::REG_NOTIFY_CLASS = sys::$pre_class;
                const POST: sys::REG_NOTIFY_CLASS = sys::$post_class;
                type Info = sys::$info;
                type Reply = $reply;
                type PreStage = $pre_stage;
                type PostStage = $post_stage;

                #[inline]
                fn object(info: &Self::Info) -> (*mut c_void, *mut c_void) {
                    fields!($fields info)
                }

                #[inline]
                fn call_context(info: *mut Self::Info) -> *mut *mut c_void {
                    info.wrapping_byte_add(offset_of!(Self::Info, CallContext)).cast()
                }
            }

            shape!($name $shape);
            reply!($name $reply);
        )+
    };
}

/// Hands the table of operations to a macro: name, methods, and the rest in braces (structure,
/// classes, shape, where the key is, stages, what a driver owes).
macro_rules! for_each_operation {
    ($macro:ident) => {
        $macro! {
            /// `RegNtPreCreateKeyEx`, `RegNtPostCreateKeyEx`: a key is created, or opened if it
            /// exists.
            ///
            #[doc = include_str!("../../doc/create_key.md")]
            CreateKey pre_create_key post_create_key {
                REG_CREATE_KEY_INFORMATION RegNtPreCreateKeyEx RegNtPostCreateKeyEx
                none root Live Live Created
            }
            /// `RegNtPreOpenKeyEx`, `RegNtPostOpenKeyEx`: a key is opened.
            ///
            #[doc = include_str!("../../doc/open_key.md")]
            OpenKey pre_open_key post_open_key {
                REG_OPEN_KEY_INFORMATION RegNtPreOpenKeyEx RegNtPostOpenKeyEx
                none root Live Live Opened
            }
            /// `RegNtPreDeleteKey`, `RegNtPostDeleteKey`: a key is deleted.
            ///
            #[doc = include_str!("../../doc/delete_key.md")]
            DeleteKey pre_delete_key post_delete_key {
                REG_DELETE_KEY_INFORMATION RegNtPreDeleteKey RegNtPostDeleteKey
                live key Live Live ()
            }
            /// `RegNtPreSetValueKey`, `RegNtPostSetValueKey`: a value is created or replaced.
            ///
            #[doc = include_str!("../../doc/set_value.md")]
            SetValue pre_set_value post_set_value {
                REG_SET_VALUE_KEY_INFORMATION RegNtPreSetValueKey RegNtPostSetValueKey
                live key Live Live ()
            }
            /// `RegNtPreDeleteValueKey`, `RegNtPostDeleteValueKey`: a value is deleted.
            ///
            #[doc = include_str!("../../doc/delete_value.md")]
            DeleteValue pre_delete_value post_delete_value {
                REG_DELETE_VALUE_KEY_INFORMATION RegNtPreDeleteValueKey RegNtPostDeleteValueKey
                live key Live Live ()
            }
            /// `RegNtPreSetInformationKey`, `RegNtPostSetInformationKey`: a key's metadata is
            /// changed, such as its last-write time.
            ///
            #[doc = include_str!("../../doc/set_information.md")]
            SetInformation pre_set_information post_set_information {
                REG_SET_INFORMATION_KEY_INFORMATION
                RegNtPreSetInformationKey RegNtPostSetInformationKey
                live key Live Live ()
            }
            /// `RegNtPreRenameKey`, `RegNtPostRenameKey`: a key gets another name.
            ///
            #[doc = include_str!("../../doc/rename_key.md")]
            RenameKey pre_rename_key post_rename_key {
                REG_RENAME_KEY_INFORMATION RegNtPreRenameKey RegNtPostRenameKey
                live key Live Live ()
            }
            /// `RegNtPreEnumerateKey`, `RegNtPostEnumerateKey`: a subkey is asked for by index.
            ///
            #[doc = include_str!("../../doc/enumerate_key.md")]
            EnumerateKey pre_enumerate_key post_enumerate_key {
                REG_ENUMERATE_KEY_INFORMATION RegNtPreEnumerateKey RegNtPostEnumerateKey
                live key Live Live Answered
            }
            /// `RegNtPreEnumerateValueKey`, `RegNtPostEnumerateValueKey`: a value is asked for by
            /// index.
            ///
            #[doc = include_str!("../../doc/enumerate_value.md")]
            EnumerateValue pre_enumerate_value post_enumerate_value {
                REG_ENUMERATE_VALUE_KEY_INFORMATION
                RegNtPreEnumerateValueKey RegNtPostEnumerateValueKey
                live key Live Live Answered
            }
            /// `RegNtPreQueryKey`, `RegNtPostQueryKey`: a key's metadata is read.
            ///
            #[doc = include_str!("../../doc/query_key.md")]
            QueryKey pre_query_key post_query_key {
                REG_QUERY_KEY_INFORMATION RegNtPreQueryKey RegNtPostQueryKey
                live key Live Live Answered
            }
            /// `RegNtPreQueryValueKey`, `RegNtPostQueryValueKey`: a value is read.
            ///
            #[doc = include_str!("../../doc/query_value.md")]
            QueryValue pre_query_value post_query_value {
                REG_QUERY_VALUE_KEY_INFORMATION RegNtPreQueryValueKey RegNtPostQueryValueKey
                live key Live Live Answered
            }
            /// `RegNtPreQueryMultipleValueKey`, `RegNtPostQueryMultipleValueKey`: several values
            /// are read at once.
            ///
            #[doc = include_str!("../../doc/query_multiple_value.md")]
            QueryMultipleValue pre_query_multiple_value post_query_multiple_value {
                REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION
                RegNtPreQueryMultipleValueKey RegNtPostQueryMultipleValueKey
                live key Live Live Answered
            }
            /// `RegNtPreKeyHandleClose`, `RegNtPostKeyHandleClose`: a key object goes. It can be
            /// watched only (N6).
            ///
            #[doc = include_str!("../../doc/close_key.md")]
            CloseKey pre_close_key post_close_key {
                REG_KEY_HANDLE_CLOSE_INFORMATION RegNtPreKeyHandleClose RegNtPostKeyHandleClose
                closing key Closing Closed Infallible
            }
            /// `RegNtPreFlushKey`, `RegNtPostFlushKey`: a key is written to its hive.
            ///
            #[doc = include_str!("../../doc/flush_key.md")]
            FlushKey pre_flush_key post_flush_key {
                REG_FLUSH_KEY_INFORMATION RegNtPreFlushKey RegNtPostFlushKey
                live key Live Live ()
            }
            /// `RegNtPreLoadKey`, `RegNtPostLoadKey`: a hive is loaded. The post-notification has
            /// no key (K2b).
            ///
            #[doc = include_str!("../../doc/load_key.md")]
            LoadKey pre_load_key post_load_key {
                REG_LOAD_KEY_INFORMATION RegNtPreLoadKey RegNtPostLoadKey
                live_before key Live Live Answered
            }
            /// `RegNtPreUnLoadKey`, `RegNtPostUnLoadKey`: a hive is unloaded.
            ///
            #[doc = include_str!("../../doc/unload_key.md")]
            UnloadKey pre_unload_key post_unload_key {
                REG_UNLOAD_KEY_INFORMATION RegNtPreUnLoadKey RegNtPostUnLoadKey
                live_before key Live Live ()
            }
            /// `RegNtPreQueryKeySecurity`, `RegNtPostQueryKeySecurity`: a key's security
            /// descriptor is read.
            ///
            #[doc = include_str!("../../doc/query_security.md")]
            QuerySecurity pre_query_security post_query_security {
                REG_QUERY_KEY_SECURITY_INFORMATION
                RegNtPreQueryKeySecurity RegNtPostQueryKeySecurity
                live key Live Live Answered
            }
            /// `RegNtPreSetKeySecurity`, `RegNtPostSetKeySecurity`: a key's security descriptor is
            /// changed.
            ///
            #[doc = include_str!("../../doc/set_security.md")]
            SetSecurity pre_set_security post_set_security {
                REG_SET_KEY_SECURITY_INFORMATION RegNtPreSetKeySecurity RegNtPostSetKeySecurity
                live key Live Live ()
            }
            /// `RegNtPreRestoreKey`, `RegNtPostRestoreKey`: a key's contents are replaced from a
            /// file.
            ///
            #[doc = include_str!("../../doc/restore_key.md")]
            RestoreKey pre_restore_key post_restore_key {
                REG_RESTORE_KEY_INFORMATION RegNtPreRestoreKey RegNtPostRestoreKey
                live key Live Live ()
            }
            /// `RegNtPreSaveKey`, `RegNtPostSaveKey`: a key's contents are saved to a file.
            ///
            #[doc = include_str!("../../doc/save_key.md")]
            SaveKey pre_save_key post_save_key {
                REG_SAVE_KEY_INFORMATION RegNtPreSaveKey RegNtPostSaveKey
                live key Live Live ()
            }
            /// `RegNtPreReplaceKey`, `RegNtPostReplaceKey`: a hive's file is replaced at the next
            /// start.
            ///
            #[doc = include_str!("../../doc/replace_key.md")]
            ReplaceKey pre_replace_key post_replace_key {
                REG_REPLACE_KEY_INFORMATION RegNtPreReplaceKey RegNtPostReplaceKey
                live key Live Live ()
            }
            /// `RegNtPreQueryKeyName`, `RegNtPostQueryKeyName`: a key's full name is read.
            ///
            #[doc = include_str!("../../doc/query_key_name.md")]
            QueryKeyName pre_query_key_name post_query_key_name {
                REG_QUERY_KEY_NAME RegNtPreQueryKeyName RegNtPostQueryKeyName
                live key Live Live Answered
            }
            /// `RegNtPreSaveMergedKey`, `RegNtPostSaveMergedKey`: two keys' contents are merged
            /// and saved. Neither notification has a key (K2b).
            ///
            #[doc = include_str!("../../doc/save_merged_key.md")]
            SaveMergedKey pre_save_merged_key post_save_merged_key {
                REG_SAVE_MERGED_KEY_INFORMATION RegNtPreSaveMergedKey RegNtPostSaveMergedKey
                none none Live Live ()
            }
        }
    };
}

pub(crate) use for_each_operation;

for_each_operation!(define);
