//! What registry callbacks are told of transactions (K5), and what they do in them.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wdm_sim::registry::Disposition;
use wdm_sim::{Status, UserTransaction};
use wdm_sys::*;

use super::*;
use crate::support::*;

/// `ObOpenObjectByPointer` on a transaction.
pub(super) fn open_transaction(object: PVOID) -> HANDLE {
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
fn t7_callbacks_find_the_transaction_that_a_call_names_or_its_root_brings() {
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
fn t4_a_blocked_or_failed_transacted_create_changes_nothing() {
    for class in [RegNtPreCreateKeyEx, RegNtPostCreateKeyEx] {
        let machine = machine();
        let filter = register(&machine, "1", move |event| match event.class {
            RegNtPreCreateKeyEx if class == event.class => Status::ACCESS_DENIED,
            RegNtPostCreateKeyEx if class == event.class => {
                dereference(event.post().Object);
                event.post().Object = ptr::null_mut();
                event.set_result_object(event.opened(), ptr::null_mut());
                event.post().ReturnStatus = Status::ACCESS_DENIED.0;
                Status::CALLBACK_BYPASS
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
