//! Resource managers for tests, whose callback routines are closures.

use std::ptr;
use std::sync::Arc;

use wdm_sim::Status;
use wdm_sys::*;

use crate::support::*;

pub(crate) const PREPREPARE: u32 = TRANSACTION_NOTIFY_PREPREPARE;
pub(crate) const PREPARE: u32 = TRANSACTION_NOTIFY_PREPARE;
pub(crate) const COMMIT: u32 = TRANSACTION_NOTIFY_COMMIT;
pub(crate) const ROLLBACK: u32 = TRANSACTION_NOTIFY_ROLLBACK;
pub(crate) const SINGLE: u32 = TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT;
/// What every resource manager should ask for.
pub(crate) const STEPS: u32 = PREPREPARE | PREPARE | COMMIT | ROLLBACK;

/// `ENLISTMENT_SUPERIOR`.
pub(crate) const SUPERIOR: u32 = 1;
/// `ENLISTMENT_ALL_ACCESS`.
pub(crate) const ENLISTMENT_ALL_ACCESS: u32 = 0x000F_001F;
/// `RESOURCE_MANAGER_VOLATILE`.
pub(crate) const VOLATILE: u32 = 1;

type Routine =
    unsafe extern "system" fn(PVOID, PVOID, PVOID, u32, *mut LARGE_INTEGER, u32, PVOID) -> NTSTATUS;

unsafe extern "system" {
    pub(crate) fn ZwCreateTransactionManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        log: PUNICODE_STRING,
        options: ULONG,
        strength: ULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwCreateResourceManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        manager: HANDLE,
        id: LPGUID,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
        description: PUNICODE_STRING,
    ) -> NTSTATUS;
    pub(crate) fn ZwCreateEnlistment(
        handle: PHANDLE,
        access: ACCESS_MASK,
        manager: HANDLE,
        transaction: HANDLE,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
        mask: ULONG,
        key: PVOID,
    ) -> NTSTATUS;
    pub(crate) fn TmEnableCallbacks(
        manager: PVOID,
        routine: Option<Routine>,
        key: PVOID,
    ) -> NTSTATUS;
    fn ExUuidCreate(id: LPGUID) -> NTSTATUS;
}

/// Wraps routines that take an enlistment's object or handle, and a clock.
macro_rules! answers {
    ($($name:ident $export:ident;)*) => {$(
        pub(crate) fn $name(enlistment: PVOID) -> Status {
            unsafe extern "system" {
                fn $export(enlistment: PVOID, clock: PLARGE_INTEGER) -> NTSTATUS;
            }
            // SAFETY: the simulated kernel copes with any enlistment; the clock may be NULL.
            Status(unsafe { $export(enlistment, ptr::null_mut()) })
        }
    )*};
}

answers! {
    prepreparecomplete TmPrePrepareComplete;
    prepare_complete TmPrepareComplete;
    commit_complete TmCommitComplete;
    rollback_complete TmRollbackComplete;
    single_phase_reject TmSinglePhaseReject;
    read_only TmReadOnlyEnlistment;
    roll_back_enlistment TmRollbackEnlistment;
    preprepare_enlistment TmPrePrepareEnlistment;
    prepare_enlistment TmPrepareEnlistment;
    commit_enlistment TmCommitEnlistment;
    request_outcome TmRequestOutcomeEnlistment;
    zw_prepreparecomplete ZwPrePrepareComplete;
    zw_prepare_complete ZwPrepareComplete;
    zw_commit_complete ZwCommitComplete;
    zw_rollback_complete ZwRollbackComplete;
    zw_read_only ZwReadOnlyEnlistment;
    zw_roll_back_enlistment ZwRollbackEnlistment;
    recover_enlistment ZwRecoverEnlistment;
}

/// Answers what a notification asks for, with the routine that belongs to it.
pub(crate) fn answer(enlistment: PVOID, notification: u32) -> Status {
    match notification {
        PREPREPARE => prepreparecomplete(enlistment),
        PREPARE => prepare_complete(enlistment),
        COMMIT | SINGLE => commit_complete(enlistment),
        ROLLBACK => rollback_complete(enlistment),
        _ => Status::SUCCESS,
    }
}

/// A notification's name, as logs have it.
pub(crate) fn name(notification: u32) -> &'static str {
    match notification {
        PREPREPARE => "preprepare",
        PREPARE => "prepare",
        COMMIT => "commit",
        ROLLBACK => "rollback",
        SINGLE => "single-phase commit",
        TRANSACTION_NOTIFY_PREPREPARE_COMPLETE => "preprepare complete",
        TRANSACTION_NOTIFY_PREPARE_COMPLETE => "prepare complete",
        TRANSACTION_NOTIFY_COMMIT_COMPLETE => "commit complete",
        TRANSACTION_NOTIFY_ROLLBACK_COMPLETE => "rollback complete",
        TRANSACTION_NOTIFY_COMMIT_REQUEST => "commit request",
        TRANSACTION_NOTIFY_REQUEST_OUTCOME => "request outcome",
        TRANSACTION_NOTIFY_RM_DISCONNECTED => "disconnected",
        TRANSACTION_NOTIFY_RECOVER => "recover",
        TRANSACTION_NOTIFY_LAST_RECOVER => "last recover",
        TRANSACTION_NOTIFY_INDOUBT => "in doubt",
        _ => "unknown",
    }
}

/// What a callback routine is told.
pub(crate) struct Told {
    pub(crate) enlistment: PVOID,
    pub(crate) key: usize,
    pub(crate) notification: u32,
    pub(crate) clock: *mut LARGE_INTEGER,
    pub(crate) argument: Vec<u8>,
}

type Body = dyn Fn(&Told) -> Status + Send + Sync;

unsafe extern "system" fn trampoline(
    enlistment: PVOID,
    manager_key: PVOID,
    key: PVOID,
    notification: u32,
    clock: *mut LARGE_INTEGER,
    length: u32,
    argument: PVOID,
) -> NTSTATUS {
    // SAFETY: the key is the body, which is leaked.
    let body = unsafe { &*manager_key.cast::<Arc<Body>>() };
    let argument = match length {
        0 => Vec::new(),
        // SAFETY: the kernel gave that many bytes.
        _ => unsafe { std::slice::from_raw_parts(argument.cast::<u8>(), length as usize) }.to_vec(),
    };
    // SAFETY: any thread of a machine may ask.
    assert_eq!(unsafe { KeGetCurrentIrql() }, 0);
    body(&Told {
        enlistment,
        key: key.addr(),
        notification,
        clock,
        argument,
    })
    .0
}

/// A volatile resource manager with a transaction manager of its own. Dropping it closes both.
pub(crate) struct Manager {
    pub(crate) transaction_manager: HANDLE,
    pub(crate) handle: HANDLE,
}

impl Manager {
    /// One whose notifications go to a queue.
    pub(crate) fn with_queue() -> Self {
        let transaction_manager = transaction_manager();
        let mut id = GUID {
            Data1: 0,
            Data2: 0,
            Data3: 0,
            Data4: [0; 8],
        };
        // SAFETY: the place is live.
        assert_eq!(unsafe { ExUuidCreate(&raw mut id) }, 0);
        let handle = resource_manager(transaction_manager, &raw mut id, VOLATILE).unwrap();
        Self {
            transaction_manager,
            handle,
        }
    }

    /// One whose notifications go to a callback routine.
    pub(crate) fn new(body: impl Fn(&Told) -> Status + Send + Sync + 'static) -> Self {
        let new = Self::with_queue();
        assert_eq!(new.enable(body), Status::SUCCESS);
        new
    }

    /// `TmEnableCallbacks`.
    pub(crate) fn enable(&self, body: impl Fn(&Told) -> Status + Send + Sync + 'static) -> Status {
        let body: Arc<Body> = Arc::new(body);
        let key = Box::into_raw(Box::new(body)).cast();
        let object = KernelKeyless(self.handle).object();
        // SAFETY: the body is leaked, so the routine can be called at any time.
        let status = Status(unsafe { TmEnableCallbacks(object, Some(trampoline), key) });
        dereference(object);
        status
    }

    /// One that answers everything at once, and notes what it is told: its name and the notification.
    pub(crate) fn obedient(name: &'static str, log: &Log) -> Self {
        let log = log.clone();
        Self::new(move |told| {
            log.note(format!("{name}: {}", self::name(told.notification)));
            answer(told.enlistment, told.notification)
        })
    }

    /// `ZwCreateEnlistment` with a kernel handle.
    pub(crate) fn enlist(&self, transaction: HANDLE, mask: u32) -> HANDLE {
        self.enlist_with(transaction, 0, mask, 0).unwrap()
    }

    /// `ZwCreateEnlistment` with a kernel handle.
    pub(crate) fn enlist_with(
        &self,
        transaction: HANDLE,
        options: u32,
        mask: u32,
        key: usize,
    ) -> Result<HANDLE, Status> {
        let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
        let mut handle = ptr::null_mut();
        // SAFETY: all places are live; the kernel only carries the key.
        let status = Status(unsafe {
            ZwCreateEnlistment(
                &raw mut handle,
                ENLISTMENT_ALL_ACCESS,
                self.handle,
                transaction,
                &raw mut attributes,
                options,
                mask,
                ptr::without_provenance_mut(key),
            )
        });
        status.to_result().map(|()| handle)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        drop(KernelKey(self.handle));
        drop(KernelKey(self.transaction_manager));
    }
}

/// A handle whose object is wanted.
pub(crate) struct KernelKeyless(pub(crate) HANDLE);

impl KernelKeyless {
    /// `ObReferenceObjectByHandle`.
    pub(crate) fn object(&self) -> PVOID {
        let borrowed = std::mem::ManuallyDrop::new(KernelKey(self.0));
        borrowed.object()
    }
}

/// `ZwCreateTransactionManager`, volatile, with a kernel handle.
pub(crate) fn transaction_manager() -> HANDLE {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateTransactionManager(
            &raw mut handle,
            0x000F_003F,
            &raw mut attributes,
            ptr::null_mut(),
            TRANSACTION_MANAGER_VOLATILE,
            0,
        )
    });
    assert_eq!(status, Status::SUCCESS);
    handle
}

/// `ZwCreateResourceManager` with a kernel handle.
pub(crate) fn resource_manager(
    transaction_manager: HANDLE,
    id: LPGUID,
    options: u32,
) -> Result<HANDLE, Status> {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut description = Wide::new("tested");
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateResourceManager(
            &raw mut handle,
            0x001F_007F,
            transaction_manager,
            id,
            &raw mut attributes,
            options,
            description.as_ptr(),
        )
    });
    status.to_result().map(|()| handle)
}

/// `TmCreateEnlistment` of a resource manager's object, with a kernel handle.
pub(crate) fn enlist_object(manager: PVOID, transaction: HANDLE) -> Result<HANDLE, Status> {
    unsafe extern "system" {
        fn TmCreateEnlistment(
            handle: PHANDLE,
            mode: KPROCESSOR_MODE,
            access: ACCESS_MASK,
            attributes: POBJECT_ATTRIBUTES,
            manager: PVOID,
            transaction: PVOID,
            options: ULONG,
            mask: ULONG,
            key: PVOID,
        ) -> NTSTATUS;
    }
    let transaction = KernelKeyless(transaction).object();
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        TmCreateEnlistment(
            &raw mut handle,
            0,
            ENLISTMENT_ALL_ACCESS,
            &raw mut attributes,
            manager,
            transaction,
            0,
            STEPS,
            ptr::null_mut(),
        )
    });
    dereference(transaction);
    status.to_result().map(|()| handle)
}

/// `TmIsTransactionActive`.
pub(crate) fn is_active(transaction: HANDLE) -> bool {
    unsafe extern "system" {
        fn TmIsTransactionActive(transaction: PVOID) -> BOOLEAN;
    }
    let object = KernelKeyless(transaction).object();
    // SAFETY: the object is referenced.
    let active = unsafe { TmIsTransactionActive(object) };
    dereference(object);
    active != 0
}

/// `ZwQueryInformation*` of a handle: the status, and what was written.
pub(crate) fn query(
    routine: unsafe extern "system" fn(HANDLE, u32, PVOID, ULONG, PULONG) -> NTSTATUS,
    handle: HANDLE,
    class: u32,
    room: usize,
) -> (Status, Vec<u8>, u32) {
    let mut bytes = vec![0xEE; room];
    let mut length = 77;
    let place = bytes.as_mut_ptr().cast();
    // SAFETY: all places are live.
    let status = unsafe { routine(handle, class, place, room as u32, &raw mut length) };
    bytes.truncate(length as usize);
    (Status(status), bytes, length)
}

/// `ZwSetInformation*` of a handle.
pub(crate) fn set(
    routine: unsafe extern "system" fn(HANDLE, u32, PVOID, ULONG) -> NTSTATUS,
    handle: HANDLE,
    class: u32,
    bytes: &[u8],
) -> Status {
    let place = bytes.as_ptr().cast_mut().cast();
    // SAFETY: the place is live.
    Status(unsafe { routine(handle, class, place, bytes.len() as u32) })
}

unsafe extern "system" {
    pub(crate) fn ZwSetInformationTransaction(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwQueryInformationTransaction(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS;
}

/// `TRANSACTION_PROPERTIES_INFORMATION` with a time-out and a description.
pub(crate) fn properties(timeout: i64, description: &str) -> Vec<u8> {
    let units: Vec<u8> = description
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut bytes = vec![0; 8];
    bytes.extend(timeout.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend((units.len() as u32).to_le_bytes());
    bytes.extend(units);
    bytes
}

/// Sets a transaction's time-out with `ZwSetInformationTransaction`.
pub(crate) fn set_timeout(transaction: HANDLE, timeout: i64) {
    let status = set(
        ZwSetInformationTransaction,
        transaction,
        1,
        &properties(timeout, ""),
    );
    assert_eq!(status, Status::SUCCESS);
}
