//! K2 to K4: a key object in the wrong stage.

use std::ptr;

use wdm_sim::Status;
use wdm_sys::*;

use crate::cm::{Event, dereference, reference};
use crate::subject::{Subject, call, cases};

cases! {
    object_of_a_failed_open: K2 at "CmCallbackGetKeyObjectIDEx" = Subject::callback(
        |event, wrong| {
            if event.class == RegNtPostOpenKeyEx && (wrong || event.post().Status == 0) {
                let _ = event.id_ex(event.post().Object);
            }
            Status::SUCCESS
        },
    );

    reference_to_an_object_that_closes: K3 at "ObfReferenceObject" = Subject::callback(
        |event, wrong| {
            match event.class {
                RegNtPreKeyHandleClose if wrong => reference(event.close().Object),
                RegNtPreSetValueKey => {
                    reference(event.set_value().Object);
                    dereference(event.set_value().Object);
                }
                _ => {}
            }
            Status::SUCCESS
        },
    );

    id_of_an_object_that_is_closed: K3 at "CmCallbackGetKeyObjectIDEx" = Subject::callback(
        |event, wrong| {
            match event.class {
                RegNtPreKeyHandleClose => assert!(event.id_ex(event.close().Object).is_ok()),
                RegNtPostKeyHandleClose if wrong => drop(event.id_ex(event.post().Object)),
                _ => {}
            }
            Status::SUCCESS
        },
    );

    name_released_twice: K4 at "CmCallbackReleaseKeyObjectIDEx" = Subject::callback(
        |event, wrong| {
            if event.class == RegNtPreSetValueKey {
                let name = name_of(event);
                for _ in 0..1 + usize::from(wrong) {
                    call!(CmCallbackReleaseKeyObjectIDEx(name));
                }
            }
            Status::SUCCESS
        },
    );

    name_never_released: K4 at "DriverUnload" = Subject::callback(|event, wrong| {
        if event.class == RegNtPreSetValueKey {
            let name = name_of(event);
            if !wrong {
                call!(CmCallbackReleaseKeyObjectIDEx(name));
            }
        }
        Status::SUCCESS
    });
}

/// `CmCallbackGetKeyObjectIDEx`: the name of a set's key, which is to be released.
fn name_of(event: &Event<'_>) -> PCUNICODE_STRING {
    let mut cookie = LARGE_INTEGER {
        QuadPart: event.cookie(),
    };
    let (mut id, mut name) = (0, ptr::null());
    let object = event.set_value().Object;
    let (cookie, place) = (&raw mut cookie, &raw mut name);
    let status = call!(CmCallbackGetKeyObjectIDEx(
        cookie,
        object,
        &raw mut id,
        place,
        0
    ));
    assert_eq!(Status(status), Status::SUCCESS);
    name
}
