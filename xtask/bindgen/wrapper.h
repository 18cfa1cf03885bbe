/*
 * What bindgen reads: the driver kit's headers, and what the mingw-w64 edition of them does not
 * declare. The additions follow Microsoft's reference pages, which each block names.
 *
 * WDM_CONFIG_WDK is defined when the headers are those of a Windows Driver Kit (`--wdk`), which
 * declare everything; nothing is added then.
 */
#include <stdarg.h>

#ifdef WDM_CONFIG_WDK

#include <ntifs.h>

#else

#include <intrin.h>

/* The enumeration ends before the classes of Windows 10; they have the next two values. */
#define MaxRegNtNotifyClass                                                                        \
    RegNtPreSaveMergedKey, RegNtPostSaveMergedKey, MaxRegNtNotifyClass

/* ntdef.h and ntifs.h both declare this structure; mingw-w64's C_ASSERTs hold for its own
   compiler only. */
#define _REPARSE_DATA_BUFFER _REPARSE_DATA_BUFFER_NTDEF
#define REPARSE_DATA_BUFFER REPARSE_DATA_BUFFER_NTDEF
#define PREPARSE_DATA_BUFFER PREPARSE_DATA_BUFFER_NTDEF
#include <ntdef.h>
#undef _REPARSE_DATA_BUFFER
#undef REPARSE_DATA_BUFFER
#undef PREPARSE_DATA_BUFFER
/* Some packings are chosen by this name only; intrin.h, above, must not see it on ARM64. */
#undef _AMD64_
#define _AMD64_

#undef C_ASSERT
#define C_ASSERT(e)

/* The kit has this one inlined, reading CR8; ntoskrnl.exe exports it too. */
#define KeGetCurrentIrql KeGetCurrentIrqlInline
#include <ntifs.h>
#include <ntstatus.h>
#undef KeGetCurrentIrql
KIRQL NTAPI KeGetCurrentIrql(VOID);

#undef MaxRegNtNotifyClass

/* wdm.h, "CmCallbackGetKeyObjectIDEx", "CmCallbackReleaseKeyObjectIDEx" (Windows 8). */
NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER Cookie, PVOID Object, PULONG_PTR ObjectID,
                                          PCUNICODE_STRING *ObjectName, ULONG Flags);
VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING ObjectName);

/* wdm.h, "REG_LOAD_KEY_INFORMATION_V2" (Windows 10). */
typedef struct _REG_LOAD_KEY_INFORMATION_V2 {
    PVOID Object;
    PUNICODE_STRING KeyName;
    PUNICODE_STRING SourceFile;
    ULONG Flags;
    PVOID TrustClassObject;
    PVOID UserEvent;
    ACCESS_MASK DesiredAccess;
    PHANDLE RootHandle;
    PVOID CallContext;
    PVOID ObjectContext;
    ULONG_PTR Version;
    PVOID FileAccessToken;
} REG_LOAD_KEY_INFORMATION_V2, *PREG_LOAD_KEY_INFORMATION_V2;

/* wdm.h, "REG_QUERY_KEY_NAME" (Windows 10 1607). */
typedef struct _REG_QUERY_KEY_NAME {
    PVOID Object;
    POBJECT_NAME_INFORMATION ObjectNameInfo;
    ULONG Length;
    PULONG ReturnLength;
    PVOID CallContext;
    PVOID ObjectContext;
    PVOID Reserved;
} REG_QUERY_KEY_NAME, *PREG_QUERY_KEY_NAME;

/* wdm.h, "REG_SAVE_MERGED_KEY_INFORMATION" (Windows 10 1709). */
typedef struct _REG_SAVE_MERGED_KEY_INFORMATION {
    PVOID Object;
    HANDLE FileHandle;
    PVOID HighKeyObject;
    PVOID LowKeyObject;
    PVOID CallContext;
    PVOID ObjectContext;
    PVOID Reserved;
} REG_SAVE_MERGED_KEY_INFORMATION, *PREG_SAVE_MERGED_KEY_INFORMATION;

/* winnt.h, "RtlLookupFunctionEntry": only the first field is the same on all processors. */
typedef struct _RUNTIME_FUNCTION {
    ULONG BeginAddress;
} RUNTIME_FUNCTION, *PRUNTIME_FUNCTION;
PRUNTIME_FUNCTION NTAPI RtlLookupFunctionEntry(ULONG_PTR ControlPc, PULONG_PTR ImageBase,
                                               PVOID HistoryTable);

/* wdm.h, "ExAllocatePool2" (Windows 10 2004); the flags are 64 bits wide. */
typedef ULONG64 POOL_FLAGS;
#define POOL_FLAG_UNINITIALIZED 0x0000000000000002ULL
#define POOL_FLAG_NON_PAGED 0x0000000000000040ULL
#define POOL_FLAG_PAGED 0x0000000000000100ULL
PVOID NTAPI ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);

/* wdm.h, "IoOpenDriverRegistryKey" (Windows 10 1803). */
typedef enum _DRIVER_REGKEY_TYPE {
    DriverRegKeyParameters,
    DriverRegKeyPersistentState,
    DriverRegKeySharedPersistentState
} DRIVER_REGKEY_TYPE, *PDRIVER_REGKEY_TYPE;
NTSTATUS NTAPI IoOpenDriverRegistryKey(PDRIVER_OBJECT DriverObject, DRIVER_REGKEY_TYPE RegKeyType,
                                       ACCESS_MASK DesiredAccess, ULONG Flags,
                                       PHANDLE DriverRegKey);

/* wdm.h, "ExAcquireFastMutex": an export on 64-bit Windows, not the inlined HAL form of x86. */
#undef ExAcquireFastMutex
#undef ExReleaseFastMutex
VOID NTAPI ExAcquireFastMutex(PFAST_MUTEX FastMutex);
VOID NTAPI ExReleaseFastMutex(PFAST_MUTEX FastMutex);

#endif
