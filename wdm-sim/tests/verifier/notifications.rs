//! N1 to N8, but for N8, which stops the machine.

use std::ptr;

use wdm_sim::Status;
use wdm_sys::*;

use crate::cm::{Event, KernelKey, SYSTEM, dereference};
use crate::processes::{ApcState, KeUnstackDetachProcess, attach};
use crate::subject::{Subject, call, cases};

unsafe extern "system" {
    fn KfRaiseIrql(level: KIRQL) -> KIRQL;
    fn KeLowerIrql(level: KIRQL);
}

const APC_LEVEL: KIRQL = 1;

cases! {
    registry_routine_at_a_raised_level: N1 at "ZwOpenKey" = Subject::callback(|event, wrong| {
        if event.class == RegNtPreSetValueKey {
            let before = call!(KfRaiseIrql(if wrong { APC_LEVEL } else { 0 }));
            let key = KernelKey::open(SYSTEM);
            call!(KeLowerIrql(before));
            drop(key.unwrap());
        }
        Status::SUCCESS
    });

    callback_that_leaves_the_level_raised: N1 at "EX_CALLBACK_FUNCTION" = Subject::callback(
        |event, wrong| {
            if event.class == RegNtPreSetValueKey {
                let before = call!(KfRaiseIrql(APC_LEVEL));
                if !wrong {
                    call!(KeLowerIrql(before));
                }
            }
            Status::SUCCESS
        },
    );

    callback_that_stays_attached: N1 at "EX_CALLBACK_FUNCTION" = Subject::callback(
        |event, wrong| {
            if event.class == RegNtPreSetValueKey {
                let mut state = ApcState::default();
                attach(&mut state);
                if !wrong {
                    call!(KeUnstackDetachProcess(&raw mut state));
                }
            }
            Status::SUCCESS
        },
    );

    callback_that_stays_in_a_critical_region: N1 at "EX_CALLBACK_FUNCTION" = Subject::callback(
        |event, wrong| {
            if event.class == RegNtPreSetValueKey {
                call!(KeEnterCriticalRegion());
                if !wrong {
                    call!(KeLeaveCriticalRegion());
                }
            }
            Status::SUCCESS
        },
    );

    bypassed_create_without_its_disposition: N2 at "RegNtPreCreateKeyEx" = Subject::callback(
        |event, wrong| {
            if event.class != RegNtPreCreateKeyEx {
                return Status::SUCCESS;
            }
            let info = event.open();
            event.set_result_object(info, KernelKey::open(SYSTEM).unwrap().object());
            info.GrantedAccess = info.DesiredAccess;
            if !wrong {
                // SAFETY: the kernel gave a place for it.
                unsafe { info.Disposition.write(REG_OPENED_EXISTING_KEY) };
            }
            Status::CALLBACK_BYPASS
        },
    );

    status_written_in_a_post: N3 at "RegNtPostSetValueKey" = Subject::callback(|event, wrong| {
        if event.class != RegNtPostSetValueKey {
            return Status::SUCCESS;
        }
        match wrong {
            true => event.post().Status = Status::ACCESS_DENIED.0,
            false => event.post().ReturnStatus = Status::ACCESS_DENIED.0,
        }
        if wrong { Status::SUCCESS } else { Status::CALLBACK_BYPASS }
    });

    missing_dereference: N4 at "RegNtPostCreateKeyEx" = Subject::callback(|event, wrong| {
        turn_down(event, if wrong { 0 } else { 1 })
    });

    extra_dereference: Object at "ObfDereferenceObject" = Subject::callback(|event, wrong| {
        turn_down(event, if wrong { 2 } else { 1 })
    });

    failed_object_left_in_place: N4 at "RegNtPostCreateKeyEx" = Subject::callback(|event, wrong| {
        let object = event.opened_object();
        let answer = turn_down(event, 1);
        if let Some(object) = object
            && wrong
            && event.class == RegNtPostCreateKeyEx
        {
            event.set_result_object(event.opened(), object);
        }
        answer
    });

    close_that_is_blocked: N6 at "RegNtPreKeyHandleClose" = Subject::callback(|event, wrong| {
        match wrong && event.class == RegNtPreKeyHandleClose {
            true => Status::ACCESS_DENIED,
            false => Status::SUCCESS,
        }
    });
}

/// Fails a create, with this many dereferences of its object.
fn turn_down(event: &Event<'_>, dereferences: usize) -> Status {
    if event.class != RegNtPostCreateKeyEx {
        return Status::SUCCESS;
    }
    let post = event.post();
    for _ in 0..dereferences {
        dereference(post.Object);
    }
    post.Object = ptr::null_mut();
    event.set_result_object(event.opened(), ptr::null_mut());
    post.ReturnStatus = Status::ACCESS_DENIED.0;
    Status::CALLBACK_BYPASS
}
