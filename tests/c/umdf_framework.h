/*
 * The framework's part in umdf_host.c: as much of UMDF 1 as one device with a few queues needs.
 *
 * All objects are reference counted and stay in memory until the end, so that a use after the last release is found. What a
 * driver calls that is not here stops the program with the method's name; so does what the pages forbid.
 */
#ifndef UMDF_FRAMEWORK_H
#define UMDF_FRAMEWORK_H

#include "umdf_ddi.h"

/* How long a driver may take to complete a request, or to give a reference back. */
#define PATIENCE_MS 10000

#define MAX_QUEUES 8

typedef struct OBJECT {
    const void *lpVtbl;
    const char *kind;
    /* The interfaces by their ids; a null pointer ends the list. */
    const GUID *const *ids;
    volatile LONG references;
    struct OBJECT *next;
} OBJECT;

typedef struct QUEUE {
    OBJECT object;
    IUnknown *callback;
    BOOL is_default;
    int dispatch;
    /* Of a manual queue. */
    struct REQUEST *waiting;
} QUEUE;

typedef struct DEVICE {
    OBJECT object;
    IUnknown *callback;
    QUEUE *queues[MAX_QUEUES];
    int queue_count;
    /* For each kind of requests; the default queue where there is none. */
    QUEUE *dispatched[16];
    int interface_count;
} DEVICE;

typedef struct DRIVER {
    OBJECT object;
    DEVICE *device;
    /* What CreateDevice and CreateIoQueue return instead of what was asked for, if they are errors. */
    HRESULT refuse_device, refuse_queue;
} DRIVER;

typedef struct INIT {
    OBJECT object;
    BOOL is_used_up;
    /* What was said of each capability. */
    int capabilities[8];
} INIT;

typedef struct FILE_OBJECT {
    OBJECT object;
} FILE_OBJECT;

typedef struct MEMORY {
    OBJECT object;
    BYTE *bytes;
    SIZE_T length;
} MEMORY;

typedef struct REQUEST {
    OBJECT object;
    int kind;
    ULONG code;
    MEMORY *input, *output;
    FILE_OBJECT *file;
    /* An event that is set when the request is complete, and with what it is. */
    HANDLE completed;
    volatile LONG completions;
    HRESULT status;
    SIZE_T information;
    /* Whom a cancelable request's cancellation is told. */
    IRequestCallbackCancel *volatile cancel;
} REQUEST;

/* Writes one line and ends the program as failed. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* umdf_objects.c */
void *new_object(SIZE_T size, const char *kind, const void *table, const GUID *const *ids);
/* That the driver may call a method of an object. */
void check_alive(OBJECT *object, const char *method);
void *given(void *object);
/* Gives the host's reference up, and waits until it was the last one. */
void retire(void *object);
/* That no object has a reference left; gives how many objects there were. */
int check_retired(void);

DRIVER *new_driver(void);
INIT *new_init(void);
FILE_OBJECT *new_file(void);
QUEUE *queue_for(DEVICE *device, int kind);
/* Releases the driver's callback objects, and the device and its queues. */
void retire_device(DEVICE *device);

/* An interface of a callback object, with a reference; null if it has none. */
void *callback(IUnknown *object, const GUID *id);
/* Gives a reference to a callback object up. */
ULONG release(void *pointer);

/* umdf_requests.c */
REQUEST *new_request(int kind, FILE_OBJECT *file, const void *input, SIZE_T input_length, SIZE_T output_length);
/* Lets the driver have it, and waits for its completion. */
void deliver(DEVICE *device, REQUEST *request);
/* The same, and cancels it as soon as that can be; whether it could. */
BOOL deliver_and_cancel(DEVICE *device, REQUEST *request);
void retire_request(REQUEST *request);

/* What all tables of framework objects have. */
HRESULT STDMETHODCALLTYPE object_query(OBJECT *self, const GUID *id, void **found);
ULONG STDMETHODCALLTYPE object_add_ref(OBJECT *self);
ULONG STDMETHODCALLTYPE object_release(OBJECT *self);
#define IDENTITY \
    .QueryInterface = (METHOD)object_query, .AddRef = (METHOD)object_add_ref, .Release = (METHOD)object_release

/* Methods that are not here. */
#define ABSENT(I, name) \
    static void STDMETHODCALLTYPE absent_##I##_##name(void) { fail("the host has no " #I "::" #name); }
#define ABSENT_ENTRY(I, name) .name = absent_##I##_##name,
#define ABSENT_METHODS(I) METHODS_##I(ABSENT, I)
#define TABLE(I, ...) \
    static const I##Vtbl I##_table = {METHODS_##I(ABSENT_ENTRY, I) IDENTITY, __VA_ARGS__}

#endif
