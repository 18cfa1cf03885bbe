/*
 * A registry filter as they are written in C: it watches keys called Audited, counts what is written
 * to them, keeps values called Secret from being read, and is asked and told through a device.
 *
 * Key contexts carry the counts (C1 to C5 of docs/semantics.md), whoever's memory it does not trust is
 * touched within __try, and requests come by three of the four methods. For 64-bit Windows 8 and
 * later; kernel-mode headers of the WDK or of mingw-w64. `cargo xtask test` compiles and runs it.
 */
#include <ntddk.h>

#define TAG 'duAV'
#define MAX_NAME 32

#define IOCTL_STATISTICS CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_SET_SECRET CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_NEITHER, FILE_ANY_ACCESS)
#define IOCTL_LAST_WRITTEN CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

#ifdef __MINGW32__
/* Its headers end with Windows 7. */
NTKERNELAPI NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER cookie, PVOID object,
                                                      PULONG_PTR id, PCUNICODE_STRING *name,
                                                      ULONG flags);
NTKERNELAPI VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING name);
#endif

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD Unload;
static EX_CALLBACK_FUNCTION Callback;

/* What hangs on the key objects of watched keys. */
typedef struct AUDIT {
    volatile LONG Writes;
    /* What this one has replaced; it stays alive until the cleanup (C4). */
    struct AUDIT *Older;
} AUDIT;

/* What IOCTL_STATISTICS answers. */
typedef struct STATISTICS {
    LONG Set;
    LONG Replaced;
    LONG Released;
    LONG Denied;
    LONG Hidden;
    /* How often a caller's memory was not there. */
    LONG Faults;
    /* The writes that all contexts saw which are gone. */
    LONG Writes;
} STATISTICS;

/* A value's name. */
typedef struct NAME {
    ULONG Length;
    WCHAR Text[MAX_NAME];
} NAME;

static struct {
    LARGE_INTEGER Cookie;
    STATISTICS Counts;
    /* Guards the names. */
    FAST_MUTEX Lock;
    NAME Secret;
    NAME LastWritten;
} Audit;

static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\ValueAudit");
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\ValueAudit");
static UNICODE_STRING AuditedName = RTL_CONSTANT_STRING(L"\\Audited");
static UNICODE_STRING FrozenName = RTL_CONSTANT_STRING(L"Frozen");
static UNICODE_STRING RenewName = RTL_CONSTANT_STRING(L"Renew");

static void Count(LONG *number)
{
    InterlockedIncrement(number);
}

/* Filters take it that any touch of a caller's memory may fault. */
static int Fault(NTSTATUS code)
{
    Count(&Audit.Counts.Faults);
    DbgPrint("value-audit: the caller's memory is not there: %08lx\n", code);
    return EXCEPTION_EXECUTE_HANDLER;
}

/* Notes the name of a value, unless it is too long or its memory is not there. */
static NTSTATUS Remember(NAME *name, const WCHAR *text, ULONG bytes)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (bytes > sizeof(name->Text)) {
        return STATUS_BUFFER_OVERFLOW;
    }
    ExAcquireFastMutex(&Audit.Lock);
    __try {
        __try {
            RtlCopyMemory(name->Text, text, bytes);
            name->Length = bytes;
        } __finally {
            ExReleaseFastMutex(&Audit.Lock);
        }
    } __except (Fault(GetExceptionCode())) {
        status = GetExceptionCode();
    }
    return status;
}

static BOOLEAN IsSecret(PCUNICODE_STRING name)
{
    BOOLEAN same;
    UNICODE_STRING secret;

    ExAcquireFastMutex(&Audit.Lock);
    secret.Buffer = Audit.Secret.Text;
    secret.Length = secret.MaximumLength = (USHORT)Audit.Secret.Length;
    same = RtlEqualUnicodeString(name, &secret, TRUE);
    ExReleaseFastMutex(&Audit.Lock);
    return same;
}

static BOOLEAN EndsWith(PCUNICODE_STRING name, PCUNICODE_STRING end)
{
    UNICODE_STRING tail;

    if (name->Length < end->Length) {
        return FALSE;
    }
    tail.Length = tail.MaximumLength = end->Length;
    tail.Buffer = (PWSTR)((PUCHAR)name->Buffer + name->Length - end->Length);
    return RtlEqualUnicodeString(&tail, end, TRUE);
}

/* Hangs a new context on a key object; one that was there before follows behind it. */
static void SetContext(PVOID object)
{
    PVOID older = NULL;
    AUDIT *audit = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*audit), TAG);

    if (audit == NULL) {
        return;
    }
    RtlZeroMemory(audit, sizeof(*audit));
    if (!NT_SUCCESS(CmSetCallbackObjectContext(object, &Audit.Cookie, audit, &older))) {
        ExFreePoolWithTag(audit, TAG);
        return;
    }
    Count(&Audit.Counts.Set);
    if (older != NULL) {
        audit->Older = older;
        Count(&Audit.Counts.Replaced);
    }
}

static NTSTATUS PostOpen(PREG_POST_OPERATION_INFORMATION info)
{
    PCUNICODE_STRING name;

    /* Any other success leaves the object undefined (K2), and the cookie may not be there yet (R3). */
    if (info->Status != STATUS_SUCCESS || Audit.Cookie.QuadPart == 0) {
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(CmCallbackGetKeyObjectIDEx(&Audit.Cookie, info->Object, NULL, &name, 0))) {
        return STATUS_SUCCESS;
    }
    if (EndsWith(name, &AuditedName)) {
        SetContext(info->Object);
    }
    CmCallbackReleaseKeyObjectIDEx(name);
    return STATUS_SUCCESS;
}

static NTSTATUS PreSetValue(PREG_SET_VALUE_KEY_INFORMATION info)
{
    AUDIT *audit = info->ObjectContext;

    if (audit == NULL) {
        return STATUS_SUCCESS;
    }
    if (RtlEqualUnicodeString(info->ValueName, &FrozenName, TRUE)) {
        Count(&Audit.Counts.Denied);
        return STATUS_ACCESS_DENIED;
    }
    Count((LONG *)&audit->Writes);
    Remember(&Audit.LastWritten, info->ValueName->Buffer, info->ValueName->Length);
    if (RtlEqualUnicodeString(info->ValueName, &RenewName, TRUE)) {
        SetContext(info->Object);
    }
    return STATUS_SUCCESS;
}

/*
 * Blanks the data that a query has read. Reads lengths from the caller's own buffer, where they can
 * change at any time, so they are read once and held against the buffer's size. May raise (N8).
 */
static void Blank(PREG_QUERY_VALUE_KEY_INFORMATION info)
{
    PUCHAR start = info->KeyValueInformation;
    ULONG offset = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    ULONG length = 0;

    if (info->KeyValueInformationClass == KeyValuePartialInformation) {
        length = *(volatile ULONG *)&((PKEY_VALUE_PARTIAL_INFORMATION)start)->DataLength;
    } else if (info->KeyValueInformationClass == KeyValueFullInformation) {
        offset = *(volatile ULONG *)&((PKEY_VALUE_FULL_INFORMATION)start)->DataOffset;
        length = *(volatile ULONG *)&((PKEY_VALUE_FULL_INFORMATION)start)->DataLength;
    }
    if (offset <= info->Length && length <= info->Length - offset) {
        RtlFillMemory(start + offset, length, '*');
    }
}

static NTSTATUS PostQueryValue(PREG_POST_OPERATION_INFORMATION post)
{
    PREG_QUERY_VALUE_KEY_INFORMATION info = post->PreInformation;

    if (!NT_SUCCESS(post->Status) || post->ObjectContext == NULL || !IsSecret(info->ValueName)) {
        return STATUS_SUCCESS;
    }
    DbgPrint("value-audit: hiding %wZ\n", info->ValueName);
    __try {
        Blank(info);
    } __except (Fault(GetExceptionCode())) {
        post->ReturnStatus = GetExceptionCode();
        return STATUS_CALLBACK_BYPASS;
    }
    Count(&Audit.Counts.Hidden);
    return STATUS_SUCCESS;
}

static NTSTATUS Cleanup(PREG_CALLBACK_CONTEXT_CLEANUP_INFORMATION info)
{
    AUDIT *audit = info->ObjectContext;

    while (audit != NULL) {
        AUDIT *older = audit->Older;

        InterlockedExchangeAdd(&Audit.Counts.Writes, audit->Writes);
        Count(&Audit.Counts.Released);
        ExFreePoolWithTag(audit, TAG);
        audit = older;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI Callback(PVOID context, PVOID class, PVOID info)
{
    UNREFERENCED_PARAMETER(context);

    switch ((REG_NOTIFY_CLASS)(ULONG_PTR)class) {
    case RegNtPostCreateKeyEx:
    case RegNtPostOpenKeyEx:
        return PostOpen(info);
    case RegNtPreSetValueKey:
        return PreSetValue(info);
    case RegNtPostQueryValueKey:
        return PostQueryValue(info);
    case RegNtCallbackObjectContextCleanup:
        return Cleanup(info);
    default:
        return STATUS_SUCCESS;
    }
}

static NTSTATUS Complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI CreateClose(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);
    return Complete(irp, STATUS_SUCCESS, 0);
}

/* The input is the caller's own memory: nothing but this routine has looked at it. */
static NTSTATUS SetSecret(const WCHAR *text, ULONG bytes)
{
    __try {
        ProbeForRead((PVOID)text, bytes, sizeof(WCHAR));
    } __except (Fault(GetExceptionCode())) {
        return GetExceptionCode();
    }
    return Remember(&Audit.Secret, text, bytes);
}

static NTSTATUS LastWritten(PIRP irp, ULONG room, ULONG_PTR *written)
{
    PVOID buffer;
    NTSTATUS status = STATUS_SUCCESS;

    if (irp->MdlAddress == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    buffer = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
    if (buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ExAcquireFastMutex(&Audit.Lock);
    if (Audit.LastWritten.Length > room) {
        status = STATUS_BUFFER_TOO_SMALL;
    } else {
        RtlCopyMemory(buffer, Audit.LastWritten.Text, Audit.LastWritten.Length);
        *written = Audit.LastWritten.Length;
    }
    ExReleaseFastMutex(&Audit.Lock);
    return status;
}

static NTSTATUS NTAPI Control(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG_PTR written = 0;
    NTSTATUS status;

    UNREFERENCED_PARAMETER(device);
    switch (stack->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_STATISTICS:
        if (out < sizeof(STATISTICS)) {
            status = STATUS_BUFFER_TOO_SMALL;
            break;
        }
        RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, &Audit.Counts, sizeof(STATISTICS));
        written = sizeof(STATISTICS);
        status = STATUS_SUCCESS;
        break;
    case IOCTL_SET_SECRET:
        status = SetSecret(stack->Parameters.DeviceIoControl.Type3InputBuffer, in);
        break;
    case IOCTL_LAST_WRITTEN:
        status = LastWritten(irp, out, &written);
        break;
    default:
        status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return Complete(irp, status, written);
}

static VOID NTAPI Unload(PDRIVER_OBJECT driver)
{
    STATISTICS *counts = &Audit.Counts;

    /* Waits for callbacks in flight, and cleans the contexts up that are left (R4). */
    CmUnRegisterCallback(Audit.Cookie);
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(driver->DeviceObject);
    DbgPrint("value-audit: %ld contexts set, %ld replaced, %ld released, %ld writes\n", counts->Set,
             counts->Replaced, counts->Released, counts->Writes);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
    static const WCHAR secret[] = L"Secret";
    UNICODE_STRING altitude = RTL_CONSTANT_STRING(L"380030.25");
    PDEVICE_OBJECT device;
    NTSTATUS status;

    ExInitializeFastMutex(&Audit.Lock);
    RtlCopyMemory(Audit.Secret.Text, secret, sizeof(secret) - sizeof(WCHAR));
    Audit.Secret.Length = sizeof(secret) - sizeof(WCHAR);
    driver->DriverUnload = Unload;
    driver->MajorFunction[IRP_MJ_CREATE] = CreateClose;
    driver->MajorFunction[IRP_MJ_CLOSE] = CreateClose;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    status = IoCreateDevice(driver, 0, &DeviceName, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = IoCreateSymbolicLink(&LinkName, &DeviceName);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    status = CmRegisterCallbackEx(Callback, &altitude, driver, NULL, &Audit.Cookie, NULL);
    if (!NT_SUCCESS(status)) {
        IoDeleteSymbolicLink(&LinkName);
        IoDeleteDevice(device);
        return status;
    }
    DbgPrint("value-audit: at %wZ for %wZ\n", &altitude, path);
    return STATUS_SUCCESS;
}
