/*
 * The key-context sample in C: the life of the contexts that a callback attaches to key objects
 * with CmSetCallbackObjectContext, told step by step. It prints what the driver in Rust prints.
 *
 * The driver makes a key Demo below its own service key, watches that key alone and uses it
 * through two handles. R3, C1 and so on are the rules of docs/semantics.md.
 *
 * For 64-bit Windows 8 and later; kernel-mode headers of the WDK or of mingw-w64.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD Unload;
static EX_CALLBACK_FUNCTION Callback;

#define TAG 'xCyK'

#define SAY_AT(level, ...) \
    ((void)DbgPrintEx(DPFLTR_IHVDRIVER_ID, (level), "key-context: " __VA_ARGS__))
#define SAY(...) SAY_AT(DPFLTR_INFO_LEVEL, __VA_ARGS__)
#define WARN(...) SAY_AT(DPFLTR_WARNING_LEVEL, __VA_ARGS__)

/* What the driver attaches to a key object. */
typedef struct NOTE {
    LONG Number;
    /* In how many notifications it has been seen. Threads share a context. */
    volatile LONG Seen;
    /* The context that this one has replaced. The kernel forgets it, and it must stay alive until
     * the cleanup (C4), so it has to be found from here. */
    struct NOTE *Older;
} NOTE;

typedef struct WATCH {
    /* The kernel writes it, and may call the callback before it has (R3). */
    LARGE_INTEGER Cookie;
    /* How many contexts there have been. */
    volatile LONG Notes;
    /* The full path of the key that is watched, links resolved; its buffer is from the pool. */
    UNICODE_STRING Key;
    /* A handle on it that is still open when the callback is unregistered. */
    HANDLE Kept;
} WATCH;

static WATCH Watch;

static const UNICODE_STRING DemoName = RTL_CONSTANT_STRING(L"Demo");
static const UNICODE_STRING NumberName = RTL_CONSTANT_STRING(L"Number");
/* Setting this value replaces the context of the handle through which it is set. */
static const UNICODE_STRING ReplaceName = RTL_CONSTANT_STRING(L"Replace");

/* ---- Contexts ---------------------------------------------------------------------------- */

/* Attaches a new context to a key object. The caller is inside the callback, in a notification from
 * the post-notification of create or open up to the pre-notification of close (C1). */
static VOID Attach(WATCH *watch, PVOID object, const char *why)
{
    if (InterlockedCompareExchange64(&watch->Cookie.QuadPart, 0, 0) == 0) {
        WARN("a handle gets no context: the cookie is not there yet\n");
        return;
    }
    NOTE *note = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*note), TAG);
    if (note == NULL) {
        WARN("a handle gets no context: no memory\n");
        return;
    }
    LONG number = InterlockedIncrement(&watch->Notes);
    note->Number = number;
    note->Seen = 0;
    note->Older = NULL;

    PVOID old = NULL;
    NTSTATUS status = CmSetCallbackObjectContext(object, &watch->Cookie, note, &old);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(note, TAG);
        WARN("a handle gets no context: 0x%08X\n", (ULONG)status);
        return;
    }
    /* From here on other threads see the new context. None of them follows Older: only the cleanup
     * does, and it comes when no notification for this object is under way, this one included. The
     * kernel gives each context as the old one to one call only, so chains never share a node. */
    note->Older = old;
    if (old == NULL) {
        SAY("set #%ld on a handle (%s)\n", number, why);
    } else {
        LONG replaced = ((NOTE *)old)->Number;
        SAY("replaced #%ld by #%ld (#%ld stays alive)\n", replaced, number, replaced);
    }
}

/* The cleanup notification names the newest context; all the others are behind it (C3, C4). */
static VOID Release(NOTE *newest)
{
    /* In pieces, between which another thread's line can come. */
    SAY("cleanup: ");
    for (const NOTE *note = newest; note != NULL; note = note->Older) {
        const char *end = note->Older != NULL ? ", " : "\n";
        (void)DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_INFO_LEVEL, "#%ld%s", note->Number, end);
    }
    while (newest != NULL) {
        NOTE *older = newest->Older;
        SAY("released #%ld (seen: %ld)\n", newest->Number, newest->Seen);
        ExFreePoolWithTag(newest, TAG);
        newest = older;
    }
}

/* ---- Notifications ----------------------------------------------------------------------- */

/* A value's name for a message: %wZ wants PASSIVE_LEVEL, and a callback may run at APC_LEVEL (N1). */
typedef struct NAME_TEXT {
    CHAR Text[64];
} NAME_TEXT;

static const char *Printable(const UNICODE_STRING *name, NAME_TEXT *into)
{
    SIZE_T length = 0;
    for (; name != NULL && length < name->Length / sizeof(WCHAR); length++) {
        if (length == sizeof(into->Text) - 1) {
            break;
        }
        WCHAR unit = name->Buffer[length];
        into->Text[length] = (unit >= 0x20 && unit < 0x7F) ? (CHAR)unit : '?';
    }
    into->Text[length] = '\0';
    return into->Text;
}

/* Tells which context a notification carries. Another thread may replace it while this runs; it can
 * be used all the same (C4). */
#define LOOK(note, ...)                                   \
    do {                                                  \
        NOTE *seen_ = (note);                             \
        if (seen_ != NULL) {                              \
            SAY("seen #%ld " __VA_ARGS__);                \
            InterlockedIncrement(&seen_->Seen);           \
        }                                                 \
    } while (0)

/* A key object was created or opened; if it is one of the watched key, it gets its first context. */
static VOID Opened(WATCH *watch, const REG_POST_OPERATION_INFORMATION *info, const char *why)
{
    /* No other success gives an object (K2). */
    if (info->Status != STATUS_SUCCESS) {
        return;
    }
    if (InterlockedCompareExchange64(&watch->Cookie.QuadPart, 0, 0) == 0) {
        return;
    }
    PCUNICODE_STRING name = NULL;
    NTSTATUS status = CmCallbackGetKeyObjectID(&watch->Cookie, info->Object, NULL, &name);
    if (NT_SUCCESS(status) && RtlEqualUnicodeString(name, &watch->Key, TRUE)) {
        Attach(watch, info->Object, why);
    }
}

static NTSTATUS NTAPI Callback(PVOID context, PVOID argument1, PVOID argument2)
{
    WATCH *watch = context;
    NAME_TEXT text;
    if (argument2 == NULL) {
        return STATUS_SUCCESS;
    }
    switch ((REG_NOTIFY_CLASS)(ULONG_PTR)argument1) {
    case RegNtPostCreateKeyEx:
        Opened(watch, argument2, "create");
        break;
    case RegNtPostOpenKeyEx:
        Opened(watch, argument2, "open");
        break;
    case RegNtPreQueryValueKey: {
        const REG_QUERY_VALUE_KEY_INFORMATION *info = argument2;
        NOTE *note = info->ObjectContext;
        LOOK(note, "before %s is read\n", note->Number, Printable(info->ValueName, &text));
        break;
    }
    case RegNtPreSetValueKey: {
        const REG_SET_VALUE_KEY_INFORMATION *info = argument2;
        NOTE *note = info->ObjectContext;
        LOOK(note, "before %s is set\n", note->Number, Printable(info->ValueName, &text));
        if (note != NULL && RtlEqualUnicodeString(info->ValueName, &ReplaceName, TRUE)) {
            Attach(watch, info->Object, "replace");
        }
        break;
    }
    case RegNtPostSetValueKey: {
        const REG_POST_OPERATION_INFORMATION *info = argument2;
        const REG_SET_VALUE_KEY_INFORMATION *set = info->PreInformation;
        NOTE *note = info->ObjectContext;
        LOOK(note, "after %s was set\n", note->Number, Printable(set->ValueName, &text));
        break;
    }
    case RegNtPreKeyHandleClose: {
        const REG_KEY_HANDLE_CLOSE_INFORMATION *info = argument2;
        NOTE *note = info->ObjectContext;
        LOOK(note, "before the close\n", note->Number);
        break;
    }
    case RegNtCallbackObjectContextCleanup: {
        const REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION *info = argument2;
        Release(info->ObjectContext);
        break;
    }
    default:
        break;
    }
    return STATUS_SUCCESS;
}

/* ---- The driver's own use of the key ------------------------------------------------------ */

static NTSTATUS OpenBelow(HANDLE root, const UNICODE_STRING *path, PHANDLE key)
{
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)path,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, NULL);
    return ZwOpenKey(key, KEY_ALL_ACCESS, &attributes);
}

/* A volatile key: no restart finds it. */
static NTSTATUS CreateBelow(HANDLE root, const UNICODE_STRING *path, PHANDLE key)
{
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)path,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, NULL);
    return ZwCreateKey(key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
}

static NTSTATUS SetNumber(HANDLE key, const UNICODE_STRING *name, ULONG number)
{
    return ZwSetValueKey(key, (PUNICODE_STRING)name, 0, REG_DWORD, &number, sizeof(number));
}

static NTSTATUS ReadNumber(HANDLE key)
{
    /* The structure ends in the data's first byte, which its padding makes four. */
    KEY_VALUE_PARTIAL_INFORMATION value;
    ULONG length;
    return ZwQueryValueKey(key, (PUNICODE_STRING)&NumberName, KeyValuePartialInformation, &value,
                           sizeof(value), &length);
}

static NTSTATUS UseTwoHandles(HANDLE service, HANDLE first)
{
    HANDLE second;
    NTSTATUS status = OpenBelow(service, &DemoName, &second);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    SAY("through the first handle:\n");
    status = SetNumber(first, &NumberName, 1);
    if (NT_SUCCESS(status)) {
        SAY("through the second handle:\n");
        status = ReadNumber(second);
    }
    if (NT_SUCCESS(status)) {
        status = SetNumber(second, &ReplaceName, 1);
    }
    if (NT_SUCCESS(status)) {
        status = ReadNumber(second);
    }
    SAY("closing the second handle:\n");
    (void)ZwClose(second);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    SAY("through the first handle:\n");
    status = ReadNumber(first);
    if (NT_SUCCESS(status)) {
        status = SetNumber(first, &ReplaceName, 2);
    }
    return status;
}

/* KEY_NAME_INFORMATION, which mingw-w64 declares in ntifs.h only. */
typedef struct KEY_PATH {
    ULONG Length;
    WCHAR Text[1];
} KEY_PATH;

/* The full path of the demo key, links resolved, as notifications will name it. The caller frees the
 * buffer. */
static NTSTATUS ResolveDemoPath(HANDLE service, UNICODE_STRING *path)
{
    ULONG length = 0;
    NTSTATUS status = ZwQueryKey(service, KeyNameInformation, NULL, 0, &length);
    if (status != STATUS_BUFFER_TOO_SMALL && status != STATUS_BUFFER_OVERFLOW) {
        return NT_SUCCESS(status) ? STATUS_INTERNAL_ERROR : status;
    }
    KEY_PATH *name = ExAllocatePoolWithTag(PagedPool, length, TAG);
    if (name == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = ZwQueryKey(service, KeyNameInformation, name, length, &length);
    if (NT_SUCCESS(status)) {
        /* A backslash and the demo key's name follow. */
        ULONG size = name->Length + sizeof(WCHAR) + DemoName.Length;
        if (size > UNICODE_STRING_MAX_BYTES) {
            status = STATUS_NAME_TOO_LONG;
        } else {
            path->Buffer = ExAllocatePoolWithTag(PagedPool, size, TAG);
            path->Length = 0;
            path->MaximumLength = (USHORT)size;
            status = path->Buffer == NULL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
        }
    }
    if (NT_SUCCESS(status)) {
        UNICODE_STRING part;
        part.Buffer = name->Text;
        part.Length = part.MaximumLength = (USHORT)name->Length;
        /* Neither can fail: the room is there. */
        (void)RtlAppendUnicodeStringToString(path, &part);
        (void)RtlAppendUnicodeToString(path, L"\\");
        (void)RtlAppendUnicodeStringToString(path, &DemoName);
    }
    ExFreePoolWithTag(name, TAG);
    return status;
}

/* ---- Start and end ------------------------------------------------------------------------ */

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registryPath)
{
    static const UNICODE_STRING altitude = RTL_CONSTANT_STRING(L"385210.7");
    HANDLE service;
    NTSTATUS status = OpenBelow(NULL, registryPath, &service);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ResolveDemoPath(service, &Watch.Key);
    if (!NT_SUCCESS(status)) {
        goto close_service;
    }
    status = CmRegisterCallbackEx(Callback, &altitude, driver, &Watch, &Watch.Cookie, NULL);
    if (!NT_SUCCESS(status)) {
        goto free_path;
    }
    SAY("registered, watching %wZ\n", &Watch.Key);
    status = CreateBelow(service, &DemoName, &Watch.Kept);
    if (!NT_SUCCESS(status)) {
        goto unregister;
    }
    status = UseTwoHandles(service, Watch.Kept);
    if (!NT_SUCCESS(status)) {
        goto delete_key;
    }
    SAY("loaded\n");
    (void)ZwClose(service);
    driver->DriverUnload = Unload;
    return STATUS_SUCCESS;

delete_key:
    (void)ZwDeleteKey(Watch.Kept);
    (void)ZwClose(Watch.Kept);
unregister:
    (void)CmUnRegisterCallback(Watch.Cookie);
free_path:
    ExFreePoolWithTag(Watch.Key.Buffer, TAG);
close_service:
    (void)ZwClose(service);
    return status;
}

static VOID NTAPI Unload(PDRIVER_OBJECT driver)
{
    UNREFERENCED_PARAMETER(driver);
    SAY("unregistering\n");
    /* Waits for callbacks in flight and cleans up what is still attached (R4). A failure leaves a
     * callback behind in an image that is about to go. */
    NTSTATUS status = CmUnRegisterCallback(Watch.Cookie);
    NT_ASSERT(NT_SUCCESS(status));
    UNREFERENCED_PARAMETER(status);
    SAY("unregistered\n");
    status = ZwDeleteKey(Watch.Kept);
    if (NT_SUCCESS(status)) {
        SAY("deleted the key\n");
    } else {
        WARN("the key stays until the next restart: 0x%08X\n", (ULONG)status);
    }
    (void)ZwClose(Watch.Kept);
    ExFreePoolWithTag(Watch.Key.Buffer, TAG);
}
