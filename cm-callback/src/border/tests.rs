//! The trampoline on hand-made structures: operations and versions that the simulated kernel has
//! none of.

extern crate std;

use core::convert::Infallible;
use core::ffi::c_void;
use core::ptr;
use std::format;
use std::string::{String, ToString};
use std::sync::Mutex;
use std::vec::Vec;

use wdm_safe::requestor::PreviousMode;
use wdm_safe::string::Counted;
use wdm_safe::{NtError, UnicodeStr, unicode};
use wdm_sim as _;
use wdm_sys as sys;

use super::registration::Shared;
use super::trampoline::trampoline;
use crate::operation::*;
use crate::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback};

/// Logs what the views show.
#[derive(Default)]
struct Watching(Mutex<Vec<String>>);

impl Watching {
    fn log(&self, what: impl ToString) {
        let mut log = self.0.lock().expect("no test panics while it logs");
        log.push(what.to_string());
    }

    fn open_info(&self, v1: Option<OpenV1<'_>>, class: &UnicodeStr, transacted: bool) {
        self.log(format!("class {class}, transacted {transacted}"));
        match v1 {
            None => self.log("first version"),
            Some(v1) => self.log(format!(
                "{}, {:?}, {:?}, {:?}",
                v1.remaining_name(),
                v1.wow64(),
                v1.attributes(),
                v1.access_mode()
            )),
        }
    }
}

impl RegistryCallback for Watching {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        self.open_info(op.v1(), op.class(), op.transaction().is_some());
        op.pass()
    }

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        self.open_info(op.v1(), op.class(), op.transaction().is_some());
        let (desired, granted) = (op.desired_access(), op.granted_access());
        self.log(format!("desired {desired:?}, granted {granted:?}"));
        op.keep()
    }

    fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
        // SAFETY: tests run at PASSIVE_LEVEL.
        let at = unsafe { wdm_safe::Passive::new_unchecked() };
        let opened = op
            .transaction()
            .map(|transaction| transaction.open(at).err());
        self.log(format!("{opened:?}"));
        op.pass()
    }

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        op.fail_with(NtError::ACCESS_DENIED)
    }

    fn pre_set_information(
        &self,
        op: Pre<'_, SetInformation, Self>,
    ) -> PreOutcome<SetInformation, Self> {
        let (kind, data, time) = (op.kind(), op.data(), op.last_write_time());
        self.log(format!("{kind:?} {data:?} {time:?}"));
        op.pass()
    }

    fn pre_query_security(
        &self,
        op: Pre<'_, QuerySecurity, Self>,
    ) -> PreOutcome<QuerySecurity, Self> {
        self.log(format!("{:?}", op.security_parts()));
        op.pass()
    }

    fn post_set_security(&self, op: Post<'_, SetSecurity, Self>) -> PostOutcome<SetSecurity, Self> {
        self.log(format!("{:?}", op.security_parts()));
        op.keep()
    }

    fn pre_load_key(&self, op: Pre<'_, LoadKey, Self>) -> PreOutcome<LoadKey, Self> {
        let root = op.key().map(|key| key.address());
        self.log(format!(
            "load {} from {} at {root:?}, flags {}, handle {}, {:?}",
            op.key_name(),
            op.source_file(),
            op.flags(),
            op.gives_root_handle(),
            op.desired_access()
        ));
        op.block(NtError::ACCESS_DENIED)
    }

    fn post_load_key(&self, op: Post<'_, LoadKey, Self>) -> PostOutcome<LoadKey, Self> {
        self.log(format!("loaded {} {}", op.key_name(), op.source_file()));
        op.keep()
    }

    fn pre_unload_key(&self, op: Pre<'_, UnloadKey, Self>) -> PreOutcome<UnloadKey, Self> {
        self.log(format!("unload {:?}", op.key().map(|key| key.address())));
        op.pass()
    }

    fn pre_save_key(&self, op: Pre<'_, SaveKey, Self>) -> PreOutcome<SaveKey, Self> {
        self.log(format!("{:?}", op.format()));
        op.pass()
    }

    fn pre_restore_key(&self, op: Pre<'_, RestoreKey, Self>) -> PreOutcome<RestoreKey, Self> {
        self.log(format!("{:?}", op.flags()));
        op.pass()
    }

    fn pre_replace_key(&self, op: Pre<'_, ReplaceKey, Self>) -> PreOutcome<ReplaceKey, Self> {
        self.log(format!("{} to {}", op.new_file(), op.old_file()));
        op.pass()
    }

    fn pre_save_merged_key(
        &self,
        op: Pre<'_, SaveMergedKey, Self>,
    ) -> PreOutcome<SaveMergedKey, Self> {
        let [high, low] = [op.high_key(), op.low_key()].map(|key| key.map(|key| key.address()));
        self.log(format!("{high:?} over {low:?}"));
        op.pass()
    }
}

/// Hands one notification to a callback; gives its status and what was logged.
fn feed<T>(class: sys::REG_NOTIFY_CLASS, info: &mut T) -> (sys::NTSTATUS, Vec<String>) {
    let shared = Shared::new(Watching::default());
    let context = ptr::from_ref(&shared).cast_mut().cast();
    let class = ptr::without_provenance_mut(class as usize);
    let info: *mut T = info;
    // SAFETY: the tests below pair each class with its structure, whose pointers lead to live
    // locals or nowhere.
    let status = unsafe { trampoline::<Watching>(context, class, info.cast()) };
    (status, shared.callback.0.into_inner().expect("no panic"))
}

/// The same, for an operation that is over.
fn feed_post<T>(class: sys::REG_NOTIFY_CLASS, status: sys::NTSTATUS, info: *mut T) -> Vec<String> {
    let mut post = sys::REG_POST_OPERATION_INFORMATION {
        Object: ptr::null_mut(),
        Status: status,
        PreInformation: info.cast(),
        ReturnStatus: status,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    feed(class, &mut post).1
}

fn counted(text: &UnicodeStr) -> Counted<'_> {
    Counted::new(text).expect("a short text")
}

/// An object that is nowhere: the views show its address only.
fn object(address: usize) -> *mut c_void {
    ptr::without_provenance_mut(address)
}

fn create(name: &Counted<'_>, version: usize) -> sys::REG_CREATE_KEY_INFORMATION_V1 {
    sys::REG_CREATE_KEY_INFORMATION_V1 {
        CompleteName: name.as_ptr(),
        RootObject: object(0x10),
        ObjectType: ptr::null_mut(),
        Options: 0,
        Class: name.as_ptr(),
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
        DesiredAccess: sys::KEY_SET_VALUE,
        GrantedAccess: sys::KEY_QUERY_VALUE,
        Disposition: ptr::null_mut(),
        ResultObject: ptr::null_mut(),
        CallContext: ptr::null_mut(),
        RootObjectContext: ptr::null_mut(),
        Transaction: object(0x20),
        Version: version as sys::ULONG_PTR,
        RemainingName: name.as_ptr(),
        Wow64Flags: sys::KEY_WOW64_32KEY,
        Attributes: sys::OBJ_OPENLINK,
        CheckAccessMode: sys::UserMode as sys::KPROCESSOR_MODE,
    }
}

#[test]
fn n5_the_version_says_how_long_the_structure_is() {
    let name = counted(unicode!("A"));
    let more = format!(
        "A, {:?}, {:?}, {:?}",
        sys::KeyAccess::WOW64_32KEY,
        ObjectFlags::OPENLINK,
        PreviousMode::User
    );
    let class = "class A, transacted true";
    for version in [1, 2] {
        let (status, log) = feed(sys::RegNtPreCreateKeyEx, &mut create(&name, version));
        assert_eq!(status, sys::STATUS_SUCCESS);
        assert_eq!(log, [class, &more]);
    }

    // A structure of the first version is shorter: nothing behind it may be looked at.
    let longer = create(&name, 0);
    let mut first = sys::REG_CREATE_KEY_INFORMATION {
        CompleteName: longer.CompleteName,
        RootObject: longer.RootObject,
        ObjectType: longer.ObjectType,
        CreateOptions: longer.Options,
        Class: ptr::null_mut(),
        SecurityDescriptor: longer.SecurityDescriptor,
        SecurityQualityOfService: longer.SecurityQualityOfService,
        DesiredAccess: longer.DesiredAccess,
        GrantedAccess: longer.GrantedAccess,
        Disposition: longer.Disposition,
        ResultObject: longer.ResultObject,
        CallContext: longer.CallContext,
        RootObjectContext: longer.RootObjectContext,
        Transaction: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let (_, log) = feed(sys::RegNtPreCreateKeyEx, &mut first);
    assert_eq!(log, ["class , transacted false", "first version"]);
}

#[test]
fn k2_access_is_granted_by_success_only() {
    let name = counted(unicode!("A"));
    let desired = Some(sys::KeyAccess::SET_VALUE);
    let granted = Some(sys::KeyAccess::QUERY_VALUE);
    for (status, granted) in [
        (sys::STATUS_SUCCESS, granted),
        (sys::STATUS_REPARSE, None),
        (sys::STATUS_ACCESS_DENIED, None),
    ] {
        let mut info = create(&name, 1);
        let log = feed_post(sys::RegNtPostCreateKeyEx, status, &mut info);
        let expected = format!("desired {desired:?}, granted {granted:?}");
        assert_eq!((log.len(), log.last()), (3, Some(&expected)));
    }

    // Nothing is said of the operation.
    let nothing: *mut sys::REG_CREATE_KEY_INFORMATION = ptr::null_mut();
    let log = feed_post(sys::RegNtPostCreateKeyEx, sys::STATUS_SUCCESS, nothing);
    let expected = [
        "class , transacted false",
        "first version",
        "desired None, granted None",
    ];
    assert_eq!(log, expected);
}

#[test]
fn a_time_is_shown_of_a_time_only() {
    let mut time = 7_i64.to_ne_bytes();
    let zero = [0; 8];
    let mut set = |class, length| {
        let mut info = sys::REG_SET_INFORMATION_KEY_INFORMATION {
            Object: object(0x10),
            KeySetInformationClass: class,
            KeySetInformation: time.as_mut_ptr().cast(),
            KeySetInformationLength: length,
            CallContext: ptr::null_mut(),
            ObjectContext: ptr::null_mut(),
            Reserved: ptr::null_mut(),
        };
        feed(sys::RegNtPreSetInformationKey, &mut info).1
    };
    let show = |kind: KeySetInformation, data: &[u8], time: Option<i64>| {
        [format!("{kind:?} {data:?} {time:?}")]
    };
    let seven = 7_i64.to_ne_bytes();
    let kind = KeySetInformation::WRITE_TIME;
    assert_eq!(set(kind.0, 8), show(kind, &seven, Some(7)));
    assert_eq!(set(kind.0, 4), show(kind, &seven[..4], None));
    assert_eq!(set(kind.0, 0), show(kind, &zero[..0], None));
    let kind = KeySetInformation::CONTROL_FLAGS;
    assert_eq!(set(kind.0, 8), show(kind, &seven, None));
}

#[test]
fn parts_of_a_descriptor_are_read_where_the_structure_points_to() {
    let mut parts = sys::DACL_SECURITY_INFORMATION | 0x10;
    let mut query = sys::REG_QUERY_KEY_SECURITY_INFORMATION {
        Object: object(0x10),
        SecurityInformation: &raw mut parts,
        SecurityDescriptor: ptr::null_mut(),
        Length: ptr::null_mut(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let shown = |bits| [format!("{:?}", SecurityInformation::from_bits_retain(bits))];
    let (_, log) = feed(sys::RegNtPreQueryKeySecurity, &mut query);
    assert_eq!(log, shown(0x14));
    query.SecurityInformation = ptr::null_mut();
    let (_, log) = feed(sys::RegNtPreQueryKeySecurity, &mut query);
    assert_eq!(log, shown(0));

    let mut set = sys::REG_SET_KEY_SECURITY_INFORMATION {
        Object: object(0x10),
        SecurityInformation: &raw mut parts,
        SecurityDescriptor: ptr::null_mut(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let log = feed_post(
        sys::RegNtPostSetKeySecurity,
        sys::STATUS_SUCCESS,
        &raw mut set,
    );
    assert_eq!(log, shown(0x14));
}

#[test]
fn k2b_a_load_has_names_and_before_it_a_key() {
    let (name, file) = (counted(unicode!("Hive")), counted(unicode!(r"\??\C:\h")));
    let mut load = sys::REG_LOAD_KEY_INFORMATION {
        Object: object(0x10),
        KeyName: name.as_ptr(),
        SourceFile: file.as_ptr(),
        Flags: 0x10,
        TrustClassObject: ptr::null_mut(),
        UserEvent: ptr::null_mut(),
        DesiredAccess: sys::KEY_SET_VALUE,
        RootHandle: ptr::null_mut(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let access = sys::KeyAccess::SET_VALUE;
    let (status, log) = feed(sys::RegNtPreLoadKey, &mut load);
    assert_eq!(status, sys::STATUS_ACCESS_DENIED);
    let expected =
        format!(r"load Hive from \??\C:\h at Ok(16), flags 16, handle false, {access:?}");
    assert_eq!(log, [expected]);

    let mut handle = ptr::null_mut();
    load.RootHandle = &raw mut handle;
    load.Object = ptr::null_mut();
    let none = Err::<usize, _>(NtError::INVALID_HANDLE);
    let (_, log) = feed(sys::RegNtPreLoadKey, &mut load);
    let expected =
        format!(r"load Hive from \??\C:\h at {none:?}, flags 16, handle true, {access:?}");
    assert_eq!(log, [expected]);

    let log = feed_post(sys::RegNtPostLoadKey, sys::STATUS_SUCCESS, &raw mut load);
    assert_eq!(log, [r"loaded Hive \??\C:\h"]);
    let nothing: *mut sys::REG_LOAD_KEY_INFORMATION = ptr::null_mut();
    let log = feed_post(sys::RegNtPostLoadKey, sys::STATUS_SUCCESS, nothing);
    assert_eq!(log, ["loaded  "]);
}

#[test]
fn unload_save_restore_and_replace_show_what_they_do() {
    let null = ptr::null_mut();
    let mut unload = sys::REG_UNLOAD_KEY_INFORMATION {
        Object: object(0x10),
        UserEvent: null,
        CallContext: null,
        ObjectContext: null,
        Reserved: null,
    };
    let (_, log) = feed(sys::RegNtPreUnLoadKey, &mut unload);
    assert_eq!(log, ["unload Ok(16)"]);

    for format in [HiveFormat::LATEST, HiveFormat(8)] {
        let mut save = sys::REG_SAVE_KEY_INFORMATION {
            Object: object(0x10),
            FileHandle: null,
            Format: format.0,
            CallContext: null,
            ObjectContext: null,
            Reserved: null,
        };
        let (_, log) = feed(sys::RegNtPreSaveKey, &mut save);
        assert_eq!(log, [format!("{format:?}")]);
    }

    let flags = RestoreFlags::FORCE_RESTORE | RestoreFlags::WHOLE_HIVE_VOLATILE;
    let mut restore = sys::REG_RESTORE_KEY_INFORMATION {
        Object: object(0x10),
        FileHandle: null,
        Flags: 9,
        CallContext: null,
        ObjectContext: null,
        Reserved: null,
    };
    let (_, log) = feed(sys::RegNtPreRestoreKey, &mut restore);
    assert_eq!(log, [format!("{flags:?}")]);

    let (old, new) = (counted(unicode!("old")), counted(unicode!("new")));
    let mut replace = sys::REG_REPLACE_KEY_INFORMATION {
        Object: object(0x10),
        OldFileName: old.as_ptr(),
        NewFileName: new.as_ptr(),
        CallContext: null,
        ObjectContext: null,
        Reserved: null,
    };
    let (_, log) = feed(sys::RegNtPreReplaceKey, &mut replace);
    assert_eq!(log, ["new to old"]);
}

#[test]
fn k2b_merged_keys_are_beside_the_object_that_is_null() {
    let null = ptr::null_mut();
    let mut merged = sys::REG_SAVE_MERGED_KEY_INFORMATION {
        Object: null,
        FileHandle: null,
        HighKeyObject: object(0x10),
        LowKeyObject: object(0x20),
        CallContext: null,
        ObjectContext: null,
        Reserved: null,
    };
    let (_, log) = feed(sys::RegNtPreSaveMergedKey, &mut merged);
    assert_eq!(log, ["Ok(16) over Ok(32)"]);
    merged.LowKeyObject = null;
    let (_, log) = feed(sys::RegNtPreSaveMergedKey, &mut merged);
    let none = Err::<usize, _>(NtError::INVALID_HANDLE);
    assert_eq!(log, [format!("Ok(16) over {none:?}")]);
}

#[test]
fn k5_a_light_weight_transaction_is_no_object() {
    let name = counted(unicode!("A"));
    let mut info = create(&name, 1);
    info.Transaction = object(0x21);
    let (status, log) = feed(sys::RegNtPreOpenKeyEx, &mut info);
    assert_eq!(status, sys::STATUS_SUCCESS);
    assert_eq!(log, [format!("{:?}", Some(Some(NtError::NOT_SUPPORTED)))]);
}

#[test]
fn n4_an_open_whose_object_cannot_be_taken_back_is_not_failed() {
    let mut post = sys::REG_POST_OPERATION_INFORMATION {
        Object: object(0x10),
        Status: sys::STATUS_SUCCESS,
        PreInformation: ptr::null_mut(),
        ReturnStatus: sys::STATUS_SUCCESS,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let (status, _) = feed(sys::RegNtPostOpenKeyEx, &mut post);
    assert_eq!(status, sys::STATUS_SUCCESS);
    assert_eq!(
        (post.Object, post.ReturnStatus),
        (object(0x10), sys::STATUS_SUCCESS)
    );
}
