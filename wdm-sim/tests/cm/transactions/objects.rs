//! The objects' identifiers, what can be asked of them, and keys of enlistments.

use std::mem::offset_of;
use std::ptr;

use wdm_sim::Status;
use wdm_sys::*;
use windows_sys::Win32::Storage::FileSystem::TRANSACTION_NOTIFICATION;
use windows_sys::Win32::System::SystemServices::*;

use super::managers::*;
use super::*;
use crate::support::*;

/// The bytes of a GUID.
type Id = [u8; 16];

unsafe extern "system" {
    fn ZwQueryInformationTransactionManager(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS;
    fn ZwQueryInformationResourceManager(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS;
    fn ZwQueryInformationEnlistment(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS;
    fn ZwSetInformationEnlistment(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
    ) -> NTSTATUS;
    fn ZwOpenTransaction(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        id: *const Id,
        manager: HANDLE,
    ) -> NTSTATUS;
    fn ZwOpenTransactionManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        log: PUNICODE_STRING,
        id: *const Id,
        options: ULONG,
    ) -> NTSTATUS;
    fn ZwOpenResourceManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        manager: HANDLE,
        id: *const Id,
        attributes: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS;
    fn ZwOpenEnlistment(
        handle: PHANDLE,
        access: ACCESS_MASK,
        manager: HANDLE,
        id: *const Id,
        attributes: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS;
    fn ZwEnumerateTransactionObject(
        root: HANDLE,
        kind: u32,
        cursor: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS;
    fn TmGetTransactionId(transaction: PVOID, id: *mut Id);
    fn TmReferenceEnlistmentKey(enlistment: PVOID, key: *mut PVOID) -> NTSTATUS;
    fn TmDereferenceEnlistmentKey(enlistment: PVOID, last: *mut BOOLEAN) -> NTSTATUS;
}

/// Runs a test with a transaction, a resource manager, and its enlistment in it.
fn with_all(test: impl FnOnce(HANDLE, &Manager, HANDLE)) {
    let machine = machine();
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    let enlistment = manager.enlist_with(transaction, 0, STEPS, 7).unwrap();
    test(transaction, &manager, enlistment);
    close(enlistment);
    close(transaction);
    drop(manager);
    drop(thread);
    assert_clean(&machine);
}

fn id(bytes: &[u8]) -> Id {
    bytes[..16].try_into().unwrap()
}

fn transaction_id(transaction: HANDLE) -> Id {
    let (status, bytes, length) = query(ZwQueryInformationTransaction, transaction, 0, 24);
    assert_eq!((status, length), (Status::SUCCESS, 24));
    id(&bytes)
}

fn manager_id(manager: HANDLE) -> Id {
    let (status, bytes, length) = query(ZwQueryInformationTransactionManager, manager, 0, 24);
    assert_eq!((status, length), (Status::SUCCESS, 24));
    id(&bytes)
}

fn resource_manager_id(manager: HANDLE) -> Id {
    let (status, bytes, _) = query(ZwQueryInformationResourceManager, manager, 0, 64);
    assert_eq!(status, Status::SUCCESS);
    id(&bytes)
}

#[test]
fn t18_all_objects_have_identifiers_and_know_each_others() {
    with_all(|transaction, manager, enlistment| {
        let (status, bytes, _) = query(ZwQueryInformationEnlistment, enlistment, 0, 48);
        assert_eq!(status, Status::SUCCESS);
        assert_eq!(size_of::<ENLISTMENT_BASIC_INFORMATION>(), 48);
        let own = id(&bytes);
        assert_eq!(id(&bytes[16..]), transaction_id(transaction));
        assert_eq!(id(&bytes[32..]), resource_manager_id(manager.handle));

        let object = KernelKeyless(transaction).object();
        let mut known = [0; 16];
        // SAFETY: the object is referenced, the place live.
        unsafe { TmGetTransactionId(object, &raw mut known) };
        dereference(object);
        assert_eq!(known, transaction_id(transaction));

        let (status, bytes, _) = query(ZwQueryInformationTransaction, transaction, 2, 36);
        assert_eq!(status, Status::SUCCESS);
        let pair = offset_of!(TRANSACTION_ENLISTMENTS_INFORMATION, EnlistmentPair);
        assert_eq!(bytes[..pair], [1, 0, 0, 0]);
        assert_eq!(id(&bytes[pair..]), own);
        assert_eq!(id(&bytes[pair + 16..]), resource_manager_id(manager.handle));

        let (status, bytes, _) = query(ZwQueryInformationResourceManager, manager.handle, 0, 64);
        assert_eq!(status, Status::SUCCESS);
        let text = offset_of!(RESOURCEMANAGER_BASIC_INFORMATION, Description);
        assert_eq!(bytes[16..text], [12, 0, 0, 0]);
        assert_eq!(bytes[text..], *b"t\0e\0s\0t\0e\0d\0");
        assert_eq!(size_of::<TRANSACTION_NOTIFICATION>(), 32);
    });
}

#[test]
fn t18_buffers_and_classes_are_as_the_pages_say() {
    with_all(|transaction, manager, enlistment| {
        let ask = |routine, handle, class, room| query(routine, handle, class, room).0;
        let mismatch = Status::INFO_LENGTH_MISMATCH;
        let (overflow, unknown) = (Status::BUFFER_OVERFLOW, Status::INVALID_INFO_CLASS);
        let small = Status::BUFFER_TOO_SMALL;
        assert_eq!(
            ask(ZwQueryInformationTransaction, transaction, 0, 23),
            mismatch
        );
        assert_eq!(
            ask(ZwQueryInformationTransaction, transaction, 2, 35),
            overflow
        );
        assert_eq!(
            ask(ZwQueryInformationTransaction, transaction, 3, 99),
            unknown
        );
        assert_eq!(
            ask(ZwQueryInformationEnlistment, enlistment, 0, 47),
            mismatch
        );
        assert_eq!(
            ask(ZwQueryInformationEnlistment, enlistment, 2, 99),
            unknown
        );
        assert_eq!(
            ask(ZwQueryInformationResourceManager, manager.handle, 0, 23),
            small
        );
        assert_eq!(
            ask(ZwQueryInformationResourceManager, manager.handle, 0, 24),
            overflow
        );
        assert_eq!(
            ask(ZwQueryInformationResourceManager, manager.handle, 1, 99),
            unknown
        );
        let of_manager = |class, room| {
            ask(
                ZwQueryInformationTransactionManager,
                manager.transaction_manager,
                class,
                room,
            )
        };
        assert_eq!(of_manager(0, 23), small);
        assert_eq!(
            [1, 2, 4].map(|class| of_manager(class, 99)),
            [Status::TM_VOLATILE; 3]
        );
        assert_eq!(of_manager(3, 99), unknown);
        let wrong = Status::OBJECT_TYPE_MISMATCH;
        assert_eq!(ask(ZwQueryInformationEnlistment, transaction, 0, 48), wrong);
    });
}

#[test]
fn t18_a_transactions_state_and_outcome() {
    with_all(|transaction, _, enlistment| {
        let state = || {
            let (_, bytes, _) = query(ZwQueryInformationTransaction, transaction, 0, 24);
            [16, 20].map(|at| u32::from_le_bytes(bytes[at..][..4].try_into().unwrap()))
        };
        let normal = TransactionStateNormal as u32;
        assert_eq!(state(), [normal, 1]);
        assert_eq!(commit(transaction, false), Status::PENDING);
        assert_eq!(zw_prepreparecomplete(enlistment), Status::SUCCESS);
        assert_eq!(state(), [normal, 1]);
        assert_eq!(zw_prepare_complete(enlistment), Status::SUCCESS);
        assert_eq!(state(), [3, 2], "committed, and being told");
        assert_eq!(zw_commit_complete(enlistment), Status::SUCCESS);
        assert_eq!(state(), [3, 2]);
    });
    with_all(|transaction, _, enlistment| {
        assert_eq!(zw_roll_back_enlistment(enlistment), Status::SUCCESS);
        let (_, bytes, _) = query(ZwQueryInformationTransaction, transaction, 0, 24);
        assert_eq!(bytes[16..], [1, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(zw_rollback_complete(enlistment), Status::SUCCESS);
    });
}

#[test]
fn t18_a_transactions_properties_can_be_set() {
    with_all(|transaction, _, _| {
        let ask = |room| query(ZwQueryInformationTransaction, transaction, 1, room);
        assert_eq!(ask(23).0, Status::INFO_LENGTH_MISMATCH);
        let given = properties(i64::MIN, "work");
        assert_eq!(
            set(ZwSetInformationTransaction, transaction, 1, &given),
            Status::SUCCESS
        );
        let mut expected = given.clone();
        // The outcome is not what is set.
        expected[16] = 1;
        assert_eq!(ask(99), (Status::SUCCESS, expected, 32));
        assert_eq!(ask(31).0, Status::BUFFER_OVERFLOW);
        let refused =
            |class, bytes: &[u8]| set(ZwSetInformationTransaction, transaction, class, bytes);
        assert_eq!(refused(0, &given), Status::INVALID_INFO_CLASS);
        assert_eq!(refused(1, &given[..23]), Status::INFO_LENGTH_MISMATCH);
        let invalid = Status::INVALID_PARAMETER;
        assert_eq!(refused(1, &given[..31]), invalid, "the text is cut off");
        assert_eq!(refused(1, &properties(0, &"x".repeat(65))), invalid);
        let mut isolated = given;
        isolated[0] = 1;
        assert_eq!(refused(1, &isolated), invalid);
    });
}

#[test]
fn t18_recovery_information_is_the_resource_managers_own() {
    with_all(|_, _, enlistment| {
        let ask = |room| query(ZwQueryInformationEnlistment, enlistment, 1, room);
        assert_eq!(ask(9), (Status::SUCCESS, Vec::new(), 0));
        for bytes in [b"first".as_slice(), b"2nd"] {
            let status = set(ZwSetInformationEnlistment, enlistment, 1, bytes);
            assert_eq!(status, Status::SUCCESS);
            assert_eq!(
                ask(9),
                (Status::SUCCESS, bytes.to_vec(), bytes.len() as u32)
            );
        }
        assert_eq!(ask(2).0, Status::INFO_LENGTH_MISMATCH);
        let refused = set(ZwSetInformationEnlistment, enlistment, 0, b"x");
        assert_eq!(refused, Status::INVALID_INFO_CLASS);
    });
}

/// Opens something; closes it if that went well.
fn open(open: impl FnOnce(PHANDLE, POBJECT_ATTRIBUTES) -> NTSTATUS) -> Status {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut handle = ptr::null_mut();
    let status = Status(open(&raw mut handle, &raw mut attributes));
    if status == Status::SUCCESS {
        close(handle);
    }
    status
}

#[test]
fn t18_objects_are_opened_by_their_identifiers() {
    with_all(|_, manager, enlistment| {
        let other = transaction_manager();
        let unknown: Id = [9; 16];
        let (_, bytes, _) = query(ZwQueryInformationEnlistment, enlistment, 0, 48);
        let [of_enlistment, of_transaction, of_resource_manager] =
            [0, 16, 32].map(|at| id(&bytes[at..]));
        let of_manager = manager_id(manager.transaction_manager);

        let transactions = |id: *const Id, manager| {
            // SAFETY: all places are live.
            open(|handle, attributes| unsafe {
                ZwOpenTransaction(handle, 1, attributes, id, manager)
            })
        };
        let (none, success) = (ptr::null_mut(), Status::SUCCESS);
        assert_eq!(transactions(&of_transaction, none), success);
        assert_eq!(
            transactions(&of_transaction, manager.transaction_manager),
            success
        );
        let missing = Status::TRANSACTION_NOT_FOUND;
        assert_eq!(transactions(&of_transaction, other), missing);
        assert_eq!(transactions(&unknown, none), missing);
        let invalid = Status::INVALID_PARAMETER;
        assert_eq!(transactions(ptr::null(), none), invalid);

        let managers = |id: *const Id, options| {
            // SAFETY: all places are live.
            open(|handle, attributes| unsafe {
                ZwOpenTransactionManager(handle, 1, attributes, ptr::null_mut(), id, options)
            })
        };
        assert_eq!(managers(&of_manager, 0), success);
        assert_eq!(managers(&unknown, 0), Status::TRANSACTIONMANAGER_NOT_FOUND);
        assert_eq!(managers(&of_manager, 1), invalid);
        assert_eq!(managers(ptr::null(), 0), invalid);

        let resource_managers = |manager, id: *const Id| {
            // SAFETY: all places are live.
            open(|handle, attributes| unsafe {
                ZwOpenResourceManager(handle, 1, manager, id, attributes)
            })
        };
        assert_eq!(
            resource_managers(manager.transaction_manager, &of_resource_manager),
            success
        );
        let missing = Status::RESOURCEMANAGER_NOT_FOUND;
        assert_eq!(resource_managers(other, &of_resource_manager), missing);
        assert_eq!(resource_managers(other, ptr::null()), invalid);

        let enlistments = |id: *const Id| {
            // SAFETY: all places are live.
            open(|handle, attributes| unsafe {
                ZwOpenEnlistment(handle, 1, manager.handle, id, attributes)
            })
        };
        assert_eq!(enlistments(&of_enlistment), success);
        assert_eq!(enlistments(&unknown), Status::ENLISTMENT_NOT_FOUND);
        assert_eq!(enlistments(ptr::null()), invalid);
        close(other);
    });
}

#[test]
fn t18_a_transaction_manager_may_have_a_name() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let make = |name: &str| {
        let mut name = Wide::new(name);
        let mut attributes = attributes(ptr::null_mut(), name.as_ptr());
        let (mut handle, none) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: all places are live.
        let status = Status(unsafe {
            ZwCreateTransactionManager(&raw mut handle, 1, &raw mut attributes, none, 1, 0)
        });
        status.to_result().map(|()| handle)
    };
    let find = |name: &str| {
        let mut name = Wide::new(name);
        let none = ptr::null_mut();
        open(|handle, attributes| {
            // SAFETY: the attributes are live.
            unsafe { (*attributes).ObjectName = name.as_ptr() };
            // SAFETY: all places are live.
            unsafe { ZwOpenTransactionManager(handle, 1, attributes, none, ptr::null(), 0) }
        })
    };
    let path = r"\TransactionManager\Test";
    assert_eq!(make("Test"), Err(Status::OBJECT_NAME_INVALID));
    let manager = make(path).unwrap();
    assert_eq!(find(&path.to_lowercase()), Status::SUCCESS);
    assert_eq!(make(path), Err(Status::OBJECT_NAME_COLLISION));
    close(manager);
    assert_eq!(find(path), Status::OBJECT_NAME_NOT_FOUND);
    close(make(path).unwrap());
    assert_clean(&machine);
}

/// `ZwEnumerateTransactionObject`, `at_once` identifiers a call.
fn list(root: HANDLE, kind: u32, at_once: usize) -> Result<Vec<Id>, Status> {
    let mut cursor = vec![0_u8; 20 + at_once * 16];
    let (mut found, mut length) = (Vec::new(), 0);
    loop {
        let place = cursor.as_mut_ptr().cast();
        // SAFETY: all places are live.
        let status = Status(unsafe {
            ZwEnumerateTransactionObject(root, kind, place, cursor.len() as u32, &raw mut length)
        });
        let count = u32::from_le_bytes(cursor[16..20].try_into().unwrap()) as usize;
        match status {
            Status::SUCCESS => {
                assert!((1..=at_once).contains(&count));
                assert_eq!(length as usize, 20 + count * 16);
                found.extend(cursor[20..][..count * 16].chunks_exact(16).map(id));
                assert_eq!(id(&cursor), found[found.len() - 1]);
            }
            Status::NO_MORE_ENTRIES => return Ok(found),
            refused => return Err(refused),
        }
    }
}

#[test]
fn t18_objects_are_listed() {
    with_all(|transaction, manager, enlistment| {
        let alone = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
        let other = transaction_manager();
        let sorted = |mut ids: Vec<Id>| {
            ids.sort();
            ids
        };
        let root = manager.transaction_manager;
        let none = ptr::null_mut();
        for at_once in [1, 5] {
            let list = |root, kind| list(root, kind, at_once).map(sorted);
            let both = sorted(vec![transaction_id(transaction), transaction_id(alone)]);
            assert_eq!(list(none, 0), Ok(both));
            assert_eq!(list(root, 0), Ok(vec![transaction_id(transaction)]));
            assert_eq!(list(other, 0), Ok(vec![]));
            let managers = sorted(vec![manager_id(root), manager_id(other)]);
            assert_eq!(list(none, 1), Ok(managers));
            assert_eq!(list(root, 2), Ok(vec![resource_manager_id(manager.handle)]));
            let (_, bytes, _) = query(ZwQueryInformationEnlistment, enlistment, 0, 48);
            assert_eq!(list(manager.handle, 3), Ok(vec![id(&bytes)]));
        }
        let invalid = Err(Status::INVALID_PARAMETER);
        assert_eq!(list(none, 0, 0), invalid);
        assert_eq!(list(none, 2, 1), invalid);
        assert_eq!(list(none, 3, 1), invalid);
        assert_eq!(list(root, 1, 1), invalid);
        assert_eq!(list(root, 4, 1), invalid);
        assert_eq!(list(root, 3, 1), Err(Status::OBJECT_TYPE_MISMATCH));
        close(other);
        close(alone);
    });
}

#[test]
fn t20_an_enlistments_key_is_counted() {
    with_all(|_, _, enlistment| {
        let object = KernelKeyless(enlistment).object();
        let reference = || {
            let mut key = ptr::null_mut();
            // SAFETY: all places are live.
            let status = unsafe { TmReferenceEnlistmentKey(object, &raw mut key) };
            (Status(status), key.addr())
        };
        let give_back = || {
            let mut last = 9;
            // SAFETY: all places are live.
            let status = unsafe { TmDereferenceEnlistmentKey(object, &raw mut last) };
            (Status(status), last)
        };
        // SAFETY: the place may be NULL.
        let nowhere = unsafe { TmReferenceEnlistmentKey(object, ptr::null_mut()) };
        assert_eq!(Status(nowhere), Status::INVALID_PARAMETER);
        assert_eq!(reference(), (Status::SUCCESS, 7));
        assert_eq!(give_back(), (Status::SUCCESS, 0));
        assert_eq!(give_back(), (Status::SUCCESS, 1));
        assert_eq!(give_back(), (Status::UNSUCCESSFUL, 9));
        assert_eq!(reference(), (Status::UNSUCCESSFUL, 0));
        dereference(object);
    });
}
