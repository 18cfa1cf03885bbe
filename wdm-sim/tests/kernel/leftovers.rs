//! What a driver leaves behind when it is unloaded.

use std::ptr::null_mut;

use wdm_sim::{KeyAccess, Rule};
use wdm_sys::{NTSTATUS, PVOID};

use crate::support::{
    KEY, SUCCESS, Text, call, entry, findings_of, load, machine, object_of, only, open_key,
};

const TAG: u32 = u32::from_le_bytes(*b"Leak");

entry! {
    fn leaks_pool(_driver) {
        for size in [10, 20] {
            call!(ExAllocatePoolWithTag(wdm_sys::PagedPool, size, TAG));
        }
        let other = u32::from_le_bytes(*b"Free");
        let freed = call!(ExAllocatePool2(wdm_sys::POOL_FLAG_PAGED, 30, other));
        call!(ExFreePoolWithTag(freed, other));
        SUCCESS
    }
}

#[test]
fn pool_memory() {
    let findings = findings_of(leaks_pool);
    let finding = only(&findings, Rule::PoolLeak, "DriverUnload");
    assert!(
        finding.detail.contains("2 pool blocks, 30 bytes"),
        "{finding}"
    );
    assert!(finding.detail.contains("'Leak'"), "{finding}");
    assert_eq!(finding.driver, "tested");
}

entry! {
    fn leaks_handle(_driver) {
        open_key(KEY, wdm_sys::OBJ_KERNEL_HANDLE);
        SUCCESS
    }
}

#[test]
fn a_handle() {
    let findings = findings_of(leaks_handle);
    let finding = only(&findings, Rule::Handle, "DriverUnload");
    assert!(finding.detail.contains("key object"), "{finding}");
}

entry! {
    fn leaks_reference(_driver) {
        let handle = open_key(KEY, wdm_sys::OBJ_KERNEL_HANDLE);
        let object = object_of(handle);
        call!(ObfReferenceObject(object));
        call!(ZwClose(handle))
    }
}

#[test]
fn references() {
    let findings = findings_of(leaks_reference);
    let finding = only(&findings, Rule::Object, "DriverUnload");
    assert!(finding.detail.starts_with("2 references"), "{finding}");
}

unsafe extern "system" fn passes(_: PVOID, _: PVOID, _: PVOID) -> NTSTATUS {
    SUCCESS
}

entry! {
    fn leaks_callback(driver) {
        let mut altitude = Text::new("380010.5");
        let mut cookie = wdm_sys::LARGE_INTEGER { QuadPart: 0 };
        call!(CmRegisterCallbackEx(
            Some(passes),
            altitude.as_ptr(),
            driver.cast(),
            null_mut(),
            &raw mut cookie,
            null_mut()
        ))
    }
}

#[test]
fn a_callback_which_is_taken_away() {
    let machine = machine();
    let driver = load(&machine, "tested", leaks_callback).expect("it loads");
    machine.unload(driver).expect("it unloads");
    let report = machine.report();
    let finding = only(&report.findings, Rule::R4, "DriverUnload");
    assert!(finding.detail.contains("380010.5"), "{finding}");
    let before = report.counters.notifications;
    let app = machine.process("app.exe");
    assert!(app.enter().open_key(KEY, KeyAccess::READ).is_ok());
    assert_eq!(
        machine.report().counters.notifications,
        before,
        "nobody is told any more"
    );
}

entry! {
    fn leaks_device(driver) {
        let mut name = Text::new(r"\Device\Left");
        let mut link = Text::new(r"\??\Left");
        let mut device = null_mut();
        call!(IoCreateDevice(driver, 0, name.as_ptr(), 0x22, 0, 0, &raw mut device));
        call!(IoCreateSymbolicLink(link.as_ptr(), name.as_ptr()))
    }
}

#[test]
fn a_device_and_a_link() {
    let findings = findings_of(leaks_device);
    let details: Vec<_> = findings
        .iter()
        .map(|finding| finding.detail.as_str())
        .collect();
    assert_eq!(findings.len(), 2, "{details:?}");
    assert!(findings.iter().all(|finding| finding.rule == Rule::Device));
    assert!(details[0].contains(r"device \Device\Left"), "{details:?}");
    assert!(
        details[1].contains(r"\??\Left to \Device\Left"),
        "{details:?}"
    );
}

entry! {
    fn leaves_the_level_raised(_driver) {
        let mutex = crate::dispatcher::Mutex::new();
        call!(ExAcquireFastMutex(mutex.as_ptr()));
        SUCCESS
    }
}

entry! {
    fn stays_in_a_critical_region(_driver) {
        call!(KeEnterCriticalRegion());
        SUCCESS
    }
}

#[test]
fn a_raised_level() {
    only(
        &findings_of(leaves_the_level_raised),
        Rule::Irql,
        "DriverEntry",
    );
}

#[test]
fn a_critical_region() {
    only(
        &findings_of(stays_in_a_critical_region),
        Rule::CriticalRegion,
        "DriverEntry",
    );
}
