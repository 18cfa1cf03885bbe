//! As `sys/version.c`, and as the user-mode side asks for the version in `exe/regctrl.c`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use wdm_sim::{Machine, Profile, Status};
use wdm_sys::*;

use crate::support::*;

/// Denies opens whose access is checked, and no others: a callback at the bottom plays the part of a
/// security descriptor that protects a key.
fn protect(machine: &Machine) -> Filter {
    register(
        machine,
        "380000",
        at(RegNtPreOpenKeyEx, |event| {
            match event.open().CheckAccessMode {
                KERNEL_MODE => Status::SUCCESS,
                _ => Status::ACCESS_DENIED,
            }
        }),
    )
}

/// `KernelMode`, as the structure has it.
const KERNEL_MODE: KPROCESSOR_MODE = 0;

/// A kernel-mode caller that wants its access checked opens a protected key. The callback replays
/// the open: with the caller's attributes it fails as the caller's does, without them it succeeds,
/// so only who has version 1 of the structure replays it faithfully.
#[test]
fn regfltr_create_open_v1() {
    for (profile, replays) in [(Profile::Vista, false), (Profile::Win7, true)] {
        let machine = machine_like(profile);
        let log = Log::default();
        let replaying = register(&machine, "380010", {
            let log = log.clone();
            at(RegNtPreOpenKeyEx, move |event| {
                let info = event.open();
                if info.Version != 1 {
                    return Status::SUCCESS;
                }
                let root = kernel_handle(info.RootObject);
                let name = text(info.RemainingName);
                assert_ne!(info.Attributes & OBJ_FORCE_ACCESS_CHECK, 0);
                let same = info.Attributes | OBJ_KERNEL_HANDLE;
                for flags in [same, OBJ_KERNEL_HANDLE] {
                    log.note(format!("{:?}", kernel_open(root.0, &name, flags).map(drop)));
                }
                Status::SUCCESS
            })
        });
        let protecting = (profile >= Profile::Win7).then(|| protect(&machine));
        let thread = machine.system_process().enter();
        let flags = OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK;
        let opened = kernel_open(std::ptr::null_mut(), SYSTEM, flags).map(drop);
        if replays {
            assert_eq!(opened, Err(Status::ACCESS_DENIED));
            let denied = format!("{opened:?}");
            assert_eq!(log.take(), [denied, "Ok(())".to_owned()]);
        }
        assert_eq!(
            log.take(),
            [""; 0],
            "version 0 has no attributes to replay with"
        );
        drop(thread);
        unregister_all(&machine, protecting.into_iter().chain([replaying]));
        assert_clean(&machine);
    }
}

#[test]
fn regfltr_callback_version() {
    // A driver tells a program the version that it found; what the notifications are like agrees.
    for profile in [Profile::Vista, Profile::Win7, Profile::Win10] {
        let machine = machine_like(profile);
        let seen = Arc::new(AtomicUsize::new(usize::MAX));
        let filter = register(&machine, "380010", {
            let seen = Arc::clone(&seen);
            at(RegNtPreOpenKeyEx, move |_| {
                let (mut major, mut minor) = (0, 0);
                // SAFETY: both places are live.
                unsafe { CmGetCallbackVersion(&raw mut major, &raw mut minor) };
                seen.store((major * 10 + minor) as usize, SeqCst);
                Status::SUCCESS
            })
        });
        let app = machine.process("app.exe");
        drop(app.enter().open_key(SYSTEM, ALL).unwrap());
        let expected = if profile == Profile::Vista { 10 } else { 11 };
        assert_eq!(seen.load(SeqCst), expected, "{profile}");
        unregister_all(&machine, [filter]);
        assert_clean(&machine);
    }
}
