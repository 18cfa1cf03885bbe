//! How routines of the kernel fail when the system is short of something ([`faults`](crate::faults)).
//!
//! Pages: MicrosoftDocs/windows-driver-docs-ddi, folder `wdk-ddi-src/content/wdm`, file
//! `nf-wdm-<routine in lower case>.md`, or the same of `ntddk` and `ntifs`. Where a page names no status
//! for a lack of resources, but says that the routine fails, it is `STATUS_INSUFFICIENT_RESOURCES` too.
//! Not here are routines that give something back or complete what was asked of the driver (such as
//! `TmCommitComplete`), since a driver has no other way to do that, and those that fail only over what
//! they are given (such as `ExInitializeLookasideListEx`); `ObReferenceObjectByHandle` is here, since
//! drivers forget what they have to undo when it fails: a thread that runs, a key that was made.

use super::since::same;
use crate::status::Status;

/// How a routine fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It returns a status.
    Status(Status),
    /// It returns a status where it adds something; to take that away, which does not fail, drivers
    /// call the same routine.
    Added(Status),
    /// It returns NULL.
    Null,
    /// It may allocate memory, and fails as it does when there is none.
    Memory,
    /// It raises `STATUS_ACCESS_VIOLATION`.
    #[cfg_attr(
        not(all(target_os = "linux", target_arch = "x86_64")),
        allow(dead_code, reason = "exceptions are not dispatched")
    )]
    Raise,
}

/// The routines that can fail, and how.
const FAILURES: &[(Failure, &[&str])] = &[
    (
        Failure::Memory,
        &[
            "ExAllocatePool",
            "ExAllocatePool2",
            "ExAllocatePoolWithTag",
            "RtlAnsiStringToUnicodeString",
            "RtlConvertSidToUnicodeString",
            "RtlCreateUnicodeString",
            "RtlDowncaseUnicodeString",
            "RtlDuplicateUnicodeString",
            "RtlStringFromGUID",
            "RtlUnicodeStringToAnsiString",
            "RtlUpcaseUnicodeString",
            "SeLocateProcessImageName",
        ],
    ),
    (
        Failure::Null,
        &[
            "ExRegisterCallback",
            "IoAllocateIrp",
            "IoAllocateIrpEx",
            "IoAllocateMdl",
            "IoAllocateWorkItem",
            "IoAttachDeviceToDeviceStack",
            "IoBuildAsynchronousFsdRequest",
            "IoBuildDeviceIoControlRequest",
            "IoBuildSynchronousFsdRequest",
            "MmGetSystemRoutineAddress",
            "MmMapLockedPagesSpecifyCache",
        ],
    ),
    (
        Failure::Status(Status::ACCESS_DENIED),
        &["ObReferenceObjectByHandle", "ZwOpenProcess"],
    ),
    (
        Failure::Status(Status::INVALID_CID),
        &["PsLookupProcessByProcessId"],
    ),
    (
        Failure::Status(Status::INVALID_PARAMETER),
        &["PsLookupThreadByThreadId"],
    ),
    (
        Failure::Status(Status::NO_SUCH_DEVICE),
        &["IoAttachDeviceToDeviceStackSafe"],
    ),
    (Failure::Status(Status::RETRY), &["ExUuidCreate"]),
    (
        Failure::Added(Status::INVALID_PARAMETER),
        &[
            "PsSetCreateProcessNotifyRoutine",
            "PsSetCreateProcessNotifyRoutineEx",
            "PsSetCreateProcessNotifyRoutineEx2",
        ],
    ),
    (
        Failure::Status(Status::INSUFFICIENT_RESOURCES),
        &[
            "CmCallbackGetKeyObjectID",
            "CmCallbackGetKeyObjectIDEx",
            "CmRegisterCallback",
            "CmRegisterCallbackEx",
            "CmSetCallbackObjectContext",
            "ExCreateCallback",
            "IoAllocateDriverObjectExtension",
            "IoAttachDevice",
            "IoCreateDevice",
            "IoCreateSymbolicLink",
            "IoGetDeviceObjectPointer",
            "IoOpenDeviceRegistryKey",
            "IoOpenDriverRegistryKey",
            "IoRegisterLastChanceShutdownNotification",
            "IoRegisterShutdownNotification",
            "IoSetCompletionRoutineEx",
            "ObOpenObjectByPointer",
            "ObQueryNameString",
            "ObRegisterCallbacks",
            "PsCreateSystemThread",
            "PsSetCreateThreadNotifyRoutine",
            "PsSetCreateThreadNotifyRoutineEx",
            "PsSetLoadImageNotifyRoutine",
            "PsSetLoadImageNotifyRoutineEx",
            "RtlCheckRegistryKey",
            "RtlCreateRegistryKey",
            "RtlDeleteRegistryValue",
            "RtlQueryRegistryValues",
            "RtlWriteRegistryValue",
            "TmCommitTransaction",
            "TmCreateEnlistment",
            "TmEnableCallbacks",
            "TmRecoverEnlistment",
            "TmRecoverResourceManager",
            "TmRecoverTransactionManager",
            "ZwCommitTransaction",
            "ZwCreateEnlistment",
            "ZwCreateEvent",
            "ZwCreateFile",
            "ZwCreateKey",
            "ZwCreateKeyTransacted",
            "ZwCreateResourceManager",
            "ZwCreateTransaction",
            "ZwCreateTransactionManager",
            "ZwDeleteKey",
            "ZwDeleteValueKey",
            "ZwEnumerateKey",
            "ZwEnumerateTransactionObject",
            "ZwEnumerateValueKey",
            "ZwFlushKey",
            "ZwGetNotificationResourceManager",
            "ZwLoadKey",
            "ZwLoadKeyEx",
            "ZwNotifyChangeKey",
            "ZwOpenEnlistment",
            "ZwOpenFile",
            "ZwOpenKey",
            "ZwOpenKeyEx",
            "ZwOpenKeyTransacted",
            "ZwOpenKeyTransactedEx",
            "ZwOpenResourceManager",
            "ZwOpenTransaction",
            "ZwOpenTransactionManager",
            "ZwQueryInformationEnlistment",
            "ZwQueryInformationProcess",
            "ZwQueryInformationResourceManager",
            "ZwQueryInformationTransaction",
            "ZwQueryInformationTransactionManager",
            "ZwQueryKey",
            "ZwQueryMultipleValueKey",
            "ZwQuerySecurityObject",
            "ZwQueryValueKey",
            "ZwReadFile",
            "ZwRecoverEnlistment",
            "ZwRecoverResourceManager",
            "ZwRecoverTransactionManager",
            "ZwRenameKey",
            "ZwReplaceKey",
            "ZwRestoreKey",
            "ZwSaveKey",
            "ZwSaveKeyEx",
            "ZwSaveMergedKeys",
            "ZwSetInformationEnlistment",
            "ZwSetInformationKey",
            "ZwSetInformationResourceManager",
            "ZwSetInformationTransaction",
            "ZwSetSecurityObject",
            "ZwSetValueKey",
            "ZwWriteFile",
        ],
    ),
];

/// A routine that the kernel has.
pub(crate) trait Routine {
    /// Its name.
    const NAME: &'static str;
    /// How it fails, if it can.
    const FAILURE: Option<Failure> = failure(Self::NAME);
}

/// How a routine fails, if it can.
const fn failure(name: &str) -> Option<Failure> {
    let mut group = 0;
    while group < FAILURES.len() {
        let (failure, names) = FAILURES[group];
        let mut at = 0;
        while at < names.len() {
            if same(names[at], name) {
                return Some(failure);
            }
            at += 1;
        }
        group += 1;
    }
    None
}

/// Whether results of that size can tell of a failure: a status has four bytes, a pointer has those of
/// an address. One that allocates answers itself.
pub(crate) const fn fits(failure: Option<Failure>, size: usize) -> bool {
    match failure {
        Some(Failure::Status(_) | Failure::Added(_)) => size == size_of::<i32>(),
        Some(Failure::Null) => size == size_of::<*const ()>(),
        Some(Failure::Memory | Failure::Raise) | None => true,
    }
}

/// The names of all routines that can fail.
#[cfg(any(test, all(target_os = "linux", target_arch = "x86_64")))]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FAILURES.iter().flat_map(|(_, names)| *names).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_routine_exists_and_fails_in_one_way() {
        let mut seen = HashSet::new();
        for name in names() {
            assert!(super::super::has_export(name), "there is no {name}");
            assert!(seen.insert(name), "{name} is there twice");
        }
        assert_eq!(failure("ExRegisterCallback"), Some(Failure::Null));
        assert_eq!(failure("ZwClose"), None);
    }

    #[test]
    fn what_gives_back_does_not_fail() {
        for name in names() {
            let gives_back = [
                "Free",
                "Release",
                "Unregister",
                "UnRegister",
                "Close",
                "Dereference",
            ];
            let found = gives_back.into_iter().find(|word| name.contains(word));
            assert_eq!(found, None, "{name}");
        }
    }
}
