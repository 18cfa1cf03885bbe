/*
 * A host for UMDF 1 drivers: loads a driver's DLL as the framework does, adds a device, reads, writes and controls it, lets it
 * go and unloads the DLL. What it calls and implements is declared in umdf_ddi.h, apart from the crate that drivers are written
 * with. `cargo xtask umdf-wine` compiles it and runs it under Wine.
 *
 *     umdf_host DRIVER.dll {CLSID} [CODE INPUT OUTPUT]
 *
 * Reads have to give back what was written before, at once or from another thread. CODE, a number, is a device I/O control;
 * INPUT is its input and OUTPUT the output that it has to have, as hexadecimal digits, or - for none. A line is printed for
 * each step; the exit status is 0 if all went well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <tlhelp32.h>

#include "umdf_framework.h"

#define MAX_BYTES 256

typedef struct BYTES {
    SIZE_T length;
    BYTE bytes[MAX_BYTES];
} BYTES;

typedef struct CONTROL {
    BOOL is_given;
    ULONG code;
    BYTES input, output;
} CONTROL;

typedef HRESULT(STDMETHODCALLTYPE *GET_CLASS_OBJECT)(const GUID *, const GUID *, void **);
typedef HRESULT(STDMETHODCALLTYPE *CAN_UNLOAD_NOW)(void);

/* The driver's DLL. */
typedef struct DLL {
    HMODULE module;
    GUID clsid;
    GET_CLASS_OBJECT get_class_object;
    CAN_UNLOAD_NOW can_unload_now;
} DLL;

static const GUID unknown_id = {0x5CA1AB1E, 0, 0, {0, 1, 2, 3, 4, 5, 6, 7}};

/* Some pointer to nowhere that a driver has to replace. */
#define JUNK ((void *)0x5CA1AB1E)

static void step(const char *what) {
    printf("ok: %s\n", what);
    fflush(stdout);
}

static void expect(HRESULT result, HRESULT expected, const char *what) {
    if (result != expected) fail("%s returns 0x%08lx, not 0x%08lx", what, result, expected);
}

/* The same of a method that was to make an object: it does not, and says so. */
static void expect_no_object(HRESULT result, HRESULT expected, void *object, const char *what) {
    expect(result, expected, what);
    if (object) fail("%s fails and leaves %p", what, object);
}

/* -- The DLL and its class factory (U2) -- */

static void *export_of(HMODULE module, const char *name) {
    void *address = (void *)(ULONG_PTR)GetProcAddress(module, name);
    if (!address) fail("the DLL does not export %s", name);
    return address;
}

static DLL load(const char *file, const char *clsid) {
    DLL dll = {.module = LoadLibraryA(file)};
    WCHAR text[64];
    if (!dll.module) fail("%s is not loaded: error %lu", file, GetLastError());
    if (!MultiByteToWideChar(CP_ACP, 0, clsid, -1, text, 64) || FAILED(CLSIDFromString(text, &dll.clsid)))
        fail("%s is not a CLSID in braces", clsid);
    if (GetModuleHandleA(file) != dll.module) fail("%s is another module", file);
    dll.get_class_object = (GET_CLASS_OBJECT)(ULONG_PTR)export_of(dll.module, "DllGetClassObject");
    dll.can_unload_now = (CAN_UNLOAD_NOW)(ULONG_PTR)export_of(dll.module, "DllCanUnloadNow");
    const UMDF_VERSION_DATA *version = export_of(dll.module, "Microsoft_WDF_UMDF_Version");
    if (version->MajorNumber != 1 || version->MinorNumber > 11 || version->ServiceNumber != 0)
        fail("the driver is for UMDF %lu.%lu.%lu", version->MajorNumber, version->MinorNumber, version->ServiceNumber);
    printf("ok: the DLL is loaded, for UMDF 1.%lu\n", version->MinorNumber);
    return dll;
}

static IClassFactory *class_factory(const DLL *dll) {
    const GUID *clsid = &dll->clsid;
    void *found = JUNK;
    expect(dll->get_class_object(NULL, &ID_IClassFactory, &found), E_POINTER, "DllGetClassObject without a class");
    expect(dll->get_class_object(clsid, NULL, &found), E_POINTER, "DllGetClassObject without an interface");
    expect(dll->get_class_object(clsid, &ID_IClassFactory, NULL), E_POINTER, "DllGetClassObject without a place");
    found = JUNK;
    HRESULT result = dll->get_class_object(&unknown_id, &ID_IClassFactory, &found);
    expect_no_object(result, CLASS_E_CLASSNOTAVAILABLE, found, "DllGetClassObject of an unknown class");
    found = JUNK;
    result = dll->get_class_object(clsid, &unknown_id, &found);
    expect_no_object(result, E_NOINTERFACE, found, "DllGetClassObject of an unknown interface");
    expect(dll->can_unload_now(), S_OK, "DllCanUnloadNow without objects");
    step("the DLL refuses what it does not have");

    expect(dll->get_class_object(clsid, &ID_IClassFactory, &found), S_OK, "DllGetClassObject");
    IClassFactory *factory = found;
    expect(dll->can_unload_now(), S_FALSE, "DllCanUnloadNow with a class factory");
    found = JUNK;
    result = factory->lpVtbl->CreateInstance(factory, NULL, &unknown_id, &found);
    expect_no_object(result, E_NOINTERFACE, found, "CreateInstance of an unknown interface");
    found = JUNK;
    result = factory->lpVtbl->CreateInstance(factory, (IUnknown *)factory, &ID_IUnknown, &found);
    expect_no_object(result, CLASS_E_NOAGGREGATION, found, "CreateInstance with an outer object");
    result = factory->lpVtbl->CreateInstance(factory, NULL, NULL, &found);
    expect(result, E_POINTER, "CreateInstance without an interface");
    result = factory->lpVtbl->CreateInstance(factory, NULL, &ID_IDriverEntry, NULL);
    expect(result, E_POINTER, "CreateInstance without a place");
    step("the class factory is made, and refuses the same");
    return factory;
}

/* That an object's interfaces lead to one IUnknown, and that what it does not have is refused. */
static void check_identity(void *pointer, const char *what) {
    IUnknown *object = pointer;
    IUnknown *identity = callback(object, &ID_IUnknown), *again = identity ? callback(identity, &ID_IUnknown) : NULL;
    if (!identity || identity != again) fail("%s has several identities", what);
    release(identity);
    release(again);
    if (callback(object, &unknown_id)) fail("%s has an interface that does not exist", what);
    void *found;
    expect(object->lpVtbl->QueryInterface(object, NULL, &found), E_POINTER, "QueryInterface without an interface");
    expect(object->lpVtbl->QueryInterface(object, &ID_IUnknown, NULL), E_POINTER, "QueryInterface without a place");
}

static IDriverEntry *driver_entry(const DLL *dll) {
    IClassFactory *factory = class_factory(dll);
    check_identity(factory, "the class factory");
    void *found;
    HRESULT result = factory->lpVtbl->CreateInstance(factory, NULL, &ID_IDriverEntry, &found);
    expect(result, S_OK, "CreateInstance");
    IDriverEntry *entry = found;
    check_identity(entry, "the driver callback object");
    expect(factory->lpVtbl->LockServer(factory, TRUE), S_OK, "LockServer");
    expect(factory->lpVtbl->LockServer(factory, FALSE), S_OK, "LockServer");
    if (release(factory) != 0) fail("the class factory has references left");
    expect(dll->can_unload_now(), S_FALSE, "DllCanUnloadNow with a driver callback object");
    step("the driver callback object is made");
    return entry;
}

/* -- The device (U3, U4) -- */

static void refuse(IDriverEntry *entry, DRIVER *driver) {
    INIT *init = new_init();
    expect(entry->lpVtbl->OnDeviceAdd(entry, driver, NULL), E_POINTER, "OnDeviceAdd without what is to be made");
    expect(entry->lpVtbl->OnDeviceAdd(entry, NULL, init), E_POINTER, "OnDeviceAdd without a driver");
    if (driver->device || init->is_used_up) fail("OnDeviceAdd with a null pointer makes a device");
    driver->refuse_device = E_OUTOFMEMORY;
    expect(entry->lpVtbl->OnDeviceAdd(entry, driver, init), E_OUTOFMEMORY, "OnDeviceAdd without a device");
    driver->refuse_device = S_OK;
    driver->refuse_queue = E_OUTOFMEMORY;
    expect(entry->lpVtbl->OnDeviceAdd(entry, driver, init), E_OUTOFMEMORY, "OnDeviceAdd without a queue");
    driver->refuse_queue = S_OK;
    retire(init);
    if (!driver->device) fail("OnDeviceAdd makes queues before the device");
    retire_device(driver->device);
    driver->device = NULL;
    step("a device that is not to be had is none");
}

static DEVICE *add_device(IDriverEntry *entry, DRIVER *driver) {
    refuse(entry, driver);
    INIT *init = new_init();
    expect(entry->lpVtbl->OnDeviceAdd(entry, driver, init), S_OK, "OnDeviceAdd");
    retire(init);
    if (!driver->device) fail("OnDeviceAdd succeeds without a device (U3)");
    check_identity(driver->device->callback, "the device callback object");
    for (int i = 0; i < driver->device->queue_count; i++)
        check_identity(driver->device->queues[i]->callback, "a queue callback object");
    printf("ok: the device is added; queues: %d\n", driver->device->queue_count);
    return driver->device;
}

/* Prepares the hardware and enters the working state, or leaves it and releases the hardware. */
static void power(DEVICE *device, BOOL on) {
    IPnpCallbackHardware *hardware = callback(device->callback, &ID_IPnpCallbackHardware);
    IPnpCallback *pnp = callback(device->callback, &ID_IPnpCallback);
    IPnpCallbackSelfManagedIo *io = callback(device->callback, &ID_IPnpCallbackSelfManagedIo);
    if (on && hardware) expect(hardware->lpVtbl->OnPrepareHardware(hardware, device), S_OK, "OnPrepareHardware");
    if (on && pnp) expect(pnp->lpVtbl->OnD0Entry(pnp, device, WdfPowerDeviceD3Final), S_OK, "OnD0Entry");
    if (on && io) expect(io->lpVtbl->OnSelfManagedIoInit(io, device), S_OK, "OnSelfManagedIoInit");
    if (!on && pnp) expect(pnp->lpVtbl->OnQueryRemove(pnp, device), S_OK, "OnQueryRemove");
    if (!on && io) expect(io->lpVtbl->OnSelfManagedIoSuspend(io, device), S_OK, "OnSelfManagedIoSuspend");
    if (!on && pnp) expect(pnp->lpVtbl->OnD0Exit(pnp, device, WdfPowerDeviceD3Final), S_OK, "OnD0Exit");
    if (!on && hardware) expect(hardware->lpVtbl->OnReleaseHardware(hardware, device), S_OK, "OnReleaseHardware");
    if (!on && io) io->lpVtbl->OnSelfManagedIoFlush(io, device);
    if (!on && io) io->lpVtbl->OnSelfManagedIoCleanup(io, device);
    if (pnp) expect(pnp->lpVtbl->OnD0Entry(pnp, NULL, WdfPowerDeviceD0), E_POINTER, "OnD0Entry without a device");
    if (hardware) release(hardware);
    if (pnp) release(pnp);
    if (io) release(io);
    printf("ok: %s%s%s%s\n", on ? "the device starts:" : "the device stops:", hardware ? " hardware" : "", pnp ? " power" : "",
           io ? " self-managed I/O" : "");
}

/* -- Its requests (U5) -- */

static void check_done(const REQUEST *request, SIZE_T length, const char *what) {
    if (request->status != S_OK || request->information != length)
        fail("%s is completed with 0x%08lx and %lu bytes, not %lu", what, request->status, (ULONG)request->information,
             (ULONG)length);
}

static void write_and_read(DEVICE *device, FILE_OBJECT *file) {
    static const char text[] = "Hello from a program";
    REQUEST *write = new_request(WdfRequestWrite, file, text, sizeof text, 0);
    deliver(device, write);
    check_done(write, sizeof text, "the write");
    step("what is written is taken");

    REQUEST *read = new_request(WdfRequestRead, file, NULL, 0, sizeof text);
    deliver(device, read);
    check_done(read, sizeof text, "the read");
    if (memcmp(read->output->bytes, text, sizeof text) != 0) fail("the read gives other bytes than were written");
    step("what was written is read");

    REQUEST *canceled = new_request(WdfRequestRead, file, NULL, 0, sizeof text);
    if (deliver_and_cancel(device, canceled)) {
        expect(canceled->status, HRESULT_FROM_WIN32(ERROR_OPERATION_ABORTED), "a cancelled read");
        step("a read is cancelled");
    }

    /* The framework does not do this to drivers; one that asks for the memory gets an error for the caller. */
    REQUEST *without = new_request(WdfRequestWrite, file, NULL, 0, 0);
    deliver(device, without);
    if (without->information != 0) fail("a write of nothing is completed with %lu bytes", (ULONG)without->information);
    step("a write without memory is completed");

    retire_request(write);
    retire_request(read);
    retire_request(canceled);
    retire_request(without);
}

static void control(DEVICE *device, FILE_OBJECT *file, const CONTROL *what) {
    REQUEST *request =
        new_request(WdfRequestDeviceIoControl, file, what->input.bytes, what->input.length, what->output.length);
    request->code = what->code;
    deliver(device, request);
    if (what->is_given) {
        check_done(request, what->output.length, "the device I/O control");
        if (request->output && memcmp(request->output->bytes, what->output.bytes, what->output.length) != 0)
            fail("the device I/O control has another output");
    }
    printf("ok: the device I/O control 0x%lx is completed with 0x%08lx\n", what->code, request->status);
    retire_request(request);
}

static void use_device(DEVICE *device, const CONTROL *what) {
    FILE_OBJECT *file = new_file();
    REQUEST *opening = new_request(WdfRequestCreate, file, NULL, 0, 0);
    deliver(device, opening);
    expect(opening->status, S_OK, "opening the device");
    retire_request(opening);
    step("the device is opened");

    write_and_read(device, file);
    control(device, file, what);

    IFileCallbackCleanup *cleanup = callback(device->callback, &ID_IFileCallbackCleanup);
    if (cleanup) cleanup->lpVtbl->OnCleanupFile(cleanup, file), release(cleanup);
    IFileCallbackClose *close = callback(device->callback, &ID_IFileCallbackClose);
    if (close) close->lpVtbl->OnCloseFile(close, file), release(close);
    retire(file);
    step("the device is closed");
}

/* -- The end -- */

static int count_threads(void) {
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    int count = 0;
    if (snapshot == INVALID_HANDLE_VALUE) fail("no list of threads");
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}

/* A thread that the driver has left would run in memory that is gone. */
static void unload(const DLL *dll, const char *file, int threads) {
    expect(dll->can_unload_now(), S_OK, "DllCanUnloadNow at the end");
    /* One that is at its end may still be there. */
    for (int waited = 0; waited < 50 && count_threads() > threads; waited++) Sleep(1);
    if (count_threads() > threads) fail("the driver leaves %d threads", count_threads() - threads);
    if (!FreeLibrary(dll->module) || GetModuleHandleA(file)) fail("the DLL is not unloaded");
    step("the DLL is unloaded");
}

/* -- The command line -- */

static BYTES bytes_of(const char *digits) {
    BYTES bytes = {0};
    if (strcmp(digits, "-") == 0) return bytes;
    for (; digits[0] && digits[1] && bytes.length < MAX_BYTES; digits += 2) {
        char pair[3] = {digits[0], digits[1], 0}, *end;
        bytes.bytes[bytes.length++] = (BYTE)strtoul(pair, &end, 16);
        if (*end) fail("%s are not hexadecimal digits", digits);
    }
    if (*digits) fail("half a byte, or too many: %s", digits);
    return bytes;
}

int main(int count, char **arguments) {
    CONTROL what = {0};
    if (count != 3 && count != 6) fail("usage: umdf_host DRIVER.dll {CLSID} [CODE INPUT OUTPUT]");
    if (count == 6) {
        what.is_given = TRUE;
        what.code = strtoul(arguments[3], NULL, 0);
        what.input = bytes_of(arguments[4]);
        what.output = bytes_of(arguments[5]);
    }

    int threads = count_threads();
    DLL dll = load(arguments[1], arguments[2]);
    IDriverEntry *entry = driver_entry(&dll);
    DRIVER *driver = new_driver();
    expect(entry->lpVtbl->OnInitialize(entry, NULL), E_POINTER, "OnInitialize without a driver");
    expect(entry->lpVtbl->OnInitialize(entry, driver), S_OK, "OnInitialize");
    step("the driver is initialised");

    DEVICE *device = add_device(entry, driver);
    power(device, TRUE);
    use_device(device, &what);
    power(device, FALSE);
    retire_device(device);
    step("the device is gone, and all its callback objects");

    entry->lpVtbl->OnDeinitialize(entry, driver);
    if (release(entry) != 0) fail("the driver callback object has references left");
    retire(driver);
    printf("ok: all references to %d objects were given back\n", check_retired());
    unload(&dll, arguments[1], threads);
    return 0;
}
