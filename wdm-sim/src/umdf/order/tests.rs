//! What the record of callbacks accepts, and what it does not.

use super::*;

/// What is wrong with the last of these, none of which fails; `!` marks one that does.
fn last(callbacks: &[&'static str]) -> Option<&'static str> {
    let mut order = Order::default();
    let (last, before) = callbacks.split_last().expect("there is one");
    for method in before {
        let failed = method.strip_prefix('!');
        let method = failed.unwrap_or(method);
        assert_eq!(order.begins(method), None, "{method}");
        order.returned(method, failed.is_none());
    }
    order.begins(last)
}

const PREPARE: &str = "IPnpCallbackHardware::OnPrepareHardware";
const RELEASE: &str = "IPnpCallbackHardware2::OnReleaseHardware";
const ENTRY: &str = "IPnpCallback::OnD0Entry";
const EXIT: &str = "IPnpCallback::OnD0Exit";
const ENABLED: &str = "IPnpCallbackHardwareInterrupt::OnD0EntryPostInterruptsEnabled";
const DISABLED: &str = "IPnpCallbackHardwareInterrupt::OnD0ExitPreInterruptsDisabled";
const INIT: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoInit";
const SUSPEND: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoSuspend";
const RESTART: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoRestart";
const FLUSH: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoFlush";
const CLEANUP: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoCleanup";
const ARM: &str = "IPowerPolicyCallbackWakeFromS0::OnArmWakeFromS0";
const DISARM: &str = "IPowerPolicyCallbackWakeFromS0::OnDisarmWakeFromS0";
const QUERY: &str = "IPnpCallback::OnQueryRemove";

#[test]
fn documented_orders_are_accepted() {
    let lives: [&[_]; 7] = [
        &[
            PREPARE, ENTRY, ENABLED, INIT, SUSPEND, DISABLED, EXIT, RELEASE, FLUSH, CLEANUP,
        ],
        &[
            PREPARE, ENTRY, INIT, SUSPEND, ARM, EXIT, ENTRY, DISARM, RESTART, QUERY,
        ],
        &[
            PREPARE,
            ENTRY,
            SUSPEND_NOT_USED,
            EXIT,
            RELEASE,
            PREPARE,
            ENTRY,
        ],
        &["!IPnpCallbackHardware::OnPrepareHardware", RELEASE],
        &[PREPARE, "!IPnpCallback::OnD0Entry", RELEASE],
        &[
            PREPARE,
            ENTRY,
            "!IPnpCallbackSelfManagedIo::OnSelfManagedIoInit",
            EXIT,
            RELEASE,
            FLUSH,
        ],
        &[
            ENTRY,
            INIT,
            SUSPEND,
            "!IPowerPolicyCallbackWakeFromS0::OnArmWakeFromS0",
            DISARM,
            EXIT,
        ],
    ];
    for life in lives {
        assert_eq!(last(life), None, "{life:?}");
    }
    assert_eq!(last(&[RELEASE]), None, "of a device that was not started");
}

/// A driver that has no such interface.
const SUSPEND_NOT_USED: &str = QUERY;

#[test]
fn other_orders_are_not() {
    let mistakes: [&[_]; 19] = [
        &[PREPARE, PREPARE],
        &[ENTRY, PREPARE],
        &[RELEASE, RELEASE],
        &[PREPARE, ENTRY, RELEASE],
        &[ENTRY, ENTRY],
        &[EXIT],
        &["!IPnpCallback::OnD0Entry", EXIT],
        &[ENTRY, INIT, EXIT],
        &[ENABLED],
        &[DISABLED],
        &[INIT],
        &[ENTRY, INIT, INIT],
        &[ENTRY, RESTART],
        &[ENTRY, INIT, SUSPEND, EXIT, RESTART],
        &[ENTRY, SUSPEND],
        &[ENTRY, INIT, SUSPEND, FLUSH],
        &[ENTRY, INIT, SUSPEND, EXIT, CLEANUP],
        &[ENTRY, INIT, ARM],
        &[ENTRY, DISARM],
    ];
    for mistake in mistakes {
        assert!(last(mistake).is_some(), "{mistake:?}");
    }
}

#[test]
fn callbacks_come_one_after_the_other_but_questions() {
    let mut order = Order::default();
    assert_eq!(order.begins(PREPARE), None);
    assert_eq!(order.begins(QUERY), None);
    order.returned(QUERY, true);
    assert!(order.begins(ENTRY).is_some(), "the first has not returned");
    order.returned(PREPARE, true);
    assert_eq!(order.begins(ENTRY), None);
}

#[test]
fn nothing_comes_after_the_end() {
    let mut order = Order::default();
    order.deleted();
    for method in [QUERY, RELEASE, "IQueueCallbackRead::OnRead"] {
        assert_eq!(order.begins(method), Some("the device is deleted"));
    }
}
