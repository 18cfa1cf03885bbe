//! Which version of Windows brought which routine (P7).
//!
//! The version is the one that the routine's page gives as `req.target-min-winverclnt` (for
//! `CmCallbackGetKeyObjectID` in its remarks): MicrosoftDocs/windows-driver-docs-ddi, folder
//! `wdk-ddi-src/content/wdm`, file `nf-wdm-<routine in lower case>.md`. The three routines without a
//! page are those of W4. `ExAllocatePool2` came with version 2004 of Windows 10,
//! `IoOpenDriverRegistryKey` with 1803, `IoAllocateIrpEx` with 1709 and the push locks of drivers with
//! 1809, all of which the profile has. What came with Windows Server 2003 counts for its successor.
//! The routines of processes, threads and images that Windows 10 brought came with 1703 or 1709.
//! `TmRenameTransactionManager`, `ZwEnumerateTransactionObject` and `ZwSetInformationResourceManager`,
//! whose pages name no version, came with the rest of the transaction manager.

use crate::machine::{Profile, current};
use crate::verifier::Rule;

/// The routines that Windows XP lacks, and the first profile that has them.
const SINCE: &[(Profile, &[&str])] = &[
    (
        Profile::Vista,
        &[
            "CmCallbackGetKeyObjectID",
            "CmGetBoundTransaction",
            "CmGetCallbackVersion",
            "CmRegisterCallbackEx",
            "CmSetCallbackObjectContext",
            "ExAcquireRundownProtectionEx",
            "ExAcquireSpinLockExclusive",
            "ExAcquireSpinLockExclusiveAtDpcLevel",
            "ExAcquireSpinLockShared",
            "ExAcquireSpinLockSharedAtDpcLevel",
            "ExDeleteLookasideListEx",
            "ExFlushLookasideListEx",
            "ExInitializeLookasideListEx",
            "ExReleaseRundownProtectionEx",
            "ExReleaseSpinLockExclusive",
            "ExReleaseSpinLockExclusiveFromDpcLevel",
            "ExReleaseSpinLockShared",
            "ExReleaseSpinLockSharedFromDpcLevel",
            "IoCsqInitializeEx",
            "IoCsqInsertIrpEx",
            "IoQueueWorkItemEx",
            "KeAcquireGuardedMutex",
            "KeAcquireGuardedMutexUnsafe",
            "KeAcquireSpinLockForDpc",
            "KeAreAllApcsDisabled",
            "KeEnterGuardedRegion",
            "KeInitializeGuardedMutex",
            "KeLeaveGuardedRegion",
            "KeQueryActiveProcessorCount",
            "KeQueryMaximumProcessorCount",
            "KeReleaseGuardedMutex",
            "KeReleaseGuardedMutexUnsafe",
            "KeReleaseSpinLockForDpc",
            "KeTryToAcquireGuardedMutex",
            "KeTryToAcquireSpinLockAtDpcLevel",
            "ObGetFilterVersion",
            "ObRegisterCallbacks",
            "ObUnRegisterCallbacks",
            "PsSetCreateProcessNotifyRoutineEx",
            "RtlIsNtDdiVersionAvailable",
            "SeLocateProcessImageName",
            "TmCommitComplete",
            "TmCommitEnlistment",
            "TmCommitTransaction",
            "TmCreateEnlistment",
            "TmDereferenceEnlistmentKey",
            "TmEnableCallbacks",
            "TmGetTransactionId",
            "TmIsTransactionActive",
            "TmPrePrepareComplete",
            "TmPrePrepareEnlistment",
            "TmPrepareComplete",
            "TmPrepareEnlistment",
            "TmReadOnlyEnlistment",
            "TmRecoverEnlistment",
            "TmRecoverResourceManager",
            "TmRecoverTransactionManager",
            "TmReferenceEnlistmentKey",
            "TmRenameTransactionManager",
            "TmRequestOutcomeEnlistment",
            "TmRollbackComplete",
            "TmRollbackEnlistment",
            "TmRollbackTransaction",
            "TmSinglePhaseReject",
            "ZwCommitComplete",
            "ZwCommitEnlistment",
            "ZwCommitTransaction",
            "ZwCreateEnlistment",
            "ZwCreateKeyTransacted",
            "ZwCreateResourceManager",
            "ZwCreateTransaction",
            "ZwCreateTransactionManager",
            "ZwEnumerateTransactionObject",
            "ZwGetNotificationResourceManager",
            "ZwOpenEnlistment",
            "ZwOpenKeyTransacted",
            "ZwOpenResourceManager",
            "ZwOpenTransaction",
            "ZwOpenTransactionManager",
            "ZwPrePrepareComplete",
            "ZwPrePrepareEnlistment",
            "ZwPrepareComplete",
            "ZwPrepareEnlistment",
            "ZwQueryInformationEnlistment",
            "ZwQueryInformationResourceManager",
            "ZwQueryInformationTransaction",
            "ZwQueryInformationTransactionManager",
            "ZwQueryMultipleValueKey",
            "ZwReadOnlyEnlistment",
            "ZwRecoverEnlistment",
            "ZwRecoverResourceManager",
            "ZwRecoverTransactionManager",
            "ZwRenameKey",
            "ZwRollbackComplete",
            "ZwRollbackEnlistment",
            "ZwRollbackTransaction",
            "ZwRollforwardTransactionManager",
            "ZwSetInformationEnlistment",
            "ZwSetInformationKey",
            "ZwSetInformationResourceManager",
            "ZwSetInformationTransaction",
            "ZwSinglePhaseReject",
        ],
    ),
    (
        Profile::Win7,
        &[
            "KeGetCurrentProcessorNumberEx",
            "KeQueryActiveProcessorCountEx",
            "KeQueryMaximumProcessorCountEx",
            "KeQueryUnbiasedInterruptTime",
            "ZwOpenKeyEx",
            "ZwOpenKeyTransactedEx",
        ],
    ),
    (
        Profile::Win8,
        &[
            "CmCallbackGetKeyObjectIDEx",
            "CmCallbackReleaseKeyObjectIDEx",
            "KeQueryInterruptTimePrecise",
            "KeQuerySystemTimePrecise",
        ],
    ),
    (
        Profile::Win10,
        &[
            "ExAcquirePushLockExclusiveEx",
            "ExAcquirePushLockSharedEx",
            "ExAllocatePool2",
            "ExFreePool2",
            "ExInitializePushLock",
            "ExReleasePushLockEx",
            "ExReleasePushLockExclusiveEx",
            "ExReleasePushLockSharedEx",
            "IoAllocateIrpEx",
            "IoOpenDriverRegistryKey",
            "PsGetProcessExitStatus",
            "PsGetThreadExitStatus",
            "PsSetCreateProcessNotifyRoutineEx2",
            "PsSetCreateThreadNotifyRoutineEx",
            "PsSetLoadImageNotifyRoutineEx",
        ],
    ),
];

/// The first profile that has a routine.
pub(super) const fn since(name: &str) -> Profile {
    let mut group = 0;
    while group < SINCE.len() {
        let (profile, names) = SINCE[group];
        let mut at = 0;
        while at < names.len() {
            if same(names[at], name) {
                return profile;
            }
            at += 1;
        }
        group += 1;
    }
    Profile::WinXp
}

/// Whether two texts are the same, for the compiler to find out.
pub(super) const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut same = one.len() == other.len();
    let mut at = 0;
    while same && at < one.len() {
        same = one[at] == other[at];
        at += 1;
    }
    same
}

/// Records a finding if a linked driver calls a routine that its machine's kernel lacks: linking
/// cannot refuse it as loading a `.sys` file does. The routine works all the same.
pub(super) fn check_linked(since: Profile, call: &'static str) {
    let thread = current(call);
    let profile = thread.kernel().profile;
    if profile < since {
        let detail = format!(
            "{profile} has no such routine, it came with {since}: a driver that imports it is not \
             loaded there; look it up with MmGetSystemRoutineAddress"
        );
        thread.finding(Rule::MissingRoutine, call, detail);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_routine_has_one_version() {
        let mut seen = HashSet::new();
        for name in SINCE.iter().flat_map(|(_, names)| *names) {
            assert!(seen.insert(name), "{name} is there twice");
        }
        assert_eq!(since("ZwOpenKeyEx"), Profile::Win7);
        assert_eq!(since("ZwOpenKey"), Profile::WinXp);
        assert_eq!(since("ZwOpenKeyE"), Profile::WinXp);
    }
}
