//! C1 to C5.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use wdm_sim::{KeyAccess, Machine, Rule, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";
const TAG: u32 = u32::from_le_bytes(*b"Test");

/// Opens `SYSTEM` and closes it again.
fn open_and_close(machine: &Machine) {
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
}

#[test]
fn c1_a_context_is_set_inside_the_callback_only() {
    let machine = machine();
    let seen = Arc::new(AtomicUsize::new(0));
    let filter = register(&machine, "1", {
        let seen = Arc::clone(&seen);
        move |event| {
            if let Some(object) = event.opened_object() {
                seen.store(object.addr(), SeqCst);
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let _key = thread.open_key(SYSTEM, KeyAccess::READ).unwrap();
    let object = std::ptr::without_provenance_mut(seen.load(SeqCst));
    let (status, _) = set_context(filter.cookie(), object, 0x1000);
    assert_eq!(status, Status::INVALID_PARAMETER);
    assert_only(&machine, Rule::C1, "CmSetCallbackObjectContext");
}

#[test]
fn c1_with_the_own_cookie_only() {
    let machine = machine();
    let other = register(&machine, "2", |_| Status::SUCCESS).cookie();
    let _filter = register(&machine, "1", move |event| {
        if let Some(object) = event.opened_object() {
            let (status, _) = set_context(other, object, 0x1000);
            assert_eq!(status, Status::INVALID_PARAMETER);
        }
        Status::SUCCESS
    });
    open_and_close(&machine);
    assert_only(&machine, Rule::C1, "CmSetCallbackObjectContext");
}

#[test]
fn c1_not_before_the_open_has_succeeded() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPreOpenKeyEx {
            // SAFETY: the kernel gave a place for the object.
            let object = unsafe { event.open().ResultObject.read() };
            let (status, _) = event.set_context(object, 0x1000);
            assert_eq!(status, Status::INVALID_PARAMETER);
        }
        Status::SUCCESS
    });
    open_and_close(&machine);
    assert_only(&machine, Rule::C1, "CmSetCallbackObjectContext");
}

#[test]
fn c1_not_after_the_pre_close() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPostKeyHandleClose {
            let (status, _) = event.set_context(event.post().Object, 0x1000);
            assert_eq!(status, Status::INVALID_PARAMETER);
        }
        Status::SUCCESS
    });
    open_and_close(&machine);
    assert_only(&machine, Rule::C1, "CmSetCallbackObjectContext");
}

#[test]
fn c1_not_on_an_object_that_is_gone() {
    let machine = machine();
    let last = Arc::new(AtomicUsize::new(0));
    let _filter = register(&machine, "1", {
        let last = Arc::clone(&last);
        move |event| {
            if let Some(object) = event.opened_object() {
                let before = last.swap(object.addr(), SeqCst);
                if before != 0 {
                    let before = std::ptr::without_provenance_mut(before);
                    let (status, _) = event.set_context(before, 0x1000);
                    assert_eq!(status, Status::INVALID_PARAMETER);
                }
            }
            Status::SUCCESS
        }
    });
    open_and_close(&machine);
    open_and_close(&machine);
    let finding = assert_only(&machine, Rule::C1, "CmSetCallbackObjectContext");
    assert!(finding.detail.contains("has been closed"), "{finding}");
}

#[test]
fn c2_a_context_arrives_for_its_object_and_cookie_only() {
    let machine = machine();
    let log = Log::default();
    let attach = |name: &'static str, context: usize| {
        let log = log.clone();
        move |event: &Event<'_>| {
            if let Some(object) = event.opened_object()
                && context != 0
            {
                assert_eq!(event.set_context(object, context), (Status::SUCCESS, 0));
            }
            match event.class {
                RegNtPreSetValueKey => {
                    log.note(format!("{name} pre {:p}", event.set_value().ObjectContext));
                }
                RegNtPostSetValueKey => {
                    let context = event.value_set().ObjectContext;
                    assert_eq!(context, event.post().ObjectContext);
                    log.note(format!("{name} post {:p}", event.post().ObjectContext));
                }
                RegNtPreCreateKeyEx => {
                    log.note(format!("{name} root {:p}", event.open().RootObjectContext));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    };
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.create_key(TEST, KeyAccess::ALL).unwrap());
    let filters = [
        register(&machine, "3", attach("high", 0x1000)),
        register(&machine, "2", attach("none", 0)),
        register(&machine, "1", attach("low", 0x2000)),
    ];
    let key = thread.open_key(TEST, KeyAccess::ALL).unwrap();
    key.set_dword("Number", 1).unwrap();
    drop(key.create_key("Below", KeyAccess::READ).unwrap());
    assert_eq!(
        log.take(),
        [
            "high pre 0x1000",
            "none pre 0x0",
            "low pre 0x2000",
            "low post 0x2000",
            "none post 0x0",
            "high post 0x1000",
            "high root 0x1000",
            "none root 0x0",
            "low root 0x2000",
        ]
    );
    drop(key);
    for filter in filters {
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    }
    let counters = machine.report().counters;
    assert_eq!((counters.contexts_set, counters.contexts_released), (4, 4));
    assert_clean(&machine);
}

#[test]
fn c3_cleanup_comes_between_pre_close_and_post_close() {
    let machine = machine();
    let log = Log::default();
    let tell = |name: &'static str, attaches: bool| {
        let log = log.clone();
        move |event: &Event<'_>| {
            if let Some(object) = event.opened_object()
                && attaches
            {
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
            }
            match event.class {
                RegNtPreKeyHandleClose => {
                    let context = event.close().ObjectContext.addr();
                    log.note(format!("{name} pre {context:#x}"));
                }
                RegNtCallbackObjectContextCleanup => log.note(format!("{name} cleanup")),
                RegNtPostKeyHandleClose => {
                    let context = event.post().ObjectContext.addr();
                    log.note(format!("{name} post {context:#x}"));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    };
    let _high = register(&machine, "3", tell("high", true));
    let _middle = register(&machine, "2", tell("middle", false));
    let _low = register(&machine, "1", tell("low", true));
    open_and_close(&machine);
    assert_eq!(
        log.take(),
        [
            "high pre 0x1000",
            "middle pre 0x0",
            "low pre 0x1000",
            "low cleanup",
            "high cleanup",
            "low post 0x0",
            "middle post 0x0",
            "high post 0x0",
        ]
    );
    assert_clean(&machine);
}

#[test]
fn c3_cleanup_comes_when_the_last_reference_goes_not_the_handle() {
    let machine = machine();
    let log = Log::default();
    let kept = Arc::new(AtomicUsize::new(0));
    let _filter = register(&machine, "1", {
        let (log, kept) = (log.clone(), Arc::clone(&kept));
        move |event| {
            if let Some(object) = event.opened_object() {
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
                reference(object);
                kept.store(object.addr(), SeqCst);
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                log.note("cleanup");
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_eq!(log.take(), [""; 0]);
    dereference(std::ptr::without_provenance_mut(kept.load(SeqCst)));
    assert_eq!(log.take(), ["cleanup"]);
}

#[test]
fn c3_cleanup_comes_even_if_a_nested_call_closes_the_key() {
    let machine = machine();
    let log = Log::default();
    // The callback opens a key itself, is not told of it (N7), and attaches a context all the same.
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreOpenKeyEx {
                let key = KernelKey::open(SYSTEM).unwrap();
                let object = key.object();
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
                dereference(object);
                drop(key);
                log.note("closed");
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                log.note("cleanup");
            }
            Status::SUCCESS
        }
    });
    open_and_close(&machine);
    assert_eq!(log.take(), ["cleanup", "closed"]);
    assert_clean(&machine);
}

#[test]
fn c3_a_cleanup_can_give_back_the_last_reference() {
    let machine = machine();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if let Some(object) = event.opened_object() {
                reference(object);
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                log.note("cleanup");
                dereference(event.cleanup().Object);
                log.note("closed");
            }
            Status::SUCCESS
        }
    });
    open_and_close(&machine);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_eq!(log.take(), ["cleanup", "closed"]);
    assert_clean(&machine);
}

#[test]
fn c4_a_replaced_context_is_returned_and_the_newest_is_cleaned_up() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if let Some(object) = event.opened_object() {
                assert_eq!(event.set_context(object, 0x1000), (Status::SUCCESS, 0));
                assert_eq!(event.set_context(object, 0x2000), (Status::SUCCESS, 0x1000));
                assert_eq!(event.set_context(object, 0x3000), (Status::SUCCESS, 0x2000));
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                log.note(format!("{:p}", event.cleanup().ObjectContext));
            }
            Status::SUCCESS
        }
    });
    open_and_close(&machine);
    assert_eq!(log.take(), ["0x3000"]);
    let counters = machine.report().counters;
    assert_eq!(counters.contexts_set, 3);
    assert_eq!(counters.contexts_replaced, 2);
    assert_eq!(counters.contexts_released, 3);
    assert_clean(&machine);
}

#[test]
fn c4_a_context_that_is_taken_away_still_gets_its_cleanup() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if let Some(object) = event.opened_object() {
                event.set_context(object, 0x1000);
                assert_eq!(event.set_context(object, 0), (Status::SUCCESS, 0x1000));
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                log.note(format!("{:p}", event.cleanup().ObjectContext));
            }
            Status::SUCCESS
        }
    });
    open_and_close(&machine);
    assert_eq!(log.take(), ["0x0"]);
    assert_clean(&machine);
}

/// What the driver of the next tests does with the context that it has replaced.
#[derive(Clone, Copy, PartialEq)]
enum Release {
    AtOnce,
    AtCleanup,
    Never,
}

/// A driver that attaches a pool block to each key object, replaces it at once, and releases both.
struct Attacher {
    release: Release,
    replaced: Mutex<Vec<usize>>,
}

impl Attacher {
    fn allocate() -> usize {
        // SAFETY: a size and a tag are all that it takes.
        let block = unsafe { ExAllocatePool2(POOL_FLAG_NON_PAGED, 32, TAG) };
        assert!(!block.is_null());
        block.expose_provenance()
    }

    fn free(block: usize) {
        // SAFETY: allocated above.
        unsafe { ExFreePoolWithTag(std::ptr::with_exposed_provenance_mut(block), TAG) };
    }

    fn handle(&self, event: &Event<'_>) -> Status {
        if let Some(object) = event.opened_object() {
            let (status, old) = event.set_context(object, Self::allocate());
            assert_eq!((status, old), (Status::SUCCESS, 0));
            let (status, old) = event.set_context(object, Self::allocate());
            assert_eq!(status, Status::SUCCESS);
            match self.release {
                Release::AtOnce => Self::free(old),
                _ => self.replaced.lock().unwrap().push(old),
            }
        }
        if event.class == RegNtCallbackObjectContextCleanup && self.release != Release::Never {
            Self::free(event.cleanup().ObjectContext.addr());
            for block in self.replaced.lock().unwrap().drain(..) {
                Self::free(block);
            }
        }
        Status::SUCCESS
    }
}

/// Loads the driver, opens and closes a key, unloads the driver.
fn run_attacher(machine: &Machine, release: Release) {
    let attacher = Attacher {
        release,
        replaced: Mutex::default(),
    };
    run_driver(
        machine,
        "attacher",
        move |event| attacher.handle(event),
        || open_and_close(machine),
    );
}

#[test]
fn c4_contexts_released_at_cleanup_are_in_order() {
    let machine = machine();
    run_attacher(&machine, Release::AtCleanup);
    let counters = machine.report().counters;
    assert_eq!(counters.contexts_set, 2);
    assert_eq!(counters.contexts_released, 2);
    assert_clean(&machine);
}

#[test]
fn c4_replaced_context_freed_early_is_found() {
    let machine = machine();
    run_attacher(&machine, Release::AtOnce);
    let finding = assert_only(&machine, Rule::C4, "ExFreePoolWithTag");
    assert_eq!(finding.driver, "attacher");
}

#[test]
fn c3_contexts_that_are_never_freed_are_found() {
    let machine = machine();
    run_attacher(&machine, Release::Never);
    let finding = assert_only(&machine, Rule::C3, "DriverUnload");
    assert!(finding.detail.contains("2 key contexts"), "{finding}");
}

#[test]
fn c5_a_call_context_arrives_in_the_own_post() {
    let machine = machine();
    let log = Log::default();
    let carry = |name: &'static str, context: usize| {
        let log = log.clone();
        move |event: &Event<'_>| {
            match event.class {
                RegNtPreSetValueKey => {
                    let info = event.set_value();
                    assert!(
                        info.CallContext.is_null(),
                        "another callback's is not shown"
                    );
                    info.CallContext = std::ptr::without_provenance_mut(context);
                }
                RegNtPostSetValueKey => {
                    assert_eq!(event.post().CallContext, event.value_set().CallContext);
                    log.note(format!("{name} {:p}", event.post().CallContext));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    };
    let _high = register(&machine, "3", carry("high", 0x1000));
    let _middle = register(&machine, "2", carry("middle", 0));
    let _low = register(&machine, "1", carry("low", 0x2000));
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    key.set_dword("Number", 1).unwrap();
    assert_eq!(log.take(), ["low 0x2000", "middle 0x0", "high 0x1000"]);
    assert_clean(&machine);
}

#[test]
fn c5_a_call_context_with_a_block_is_found() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPreSetValueKey {
            event.set_value().CallContext = std::ptr::without_provenance_mut(0x1000);
            return Status::ACCESS_DENIED;
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(key.set_dword("Number", 1), Err(Status::ACCESS_DENIED));
    assert_only(&machine, Rule::C5, "RegNtPreSetValueKey");
}

#[test]
fn c3_a_context_on_a_deleted_key_is_cleaned_up_when_it_is_closed() {
    let machine = machine();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if let Some(object) = event.opened_object() {
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
            }
            match event.class {
                RegNtPostDeleteKey => {
                    log.note(format!("deleted {:#x}", event.post().ObjectContext.addr()));
                }
                RegNtCallbackObjectContextCleanup => log.note("cleanup"),
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let path = r"\REGISTRY\MACHINE\SYSTEM\Deleted";
    let key = thread.create_key(path, KeyAccess::ALL).unwrap();
    key.delete().unwrap();
    assert_eq!(log.take(), ["deleted 0x1000"]);
    drop(key);
    assert_eq!(log.take(), ["cleanup"]);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_eq!(log.take(), [""; 0]);
}
