//! What is seen of a transaction's changes, inside and outside, before its end and after.

use wdm_sim::Status;
use wdm_sim::registry::Disposition;
use wdm_sys::{KeyOptions, REG_LINK};

use super::*;

#[test]
fn t4_a_key_made_in_a_transaction_is_seen_in_that_one_only() {
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
fn t4_a_rollback_leaves_no_trace() {
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
fn t4_values_and_properties_are_seen_inside_until_they_are_committed() {
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
fn t4_a_delete_is_seen_inside_until_it_is_committed() {
    with_test(|_, thread| {
        let transaction = thread.create_transaction().unwrap();
        let test = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        assert_eq!(test.delete(), Err(Status::CANNOT_DELETE));
        let old = test.open_key("Old", ALL).unwrap();
        old.delete().unwrap();
        assert_eq!(old.delete(), Ok(()), "D1");
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
fn t4_a_deleted_key_can_be_made_anew() {
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
fn t4_a_rename_is_seen_inside_until_it_is_committed() {
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
fn t4_a_transaction_sees_what_others_commit_meanwhile() {
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

#[test]
fn t3_an_open_finds_a_name_through_links_in_its_transaction() {
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
