//! As `sys/post.c`: what a post-notification does.

use wdm_sim::Status;
use wdm_sys::*;

use super::{INSTEAD, KEY, OTHER_VALUE, VALUE, is_key};
use crate::support::*;

/// `ZwDeleteKey`.
fn delete(key: &KernelKey) {
    // SAFETY: any number can be given.
    assert_eq!(Status(unsafe { ZwDeleteKey(key.0) }), Status::SUCCESS);
}

/// `ZwDeleteValueKey`.
fn delete_value(key: &KernelKey, name: PUNICODE_STRING) {
    // SAFETY: any number can be given, and the name is the kernel's.
    let status = Status(unsafe { ZwDeleteValueKey(key.0, name) });
    assert_eq!(status, Status::SUCCESS);
}

#[test]
fn regfltr_post_override_to_error() {
    in_program(|machine, thread| {
        // What the registry has done is undone, and the caller is told that it failed.
        let filter = register(machine, "380010", |event| match event.class {
            RegNtPostCreateKeyEx if is_key(event.opened()) => {
                assert_eq!(event.post().Status, 0);
                delete(&kernel_handle(event.post().Object));
                turn_down(event, Status::ACCESS_DENIED)
            }
            RegNtPostSetValueKey if text(event.value_set().ValueName) == VALUE => {
                let info = event.value_set();
                delete_value(&kernel_handle(info.Object), info.ValueName);
                event.post().ReturnStatus = Status::ACCESS_DENIED.0;
                Status::CALLBACK_BYPASS
            }
            _ => Status::SUCCESS,
        });
        let root = thread.open_key(TEST, ALL).unwrap();
        let denied = Err(Status::ACCESS_DENIED);
        assert_eq!(root.create_key(KEY, ALL).map(drop), denied);
        assert_eq!(root.set_dword(OTHER_VALUE, 0), Ok(()));
        assert_eq!(root.set_dword(VALUE, 0), denied);
        unregister_all(machine, [filter]);
        assert!(!exists(thread, &child(KEY)));
        let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
        assert_eq!(root.delete_value(VALUE), missing);
    });
}

#[test]
fn regfltr_post_override_to_success() {
    in_program(|machine, thread| {
        let root = thread.open_key(TEST, ALL).unwrap();
        drop(root.create_key(INSTEAD, ALL).unwrap());
        let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
        assert_eq!(root.open_key(KEY, ALL).map(drop), missing);
        let filter = register(
            machine,
            "380010",
            at(RegNtPostOpenKeyEx, |event| {
                let post = event.post();
                if !is_key(event.opened()) || post.Status != Status::OBJECT_NAME_NOT_FOUND.0 {
                    return Status::SUCCESS;
                }
                assert!(post.Object.is_null(), "a failed open has no object");
                let root = kernel_handle(event.opened().RootObject);
                let key = kernel_open(root.0, INSTEAD, KEY_ALL_ACCESS, OBJ_KERNEL_HANDLE).unwrap();
                let object = key.object();
                event.set_result_object(event.opened(), object);
                event.opened().GrantedAccess = event.opened().DesiredAccess;
                post.Object = object;
                post.ReturnStatus = 0;
                Status::CALLBACK_BYPASS
            }),
        );
        let key = root.open_key(KEY, ALL).unwrap();
        assert_eq!(key.name(), Ok(child(INSTEAD)));
        drop(key);
        unregister_all(machine, [filter]);
        assert_eq!(root.open_key(KEY, ALL).map(drop), missing);
    });
}
