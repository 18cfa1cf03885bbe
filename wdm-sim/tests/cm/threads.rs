//! Several threads at once: contexts, and unregistering while operations run.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use wdm_sim::{KeyAccess, Machine, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

/// Which contexts are alive: put in when they are attached, taken out at the cleanup notification.
#[derive(Default)]
struct Living {
    contexts: Mutex<HashSet<usize>>,
    made: AtomicUsize,
}

impl Living {
    fn make(&self) -> usize {
        let context = 16 * (self.made.fetch_add(1, SeqCst) + 1);
        self.contexts.lock().unwrap().insert(context);
        context
    }

    fn contains(&self, context: usize) -> bool {
        self.contexts.lock().unwrap().contains(&context)
    }
}

/// A callback that replaces the context of every object at every set (C4) and checks what arrives.
fn replacing(living: &Arc<Living>) -> impl Fn(&Event<'_>) -> Status + Send + Sync + use<> {
    let living = Arc::clone(living);
    // The contexts of each object, the newest last.
    let attached = Mutex::new(std::collections::HashMap::<usize, Vec<usize>>::new());
    move |event| {
        let attach = |object: PVOID| {
            let new = living.make();
            attached
                .lock()
                .unwrap()
                .entry(object.addr())
                .or_default()
                .push(new);
            let (status, _) = event.set_context(object, new);
            assert_eq!(status, Status::SUCCESS);
        };
        match event.class {
            RegNtPreSetValueKey => {
                let info = event.set_value();
                let context = info.ObjectContext.addr();
                assert!(living.contains(context), "{context:#x} is not alive");
                attach(info.Object);
            }
            RegNtPostSetValueKey => {
                let context = event.post().ObjectContext.addr();
                assert!(living.contains(context), "{context:#x} is not alive");
            }
            RegNtCallbackObjectContextCleanup => {
                let object = event.cleanup().Object.addr();
                let all = attached.lock().unwrap().remove(&object).unwrap();
                let mut living = living.contexts.lock().unwrap();
                for context in all {
                    assert!(living.remove(&context), "{context:#x} was cleaned up twice");
                }
            }
            _ => {
                if let Some(object) = event.opened_object() {
                    attach(object);
                }
            }
        }
        Status::SUCCESS
    }
}

#[test]
fn contexts_are_replaced_on_one_key_object_by_several_threads() {
    let machine = machine();
    let living = Arc::new(Living::default());
    let filter = register(&machine, "1", replacing(&living));
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let handle = key.handle().addr();
    const THREADS: usize = 4;
    const ROUNDS: u32 = 500;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let _thread = app.enter();
                let key = KernelKey(std::ptr::without_provenance_mut(handle));
                for round in 0..ROUNDS {
                    assert_eq!(key.set_dword("Number", round), Status::SUCCESS);
                }
                // The handle is the first thread's to close.
                std::mem::forget(key);
            });
        }
    });
    let made = living.made.load(SeqCst);
    assert_eq!(made, 1 + THREADS * ROUNDS as usize);
    assert_eq!(living.contexts.lock().unwrap().len(), made);
    drop(key);
    assert!(living.contexts.lock().unwrap().is_empty());
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let counters = machine.report().counters;
    assert_eq!(counters.contexts_set, made as u64);
    assert_eq!(counters.contexts_released, made as u64);
    assert_eq!(counters.contexts_replaced, made as u64 - 1);
    assert_clean(&machine);
}

/// Opens, uses and closes keys until told to stop.
fn work(machine: &Machine, name: &str, stop: &AtomicBool) {
    let app = machine.process("app.exe");
    let thread = app.enter();
    let path = format!(r"{TEST}\{name}");
    while !stop.load(SeqCst) {
        let key = thread.create_key(&path, KeyAccess::ALL).unwrap();
        key.set_dword("Number", 1).unwrap();
        key.set_dword("Number", 2).unwrap();
        drop(key);
    }
}

#[test]
fn r4_unregistering_races_with_operations_and_closes() {
    let machine = machine();
    {
        let app = machine.process("app.exe");
        drop(app.enter().create_key(TEST, KeyAccess::ALL).unwrap());
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let (machine, stop) = (&machine, &stop);
            scope.spawn(move || work(machine, name, stop));
        }
        for _ in 0..200 {
            let living = Arc::new(Living::default());
            let gone = Arc::new(AtomicBool::new(false));
            let filter = register(&machine, "1", {
                let (replace, gone) = (attaching_late(&living), Arc::clone(&gone));
                move |event| {
                    assert!(!gone.load(SeqCst), "called after it was unregistered");
                    replace(event)
                }
            });
            // Let at least one operation through, so that there are contexts to clean up.
            while living.made.load(SeqCst) == 0 {
                thread::yield_now();
            }
            assert_eq!(filter.unregister(&machine), Status::SUCCESS);
            gone.store(true, SeqCst);
            assert!(
                living.contexts.lock().unwrap().is_empty(),
                "contexts are left"
            );
        }
        stop.store(true, SeqCst);
    });
    let counters = machine.report().counters;
    assert_eq!(counters.contexts_set, counters.contexts_released);
    assert_clean(&machine);
}

/// As [`replacing`], but copes with objects that were opened before the callback was registered.
fn attaching_late(living: &Arc<Living>) -> impl Fn(&Event<'_>) -> Status + Send + Sync + use<> {
    let replace = replacing(living);
    move |event| match event.class {
        RegNtPreSetValueKey if event.set_value().ObjectContext.is_null() => Status::SUCCESS,
        RegNtPostSetValueKey if event.post().ObjectContext.is_null() => Status::SUCCESS,
        _ => replace(event),
    }
}

#[test]
fn registrations_of_several_threads_are_all_there() {
    let machine = machine();
    let barrier = Barrier::new(4);
    let cookies = Mutex::new(HashSet::new());
    thread::scope(|scope| {
        for number in 0..4 {
            let (machine, barrier, cookies) = (&machine, &barrier, &cookies);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..50 {
                    let altitude = format!("{number}.{round:03}1");
                    let filter = register(machine, &altitude, |_| Status::SUCCESS);
                    assert!(cookies.lock().unwrap().insert(filter.cookie()));
                }
            });
        }
    });
    let app = machine.process("app.exe");
    let before = machine.report().counters.notifications;
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    let after = machine.report().counters.notifications;
    assert_eq!(
        after - before,
        4 * 200,
        "open and close, pre and post, 200 callbacks"
    );
}
