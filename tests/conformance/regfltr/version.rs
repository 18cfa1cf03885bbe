//! As `sys/version.c`, and as the user-mode side asks for the version in `exe/regctrl.c`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use wdm_sim::{Profile, Sid, Status};
use wdm_sys::*;

use crate::protection::*;
use crate::support::*;

/// A kernel-mode caller that wants its access checked opens a key, whose descriptor lets nobody delete
/// it, to delete it. The callback replays the open: with the caller's attributes it fails as the
/// caller's does, without them it succeeds, so only who has version 1 of the structure replays it
/// faithfully.
#[test]
fn regfltr_create_open_v1() {
    for (profile, replayed) in [(Profile::Vista, 0), (Profile::Win7, 2)] {
        let machine = machine_like(profile);
        let everyone = sid(Sid::EVERYONE);
        let entries = [deny(&everyone, DELETE), allow(&everyone, KEY_ALL_ACCESS)];
        protect(
            &machine,
            TEST,
            &descriptor(&sid(Sid::LOCAL_SYSTEM), &entries),
        );
        let log = Log::default();
        let filter = register(&machine, "380010", {
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
                    let replay = kernel_open(root.0, &name, info.DesiredAccess, flags);
                    log.note(format!("{:?}", replay.map(drop)));
                }
                Status::SUCCESS
            })
        });
        let thread = machine.system_process().enter();
        let flags = OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK;
        let opened = kernel_open(std::ptr::null_mut(), TEST, DELETE, flags).map(drop);
        assert_eq!(opened, Err(Status::ACCESS_DENIED), "{profile}");
        // Version 0 has no attributes to replay with.
        let expected = [format!("{opened:?}"), "Ok(())".to_owned()];
        assert_eq!(log.take(), expected[..replayed], "{profile}");
        drop(thread);
        unregister_all(&machine, [filter]);
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
