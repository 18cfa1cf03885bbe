//! Change notification.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wdm_safe::registry::{
    KeyAccess, KeyChanges, KeyOptions, KeyRequest, KeyWatch, RegKey, SecurityInformation, ValueRef,
    WatchScope,
};
use wdm_safe::{NtError, Passive, UnicodeStr, unicode};

use crate::support::{HOME, passive, with_key};

/// Longer than any test takes: it only keeps a test that fails from waiting for ever.
const LONG: Option<Duration> = Some(Duration::from_secs(60));

fn below(key: &RegKey, name: &UnicodeStr, at: Passive<'_>) -> RegKey {
    let made = key.create_below(name, KeyAccess::ALL, KeyOptions::empty(), at);
    made.expect("it is created").0
}

fn set(key: &RegKey, number: u32, at: Passive<'_>) {
    key.set_value(unicode!("Number"), ValueRef::Dword(number), at)
        .expect("it is set");
}

#[test]
fn w1_each_kind_of_change_is_told_to_those_who_asked_for_it() {
    type Make = fn(&RegKey, Passive<'_>);
    let kinds: [(KeyChanges, Make); 6] = [
        (KeyChanges::NAMES, |key, at| {
            drop(below(key, unicode!("New"), at))
        }),
        (KeyChanges::NAMES, |key, at| {
            below(key, unicode!("Old"), at)
                .rename(unicode!("Older"), at)
                .expect("it is renamed");
        }),
        (KeyChanges::NAMES, |key, at| {
            below(key, unicode!("Old"), at)
                .delete(at)
                .expect("it is deleted");
        }),
        (KeyChanges::VALUES, |key, at| set(key, 2, at)),
        (KeyChanges::VALUES, |key, at| {
            key.delete_value(unicode!("Number"), at)
                .expect("it is deleted");
        }),
        (KeyChanges::SECURITY | KeyChanges::ATTRIBUTES, |key, at| {
            let same = key
                .security(SecurityInformation::empty(), at)
                .expect("it has one");
            key.set_security(SecurityInformation::empty(), &same, at)
                .expect("it is set");
        }),
    ];
    for (changes, make) in kinds {
        for asked in [
            KeyChanges::NAMES,
            KeyChanges::ATTRIBUTES,
            KeyChanges::VALUES,
            KeyChanges::SECURITY,
        ] {
            with_key(|_, home, at| {
                let (key, deeper) = (below(home, unicode!("Key"), at), unicode!(r"Key\Deeper"));
                let deeper = below(home, deeper, at);
                drop(below(&key, unicode!("Old"), at));
                set(&key, 1, at);
                let mut its = key
                    .watch(asked, WatchScope::Key, at)
                    .expect("it is watched");
                let mut tree = home
                    .watch(asked, WatchScope::Tree, at)
                    .expect("it is watched");
                let mut above = home
                    .watch(asked, WatchScope::Key, at)
                    .expect("it is watched");
                let mut sub = deeper
                    .watch(asked, WatchScope::Tree, at)
                    .expect("it is watched");
                make(&key, at);
                let told = changes.intersects(asked);
                assert_eq!(its.has_changed(at), Ok(told), "{changes:?} for {asked:?}");
                assert_eq!(tree.has_changed(at), Ok(told), "{changes:?} for {asked:?}");
                assert_eq!(
                    above.has_changed(at),
                    Ok(false),
                    "{changes:?} for {asked:?}"
                );
                assert_eq!(sub.has_changed(at), Ok(false), "{changes:?} for {asked:?}");
                drop(deeper);
            });
        }
    }
}

#[test]
fn w1_a_value_that_stays_as_it_is_is_no_change() {
    with_key(|_, key, at| {
        set(key, 1, at);
        let mut watch = key.watch(KeyChanges::all(), WatchScope::Tree, at).err();
        assert_eq!(
            watch.take(),
            Some(NtError::INVALID_PARAMETER),
            "not all bits are kinds"
        );
        let mut watch = key
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        set(key, 1, at);
        assert_eq!(watch.has_changed(at), Ok(false));
        set(key, 2, at);
        assert_eq!(watch.has_changed(at), Ok(true));
        assert_eq!(watch.has_changed(at), Ok(false));
    });
}

#[test]
fn deleting_the_key_is_a_change_and_then_an_error() {
    with_key(|_, home, at| {
        let key = below(home, unicode!("Key"), at);
        let mut watch = key
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        key.delete(at).expect("it is deleted");
        assert_eq!(watch.wait(None, at), Ok(true));
        assert_eq!(watch.wait(None, at), Err(NtError::KEY_DELETED));
        assert_eq!(watch.has_changed(at), Err(NtError::KEY_DELETED));
        let late = key.watch(KeyChanges::VALUES, WatchScope::Key, at);
        assert_eq!(late.err(), Some(NtError::KEY_DELETED));
        let late = key.wait_for_change(KeyChanges::VALUES, WatchScope::Key, at);
        assert_eq!(late, Err(NtError::KEY_DELETED));
    });
}

#[test]
fn a_watch_outlives_the_value_that_it_was_made_with() {
    with_key(|_, home, at| {
        let key = below(home, unicode!("Key"), at);
        let mut watch = key
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        drop(key);
        set(&below(home, unicode!("Key"), at), 1, at);
        assert_eq!(watch.has_changed(at), Ok(true));
    });
}

/// The kernel writes to a watch's memory when the watch is closed: it must still be there then, and
/// gone after that. The pool is checked for both by `with_key`.
#[test]
fn a_watch_can_be_dropped_in_every_state() {
    with_key(|machine, home, at| {
        let watch = || {
            home.watch(KeyChanges::VALUES, WatchScope::Key, at)
                .expect("it is watched")
        };
        drop(watch());
        let changed = watch();
        set(home, 1, at);
        drop(changed);
        let mut told = watch();
        set(home, 2, at);
        assert_eq!(told.has_changed(at), Ok(true));
        drop(told);
        set(home, 3, at);
        let key = below(home, unicode!("Key"), at);
        let mut gone = key
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        key.delete(at).expect("it is deleted");
        assert_eq!(gone.has_changed(at), Ok(true));
        drop(gone);
        assert_eq!(machine.report().debug_print, Vec::<String>::new());
    });
}

unsafe extern "system" {
    fn KfRaiseIrql(level: u8) -> u8;
    fn KeLowerIrql(level: u8);
}

/// Above PASSIVE_LEVEL no handle can be closed, so the kernel goes on using the watch's memory.
#[test]
fn a_watch_that_is_dropped_above_passive_level_keeps_its_memory() {
    let machine = wdm_sim::Machine::builder().build().expect("it builds");
    let process = machine.system_process();
    let thread = process.enter();
    let at = passive();
    let (key, _) = RegKey::create(HOME, KeyAccess::ALL, at).expect("it is created");
    let watch = key
        .watch(KeyChanges::VALUES, WatchScope::Key, at)
        .expect("it is watched");
    // SAFETY: nothing below that asks for a level runs until it is lowered again.
    let before = unsafe { KfRaiseIrql(1) };
    drop(watch);
    // SAFETY: the level that was before.
    unsafe { KeLowerIrql(before) };
    set(&key, 1, at);
    drop(key);
    drop(thread);
    let report = machine.report();
    assert_eq!(
        report.counters.pool_allocations,
        report.counters.pool_frees + 1
    );
    assert_eq!(report.findings, []);
    assert!(
        report
            .debug_print
            .iter()
            .any(|line| line.contains("stays allocated"))
    );
}

#[test]
fn a_wait_ends_with_the_next_change() {
    with_key(|machine, home, at| {
        let (machine, done) = (machine.clone(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let process = machine.system_process();
                let _thread = process.enter();
                let at = passive();
                let key = RegKey::open(HOME, KeyAccess::ALL, at).expect("it is there");
                for number in 0.. {
                    set(&key, number, at);
                    if done.load(Ordering::Acquire) {
                        break;
                    }
                }
            });
            let waited = home.wait_for_change(KeyChanges::VALUES, WatchScope::Key, at);
            done.store(true, Ordering::Release);
            assert_eq!(waited, Ok(()));
        });
    });
}

/// Whoever reads after each notice sees the last state, however the threads interleave.
#[test]
fn no_change_is_missed() {
    const LAST: u32 = 2_000;
    with_key(|machine, home, at| {
        let machine = machine.clone();
        let mut watch: KeyWatch = home
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let process = machine.system_process();
                let _thread = process.enter();
                let at = passive();
                let key = RegKey::open(HOME, KeyAccess::ALL, at).expect("it is there");
                for number in 1..=LAST {
                    set(&key, number, at);
                }
            });
            let mut notices = 0;
            loop {
                let number = home
                    .value(unicode!("Number"), at)
                    .ok()
                    .and_then(|value| value.as_u32());
                if number == Some(LAST) {
                    break;
                }
                assert_eq!(
                    watch.wait(LONG, at),
                    Ok(true),
                    "the change to {LAST} was missed"
                );
                notices += 1;
            }
            assert!(notices <= LAST);
        });
    });
}

#[test]
fn a_watch_can_move_to_another_thread() {
    with_key(|machine, home, at| {
        let machine = machine.clone();
        let watch = home
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        std::thread::scope(|scope| {
            let other = scope.spawn(move || {
                let process = machine.system_process();
                let _thread = process.enter();
                let mut watch = watch;
                watch.wait(LONG, passive())
            });
            set(home, 1, at);
            assert_eq!(other.join().expect("it ends"), Ok(true));
        });
    });
}

#[test]
fn a_link_can_be_watched_itself() {
    with_key(|_, home, at| {
        let request = KeyRequest::new(unicode!("Link"), KeyAccess::ALL).below(home);
        let link = request.create_link(unicode!(r"\REGISTRY\MACHINE\SYSTEM\Setup"), at);
        let link = link.expect("it is created");
        let mut watch = link
            .watch(KeyChanges::VALUES, WatchScope::Key, at)
            .expect("it is watched");
        link.set_link_target(unicode!(r"\REGISTRY\MACHINE\SYSTEM\Select"), at)
            .expect("it is set");
        assert_eq!(watch.has_changed(at), Ok(true));
    });
}
