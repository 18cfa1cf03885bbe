//! N2 and N4: answers to queries and enumerations in the registry's place.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use cm_callback::operation::{EnumerateKey, EnumerateValue, KeyAnswer, QueryValue, ValueAnswer};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::registry::{KeyAccess, RegKey, ValueType};
use wdm_safe::{NtError, unicode};
use wdm_sim::Status;

use crate::support::{HOME, finish, load, machine, query_partial};

/// Answers queries for "honey" and adds a last entry to enumerations.
struct Answering;

impl Answering {
    const VALUE: ValueAnswer<'static> = ValueAnswer {
        name: unicode!("honey"),
        kind: ValueType::SZ,
        data: b"p\0o\0t\0\0\0",
    };
}

impl RegistryCallback for Answering {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        if op.value_name() == unicode!("honey") {
            return op.answer(&Self::VALUE).unwrap_or_else(Pre::pass);
        }
        op.pass()
    }

    fn post_query_value(&self, op: Post<'_, QueryValue, Self>) -> PostOutcome<QueryValue, Self> {
        if op.value_name() == unicode!("number") {
            let other = ValueAnswer {
                kind: ValueType::DWORD,
                data: &[9, 0, 0, 0],
                ..Self::VALUE
            };
            return op.answer(&other).unwrap_or_else(Post::keep);
        }
        op.keep()
    }

    fn post_enumerate_value(
        &self,
        op: Post<'_, EnumerateValue, Self>,
    ) -> PostOutcome<EnumerateValue, Self> {
        // One more than there are: the first index past the end.
        if op.status().error() == Some(NtError::NO_MORE_ENTRIES) && op.index() == Some(1) {
            return op.answer(&Self::VALUE).unwrap_or_else(Post::keep);
        }
        op.keep()
    }

    fn pre_enumerate_key(&self, op: Pre<'_, EnumerateKey, Self>) -> PreOutcome<EnumerateKey, Self> {
        match op.index() {
            0 => op
                .answer(&KeyAnswer {
                    last_write_time: 7,
                    ..KeyAnswer::new(unicode!("Nest"))
                })
                .unwrap_or_else(Pre::pass),
            _ => op.pass(),
        }
    }
}

#[test]
fn n4_a_query_is_answered_in_the_form_and_the_length_that_the_caller_asked_for() {
    let machine = machine();
    let driver = load(&machine, "answering", altitude!("2"), Answering).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_dword("number", 1).expect("it is set");

    let honey = key.query_value("honey").expect("it is answered");
    assert_eq!(honey.as_string().as_deref(), Some("pot"));
    assert_eq!(
        key.query_value("number").map(|value| value.as_dword()),
        Ok(Some(9))
    );
    let listed: Vec<_> = (0..)
        .map_while(|index| key.enumerate_value(index).ok())
        .map(|value| value.name)
        .collect();
    assert_eq!(listed, ["number", "honey"]);
    assert_eq!(key.enumerate_key(0).as_deref(), Ok("Nest"));

    // A buffer for the fixed part alone, then none: the length that is needed is said in both.
    let handle = key.handle();
    for (room, expected) in [
        (12, wdm_sys::STATUS_BUFFER_OVERFLOW),
        (11, wdm_sys::STATUS_BUFFER_TOO_SMALL),
    ] {
        let (status, needed, buffer) = query_partial(handle, "honey", room);
        assert_eq!((status, needed), (expected, 20), "{room} bytes of room");
        // TitleIndex, Type, DataLength, if there is room for them.
        let fixed = [0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0];
        assert_eq!(
            buffer,
            if room == 12 {
                fixed.to_vec()
            } else {
                vec![0xCC; 11]
            }
        );
    }
    drop(key);
    finish(&machine, [driver]);
}

/// Two registrations swap their outcomes: the one above keeps a "pass", the one below returns it
/// for a nested query and leaves its answer, and the one above returns that for its own query.
struct Swapping {
    above: bool,
    kept: Arc<Mutex<Option<PreOutcome<QueryValue, Self>>>>,
}

impl RegistryCallback for Swapping {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        let keep = |outcome| self.kept.lock().expect("nobody panics").replace(outcome);
        if self.above {
            let at = op.passive().expect("tests run at PASSIVE_LEVEL");
            assert!(keep(op.pass()).is_none());
            let path = unicode!(r"\Registry\Machine\SYSTEM\Test");
            let key = RegKey::open(path, KeyAccess::READ, at).expect("it is there");
            drop(key.value(unicode!("inner"), at));
            return self
                .kept
                .lock()
                .expect("nobody panics")
                .take()
                .expect("the one below left it");
        }
        let answer = ValueAnswer {
            name: unicode!(""),
            kind: ValueType::DWORD,
            data: &[0; 4],
        };
        let answered = op.answer(&answer).unwrap_or_else(Pre::pass);
        keep(answered).expect("the one above left it")
    }
}

#[test]
fn n2_an_answer_counts_only_in_the_notification_that_it_was_written_for() {
    let machine = machine();
    let kept = Arc::new(Mutex::new(None));
    let above = Swapping {
        above: true,
        kept: Arc::clone(&kept),
    };
    let below = Swapping { above: false, kept };
    let drivers = [
        load(&machine, "above", altitude!("2"), above).expect("it loads"),
        load(&machine, "below", altitude!("1"), below).expect("it loads"),
    ];
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let outer = key.query_value("outer");
    assert_eq!(outer.err(), Some(Status(wdm_sys::STATUS_UNSUCCESSFUL)));
    drop(key);
    finish(&machine, drivers);
}
