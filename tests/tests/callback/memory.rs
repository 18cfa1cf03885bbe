//! P3 and P5: nothing leaks, and no path panics for want of memory.

use cm_callback::operation::{CreateKey, SetValue};
use cm_callback::{CookieError, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::NtError;
use wdm_sim::{KeyAccess, LoadDriverError, Status};

use crate::support::{HOME, Log, Note, finish, load, machine};

/// Allocates wherever the crate can: a key context, a full name, a call context.
struct Hungry(Log);

impl RegistryCallback for Hungry {
    type KeyContext = Note;
    type CallContext = Note;

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if let Ok(key) = op.opened_key()
            && let Err(refused) = op.cookie().set_context(key, Note::new("key", &self.0))
        {
            assert_eq!(
                refused.error,
                CookieError::Kernel(NtError::INSUFFICIENT_RESOURCES)
            );
            assert_eq!(refused.context.name, "key", "the context comes back");
            self.0.add("no memory");
        }
        op.keep()
    }

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        match op.full_name() {
            Ok(name) => assert!(name.is_absolute()),
            Err(CookieError::Kernel(NtError::INSUFFICIENT_RESOURCES)) => self.0.add("no memory"),
            Err(error) => panic!("{error}"),
        }
        op.pass()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        op.pass_with(Note::new("call", &self.0))
            .unwrap_or_else(|refused| {
                assert_eq!(refused.error, NtError::INSUFFICIENT_RESOURCES);
                self.0.add("no memory");
                refused.notification.block(NtError::INSUFFICIENT_RESOURCES)
            })
    }
}

#[test]
fn p5_each_allocation_of_a_load_and_of_operations_may_fail() {
    let mut failed_loads = 0;
    let mut failed_operations = 0;
    for number in 1.. {
        let (machine, log) = (machine(), Log::default());
        let app = machine.process("app");
        machine.fail_allocation(number);
        let driver = load(&machine, "hungry", altitude!("370000"), Hungry(log.clone()));
        let driver = match driver {
            Ok(driver) => driver,
            Err(LoadDriverError::Init { status, .. }) => {
                assert_eq!(status, Status::INSUFFICIENT_RESOURCES);
                failed_loads += 1;
                finish(&machine, []);
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let thread = app.enter();
        let key = thread
            .create_key(HOME, KeyAccess::ALL)
            .expect("the guard lets it pass");
        drop(
            key.create_key("Below", KeyAccess::ALL)
                .expect("the guard lets it pass"),
        );
        let set = key.set_dword("a", 1);
        assert!(
            set == Ok(()) || set == Err(Status::INSUFFICIENT_RESOURCES),
            "{set:?}"
        );
        drop(key);
        drop(thread);
        let met = log
            .take()
            .iter()
            .filter(|line| *line == "no memory")
            .count();
        finish(&machine, [driver]);
        if met == 0 {
            break; // No allocation is left that could fail.
        }
        failed_operations += 1;
    }
    assert!(
        failed_loads >= 3,
        "altitude, callback, state: {failed_loads}"
    );
    assert!(
        failed_operations >= 4,
        "contexts, names, call context: {failed_operations}"
    );
}
