//! The cases of the HLK's "Registry Callback Tests", by their names.
//!
//! The list: <https://learn.microsoft.com/windows-hardware/test/hlk/testref/087a285b-19a8-4581-a41f-56be931d8ea3>.
//! The page names what is tried; what must come of it is what `docs/semantics.md` says.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::{ptr, thread};

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyOptions, Machine, RestoreFlags, Rule, SaveFormat, Status};
use wdm_sys::*;

use crate::rules::hives::{FILE, LOADED, LOADED_FILE, OUT, backup, scene};
use crate::rules::transactions::create_transacted;
use crate::support::*;

#[test]
fn hlk_altitude_conflict() {
    let machine = machine();
    let held = register(&machine, "140000.25", |_| Status::SUCCESS);
    // The same number, however it is written; another number close to it is free.
    for altitude in ["140000.25", "140000.250", "0140000.25"] {
        let refused = try_register(&machine, altitude, |_| Status::SUCCESS).err();
        let collision = Status::FLT_INSTANCE_ALTITUDE_COLLISION;
        assert_eq!(refused, Some(collision), "{altitude}");
    }
    let near = register(&machine, "140000.251", |_| Status::SUCCESS);
    unregister_all(&machine, [held, near]);
    let findings = machine.report().findings;
    assert!(findings.iter().all(|finding| finding.rule == Rule::R2));
    assert_eq!(findings.len(), 3, "{findings:#?}");
}

#[test]
fn hlk_createkey_block() {
    in_program(|machine, thread| {
        let filter = register(
            machine,
            "1",
            at(RegNtPreCreateKeyEx, |_| Status::NO_SUCH_FILE),
        );
        let refused = thread.create_key(&child("New"), ALL).map(drop);
        assert_eq!(
            refused,
            Err(Status::NO_SUCH_FILE),
            "the driver's own status"
        );
        unregister_all(machine, [filter]);
        assert!(!exists(thread, &child("New")));
    });
}

#[test]
fn hlk_createkey_bypass() {
    in_program(|machine, thread| {
        let filter = register(
            machine,
            "1",
            at(RegNtPreCreateKeyEx, |event| {
                let key = kernel_create(ptr::null_mut(), &child("Instead")).unwrap();
                supply(event, event.open(), key.object());
                Status::CALLBACK_BYPASS
            }),
        );
        let (key, made) = thread
            .create_key_with(&child("New"), ALL, KeyOptions::empty())
            .unwrap();
        assert_eq!(made, Disposition::CreatedNew);
        key.set_dword("Number", 1).unwrap();
        drop(key);
        unregister_all(machine, [filter]);
        assert!(!exists(thread, &child("New")));
        let instead = thread.open_key(&child("Instead"), ALL).unwrap();
        assert_eq!(number(&instead, "Number"), Ok(1));
    });
}

/// What a create ends with whose result two callbacks change, the lower one first.
fn overridden(lower: Status, higher: Status) -> Result<(), Status> {
    let mut result = Ok(());
    in_program(|machine, thread| {
        let change = |to: Status| {
            at(RegNtPostCreateKeyEx, move |event| {
                if event.post().Status == 0 {
                    return turn_down(event, to);
                }
                event.post().ReturnStatus = to.0;
                Status::CALLBACK_BYPASS
            })
        };
        let filters = [
            register(machine, "2", change(higher)),
            register(machine, "1", change(lower)),
        ];
        result = thread.create_key(TEST, ALL).map(drop);
        unregister_all(machine, filters);
    });
    result
}

#[test]
fn hlk_override_access_denied() {
    let denied = overridden(Status::NO_SUCH_FILE, Status::ACCESS_DENIED);
    assert_eq!(denied, Err(Status::ACCESS_DENIED));
    let other = overridden(Status::ACCESS_DENIED, Status::NO_SUCH_FILE);
    assert_eq!(
        other,
        Err(Status::NO_SUCH_FILE),
        "the highest has the last word"
    );
}

#[test]
fn hlk_override_block() {
    in_program(|machine, thread| {
        // The lower one blocks; the higher one makes a success of it.
        let blocking = register(
            machine,
            "1",
            at(RegNtPreCreateKeyEx, |_| Status::ACCESS_DENIED),
        );
        let overriding = register(
            machine,
            "2",
            at(RegNtPostCreateKeyEx, |event| {
                assert_eq!(Status(event.post().Status), Status::ACCESS_DENIED);
                let object = KernelKey::open(TEST).unwrap().object();
                supply(event, event.opened(), object);
                event.post().Object = object;
                event.post().ReturnStatus = 0;
                Status::CALLBACK_BYPASS
            }),
        );
        let key = thread.create_key(&child("New"), ALL).unwrap();
        assert_eq!(key.name().as_deref(), Ok(TEST));
        drop(key);
        unregister_all(machine, [blocking, overriding]);
        assert!(!exists(thread, &child("New")));
    });
}

#[test]
fn hlk_setkeysecurity_bypass() {
    in_program(|machine, thread| {
        let key = thread.open_key(TEST, ALL).unwrap();
        let before = key.security(DACL_SECURITY_INFORMATION).unwrap();
        // A self-relative descriptor whose DACL is NULL.
        let mut everybody = [0; 20];
        everybody[..4].copy_from_slice(&[1, 0, 4, 0x80]);
        let set = || key.set_security(DACL_SECURITY_INFORMATION, &everybody);
        let log = Log::default();
        let bypassing = register(
            machine,
            "2",
            at(RegNtPreSetKeySecurity, |_| Status::CALLBACK_BYPASS),
        );
        let below = register(machine, "1", watch(&log, "below"));
        assert_eq!(set(), Ok(()));
        assert_eq!(log.take(), [""; 0]);
        unregister_all(machine, [bypassing, below]);
        assert_eq!(key.security(DACL_SECURITY_INFORMATION).unwrap(), before);
        set().unwrap();
        assert_ne!(key.security(DACL_SECURITY_INFORMATION).unwrap(), before);
    });
}

/// `ObOpenObjectByPointer`: a kernel handle to the transaction of a create.
fn handle_of_transaction(event: &Event<'_>) -> KernelKey {
    kernel_handle(event.open().Transaction)
}

#[test]
fn hlk_transacted_createkey_bypass_with_and_without_commit() {
    for commits in [true, false] {
        in_program(|machine, thread| {
            let filter = register(
                machine,
                "1",
                at(RegNtPreCreateKeyEx, |event| {
                    let transaction = handle_of_transaction(event);
                    let path = child("Instead");
                    let key = create_transacted(ptr::null_mut(), &path, &transaction).unwrap();
                    supply(event, event.open(), key.object());
                    Status::CALLBACK_BYPASS
                }),
            );
            let transaction = thread.create_transaction().unwrap();
            let (key, _) = thread
                .create_key_transacted(&child("New"), ALL, &transaction)
                .unwrap();
            key.set_dword("Number", 1).unwrap();
            assert!(!exists(thread, &child("Instead")), "not before the commit");
            match commits {
                true => transaction.commit().unwrap(),
                false => transaction.rollback().unwrap(),
            }
            drop((key, transaction));
            unregister_all(machine, [filter]);
            assert!(!exists(thread, &child("New")));
            assert_eq!(exists(thread, &child("Instead")), commits);
        });
    }
}

/// Attaches a context to each key object that is opened, and counts what comes and goes. The counts
/// outlive the callback, and a notification after it was unregistered is seen.
#[derive(Default)]
struct Counts {
    set: AtomicUsize,
    cleaned: AtomicUsize,
    unregistered: AtomicUsize,
}

fn counting(machine: &Machine, counts: &Arc<Counts>) -> Filter {
    let counts = Arc::clone(counts);
    register(machine, "1", move |event| {
        assert_eq!(
            counts.unregistered.load(SeqCst),
            0,
            "nothing comes afterwards"
        );
        if let Some(object) = event.opened_object()
            && event.set_context(object, 0x10).0.is_success()
        {
            counts.set.fetch_add(1, SeqCst);
        }
        if event.class == RegNtCallbackObjectContextCleanup {
            counts.cleaned.fetch_add(1, SeqCst);
            // The other thread gets every chance to be there at the same time.
            thread::yield_now();
        }
        Status::SUCCESS
    })
}

/// Key handles are closed, each of which has a context, while the callback is unregistered: each
/// context is cleaned up exactly once, by the close or by the unregistering, and all of them before
/// the unregistering returns. It is tried until the two have met often.
#[test]
fn hlk_unregister_close_race() {
    const MOST: usize = 5000;
    const OFTEN: usize = 50;
    let machine = machine();
    let mut met = 0;
    for _ in 0..MOST {
        met += usize::from(race(&machine));
        if met == OFTEN {
            break;
        }
    }
    assert!(met > 0, "they never met");
    let counters = machine.report().counters;
    assert_eq!(counters.contexts_set, counters.contexts_released);
    assert_clean(&machine);
}

/// Runs one race; says whether some keys were closed when the unregistering began, and others not.
fn race(machine: &Machine) -> bool {
    const CLOSERS: usize = 3;
    const KEYS: usize = 8;
    let counts = Arc::new(Counts::default());
    let filter = counting(machine, &counts);
    let started = Barrier::new(CLOSERS + 1);
    let closed = thread::scope(|scope| {
        for _ in 0..CLOSERS {
            scope.spawn(|| {
                let app = machine.process("app.exe");
                let thread = app.enter();
                let keys = [(); KEYS].map(|()| thread.open_key(SYSTEM, ALL).unwrap());
                started.wait();
                drop(keys);
            });
        }
        started.wait();
        thread::yield_now();
        let closed = counts.cleaned.load(SeqCst);
        assert_eq!(filter.unregister(machine), Status::SUCCESS);
        let all = counts.cleaned.load(SeqCst);
        counts.unregistered.store(1, SeqCst);
        assert_eq!(all, CLOSERS * KEYS, "before it returns");
        closed
    });
    assert_eq!(counts.set.load(SeqCst), CLOSERS * KEYS);
    assert_eq!(counts.cleaned.load(SeqCst), CLOSERS * KEYS, "once each");
    (1..CLOSERS * KEYS).contains(&closed)
}

#[test]
fn hlk_save_restore_replace() {
    let machine = scene();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            let name = event.name();
            if ["SaveKey", "RestoreKey", "ReplaceKey"]
                .iter()
                .any(|it| name.ends_with(it))
            {
                let status = event.is_post().then(|| event.post().Status);
                log.note(format!("{name} {}", status.unwrap_or_default()));
            }
            Status::SUCCESS
        }
    });
    let process = backup(&machine);
    let thread = process.enter();
    let root = thread.open_key(LOADED, ALL).unwrap();
    root.set_dword("Number", 1).unwrap();
    let out = thread.create_file(OUT).unwrap();
    root.save(&out, SaveFormat::Latest).unwrap();
    drop(out);
    root.set_dword("Number", 2).unwrap();
    let saved = thread.open_file(OUT).unwrap();
    root.restore(&saved, RestoreFlags::empty()).unwrap();
    assert_eq!(number(&root, "Number"), Ok(1), "what was saved is back");
    drop(saved);
    root.replace(FILE, r"\??\C:\before.hiv").unwrap();
    assert_eq!(number(&root, "Number"), Ok(1), "until the next start");
    drop(root);
    thread.unload_key(LOADED).unwrap();
    thread.load_key(LOADED, LOADED_FILE).unwrap();
    let replaced = thread.open_key(LOADED, ALL).unwrap();
    assert_eq!(
        number(&replaced, "Number"),
        Err(Status::OBJECT_NAME_NOT_FOUND)
    );
    assert_eq!(number(&replaced, "Saved"), Ok(1));
    let pairs = ["SaveKey", "RestoreKey", "ReplaceKey"];
    let expected = pairs.map(|name| [format!("RegNtPre{name} 0"), format!("RegNtPost{name} 0")]);
    assert_eq!(log.take(), expected.concat());
    drop(replaced);
    drop(thread);
    unregister_all(&machine, [filter]);
    assert_clean(&machine);
}
