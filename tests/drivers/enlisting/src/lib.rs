//! A driver for tests: a registry filter that hears how the transactions end which keys are created
//! in (T9 to T11), as filters that keep a record of such keys must.
//!
//! It has a volatile transaction manager and resource manager, enlists in the transaction of each
//! create in its callback, says what it is told, and answers at once. A key that is created to be read
//! only has it roll the transaction back when it is asked to prepare.

#![no_std]

use core::convert::Infallible;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use cm_callback::operation::CreateKey;
use cm_callback::{CallbackObject, Pre, PreOutcome, Registered, RegistryCallback, altitude};
use wdm_safe::{Driver, Init, NtStatus, Result, driver, info};
use wdm_sys::{
    HANDLE, KeyAccess, LARGE_INTEGER, NTSTATUS, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES,
    ObReferenceObjectByHandle, ObfDereferenceObject, TRANSACTION_MANAGER_VOLATILE,
    TRANSACTION_NOTIFY_COMMIT, TRANSACTION_NOTIFY_PREPARE, TRANSACTION_NOTIFY_ROLLBACK, ZwClose,
};

type Notification = unsafe extern "system" fn(
    *mut c_void,
    *mut c_void,
    *mut c_void,
    u32,
    *mut LARGE_INTEGER,
    u32,
    *mut c_void,
) -> NTSTATUS;

#[cfg_attr(
    all(windows, feature = "kernel"),
    link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")
)]
unsafe extern "system" {
    fn ZwCreateTransactionManager(
        handle: *mut HANDLE,
        access: u32,
        attributes: *mut OBJECT_ATTRIBUTES,
        log: *mut c_void,
        options: u32,
        strength: u32,
    ) -> NTSTATUS;
    fn ZwCreateResourceManager(
        handle: *mut HANDLE,
        access: u32,
        manager: HANDLE,
        id: *mut c_void,
        attributes: *mut OBJECT_ATTRIBUTES,
        options: u32,
        description: *mut c_void,
    ) -> NTSTATUS;
    fn TmEnableCallbacks(manager: *mut c_void, routine: Notification, key: *mut c_void)
    -> NTSTATUS;
    fn TmCreateEnlistment(
        handle: *mut HANDLE,
        mode: i8,
        access: u32,
        attributes: *mut OBJECT_ATTRIBUTES,
        manager: *mut c_void,
        transaction: *mut c_void,
        options: u32,
        mask: u32,
        key: *mut c_void,
    ) -> NTSTATUS;
    fn TmPrepareComplete(enlistment: *mut c_void, clock: *mut LARGE_INTEGER) -> NTSTATUS;
    fn TmCommitComplete(enlistment: *mut c_void, clock: *mut LARGE_INTEGER) -> NTSTATUS;
    fn TmRollbackComplete(enlistment: *mut c_void, clock: *mut LARGE_INTEGER) -> NTSTATUS;
    fn TmRollbackEnlistment(enlistment: *mut c_void, clock: *mut LARGE_INTEGER) -> NTSTATUS;
}

const ENLISTMENT_SUBORDINATE_RIGHTS: u32 = 8;
const RESOURCE_MANAGER_VOLATILE: u32 = 1;

/// The one enlistment at a time that tests need.
static ENLISTMENT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
/// Whether it rolls back.
static REFUSES: AtomicBool = AtomicBool::new(false);

fn attributes() -> OBJECT_ATTRIBUTES {
    OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: null_mut(),
        ObjectName: null_mut(),
        Attributes: OBJ_KERNEL_HANDLE,
        SecurityDescriptor: null_mut(),
        SecurityQualityOfService: null_mut(),
    }
}

/// A kernel handle. Dropping it closes it.
struct Owned(HANDLE);

// SAFETY: a kernel handle is good on any thread.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle is open.
        unsafe { ZwClose(self.0) };
    }
}

/// The resource manager: its object, with a reference, and the handles.
struct Manager {
    object: AtomicPtr<c_void>,
    _resource: Owned,
    _transaction: Owned,
}

impl Manager {
    fn new() -> Result<Self> {
        let (mut transaction, mut resource, mut object) = (null_mut(), null_mut(), null_mut());
        let mut attributes = attributes();
        // SAFETY: all places are live, here and below.
        let status = unsafe {
            ZwCreateTransactionManager(
                &raw mut transaction,
                0x000F_003F,
                &raw mut attributes,
                null_mut(),
                TRANSACTION_MANAGER_VOLATILE,
                0,
            )
        };
        NtStatus::from_raw(status).to_result()?;
        let transaction = Owned(transaction);
        // SAFETY: as above.
        let status = unsafe {
            ZwCreateResourceManager(
                &raw mut resource,
                0x001F_007F,
                transaction.0,
                null_mut(),
                &raw mut attributes,
                RESOURCE_MANAGER_VOLATILE,
                null_mut(),
            )
        };
        NtStatus::from_raw(status).to_result()?;
        let resource = Owned(resource);
        // SAFETY: as above.
        let status = unsafe {
            ObReferenceObjectByHandle(resource.0, 0, null_mut(), 0, &raw mut object, null_mut())
        };
        NtStatus::from_raw(status).to_result()?;
        let new = Self {
            object: AtomicPtr::new(object),
            _resource: resource,
            _transaction: transaction,
        };
        // SAFETY: the object is referenced, and the routine needs no key.
        let status = unsafe { TmEnableCallbacks(object, told, null_mut()) };
        NtStatus::from_raw(status).to_result().map(|()| new)
    }

    fn enlist(&self, transaction: usize) -> NtStatus {
        let mut attributes = attributes();
        // SAFETY: the places are live; the transaction is that of an operation under way.
        NtStatus::from_raw(unsafe {
            TmCreateEnlistment(
                ENLISTMENT.as_ptr(),
                0,
                ENLISTMENT_SUBORDINATE_RIGHTS,
                &raw mut attributes,
                self.object.load(Ordering::Relaxed),
                core::ptr::with_exposed_provenance_mut(transaction),
                0,
                TRANSACTION_NOTIFY_PREPARE
                    | TRANSACTION_NOTIFY_COMMIT
                    | TRANSACTION_NOTIFY_ROLLBACK,
                null_mut(),
            )
        })
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // SAFETY: the reference is our own.
        unsafe { ObfDereferenceObject(*self.object.get_mut()) };
    }
}

/// The resource manager's callback routine.
///
/// # Safety
/// The transaction manager calls it, with an enlistment object.
unsafe extern "system" fn told(
    enlistment: *mut c_void,
    _manager_key: *mut c_void,
    _key: *mut c_void,
    notification: u32,
    clock: *mut LARGE_INTEGER,
    _length: u32,
    _argument: *mut c_void,
) -> NTSTATUS {
    let (name, answer): (_, unsafe extern "system" fn(_, _) -> _) = match notification {
        TRANSACTION_NOTIFY_PREPARE if REFUSES.load(Ordering::Relaxed) => {
            ("prepare, refused", TmRollbackEnlistment)
        }
        TRANSACTION_NOTIFY_PREPARE => ("prepare", TmPrepareComplete),
        TRANSACTION_NOTIFY_COMMIT => ("commit", TmCommitComplete),
        _ => ("rollback", TmRollbackComplete),
    };
    info!("{name}");
    // SAFETY: the kernel gave the enlistment and the clock.
    let status = unsafe { answer(enlistment, clock) };
    if notification != TRANSACTION_NOTIFY_PREPARE {
        // The transaction has ended, so closing the handle changes nothing.
        drop(Owned(ENLISTMENT.swap(null_mut(), Ordering::Relaxed)));
    }
    status
}

struct Filter(Manager);

impl RegistryCallback for Filter {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        let Some(transaction) = op.transaction() else {
            return op.pass();
        };
        let refused = op.desired_access() == KeyAccess::READ;
        REFUSES.store(refused, Ordering::Relaxed);
        match self.0.enlist(transaction.address()).error() {
            Some(error) => op.block(error),
            None => op.pass(),
        }
    }
}

struct Enlisting {
    _object: CallbackObject<Filter, Registered>,
}

impl Driver for Enlisting {
    fn init(init: &Init<'_>) -> Result<Self> {
        let filter = Filter(Manager::new()?);
        Ok(Self {
            _object: CallbackObject::new(filter, altitude!("370002"))?.register(init)?,
        })
    }
}

driver!(Enlisting);
