//! Making transaction managers and resource managers, and how notifications reach them.

use std::ptr;

use wdm_sim::{Rule, Status};
use wdm_sys::*;

use super::managers::*;
use super::*;
use crate::support::*;

unsafe extern "system" {
    fn ZwGetNotificationResourceManager(
        handle: HANDLE,
        notification: PVOID,
        length: ULONG,
        timeout: PLARGE_INTEGER,
        needed: PULONG,
        asynchronous: ULONG,
        context: PVOID,
    ) -> NTSTATUS;
    fn ZwRecoverTransactionManager(handle: HANDLE) -> NTSTATUS;
    fn ZwRollforwardTransactionManager(handle: HANDLE, clock: PLARGE_INTEGER) -> NTSTATUS;
}

fn create_manager(log: Option<&str>, options: u32, strength: u32) -> Status {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut log = log.map(Wide::new);
    let log = log.as_mut().map_or(ptr::null_mut(), |log| log.as_ptr());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateTransactionManager(
            &raw mut handle,
            1,
            &raw mut attributes,
            log,
            options,
            strength,
        )
    });
    if status == Status::SUCCESS {
        close(handle);
    }
    status
}

#[test]
fn t8_transaction_managers_are_volatile() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let log = Some(r"log:\??\C:\test");
    let invalid = Status::INVALID_PARAMETER;
    assert_eq!(
        create_manager(None, TRANSACTION_MANAGER_VOLATILE, 0),
        Status::SUCCESS
    );
    assert_eq!(
        create_manager(log, TRANSACTION_MANAGER_VOLATILE, 0),
        invalid
    );
    assert_eq!(create_manager(None, 0, 0), invalid);
    assert_eq!(
        create_manager(None, TRANSACTION_MANAGER_VOLATILE, 1),
        invalid
    );
    assert_eq!(create_manager(None, 0x41, 0), invalid);
    assert_eq!(create_manager(log, 0, 0), Status::NOT_SUPPORTED);

    let manager = transaction_manager();
    assert_eq!(
        resource_manager(manager, ptr::null_mut(), 0),
        Err(Status::TM_VOLATILE)
    );
    assert_eq!(resource_manager(manager, ptr::null_mut(), 5), Err(invalid));
    let mut id = GUID {
        Data1: 1,
        Data2: 2,
        Data3: 3,
        Data4: [4; 8],
    };
    let first = resource_manager(manager, &raw mut id, VOLATILE).unwrap();
    let collision = resource_manager(manager, &raw mut id, VOLATILE);
    assert_eq!(collision, Err(Status::OBJECT_NAME_COLLISION));
    let mismatch = Status::OBJECT_TYPE_MISMATCH;
    assert_eq!(
        resource_manager(first, ptr::null_mut(), VOLATILE),
        Err(mismatch)
    );
    // SAFETY: any number can be given.
    let recovered = [manager, first].map(|it| Status(unsafe { ZwRecoverTransactionManager(it) }));
    assert_eq!(recovered, [Status::TM_VOLATILE, mismatch]);
    // SAFETY: the clock may be NULL.
    let recovered = unsafe { ZwRollforwardTransactionManager(manager, ptr::null_mut()) };
    assert_eq!(Status(recovered), Status::TM_VOLATILE);
    close(first);
    close(manager);
    assert_clean(&machine);
}

#[test]
fn t9_parameters_are_as_the_pages_say() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    let refused = |options, mask| manager.enlist_with(transaction, options, mask, 0);
    let invalid = Err(Status::INVALID_PARAMETER);
    assert_eq!(refused(2, STEPS), invalid);
    assert_eq!(refused(0, 0), invalid);
    assert_eq!(
        refused(0, STEPS | TRANSACTION_NOTIFY_COMMIT_FINALIZE),
        invalid
    );
    let mismatch = Err(Status::OBJECT_TYPE_MISMATCH);
    assert_eq!(manager.enlist_with(manager.handle, 0, STEPS, 0), mismatch);
    assert_clean(&machine);
    close(transaction);
    assert_eq!(refused(0, STEPS), Err(Status::INVALID_HANDLE));
    assert_only(&machine, Rule::Handle, "ZwCreateEnlistment");
}

#[test]
fn t9_who_enlists_late_or_without_rollback_is_found() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    commit(transaction, true);
    let late = manager.enlist_with(transaction, 0, STEPS, 0);
    assert_eq!(late, Err(Status::TRANSACTION_NOT_ACTIVE));
    close(transaction);
    let finding = assert_only(&machine, Rule::T9, "ZwCreateEnlistment");
    assert!(finding.detail.contains("has ended"), "{finding}");

    let machine = self::machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    close(manager.enlist(transaction, COMMIT));
    close(transaction);
    let finding = assert_only(&machine, Rule::T9, "ZwCreateEnlistment");
    assert!(
        finding.detail.contains("TRANSACTION_NOTIFY_ROLLBACK"),
        "{finding}"
    );
}

/// `ZwGetNotificationResourceManager`: the key, the notification, and its argument.
fn next(manager: HANDLE, room: usize, timeout: i64) -> Result<(usize, u32, Vec<u8>), Status> {
    let mut buffer = [0_u64; 16];
    let mut timeout = LARGE_INTEGER { QuadPart: timeout };
    let mut needed = 0;
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwGetNotificationResourceManager(
            manager,
            buffer.as_mut_ptr().cast(),
            room as u32,
            &raw mut timeout,
            &raw mut needed,
            0,
            ptr::null_mut(),
        )
    });
    if status == Status::BUFFER_TOO_SMALL {
        assert!(needed as usize > room);
    }
    if status != Status::SUCCESS {
        return Err(status);
    }
    let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_le_bytes()).collect();
    let length = buffer[3] as u32 as usize;
    Ok((
        buffer[0] as usize,
        buffer[1] as u32,
        bytes[32..][..length].to_vec(),
    ))
}

#[test]
fn t10_notifications_wait_in_a_queue_for_who_asks() {
    let machine = machine();
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    let enlistment = manager.enlist_with(transaction, 0, STEPS, 5).unwrap();
    assert_eq!(next(manager.handle, 32, 0), Err(Status::TIMEOUT));
    assert_eq!(next(manager.handle, 32, -10_000), Err(Status::TIMEOUT));
    std::thread::scope(|scope| {
        let (machine, transaction) = (&machine, transaction.addr());
        scope.spawn(move || {
            let _thread = machine.system_process().enter();
            let ended = commit(ptr::without_provenance_mut(transaction), true);
            assert_eq!(ended, Status::SUCCESS);
        });
        for (step, complete) in [
            (PREPREPARE, zw_prepreparecomplete as fn(PVOID) -> Status),
            (PREPARE, zw_prepare_complete),
            (COMMIT, zw_commit_complete),
        ] {
            let told = next(manager.handle, 32, i64::MIN).unwrap();
            assert_eq!(told, (5, step, Vec::new()));
            assert_eq!(next(manager.handle, 32, 0), Err(Status::TIMEOUT));
            assert_eq!(complete(enlistment), Status::SUCCESS);
        }
    });
    close(enlistment);
    close(transaction);
    drop(manager);
    drop(thread);
    assert_clean(&machine);
}

#[test]
fn t10_a_buffer_that_is_too_small_loses_nothing() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    let enlistment = manager.enlist(transaction, STEPS);
    assert_eq!(roll_back(transaction, false), Status::PENDING);
    assert_eq!(next(manager.handle, 31, 0), Err(Status::BUFFER_TOO_SMALL));
    assert_eq!(next(manager.handle, 32, 0).unwrap().1, ROLLBACK);
    assert_eq!(zw_rollback_complete(enlistment), Status::SUCCESS);
    close(enlistment);
    close(transaction);
    drop(manager);
    assert_clean(&machine);
}

#[test]
fn t10_what_has_waited_is_told_when_callbacks_are_enabled() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let log = Log::default();
    let manager = Manager::with_queue();
    let enlistment = manager.enlist(transaction, STEPS);
    assert_eq!(commit(transaction, false), Status::PENDING);
    let enabled = manager.enable({
        let log = log.clone();
        move |told| {
            log.note(name(told.notification));
            answer(told.enlistment, told.notification)
        }
    });
    assert_eq!(enabled, Status::SUCCESS);
    assert_eq!(log.take(), ["preprepare", "prepare", "commit"]);
    assert_eq!(
        commit(transaction, true),
        Status::TRANSACTION_ALREADY_COMMITTED
    );
    close(enlistment);
    close(transaction);
    drop(manager);
    assert_clean(&machine);
}

#[test]
fn t10_a_resource_manager_has_one_callback_routine() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let manager = Manager::with_queue();
    let object = KernelKeyless(manager.handle).object();
    // SAFETY: without a routine nothing is called.
    let refused = unsafe { TmEnableCallbacks(object, None, ptr::null_mut()) };
    assert_eq!(Status(refused), Status::UNSUCCESSFUL);
    dereference(object);
    assert_eq!(manager.enable(|_| Status::SUCCESS), Status::SUCCESS);
    assert_clean(&machine);
    assert_eq!(manager.enable(|_| Status::SUCCESS), Status::UNSUCCESSFUL);
    assert_only(&machine, Rule::T10, "TmEnableCallbacks");
}

#[test]
fn t10_who_has_a_callback_routine_does_not_ask() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let manager = Manager::new(|_| Status::SUCCESS);
    assert_eq!(next(manager.handle, 32, 0), Err(Status::INVALID_PARAMETER));
    assert_only(&machine, Rule::T10, "ZwGetNotificationResourceManager");
}

#[test]
fn t10_the_clock_goes_on_and_is_set_forward_only() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let log = Log::default();
    let manager = Manager::new({
        let log = log.clone();
        move |told| {
            // SAFETY: the kernel gives a place for the call.
            let clock = unsafe { &mut *told.clock };
            // SAFETY: all members are made of the same bits.
            log.note(unsafe { clock.QuadPart }.to_string());
            match told.notification {
                PREPREPARE => clock.QuadPart = 1000,
                _ => clock.QuadPart = 5,
            }
            answer(told.enlistment, told.notification)
        }
    });
    let enlistment = manager.enlist(transaction, STEPS);
    assert_eq!(commit(transaction, true), Status::SUCCESS);
    assert_eq!(log.take(), ["1", "1001", "1002"]);
    close(enlistment);
    close(transaction);
    drop(manager);
    assert_clean(&machine);
}

#[test]
fn what_a_driver_leaves_open_or_unanswered_is_found_and_undone() {
    let machine = machine();
    let app = machine.process("app.exe");
    let transaction = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let made = std::sync::Arc::clone(&transaction);
    let watch = move |event: &Event<'_>| {
        if event.class == RegNtPreSetValueKey
            && event.transaction(event.set_value().Object).is_null()
        {
            let manager = std::mem::ManuallyDrop::new(Manager::new(|_| Status::PENDING));
            let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
            manager.enlist(transaction, STEPS);
            assert_eq!(commit(transaction, false), Status::PENDING);
            made.store(transaction.addr(), std::sync::atomic::Ordering::Relaxed);
        }
        Status::SUCCESS
    };
    run_driver(&machine, "forgetful", watch, || {
        let thread = app.enter();
        let key = thread.open_key(SYSTEM, ALL).unwrap();
        key.set_dword("a", 1).unwrap();
    });
    let findings = machine.report().findings;
    let details: Vec<_> = findings
        .iter()
        .map(|finding| finding.detail.as_str())
        .collect();
    assert!(
        findings
            .iter()
            .all(|finding| finding.call == "DriverUnload"),
        "{findings:#?}"
    );
    assert!(
        details[0].contains("TRANSACTION_NOTIFY_PREPREPARE is not completed"),
        "{details:?}"
    );
    assert_eq!(findings[0].rule, Rule::T11);
    let kinds = [
        "transaction manager object",
        "resource manager object",
        "transaction object",
        "enlistment object",
    ];
    for kind in kinds {
        let open = |detail: &&&str| detail.contains(&format!("to a {kind} is still open"));
        assert_eq!(
            details.iter().filter(open).count(),
            1,
            "{kind}: {details:?}"
        );
    }
    assert_eq!(findings.len(), 5, "{findings:#?}");
}
