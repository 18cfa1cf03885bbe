//! R2: callbacks without an altitude.

use cm_callback::operation::{CreateKey, SetValue};
use cm_callback::{
    Cleanup, LegacyCallback, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude,
};
use wdm_safe::NtError;
use wdm_safe::registry::KeyAccess;
use wdm_sim::Status;

use crate::support::{HOME, Log, Note, finish, load, load_legacy, machine};

/// Logs under a name, notes each key, and blocks values of that name.
struct Watch(&'static str, Log);

impl RegistryCallback for Watch {
    type KeyContext = Note;
    type CallContext = ();

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if let Ok(key) = op.opened_key() {
            let note = Note::new(self.0, &self.1);
            op.cookie().set_context(key, note).expect("there is memory");
        }
        op.keep()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let note = op.key().expect("there is a key").context();
        self.1
            .add(format!("{} sees {:?}", self.0, note.map(|note| &note.name)));
        match op.value_name().to_string() == self.0 {
            true => op.block(NtError::ACCESS_DENIED),
            false => op.pass(),
        }
    }

    fn context_cleanup(&self, op: Cleanup<'_, Self>) {
        self.1
            .add(format!("{} cleans {}", self.0, op.contexts().count()));
    }
}

impl LegacyCallback for Watch {}

#[test]
fn r2_callbacks_without_an_altitude_stand_above_the_others_and_have_contexts_too() {
    let (machine, log) = (machine(), Log::default());
    let watch = |name| Watch(name, log.clone());
    let drivers = [
        load(&machine, "at", altitude!("429999.9"), watch("at")).expect("it loads"),
        load_legacy(&machine, "first", watch("first")).expect("it loads"),
        load_legacy(&machine, "second", watch("second")).expect("it loads"),
    ];
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_dword("free", 1).expect("nobody blocks it");
    assert_eq!(
        log.take(),
        [
            "first sees Some(\"first\")",
            "second sees Some(\"second\")",
            "at sees Some(\"at\")"
        ]
    );
    assert_eq!(key.set_dword("first", 1), Err(Status::ACCESS_DENIED));
    assert_eq!(log.take(), ["first sees Some(\"first\")"]);
    drop(key);
    let cleaned = log.take();
    assert_eq!(cleaned.len(), 6, "{cleaned:?}");
    for name in ["first", "second", "at"] {
        let at = |line: String| cleaned.iter().position(|cleaned| *cleaned == line);
        let (cleans, drops) = (at(format!("{name} cleans 1")), at(format!("drop {name}")));
        assert!(cleans.is_some() && cleans < drops, "{cleaned:?}");
    }
    finish(&machine, drivers);
}

#[test]
fn r4_a_callback_without_an_altitude_is_unregistered_like_others() {
    let (machine, log) = (machine(), Log::default());
    let driver = load_legacy(&machine, "watch", Watch("watch", log.clone())).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    finish(&machine, [driver]);
    assert_eq!(log.take(), ["watch cleans 1", "drop watch"]);
    key.set_dword("watch", 1)
        .expect("nobody blocks it any more");
    assert_eq!(log.take(), [""; 0]);
}
