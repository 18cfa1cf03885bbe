//! As `sys/txr.c` and `sys/txrutil.c`: a callback enlists its own resource manager in the transaction of
//! a create, and is told when that is committed or rolled back.

use std::ptr::null_mut;
use std::sync::{Arc, Mutex};

use wdm_sim::Status;
use wdm_sys::*;

use super::{KEY, is_key};
use crate::rules::transactions::{create_transacted, transaction};
use crate::support::*;

/// A resource manager's notification routine.
type Notification = unsafe extern "system" fn(
    enlistment: PVOID,
    of_manager: PVOID,
    of_enlistment: PVOID,
    notification: u32,
    clock: PLARGE_INTEGER,
    length: u32,
    argument: PVOID,
) -> NTSTATUS;

unsafe extern "system" {
    fn ZwCreateTransactionManager(
        handle: PHANDLE,
        access: u32,
        attributes: POBJECT_ATTRIBUTES,
        log: PUNICODE_STRING,
        options: u32,
        strength: u32,
    ) -> NTSTATUS;
    fn ZwCreateResourceManager(
        handle: PHANDLE,
        access: u32,
        manager: HANDLE,
        id: *const [u8; 16],
        attributes: POBJECT_ATTRIBUTES,
        options: u32,
        description: PUNICODE_STRING,
    ) -> NTSTATUS;
    fn TmEnableCallbacks(manager: PVOID, routine: Notification, key: PVOID) -> NTSTATUS;
    fn ZwCreateEnlistment(
        handle: PHANDLE,
        access: u32,
        resource_manager: HANDLE,
        transaction: HANDLE,
        attributes: POBJECT_ATTRIBUTES,
        options: u32,
        mask: u32,
        key: PVOID,
    ) -> NTSTATUS;
    fn TmCommitComplete(enlistment: PVOID, clock: PLARGE_INTEGER) -> NTSTATUS;
    fn TmRollbackComplete(enlistment: PVOID, clock: PLARGE_INTEGER) -> NTSTATUS;
}

const MANAGER_ALL_ACCESS: u32 = 0xF003F;
const RESOURCE_MANAGER_ALL_ACCESS: u32 = 0x1F007F;
const ENLISTMENT_SUBORDINATE_RIGHTS: u32 = 0x8;
const VOLATILE: u32 = 1;
const NOTIFY_COMMIT: u32 = 0x4;
const NOTIFY_ROLLBACK: u32 = 0x8;

/// What the resource manager was told, with the keys of itself and of the enlistment.
static TOLD: Mutex<Vec<(u32, usize, usize)>> = Mutex::new(Vec::new());

unsafe extern "system" fn told(
    enlistment: PVOID,
    of_manager: PVOID,
    of_enlistment: PVOID,
    notification: u32,
    clock: PLARGE_INTEGER,
    _: u32,
    _: PVOID,
) -> NTSTATUS {
    let keys = (of_manager.addr(), of_enlistment.addr());
    TOLD.lock().unwrap().push((notification, keys.0, keys.1));
    match notification {
        // SAFETY: the enlistment that is notified.
        NOTIFY_COMMIT => unsafe { TmCommitComplete(enlistment, clock) },
        // SAFETY: as above.
        NOTIFY_ROLLBACK => unsafe { TmRollbackComplete(enlistment, clock) },
        _ => 0,
    }
}

/// A volatile transaction manager and a resource manager of it whose routine is [`told`].
fn resource_manager() -> (KernelKey, KernelKey) {
    let mut attributes = attributes(null_mut(), null_mut());
    let attributes = &raw mut attributes;
    let mut manager = null_mut();
    let (place, access) = (&raw mut manager, MANAGER_ALL_ACCESS);
    // SAFETY: all places are live.
    let status =
        unsafe { ZwCreateTransactionManager(place, access, attributes, null_mut(), VOLATILE, 0) };
    assert_eq!(Status(status), Status::SUCCESS);
    let mut resources = null_mut();
    let (place, access, id) = (&raw mut resources, RESOURCE_MANAGER_ALL_ACCESS, [7; 16]);
    // SAFETY: all places are live.
    let status = unsafe {
        ZwCreateResourceManager(
            place,
            access,
            manager,
            &raw const id,
            attributes,
            VOLATILE,
            null_mut(),
        )
    };
    assert_eq!(Status(status), Status::SUCCESS);
    let (manager, resources) = (KernelKey(manager), KernelKey(resources));
    let mut object = null_mut();
    let place = &raw mut object;
    // SAFETY: all places are live.
    let status =
        unsafe { ObReferenceObjectByHandle(resources.0, 0, null_mut(), 0, place, null_mut()) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: the routine has that type, and lives as long as the program.
    let status = unsafe { TmEnableCallbacks(object, told, std::ptr::without_provenance_mut(0x11)) };
    assert_eq!(Status(status), Status::SUCCESS);
    dereference(object);
    (manager, resources)
}

/// `ZwCreateEnlistment` for the end of a transaction, either way.
fn enlist(resources: HANDLE, transaction: PVOID) -> KernelKey {
    let transaction = kernel_handle(transaction);
    let mut attributes = attributes(null_mut(), null_mut());
    let mut handle = null_mut();
    let (place, attributes) = (&raw mut handle, &raw mut attributes);
    let (access, mask) = (
        ENLISTMENT_SUBORDINATE_RIGHTS,
        NOTIFY_COMMIT | NOTIFY_ROLLBACK,
    );
    let key = std::ptr::without_provenance_mut(0x22);
    // SAFETY: all places are live.
    let status = unsafe {
        ZwCreateEnlistment(
            place,
            access,
            resources,
            transaction.0,
            attributes,
            0,
            mask,
            key,
        )
    };
    assert_eq!(Status(status), Status::SUCCESS);
    KernelKey(handle)
}

#[test]
fn regfltr_transaction_enlist() {
    for (commits, notification) in [(true, NOTIFY_COMMIT), (false, NOTIFY_ROLLBACK)] {
        let machine = machine();
        let thread = machine.system_process().enter();
        drop(kernel_create(null_mut(), TEST).unwrap());
        let (manager, resources) = resource_manager();
        let enlistments = Arc::new(Mutex::new(Vec::new()));
        let filter = register_here("380010", {
            let (resources, enlistments) = (resources.0.addr(), Arc::clone(&enlistments));
            at(RegNtPreCreateKeyEx, move |event| {
                if is_key(event.open()) {
                    let resources = std::ptr::without_provenance_mut(resources);
                    let enlistment = enlist(resources, event.open().Transaction);
                    enlistments.lock().unwrap().push(enlistment.0.addr());
                    std::mem::forget(enlistment);
                }
                Status::SUCCESS
            })
        })
        .unwrap();
        let transaction = transaction();
        let key = create_transacted(null_mut(), &child(KEY), &transaction).unwrap();
        assert_eq!(*TOLD.lock().unwrap(), [], "not before the end");
        let ended = match commits {
            // SAFETY: any number can be given.
            true => unsafe { ZwCommitTransaction(transaction.0, 1) },
            // SAFETY: as above.
            false => unsafe { ZwRollbackTransaction(transaction.0, 1) },
        };
        assert_eq!(Status(ended), Status::SUCCESS);
        unregister_all(&machine, [filter]);
        let told = std::mem::take(&mut *TOLD.lock().unwrap());
        assert_eq!(told, [(notification, 0x11, 0x22)]);
        drop((key, transaction));
        assert_eq!(KernelKey::open(&child(KEY)).is_ok(), commits);
        for handle in enlistments.lock().unwrap().drain(..) {
            drop(KernelKey(std::ptr::without_provenance_mut(handle)));
        }
        drop((resources, manager));
        drop(thread);
        assert_clean(&machine);
    }
}
