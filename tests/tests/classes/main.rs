//! Every class of notifications, and every outcome that a callback can make of it, against the
//! simulated kernel: a test for each class, named after it.
//!
//! Two callbacks watch an operation. The one above makes the outcome that is tried; the one below
//! shows whether the operation went on (N2), and makes it fail where a failure is to be turned into
//! a success (N3).

mod callback;
mod legacy;
mod operations;
#[path = "../callback/support.rs"]
#[allow(dead_code, reason = "not all of it is for these tests")]
mod support;
mod trial;

use cm_callback::operation::TABLE;

use crate::operations::Operation;

macro_rules! classes {
    ($($operation:ident { $pre:ident $post:ident })+) => {
        /// The classes that are tried here.
        const TRIED: &[&str] = &[
            $(stringify!($pre), stringify!($post),)+
            "RegNtCallbackObjectContextCleanup",
            "RegNtPreCreateKey",
            "RegNtPostCreateKey",
            "RegNtPreOpenKey",
            "RegNtPostOpenKey",
        ];

        $(
            #[test]
            #[allow(non_snake_case, reason = "the class's own name")]
            fn $pre() {
                trial::before(Operation::$operation, stringify!($pre));
            }

            #[test]
            #[allow(non_snake_case, reason = "the class's own name")]
            fn $post() {
                trial::after(Operation::$operation, stringify!($post));
            }
        )+
    };
}

classes! {
    CreateKey { RegNtPreCreateKeyEx RegNtPostCreateKeyEx }
    OpenKey { RegNtPreOpenKeyEx RegNtPostOpenKeyEx }
    DeleteKey { RegNtPreDeleteKey RegNtPostDeleteKey }
    SetValue { RegNtPreSetValueKey RegNtPostSetValueKey }
    DeleteValue { RegNtPreDeleteValueKey RegNtPostDeleteValueKey }
    SetInformation { RegNtPreSetInformationKey RegNtPostSetInformationKey }
    RenameKey { RegNtPreRenameKey RegNtPostRenameKey }
    EnumerateKey { RegNtPreEnumerateKey RegNtPostEnumerateKey }
    EnumerateValue { RegNtPreEnumerateValueKey RegNtPostEnumerateValueKey }
    QueryKey { RegNtPreQueryKey RegNtPostQueryKey }
    QueryValue { RegNtPreQueryValueKey RegNtPostQueryValueKey }
    QueryMultipleValue { RegNtPreQueryMultipleValueKey RegNtPostQueryMultipleValueKey }
    CloseKey { RegNtPreKeyHandleClose RegNtPostKeyHandleClose }
    FlushKey { RegNtPreFlushKey RegNtPostFlushKey }
    LoadKey { RegNtPreLoadKey RegNtPostLoadKey }
    UnloadKey { RegNtPreUnLoadKey RegNtPostUnLoadKey }
    QuerySecurity { RegNtPreQueryKeySecurity RegNtPostQueryKeySecurity }
    SetSecurity { RegNtPreSetKeySecurity RegNtPostSetKeySecurity }
    RestoreKey { RegNtPreRestoreKey RegNtPostRestoreKey }
    SaveKey { RegNtPreSaveKey RegNtPostSaveKey }
    ReplaceKey { RegNtPreReplaceKey RegNtPostReplaceKey }
    QueryKeyName { RegNtPreQueryKeyName RegNtPostQueryKeyName }
    SaveMergedKey { RegNtPreSaveMergedKey RegNtPostSaveMergedKey }
}

#[test]
#[allow(non_snake_case, reason = "the class's own name")]
fn RegNtCallbackObjectContextCleanup() {
    trial::cleanup();
}

#[test]
#[allow(non_snake_case, reason = "the class's own name")]
fn RegNtPreCreateKey() {
    legacy::before("LegacyCallback::pre_create");
}

#[test]
#[allow(non_snake_case, reason = "the class's own name")]
fn RegNtPostCreateKey() {
    legacy::after("LegacyCallback::post_create");
}

#[test]
#[allow(non_snake_case, reason = "the class's own name")]
fn RegNtPreOpenKey() {
    legacy::before("LegacyCallback::pre_open");
}

#[test]
#[allow(non_snake_case, reason = "the class's own name")]
fn RegNtPostOpenKey() {
    legacy::after("LegacyCallback::post_open");
}

#[test]
fn n1_every_class_is_tried() {
    let mut tried = TRIED.to_vec();
    let mut known: Vec<_> = TABLE.iter().map(|row| row.name).collect();
    tried.sort_unstable();
    known.sort_unstable();
    assert_eq!(tried, known);
}
