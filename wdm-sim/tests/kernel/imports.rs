//! What registry filters import from the kernel: names that were seen in published drivers, by what the
//! drivers do. A `.sys` file with a registry callback is loaded if all its imports are here.

use wdm_sim::has_export;

/// The routines that a sample of registry callbacks uses: altitudes, contexts, post-notifications.
const SAMPLE: &str = "
    CmCallbackGetKeyObjectID CmCallbackGetKeyObjectIDEx CmCallbackReleaseKeyObjectIDEx
    CmGetBoundTransaction CmGetCallbackVersion CmKeyObjectType CmRegisterCallback
    CmRegisterCallbackEx CmSetCallbackObjectContext CmUnRegisterCallback DbgBreakPoint DbgPrint
    DbgPrintEx ExAcquireFastMutex ExAllocatePool2 ExAllocatePoolWithTag ExFreePoolWithTag
    ExGetPreviousMode ExReleaseFastMutex ExUuidCreate IoCreateDevice IoCreateSymbolicLink
    IoDeleteDevice IoDeleteSymbolicLink IofCompleteRequest KeInitializeEvent
    MmGetSystemRoutineAddress ObOpenObjectByPointer ObReferenceObjectByHandle ObfDereferenceObject
    ProbeForRead ProbeForWrite PsGetCurrentProcessId RtlCopyUnicodeString RtlEqualUnicodeString
    RtlGetVersion RtlInitUnicodeString RtlVerifyVersionInfo VerSetConditionMask ZwClose ZwCreateKey
    ZwDeleteKey ZwDeleteValueKey ZwEnumerateKey ZwEnumerateValueKey ZwOpenKey ZwQueryKey
    ZwQueryValueKey ZwRenameKey ZwSetValueKey __C_specific_handler _vsnwprintf memcpy memset
";

/// Drivers that hide keys and values, and keep lists of what they hide.
const HIDING: &str = "
    ExAcquireFastMutexUnsafe ExAllocatePoolWithQuotaTag ExInitializeResourceLite
    KeAcquireGuardedMutex KeEnterCriticalRegion KeInitializeGuardedMutex KeLeaveCriticalRegion
    KeReleaseGuardedMutex MmHighestUserAddress MmUserProbeAddress RtlAppendUnicodeToString
    RtlDeleteElementGenericTableAvl RtlEnumerateGenericTableWithoutSplayingAvl
    RtlInitializeGenericTableAvl RtlInsertElementGenericTableAvl RtlLookupElementGenericTableAvl
    RtlNumberGenericTableElementsAvl RtlPrefixUnicodeString RtlUpcaseUnicodeString _wcsicmp _wcsnicmp
    wcschr wcsrchr wcsstr
";

/// Endpoint protection: rules by path, queues of events, the caller's identity.
const PROTECTION: &str = "
    ExAcquireRundownProtection ExAcquireSpinLockExclusive ExAcquireSpinLockShared
    ExDeleteLookasideListEx ExDeleteNPagedLookasideList ExDeletePagedLookasideList
    ExInitializeLookasideListEx ExInitializeNPagedLookasideList ExInitializePagedLookasideList
    ExInterlockedInsertTailList ExInterlockedRemoveHeadList ExQueryDepthSList
    ExReleaseSpinLockExclusive ExReleaseSpinLockShared ExSystemTimeToLocalTime
    ExWaitForRundownProtectionRelease ExpInterlockedPopEntrySList ExpInterlockedPushEntrySList
    FsRtlIsNameInExpression InitializeSListHead KeAcquireInStackQueuedSpinLock
    KeAcquireSpinLockRaiseToDpc KeDelayExecutionThread KeInitializeMutex KeInitializeSemaphore
    KeQueryPerformanceCounter KeReadStateSemaphore KeReleaseInStackQueuedSpinLock KeReleaseMutex
    KeReleaseSemaphore KeReleaseSpinLock KeSetEvent KeWaitForMultipleObjects KeWaitForSingleObject
    ObCloseHandle ObGetFilterVersion ObRegisterCallbacks ObUnRegisterCallbacks PsCreateSystemThread PsTerminateSystemThread RtlAppendUnicodeStringToString
    RtlConvertSidToUnicodeString RtlCopySid RtlDowncaseUnicodeString RtlDuplicateUnicodeString
    RtlEqualSid RtlFreeUnicodeString RtlHashUnicodeString RtlLengthSid RtlRandomEx
    RtlTimeFieldsToTime RtlTimeToTimeFields RtlUnicodeStringToAnsiString RtlValidSid
    RtlxUnicodeStringToAnsiSize SeExports _stricmp _strnicmp _vsnprintf strchr strstr
";

/// Monitors that write what they see to a log.
const LOGGING: &str = "
    IoFileObjectType IoGetCurrentProcess KeClearEvent KeInitializeSpinLock KeResetEvent
    PsGetCurrentThreadId PsInitialSystemProcess PsProcessType PsThreadType RtlGUIDFromString
    RtlInt64ToUnicodeString RtlIntegerToUnicodeString RtlRandom RtlStringFromGUID
    RtlUnicodeStringToInteger ZwCreateFile ZwReadFile ZwWriteFile _snprintf _snwprintf _wcslwr
    _wcsupr _wtoi atoi isalpha rand sprintf srand strcmp strcpy strlen strncpy swprintf swprintf_s
    towlower towupper vsprintf_s vswprintf_s wcscat_s wcscpy wcscpy_s wcslen wcsncat_s wcsncmp
    wcsncpy wcsncpy_s _snprintf_s _snwprintf_s _vsnprintf_s _vsnwprintf_s
";

/// Drivers that read their own settings, and run on several versions of Windows.
const SETTINGS: &str = "
    InitSafeBootMode KdDebuggerEnabled KdDebuggerNotPresent KeNumberProcessors NtBuildNumber
    PsGetVersion RtlCheckRegistryKey RtlCreateRegistryKey RtlDeleteRegistryValue
    RtlIsNtDdiVersionAvailable RtlQueryRegistryValues RtlWriteRegistryValue
";

/// What a debugging tool's driver adds: interlocked structures, levels, processors.
const TOOLS: &str = "
    ExAcquireResourceSharedLite ExEventObjectType ExReleaseResourceLite IoDeviceObjectType
    IoDriverObjectType KeAcquireSpinLockForDpc KeAreAllApcsDisabled KeAreApcsDisabled
    KeEnterGuardedRegion KeGetCurrentIrql KeInsertQueueDpc KeLeaveGuardedRegion KeLowerIrql
    KeQueryActiveProcessorCountEx KeReleaseSpinLockForDpc KeStallExecutionProcessor KfRaiseIrql
    MmIsAddressValid MmSectionObjectType MmSystemRangeStart PsJobType RtlCaptureStackBackTrace
    RtlClearBits RtlCompareMemory RtlEqualString RtlFindClearBitsAndSet RtlInitializeBitMap
    RtlInitUnicodeStringEx RtlNumberOfSetBits RtlSetBits SeTokenObjectType bsearch memcmp memmove
    qsort
";

#[test]
fn what_registry_filters_import_is_there() {
    let all = [SAMPLE, HIDING, PROTECTION, LOGGING, SETTINGS, TOOLS];
    let missing: Vec<&str> = all
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter(|name| !has_export(name))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_name_that_no_kernel_has_is_not() {
    assert!(!has_export("CmRegisterCallbackExx"));
}
