//! The older classes of create and open, on the system that sends them.

use cm_callback::{LegacyCallback, LegacyOutcome, LegacyPost, LegacyPre};
use wdm_safe::{NtStatus, UnicodeStr, unicode};
use wdm_sim::{KeyAccess, Machine, Profile, Status};

use crate::callback::{FAILURE, Sight, Trying};
use crate::support::{self, HOME};

const COMPLETE_NAME: &UnicodeStr = unicode!(r"\Registry\Machine\SYSTEM\Test");

impl Trying {
    fn before(&self, method: &'static str, op: LegacyPre<'_>) -> LegacyOutcome {
        let tried = self.sight.at(method) && self.method == method;
        if tried {
            assert!(op.complete_name().eq_ignore_case(COMPLETE_NAME));
        }
        match self.outcome {
            "block" if tried => op.block(FAILURE),
            _ => op.pass(),
        }
    }

    fn after(&self, method: &'static str, op: &LegacyPost<'_>) {
        if self.sight.at(method) && self.method == method {
            assert!(op.complete_name().eq_ignore_case(COMPLETE_NAME));
            assert_eq!(op.status(), NtStatus::SUCCESS);
            assert!(op.key_address().is_some());
        }
    }
}

impl LegacyCallback for Trying {
    fn pre_create(&self, op: LegacyPre<'_>) -> LegacyOutcome {
        self.before("LegacyCallback::pre_create", op)
    }

    fn post_create(&self, op: LegacyPost<'_>) {
        self.after("LegacyCallback::post_create", &op);
    }

    fn pre_open(&self, op: LegacyPre<'_>) -> LegacyOutcome {
        self.before("LegacyCallback::pre_open", op)
    }

    fn post_open(&self, op: LegacyPost<'_>) {
        self.after("LegacyCallback::post_open", &op);
    }
}

/// Creates or opens a key under a callback that makes an outcome in a method.
fn act(method: &'static str, outcome: &'static str) -> (Result<(), Status>, Vec<&'static str>) {
    let machine = Machine::builder().profile(Profile::WinXp).build();
    let machine = machine.expect("the demonstration hive mounts");
    let program = machine.process("program.exe");
    let thread = program.enter();
    let creates = method.ends_with("create");
    if !creates {
        drop(
            thread
                .create_key(HOME, KeyAccess::ALL)
                .expect("it is created"),
        );
    }
    let sight = Sight::default();
    let trying = Trying {
        method,
        outcome,
        sight: sight.clone(),
        spare: None,
    };
    let driver = support::load_legacy_on_any(&machine, "trying", trying).expect("it loads");
    let result = sight.during(|| match creates {
        true => thread.create_key(HOME, KeyAccess::ALL),
        false => thread.open_key(HOME, KeyAccess::READ),
    });
    let result = result.map(drop);
    support::finish(&machine, [driver]);
    (result, sight.take())
}

pub(crate) fn before(method: &'static str) {
    let (result, seen) = act(method, "pass");
    assert_eq!((result, seen.contains(&method)), (Ok(()), true));
    let (result, seen) = act(method, "block");
    assert_eq!(result, Err(Status(FAILURE.raw())));
    assert!(seen.contains(&method));
}

pub(crate) fn after(method: &'static str) {
    let (result, seen) = act(method, "pass");
    assert_eq!((result, seen.contains(&method)), (Ok(()), true));
}
