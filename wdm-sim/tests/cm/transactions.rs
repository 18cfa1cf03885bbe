//! Transactions: what is seen of their changes, how they end, and what callbacks are told (K5).

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyAccess, Machine, Rule, Status, ThreadGuard, UserKey, UserTransaction};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";
const ALL: KeyAccess = KeyAccess::ALL;

/// A machine with the key `TEST`, which has the value `Number` 1 and the subkey `Old`.
fn with_test(test: impl FnOnce(&Machine, &ThreadGuard)) {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, ALL).unwrap();
    key.set_dword("Number", 1).unwrap();
    drop(key.create_key("Old", ALL).unwrap());
    drop(key);
    test(&machine, &thread);
    drop(thread);
    assert_clean(&machine);
}

fn number(key: &UserKey<'_>) -> Result<u32, Status> {
    Ok(key.query_value("Number")?.as_dword().unwrap())
}

fn subkeys(key: &UserKey<'_>) -> Vec<String> {
    let names = (0..).map_while(|index| key.enumerate_key(index).ok());
    let names: Vec<_> = names.collect();
    assert_eq!(key.query().unwrap().subkeys as usize, names.len());
    names
}

fn child(name: &str) -> String {
    format!(r"{TEST}\{name}")
}

#[test]
fn a_key_made_in_a_transaction_is_seen_in_that_one_only() {
    with_test(|_, thread| {
        let own = thread.create_transaction().unwrap();
        let other = thread.create_transaction().unwrap();
        let create = || thread.create_key_transacted(&child("New"), ALL, &own);
        let (key, made) = create().unwrap();
        assert_eq!(made, Disposition::CreatedNew);
        assert_eq!(create().unwrap().1, Disposition::OpenedExisting);
        key.set_dword("Number", 2).unwrap();
        drop(key.create_key("Below", ALL).unwrap());

        let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
        for path in [child("New"), child(r"New\Below")] {
            assert_eq!(thread.open_key(&path, ALL).map(drop), missing);
            let elsewhere = thread.open_key_transacted(&path, ALL, &other);
            assert_eq!(elsewhere.map(drop), missing);
            thread.open_key_transacted(&path, ALL, &own).unwrap();
        }
        let seen = thread.open_key_transacted(TEST, ALL, &own).unwrap();
        assert_eq!(subkeys(&seen), ["New", "Old"]);
        assert_eq!(subkeys(&thread.open_key(TEST, ALL).unwrap()), ["Old"]);

        own.commit().unwrap();
        let test = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(subkeys(&test), ["New", "Old"]);
        assert_eq!(number(&test.open_key("New", ALL).unwrap()), Ok(2));
        test.open_key(r"New\Below", ALL).unwrap();
    });
}

#[test]
fn a_rollback_leaves_no_trace() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let key = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        let before = key.query().unwrap();
        key.set_dword("Number", 2).unwrap();
        key.set_dword("Another", 2).unwrap();
        key.set_last_write_time(7).unwrap();
        drop(key.create_key("New", ALL).unwrap());
        key.open_key("Old", ALL).unwrap().delete().unwrap();
        transaction.rollback().unwrap();
        drop(key);
        let key = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(key.query().unwrap(), before);
        assert_eq!(number(&key), Ok(1));
        assert_eq!(subkeys(&key), ["Old"]);
    });
}

#[test]
fn values_and_properties_are_seen_inside_until_they_are_committed() {
    const DACL: u32 = 4;
    with_test(|_, thread| {
        let outside = thread.open_key(TEST, ALL).unwrap();
        let transaction = thread.create_transaction().unwrap();
        let inside = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        inside.set_dword("Number", 2).unwrap();
        inside.set_dword("Another", 3).unwrap();
        inside.delete_value("Number").unwrap();
        // Revision 1, self-relative with a DACL that is NULL.
        let descriptor = [&[1, 0, 0x04, 0x80][..], &[0; 16]].concat();
        let plain = outside.security(DACL).unwrap();
        inside.set_security(DACL, &descriptor).unwrap();
        inside.set_last_write_time(7).unwrap();

        let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
        assert_eq!(number(&inside).map(drop), missing);
        assert_eq!(inside.enumerate_value(0).unwrap().name, "Another");
        let past = inside.enumerate_value(1).map(drop);
        assert_eq!(past, Err(Status::NO_MORE_ENTRIES));
        assert_eq!(inside.query().unwrap().last_write_time, 7);
        assert_eq!(number(&outside), Ok(1));
        assert_eq!(outside.query_value("Another").map(drop), missing);
        assert_ne!(outside.query().unwrap().last_write_time, 7);
        assert_eq!(outside.security(DACL).unwrap(), plain);
        let new = inside.security(DACL).unwrap();
        assert_ne!(new, plain);

        transaction.commit().unwrap();
        assert_eq!(number(&outside).map(drop), missing);
        assert_eq!(outside.query_value("Another").unwrap().as_dword(), Some(3));
        assert_eq!(outside.query().unwrap().last_write_time, 7);
        assert_eq!(outside.security(DACL).unwrap(), new);
    });
}

#[test]
fn a_delete_is_seen_inside_until_it_is_committed() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let test = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        assert_eq!(test.delete(), Err(Status::CANNOT_DELETE));
        let old = test.open_key("Old", ALL).unwrap();
        old.delete().unwrap();
        assert_eq!(old.delete(), Err(Status::KEY_DELETED));
        assert_eq!(old.set_dword("Number", 1), Err(Status::KEY_DELETED));
        assert_eq!(
            test.open_key("Old", ALL).map(drop),
            Err(Status::OBJECT_NAME_NOT_FOUND)
        );
        test.delete().unwrap();
        let outside = thread.open_key(&child("Old"), ALL).unwrap();
        transaction.commit().unwrap();
        assert_eq!(outside.query().map(drop), Err(Status::KEY_DELETED));
        assert_eq!(
            thread.open_key(TEST, ALL).map(drop),
            Err(Status::OBJECT_NAME_NOT_FOUND)
        );
    });
}

#[test]
fn a_deleted_key_can_be_made_anew() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let test = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        for _ in 0..3 {
            test.open_key("Old", ALL).unwrap().delete().unwrap();
            let (new, made) = test
                .create_key_with("OLD", ALL, KeyOptions::empty())
                .unwrap();
            assert_eq!(made, Disposition::CreatedNew);
            new.set_dword("Number", 3).unwrap();
        }
        assert_eq!(subkeys(&test), ["OLD"]);
        assert_eq!(subkeys(&thread.open_key(TEST, ALL).unwrap()), ["Old"]);
        transaction.commit().unwrap();
        let test = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(subkeys(&test), ["OLD"]);
        assert_eq!(number(&test.open_key("Old", ALL).unwrap()), Ok(3));
    });
}

#[test]
fn a_rename_is_seen_inside_until_it_is_committed() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let test = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        let old = test.open_key("Old", ALL).unwrap();
        let new = test.create_key("New", ALL).unwrap();
        assert_eq!(old.rename("NEW"), Err(Status::CANNOT_DELETE));
        new.rename("z").unwrap();
        old.rename("New").unwrap();
        assert_eq!(subkeys(&test), ["New", "z"]);
        assert_eq!(old.name().unwrap(), child("New"));
        old.rename("Newer").unwrap();
        assert_eq!(
            test.open_key("Newer", ALL).unwrap().name().unwrap(),
            child("Newer")
        );
        drop(test.create_key("Old", ALL).unwrap());
        assert_eq!(subkeys(&thread.open_key(TEST, ALL).unwrap()), ["Old"]);
        let outside = thread.open_key(&child("Old"), ALL).unwrap();
        transaction.commit().unwrap();
        assert_eq!(outside.name().unwrap(), child("Newer"));
        let test = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(subkeys(&test), ["Newer", "Old", "z"]);
        outside.delete().unwrap();
        assert_eq!(subkeys(&test), ["Old", "z"]);
    });
}

#[test]
fn a_transaction_sees_what_others_commit_meanwhile() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let inside = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        drop(inside.create_key("Mine", ALL).unwrap());
        assert_eq!(number(&inside), Ok(1));
        let outside = thread.open_key(TEST, ALL).unwrap();
        outside.set_dword("Number", 2).unwrap();
        drop(outside.create_key("A", ALL).unwrap());
        assert_eq!(number(&inside), Ok(2));
        assert_eq!(subkeys(&inside), ["A", "Mine", "Old"]);
        transaction.commit().unwrap();
        assert_eq!(subkeys(&outside), ["A", "Mine", "Old"]);
    });
}

/// What rolls a transaction back, done by who is in none.
type Outside = fn(&ThreadGuard);

#[test]
fn who_writes_outside_of_transactions_wins() {
    type Inside = fn(&UserKey<'_>);
    let set: Inside = |key| key.set_dword("Number", 2).unwrap();
    let cases: [(Inside, Outside); 7] = [
        (set, |thread| {
            let key = thread.open_key(TEST, ALL).unwrap();
            key.set_dword("Another", 5).unwrap();
            assert_eq!(number(&key), Ok(1));
        }),
        (set, |thread| {
            let key = thread.open_key(TEST, ALL).unwrap();
            key.delete_value("Number").unwrap();
        }),
        (
            |key| drop(key.create_key("New", ALL).unwrap()),
            |thread| {
                let made = thread.create_key_with(&child("New"), ALL, KeyOptions::empty());
                assert_eq!(made.unwrap().1, Disposition::CreatedNew);
            },
        ),
        (
            |key| drop(key.create_key("New", ALL).unwrap()),
            |thread| {
                let old = thread.open_key(&child("Old"), ALL).unwrap();
                old.rename("New").unwrap();
            },
        ),
        (
            |key| key.open_key("Old", ALL).unwrap().delete().unwrap(),
            |thread| drop(thread.create_key(&child(r"Old\New"), ALL).unwrap()),
        ),
        (
            |key| {
                drop(
                    key.open_key("Old", ALL)
                        .unwrap()
                        .create_key("New", ALL)
                        .unwrap(),
                )
            },
            |thread| {
                thread
                    .open_key(&child("Old"), ALL)
                    .unwrap()
                    .delete()
                    .unwrap()
            },
        ),
        (
            |key| {
                key.open_key("Old", ALL)
                    .unwrap()
                    .set_dword("Number", 2)
                    .unwrap()
            },
            |thread| {
                thread
                    .open_key(&child("Old"), ALL)
                    .unwrap()
                    .delete()
                    .unwrap()
            },
        ),
    ];
    for (inside, outside) in cases {
        with_test(|_, thread| {
            let transaction = thread.create_transaction().unwrap();
            let key = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
            let more = thread
                .open_key_transacted(SYSTEM, ALL, &transaction)
                .unwrap();
            more.set_dword("Another", 1).unwrap();
            inside(&key);
            outside(thread);
            let ended = Err(Status::TRANSACTION_NOT_ACTIVE);
            assert_eq!(number(&key), ended);
            assert_eq!(
                transaction.commit(),
                Err(Status::TRANSACTION_ALREADY_ABORTED)
            );
            let all = thread.open_key(SYSTEM, ALL).unwrap();
            let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
            assert_eq!(
                all.query_value("Another").map(drop),
                missing,
                "all of it is undone"
            );
        });
    }
}

#[test]
fn who_does_something_else_outside_does_not_disturb() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let inside = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        inside.set_dword("Number", 2).unwrap();
        drop(inside.create_key("New", ALL).unwrap());
        inside
            .open_key("Old", ALL)
            .unwrap()
            .set_dword("a", 1)
            .unwrap();

        let outside = thread.open_key(TEST, ALL).unwrap();
        assert_eq!(number(&outside), Ok(1));
        assert_eq!(subkeys(&outside), ["Old"]);
        drop(outside.create_key("Sibling", ALL).unwrap());
        drop(outside.create_key("Old", ALL).unwrap());
        assert_eq!(outside.delete(), Err(Status::CANNOT_DELETE));
        let sibling = outside.open_key("Sibling", ALL).unwrap();
        assert_eq!(sibling.rename("Old"), Err(Status::CANNOT_DELETE));
        sibling.rename("Other").unwrap();

        assert_eq!(subkeys(&inside), ["New", "Old", "Other"]);
        transaction.commit().unwrap();
        assert_eq!(number(&outside), Ok(2));
        assert_eq!(subkeys(&outside), ["New", "Old", "Other"]);
    });
}

#[test]
fn of_two_transactions_the_first_to_change_a_key_has_it() {
    type Step = fn(&UserKey<'_>) -> Result<(), Status>;
    let set: Step = |key| key.set_dword("Number", 2);
    let create: Step = |key| key.create_key("New", ALL).map(drop);
    let delete: Step = |key| key.open_key("Old", ALL)?.delete();
    let create_below: Step = |key| key.create_key(r"Old\New", ALL).map(drop);
    let set_below: Step = |key| key.open_key("Old", ALL)?.set_dword("Number", 2);
    let rename: Step = |key| key.open_key("Old", ALL)?.rename("New");
    let conflict = Err(Status::TRANSACTIONAL_CONFLICT);
    let cases = [
        (set, set, conflict),
        (create, create, conflict),
        (delete, set_below, conflict),
        (delete, create_below, conflict),
        (delete, delete, conflict),
        (delete, rename, conflict),
        (rename, create, conflict),
        (create, rename, conflict),
        (create_below, delete, conflict),
        (set_below, delete, conflict),
        (rename, set_below, conflict),
        (set, create, Ok(())),
        (create, set, Ok(())),
        (set, set_below, Ok(())),
        (create, delete, Ok(())),
        (create_below, set_below, Ok(())),
    ];
    for (number, (first, second, expected)) in cases.into_iter().enumerate() {
        with_test(|_, thread| {
            let [one, two] = [0, 1].map(|_| thread.create_transaction().unwrap());
            let inside_one = thread.open_key_transacted(TEST, ALL, &one).unwrap();
            let inside_two = thread.open_key_transacted(TEST, ALL, &two).unwrap();
            first(&inside_one).unwrap();
            assert_eq!(second(&inside_two), expected, "case {number}");
            // Neither has ended by it, and what was refused has left no claim.
            two.commit().unwrap();
            first(&inside_one).ok();
            one.commit().unwrap();
            let three = thread.create_transaction().unwrap();
            let inside_three = thread.open_key_transacted(TEST, ALL, &three).unwrap();
            inside_three.set_dword("Number", 3).unwrap();
            three.commit().unwrap();
        });
    }
}

#[test]
fn a_transaction_ends_once() {
    with_test(|_, thread| {
        let committed = thread.create_transaction().unwrap();
        let rolled_back = thread.create_transaction().unwrap();
        let mut keys = Vec::new();
        for transaction in [&committed, &rolled_back] {
            keys.push(thread.open_key_transacted(TEST, ALL, transaction).unwrap());
        }
        committed.commit().unwrap();
        rolled_back.rollback().unwrap();
        let already = Err(Status::TRANSACTION_ALREADY_COMMITTED);
        assert_eq!(
            (committed.commit(), committed.rollback()),
            (already, already)
        );
        assert_eq!(
            rolled_back.commit(),
            Err(Status::TRANSACTION_ALREADY_ABORTED)
        );
        assert_eq!(
            rolled_back.rollback(),
            Err(Status::TRANSACTION_REQUEST_NOT_VALID)
        );

        let ended = Status::TRANSACTION_NOT_ACTIVE;
        for (key, transaction) in keys.iter().zip([&committed, &rolled_back]) {
            assert_eq!(number(key), Err(ended));
            assert_eq!(key.set_dword("Number", 1), Err(ended));
            assert_eq!(key.delete_value("Number"), Err(ended));
            assert_eq!(key.enumerate_key(0).map(drop), Err(ended));
            assert_eq!(key.enumerate_value(0).map(drop), Err(ended));
            assert_eq!(key.query().map(drop), Err(ended));
            assert_eq!(key.open_key("Old", ALL).map(drop), Err(ended));
            assert_eq!(key.create_key("New", ALL).map(drop), Err(ended));
            assert_eq!(key.rename("New"), Err(ended));
            assert_eq!(key.flush(), Err(ended));
            assert_eq!(key.delete(), Err(ended));
            let opened = thread.open_key_transacted(TEST, ALL, transaction);
            assert_eq!(opened.map(drop), Err(ended));
            let created = thread.create_key_transacted(&child("New"), ALL, transaction);
            assert_eq!(created.map(drop), Err(ended));
        }
    });
}

#[test]
fn the_last_handle_takes_an_active_transaction_with_it() {
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
fn an_open_finds_a_name_through_links_in_its_transaction() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let options = KeyOptions::CREATE_LINK;
        let (link, _) = thread
            .create_key_with(&child("Link"), ALL, options)
            .unwrap();
        let target: Vec<u8> = child("New")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        link.set_value("SymbolicLinkValue", REG_LINK, &target)
            .unwrap();
        drop(
            thread
                .create_key_transacted(&child("New"), ALL, &transaction)
                .unwrap(),
        );
        let path = child("Link");
        let found = thread
            .open_key_transacted(&path, ALL, &transaction)
            .unwrap();
        assert_eq!(found.name().unwrap(), child("New"));
        // And when it is the root that brings the transaction.
        let root = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        assert_eq!(
            root.open_key("Link", ALL).unwrap().name().unwrap(),
            child("New")
        );
        assert_eq!(
            thread.open_key(&path, ALL).map(drop),
            Err(Status::OBJECT_NAME_NOT_FOUND)
        );
    });
}

#[test]
fn a_key_of_one_transaction_is_no_root_in_another() {
    with_test(|_, thread| {
        let [one, two] = [0, 1].map(|_| thread.create_transaction().unwrap());
        let root = thread.open_key_transacted(TEST, ALL, &one).unwrap();
        let conflict = Err(Status::TRANSACTIONAL_CONFLICT);
        assert_eq!(
            root.open_key_transacted("Old", ALL, &two).map(drop),
            conflict
        );
        let created = root.create_key_transacted("New", ALL, &two);
        assert_eq!(created.map(drop), conflict);
        root.open_key_transacted("Old", ALL, &one).unwrap();
    });
}

#[test]
fn a_transaction_whose_time_is_up_is_rolled_back() {
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

/// `ZwCreateTransaction` with a kernel handle.
fn create(access: u32, options: u32, isolation: u32) -> Result<HANDLE, Status> {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateTransaction(
            &raw mut handle,
            access,
            &raw mut attributes,
            ptr::null_mut(),
            ptr::null_mut(),
            options,
            isolation,
            0,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| handle)
}

/// `ZwCreateKeyTransacted` with a kernel handle.
fn create_key(root: HANDLE, name: &str, transaction: HANDLE) -> Result<KernelKey, Status> {
    let mut name = Wide::new(name);
    let mut attributes = attributes(root, name.as_ptr());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateKeyTransacted(
            &raw mut handle,
            KEY_ALL_ACCESS,
            &raw mut attributes,
            0,
            ptr::null_mut(),
            0,
            transaction,
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| KernelKey(handle))
}

/// `ZwOpenKeyTransactedEx` with a kernel handle.
fn open_key(name: &str, options: u32, transaction: HANDLE) -> Result<KernelKey, Status> {
    let mut name = Wide::new(name);
    let mut attributes = attributes(ptr::null_mut(), name.as_ptr());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwOpenKeyTransactedEx(
            &raw mut handle,
            KEY_ALL_ACCESS,
            &raw mut attributes,
            options,
            transaction,
        )
    });
    status.to_result().map(|()| KernelKey(handle))
}

/// `ZwCommitTransaction`.
fn commit(transaction: HANDLE, wait: bool) -> Status {
    // SAFETY: any number can be given.
    Status(unsafe { ZwCommitTransaction(transaction, u8::from(wait)) })
}

/// `ZwRollbackTransaction`.
fn roll_back(transaction: HANDLE, wait: bool) -> Status {
    // SAFETY: any number can be given.
    Status(unsafe { ZwRollbackTransaction(transaction, u8::from(wait)) })
}

/// `ZwClose`.
fn close(handle: HANDLE) {
    // SAFETY: any number can be given.
    unsafe { ZwClose(handle) };
}

#[test]
fn parameters_are_as_the_pages_say() {
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
fn who_does_not_wait_is_told_that_resource_managers_work() {
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

/// `ObOpenObjectByPointer` on a transaction.
fn open_transaction(object: PVOID) -> HANDLE {
    #[allow(non_upper_case_globals)]
    unsafe extern "C" {
        static TmTransactionObjectType: *mut POBJECT_TYPE;
    }
    let mut handle = ptr::null_mut();
    // SAFETY: the variable is never written to.
    let variable = unsafe { TmTransactionObjectType };
    // SAFETY: it leads to the type.
    let object_type = unsafe { variable.read() };
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ObOpenObjectByPointer(
            object,
            OBJ_KERNEL_HANDLE,
            ptr::null_mut(),
            TRANSACTION_ALL_ACCESS,
            object_type,
            0,
            &raw mut handle,
        )
    });
    assert_eq!(status, Status::SUCCESS);
    handle
}

/// `ObReferenceObjectByHandle`, the reference given back: what the object's address is.
fn address(handle: HANDLE) -> usize {
    let object = KernelKey(handle).object();
    dereference(object);
    object.addr()
}

#[test]
fn k5_callbacks_find_the_transaction_of_an_operation() {
    let machine = machine();
    let seen: Arc<[AtomicUsize; 4]> = Arc::default();
    let [named, of_root, of_result, of_close] = [0, 1, 2, 3].map(|at| {
        let seen = Arc::clone(&seen);
        move |transaction: PVOID| seen[at].store(transaction.addr(), Ordering::Relaxed)
    });
    let filter = register(&machine, "1", move |event| {
        match event.class {
            RegNtPreCreateKeyEx => {
                named(event.open().Transaction);
                of_root(event.transaction(event.open().RootObject));
            }
            RegNtPostCreateKeyEx => of_result(event.transaction(event.post().Object)),
            RegNtPreKeyHandleClose => of_close(event.transaction(event.close().Object)),
            // The key object is closed, but this is allowed of it (K3).
            RegNtPostKeyHandleClose => of_close(event.transaction(event.post().Object)),
            _ => {}
        }
        Status::SUCCESS
    });
    let take = || {
        seen.each_ref()
            .map(|place| place.swap(0, Ordering::Relaxed))
    };
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let again = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let address = {
        let object = address(again);
        assert_ne!(object, 0);
        // That closed `again`, whose object is gone.
        let key = create_key(ptr::null_mut(), TEST, transaction).unwrap();
        let [named, of_root, of_result, _] = take();
        assert_ne!(named, object, "each transaction has its own");
        assert_eq!((of_root, of_result), (0, named));
        drop(key);
        assert_eq!(take()[3], named);
        named
    };
    let test = open_key(TEST, 0, transaction).unwrap();
    let relative = {
        let mut name = Wide::new("New");
        let mut attributes = attributes(test.0, name.as_ptr());
        let mut handle = ptr::null_mut();
        // SAFETY: all places are live.
        let status = Status(unsafe {
            ZwCreateKey(
                &raw mut handle,
                KEY_ALL_ACCESS,
                &raw mut attributes,
                0,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
            )
        });
        assert_eq!(status, Status::SUCCESS);
        KernelKey(handle)
    };
    let [named, of_root, of_result, _] = take();
    assert_eq!((named, of_root, of_result), (0, address, address));
    drop((relative, test));
    let missing = KernelKey::open(&child("New")).map(drop);
    assert_eq!(
        missing,
        Err(Status::OBJECT_NAME_NOT_FOUND),
        "it was made in the transaction"
    );
    take();
    drop(thread.create_key(&format!(r"{SYSTEM}\Plain"), ALL).unwrap());
    assert_eq!(take(), [0; 4]);
    close(transaction);
    drop(thread);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
}

/// The case of Microsoft's registry callback tests: a callback does a transacted create itself, under
/// another name and in the same transaction.
fn bypassed_create(end: impl FnOnce(&UserTransaction<'_>) -> bool) {
    let machine = machine();
    let bypassing = Arc::new(AtomicBool::new(false));
    let inside = Arc::clone(&bypassing);
    let filter = register(&machine, "1", move |event| {
        if event.class != RegNtPreCreateKeyEx || event.open().Transaction.is_null() {
            return Status::SUCCESS;
        }
        let info = event.open();
        let transaction = open_transaction(info.Transaction);
        let key = create_key(ptr::null_mut(), &child("Bypassed"), transaction).unwrap();
        close(transaction);
        let object = key.object();
        assert_eq!(event.transaction(object), info.Transaction);
        drop(key);
        event.set_result_object(info, object);
        info.GrantedAccess = info.DesiredAccess;
        // SAFETY: the kernel gave a place for it.
        unsafe { info.Disposition.write(REG_CREATED_NEW_KEY) };
        inside.store(true, Ordering::Relaxed);
        Status::CALLBACK_BYPASS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.create_key(TEST, ALL).unwrap());
    let transaction = thread.create_transaction().unwrap();
    let path = child("Wanted");
    let (key, made) = thread
        .create_key_transacted(&path, ALL, &transaction)
        .unwrap();
    assert!(bypassing.load(Ordering::Relaxed));
    assert_eq!(made, Disposition::CreatedNew);
    assert_eq!(key.name().unwrap(), child("Bypassed"));
    key.set_dword("Number", 1).unwrap();
    let expected = end(&transaction);
    drop(key);
    drop(transaction);
    let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
    assert_eq!(thread.open_key(&path, ALL).map(drop), missing);
    let found = thread
        .open_key(&child("Bypassed"), ALL)
        .and_then(|key| number(&key));
    assert_eq!(found, if expected { Ok(1) } else { missing.map(|()| 0) });
    drop(thread);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
}

#[test]
fn hlk_transacted_create_key_bypass_with_commit() {
    bypassed_create(|transaction| transaction.commit().is_ok());
}

#[test]
fn hlk_transacted_create_key_bypass_without_commit() {
    bypassed_create(|_| false);
    bypassed_create(|transaction| transaction.rollback().is_err());
}

#[test]
fn a_blocked_or_failed_transacted_create_changes_nothing() {
    for class in [RegNtPreCreateKeyEx, RegNtPostCreateKeyEx] {
        let machine = machine();
        let filter = register(&machine, "1", move |event| match event.class {
            RegNtPreCreateKeyEx if class == event.class => return Status::ACCESS_DENIED,
            RegNtPostCreateKeyEx if class == event.class => {
                dereference(event.post().Object);
                event.post().Object = ptr::null_mut();
                event.set_result_object(event.opened(), ptr::null_mut());
                event.post().ReturnStatus = Status::ACCESS_DENIED.0;
                return Status::CALLBACK_BYPASS;
            }
            _ => Status::SUCCESS,
        });
        let app = machine.process("app.exe");
        let thread = app.enter();
        let transaction = thread.create_transaction().unwrap();
        let refused = thread.create_key_transacted(TEST, ALL, &transaction);
        assert_eq!(refused.map(drop), Err(Status::ACCESS_DENIED));
        transaction.rollback().unwrap();
        drop(transaction);
        drop(thread);
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
        assert_clean(&machine);
    }
}

#[test]
fn a_transaction_that_a_driver_leaves_behind_is_found_and_rolled_back() {
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

#[test]
fn a_commit_is_seen_whole() {
    const ROUNDS: u32 = 300;
    let machine = machine();
    let app = machine.process("app.exe");
    let names = ["A", "B", r"B\Below", "C"];
    {
        let thread = app.enter();
        drop(thread.create_key(TEST, ALL).unwrap());
        for name in names {
            thread
                .create_key(&child(name), ALL)
                .unwrap()
                .set_dword("Number", 0)
                .unwrap();
        }
    }
    let done = AtomicBool::new(false);
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for writer in [1, 2] {
            let (app, start, done) = (&app, &start, &done);
            // The two disturb each other, and one disturbs from outside of transactions.
            scope.spawn(move || {
                let thread = app.enter();
                start.wait();
                let mut committed = 0;
                while committed < ROUNDS {
                    let transaction = thread.create_transaction().unwrap();
                    let mut round = || {
                        let first = thread.open_key_transacted(&child("A"), ALL, &transaction)?;
                        // What is read is the transaction's own only once it has changed the key.
                        first.set_dword("Writer", writer)?;
                        let next = number(&first)? + 1;
                        for name in names {
                            let key =
                                thread.open_key_transacted(&child(name), ALL, &transaction)?;
                            key.set_dword("Number", next)?;
                        }
                        transaction.commit()?;
                        Ok::<_, Status>(committed += 1)
                    };
                    match round() {
                        Ok(())
                        | Err(Status::TRANSACTIONAL_CONFLICT)
                        | Err(Status::TRANSACTION_NOT_ACTIVE)
                        | Err(Status::TRANSACTION_ALREADY_ABORTED) => {}
                        Err(status) => panic!("{status}"),
                    }
                }
                if writer == 1 {
                    done.store(true, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let thread = app.enter();
            let key = thread.open_key(&child("C"), ALL).unwrap();
            start.wait();
            while !done.load(Ordering::Relaxed) {
                key.set_dword("Other", 1).unwrap();
            }
        });
        scope.spawn(|| {
            let thread = app.enter();
            let keys = names.map(|name| thread.open_key(&child(name), ALL).unwrap());
            start.wait();
            while !done.load(Ordering::Relaxed) {
                for (later, earlier) in [(0, 1), (1, 0), (2, 1), (1, 2), (3, 0), (0, 3)] {
                    let before = number(&keys[earlier]).unwrap();
                    let after = number(&keys[later]).unwrap();
                    assert!(
                        after >= before,
                        "{} has {after}, not {before}",
                        names[later]
                    );
                }
            }
        });
    });
    let thread = app.enter();
    let counted = names.map(|name| number(&thread.open_key(&child(name), ALL).unwrap()).unwrap());
    assert!(counted[0] >= ROUNDS);
    assert_eq!(counted, [counted[0]; 4]);
    drop(thread);
    assert_clean(&machine);
}
