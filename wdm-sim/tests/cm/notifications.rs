//! N1 to N10.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyAccess, KeyOptions, Machine, Profile, Rule, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

/// A callback that notes each notification's class.
fn observe(log: &Log, name: &'static str) -> impl Fn(&Event<'_>) -> Status + Send + Sync + use<> {
    let log = log.clone();
    move |event| {
        log.note(format!("{name} {}", event.name()));
        Status::SUCCESS
    }
}

/// Does each operation once, from user mode.
fn do_everything(machine: &Machine) -> Result<(), Status> {
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL)?;
    key.set_dword("Number", 7)?;
    key.query_value("Number")?;
    key.enumerate_value(0)?;
    key.delete_value("Number")?;
    key.query()?;
    drop(key.create_key("Below", KeyAccess::ALL)?);
    key.enumerate_key(0)?;
    key.open_key("Below", KeyAccess::ALL)?.delete()?;
    key.set_last_write_time(1)?;
    key.flush()?;
    let descriptor = key.security(DACL_SECURITY_INFORMATION)?;
    key.set_security(DACL_SECURITY_INFORMATION, &descriptor)?;
    key.rename("Renamed")?;
    key.delete()
}

#[test]
fn n1_each_operation_has_its_notifications() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", observe(&log, ""));
    do_everything(&machine).unwrap();
    let pairs = [
        "CreateKeyEx",
        "SetValueKey",
        "QueryValueKey",
        "EnumerateValueKey",
        "DeleteValueKey",
        "QueryKey",
        "CreateKeyEx",
        "KeyHandleClose",
        "EnumerateKey",
        "OpenKeyEx",
        "DeleteKey",
        "KeyHandleClose",
        "SetInformationKey",
        "FlushKey",
        "QueryKeySecurity",
        "SetKeySecurity",
        "RenameKey",
        "DeleteKey",
        "KeyHandleClose",
    ];
    let expected = pairs
        .iter()
        .flat_map(|name| [format!(" RegNtPre{name}"), format!(" RegNtPost{name}")]);
    assert_eq!(log.take(), expected.collect::<Vec<_>>());
    assert_clean(&machine);
}

/// Asks the object manager for a key object's name and tells what callbacks heard of it.
fn query_name(profile: Profile) -> Vec<String> {
    let machine = Machine::builder().profile(profile).build().unwrap();
    let log = Log::default();
    let _thread = machine.system_process().enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    let object = key.object();
    let filter = register(&machine, "1", observe(&log, ""));
    let (mut buffer, mut length) = ([0_u64; 64], 0);
    let information = buffer.as_mut_ptr().cast::<OBJECT_NAME_INFORMATION>();
    // SAFETY: all places are live.
    let status = unsafe { ObQueryNameString(object, information, 512, &raw mut length) };
    assert_eq!(Status(status), Status::SUCCESS);
    assert_eq!(text(information.cast()), SYSTEM, "the name comes first");
    assert_eq!(length as usize, 16 + 2 * (SYSTEM.len() + 1));
    dereference(object);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    log.take()
}

#[test]
fn n1_name_queries_are_announced_from_windows_10_on() {
    let announced = [" RegNtPreQueryKeyName", " RegNtPostQueryKeyName"];
    assert_eq!(query_name(Profile::Win10), announced);
    assert_eq!(query_name(Profile::Win8), [""; 0]);
}

#[test]
fn n1_the_callback_runs_on_the_callers_thread() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |_| {
            log.note(format!("{:?}", thread::current().id()));
            // SAFETY: it takes nothing.
            log.note(format!("{}", unsafe { PsGetCurrentProcessId() }.addr()));
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let guard = app.enter();
    let key = guard.open_key(SYSTEM, KeyAccess::READ).unwrap();
    let expected = [
        format!("{:?}", thread::current().id()),
        app.id().to_string(),
    ];
    assert_eq!(log.take(), [expected.clone(), expected].concat());
    drop(key);
}

#[test]
fn n2_block_stops_lower_callbacks_and_own_post() {
    let machine = machine();
    let log = Log::default();
    let _high = register(&machine, "3", {
        let log = log.clone();
        move |event| {
            log.note(format!("high {}", event.name()));
            if event.is_post() {
                assert_eq!(Status(event.post().Status), Status::ACCESS_DENIED);
            }
            Status::SUCCESS
        }
    });
    let _middle = register(&machine, "2", {
        let log = log.clone();
        move |event| {
            log.note(format!("middle {}", event.name()));
            match event.class {
                RegNtPreCreateKeyEx => Status::ACCESS_DENIED,
                _ => Status::SUCCESS,
            }
        }
    });
    let _low = register(&machine, "1", observe(&log, "low"));
    let app = machine.process("app.exe");
    let blocked = app.enter().create_key(TEST, KeyAccess::ALL).map(drop);
    assert_eq!(blocked, Err(Status::ACCESS_DENIED));
    assert_eq!(
        log.take(),
        [
            "high RegNtPreCreateKeyEx",
            "middle RegNtPreCreateKeyEx",
            "high RegNtPostCreateKeyEx",
        ]
    );
    assert_eq!(machine.report().counters.blocked, 1);
    assert_clean(&machine);
}

#[test]
fn n2_a_blocked_operation_does_nothing() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let filter = register(&machine, "1", |event| match event.class {
        RegNtPreSetValueKey | RegNtPreDeleteKey => Status::ACCESS_DENIED,
        _ => Status::SUCCESS,
    });
    assert_eq!(key.set_dword("Number", 1), Err(Status::ACCESS_DENIED));
    assert_eq!(key.delete(), Err(Status::ACCESS_DENIED));
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let value = key.query_value("Number");
    assert_eq!(value, Err(Status::OBJECT_NAME_NOT_FOUND));
}

#[test]
fn n2_bypass_is_a_success_without_the_operation() {
    let machine = machine();
    let log = Log::default();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let high = register(&machine, "3", observe(&log, "high"));
    let middle = register(&machine, "2", {
        let log = log.clone();
        move |event| {
            log.note(format!("middle {}", event.name()));
            Status::CALLBACK_BYPASS
        }
    });
    let low = register(&machine, "1", observe(&log, "low"));
    assert_eq!(key.set_dword("Number", 1), Ok(()));
    assert_eq!(
        log.take(),
        [
            "high RegNtPreSetValueKey",
            "middle RegNtPreSetValueKey",
            "high RegNtPostSetValueKey",
        ]
    );
    for filter in [high, middle, low] {
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    }
    let value = key.query_value("Number");
    assert_eq!(value, Err(Status::OBJECT_NAME_NOT_FOUND));
    assert_eq!(machine.report().counters.bypassed, 1);
}

#[test]
fn n2_other_successes_go_on() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "2", |_| Status::REPARSE);
    let _low = register(&machine, "1", observe(&log, "low"));
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_eq!(log.take().len(), 4);
}

#[test]
fn n3_return_status_becomes_the_result_and_status_for_those_above() {
    let machine = machine();
    let log = Log::default();
    let _high = register(&machine, "3", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPostQueryValueKey {
                log.note(Status(event.post().Status).to_string());
            }
            Status::SUCCESS
        }
    });
    let _middle = register(&machine, "2", |event| {
        if event.class == RegNtPostQueryValueKey {
            event.post().ReturnStatus = Status::OBJECT_NAME_NOT_FOUND.0;
            return Status::CALLBACK_BYPASS;
        }
        Status::SUCCESS
    });
    let _low = register(&machine, "1", |event| {
        if event.class == RegNtPostQueryValueKey {
            assert_eq!(event.post().Status, 0);
            // Without STATUS_CALLBACK_BYPASS this means nothing, and neither does the answer.
            event.post().ReturnStatus = Status::ACCESS_DENIED.0;
            return Status::ACCESS_DENIED;
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    key.set_dword("Number", 1).unwrap();
    let value = key.query_value("Number");
    assert_eq!(value, Err(Status::OBJECT_NAME_NOT_FOUND));
    assert_eq!(log.take(), [Status::OBJECT_NAME_NOT_FOUND.to_string()]);
    assert_eq!(machine.report().counters.overridden, 1);
    assert_clean(&machine);
}

#[test]
fn n3_writing_status_is_found_and_ignored() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPostSetValueKey {
            event.post().Status = Status::ACCESS_DENIED.0;
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(key.set_dword("Number", 1), Ok(()));
    assert_only(&machine, Rule::N3, "RegNtPostSetValueKey");
}

/// Notes the names of opens.
fn note_names(log: &Log) -> impl Fn(&Event<'_>) -> Status + Send + Sync + use<> {
    let log = log.clone();
    move |event| {
        if matches!(event.class, RegNtPreOpenKeyEx | RegNtPreCreateKeyEx) {
            let info = event.open();
            assert_eq!(info.Version, 1);
            assert!(info.Transaction.is_null());
            let (_, root) = event.id_ex(info.RootObject).unwrap();
            let complete = text(info.CompleteName);
            let remaining = text(info.RemainingName);
            log.note(format!("{root} | {complete} | {remaining}"));
        }
        Status::SUCCESS
    }
}

#[test]
fn n5_names_are_absolute_or_relative() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", note_names(&log));
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread
        .open_key(r"\Registry\Machine", KeyAccess::READ)
        .unwrap();
    drop(key.open_key(r"SYSTEM\Select", KeyAccess::READ).unwrap());
    assert_eq!(
        log.take(),
        [
            r"\REGISTRY | \Registry\Machine | Machine",
            r"\REGISTRY\MACHINE | SYSTEM\Select | SYSTEM\Select",
        ]
    );
}

#[test]
fn n5_access_options_and_flags_are_told() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreCreateKeyEx {
                let info = event.open();
                log.note(format!(
                    "{:#x} {:#x} {:#x} {:#x} {}",
                    info.DesiredAccess,
                    info.Options,
                    info.Wow64Flags,
                    info.Attributes,
                    info.CheckAccessMode
                ));
            }
            if event.class == RegNtPostCreateKeyEx {
                log.note(format!("granted {:#x}", event.opened().GrantedAccess));
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let access = KeyAccess::READ | KeyAccess::WOW64_64KEY;
    let thread = app.enter();
    let created = thread.create_key_with(TEST, access, KeyOptions::VOLATILE);
    assert_eq!(created.unwrap().1, Disposition::CreatedNew);
    let read = KeyAccess::READ.bits();
    assert_eq!(
        log.take(),
        [
            format!("{read:#x} 0x1 0x100 0x40 1"),
            format!("granted {read:#x}"),
        ]
    );
}

#[test]
fn n6_a_close_cannot_be_blocked() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "2", |event| match event.class {
        RegNtPreKeyHandleClose => Status::ACCESS_DENIED,
        RegNtPostKeyHandleClose => Status::CALLBACK_BYPASS,
        _ => Status::SUCCESS,
    });
    let _low = register(&machine, "1", observe(&log, "low"));
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.open_key(SYSTEM, KeyAccess::READ).unwrap();
    log.take();
    assert_eq!(key.close(), Ok(()));
    assert_eq!(
        log.take(),
        ["low RegNtPreKeyHandleClose", "low RegNtPostKeyHandleClose"]
    );
    let findings = machine.report().findings;
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Rule::N6, Rule::N6]);
}

#[test]
fn n7_nested_calls_are_seen_below_only() {
    let machine = machine();
    let count = |counter: &Arc<AtomicUsize>| {
        let counter = Arc::clone(counter);
        move |_: &Event<'_>| {
            counter.fetch_add(1, SeqCst);
            Status::SUCCESS
        }
    };
    let seen: [Arc<AtomicUsize>; 3] = Default::default();
    let _high = register(&machine, "3", count(&seen[0]));
    let in_the_middle = count(&seen[1]);
    let _middle = register(&machine, "2", move |event| {
        if matches!(event.class, RegNtPreCreateKeyEx | RegNtPostCreateKeyEx) {
            drop(KernelKey::open(SYSTEM).unwrap());
        }
        in_the_middle(event)
    });
    let _low = register(&machine, "1", count(&seen[2]));
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    // One create for each; two opens and two closes more for the lowest.
    assert_eq!(seen.each_ref().map(|seen| seen.load(SeqCst)), [2, 2, 10]);
    drop(key);
    assert_eq!(seen.map(|seen| seen.load(SeqCst)), [4, 4, 12]);
    assert_clean(&machine);
}

#[test]
fn n8_inputs_of_user_mode_are_captured_and_outputs_are_not() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let data = [1_u8, 2, 3, 4];
    let users = data.as_ptr().addr();
    let filter = register(&machine, "1", move |event| {
        if event.class == RegNtPreSetValueKey {
            let info = event.set_value();
            assert_ne!(info.Data.addr(), users);
            assert_eq!(text(info.ValueName), "Data");
            // A change of the copy changes nothing in the caller's memory.
            // SAFETY: the captured data has four bytes.
            assert_eq!(unsafe { info.Data.cast::<[u8; 4]>().read() }, [1, 2, 3, 4]);
        }
        Status::SUCCESS
    });
    key.set_binary("Data", &data).unwrap();
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);

    // The output buffer is the caller's own: what a callback writes there, the caller gets.
    let _filter = register(&machine, "1", |event| {
        if event.class != RegNtPreQueryValueKey {
            return Status::SUCCESS;
        }
        let info = event.query_value();
        let answer: [u32; 6] = [0, REG_DWORD, 20, 4, 0, 99];
        assert!(info.Length as usize >= size_of_val(&answer));
        // SAFETY: the buffer is large enough.
        unsafe {
            info.KeyValueInformation
                .cast::<[u32; 6]>()
                .write_unaligned(answer)
        };
        // SAFETY: the caller gave a place for the length.
        unsafe { info.ResultLength.write(size_of_val(&answer) as u32) };
        Status::CALLBACK_BYPASS
    });
    assert_eq!(key.query_value("Data").unwrap().as_dword(), Some(99));
    assert_clean(&machine);
}

#[test]
fn n8_buffers_of_kernel_mode_are_shown_as_they_are() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreSetValueKey {
                let info = event.set_value();
                log.note(format!("{:p} {:p}", info.ValueName, info.Data));
            }
            Status::SUCCESS
        }
    });
    let _thread = machine.system_process().enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    let mut name = Wide::new("Data");
    let mut data = 5_u32;
    let data = (&raw mut data).cast();
    // SAFETY: all places are live.
    let status = unsafe { ZwSetValueKey(key.0, name.as_ptr(), 0, REG_DWORD, data, 4) };
    assert_eq!(Status(status), Status::SUCCESS);
    assert_eq!(log.take(), [format!("{:p} {:p}", name.as_ptr(), data)]);
}

#[test]
fn n9_a_create_is_announced_as_a_create_once() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", observe(&log, "it"));
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(
        log.take(),
        ["it RegNtPreCreateKeyEx", "it RegNtPostCreateKeyEx"]
    );
    drop(key);
}

#[test]
fn n10_application_hives_cannot_be_reached_by_absolute_name() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let opened = thread.open_key(r"\REGISTRY\A\{app}", KeyAccess::READ);
    assert_eq!(opened.map(drop), Err(Status::ACCESS_DENIED));
}
