//! R1 to R4.

use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use wdm_sim::{KeyAccess, Status};
use wdm_sys::*;

use crate::cm::{SYSTEM, Wide, unregister};
use crate::subject::{Subject, call, cases};

cases! {
    reserved_parameter: R1 at "CmRegisterCallbackEx" = Subject::entry(|driver, wrong| {
        let reserved = ptr::without_provenance_mut(usize::from(wrong));
        let (status, cookie) = register(driver, "380020", reserved);
        assert_eq!((status, unregister(cookie)), (Status::SUCCESS, Status::SUCCESS));
    });

    altitude_that_is_no_number: R2 at "CmRegisterCallbackEx" = Subject::entry(|driver, wrong| {
        let altitude = if wrong { "38 0020" } else { "380020" };
        let (status, cookie) = register(driver, altitude, ptr::null_mut());
        assert_eq!(status.is_success(), !wrong);
        if status.is_success() {
            assert_eq!(unregister(cookie), Status::SUCCESS);
        }
    });

    altitude_collision: R2 at "CmRegisterCallbackEx" = Subject::entry(|driver, wrong| {
        let (_, first) = register(driver, "380020", ptr::null_mut());
        let altitude = if wrong { "380020" } else { "380020.5" };
        let (status, second) = register(driver, altitude, ptr::null_mut());
        assert_eq!(unregister(first), Status::SUCCESS);
        if status.is_success() {
            assert_eq!(unregister(second), Status::SUCCESS);
        }
    });

    cookie_that_is_not_there_yet: R3 at "CmSetCallbackObjectContext" = Subject {
        machine: |builder| builder.publish_cookie_late(true),
        callback: Some(|event, wrong| {
            if let Some(object) = event.opened_object()
                && (wrong || event.cookie() != 0)
            {
                event.set_context(object, 0x10);
            }
            Status::SUCCESS
        }),
        ..Subject::IDLE
    };

    unregistering_inside_the_callback: R4 at "CmUnRegisterCallback" = Subject::callback(
        |event, wrong| {
            if wrong && event.class == RegNtPreOpenKeyEx {
                assert_eq!(unregister(event.cookie()), Status::POSSIBLE_DEADLOCK);
            }
            Status::SUCCESS
        },
    );

    unregistering_twice: R4 at "CmUnRegisterCallback" = Subject::entry(|driver, wrong| {
        let (_, cookie) = register(driver, "380020", ptr::null_mut());
        for _ in 0..1 + usize::from(wrong) {
            unregister(cookie);
        }
    });

    unload_that_leaves_a_callback: R4 at "DriverUnload" = Subject {
        unregisters: false,
        ..Subject::callback(|_, _| Status::SUCCESS)
    };

    unregistering_under_the_callbacks_lock: R4 at "CmUnRegisterCallback" = Subject {
        entry: |driver, _| {
            FILTER.lock().unwrap().replace(register(driver, "380020", ptr::null_mut()).1);
        },
        during: |machine| {
            let app = machine.process("app.exe");
            drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
        },
        unload: |_, wrong| {
            let cookie = FILTER.lock().unwrap().take().unwrap();
            if wrong {
                call!(ExAcquirePushLockExclusive(LOCK.as_ptr()));
                assert_eq!(unregister(cookie), Status::POSSIBLE_DEADLOCK);
                call!(ExReleasePushLockExclusive(LOCK.as_ptr()));
            }
            assert_eq!(unregister(cookie), Status::SUCCESS);
        },
        ..Subject::IDLE
    };
}

static FILTER: Mutex<Option<i64>> = Mutex::new(None);

/// A push lock that is free.
static LOCK: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" {
    fn ExAcquirePushLockExclusiveEx(lock: *mut usize, flags: u32);
    fn ExReleasePushLockExclusiveEx(lock: *mut usize, flags: u32);
}

/// Takes a push lock in a critical region.
///
/// # Safety
/// `lock` is a push lock.
#[allow(non_snake_case, reason = "the routine's name")]
unsafe fn ExAcquirePushLockExclusive(lock: *mut usize) {
    call!(KeEnterCriticalRegion());
    call!(ExAcquirePushLockExclusiveEx(lock, 0));
}

/// Releases it again.
///
/// # Safety
/// As above.
#[allow(non_snake_case, reason = "the routine's name")]
unsafe fn ExReleasePushLockExclusive(lock: *mut usize) {
    call!(ExReleasePushLockExclusiveEx(lock, 0));
    call!(KeLeaveCriticalRegion());
}

/// A callback that takes the lock.
unsafe extern "system" fn locking(_: PVOID, _: PVOID, _: PVOID) -> NTSTATUS {
    call!(ExAcquirePushLockExclusive(LOCK.as_ptr()));
    call!(ExReleasePushLockExclusive(LOCK.as_ptr()));
    0
}

/// `CmRegisterCallbackEx`: the status and the cookie.
fn register(driver: PDRIVER_OBJECT, altitude: &str, reserved: PVOID) -> (Status, i64) {
    let mut altitude = Wide::new(altitude);
    let mut cookie = LARGE_INTEGER { QuadPart: 0 };
    let status = call!(CmRegisterCallbackEx(
        Some(locking),
        altitude.as_ptr(),
        driver.cast(),
        ptr::null_mut(),
        &raw mut cookie,
        reserved
    ));
    // SAFETY: all members of the union are numbers of eight bytes.
    (Status(status), unsafe { cookie.QuadPart })
}
