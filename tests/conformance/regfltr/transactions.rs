//! As `sys/txr.c`: what a callback does in the transaction of the call.

use std::ptr;

use wdm_sim::Status;
use wdm_sys::*;

use super::{INSTEAD, KEY, is_key};
use crate::rules::transactions::{create_transacted, transaction};
use crate::support::*;

/// The transaction that a create is part of: the call names it, or its root brings it.
fn transaction_of(event: &Event<'_>) -> PVOID {
    let info = event.open();
    match info.Transaction.is_null() {
        true => event.transaction(info.RootObject),
        false => info.Transaction,
    }
}

#[test]
fn regfltr_transaction_replay() {
    let machine = machine();
    let thread = machine.system_process().enter();
    drop(kernel_create(ptr::null_mut(), TEST).unwrap());
    let transaction = transaction();
    // The root is bound to the transaction; the create below it does not name it.
    let root = create_transacted(ptr::null_mut(), TEST, &transaction).unwrap();
    let filter = register_here(
        "380010",
        at(RegNtPreCreateKeyEx, |event| {
            if !is_key(event.open()) {
                return Status::SUCCESS;
            }
            assert!(event.open().Transaction.is_null());
            let same = kernel_handle(transaction_of(event));
            let root = kernel_handle(event.open().RootObject);
            drop(create_transacted(root.0, INSTEAD, &same).unwrap());
            Status::SUCCESS
        }),
    )
    .unwrap();
    drop(kernel_create(root.0, KEY).unwrap());
    unregister_all(&machine, [filter]);
    for name in [KEY, INSTEAD] {
        let inside = kernel_open(root.0, name, KEY_ALL_ACCESS, OBJ_KERNEL_HANDLE).map(drop);
        assert_eq!(inside, Ok(()), "{name}");
    }
    // SAFETY: any number can be given.
    let rolled_back = Status(unsafe { ZwRollbackTransaction(transaction.0, 1) });
    assert_eq!(rolled_back, Status::SUCCESS);
    for name in [KEY, INSTEAD] {
        let gone = KernelKey::open(&child(name)).map(drop);
        assert_eq!(gone, Err(Status::OBJECT_NAME_NOT_FOUND), "{name}");
    }
    drop((root, transaction));
    drop(thread);
    assert_clean(&machine);
}
