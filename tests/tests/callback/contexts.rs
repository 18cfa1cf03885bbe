//! C1 to C5 and K1 to K4: contexts and the key objects that they belong to.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use cm_callback::operation::{CloseKey, CreateKey, OpenKey, QueryValue, RenameKey, SetValue};
use cm_callback::{Cleanup, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::NtError;
use wdm_sim::{KeyAccess, Status};

use crate::support::{
    HOME, Log, Note, finish, load, machine, query_value_of_handle, set_value_of_handle,
};

/// Gives each key object that is opened the next number as a context, and logs what it sees.
#[derive(Default)]
struct Numbering {
    opened: AtomicU32,
    log: Log,
}

impl RegistryCallback for Numbering {
    type KeyContext = Note;
    type CallContext = u32;

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if let Ok(key) = op.opened_key() {
            let number = self.opened.fetch_add(1, Ordering::Relaxed);
            let note = Note::new(format!("note {number}"), &self.log);
            assert!(
                op.cookie()
                    .set_context(key, note)
                    .expect("it is taken")
                    .is_none()
            );
        }
        op.keep()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let note = op
            .key()
            .ok()
            .and_then(|key| key.context())
            .map(|note| note.name.as_str());
        self.log.add(format!(
            "set {} with {}",
            op.value_name(),
            note.unwrap_or("none")
        ));
        op.pass()
    }

    fn post_set_value(&self, op: Post<'_, SetValue, Self>) -> PostOutcome<SetValue, Self> {
        let note = op
            .key()
            .ok()
            .and_then(|key| key.context())
            .map(|note| note.name.as_str());
        self.log
            .add(format!("was set with {}", note.unwrap_or("none")));
        op.keep()
    }

    fn pre_close_key(&self, op: Pre<'_, CloseKey, Self>) -> PreOutcome<CloseKey, Self> {
        let note = op
            .key()
            .ok()
            .and_then(|key| key.context())
            .map(|note| note.name.as_str());
        self.log
            .add(format!("closing with {}", note.unwrap_or("none")));
        op.pass()
    }

    fn post_close_key(&self, op: Post<'_, CloseKey, Self>) -> PostOutcome<CloseKey, Self> {
        self.log.add("closed");
        op.keep()
    }

    fn context_cleanup(&self, op: Cleanup<'_, Self>) {
        let names: Vec<_> = op.contexts().map(|note| note.name.as_str()).collect();
        self.log.add(format!("cleanup of {}", names.join(", ")));
    }
}

#[test]
fn c2_a_context_arrives_with_its_own_key_object_only() {
    let (machine, log) = (machine(), Log::default());
    let numbering = Numbering {
        log: log.clone(),
        ..Numbering::default()
    };
    let driver = load(&machine, "numbering", altitude!("370000"), numbering).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let zero = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let one = thread.create_key(HOME, KeyAccess::ALL).expect("it opens"); // K1: another object
    log.take();
    zero.set_dword("a", 0).expect("it is set");
    one.set_dword("b", 1).expect("it is set");
    let expected = [
        "set a with note 0",
        "was set with note 0",
        "set b with note 1",
        "was set with note 1",
    ];
    assert_eq!(log.take(), expected);
    drop((zero, one));
    finish(&machine, [driver]);
}

#[test]
fn c3_the_cleanup_comes_between_the_notifications_of_the_close() {
    let (machine, log) = (machine(), Log::default());
    let numbering = Numbering {
        log: log.clone(),
        ..Numbering::default()
    };
    let driver = load(&machine, "numbering", altitude!("370000"), numbering).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    log.take();
    drop(key);
    assert_eq!(
        log.take(),
        [
            "closing with note 0",
            "cleanup of note 0",
            "drop note 0",
            "closed"
        ]
    );
    finish(&machine, [driver]);
}

/// Replaces the context with each value that is set, and keeps a look at the one before.
struct Replacing(Log);

impl RegistryCallback for Replacing {
    type KeyContext = Note;
    type CallContext = u32;

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let Ok(key) = op.key() else { return op.pass() };
        let note = Note::new(op.value_name().to_string(), &self.0);
        let replaced = op.cookie().set_context(key, note).expect("it is taken");
        let replaced = replaced.map_or("nothing", |note| note.name.as_str());
        self.0.add(format!("replaced {replaced}"));
        op.pass()
    }
}

#[test]
fn c4_replaced_contexts_live_until_the_cleanup_and_go_newest_first() {
    let (machine, log) = (machine(), Log::default());
    let driver = load(
        &machine,
        "replacing",
        altitude!("370000"),
        Replacing(log.clone()),
    );
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    for name in ["a", "b", "c"] {
        key.set_dword(name, 0).expect("it is set");
    }
    assert_eq!(log.take(), ["replaced nothing", "replaced a", "replaced b"]);
    drop(key);
    assert_eq!(log.take(), ["drop c", "drop b", "drop a"]);
    let report = finish(&machine, [driver.expect("it loads")]);
    assert_eq!(report.counters.contexts_set, 3);
}

/// The notification for the value "reader" holds its context while the one for "writer", on another
/// thread, replaces it.
struct Racing {
    holding: Barrier,
    replaced: Barrier,
    log: Log,
}

impl RegistryCallback for Racing {
    type KeyContext = Note;
    type CallContext = u32;

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if let Ok(key) = op.opened_key() {
            let first = Note::new("first", &self.log);
            op.cookie().set_context(key, first).expect("it is taken");
        }
        op.keep()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let Ok(key) = op.key() else { return op.pass() };
        if op.value_name() == wdm_safe::unicode!("reader") {
            let note = key.context().expect("set when the key was created");
            self.holding.wait();
            self.replaced.wait();
            self.log.add(format!("reader sees {}", note.name));
        } else {
            self.holding.wait();
            let second = Note::new("second", &self.log);
            let old = op.cookie().set_context(key, second).expect("it is taken");
            self.log.add(format!(
                "writer replaced {}",
                old.expect("there was one").name
            ));
            self.replaced.wait();
        }
        op.pass()
    }
}

#[test]
fn c4_a_context_that_another_thread_replaces_stays_alive_for_the_notification_that_reads_it() {
    let (machine, log) = (machine(), Log::default());
    let racing = Racing {
        holding: Barrier::new(2),
        replaced: Barrier::new(2),
        log: log.clone(),
    };
    let driver = load(&machine, "racing", altitude!("370000"), racing).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let handle = key.handle().expose_provenance();
    std::thread::scope(|scope| {
        // Two threads of one process share its handles.
        for name in ["reader", "writer"] {
            let app = &app;
            scope.spawn(move || {
                let _thread = app.enter();
                assert_eq!(set_value_of_handle(handle, name), Status::SUCCESS);
            });
        }
    });
    assert_eq!(log.take(), ["writer replaced first", "reader sees first"]);
    drop(key);
    assert_eq!(log.take(), ["drop second", "drop first"]);
    finish(&machine, [driver]);
}

#[test]
fn c4_many_threads_replace_one_context_and_each_one_is_dropped_once() {
    /// Replaces on every query.
    struct Busy(Log);

    impl RegistryCallback for Busy {
        type KeyContext = Note;
        type CallContext = u32;

        fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
            let Ok(key) = op.key() else { return op.pass() };
            let before = key.context();
            let note = Note::new(op.value_name().to_string(), &self.0);
            let replaced = op.cookie().set_context(key, note).expect("it is taken");
            // Whatever other threads do, both can be read.
            for note in [before, replaced].into_iter().flatten() {
                assert!(note.name.starts_with("thread"));
            }
            op.pass()
        }
    }

    const THREADS: usize = 4;
    const ROUNDS: usize = 200;
    let (machine, log) = (machine(), Log::default());
    let driver = load(&machine, "busy", altitude!("370000"), Busy(log.clone())).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let handle = key.handle().expose_provenance();
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let app = &app;
            scope.spawn(move || {
                let _thread = app.enter();
                for round in 0..ROUNDS {
                    let name = format!("thread {number} round {round}");
                    let missing = query_value_of_handle(handle, &name);
                    assert_eq!(missing, Status::OBJECT_NAME_NOT_FOUND);
                }
            });
        }
    });
    assert_eq!(
        log.take(),
        Vec::<String>::new(),
        "nothing is dropped before the cleanup"
    );
    drop(key);
    let mut dropped = log.take();
    dropped.sort();
    let mut expected: Vec<_> = (0..THREADS)
        .flat_map(|n| (0..ROUNDS).map(move |round| format!("drop thread {n} round {round}")))
        .collect();
    expected.sort();
    assert_eq!(dropped, expected);
    finish(&machine, [driver]);
}

#[test]
fn c5_a_call_context_travels_to_the_post_notification_of_its_operation_and_is_dropped_there() {
    struct Carrying(Log);

    impl RegistryCallback for Carrying {
        type KeyContext = u32;
        type CallContext = Note;

        fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
            if op.value_name() == wdm_safe::unicode!("blocked") {
                return op.block(NtError::ACCESS_DENIED);
            }
            let note = Note::new(op.value_name().to_string(), &self.0);
            op.pass_with(note)
                .unwrap_or_else(|refused| refused.notification.pass())
        }

        fn post_set_value(&self, op: Post<'_, SetValue, Self>) -> PostOutcome<SetValue, Self> {
            let carried = op
                .call_context()
                .map_or("nothing", |note| note.name.as_str());
            self.0.add(format!("carried {carried}"));
            op.keep()
        }
    }

    let (machine, log) = (machine(), Log::default());
    let driver = load(
        &machine,
        "carrying",
        altitude!("370000"),
        Carrying(log.clone()),
    );
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_dword("a", 1).expect("it is set");
    assert_eq!(log.take(), ["carried a", "drop a"]);
    key.set_dword("blocked", 1).expect_err("it is blocked");
    assert_eq!(log.take(), Vec::<String>::new());
    drop(key);
    finish(&machine, [driver.expect("it loads")]);
}

#[test]
fn k2_only_status_success_gives_a_key() {
    struct Looking(Log);

    impl RegistryCallback for Looking {
        type KeyContext = u32;
        type CallContext = u32;

        fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
            match op.opened_key() {
                Ok(_) => self.0.add("a key"),
                Err(status) => self.0.add(status.to_string()),
            }
            op.keep()
        }
    }

    let (machine, log) = (machine(), Log::default());
    let driver = load(
        &machine,
        "looking",
        altitude!("370000"),
        Looking(log.clone()),
    );
    let app = machine.process("app");
    let thread = app.enter();
    log.take();
    let missing = thread.open_key(r"\Registry\Machine\Nowhere", KeyAccess::READ);
    assert_eq!(missing.err(), Some(Status::OBJECT_NAME_NOT_FOUND));
    assert_eq!(log.take(), ["0xC0000034"]);
    // Through a link, the first open ends in STATUS_REPARSE: a success that is not STATUS_SUCCESS.
    let link = r"\Registry\Machine\SYSTEM\CurrentControlSet";
    drop(thread.open_key(link, KeyAccess::READ).expect("it opens"));
    assert_eq!(log.take(), ["0x00000104", "a key"]);
    finish(&machine, [driver.expect("it loads")]);
}

#[test]
fn k4_the_id_of_a_key_is_that_of_all_its_objects_and_survives_a_rename() {
    /// Logs id and name of the key that is renamed or set.
    struct Naming(Log);

    impl RegistryCallback for Naming {
        type KeyContext = u32;
        type CallContext = u32;

        fn pre_rename_key(&self, op: Pre<'_, RenameKey, Self>) -> PreOutcome<RenameKey, Self> {
            self.0.add(format!("renaming to {}", op.new_name()));
            op.pass()
        }

        fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
            if let Ok(key) = op.key() {
                self.0.add(format!(
                    "{:x}",
                    op.cookie().key_id(key).expect("it has an id")
                ));
                self.0.add(
                    op.cookie()
                        .key_name(key)
                        .expect("it has a name")
                        .to_string(),
                );
            }
            op.pass()
        }
    }

    let (machine, log) = (machine(), Log::default());
    let driver = load(&machine, "naming", altitude!("370000"), Naming(log.clone()));
    let app = machine.process("app");
    let thread = app.enter();
    let one = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let two = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    one.set_dword("a", 1).expect("it is set");
    let [id, name] = log.take().try_into().expect("two lines");
    assert_eq!(
        name,
        HOME.replace(r"\Registry\Machine", r"\REGISTRY\MACHINE")
    );
    two.rename("Renamed").expect("it is renamed");
    assert_eq!(log.take(), ["renaming to Renamed"]);
    two.set_dword("a", 1).expect("it is set");
    assert_eq!(log.take(), [id.clone(), name.replace("Test", "Renamed")]);
    one.set_dword("a", 1).expect("it is set");
    assert_eq!(log.take(), [id, name.replace("Test", "Renamed")]);
    drop((one, two));
    finish(&machine, [driver.expect("it loads")]);
}

#[test]
fn k1_contexts_shared_with_the_driver_may_be_reference_counted() {
    /// All key objects of the callback share one value.
    struct Sharing(Arc<AtomicU32>);

    impl RegistryCallback for Sharing {
        type KeyContext = Arc<AtomicU32>;
        type CallContext = u32;

        fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
            if let Ok(key) = op.opened_key() {
                op.cookie()
                    .set_context(key, Arc::clone(&self.0))
                    .expect("it is taken");
            }
            op.keep()
        }

        fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
            if let Some(count) = op.key().ok().and_then(|key| key.context()) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            op.pass()
        }
    }

    let machine = machine();
    let shared = Arc::new(AtomicU32::new(0));
    let driver = load(
        &machine,
        "sharing",
        altitude!("370000"),
        Sharing(Arc::clone(&shared)),
    );
    let app = machine.process("app");
    let thread = app.enter();
    let one = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let two = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    one.set_dword("a", 1).expect("it is set");
    two.set_dword("a", 1).expect("it is set");
    assert_eq!(shared.load(Ordering::Relaxed), 2);
    assert_eq!(Arc::strong_count(&shared), 4);
    drop((one, two));
    assert_eq!(Arc::strong_count(&shared), 2);
    finish(&machine, [driver.expect("it loads")]);
    assert_eq!(Arc::strong_count(&shared), 1);
}
