//! T1 to T7.

use std::ptr;

use wdm_sim::{KeyAccess, Status};
use wdm_sys::*;

use crate::support::*;

const ENDED: Status = Status::TRANSACTION_NOT_ACTIVE;
const MISSING: Status = Status::OBJECT_NAME_NOT_FOUND;

/// `ZwCreateTransaction` with a kernel handle.
pub(crate) fn transaction() -> KernelKey {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let (mut handle, null) = (ptr::null_mut(), ptr::null_mut());
    let place = &raw mut handle;
    let access = TRANSACTION_ALL_ACCESS;
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateTransaction(
            place,
            access,
            &raw mut attributes,
            null,
            null.cast(),
            0,
            0,
            0,
            null.cast(),
            null.cast(),
        )
    });
    assert_eq!(status, Status::SUCCESS);
    KernelKey(handle)
}

/// `ZwCreateKeyTransacted` with a kernel handle.
pub(crate) fn create_transacted(
    root: HANDLE,
    path: &str,
    transaction: &KernelKey,
) -> Result<KernelKey, Status> {
    let mut path = Wide::new(path);
    let mut attributes = attributes(root, path.as_ptr());
    let (mut handle, null) = (ptr::null_mut(), ptr::null_mut());
    let (place, class) = (&raw mut handle, null);
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateKeyTransacted(
            place,
            KEY_ALL_ACCESS,
            &raw mut attributes,
            0,
            class,
            0,
            transaction.0,
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| KernelKey(handle))
}

#[test]
fn t1_the_last_handle_rolls_an_active_transaction_back() {
    in_program(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let key = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        key.set_dword("Number", 1).unwrap();
        drop(transaction);
        assert_eq!(number(&key, "Number"), Err(ENDED), "the key is no handle");
        let key = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(number(&key, "Number"), Err(MISSING));
    });
}

#[test]
fn t1_so_does_the_end_of_its_timeout() {
    in_program(|_, thread| {
        let transaction = thread.create_transaction_with(-1).unwrap();
        while thread.open_key_transacted(TEST, ALL, &transaction).is_ok() {
            std::thread::yield_now();
        }
        let aborted = Err(Status::TRANSACTION_ALREADY_ABORTED);
        assert_eq!(transaction.commit(), aborted);
    });
}

#[test]
fn t2_a_transaction_ends_once() {
    in_program(|_, thread| {
        let ended = [(); 2].map(|()| thread.create_transaction().unwrap());
        ended[0].commit().unwrap();
        ended[1].rollback().unwrap();
        let committed = Err(Status::TRANSACTION_ALREADY_COMMITTED);
        assert_eq!([ended[0].commit(), ended[0].rollback()], [committed; 2]);
        let aborted = Err(Status::TRANSACTION_ALREADY_ABORTED);
        let not_valid = Err(Status::TRANSACTION_REQUEST_NOT_VALID);
        assert_eq!(
            [ended[1].commit(), ended[1].rollback()],
            [aborted, not_valid]
        );
    });
}

#[test]
fn t2_who_does_not_wait_is_told_of_work_that_goes_on() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    for (works, expected) in [(true, Status::PENDING), (false, Status::SUCCESS)] {
        let transaction = transaction();
        if works {
            drop(create_transacted(ptr::null_mut(), TEST, &transaction).unwrap());
        }
        // SAFETY: any number can be given.
        let status = Status(unsafe { ZwCommitTransaction(transaction.0, 0) });
        assert_eq!(status, expected);
    }
    assert_clean(&machine);
}

#[test]
fn t3_a_call_or_its_root_names_the_transaction() {
    in_program(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let (named, _) = thread
            .create_key_transacted(&child("Named"), ALL, &transaction)
            .unwrap();
        drop(named.create_key("Below", ALL).unwrap());
        let root = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        drop(root.create_key("OfRoot", ALL).unwrap());
        root.set_dword("Number", 1).unwrap();
        transaction.rollback().unwrap();
        for name in ["Named", r"Named\Below", "OfRoot"] {
            let gone = thread.open_key(&child(name), ALL).map(drop);
            assert!(gone.is_err(), "{name} was made in the transaction");
        }
        let key = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(number(&key, "Number"), Err(MISSING));
    });
}

#[test]
fn t4_changes_are_seen_inside_until_the_commit_and_then_by_all() {
    in_program(|_, thread| {
        let [mine, other] = [(); 2].map(|()| thread.create_transaction().unwrap());
        let inside = thread.open_key_transacted(TEST, ALL, &mine).unwrap();
        let elsewhere = thread.open_key_transacted(TEST, ALL, &other).unwrap();
        let outside = thread.open_key(TEST, ALL).unwrap();
        inside.set_dword("Number", 1).unwrap();
        assert_eq!(number(&inside, "Number"), Ok(1));
        for key in [&elsewhere, &outside] {
            assert_eq!(number(key, "Number"), Err(MISSING));
        }
        mine.commit().unwrap();
        for key in [&elsewhere, &outside] {
            assert_eq!(number(key, "Number"), Ok(1), "seen at once, inside too");
        }
    });
}

#[test]
fn t5_who_writes_outside_wins_and_two_transactions_conflict() {
    in_program(|_, thread| {
        let [first, second] = [(); 2].map(|()| thread.create_transaction().unwrap());
        let [one, two] =
            [&first, &second].map(|it| thread.open_key_transacted(TEST, ALL, it).unwrap());
        one.set_dword("Number", 1).unwrap();
        let (made, _) = thread
            .create_key_transacted(&child("Made"), ALL, &first)
            .unwrap();
        let conflict = Err(Status::TRANSACTIONAL_CONFLICT);
        assert_eq!(two.set_dword("Number", 2), conflict);
        let outside = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(outside.set_dword("Number", 3), Ok(()));
        assert_eq!(made.query().map(drop), Err(ENDED));
        let aborted = Err(Status::TRANSACTION_ALREADY_ABORTED);
        assert_eq!(first.commit(), aborted);
        assert_eq!(number(&outside, "Number"), Ok(3));
        assert!(!exists(thread, &child("Made")), "rolled back as a whole");
        assert_eq!(second.commit(), Ok(()));
    });
}

#[test]
fn t6_after_the_end_keys_are_opened_anew() {
    in_program(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let key = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        key.set_dword("Number", 1).unwrap();
        transaction.commit().unwrap();
        assert_eq!(number(&key, "Number"), Err(ENDED));
        assert_eq!(key.set_dword("Number", 2), Err(ENDED));
        assert_eq!(key.open_key("Below", ALL).map(drop), Err(ENDED));
        assert_eq!(key.delete(), Err(ENDED));
        let anew = thread.open_key(TEST, KeyAccess::READ).unwrap();
        assert_eq!(number(&anew, "Number"), Ok(1));
    });
}

#[test]
fn t7_the_structure_names_the_calls_transaction_and_not_its_roots() {
    in_program(|machine, thread| {
        let log = Log::default();
        let filter = register(machine, "1", {
            let log = log.clone();
            at(RegNtPreCreateKeyEx, move |event| {
                let info = event.open();
                let of_root = event.transaction(info.RootObject);
                let [named, of_root] = [info.Transaction, of_root].map(|it| !it.is_null());
                log.note(format!("named {named}, of the root {of_root}"));
                Status::SUCCESS
            })
        });
        let transaction = thread.create_transaction().unwrap();
        let named = thread.create_key_transacted(&child("New"), ALL, &transaction);
        drop(named.unwrap());
        let root = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        drop(root.create_key("Other", ALL).unwrap());
        drop(thread.create_key(SYSTEM, ALL).unwrap());
        let expected = [(true, false), (false, true), (false, false)];
        let expected = expected.map(|(named, root)| format!("named {named}, of the root {root}"));
        assert_eq!(log.take(), expected);
        drop((root, transaction));
        unregister_all(machine, [filter]);
    });
}
