//! T9 and T12, as far as the simulator's own tests of resource managers do not have it.

use std::mem::ManuallyDrop;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::{Arc, Mutex};

use wdm_sim::Status;
use wdm_sys::*;

use super::transactions::{create_transacted, transaction};
use crate::managers::*;
use crate::support::*;

/// The handles of enlistments that a callback makes. Closing them before the end would be a rollback
/// (T16).
#[derive(Clone, Default)]
pub(crate) struct Enlistments(Arc<Mutex<Vec<usize>>>);

impl Enlistments {
    /// What a callback does for a create in a transaction: it enlists a resource manager.
    pub(crate) fn enlisting(
        &self,
        manager: &Manager,
        mask: u32,
        key: usize,
    ) -> impl Fn(&Event<'_>) -> Status + Send + Sync + use<> {
        let (made, resources) = (self.clone(), manager.handle.addr());
        move |event| {
            let transaction = kernel_handle(event.open().Transaction);
            // The test's manager is open for longer than the callback is registered.
            let manager = ManuallyDrop::new(Manager {
                transaction_manager: null_mut(),
                handle: without_provenance_mut(resources),
            });
            let new = manager.enlist_with(transaction.0, 0, mask, key).unwrap();
            made.0.lock().unwrap().push(new.addr());
            Status::SUCCESS
        }
    }

    /// Closes them.
    pub(crate) fn close(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        all.into_iter()
            .for_each(|handle| close(without_provenance_mut(handle)));
    }
}

#[test]
fn t9_a_callback_enlists_and_is_told_what_it_asked_for_with_its_key() {
    let machine = machine();
    let thread = machine.system_process().enter();
    let log = Log::default();
    let manager = Manager::new({
        let log = log.clone();
        move |told| {
            log.note(format!("{} {}", name(told.notification), told.key));
            answer(told.enlistment, told.notification)
        }
    });
    let enlistments = Enlistments::default();
    let enlists = enlistments.enlisting(&manager, PREPARE | COMMIT | ROLLBACK, 7);
    let filter = register_here("380010", at(RegNtPreCreateKeyEx, enlists)).unwrap();
    let transaction = transaction();
    drop(create_transacted(null_mut(), TEST, &transaction).unwrap());
    assert_eq!(log.take(), [""; 0], "not before the end");
    // SAFETY: any number can be given.
    let committed = unsafe { ZwCommitTransaction(transaction.0, 1) };
    assert_eq!(Status(committed), Status::SUCCESS);
    assert_eq!(log.take(), ["prepare 7", "commit 7"], "no other step");
    unregister_all(&machine, [filter]);
    enlistments.close();
    drop((manager, transaction));
    drop(thread);
    assert_clean(&machine);
}

/// How a client ends its transaction without a commit.
type End = fn(KernelKey);

#[test]
fn t12_everybody_is_told_of_a_rollback_whoever_begins_it() {
    let ends: [End; 3] = [
        |transaction| {
            // SAFETY: any number can be given.
            let ended = unsafe { ZwRollbackTransaction(transaction.0, 1) };
            assert_eq!(Status(ended), Status::SUCCESS);
        },
        |transaction| drop(transaction),
        |transaction| {
            set_timeout(transaction.0, -1);
            while is_active(transaction.0) {
                std::thread::yield_now();
            }
        },
    ];
    for end in ends {
        let machine = machine();
        let thread = machine.system_process().enter();
        let log = Log::default();
        let managers = ["a", "b"].map(|name| Manager::obedient(name, &log));
        let transaction = transaction();
        let handles = managers
            .each_ref()
            .map(|it| it.enlist(transaction.0, STEPS));
        end(transaction);
        // What the transaction manager rolls back itself is told on a thread of the system's.
        let mut told = log.take();
        while told.len() < managers.len() {
            std::thread::yield_now();
            told.extend(log.take());
        }
        assert_eq!(told, ["a: rollback", "b: rollback"]);
        handles.into_iter().for_each(close);
        drop(managers);
        drop(thread);
        assert_clean(&machine);
    }
}
