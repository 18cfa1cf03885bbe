//! Create and open.

use std::convert::Infallible;

use cm_callback::operation::{CreateKey, ObjectFlags, OpenKey, OpenV1};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::NtError;
use wdm_safe::registry::KeyAccess;
use wdm_safe::requestor::PreviousMode;
use wdm_sim::Status;

use crate::support::{HOME, Log, finish, load, machine};

/// Logs what Windows 7 and later say of a create or an open, and what is granted.
struct Watching(Log);

impl Watching {
    fn log(&self, phase: &str, v1: Option<OpenV1<'_>>) {
        let v1 = v1.expect("the simulated kernel has the longer structure");
        self.0.add(shown(
            phase,
            &v1.remaining_name().to_string(),
            v1.wow64(),
            v1.access_mode(),
        ));
        // What an application does not ask for.
        let unusual = ObjectFlags::KERNEL_HANDLE | ObjectFlags::OPENLINK;
        assert!(!v1.attributes().intersects(unusual));
    }
}

fn shown(phase: &str, name: &str, wow64: KeyAccess, mode: PreviousMode) -> String {
    format!("{phase} {name} {wow64:?} {mode:?}")
}

impl RegistryCallback for Watching {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        assert!(op.class().is_empty());
        assert!(op.transaction().is_none());
        self.log("create", op.v1());
        op.pass()
    }

    fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
        self.log("open", op.v1());
        op.pass()
    }

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        assert!(op.transaction().is_none());
        self.log("opened", op.v1());
        self.0.add(format!("{:?}", op.granted_access()));
        match op.desired_access() {
            Some(KeyAccess::NOTIFY) => op.fail_with(NtError::ACCESS_DENIED),
            _ => op.keep(),
        }
    }
}

#[test]
fn n5_the_remaining_name_is_below_the_root_in_every_case() {
    let (machine, log) = (machine(), Log::default());
    let watching = Watching(log.clone());
    let driver = load(&machine, "watching", altitude!("2"), watching).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let (none, user) = (KeyAccess::empty(), PreviousMode::User);

    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    let absolute = r"Machine\SYSTEM\Test";
    assert_eq!(log.take(), [shown("create", absolute, none, user)]);
    drop(key.create_key("Below", KeyAccess::ALL).expect("it opens"));
    assert_eq!(log.take(), [shown("create", "Below", none, user)]);

    // The bits of the view are shown apart from the access.
    let wanted = KeyAccess::QUERY_VALUE | KeyAccess::WOW64_64KEY;
    drop(key.open_key("Below", wanted).expect("it opens"));
    let view = KeyAccess::WOW64_64KEY;
    let expected = [
        shown("open", "Below", view, user),
        shown("opened", "Below", view, user),
        format!("{:?}", Some(KeyAccess::QUERY_VALUE)),
    ];
    assert_eq!(log.take(), expected);

    key.open_key("Nowhere", KeyAccess::READ)
        .expect_err("it is not there");
    let expected = [
        shown("open", "Nowhere", none, user),
        shown("opened", "Nowhere", none, user),
        "None".to_owned(),
    ];
    assert_eq!(log.take(), expected);

    // The wish is known after the open, too: this driver fails what wants notification only.
    let failed = key.open_key("Below", KeyAccess::NOTIFY);
    assert_eq!(failed.err(), Some(Status::ACCESS_DENIED));
    let expected = [
        shown("open", "Below", none, user),
        shown("opened", "Below", none, user),
        format!("{:?}", Some(KeyAccess::NOTIFY)),
    ];
    assert_eq!(log.take(), expected);
    drop(key);
    finish(&machine, [driver]);
}
