//! A driver of the shape that registry filters have which want to hear of a transaction's end: it
//! enlists in the transaction of each create, in the callback (regfltr: txr.c, txrutil.c).

use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use wdm_sim::{Machine, Status};
use wdm_sys::*;

use super::managers::*;
use super::*;
use crate::support::*;

/// What the driver keeps for an enlistment, which its key leads to.
#[derive(Default)]
struct Context {
    enlistment: AtomicUsize,
    told: AtomicU32,
}

/// What becomes of the transaction, and what the enlistment is told of it.
fn enlists_in_a_callback(end: fn(HANDLE) -> Status, expected: u32) {
    let machine: Machine = machine();
    let thread = machine.system_process().enter();
    let manager = Manager::new(|told| {
        let context: *const Context = ptr::with_exposed_provenance(told.key);
        // SAFETY: the context is leaked.
        let context = unsafe { &*context };
        context.told.fetch_or(told.notification, Ordering::Relaxed);
        let answered = answer(told.enlistment, told.notification);
        let handle = context.enlistment.swap(0, Ordering::Relaxed);
        close(ptr::without_provenance_mut(handle));
        answered
    });
    let context: &Context = Box::leak(Box::default());
    let address = (&raw const *context).expose_provenance();
    let resource_manager = manager.handle.addr();
    let filter = register(&machine, "380010", move |event| {
        if event.class != RegNtPreCreateKeyEx {
            return Status::SUCCESS;
        }
        let named = event.open().Transaction;
        let object = match named.is_null() {
            true => event.transaction(event.open().RootObject),
            false => named,
        };
        let transaction = callbacks::open_transaction(object);
        let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
        // SAFETY: all places are live.
        let status = unsafe {
            ZwCreateEnlistment(
                context.enlistment.as_ptr().cast(),
                8,
                ptr::without_provenance_mut(resource_manager),
                transaction,
                &raw mut attributes,
                0,
                COMMIT | ROLLBACK,
                ptr::with_exposed_provenance_mut(address),
            )
        };
        close(transaction);
        Status(status)
    });
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let key = create_key(ptr::null_mut(), TEST, transaction).unwrap();
    assert_eq!(context.told.load(Ordering::Relaxed), 0);
    assert_eq!(end(transaction), Status::SUCCESS);
    assert_eq!(context.told.load(Ordering::Relaxed), expected);
    assert_eq!(context.enlistment.load(Ordering::Relaxed), 0);
    close(transaction);
    drop(key);
    assert_eq!(KernelKey::open(TEST).is_ok(), expected == COMMIT);
    drop(thread);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let thread = machine.system_process().enter();
    drop(manager);
    drop(thread);
    assert_clean(&machine);
}

#[test]
fn a_registry_filter_hears_of_a_commit() {
    enlists_in_a_callback(|transaction| commit(transaction, true), COMMIT);
}

#[test]
fn a_registry_filter_hears_of_a_rollback() {
    enlists_in_a_callback(|transaction| roll_back(transaction, true), ROLLBACK);
}
