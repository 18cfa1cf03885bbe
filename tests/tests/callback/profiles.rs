//! P7: one driver for old and new versions of Windows.

use cm_callback::operation::{CreateKey, RenameKey};
use cm_callback::{
    CallbackVersion, CookieError, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude,
    callback_version,
};
use wdm_safe::NtError;
use wdm_safe::registry::KeyAccess;
use wdm_sim::{LoadDriverError, Machine, Profile, Status};

use crate::support::{HOME, Log, Note, finish, load, load_legacy, load_legacy_on_any, load_on_any};

/// Logs names and ids, of open keys and of closing ones.
struct Names(Log);

impl RegistryCallback for Names {
    type KeyContext = Note;
    type CallContext = ();

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        let (key, cookie) = (op.opened_key().expect("it is there"), op.cookie());
        let name = cookie.key_name(key).expect("it has a name").to_string();
        assert!(cookie.key_id(key).is_ok_and(|id| id != 0));
        let v1 = op.v1().is_some();
        assert!(cookie.set_context(key, Note::new("key", &self.0)).is_ok());
        self.0
            .add(format!("{name}, more than the first version: {v1}"));
        op.keep()
    }

    fn post_rename_key(&self, op: Post<'_, RenameKey, Self>) -> PostOutcome<RenameKey, Self> {
        let name = op.cookie().key_name(op.key().expect("it is there"));
        self.0.add(name.expect("it has a name").to_string());
        op.keep()
    }

    fn pre_close_key(
        &self,
        op: Pre<'_, cm_callback::operation::CloseKey, Self>,
    ) -> PreOutcome<cm_callback::operation::CloseKey, Self> {
        let name = op.cookie().key_name(op.key().expect("it is there"));
        let gone = matches!(name, Err(CookieError::Kernel(NtError::NOT_SUPPORTED)));
        self.0.add(format!("closing, name gone: {gone}"));
        op.pass()
    }
}

fn run(profile: Profile) -> Vec<String> {
    let machine = Machine::builder().profile(profile).build();
    let machine = machine.expect("the demonstration hive mounts");
    let log = Log::default();
    let driver = load_on_any(&machine, "names", altitude!("1"), Names(log.clone()));
    let driver = driver.expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    {
        let system = machine.system_process();
        let _thread = system.enter();
        let expected = match profile {
            Profile::Vista => CallbackVersion::VISTA,
            _ => CallbackVersion::WINDOWS_7,
        };
        assert_eq!(callback_version(), expected);
    }
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.rename("Renamed").expect("it is renamed");
    key.close().expect("it is open");
    finish(&machine, [driver]);
    log.take()
}

#[test]
fn k4_names_are_told_with_and_without_the_newer_routine() {
    let first = r"\REGISTRY\MACHINE\SYSTEM\Test, more than the first version:";
    let (test, renamed) = (
        r"\REGISTRY\MACHINE\SYSTEM\Test",
        r"\REGISTRY\MACHINE\SYSTEM\Renamed",
    );
    for (profile, v1, renamed, gone) in [
        (Profile::Vista, false, test, true),
        (Profile::Win7, true, test, true),
        (Profile::Win8, true, renamed, false),
        (Profile::Win10, true, renamed, false),
        (Profile::Win11, true, renamed, false),
    ] {
        let expected = [
            format!("{first} {v1}"),
            renamed.to_owned(),
            format!("closing, name gone: {gone}"),
            "drop key".to_owned(),
        ];
        assert_eq!(run(profile), expected, "{profile}");
    }
}

struct Nothing;

impl RegistryCallback for Nothing {
    type KeyContext = ();
    type CallContext = ();
}

impl cm_callback::LegacyCallback for Nothing {}

#[test]
fn n8_nothing_is_registered_where_inputs_are_not_captured_without_saying_so() {
    for (profile, refused) in [(Profile::Win7, true), (Profile::Win8, false)] {
        let machine = Machine::builder().profile(profile).build();
        let machine = machine.expect("the demonstration hive mounts");
        let loaded = [
            load(&machine, "at", altitude!("1"), Nothing),
            load_legacy(&machine, "legacy", Nothing),
        ];
        let drivers = loaded.into_iter().filter_map(|loaded| match loaded {
            Ok(driver) => Some(driver),
            Err(LoadDriverError::Init { status, .. }) => {
                assert_eq!((status, refused), (Status::NOT_SUPPORTED, true));
                None
            }
            Err(other) => panic!("{other}"),
        });
        let drivers: Vec<_> = drivers.collect();
        assert_eq!(drivers.is_empty(), refused, "{profile}");
        let anyway = load_legacy_on_any(&machine, "anyway", Nothing).expect("it loads");
        finish(&machine, drivers.into_iter().chain([anyway]));
    }
}
