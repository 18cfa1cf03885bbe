//! As `sys/pre.c`: what a pre-notification does.

use wdm_sim::Status;
use wdm_sys::*;

use super::{INSTEAD, KEY, OTHER_KEY, OTHER_VALUE, VALUE, is_key};
use crate::support::*;

#[test]
fn regfltr_pre_block() {
    in_program(|machine, thread| {
        let filter = register(machine, "380010", |event| match event.class {
            RegNtPreCreateKeyEx if is_key(event.open()) => Status::ACCESS_DENIED,
            RegNtPreSetValueKey if text(event.set_value().ValueName) == VALUE => {
                Status::ACCESS_DENIED
            }
            _ => Status::SUCCESS,
        });
        let root = thread.open_key(TEST, ALL).unwrap();
        let denied = Err(Status::ACCESS_DENIED);
        assert_eq!(root.create_key(OTHER_KEY, ALL).map(drop), Ok(()));
        assert_eq!(root.create_key(KEY, ALL).map(drop), denied);
        assert_eq!(root.set_dword(OTHER_VALUE, 0), Ok(()));
        assert_eq!(root.set_dword(VALUE, 0), denied);
        unregister_all(machine, [filter]);
        assert!(!exists(thread, &child(KEY)));
        assert_eq!(number(&root, VALUE), Err(Status::OBJECT_NAME_NOT_FOUND));
    });
}

#[test]
fn regfltr_pre_bypass() {
    in_program(|machine, thread| {
        let filter = register(machine, "380010", |event| match event.class {
            RegNtPreCreateKeyEx if is_key(event.open()) => {
                // The same create under another name, relative to the caller's root.
                let root = kernel_handle(event.open().RootObject);
                let key = kernel_create(root.0, INSTEAD).unwrap();
                supply(event, event.open(), key.object());
                Status::CALLBACK_BYPASS
            }
            RegNtPreSetValueKey if text(event.set_value().ValueName) == VALUE => {
                let key = kernel_handle(event.set_value().Object);
                assert_eq!(key.set_dword(INSTEAD, 7), Status::SUCCESS);
                Status::CALLBACK_BYPASS
            }
            _ => Status::SUCCESS,
        });
        let root = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(root.create_key(KEY, ALL).map(drop), Ok(()));
        assert_eq!(root.set_dword(VALUE, 0), Ok(()));
        unregister_all(machine, [filter]);
        assert!(!exists(thread, &child(KEY)));
        assert!(exists(thread, &child(INSTEAD)));
        let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
        assert_eq!(root.delete_value(VALUE), missing);
        assert_eq!(number(&root, INSTEAD), Ok(7));
    });
}
