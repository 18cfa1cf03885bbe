//! N4, N5 and K5 in transactions: a driver works in its caller's transaction.

use std::convert::Infallible;

use cm_callback::operation::{CloseKey, CreateKey, SetValue};
use cm_callback::{Created, KeyObject, Opened, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::registry::{KeyAccess, KeyRequest, ValueRef};
use wdm_safe::{NtError, unicode};
use wdm_sim::Status;

use crate::support::{HOME, Log, finish, load, machine};

/// Makes "Stand-in" where "Asked" is to be made, with a value in it, in the same transaction.
struct Bypassing(Log);

impl RegistryCallback for Bypassing {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        let name = op.full_name().expect("there is memory");
        let (Some(last), Some(transaction)) = (name.components().last(), op.transaction()) else {
            return op.pass();
        };
        if last != unicode!("Asked") {
            return op.pass();
        }
        let at = op.passive().expect("tests run at PASSIVE_LEVEL");
        let inside = transaction.open(at).expect("there is memory");
        let (key, disposition) = KeyRequest::new(
            unicode!(r"\Registry\Machine\SYSTEM\Test\Stand-in"),
            KeyAccess::ALL,
        )
        .inside(&inside)
        .create(at)
        .expect("nobody is in the way");
        key.set_value(unicode!("whose"), ValueRef::Dword(7), at)
            .expect("it is set");
        let key = KeyObject::of(&key, KeyAccess::ALL, at).expect("it is a key");
        let opened = Opened {
            key,
            granted: op.desired_access(),
        };
        op.complete_with(Created {
            opened,
            disposition,
        })
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let key = op.key().expect("there is one");
        let bound = op.cookie().bound_transaction(key).expect("published");
        self.0.add(format!("in a transaction: {}", bound.is_some()));
        op.pass()
    }
}

/// Tries to get at the transaction of a key that is closing.
struct Closing(Log);

impl RegistryCallback for Closing {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_close_key(&self, op: Pre<'_, CloseKey, Self>) -> PreOutcome<CloseKey, Self> {
        let key = op.key().expect("there is one");
        let at = op.passive().expect("tests run at PASSIVE_LEVEL");
        let bound = op.cookie().bound_transaction(key).expect("published");
        let opened = bound.map(|transaction| transaction.open(at).err());
        self.0.add(format!("{opened:?}"));
        op.pass()
    }
}

#[test]
fn k5_the_transaction_of_a_closing_key_is_told_and_not_opened() {
    let (machine, log) = (machine(), Log::default());
    let app = machine.process("app");
    let thread = app.enter();
    let closing = Closing(log.clone());
    let driver = load(&machine, "closing", altitude!("1"), closing).expect("it loads");
    let transaction = thread.create_transaction().expect("there is memory");
    let (key, _) = thread
        .create_key_transacted(HOME, KeyAccess::ALL, &transaction)
        .expect("it opens");
    log.take();
    drop(key);
    let refused = Some(Some(NtError::NOT_SUPPORTED));
    assert_eq!(log.take(), [format!("{refused:?}")]);
    drop(transaction);
    finish(&machine, [driver]);
}

#[test]
fn n4_a_transacted_create_is_bypassed_in_its_transaction_with_and_without_commit() {
    for commit in [false, true] {
        let (machine, log) = (machine(), Log::default());
        let app = machine.process("app");
        let thread = app.enter();
        let home = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
        let bypassing = Bypassing(log.clone());
        let driver = load(&machine, "bypassing", altitude!("1"), bypassing).expect("it loads");

        let transaction = thread.create_transaction().expect("there is memory");
        let path = format!(r"{HOME}\Asked");
        let (key, _) = thread
            .create_key_transacted(&path, KeyAccess::ALL, &transaction)
            .expect("the driver makes it");
        key.set_dword("mine", 1).expect("it is set");
        home.set_dword("outside", 1).expect("it is set");
        assert_eq!(
            log.take(),
            ["in a transaction: true", "in a transaction: false"]
        );
        drop(key);
        let seen = |name: &str| home.open_key(name, KeyAccess::READ);
        assert_eq!(seen("Stand-in").err(), Some(Status::OBJECT_NAME_NOT_FOUND));
        match commit {
            true => transaction.commit().expect("nobody is in the way"),
            false => transaction.rollback().expect("it is active"),
        }
        assert_eq!(seen("Asked").err(), Some(Status::OBJECT_NAME_NOT_FOUND));
        let value = |name: &str| {
            let value = seen("Stand-in")?.query_value(name)?;
            Ok(value.as_dword())
        };
        let expected = match commit {
            true => [Ok(Some(7)), Ok(Some(1))],
            false => [Err(Status::OBJECT_NAME_NOT_FOUND); 2],
        };
        assert_eq!(["whose", "mine"].map(value), expected);
        drop((home, transaction));
        finish(&machine, [driver]);
    }
}
