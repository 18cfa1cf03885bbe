/* Framework requests and their memory: what a driver may do with one, and once only (U5). */
#include <stdlib.h>
#include <string.h>

#include "umdf_framework.h"

#pragma GCC diagnostic ignored "-Woverride-init"

#define ERROR_RESULT(code) HRESULT_FROM_WIN32(code)

/* -- IWDFMemory -- */

ABSENT_METHODS(IWDFMemory)

static BOOL lies_within(const MEMORY *memory, SIZE_T offset, SIZE_T length) {
    return offset <= memory->length && length <= memory->length - offset;
}

static HRESULT STDMETHODCALLTYPE memory_copy_out(MEMORY *self, SIZE_T offset, void *target, SIZE_T length) {
    check_alive(&self->object, "CopyToBuffer");
    if (!lies_within(self, offset, length)) return ERROR_RESULT(ERROR_INSUFFICIENT_BUFFER);
    memcpy(target, self->bytes + offset, length);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE memory_copy_in(MEMORY *self, SIZE_T offset, const void *source, SIZE_T length) {
    check_alive(&self->object, "CopyFromBuffer");
    if (!lies_within(self, offset, length)) return ERROR_RESULT(ERROR_INSUFFICIENT_BUFFER);
    memcpy(self->bytes + offset, source, length);
    return S_OK;
}

static SIZE_T STDMETHODCALLTYPE memory_size(MEMORY *self) {
    check_alive(&self->object, "GetSize");
    return self->length;
}

TABLE(IWDFMemory, .CopyToBuffer = (METHOD)memory_copy_out, .CopyFromBuffer = (METHOD)memory_copy_in,
      .GetSize = (METHOD)memory_size);

static MEMORY *new_memory(const void *bytes, SIZE_T length) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFObject, &ID_IWDFMemory, NULL};
    if (!length) return NULL;
    MEMORY *memory = new_object(sizeof *memory, "memory", &IWDFMemory_table, ids);
    memory->bytes = calloc(1, length);
    if (!memory->bytes) fail("out of memory");
    if (bytes) memcpy(memory->bytes, bytes, length);
    memory->length = length;
    return memory;
}

/* -- IWDFIoRequest2 -- */

ABSENT_METHODS(IWDFIoRequest2)

/* That the driver has the request still. */
static void check_owned(REQUEST *self, const char *method) {
    check_alive(&self->object, method);
    if (self->completions) fail("%s of a request that was completed (U5)", method);
}

static void check_memory(const MEMORY *memory, const char *which) {
    /* Page: nf-wudfddi-iwdfiorequest2-retrieveinputmemory. */
    if (memory && memory->object.references != 1) fail("the %s memory is not released before its request is completed", which);
}

static void STDMETHODCALLTYPE request_complete_with(REQUEST *self, HRESULT status, SIZE_T information) {
    check_alive(&self->object, "CompleteWithInformation");
    if (self->cancel) fail("a cancelable request is completed (U5)");
    check_memory(self->input, "input");
    check_memory(self->output, "output");
    if (InterlockedIncrement(&self->completions) != 1) fail("a request is completed twice (U5)");
    self->status = status;
    self->information = information;
    SetEvent(self->completed);
}

static void STDMETHODCALLTYPE request_complete(REQUEST *self, HRESULT status) { request_complete_with(self, status, 0); }

static int STDMETHODCALLTYPE request_type(REQUEST *self) {
    check_owned(self, "GetType");
    return self->kind;
}

static void transfer(const MEMORY *memory, SIZE_T *length, LONGLONG *offset, ULONG *key) {
    if (length) *length = memory ? memory->length : 0;
    if (offset) *offset = 0;
    if (key) *key = 0;
}

static void STDMETHODCALLTYPE request_read(REQUEST *self, SIZE_T *length, LONGLONG *offset, ULONG *key) {
    check_owned(self, "GetReadParameters");
    if (self->kind != WdfRequestRead) fail("GetReadParameters of another request");
    transfer(self->output, length, offset, key);
}

static void STDMETHODCALLTYPE request_write(REQUEST *self, SIZE_T *length, LONGLONG *offset, ULONG *key) {
    check_owned(self, "GetWriteParameters");
    if (self->kind != WdfRequestWrite) fail("GetWriteParameters of another request");
    transfer(self->input, length, offset, key);
}

static void STDMETHODCALLTYPE request_control(REQUEST *self, ULONG *code, SIZE_T *input, SIZE_T *output) {
    check_owned(self, "GetDeviceIoControlParameters");
    if (self->kind != WdfRequestDeviceIoControl) fail("GetDeviceIoControlParameters of another request");
    if (code) *code = self->code;
    if (input) *input = self->input ? self->input->length : 0;
    if (output) *output = self->output ? self->output->length : 0;
}

static void STDMETHODCALLTYPE request_get_input(REQUEST *self, void **memory) {
    check_owned(self, "GetInputMemory");
    *memory = self->input ? given(self->input) : NULL;
}

static void STDMETHODCALLTYPE request_get_output(REQUEST *self, void **memory) {
    check_owned(self, "GetOutputMemory");
    *memory = self->output ? given(self->output) : NULL;
}

static HRESULT STDMETHODCALLTYPE request_retrieve_input(REQUEST *self, void **memory) {
    request_get_input(self, memory);
    return *memory ? S_OK : ERROR_RESULT(ERROR_INSUFFICIENT_BUFFER);
}

static HRESULT STDMETHODCALLTYPE request_retrieve_output(REQUEST *self, void **memory) {
    request_get_output(self, memory);
    return *memory ? S_OK : ERROR_RESULT(ERROR_INSUFFICIENT_BUFFER);
}

static void STDMETHODCALLTYPE request_file(REQUEST *self, void **file) {
    check_owned(self, "GetFileObject");
    *file = self->file ? given(self->file) : NULL;
}

static ULONG STDMETHODCALLTYPE request_process(REQUEST *self) {
    check_owned(self, "GetRequestorProcessId");
    return GetCurrentProcessId();
}

static IRequestCallbackCancel *exchange_cancel(REQUEST *request, IRequestCallbackCancel *new_cancel) {
    return InterlockedExchangePointer((void *volatile *)&request->cancel, new_cancel);
}

static void STDMETHODCALLTYPE request_mark(REQUEST *self, IRequestCallbackCancel *cancel) {
    check_owned(self, "MarkCancelable");
    cancel->lpVtbl->AddRef(cancel);
    if (exchange_cancel(self, cancel)) fail("a request is marked cancelable twice");
}

static HRESULT STDMETHODCALLTYPE request_unmark(REQUEST *self) {
    /* Page: nf-wudfddi-iwdfiorequest-unmarkcancelable. */
    check_owned(self, "UnmarkCancelable");
    IRequestCallbackCancel *cancel = exchange_cancel(self, NULL);
    if (!cancel) return ERROR_RESULT(ERROR_OPERATION_ABORTED);
    release(cancel);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE request_forward(REQUEST *self, QUEUE *queue) {
    check_owned(self, "ForwardToIoQueue");
    if (queue->dispatch != WdfIoQueueDispatchManual) fail("the host forwards to manual queues only");
    if (InterlockedCompareExchangePointer((void *volatile *)&queue->waiting, self, NULL))
        fail("the host has room for one request in a manual queue");
    return S_OK;
}

TABLE(IWDFIoRequest2, .CompleteWithInformation = (METHOD)request_complete_with, .Complete = (METHOD)request_complete,
      .GetType = (METHOD)request_type, .GetReadParameters = (METHOD)request_read,
      .GetWriteParameters = (METHOD)request_write, .GetDeviceIoControlParameters = (METHOD)request_control,
      .GetInputMemory = (METHOD)request_get_input, .GetOutputMemory = (METHOD)request_get_output,
      .RetrieveInputMemory = (METHOD)request_retrieve_input, .RetrieveOutputMemory = (METHOD)request_retrieve_output,
      .GetFileObject = (METHOD)request_file, .GetRequestorProcessId = (METHOD)request_process,
      .MarkCancelable = (METHOD)request_mark, .UnmarkCancelable = (METHOD)request_unmark,
      .ForwardToIoQueue = (METHOD)request_forward);

REQUEST *new_request(int kind, FILE_OBJECT *file, const void *input, SIZE_T input_length, SIZE_T output_length) {
    static const GUID *const ids[] = {&ID_IUnknown, &ID_IWDFObject, &ID_IWDFIoRequest, &ID_IWDFIoRequest2, NULL};
    REQUEST *request = new_object(sizeof *request, "request", &IWDFIoRequest2_table, ids);
    request->kind = kind;
    request->file = file;
    request->input = new_memory(input, input_length);
    request->output = new_memory(NULL, output_length);
    request->completed = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!request->completed) fail("no event");
    return request;
}

/* -- Delivery -- */

/* Calls the method for the request's kind, if the queue's callback object has its interface. */
static BOOL call_for_kind(QUEUE *queue, REQUEST *request) {
    SIZE_T input = request->input ? request->input->length : 0, output = request->output ? request->output->length : 0;
    void *pointer = NULL;
    switch (request->kind) {
    case WdfRequestCreate:
        if ((pointer = callback(queue->callback, &ID_IQueueCallbackCreate)))
            ((IQueueCallbackCreate *)pointer)->lpVtbl->OnCreateFile(pointer, queue, request, request->file);
        break;
    case WdfRequestRead:
        if ((pointer = callback(queue->callback, &ID_IQueueCallbackRead)))
            ((IQueueCallbackRead *)pointer)->lpVtbl->OnRead(pointer, queue, request, output);
        break;
    case WdfRequestWrite:
        if ((pointer = callback(queue->callback, &ID_IQueueCallbackWrite)))
            ((IQueueCallbackWrite *)pointer)->lpVtbl->OnWrite(pointer, queue, request, input);
        break;
    case WdfRequestDeviceIoControl:
        if ((pointer = callback(queue->callback, &ID_IQueueCallbackDeviceIoControl)))
            ((IQueueCallbackDeviceIoControl *)pointer)
                ->lpVtbl->OnDeviceIoControl(pointer, queue, request, request->code, input, output);
        break;
    }
    if (pointer) release(pointer);
    return pointer != NULL;
}

static void hand_over(DEVICE *device, REQUEST *request) {
    QUEUE *queue = queue_for(device, request->kind);
    if (!queue) fail("the device has no queue for a request of kind %d", request->kind);
    if (queue->dispatch == WdfIoQueueDispatchManual) {
        request_forward(request, queue);
    } else if (!call_for_kind(queue, request)) {
        IQueueCallbackDefaultIoHandler *other = callback(queue->callback, &ID_IQueueCallbackDefaultIoHandler);
        if (other) {
            other->lpVtbl->OnDefaultIoHandler(other, queue, request);
            release(other);
        } else {
            /* The framework opens a device whose driver does not care, and refuses the rest. */
            HRESULT status = request->kind == WdfRequestCreate ? S_OK : ERROR_RESULT(ERROR_INVALID_FUNCTION);
            request_complete_with(request, status, 0);
        }
    }
}

static void wait_for(REQUEST *request) {
    if (WaitForSingleObject(request->completed, PATIENCE_MS) != WAIT_OBJECT_0)
        fail("a request of kind %d is not completed", request->kind);
}

void deliver(DEVICE *device, REQUEST *request) {
    hand_over(device, request);
    wait_for(request);
}

BOOL deliver_and_cancel(DEVICE *device, REQUEST *request) {
    hand_over(device, request);
    IRequestCallbackCancel *cancel = exchange_cancel(request, NULL);
    if (cancel) {
        cancel->lpVtbl->OnCancel(cancel, request);
        release(cancel);
    }
    wait_for(request);
    return cancel != NULL;
}

void retire_request(REQUEST *request) {
    if (request->input) retire(request->input);
    if (request->output) retire(request->output);
    CloseHandle(request->completed);
    retire(request);
}
