//! C1 to C5: leaked, early-freed and lost contexts.

use std::ptr;

use wdm_sim::Status;
use wdm_sys::*;

use crate::cm::Event;
use crate::pool::{allocate, free};
use crate::subject::{Subject, cases};

cases! {
    context_set_before_the_open: C1 at "CmSetCallbackObjectContext" = Subject::callback(
        |event, wrong| {
            if wrong && event.class == RegNtPreOpenKeyEx {
                event.set_context(event.open().RootObject, 0x10);
                event.set_context(ptr::null_mut(), 0x10);
            }
            if let Some(object) = event.opened_object() {
                event.set_context(object, 0x10);
            }
            Status::SUCCESS
        },
    );

    context_that_is_leaked: C3 at "DriverUnload" = Subject::callback(|event, wrong| {
        attach(event);
        if event.class == RegNtCallbackObjectContextCleanup && !wrong {
            free(event.cleanup().ObjectContext);
        }
        Status::SUCCESS
    });

    context_that_is_freed_early: C4 at "ExFreePoolWithTag" = Subject::callback(|event, wrong| {
        attach(event);
        let (class, context) = match event.class {
            RegNtPreKeyHandleClose => (event.class, event.close().ObjectContext),
            RegNtCallbackObjectContextCleanup => (event.class, event.cleanup().ObjectContext),
            _ => return Status::SUCCESS,
        };
        let early = class == RegNtPreKeyHandleClose;
        if early == wrong && !context.is_null() {
            free(context);
        }
        Status::SUCCESS
    });

    context_that_is_freed_twice: PoolDoubleFree at "ExFreePoolWithTag" = Subject::callback(
        |event, wrong| {
            attach(event);
            if event.class == RegNtCallbackObjectContextCleanup {
                for _ in 0..1 + usize::from(wrong) {
                    free(event.cleanup().ObjectContext);
                }
            }
            Status::SUCCESS
        },
    );

    replaced_context_that_is_freed_early: C4 at "ExFreePoolWithTag" = Subject::callback(
        |event, wrong| {
            if let Some(object) = event.opened_object() {
                event.set_context(object, allocate(8).expose_provenance());
                if wrong {
                    let (_, old) = event.set_context(object, allocate(8).expose_provenance());
                    free(ptr::with_exposed_provenance_mut(old));
                }
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                free(event.cleanup().ObjectContext);
            }
            Status::SUCCESS
        },
    );

    call_context_with_a_block: C5 at "RegNtPreSetValueKey" = Subject::callback(|event, wrong| {
        if event.class != RegNtPreSetValueKey {
            return Status::SUCCESS;
        }
        event.set_value().CallContext = ptr::without_provenance_mut(0x10);
        if wrong { Status::ACCESS_DENIED } else { Status::SUCCESS }
    });
}

/// Attaches a pool block to each key object that is opened.
fn attach(event: &Event<'_>) {
    if let Some(object) = event.opened_object() {
        event.set_context(object, allocate(8).expose_provenance());
    }
}
