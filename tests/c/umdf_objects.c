/* Framework objects that are not requests: driver, device before and after it is made, queues, files. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "umdf_framework.h"

/* Tables begin with all methods absent, and those that are here replace them. */
#pragma GCC diagnostic ignored "-Woverride-init"

static OBJECT *volatile objects;

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("FAILED: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    /* The driver's threads, and what it would do when it is unloaded, matter no more. */
    TerminateProcess(GetCurrentProcess(), 1);
    abort();
}

/* -- Reference counts -- */

void *new_object(SIZE_T size, const char *kind, const void *table, const GUID *const *ids) {
    OBJECT *object = calloc(1, size);
    if (!object) fail("out of memory");
    object->lpVtbl = table;
    object->kind = kind;
    object->ids = ids;
    object->references = 1;
    object->next = objects;
    objects = object;
    return object;
}

void check_alive(OBJECT *object, const char *method) {
    if (object->references <= 0) fail("%s of a %s that was released", method, object->kind);
}

void *given(void *object) {
    object_add_ref(object);
    return object;
}

void retire(void *pointer) {
    OBJECT *object = pointer;
    for (int waited = 0; object->references > 1; waited++) {
        if (waited >= PATIENCE_MS) fail("the driver keeps %ld references to a %s", object->references - 1, object->kind);
        Sleep(1);
    }
    object_release(object);
}

int check_retired(void) {
    int count = 0;
    for (OBJECT *object = objects; object; object = object->next, count++)
        if (object->references != 0) fail("a %s has %ld references at the end", object->kind, object->references);
    return count;
}

HRESULT STDMETHODCALLTYPE object_query(OBJECT *self, const GUID *id, void **found) {
    check_alive(self, "QueryInterface");
    *found = NULL;
    for (const GUID *const *known = self->ids; *known; known++)
        if (IsEqualGUID(*known, id)) *found = given(self);
    /* A driver that does without an interface would hide that it has the wrong id for it. */
    if (!*found) fail("a %s has no interface {%08lx-%04x-%04x-...} here", self->kind, id->Data1, id->Data2, id->Data3);
    return S_OK;
}

ULONG STDMETHODCALLTYPE object_add_ref(OBJECT *self) {
    check_alive(self, "AddRef");
    return InterlockedIncrement(&self->references);
}

ULONG STDMETHODCALLTYPE object_release(OBJECT *self) {
    check_alive(self, "Release");
    return InterlockedDecrement(&self->references);
}

void *callback(IUnknown *object, const GUID *id) {
    void *found = (void *)-1;
    HRESULT result = object->lpVtbl->QueryInterface(object, id, &found);
    if (result == S_OK && found && found != (void *)-1) return found;
    if (result != E_NOINTERFACE || found) fail("QueryInterface returns 0x%08lx with %p", result, found);
    return NULL;
}

ULONG release(void *pointer) {
    IUnknown *unknown = pointer;
    return unknown->lpVtbl->Release(unknown);
}

/* Gives the framework's reference to a callback object up, which is the last one. */
static void retire_callback(IUnknown *object, const char *kind) {
    ULONG left = object ? release(object) : 0;
    if (left != 0) fail("a %s has %lu references when the framework has released it", kind, left);
}

/* -- Strings, by two calls: for the length, and for the string -- */

static HRESULT write_string(const WCHAR *text, WCHAR *buffer, DWORD *length) {
    DWORD room = *length;
    *length = lstrlenW(text) + 1;
    if (!buffer) return room ? E_INVALIDARG : S_OK;
    if (room < *length) return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    lstrcpyW(buffer, text);
    return S_OK;
}

static const WCHAR instance_id[] = L"ROOT\\UMDF\\0000";

/* -- IWDFFile -- */

ABSENT_METHODS(IWDFFile)

static HRESULT STDMETHODCALLTYPE file_name(FILE_OBJECT *self, WCHAR *buffer, DWORD *length) {
    check_alive(&self->object, "RetrieveFileName");
    return write_string(L"", buffer, length);
}

TABLE(IWDFFile, .RetrieveFileName = (METHOD)file_name);

FILE_OBJECT *new_file(void) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFObject, &ID_IWDFFile, NULL};
    return new_object(sizeof(FILE_OBJECT), "file", &IWDFFile_table, ids);
}

/* -- IWDFIoQueue -- */

ABSENT_METHODS(IWDFIoQueue)

static int STDMETHODCALLTYPE queue_state(QUEUE *self, ULONG *queued, ULONG *owned) {
    check_alive(&self->object, "GetState");
    if (queued) *queued = self->waiting != NULL;
    if (owned) *owned = 0;
    return WdfIoQueueAcceptRequests | WdfIoQueueDispatchRequests;
}

static HRESULT STDMETHODCALLTYPE queue_retrieve(QUEUE *self, void **request) {
    check_alive(&self->object, "RetrieveNextRequest");
    *request = InterlockedExchangePointer((void *volatile *)&self->waiting, NULL);
    if (!*request) return HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS);
    given(*request);
    return S_OK;
}

static void STDMETHODCALLTYPE queue_start_or_stop(QUEUE *self) {
    check_alive(&self->object, "Start or Stop");
}

TABLE(IWDFIoQueue, .GetState = (METHOD)queue_state, .RetrieveNextRequest = (METHOD)queue_retrieve,
      .Start = (METHOD)queue_start_or_stop, .Stop = (METHOD)queue_start_or_stop);

/* Whether a queue's callback object takes requests. */
static BOOL delivers(IUnknown *object) {
    static const GUID *const ids[] = {&ID_IQueueCallbackCreate, &ID_IQueueCallbackRead, &ID_IQueueCallbackWrite,
                                      &ID_IQueueCallbackDeviceIoControl, &ID_IQueueCallbackDefaultIoHandler};
    BOOL found = FALSE;
    for (SIZE_T i = 0; object && i < sizeof ids / sizeof *ids; i++) {
        void *pointer = callback(object, ids[i]);
        if (pointer) found = TRUE, release(pointer);
    }
    return found;
}

/* -- IWDFDevice -- */

ABSENT_METHODS(IWDFDevice)

static DRIVER *the_driver;

static HRESULT STDMETHODCALLTYPE device_create_queue(DEVICE *self, IUnknown *object, BOOL is_default, int dispatch,
                                                     BOOL power_managed, BOOL zero_length, void **made) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFObject, &ID_IWDFIoQueue, NULL};
    check_alive(&self->object, "CreateIoQueue");
    (void)power_managed, (void)zero_length;
    *made = NULL;
    if (FAILED(the_driver->refuse_queue)) return the_driver->refuse_queue;
    if (dispatch < WdfIoQueueDispatchSequential || dispatch > WdfIoQueueDispatchManual || self->queue_count == MAX_QUEUES)
        return E_INVALIDARG;
    /* Page: nf-wudfddi-iwdfdevice-createioqueue. */
    if (delivers(object) == (dispatch == WdfIoQueueDispatchManual)) return HRESULT_FROM_WIN32(ERROR_BAD_CONFIGURATION);
    QUEUE *queue = new_object(sizeof *queue, "queue", &IWDFIoQueue_table, ids);
    queue->callback = object;
    if (object) object->lpVtbl->AddRef(object);
    queue->is_default = is_default;
    queue->dispatch = dispatch;
    self->queues[self->queue_count++] = queue;
    *made = given(queue);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE device_dispatch(DEVICE *self, QUEUE *queue, int kind, BOOL forward) {
    check_alive(&self->object, "ConfigureRequestDispatching");
    if (kind <= 0 || kind >= 16) return E_INVALIDARG;
    self->dispatched[kind] = forward ? queue : NULL;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE device_create_interface(DEVICE *self, const GUID *class, const WCHAR *reference) {
    check_alive(&self->object, "CreateDeviceInterface");
    (void)reference;
    if (!class) return E_POINTER;
    self->interface_count++;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE device_enable_interface(DEVICE *self, const GUID *class, const WCHAR *reference,
                                                         BOOL enable) {
    check_alive(&self->object, "AssignDeviceInterfaceState");
    (void)class, (void)reference, (void)enable;
    return self->interface_count ? S_OK : E_INVALIDARG;
}

static HRESULT STDMETHODCALLTYPE device_instance_id(DEVICE *self, WCHAR *buffer, DWORD *length) {
    check_alive(&self->object, "RetrieveDeviceInstanceId");
    return write_string(instance_id, buffer, length);
}

TABLE(IWDFDevice, .CreateIoQueue = (METHOD)device_create_queue, .ConfigureRequestDispatching = (METHOD)device_dispatch,
      .CreateDeviceInterface = (METHOD)device_create_interface,
      .AssignDeviceInterfaceState = (METHOD)device_enable_interface,
      .RetrieveDeviceInstanceId = (METHOD)device_instance_id);

QUEUE *queue_for(DEVICE *device, int kind) {
    if (device->dispatched[kind]) return device->dispatched[kind];
    for (int i = 0; i < device->queue_count; i++)
        if (device->queues[i]->is_default) return device->queues[i];
    return NULL;
}

static void clean_up(IUnknown *object, void *framework) {
    IObjectCleanup *cleanup = object ? callback(object, &ID_IObjectCleanup) : NULL;
    if (!cleanup) return;
    cleanup->lpVtbl->OnCleanup(cleanup, framework);
    release(cleanup);
}

void retire_device(DEVICE *device) {
    for (int i = 0; i < device->queue_count; i++) {
        clean_up(device->queues[i]->callback, device->queues[i]);
        retire_callback(device->queues[i]->callback, "queue callback object");
    }
    clean_up(device->callback, device);
    retire_callback(device->callback, "device callback object");
    /* With its callback objects, all that the driver has kept is gone. */
    for (int i = 0; i < device->queue_count; i++) retire(device->queues[i]);
    retire(device);
}

/* -- IWDFDeviceInitialize -- */

ABSENT_METHODS(IWDFDeviceInitialize)

static void check_init(INIT *self, const char *method) {
    check_alive(&self->object, method);
    if (self->is_used_up) fail("%s after CreateDevice (U3)", method);
}

static void STDMETHODCALLTYPE init_set_filter(INIT *self) { check_init(self, "SetFilter"); }
static void STDMETHODCALLTYPE init_set_locking(INIT *self, int constraint) {
    check_init(self, "SetLockingConstraint");
    if (constraint < 0 || constraint > 1) fail("SetLockingConstraint(%d)", constraint);
}
static void STDMETHODCALLTYPE init_set_ownership(INIT *self, BOOL owner) {
    check_init(self, "SetPowerPolicyOwnership");
    if (owner != TRUE && owner != FALSE) fail("SetPowerPolicyOwnership(%d)", owner);
}
static void STDMETHODCALLTYPE init_set_forward(INIT *self, int state) {
    check_init(self, "AutoForwardCreateCleanupClose");
    if (state < 0 || state > 2) fail("AutoForwardCreateCleanupClose(%d)", state);
}
static void STDMETHODCALLTYPE init_set_capability(INIT *self, int capability, int value) {
    check_init(self, "SetPnpCapability");
    if (capability < 0 || capability >= 8 || value < 0 || value > 2) fail("SetPnpCapability(%d, %d)", capability, value);
    self->capabilities[capability] = value;
}
static int STDMETHODCALLTYPE init_capability(INIT *self, int capability) {
    check_init(self, "GetPnpCapability");
    if (capability < 0 || capability >= 8) fail("GetPnpCapability(%d)", capability);
    return self->capabilities[capability];
}
static HRESULT STDMETHODCALLTYPE init_instance_id(INIT *self, WCHAR *buffer, DWORD *length) {
    check_init(self, "RetrieveDeviceInstanceId");
    return write_string(instance_id, buffer, length);
}

TABLE(IWDFDeviceInitialize, .SetFilter = (METHOD)init_set_filter, .SetLockingConstraint = (METHOD)init_set_locking,
      .SetPowerPolicyOwnership = (METHOD)init_set_ownership, .AutoForwardCreateCleanupClose = (METHOD)init_set_forward,
      .SetPnpCapability = (METHOD)init_set_capability, .GetPnpCapability = (METHOD)init_capability,
      .RetrieveDeviceInstanceId = (METHOD)init_instance_id);

INIT *new_init(void) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFDeviceInitialize, NULL};
    return new_object(sizeof(INIT), "device to be made", &IWDFDeviceInitialize_table, ids);
}

/* -- IWDFDriver -- */

ABSENT_METHODS(IWDFDriver)

static HRESULT STDMETHODCALLTYPE driver_create_device(DRIVER *self, INIT *init, IUnknown *object, void **made) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFObject, &ID_IWDFDevice, NULL};
    check_alive(&self->object, "CreateDevice");
    check_init(init, "CreateDevice");
    *made = NULL;
    if (FAILED(self->refuse_device)) return self->refuse_device;
    init->is_used_up = TRUE;
    DEVICE *device = new_object(sizeof *device, "device", &IWDFDevice_table, ids);
    device->callback = object;
    if (object) object->lpVtbl->AddRef(object);
    self->device = device;
    *made = given(device);
    return S_OK;
}

static BOOL STDMETHODCALLTYPE driver_has_version(DRIVER *self, const UMDF_VERSION_DATA *version) {
    check_alive(&self->object, "IsVersionAvailable");
    return version->MajorNumber == 1 && version->MinorNumber <= 11;
}

static HRESULT STDMETHODCALLTYPE driver_version(DRIVER *self, WCHAR *buffer, DWORD *length) {
    check_alive(&self->object, "RetrieveVersionString");
    return write_string(L"1.11.0", buffer, length);
}

TABLE(IWDFDriver, .CreateDevice = (METHOD)driver_create_device, .IsVersionAvailable = (METHOD)driver_has_version,
      .RetrieveVersionString = (METHOD)driver_version);

DRIVER *new_driver(void) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFObject, &ID_IWDFDriver, NULL};
    the_driver = new_object(sizeof(DRIVER), "driver", &IWDFDriver_table, ids);
    return the_driver;
}
