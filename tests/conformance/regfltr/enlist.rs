//! As `sys/txr.c` and `sys/txrutil.c`: a callback enlists its own resource manager in the transaction of
//! a create, and is told when that is committed or rolled back.

use std::ptr::null_mut;

use wdm_sim::Status;
use wdm_sys::*;

use super::{KEY, is_key};
use crate::managers::*;
use crate::rules::enlistments::Enlistments;
use crate::rules::transactions::{create_transacted, transaction};
use crate::support::*;

#[test]
fn regfltr_transaction_enlist() {
    for (commits, notification) in [(true, "commit"), (false, "rollback")] {
        let machine = machine();
        let thread = machine.system_process().enter();
        drop(kernel_create(null_mut(), TEST).unwrap());
        let log = Log::default();
        let manager = Manager::new({
            let log = log.clone();
            move |told| {
                log.note(format!("{} {:#x}", name(told.notification), told.key));
                answer(told.enlistment, told.notification)
            }
        });
        let enlistments = Enlistments::default();
        let enlists = enlistments.enlisting(&manager, COMMIT | ROLLBACK, 0x22);
        let filter = register_here(
            "380010",
            at(RegNtPreCreateKeyEx, move |event| {
                match is_key(event.open()) {
                    true => enlists(event),
                    false => Status::SUCCESS,
                }
            }),
        )
        .unwrap();
        let transaction = transaction();
        let key = create_transacted(null_mut(), &child(KEY), &transaction).unwrap();
        assert_eq!(log.take(), [""; 0], "not before the end");
        let ended = match commits {
            // SAFETY: any number can be given.
            true => unsafe { ZwCommitTransaction(transaction.0, 1) },
            // SAFETY: as above.
            false => unsafe { ZwRollbackTransaction(transaction.0, 1) },
        };
        assert_eq!(Status(ended), Status::SUCCESS);
        unregister_all(&machine, [filter]);
        assert_eq!(log.take(), [format!("{notification} 0x22")]);
        drop((key, transaction));
        assert_eq!(KernelKey::open(&child(KEY)).is_ok(), commits);
        enlistments.close();
        drop(manager);
        drop(thread);
        assert_clean(&machine);
    }
}
