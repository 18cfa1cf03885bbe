//! N1: who does an operation.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use cm_callback::operation::{OpenKey, Requestor, SetValue};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::requestor::PreviousMode;
use wdm_safe::unicode;

use crate::support::{HOME, finish, load, machine};

type Seen = Arc<Mutex<Vec<Requestor>>>;

/// Takes down who sets values and who opens keys.
struct Watching(Seen);

impl Watching {
    fn add(&self, requestor: Requestor) {
        self.0.lock().expect("nobody panics").push(requestor);
    }
}

impl RegistryCallback for Watching {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        self.add(op.requestor());
        op.pass()
    }

    fn post_set_value(&self, op: Post<'_, SetValue, Self>) -> PostOutcome<SetValue, Self> {
        self.add(op.requestor());
        op.keep()
    }

    fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
        self.add(op.requestor());
        op.pass()
    }
}

/// Opens a key of its own when a value is set.
struct Opening;

impl RegistryCallback for Opening {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let at = op.passive().expect("tests run at PASSIVE_LEVEL");
        let path = unicode!(r"\Registry\Machine\SYSTEM");
        drop(RegKey::open(path, KeyAccess::READ, at).expect("it is there"));
        op.pass()
    }
}

#[test]
fn n1_a_notification_comes_in_the_thread_and_the_mode_of_the_requestor() {
    let (machine, seen) = (machine(), Seen::default());
    let drivers = [
        load(&machine, "opening", altitude!("2"), Opening).expect("it loads"),
        load(&machine, "watching", altitude!("1"), Watching(seen.clone())).expect("it loads"),
    ];
    let take = || std::mem::take(&mut *seen.lock().expect("nobody panics"));
    let set = |process: &wdm_sim::Process| {
        let thread = process.enter();
        let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
        key.set_dword("a", 1).expect("it is set");
        drop(key);
        <[Requestor; 3]>::try_from(take()).expect("an open, then a value that is set")
    };
    // Two threads of one process, and another process.
    let [one, two] = ["one", "two"].map(|name| machine.process(name));
    let calls = [&one, &one, &two].map(|app| (app.id(), set(app)));
    for (process_id, [open, before, after]) in calls {
        assert_eq!(before.process_id, process_id);
        assert_eq!(before.mode, PreviousMode::User);
        assert_eq!(after, before);
        // The driver's own open comes in the same thread, but not from an application.
        let mode = PreviousMode::Kernel;
        assert_eq!(open, Requestor { mode, ..before });
    }
    let [first, second, third] = calls.map(|(_, [_, before, _])| before.thread_id);
    assert!(first != second && second != third && third != first);
    finish(&machine, drivers);
}
