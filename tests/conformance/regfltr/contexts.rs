//! As `sys/context.c`: contexts of calls and of key objects, in pool memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use wdm_sim::Status;
use wdm_sys::*;

use super::VALUE;
use crate::support::*;

const TAG: u32 = u32::from_le_bytes(*b"Test");

/// A pool block with a number in it.
fn allocate(number: u64) -> PVOID {
    // SAFETY: it takes numbers.
    let block = unsafe { ExAllocatePool2(POOL_FLAG_PAGED, 8, TAG) };
    assert!(!block.is_null());
    // SAFETY: the block has eight bytes.
    unsafe { block.cast::<u64>().write(number) };
    block
}

fn read(block: PVOID) -> u64 {
    // SAFETY: a block of `allocate` that is not freed.
    unsafe { block.cast::<u64>().read() }
}

fn free(block: PVOID) {
    // SAFETY: as above.
    unsafe { ExFreePoolWithTag(block, TAG) };
}

#[test]
fn regfltr_call_context() {
    let machine = machine();
    let arrived = Arc::new(AtomicUsize::new(0));
    let body = {
        let arrived = Arc::clone(&arrived);
        move |event: &Event<'_>| {
            if event.class == RegNtPreSetValueKey && text(event.set_value().ValueName) == VALUE {
                event.set_value().CallContext = allocate(11);
            }
            if event.class == RegNtPostSetValueKey && !event.post().CallContext.is_null() {
                arrived.fetch_add(read(event.post().CallContext) as usize, SeqCst);
                free(event.post().CallContext);
            }
            Status::SUCCESS
        }
    };
    run_driver(&machine, "contexts", body, || {
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.create_key(TEST, ALL).unwrap();
        key.set_dword("Another", 0).unwrap();
        assert_eq!(arrived.load(SeqCst), 0);
        key.set_dword(VALUE, 0).unwrap();
        assert_eq!(arrived.load(SeqCst), 11);
    });
    assert_clean(&machine);
}

#[test]
fn regfltr_object_context() {
    let machine = machine();
    let log = Log::default();
    let body = {
        let log = log.clone();
        move |event: &Event<'_>| {
            if let Some(object) = event.opened_object()
                && text(event.opened().CompleteName).ends_with("With")
            {
                let (status, old) = event.set_context(object, allocate(22).expose_provenance());
                assert_eq!((status, old), (Status::SUCCESS, 0));
            }
            let (phase, context) = match event.class {
                RegNtPreSetValueKey => ("pre", event.set_value().ObjectContext),
                RegNtPostSetValueKey => ("post", event.post().ObjectContext),
                RegNtCallbackObjectContextCleanup => ("cleanup", event.cleanup().ObjectContext),
                _ => return Status::SUCCESS,
            };
            let number = (!context.is_null()).then(|| read(context));
            log.note(format!("{phase} {number:?}"));
            if phase == "cleanup" {
                free(context);
            }
            Status::SUCCESS
        }
    };
    run_driver(&machine, "contexts", body, || {
        let app = machine.process("app.exe");
        let thread = app.enter();
        // Of two key objects, one gets a context.
        let with = format!(r"{SYSTEM}\With");
        let with = thread.create_key(&with, ALL).unwrap();
        let without = thread.create_key(TEST, ALL).unwrap();
        with.set_dword(VALUE, 1).unwrap();
        without.set_dword(VALUE, 1).unwrap();
        assert_eq!(
            log.take(),
            ["pre Some(22)", "post Some(22)", "pre None", "post None"]
        );
        drop(without);
        assert_eq!(log.take(), [""; 0]);
        drop(with);
        assert_eq!(log.take(), ["cleanup Some(22)"]);
    });
    assert_clean(&machine);
}
