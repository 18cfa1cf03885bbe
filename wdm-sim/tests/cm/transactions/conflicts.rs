//! Who changes the same keys: in two transactions, or in none.

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyOptions, Status, ThreadGuard, UserKey};

use super::*;
use crate::support::*;

/// What rolls a transaction back, done by who is in none.
type Outside = fn(&ThreadGuard);

#[test]
fn t5_who_writes_outside_of_transactions_wins() {
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
fn t5_who_does_something_else_outside_does_not_disturb() {
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
fn t5_of_two_transactions_the_first_to_change_a_key_has_it() {
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
fn t3_a_key_of_one_transaction_is_no_root_in_another() {
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
