//! How transactions begin and end.

use wdm_sim::{Rule, Status, UserTransaction};
use wdm_sys::*;

use super::*;
use crate::support::*;

#[test]
fn t2_a_transaction_ends_once() {
    with_test(|_, thread| {
        let [committed, rolled_back] = [0, 1].map(|_| thread.create_transaction().unwrap());
        committed.commit().unwrap();
        rolled_back.rollback().unwrap();
        let already = Err(Status::TRANSACTION_ALREADY_COMMITTED);
        assert_eq!(
            (committed.commit(), committed.rollback()),
            (already, already)
        );
        let aborted = Err(Status::TRANSACTION_ALREADY_ABORTED);
        let not_valid = Err(Status::TRANSACTION_REQUEST_NOT_VALID);
        assert_eq!(
            (rolled_back.commit(), rolled_back.rollback()),
            (aborted, not_valid)
        );
    });
}

#[test]
fn t6_after_the_end_its_keys_are_good_for_nothing() {
    type End = fn(&UserTransaction<'_>) -> Result<(), Status>;
    let ends: [End; 2] = [|it| it.commit(), |it| it.rollback()];
    for end in ends {
        with_test(|_, thread| {
            let transaction = thread.create_transaction().unwrap();
            let key = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
            let (made, _) = thread
                .create_key_transacted(&child("Made"), ALL, &transaction)
                .unwrap();
            end(&transaction).unwrap();
            let ended = Status::TRANSACTION_NOT_ACTIVE;
            for key in [key, made] {
                assert_eq!(number(&key), Err(ended));
                assert_eq!(key.set_dword("Number", 1), Err(ended));
                assert_eq!(key.delete_value("Number"), Err(ended));
                assert_eq!(key.enumerate_key(0).map(drop), Err(ended));
                assert_eq!(key.enumerate_value(0).map(drop), Err(ended));
                assert_eq!(key.query().map(drop), Err(ended));
                assert_eq!(key.name().map(drop), Err(ended));
                assert_eq!(key.security(4).map(drop), Err(ended));
                assert_eq!(key.set_last_write_time(7), Err(ended));
                assert_eq!(key.open_key("Old", ALL).map(drop), Err(ended));
                assert_eq!(key.create_key("New", ALL).map(drop), Err(ended));
                assert_eq!(key.rename("New"), Err(ended));
                assert_eq!(key.flush(), Err(ended));
                assert_eq!(key.delete(), Err(ended));
            }
            let opened = thread.open_key_transacted(TEST, ALL, &transaction);
            assert_eq!(opened.map(drop), Err(ended));
            let created = thread.create_key_transacted(&child("New"), ALL, &transaction);
            assert_eq!(created.map(drop), Err(ended));
        });
    }
}

#[test]
fn t1_the_last_handle_takes_an_active_transaction_with_it() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let key = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        key.set_dword("Number", 2).unwrap();
        // The key object refers to the transaction, but is no handle of it.
        drop(transaction);
        assert_eq!(number(&key), Err(Status::TRANSACTION_NOT_ACTIVE));
        assert_eq!(number(&thread.open_key(TEST, ALL).unwrap()), Ok(1));
    });
}

#[test]
fn t1_a_transaction_whose_time_is_up_is_rolled_back() {
    with_test(|_, thread| {
        let in_time = thread.create_transaction_with(i64::MIN).unwrap();
        let key = thread.open_key_transacted(TEST, ALL, &in_time).unwrap();
        key.set_dword("Number", 2).unwrap();
        for timeout in [1, -1] {
            let late = thread.create_transaction_with(timeout).unwrap();
            while let Ok(key) = thread.open_key_transacted(&child("Old"), ALL, &late) {
                drop(key);
                std::thread::yield_now();
            }
            assert_eq!(late.commit(), Err(Status::TRANSACTION_ALREADY_ABORTED));
        }
        in_time.commit().unwrap();
    });
}

#[test]
fn t1_parameters_are_as_the_pages_say() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let refused = Err(Status::INVALID_PARAMETER);
    assert_eq!(create(0, 0, 0), refused);
    assert_eq!(create(TRANSACTION_COMMIT, 2, 0), refused);
    assert_eq!(create(TRANSACTION_COMMIT, 0, 1), refused);
    let transaction = create(TRANSACTION_ALL_ACCESS, TRANSACTION_DO_NOT_PROMOTE, 0).unwrap();
    let refused = open_key(SYSTEM, REG_OPTION_VOLATILE, transaction).map(drop);
    assert_eq!(refused, Err(Status(STATUS_INVALID_PARAMETER_4)));
    open_key(SYSTEM, REG_OPTION_OPEN_LINK, transaction).unwrap();

    let key = KernelKey::open(SYSTEM).unwrap();
    let mismatch = Status::OBJECT_TYPE_MISMATCH;
    assert_eq!(commit(key.0, true), mismatch);
    assert_eq!(roll_back(key.0, true), mismatch);
    assert_eq!(create_key(key.0, "New", key.0).map(drop), Err(mismatch));
    // SAFETY: any number can be given.
    assert_eq!(Status(unsafe { ZwDeleteKey(transaction) }), mismatch);
    assert_clean(&machine);

    close(transaction);
    assert_eq!(commit(transaction, true), Status::INVALID_HANDLE);
    assert_only(&machine, Rule::Handle, "ZwCommitTransaction");
}

#[test]
fn t2_who_does_not_wait_is_told_that_resource_managers_work() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    for end in [commit, roll_back] {
        for (wait, works, expected) in [
            (true, true, Status::SUCCESS),
            (false, false, Status::SUCCESS),
            (false, true, Status::PENDING),
        ] {
            let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
            if works {
                open_key(SYSTEM, 0, transaction).unwrap();
            }
            assert_eq!(end(transaction, wait), expected);
            close(transaction);
        }
    }
    assert_clean(&machine);
}

#[test]
fn t1_a_transaction_that_a_driver_leaves_behind_is_found_and_rolled_back() {
    let machine = machine();
    let app = machine.process("app.exe");
    let watch = |event: &Event<'_>| {
        if event.class == RegNtPreSetValueKey
            && event.transaction(event.set_value().Object).is_null()
        {
            let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
            drop(create_key(ptr::null_mut(), TEST, transaction).unwrap());
        }
        Status::SUCCESS
    };
    run_driver(&machine, "forgetful", watch, || {
        let thread = app.enter();
        thread
            .open_key(SYSTEM, ALL)
            .unwrap()
            .set_dword("a", 1)
            .unwrap();
    });
    let finding = assert_only(&machine, Rule::Handle, "DriverUnload");
    assert!(finding.detail.contains("transaction object"), "{finding}");
    let missing = app.enter().open_key(TEST, ALL).map(drop);
    assert_eq!(missing, Err(Status::OBJECT_NAME_NOT_FOUND));
}
