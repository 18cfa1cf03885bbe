//! Transactions on several threads.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use wdm_sim::Status;

use super::*;
use crate::support::*;

#[test]
fn t4_a_commit_is_seen_whole() {
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
                    let round = || {
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
                        Ok(())
                    };
                    match round() {
                        Ok(()) => committed += 1,
                        Err(Status::TRANSACTIONAL_CONFLICT)
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
