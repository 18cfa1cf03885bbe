//! N1 to N10.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyAccess, KeyOptions, Machine, Profile, Rule, Status};
use wdm_sys::*;

use crate::support::*;

#[test]
fn n1_the_callback_runs_in_the_callers_thread_with_the_classs_structure() {
    in_program(|machine, thread| {
        let caller = std::thread::current().id();
        let id = thread.id();
        let told = Arc::new(AtomicBool::new(false));
        let filter = register(machine, "1", {
            let told = Arc::clone(&told);
            at(RegNtPreSetValueKey, move |event| {
                assert_eq!(std::thread::current().id(), caller);
                // SAFETY: it takes nothing.
                assert_eq!(unsafe { PsGetCurrentThreadId() }.addr(), id);
                // SAFETY: it takes nothing.
                assert_eq!(unsafe { KeGetCurrentIrql() }, 0);
                let info = event.set_value();
                assert_eq!((info.Type, info.DataSize), (REG_DWORD, 4));
                assert_eq!(text(info.ValueName), "Number");
                told.store(true, SeqCst);
                Status::SUCCESS
            })
        });
        let key = thread.open_key(TEST, ALL).unwrap();
        key.set_dword("Number", 1).unwrap();
        assert!(told.load(SeqCst));
        unregister_all(machine, [filter]);
    });
}

#[test]
fn n1_registry_routines_are_for_passive_level() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    let status = at_irql(1, || key.set_dword("Number", 1));
    assert_eq!(status, Status::SUCCESS);
    assert_only(&machine, Rule::N1, "ZwSetValueKey");
}

#[test]
fn n2_a_block_ends_the_way_down_and_only_those_above_hear_of_it() {
    in_program(|machine, thread| {
        let log = Log::default();
        let above = register(machine, "3", {
            let log = log.clone();
            move |event| {
                let status = event.is_post().then(|| Status(event.post().Status));
                log.note(format!("above {} {status:?}", event.name()));
                Status::SUCCESS
            }
        });
        let blocking = register(machine, "2", {
            let log = log.clone();
            move |event| {
                log.note(format!("blocking {}", event.name()));
                Status::ACCESS_DENIED
            }
        });
        let below = register(machine, "1", watch(&log, "below"));
        assert_eq!(
            thread.create_key(&child("New"), ALL).map(drop),
            Err(Status::ACCESS_DENIED)
        );
        let denied = Status::ACCESS_DENIED;
        let expected = [
            "above RegNtPreCreateKeyEx None".to_owned(),
            "blocking RegNtPreCreateKeyEx".to_owned(),
            format!("above RegNtPostCreateKeyEx {:?}", Some(denied)),
        ];
        assert_eq!(log.take(), expected);
        unregister_all(machine, [above, blocking, below]);
        assert!(!exists(thread, &child("New")));
    });
}

#[test]
fn n2_a_bypass_is_a_success_that_the_driver_made() {
    in_program(|machine, thread| {
        let key = thread.open_key(TEST, ALL).unwrap();
        let log = Log::default();
        let above = register(machine, "3", {
            let log = log.clone();
            at(RegNtPostSetValueKey, move |event| {
                log.note(format!("above {:?}", Status(event.post().Status)));
                Status::SUCCESS
            })
        });
        let bypassing = register(machine, "2", {
            let log = log.clone();
            move |event| {
                log.note(event.name());
                Status::CALLBACK_BYPASS
            }
        });
        let below = register(machine, "1", watch(&log, "below"));
        assert_eq!(key.set_dword("Number", 1), Ok(()));
        let expected = [
            "RegNtPreSetValueKey",
            &format!("above {:?}", Status::SUCCESS),
        ];
        assert_eq!(log.take(), expected);
        unregister_all(machine, [above, bypassing, below]);
        assert_eq!(number(&key, "Number"), Err(Status::OBJECT_NAME_NOT_FOUND));
    });
}

#[test]
fn n2_a_bypassed_create_without_its_disposition_is_found() {
    let machine = machine();
    let _filter = register(
        &machine,
        "1",
        at(RegNtPreCreateKeyEx, |event| {
            let info = event.open();
            event.set_result_object(info, KernelKey::open(SYSTEM).unwrap().object());
            info.GrantedAccess = info.DesiredAccess;
            Status::CALLBACK_BYPASS
        }),
    );
    let app = machine.process("app.exe");
    drop(app.enter().create_key(TEST, ALL).unwrap());
    assert_only(&machine, Rule::N2, "RegNtPreCreateKeyEx");
}

#[test]
fn n3_a_result_is_changed_through_return_status_and_bypass() {
    in_program(|machine, thread| {
        let key = thread.open_key(TEST, ALL).unwrap();
        let seen = Arc::new(AtomicUsize::new(0));
        let above = register(machine, "3", {
            let seen = Arc::clone(&seen);
            at(RegNtPostQueryValueKey, move |event| {
                seen.store(event.post().Status as usize, SeqCst);
                Status::SUCCESS
            })
        });
        let changing = register(
            machine,
            "2",
            at(RegNtPostQueryValueKey, |event| {
                event.post().ReturnStatus = Status::ACCESS_DENIED.0;
                Status::CALLBACK_BYPASS
            }),
        );
        // ReturnStatus alone means nothing, and neither does another answer.
        let idle = register(
            machine,
            "1",
            at(RegNtPostQueryValueKey, |event| {
                event.post().ReturnStatus = Status::INVALID_PARAMETER.0;
                Status::UNSUCCESSFUL
            }),
        );
        key.set_dword("Number", 1).unwrap();
        assert_eq!(number(&key, "Number"), Err(Status::ACCESS_DENIED));
        assert_eq!(seen.load(SeqCst) as i32, Status::ACCESS_DENIED.0);
        unregister_all(machine, [above, changing, idle]);
        assert_eq!(number(&key, "Number"), Ok(1), "the value was there");
    });
}

#[test]
fn n3_status_is_not_what_a_driver_writes() {
    let machine = machine();
    let _filter = register(
        &machine,
        "1",
        at(RegNtPostOpenKeyEx, |event| {
            event.post().Status = Status::ACCESS_DENIED.0;
            Status::SUCCESS
        }),
    );
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::N3, "RegNtPostOpenKeyEx");
}

#[test]
fn n4_from_success_to_failure_the_object_is_given_back() {
    in_program(|machine, thread| {
        let filter = register(
            machine,
            "1",
            at(RegNtPostOpenKeyEx, |event| {
                turn_down(event, Status::NO_SUCH_FILE)
            }),
        );
        let refused = thread.open_key(TEST, ALL).map(drop);
        assert_eq!(refused, Err(Status::NO_SUCH_FILE));
        unregister_all(machine, [filter]);
    });
}

#[test]
fn n4_from_failure_to_success_a_referenced_object_is_put_in() {
    in_program(|machine, thread| {
        let filter = register(
            machine,
            "1",
            at(RegNtPostOpenKeyEx, |event| {
                if event.post().Status == 0 {
                    return Status::SUCCESS;
                }
                let object = KernelKey::open(TEST).unwrap().object();
                let info = event.opened();
                event.set_result_object(info, object);
                info.GrantedAccess = KeyAccess::READ.bits();
                event.post().Object = object;
                event.post().ReturnStatus = 0;
                Status::CALLBACK_BYPASS
            }),
        );
        let key = thread.open_key(&child("Missing"), ALL).unwrap();
        assert_eq!(key.name().as_deref(), Ok(TEST));
        let denied = Err(Status::ACCESS_DENIED);
        assert_eq!(key.set_dword("Number", 1), denied, "as GrantedAccess says");
        drop(key);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn n4_a_bypassed_create_yields_all_its_outputs() {
    in_program(|machine, thread| {
        let filter = register(
            machine,
            "1",
            at(RegNtPreCreateKeyEx, |event| {
                let object = KernelKey::open(TEST).unwrap().object();
                supply(event, event.open(), object);
                Status::CALLBACK_BYPASS
            }),
        );
        let (key, made) = thread
            .create_key_with(&child("New"), ALL, KeyOptions::empty())
            .unwrap();
        assert_eq!(made, Disposition::CreatedNew);
        assert_eq!(key.name().as_deref(), Ok(TEST));
        unregister_all(machine, [filter]);
        assert!(!exists(thread, &child("New")));
    });
}

#[test]
fn n5_the_structures_version_is_told_by_its_field() {
    for (profile, version) in [(Profile::Vista, 0), (Profile::Win7, 1), (Profile::Win11, 1)] {
        let machine = machine_like(profile);
        let seen = Arc::new(AtomicUsize::new(usize::MAX));
        let filter = register(&machine, "1", {
            let seen = Arc::clone(&seen);
            at(RegNtPreOpenKeyEx, move |event| {
                seen.store(event.open().Version as usize, SeqCst);
                Status::SUCCESS
            })
        });
        let app = machine.process("app.exe");
        drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
        assert_eq!(seen.load(SeqCst), version, "{profile}");
        unregister_all(&machine, [filter]);
    }
}

#[test]
fn n5_a_name_is_absolute_or_relative_and_what_remains_is_relative() {
    in_program(|machine, thread| {
        let log = Log::default();
        let key = thread.open_key(TEST, ALL).unwrap();
        let filter = register(machine, "1", {
            let log = log.clone();
            at(RegNtPreCreateKeyEx, move |event| {
                let info = event.open();
                assert!(info.Transaction.is_null());
                let (_, root) = event.id_ex(info.RootObject).unwrap();
                let (complete, remaining) = (text(info.CompleteName), text(info.RemainingName));
                log.note(format!("{root} > {complete} > {remaining}"));
                Status::SUCCESS
            })
        });
        drop(key.create_key("New", ALL).unwrap());
        drop(thread.create_key(&child("New"), ALL).unwrap());
        let relative = format!("{TEST} > New > New");
        let absolute = format!(r"\REGISTRY > {TEST}\New > MACHINE\SYSTEM\Test\New");
        assert_eq!(log.take(), [relative, absolute]);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn n6_a_close_is_watched_only() {
    for (class, answer) in [
        (RegNtPreKeyHandleClose, Status::ACCESS_DENIED),
        (RegNtPreKeyHandleClose, Status::CALLBACK_BYPASS),
        (RegNtPostKeyHandleClose, Status::CALLBACK_BYPASS),
    ] {
        let machine = machine();
        let filter = register(&machine, "1", at(class, move |_| answer));
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.open_key(SYSTEM, KeyAccess::READ).unwrap();
        assert_eq!(key.close(), Ok(()));
        unregister_all(&machine, [filter]);
        let finding = machine.report().findings;
        assert_eq!(finding.len(), 1, "{finding:#?}");
        assert_eq!(finding[0].rule, Rule::N6);
    }
}

#[test]
fn n7_a_callbacks_own_calls_are_seen_below_it_only() {
    in_program(|machine, thread| {
        let log = Log::default();
        let opens = |name: &'static str| {
            let log = log.clone();
            at(RegNtPreOpenKeyEx, move |event| {
                log.note(format!("{name} {}", text(event.open().CompleteName)));
                Status::SUCCESS
            })
        };
        let own = opens("calling");
        let filters = [
            register(machine, "3", opens("above")),
            register(machine, "2", move |event| {
                if event.class == RegNtPreSetValueKey {
                    drop(KernelKey::open(SYSTEM).unwrap());
                }
                own(event)
            }),
            register(machine, "1", opens("below")),
        ];
        let key = thread.open_key(TEST, ALL).unwrap();
        let all = ["above", "calling", "below"].map(|name| format!("{name} {TEST}"));
        assert_eq!(log.take(), all);
        key.set_dword("Number", 1).unwrap();
        assert_eq!(log.take(), [format!("below {SYSTEM}")]);
        unregister_all(machine, filters);
    });
}

#[test]
fn n8_inputs_are_captured_from_windows_8_on() {
    for (profile, captured) in [(Profile::Win7, false), (Profile::Win8, true)] {
        let machine = machine_like(profile);
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.create_key(TEST, ALL).unwrap();
        let data = [1, 2, 3];
        let seen = Arc::new(AtomicUsize::new(0));
        let filter = register(&machine, "1", {
            let seen = Arc::clone(&seen);
            at(RegNtPreSetValueKey, move |event| {
                seen.store(event.set_value().Data.addr(), SeqCst);
                Status::SUCCESS
            })
        });
        key.set_binary("Data", &data).unwrap();
        let is_own = seen.load(SeqCst) == data.as_ptr().addr();
        assert_eq!(!is_own, captured, "{profile}");
        unregister_all(&machine, [filter]);
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn n8_outputs_are_the_callers_own_memory() {
    use wdm_sim::registry::ValueInfo;
    in_program(|machine, thread| {
        let key = thread.open_key(TEST, ALL).unwrap();
        key.set_dword("Number", 0x1234_5678).unwrap();
        let memory = thread.user_memory(1).unwrap();
        let after = Arc::new(AtomicUsize::new(0));
        let filter = register(machine, "1", {
            let after = Arc::clone(&after);
            at(RegNtPostQueryValueKey, move |event| {
                // SAFETY: the pre-notification's structure of this class.
                let info = unsafe {
                    &*event
                        .post()
                        .PreInformation
                        .cast::<REG_QUERY_VALUE_KEY_INFORMATION>()
                };
                // SAFETY: the program's memory is there as long as it waits for the answer.
                let data = unsafe { info.KeyValueInformation.cast::<[u32; 4]>().read() };
                after.store(data[3] as usize, SeqCst);
                // SAFETY: as above.
                unsafe {
                    info.KeyValueInformation
                        .cast::<u32>()
                        .wrapping_add(3)
                        .write(7)
                };
                Status::SUCCESS
            })
        });
        key.query_value_into("Number", ValueInfo::Partial, &memory, 0, 16)
            .unwrap();
        assert_eq!(after.load(SeqCst), 0x1234_5678);
        assert_eq!(memory.read(12, 4).unwrap(), 7_u32.to_le_bytes());
        unregister_all(machine, [filter]);
    });
}

#[test]
fn n9_an_open_may_be_announced_before_a_create() {
    for announced in [false, true] {
        let machine = Machine::builder()
            .announce_open_before_create(announced)
            .build()
            .unwrap();
        let log = Log::default();
        let filter = register(&machine, "1", watch(&log, "it"));
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.create_key(TEST, ALL).unwrap();
        let create = ["it RegNtPreCreateKeyEx", "it RegNtPostCreateKeyEx"];
        let open = ["it RegNtPreOpenKeyEx", "it RegNtPostOpenKeyEx"];
        match announced {
            true => assert_eq!(log.take(), [open, create].concat()),
            false => assert_eq!(log.take(), create),
        }
        drop(key);
        unregister_all(&machine, [filter]);
    }
}

#[test]
fn n10_application_hives_are_not_opened_by_their_absolute_path() {
    in_program(|machine, thread| {
        const FILE: &str = r"\??\C:\app.hiv";
        let root = thread.load_app_key(FILE, ALL, false).unwrap();
        let name = root.name().unwrap();
        assert!(name.starts_with(r"\REGISTRY\A\"), "{name}");
        let denied = Err(Status::ACCESS_DENIED);
        assert_eq!(thread.open_key(&name, ALL).map(drop), denied);
        let below = format!(r"{name}\New");
        assert_eq!(thread.create_key(&below, ALL).map(drop), denied);
        assert_eq!(root.create_key("New", ALL).map(drop), Ok(()));
        assert!(machine.file(FILE).is_some());
    });
}
