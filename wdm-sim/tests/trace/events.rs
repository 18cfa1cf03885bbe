//! What is recorded, and when.

use std::sync::Barrier;

use wdm_sim::cm::classes::Operation;
use wdm_sim::trace::{Callback, ContextChange, Event, PostVerdict, PreVerdict, Trace, What};
use wdm_sim::{KeyAccess, Machine, Privileges, Profile, Rule, SaveFormat, Status};

use crate::run::{KEY, run};
use crate::support::register;

/// The events that hold something, as `pick` finds it.
fn all<T>(trace: &Trace, pick: impl Fn(&What) -> Option<T>) -> Vec<T> {
    trace
        .events()
        .iter()
        .filter_map(|event| pick(&event.what))
        .collect()
}

/// Checks that the events of each thread are nested in each other as their depths say.
pub(crate) fn assert_nested(trace: &Trace) {
    let mut threads: Vec<(usize, Vec<&Event>)> = Vec::new();
    for event in trace.events() {
        if !threads.iter().any(|(id, _)| *id == event.thread_id) {
            threads.push((event.thread_id, Vec::new()));
        }
        let open = threads.iter_mut().find(|(id, _)| *id == event.thread_id);
        let (_, open) = open.expect("it was added");
        let end = |event: &Event| event.ended.map_or(u64::MAX, |end| end.number);
        open.retain(|around| end(around) > event.began.number);
        assert_eq!(open.len(), event.depth as usize, "{event:?} in {open:?}");
        if let Some(around) = open.last()
            && !event.what.is_instant()
        {
            assert!(end(event) <= end(around), "{event:?} ends after {around:?}");
            assert!(around.began.time <= event.began.time);
        }
        if event.what.is_instant() {
            assert_eq!(event.ended, None, "{event:?}");
        } else {
            open.push(event);
        }
    }
}

#[test]
fn the_story_of_a_run_is_what_happened() {
    let machine = run(true);
    let trace = machine.trace();
    assert_nested(&trace);
    assert_eq!(trace.left_out(), 0);
    let setup = r"\REGISTRY\MACHINE\SYSTEM\Setup";
    let hostile = r#""</script><img src=x onerror=document.title='taken'><!--"&'\n""#;
    let denied = "0xC0000022 STATUS_ACCESS_DENIED";
    let good = "0x00000000 STATUS_SUCCESS";
    let expected = format!(
        r#"System
  DriverEntry of tested: {good}
    printed tested: loaded
System
  20: registered
System
  10.5: registered
app.exe
  OpenKey \REGISTRY\Machine\SYSTEM\Setup: {good}
    20: RegNtPreOpenKeyEx: pass
    10.5: RegNtPreOpenKeyEx: pass
    10.5: RegNtPostOpenKeyEx: keep
      10.5: context set {setup}
      10.5: context replaced {setup}
    20: RegNtPostOpenKeyEx: keep
  SetValueKey {setup} {hostile}: {denied}
    20: RegNtPreSetValueKey: pass
    10.5: RegNtPreSetValueKey: block {denied}
    20: RegNtPostSetValueKey: keep
  DeleteValueKey {setup} "Nothing": {good}
    20: RegNtPreDeleteValueKey: pass
    10.5: RegNtPreDeleteValueKey: bypass {good}
    20: RegNtPostDeleteValueKey: keep
  QueryValueKey {setup} "SetupType": {denied}
    20: RegNtPreQueryValueKey: pass
    10.5: RegNtPreQueryValueKey: pass
    10.5: RegNtPostQueryValueKey: keep
    20: RegNtPostQueryValueKey: override {good} -> {denied}
"#
    );
    let story = trace.story();
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(story[..expected.len()], expected, "{story:#?}");
    // What a callback does itself is seen below it only (N7), and is part of its notification.
    let nested = story
        .iter()
        .position(|line| line.starts_with("      OpenKey"));
    let nested = nested.expect("the upper callback opens a key");
    assert!(story[nested - 1].starts_with("    20: RegNtPreQueryKey"));
    assert!(story[nested + 1].starts_with("        10.5: RegNtPreOpenKeyEx"));
    // A cleanup is part of the close (C3).
    let cleanup = format!("    10.5: RegNtCallbackObjectContextCleanup {setup}");
    let cleanup = story.iter().position(|line| *line == cleanup);
    let cleanup = cleanup.expect("the context is cleaned up");
    assert!(story[cleanup + 1].starts_with("    10.5: RegNtPostKeyHandleClose"));
}

#[test]
fn events_are_typed() {
    let machine = run(true);
    let trace = machine.trace();
    let report = machine.report();
    let blocked = all(&trace, |what| match what {
        What::Pre {
            verdict: Some(PreVerdict::Block(status)),
            callback,
            ..
        } => Some((*status, callback.altitude.clone())),
        _ => None,
    });
    assert_eq!(blocked, [(Status::ACCESS_DENIED, "10.5".to_owned())]);
    let changed = all(&trace, |what| match what {
        What::Post {
            verdict: Some(verdict @ PostVerdict::Override { .. }),
            ..
        } => Some(*verdict),
        _ => None,
    });
    let (from, to) = (Status::SUCCESS, Status::ACCESS_DENIED);
    assert_eq!(changed, [PostVerdict::Override { from, to }]);
    let contexts = all(&trace, |what| match what {
        What::Context { change, .. } => Some(*change),
        _ => None,
    });
    let [set, replaced] = [ContextChange::Set, ContextChange::Replaced];
    // The program's handle, and the upper callback's.
    assert_eq!(contexts, [set, replaced, set, replaced]);
    let findings = all(&trace, |what| match what {
        What::Finding { finding } => Some((finding.rule, finding.times)),
        _ => None,
    });
    let found: u64 = report.findings.iter().map(|finding| finding.times).sum();
    assert_eq!(findings.len() as u64, found, "each time it was broken");
    assert_eq!(findings[0], (Rule::N6, 1));
    let operations = all(&trace, |what| match what {
        What::Operation { operation, .. } => Some(*operation),
        _ => None,
    });
    assert_eq!(operations.len() as u64, report.counters.operations);
    assert_eq!(operations[0], Operation::OpenKey);
    let notifications = all(&trace, |what| {
        matches!(
            what,
            What::Pre { .. } | What::Post { .. } | What::Cleanup { .. }
        )
        .then_some(())
    });
    assert_eq!(notifications.len() as u64, report.counters.notifications);
    let unregistered = all(&trace, |what| match what {
        What::Unregister { callback } => Some(callback.to_string()),
        _ => None,
    });
    assert_eq!(unregistered, ["10.5"]);
    let ended = |event: &&Event| event.ended.is_some() || event.what.is_instant();
    assert!(trace.events().iter().all(|event| ended(&event)));
    let json = serde_json::to_value(&trace).expect("it is data");
    assert_eq!(json["events"][0]["kind"], "load");
    assert_eq!(json["events"][0]["process"], "System");
}

#[test]
fn a_legacy_callback_is_told_by_that_name() {
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let filter = crate::support::register_legacy(&machine, |_| Status::SUCCESS);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let altitude = |what: &What| Some(what.callback()?.altitude.clone());
    assert_eq!(all(&machine.trace(), altitude), [Callback::LEGACY; 2]);
}

#[test]
fn nothing_is_recorded_unless_it_is_asked_for() {
    let trace = run(false).trace();
    assert!(trace.events().is_empty());
    assert_eq!((trace.left_out(), trace.story().len()), (0, 0));
}

#[test]
fn threads_that_run_side_by_side_are_told_apart() {
    const THREADS: usize = 4;
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let filter = register(&machine, "10", |_| Status::SUCCESS);
    let start = Barrier::new(THREADS);
    let app = machine.process("app.exe");
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let thread = app.enter();
                start.wait();
                for _ in 0..20 {
                    drop(thread.open_key(KEY, KeyAccess::READ));
                }
            });
        }
    });
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let trace = machine.trace();
    assert_nested(&trace);
    let story = trace.story();
    let threads: Vec<&[String]> = story.split(|line| line == "app.exe").skip(1).collect();
    assert_eq!(threads.len(), THREADS);
    // The last one is followed by the thread that unregisters.
    let lines = threads[0].len();
    assert_eq!(
        lines,
        20 * 6,
        "an open and a close, each with both notifications"
    );
    for thread in threads {
        assert_eq!(thread[..lines], threads_first(&story)[..lines]);
    }
}

fn threads_first(story: &[String]) -> &[String] {
    let first = story.split(|line| line == "app.exe").nth(1);
    first.expect("there is a thread")
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let machine = Machine::builder().trace(true).trace_limit(10_000).build();
    let machine = machine.expect("it builds");
    let open = || {
        let thread = machine.process("app.exe").enter();
        drop(thread.open_key(KEY, KeyAccess::READ).expect("it opens"));
    };
    let first = register(&machine, "10", |_| Status::SUCCESS);
    for _ in 0..1000 {
        open();
    }
    let trace = machine.trace();
    assert_nested(&trace);
    let (kept, left_out) = (trace.events().len(), trace.left_out());
    assert!(kept > 10, "{kept}");
    assert!(kept < 100, "{kept}");
    // Six for each open and close, and the registration.
    assert_eq!(kept as u64 + left_out, 1000 * 6 + 1);
    // What had begun has ended.
    let ended = |event: &Event| event.ended.is_some() || event.what.is_instant();
    assert!(trace.events().iter().all(ended));
    // Who comes and goes is still told.
    assert_eq!(first.unregister(&machine), Status::SUCCESS);
    assert_eq!(machine.trace().events().len(), kept + 1);
}

#[test]
fn what_has_not_ended_is_told() {
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let seen = machine.clone();
    let filter = register(&machine, "10", move |event| {
        if event.is_post() {
            return Status::SUCCESS;
        }
        let trace = seen.trace();
        let open: Vec<_> = trace
            .events()
            .iter()
            .filter(|event| event.ended.is_none() && !event.what.is_instant())
            .collect();
        assert_eq!(open.len(), 2, "the operation and this notification");
        assert!(
            trace
                .story()
                .iter()
                .any(|line| line.ends_with(" (has not ended)"))
        );
        Status::SUCCESS
    });
    let thread = machine.process("app.exe").enter();
    drop(thread.open_key(KEY, KeyAccess::READ).expect("it opens"));
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
}

#[test]
fn an_operation_tells_what_it_is_about() {
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let app = machine.process("app.exe");
    app.grant(Privileges::BACKUP | Privileges::RESTORE);
    let thread = app.enter();
    let path = r"\Registry\Machine\SYSTEM\Told";
    let key = thread.create_key(path, KeyAccess::ALL).expect("it is made");
    key.set_dword("", 1).expect("the default value is set");
    key.enumerate_value(0).expect("there is one");
    key.rename("New name").expect("the name is free");
    let file = thread.create_file(r"\??\C:\told.hiv").expect("it is made");
    key.save(&file, SaveFormat::Latest).expect("it is saved");
    drop(file);
    let loaded = thread.load_key(r"\Registry\User\Told", r"\??\C:\told.hiv");
    loaded.expect("the name is free");
    key.delete().expect("it has no subkeys");
    drop(key);
    let trace = machine.trace();
    let told = all(&trace, |what| match what {
        What::Operation {
            operation,
            key,
            detail,
            ..
        } => Some((*operation, key.clone(), detail.clone())),
        _ => None,
    });
    let (old, new) = (
        r"\REGISTRY\MACHINE\SYSTEM\Told",
        r"\REGISTRY\MACHINE\SYSTEM\New name",
    );
    let expected = [
        (Operation::CreateKey, r"\REGISTRY\Machine\SYSTEM\Told", None),
        (Operation::SetValueKey, old, Some("")),
        (Operation::EnumerateValueKey, old, Some("0")),
        (Operation::RenameKey, old, Some("New name")),
        (Operation::SaveKey, new, None),
        (
            Operation::LoadKey,
            r"\Registry\User\Told",
            Some(r"\??\C:\told.hiv"),
        ),
        (Operation::DeleteKey, new, None),
        (Operation::KeyHandleClose, "", None),
    ];
    let expected = expected
        .map(|(operation, key, detail)| (operation, key.to_owned(), detail.map(str::to_owned)));
    assert_eq!(told, expected);
}

#[test]
fn windows_xp_has_its_own_notifications() {
    let machine = Machine::builder().profile(Profile::WinXp).trace(true);
    let machine = machine.build().expect("it builds");
    let filter = crate::support::register_legacy(&machine, |event| match event.class {
        wdm_sys::RegNtPreSetValueKey => Status::ACCESS_DENIED,
        _ => Status::SUCCESS,
    });
    let thread = machine.process("app.exe").enter();
    let key = thread.open_key(KEY, KeyAccess::ALL).expect("it opens");
    assert_eq!(key.set_dword("Number", 1), Err(Status::ACCESS_DENIED));
    drop(key);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let trace = machine.trace();
    assert_nested(&trace);
    let answered = all(&trace, |what| match what {
        What::Pre { verdict, .. } => verdict.map(|verdict| verdict.to_string()),
        What::Post { verdict, .. } => verdict.map(|verdict| verdict.to_string()),
        _ => None,
    });
    let block = "block 0xC0000022 STATUS_ACCESS_DENIED";
    assert_eq!(answered, ["pass", "keep", block, "pass"]);
}

#[test]
fn r4_contexts_that_are_left_are_cleaned_up_the_oldest_first() {
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let filter = register(&machine, "10", |event| {
        if let Some(object) = event.opened_object() {
            event.set_context(object, 0x1000);
        }
        Status::SUCCESS
    });
    let thread = machine.process("app.exe").enter();
    let names = ["Select", "Setup", "ControlSet001", "CurrentControlSet"];
    let open = |name| {
        let path = format!(r"\Registry\Machine\SYSTEM\{name}");
        thread.open_key(&path, KeyAccess::READ).expect("it opens")
    };
    let keys = names.map(open);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let trace = machine.trace();
    let set = all(&trace, |what| match what {
        What::Context { key, .. } => Some(key.clone()),
        _ => None,
    });
    let cleaned = all(&trace, |what| match what {
        What::Cleanup { key, .. } => Some(key.clone()),
        _ => None,
    });
    assert_eq!(set.len(), names.len());
    assert_eq!(set, cleaned);
    drop(keys);
}
