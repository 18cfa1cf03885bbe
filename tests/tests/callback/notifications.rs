//! N1 to N8: what an outcome does.

use std::convert::Infallible;

use cm_callback::operation::{
    CreateKey, DeleteKey, DeleteValue, EnumerateKey, OpenKey, OpenPath, QueryValue, RenameKey,
    SetValue,
};
use cm_callback::{
    CookieError, Created, KeyObject, Opened, Post, PostOutcome, Pre, PreOutcome, RegistryCallback,
    altitude,
};
use wdm_safe::registry::{Disposition, KeyAccess, RegKey, ValueRef};
use wdm_safe::{NtError, unicode};
use wdm_sim::Status;

use crate::support::{HOME, Log, finish, load, machine};

/// What to do with values, keys, names.
#[derive(Clone, Copy, PartialEq)]
enum Deed {
    Pass,
    Block,
    Complete,
    Fail,
    Succeed,
}

/// Does one thing with every operation on a value or a key, and logs.
struct Doing(&'static str, Deed, Log);

impl Doing {
    fn log(&self, what: &str) {
        self.2.add(format!("{} {what}", self.0));
    }
}

macro_rules! doing {
    ($($pre:ident $post:ident $operation:ident,)+) => {
        $(
            fn $pre(&self, op: Pre<'_, $operation, Self>) -> PreOutcome<$operation, Self> {
                self.log("pre");
                match self.1 {
                    Deed::Block => op.block(NtError::SHARING_VIOLATION),
                    Deed::Complete => op.complete(),
                    _ => op.pass(),
                }
            }

            fn $post(&self, op: Post<'_, $operation, Self>) -> PostOutcome<$operation, Self> {
                self.log(&format!("post {}", op.status()));
                match self.1 {
                    Deed::Fail => op.fail_with(NtError::SHARING_VIOLATION),
                    Deed::Succeed => op.succeed(),
                    _ => op.keep(),
                }
            }
        )+
    };
}

impl RegistryCallback for Doing {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    doing! {
        pre_set_value post_set_value SetValue,
        pre_delete_value post_delete_value DeleteValue,
        pre_delete_key post_delete_key DeleteKey,
        pre_rename_key post_rename_key RenameKey,
    }
}

/// Three callbacks, of which the one in the middle does something, see a value being set.
fn set_value_through(deed: Deed) -> (Result<(), Status>, Vec<String>, Option<u32>) {
    let (machine, log) = (machine(), Log::default());
    let drivers = [
        load(
            &machine,
            "high",
            altitude!("3"),
            Doing("high", Deed::Pass, log.clone()),
        ),
        load(
            &machine,
            "middle",
            altitude!("2"),
            Doing("middle", deed, log.clone()),
        ),
        load(
            &machine,
            "low",
            altitude!("1"),
            Doing("low", Deed::Pass, log.clone()),
        ),
    ];
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let set = key.set_dword("a", 1);
    let value = key.query_value("a").ok().and_then(|value| value.as_dword());
    drop(key);
    finish(&machine, drivers.map(|driver| driver.expect("it loads")));
    (set, log.take(), value)
}

#[test]
fn n2_a_block_stops_the_callbacks_below_and_its_own_post_notification() {
    let (set, log, value) = set_value_through(Deed::Block);
    assert_eq!(set, Err(Status(wdm_sys::STATUS_SHARING_VIOLATION)));
    assert_eq!(log, ["high pre", "middle pre", "high post 0xC0000043"]);
    assert_eq!(value, None, "nothing has happened");
}

#[test]
fn n2_a_bypass_is_a_success_without_the_callbacks_below_and_its_own_post_notification() {
    let (set, log, value) = set_value_through(Deed::Complete);
    assert_eq!(set, Ok(()));
    assert_eq!(log, ["high pre", "middle pre", "high post 0x00000000"]);
    assert_eq!(value, None, "nothing has happened");
}

#[test]
fn n3_a_changed_result_is_what_the_callbacks_above_and_the_caller_see() {
    let (set, log, value) = set_value_through(Deed::Fail);
    assert_eq!(set, Err(Status(wdm_sys::STATUS_SHARING_VIOLATION)));
    let expected = [
        "high pre",
        "middle pre",
        "low pre",
        "low post 0x00000000",
        "middle post 0x00000000",
        "high post 0xC0000043",
    ];
    assert_eq!(log, expected);
    assert_eq!(value, Some(1), "what has happened has happened");
}

#[test]
fn n3_a_failure_can_be_made_a_success() {
    let (machine, log) = (machine(), Log::default());
    let doing = Doing("it", Deed::Succeed, log.clone());
    let driver = load(&machine, "succeeding", altitude!("2"), doing).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    assert_eq!(key.delete_value("missing"), Ok(()));
    assert_eq!(log.take(), ["it pre", "it post 0xC0000034"]);
    drop(key);
    finish(&machine, [driver]);
}

#[test]
fn n2_deleting_and_renaming_can_be_blocked() {
    let (machine, log) = (machine(), Log::default());
    let doing = Doing("it", Deed::Block, log);
    let driver = load(&machine, "blocking", altitude!("2"), doing).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let violation = Err(Status(wdm_sys::STATUS_SHARING_VIOLATION));
    assert_eq!(key.set_dword("a", 1), violation);
    assert_eq!(key.delete_value("a"), violation);
    assert_eq!(key.rename("Other"), violation);
    assert_eq!(key.delete(), violation);
    assert_eq!(key.name().as_deref(), Ok(r"\REGISTRY\MACHINE\SYSTEM\Test"));
    drop(key);
    finish(&machine, [driver]);
}

#[test]
fn n2_the_word_for_bypass_cannot_be_smuggled_in_as_a_status() {
    struct Smuggling;

    impl Smuggling {
        fn bypass() -> NtError {
            let bypass = wdm_safe::NtStatus::from_raw(wdm_sys::STATUS_CALLBACK_BYPASS);
            bypass.error().expect("its number is that of a failure")
        }
    }

    impl RegistryCallback for Smuggling {
        type KeyContext = Infallible;
        type CallContext = Infallible;

        fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
            op.block(Self::bypass())
        }

        fn post_delete_value(
            &self,
            op: Post<'_, DeleteValue, Self>,
        ) -> PostOutcome<DeleteValue, Self> {
            op.fail_with(Self::bypass())
        }
    }

    let machine = machine();
    let driver = load(&machine, "smuggling", altitude!("2"), Smuggling).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    assert_eq!(
        key.set_dword("a", 1),
        Err(Status(wdm_sys::STATUS_UNSUCCESSFUL))
    );
    let deleted = key.delete_value("a");
    assert_eq!(
        deleted,
        Err(Status(wdm_sys::STATUS_UNSUCCESSFUL)),
        "afterwards neither (N3)"
    );
    drop(key);
    finish(&machine, [driver]);
}

/// Changes the results of opens and creates by the last component of their path.
struct Redirecting;

impl Redirecting {
    fn is(path: &OpenPath<'_, Self>, name: &wdm_safe::UnicodeStr) -> bool {
        let path = match path {
            OpenPath::Absolute(path) | OpenPath::Relative { path, .. } => path,
        };
        path.components()
            .last()
            .is_some_and(|last| last.eq_ignore_case(name))
    }

    /// A key object in place of the one that the caller asked for.
    fn other() -> Option<Opened> {
        // SAFETY: tests run at PASSIVE_LEVEL.
        let at = unsafe { wdm_safe::Passive::new_unchecked() };
        let key = RegKey::open(unicode!(r"\Registry\Machine\SYSTEM"), KeyAccess::READ, at).ok()?;
        let key = KeyObject::of(&key, KeyAccess::READ, at).ok()?;
        Some(Opened {
            key,
            granted: KeyAccess::READ,
        })
    }
}

impl RegistryCallback for Redirecting {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
        match Self::other().filter(|_| Self::is(&op.path(), unicode!("Bypassed"))) {
            Some(other) => op.complete_with(other),
            None => op.pass(),
        }
    }

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        if Self::is(&op.path(), unicode!("Hidden")) {
            return op.fail_with(NtError::OBJECT_NAME_NOT_FOUND);
        }
        match Self::other().filter(|_| Self::is(&op.path(), unicode!("Replaced"))) {
            Some(other) => op.succeed_with(other),
            None => op.keep(),
        }
    }

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        match Self::other().filter(|_| Self::is(&op.path(), unicode!("Bypassed"))) {
            Some(opened) => op.complete_with(Created {
                opened,
                disposition: Disposition::Created,
            }),
            None => op.pass(),
        }
    }

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if Self::is(&op.path(), unicode!("Hidden")) {
            return op.fail_with(NtError::ACCESS_DENIED);
        }
        op.keep()
    }
}

#[test]
fn n4_opens_and_creates_change_hands_with_their_references() {
    const SYSTEM: Result<&str, &Status> = Ok(r"\REGISTRY\MACHINE\SYSTEM");
    let machine = machine();
    let driver = load(&machine, "redirecting", altitude!("2"), Redirecting).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let path = |name: &str| format!(r"\Registry\Machine\SYSTEM\{name}");

    // Success to failure, of a create (the key is there all the same) and of an open.
    let hidden = thread.create_key(&path("Hidden"), KeyAccess::ALL);
    assert_eq!(hidden.err(), Some(Status::ACCESS_DENIED));
    let hidden = thread.open_key(&path("Hidden"), KeyAccess::READ);
    assert_eq!(hidden.err(), Some(Status::OBJECT_NAME_NOT_FOUND));

    // Failure to success, and success to another success.
    let replaced = thread
        .open_key(&path("Replaced"), KeyAccess::READ)
        .expect("a key");
    assert_eq!(replaced.name().as_deref(), SYSTEM);
    drop(replaced);
    drop(
        thread
            .create_key(&path("Replaced"), KeyAccess::ALL)
            .expect("a key of its own"),
    );
    let replaced = thread
        .open_key(&path("Replaced"), KeyAccess::READ)
        .expect("another key");
    assert_eq!(replaced.name().as_deref(), SYSTEM);
    drop(replaced);

    // Bypass, of both.
    let opened = thread
        .open_key(&path("Bypassed"), KeyAccess::READ)
        .expect("a key");
    assert_eq!(opened.name().as_deref(), SYSTEM);
    let options = wdm_sim::KeyOptions::empty();
    let created = thread.create_key_with(&path("Bypassed"), KeyAccess::READ, options);
    let (created, disposition) = created.expect("a key");
    assert_eq!(created.name().as_deref(), SYSTEM);
    assert_eq!(disposition, wdm_sim::registry::Disposition::CreatedNew);
    drop((opened, created));
    finish(&machine, [driver]);
}

#[test]
fn n5_a_path_is_absolute_or_relative_by_its_first_character() {
    /// Logs paths and full names.
    struct Paths(Log);

    impl RegistryCallback for Paths {
        type KeyContext = Infallible;
        type CallContext = Infallible;

        fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
            let shown = match op.path() {
                OpenPath::Absolute(path) => format!("absolute {path}"),
                OpenPath::Relative { path, .. } => format!("relative {path}"),
            };
            self.0.add(shown);
            let full = op.full_name().expect("there is memory");
            self.0.add(full.to_string());
            // The same in a buffer: exactly as long, and one unit shorter.
            let mut buffer = vec![0; full.len()];
            assert_eq!(op.full_name_in(&mut buffer), Ok(&*full));
            buffer.pop();
            let too_small = CookieError::Kernel(NtError::BUFFER_TOO_SMALL);
            assert_eq!(op.full_name_in(&mut buffer), Err(too_small));
            op.pass()
        }
    }

    let (machine, log) = (machine(), Log::default());
    let driver = load(&machine, "paths", altitude!("2"), Paths(log.clone())).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    drop(key.create_key("Below", KeyAccess::ALL).expect("it opens"));
    log.take();
    drop(thread.open_key(HOME, KeyAccess::READ).expect("it opens"));
    drop(key.open_key("Below", KeyAccess::READ).expect("it opens"));
    let expected = [
        format!("absolute {HOME}"),
        HOME.to_owned(),
        "relative Below".to_owned(),
        r"\REGISTRY\MACHINE\SYSTEM\Test\Below".to_owned(),
    ];
    assert_eq!(log.take(), expected);
    drop(key);
    finish(&machine, [driver]);
}

#[test]
fn n7_registry_calls_of_a_callback_are_seen_below_it_only() {
    /// Opens a key of its own in each pre-notification of a value that is set.
    struct Nested(&'static str, Log);

    impl RegistryCallback for Nested {
        type KeyContext = Infallible;
        type CallContext = Infallible;

        fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
            self.1.add(format!("{} set", self.0));
            if self.0 == "middle"
                && let Some(at) = op.passive()
            {
                let path = unicode!(r"\Registry\Machine\SYSTEM");
                drop(RegKey::open(path, KeyAccess::READ, at));
            }
            op.pass()
        }

        fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
            self.1.add(format!("{} open", self.0));
            op.pass()
        }
    }

    let (machine, log) = (machine(), Log::default());
    let drivers = [
        ("high", altitude!("3")),
        ("middle", altitude!("2")),
        ("low", altitude!("1")),
    ]
    .map(|(name, altitude)| load(&machine, name, altitude, Nested(name, log.clone())));
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    log.take();
    key.set_dword("a", 1).expect("it is set");
    assert_eq!(
        log.take(),
        ["high set", "middle set", "low open", "low set"]
    );
    drop(key);
    finish(&machine, drivers.map(|driver| driver.expect("it loads")));
}

#[test]
fn n8_inputs_are_borrowed_views() {
    /// Logs what it sees.
    struct Inputs(Log);

    impl RegistryCallback for Inputs {
        type KeyContext = Infallible;
        type CallContext = Infallible;

        fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
            let shown = match op.decode() {
                ValueRef::Dword(number) => number.to_string(),
                ValueRef::String(text) => text.to_string(),
                ValueRef::MultiString(texts) => {
                    texts.map(ToString::to_string).collect::<Vec<_>>().join("+")
                }
                other => format!("{other:?}"),
            };
            self.0.add(format!(
                "{} = {shown} ({} bytes)",
                op.value_name(),
                op.data().len()
            ));
            op.pass()
        }

        fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
            self.0.add(format!("query {}", op.value_name()));
            op.pass()
        }

        fn pre_enumerate_key(
            &self,
            op: Pre<'_, EnumerateKey, Self>,
        ) -> PreOutcome<EnumerateKey, Self> {
            self.0.add(format!("enumerate {}", op.index()));
            op.block(NtError::NO_MORE_ENTRIES)
        }
    }

    let (machine, log) = (machine(), Log::default());
    let inputs = Inputs(log.clone());
    let driver = load(&machine, "inputs", altitude!("2"), inputs).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_dword("number", 7).expect("it is set");
    key.set_string("text", "héllo").expect("it is set");
    key.set_strings("list", &["a", "bc"]).expect("it is set");
    key.set_value("short", wdm_sys::REG_DWORD, &[1, 2])
        .expect("it is set");
    key.query_value("number").expect("it is there");
    key.enumerate_key(3).expect_err("it is blocked");
    let expected = [
        "number = 7 (4 bytes)",
        "text = héllo (12 bytes)",
        "list = a+bc (12 bytes)",
        "short = Other(ValueType(4), [1, 2]) (2 bytes)",
        "query number",
        "enumerate 3",
    ];
    assert_eq!(log.take()[..expected.len()], expected);
    drop(key);
    finish(&machine, [driver]);
}
