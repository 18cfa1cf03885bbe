//! Handles, objects and callback objects.

use std::ptr::null_mut;

use wdm_sim::Status;
use wdm_sys::*;

use crate::cm::{KernelKey, SYSTEM, Wide, attributes, dereference, reference};
use crate::subject::{Subject, call, cases};

cases! {
    handle_closed_twice: Handle at "ZwClose" = Subject::entry(|_, wrong| {
        let handle = KernelKey::open(SYSTEM).unwrap().0;
        if wrong {
            call!(ZwClose(handle));
        }
    });

    handle_left_open: Handle at "DriverUnload" = Subject::entry(|_, wrong| {
        let key = KernelKey::open(SYSTEM).unwrap();
        if wrong {
            std::mem::forget(key);
        }
    });

    extra_dereference: Object at "ObfDereferenceObject" = Subject::entry(|_, wrong| {
        let key = KernelKey::open(SYSTEM).unwrap();
        let object = key.object();
        for _ in 0..1 + usize::from(wrong) {
            dereference(object);
        }
    });

    missing_dereference: Object at "DriverUnload" = Subject::entry(|_, wrong| {
        let key = KernelKey::open(SYSTEM).unwrap();
        let object = key.object();
        reference(object);
        for _ in 0..2 - usize::from(wrong) {
            dereference(object);
        }
    });

    callback_object_without_a_name: CallbackObject at "ExCreateCallback" = Subject::entry(
        |_, wrong| {
            let mut name = Wide::new(r"\Callback\Subject");
            let name = if wrong { null_mut() } else { name.as_ptr() };
            let mut attributes = attributes(null_mut(), name);
            let mut object = null_mut();
            let place = &raw mut object;
            let status = call!(ExCreateCallback(place, &raw mut attributes, 1, 0));
            assert_eq!(Status(status).is_success(), !wrong);
            if !wrong {
                dereference(object.cast());
            }
        },
    );

    extension_with_a_taken_name: DriverExtension at "IoAllocateDriverObjectExtension" =
        Subject::entry(|driver, wrong| {
            for client in [1, if wrong { 1 } else { 2 }] {
                let client = std::ptr::without_provenance_mut(client);
                let mut extension = null_mut();
                let place = &raw mut extension;
                call!(IoAllocateDriverObjectExtension(driver, client, 8, place));
            }
        });
}
