//! The trace in Chrome's format.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;
use wdm_sim::trace::Trace;
use wdm_sim::{KeyAccess, Machine, Status};
use wdm_sys::{RegNtPostSetValueKey, RegNtPreSetValueKey};

use crate::events::assert_nested;
use crate::run::{HOSTILE, KEY, run};
use crate::support::{Event, KernelKey, register};

/// The entries of the file, by what they are.
struct File {
    metadata: Vec<Value>,
    events: Vec<Value>,
}

fn written(trace: &Trace) -> Vec<u8> {
    let mut bytes = Vec::new();
    trace
        .write_chrome(&mut bytes)
        .expect("memory can be written");
    bytes
}

fn nanoseconds(event: &Value, field: &str) -> i64 {
    let number = event[field]
        .as_f64()
        .unwrap_or_else(|| panic!("no {field}: {event}"));
    let exact = number * 1000.0;
    assert!((exact - exact.round()).abs() < 1e-3, "{event}");
    exact.round() as i64
}

/// Checks the file as far as its format goes.
pub(crate) fn check(bytes: &[u8]) -> (Vec<Value>, Vec<Value>) {
    let json: Value = serde_json::from_slice(bytes).expect("it is JSON");
    assert_eq!(json["displayTimeUnit"], "ns");
    let entries = json["traceEvents"].as_array().expect("a list").clone();
    let (metadata, events): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry["ph"] == "M");
    let file = File { metadata, events };
    file.check_fields();
    file.check_names();
    file.check_nesting();
    (file.metadata, file.events)
}

impl File {
    fn check_fields(&self) {
        for event in &self.events {
            assert!(
                event["name"].is_string() && event["cat"].is_string(),
                "{event}"
            );
            assert!(event["pid"].is_u64() && event["tid"].is_u64(), "{event}");
            assert!(event["args"].is_object(), "{event}");
            assert!(nanoseconds(event, "ts") >= 0, "{event}");
            match event["ph"].as_str() {
                Some("X") => assert!(nanoseconds(event, "dur") >= 0, "{event}"),
                Some("i") => assert_eq!(event["s"], "t", "{event}"),
                _ => panic!("an event of no kind that is written: {event}"),
            }
        }
    }

    /// Each track has a name, and each process.
    fn check_names(&self) {
        let named = |what: &str| -> BTreeSet<(u64, u64)> {
            let its = self.metadata.iter().filter(|entry| entry["name"] == what);
            its.map(place).collect()
        };
        let used: BTreeSet<_> = self.events.iter().map(place).collect();
        for what in ["thread_name", "process_name", "thread_sort_index"] {
            assert_eq!(named(what), used, "{what}");
        }
        let numbers: BTreeSet<_> = used.iter().map(|(_, tid)| tid).collect();
        assert_eq!(numbers.len(), used.len(), "a track is of one process");
    }

    /// On each track an event is within another, or beside it.
    fn check_nesting(&self) {
        let mut tracks: BTreeMap<(u64, u64), Vec<&Value>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event["ph"] == "X") {
            tracks.entry(place(event)).or_default().push(event);
        }
        for events in tracks.values_mut() {
            events.sort_by_key(|event| event["args"]["number"].as_u64());
            let mut open: Vec<i64> = Vec::new();
            for event in events {
                let start = nanoseconds(event, "ts");
                let end = start + nanoseconds(event, "dur");
                open.retain(|around| *around > start);
                assert!(
                    open.iter().all(|around| end <= *around),
                    "{event} in {open:?}"
                );
                open.push(end);
            }
        }
    }
}

fn place(entry: &Value) -> (u64, u64) {
    let number = |field: &str| entry[field].as_u64().unwrap_or_else(|| panic!("{entry}"));
    (number("pid"), number("tid"))
}

#[test]
fn each_event_is_on_the_track_of_its_thread_and_altitude() {
    let machine = run(true);
    let trace = machine.trace();
    let (metadata, events) = check(&written(&trace));
    assert_eq!(events.len(), trace.events().len());
    let track = |event: &Value| -> String {
        let same = |entry: &&Value| place(entry) == place(event) && entry["name"] == "thread_name";
        let name = metadata.iter().find(same).expect("tracks have names");
        name["args"]["name"].as_str().expect("text").to_owned()
    };
    let named = |name: &str| {
        let mut its = events.iter().filter(|event| event["name"] == name);
        its.next().unwrap_or_else(|| panic!("no {name}"))
    };
    let blocked = named("RegNtPreSetValueKey: block");
    assert!(track(blocked).ends_with(": 10.5"), "{}", track(blocked));
    assert_eq!(blocked["args"]["altitude"], "10.5");
    assert_eq!(
        blocked["args"]["result"],
        "block 0xC0000022 STATUS_ACCESS_DENIED"
    );
    let changed = named("RegNtPostQueryValueKey: override");
    assert!(track(changed).ends_with(": 20"));
    assert!(track(named("RegNtPreDeleteValueKey: bypass")).ends_with(": 10.5"));
    assert!(track(named("context replaced")).ends_with(": 10.5"));
    assert!(track(named("finding N6")).ends_with(": 10.5"));
    let set = named("SetValueKey");
    assert!(track(set).ends_with(": operations"));
    assert_eq!(set["args"]["detail"], HOSTILE);
    assert_eq!(set["args"]["key"], r"\REGISTRY\MACHINE\SYSTEM\Setup");
    let entry = named("DriverEntry");
    assert_eq!(entry["pid"], 4, "the System process");
    // The operations of a thread stand above its altitudes, and those as they are called.
    let mut rows: Vec<(u64, String)> = metadata
        .iter()
        .filter(|entry| entry["name"] == "thread_sort_index" && entry["pid"] == set["pid"])
        .map(|entry| {
            (
                entry["args"]["sort_index"].as_u64().expect("a number"),
                track(entry),
            )
        })
        .collect();
    rows.sort();
    let ends: Vec<&str> = rows
        .iter()
        .filter_map(|(_, name)| name.split(": ").nth(1))
        .collect();
    assert_eq!(ends, ["operations", "20", "10.5"]);
}

#[test]
fn no_trace_is_a_file_too() {
    let machine = Machine::builder().build().expect("it builds");
    let (metadata, events) = check(&written(&machine.trace()));
    assert!(metadata.is_empty() && events.is_empty());
}

/// What a callback does with each set, by the value's name.
fn decide(event: &Event<'_>) -> Status {
    let name = |info: &wdm_sys::REG_SET_VALUE_KEY_INFORMATION| crate::support::text(info.ValueName);
    match event.class {
        RegNtPreSetValueKey => match name(event.set_value()).as_str() {
            "block" => Status::ACCESS_DENIED,
            "bypass" => Status::CALLBACK_BYPASS,
            "nested" => {
                drop(KernelKey::open(KEY));
                Status::SUCCESS
            }
            _ => Status::SUCCESS,
        },
        RegNtPostSetValueKey if name(event.value_set()) == "override" => {
            event.post().ReturnStatus = Status::UNSUCCESSFUL.0;
            Status::CALLBACK_BYPASS
        }
        _ => Status::SUCCESS,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_done_events_nest_and_none_is_lost(
        threads in prop::collection::vec(
            prop::collection::vec(
                prop::sample::select(vec!["pass", "block", "bypass", "override", "nested"]),
                0..8,
            ),
            1..4,
        ),
        altitudes in prop::collection::btree_set(1_u32..50, 0..4),
    ) {
        let machine = Machine::builder().trace(true).build().expect("it builds");
        let filters: Vec<_> = altitudes
            .iter()
            .map(|altitude| register(&machine, &altitude.to_string(), decide))
            .collect();
        let app = machine.process("app.exe");
        std::thread::scope(|scope| {
            for names in &threads {
                let app = &app;
                scope.spawn(move || {
                    let thread = app.enter();
                    let key = thread.open_key(KEY, KeyAccess::ALL).expect("it opens");
                    for name in names {
                        // How it ends is what the callbacks decide.
                        let _ = key.set_dword(name, 1);
                    }
                });
            }
        });
        for filter in filters {
            assert_eq!(filter.unregister(&machine), Status::SUCCESS);
        }
        let trace = machine.trace();
        assert_nested(&trace);
        let (_, events) = check(&written(&trace));
        let count = |category: &str| {
            events.iter().filter(|event| event["cat"] == category).count() as u64
        };
        let counters = machine.report().counters;
        prop_assert_eq!(count("operation"), counters.operations);
        prop_assert_eq!(count("pre") + count("post"), counters.notifications);
        let named = |end: &str| {
            let named = |event: &&Value| event["name"].as_str().is_some_and(|it| it.ends_with(end));
            events.iter().filter(named).count() as u64
        };
        prop_assert_eq!(named(": block"), counters.blocked);
        prop_assert_eq!(named(": bypass"), counters.bypassed);
        prop_assert_eq!(named(": override"), counters.overridden);
    }
}
