//! Whatever the system and programs do, in whatever order: a driver that behaves well has no findings, each request ends once, and
//! the driver's own record of what it was called for is in a documented order.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use umdf_callback::PowerState;
use wdm_sim::umdf::{Device, File, Sent, Wake, What};

use crate::full::{Full, LET_GO, MARK, Record};
use crate::support::{Host, builder};

/// What happens to a device.
#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Sleep(PowerState, Wake),
    WakeUp,
    WakeBySignal,
    QueryStop,
    Stop,
    QueryRemove,
    Remove,
    SurpriseRemove,
    /// It is gone, and comes again.
    Add,
    Open,
    Close(usize),
    Read(Option<usize>, usize),
    Write(Option<usize>, usize),
    Flush(Option<usize>),
    Control(Option<usize>, u32),
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let state = prop_oneof![
        Just(PowerState::D1),
        Just(PowerState::D2),
        Just(PowerState::D3),
    ];
    let why = prop_oneof![Just(Wake::FromS0), Just(Wake::FromSx)];
    let file = || prop::option::of(0..4_usize);
    let code = prop_oneof![Just(LET_GO), Just(MARK)];
    prop_oneof![
        4 => Just(Start),
        3 => (state, why).prop_map(|(state, why)| Sleep(state, why)),
        3 => Just(WakeUp),
        1 => Just(WakeBySignal),
        1 => Just(QueryStop),
        2 => Just(Stop),
        1 => Just(QueryRemove),
        1 => Just(Remove),
        1 => Just(SurpriseRemove),
        2 => Just(Add),
        4 => Just(Open),
        3 => (0..4_usize).prop_map(Close),
        4 => (file(), 0..3_usize).prop_map(|(file, length)| Read(file, length)),
        4 => (file(), 0..3_usize).prop_map(|(file, length)| Write(file, length)),
        2 => file().prop_map(Flush),
        6 => (file(), code).prop_map(|(file, code)| Control(file, code)),
        4 => (0..8_usize).prop_map(Cancel),
    ]
}

/// The system and its programs.
struct World {
    host: Host,
    device: Device,
    files: Vec<File>,
    sent: Vec<Sent>,
}

impl World {
    fn file(&self, index: Option<usize>) -> Option<&File> {
        self.files.get(index? % self.files.len().max(1))
    }

    /// Takes a step; one that is not possible now is refused.
    fn take(&mut self, step: Step) {
        let device = self.device.clone();
        match step {
            Step::Start => drop(device.start()),
            Step::Sleep(state, why) => drop(device.sleep(state, why)),
            Step::WakeUp => drop(device.wake()),
            Step::WakeBySignal => drop(device.wake_by_signal()),
            Step::QueryStop => drop(device.query_stop()),
            Step::Stop => drop(device.stop()),
            Step::QueryRemove => drop(device.query_remove()),
            Step::Remove => device.remove(),
            Step::SurpriseRemove => device.surprise_remove(),
            Step::Add if device.is_gone() => {
                let added = self.host.add_device("ROOT\\SAMPLE\\0000");
                self.device = added.expect("the driver takes it");
                self.device.start().expect("it starts");
            }
            Step::Add => {}
            Step::Open => {
                let (sent, file) = device.open_later("file");
                self.sent.push(sent);
                self.files.push(file);
            }
            Step::Close(index) if !self.files.is_empty() => {
                drop(self.files.swap_remove(index % self.files.len()));
            }
            Step::Close(_) => {}
            Step::Read(file, length) => {
                let file = self.file(file);
                let sent = file.map_or_else(|| device.read(length), |file| file.read(length));
                self.sent.push(sent);
            }
            Step::Write(file, length) => {
                let (file, bytes) = (self.file(file), vec![1; length]);
                let sent = file.map_or_else(|| device.write(&bytes), |file| file.write(&bytes));
                self.sent.push(sent);
            }
            Step::Flush(file) => {
                let file = self.file(file);
                let sent = file.map_or_else(|| device.flush(), File::flush);
                self.sent.push(sent);
            }
            Step::Control(file, code) => {
                let control = |file: &File| file.control(code, b"", 0);
                let file = self.file(file);
                let sent = file.map_or_else(|| device.control(code, b"", 0), control);
                self.sent.push(sent);
            }
            Step::Cancel(index) if !self.sent.is_empty() => {
                self.sent[index % self.sent.len()].cancel();
            }
            Step::Cancel(_) => {}
        }
    }
}

/// From where a device may go where, by which callback: the figures of a-user-plugs-in-a-device-umdf and
/// a-user-unplugs-a-device-umdf as a graph.
const LIFE: &[(&str, &str, &str)] = &[
    ("added", "OnPrepareHardware", "prepared"),
    ("prepared", "OnD0Entry", "first in D0"),
    ("first in D0", "OnSelfManagedIoInit", "works"),
    ("works", "OnSelfManagedIoSuspend", "suspended"),
    ("suspended", "OnD0Exit", "out of D0"),
    // It wakes.
    ("out of D0", "OnD0Entry", "again in D0"),
    ("again in D0", "OnSelfManagedIoRestart", "works"),
    // It stops, and starts again.
    ("out of D0", "OnReleaseHardware", "released"),
    ("released", "OnPrepareHardware", "prepared again"),
    ("prepared again", "OnD0Entry", "again in D0"),
    // It goes.
    ("released", "OnSelfManagedIoFlush", "flushed"),
    ("flushed", "OnSelfManagedIoCleanup", "cleaned up"),
    ("cleaned up", "OnCleanup", "deleted"),
    ("deleted", "OnCleanup", "deleted"),
    // It was never started.
    ("added", "OnReleaseHardware", "cleaned up"),
    // The driver goes.
    ("loaded", "OnDeviceAdd", "added"),
    ("deleted", "OnDeviceAdd", "added"),
    ("deleted", "OnDeinitialize", "unloaded"),
];

/// Where a callback comes that changes nothing; the others may come wherever there is a device.
const PLACES: &[(&str, &[&str])] = &[
    ("OnRead", &["first in D0", "again in D0", "works"]),
    (
        "OnDeviceIoControl",
        &["first in D0", "again in D0", "works"],
    ),
    (
        "OnDefaultIoHandler",
        &["first in D0", "again in D0", "works"],
    ),
    ("OnCreateFile", &["first in D0", "again in D0", "works"]),
    ("OnIoResume", &["again in D0"]),
    // Suspended; power-managed queues are purged; the others are.
    (
        "OnIoStop",
        &["suspended", "released", "cleaned up", "flushed"],
    ),
];

/// What is wrong with a driver's record.
fn complaint(told: &[&'static str]) -> Option<String> {
    let mut state = "loaded";
    for (place, method) in told.iter().enumerate() {
        let next = LIFE
            .iter()
            .find(|edge| edge.0 == state && edge.1 == *method);
        if let Some(next) = next {
            state = next.2;
            continue;
        }
        let moves = LIFE.iter().any(|edge| edge.1 == *method);
        let allowed = match PLACES.iter().find(|entry| entry.0 == *method) {
            Some((_, states)) => states.contains(&state),
            None => !moves && !["loaded", "deleted", "unloaded"].contains(&state),
        };
        let first = *method == "OnInitialize" && place == 0;
        if !allowed && !first {
            return Some(format!("{method} at {place}, when {state}: {told:?}"));
        }
    }
    (state != "unloaded").then(|| format!("it ends {state}: {told:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_driver_that_behaves_well_is_treated_well(steps in vec(step(), 0..60)) {
        let record = Record::next(None);
        let host = Host::load::<Full>(builder()).expect("the driver loads");
        let device = host.add_device("ROOT\\SAMPLE\\0000").expect("the driver takes it");
        let mut world = World { host, device, files: Vec::new(), sent: Vec::new() };
        world.device.start().expect("it starts");
        for step in steps {
            world.take(step);
        }
        let World { host, files, sent, .. } = world;
        let report = host.unload();
        drop(files);
        prop_assert!(report.findings.is_empty(), "{:?}\n{}", report.findings, report.trace);
        let mut ends = BTreeMap::<_, usize>::new();
        for event in &report.trace.events {
            if let What::Completed { request, .. } = &event.what {
                *ends.entry(request.clone()).or_default() += 1;
            }
        }
        for sent in &sent {
            prop_assert!(sent.completion().is_some(), "{}\n{}", sent.name(), report.trace);
            prop_assert_eq!(ends.get(&sent.name()), Some(&1), "{}", sent.name());
        }
        prop_assert_eq!(ends.len(), sent.len());
        prop_assert_eq!(complaint(&record.told()), None);
    }
}

/// The checker is worth something.
#[test]
fn other_orders_are_complained_about() {
    let life = "OnInitialize OnDeviceAdd OnPrepareHardware OnD0Entry OnSelfManagedIoInit OnRead OnSelfManagedIoSuspend \
                OnIoStop OnD0Exit OnReleaseHardware OnSelfManagedIoFlush OnSelfManagedIoCleanup OnCleanup OnDeinitialize";
    let life: Vec<&'static str> = life.split(' ').collect();
    assert_eq!(complaint(&life), None);
    for missing in 1..life.len() {
        let mut other = life.clone();
        let method = other.remove(missing);
        let harmless = ["OnRead", "OnIoStop"].contains(&method);
        assert_eq!(complaint(&other).is_none(), harmless, "without {method}");
    }
    for place in 1..life.len() - 1 {
        let mut other = life.clone();
        other.swap(place, place + 1);
        // Queues hand out requests before self-managed I/O begins.
        let harmless = life[place + 1] == "OnRead";
        assert!(
            harmless || complaint(&other).is_some(),
            "{} comes too early",
            life[place + 1]
        );
    }
}
