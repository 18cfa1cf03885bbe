/*
 * The interfaces of UMDF 1 as umdf_host.c needs them, written from wudfddi.idl: the order of the methods, their parameters and
 * the interfaces' ids. Nothing here comes from the crate umdf-callback, so that a mistake in one of the two is a failure.
 *
 * Pages: the folder wudfddi of MicrosoftDocs/windows-driver-docs-ddi.
 */
#ifndef UMDF_DDI_H
#define UMDF_DDI_H

#include <windows.h>
#include <unknwn.h>

typedef struct UMDF_VERSION_DATA {
    ULONG MajorNumber, MinorNumber, ServiceNumber;
} UMDF_VERSION_DATA;

enum { WdfIoQueueDispatchSequential = 1, WdfIoQueueDispatchParallel, WdfIoQueueDispatchManual };
enum { WdfRequestCreate = 1, WdfRequestRead = 3, WdfRequestWrite, WdfRequestDeviceIoControl };
enum { WdfPowerDeviceD0 = 1, WdfPowerDeviceD3Final = 5 };
enum { WdfIoQueueAcceptRequests = 1, WdfIoQueueDispatchRequests = 2, WdfIoQueueNoRequests = 4, WdfIoQueueDriverNoRequests = 8 };

/*
 * The framework's interfaces, which the host implements: the methods in their order, a parent's first. M is called with the
 * interface that the table is made for and the method.
 */
#define METHODS_IUnknown(M, I) M(I, QueryInterface) M(I, AddRef) M(I, Release)

#define METHODS_IWDFObject(M, I) \
    METHODS_IUnknown(M, I) \
    M(I, DeleteWdfObject) M(I, AssignContext) M(I, RetrieveContext) M(I, AcquireLock) M(I, ReleaseLock)

#define METHODS_IWDFDriver(M, I) \
    METHODS_IWDFObject(M, I) \
    M(I, CreateDevice) M(I, CreateWdfObject) M(I, CreatePreallocatedWdfMemory) M(I, CreateWdfMemory) \
    M(I, IsVersionAvailable) M(I, RetrieveVersionString)

#define METHODS_IWDFDeviceInitialize(M, I) \
    METHODS_IUnknown(M, I) \
    M(I, SetFilter) M(I, SetLockingConstraint) M(I, RetrieveDevicePropertyStore) M(I, SetPowerPolicyOwnership) \
    M(I, AutoForwardCreateCleanupClose) M(I, RetrieveDeviceInstanceId) M(I, SetPnpCapability) M(I, GetPnpCapability)

#define METHODS_IWDFDevice(M, I) \
    METHODS_IWDFObject(M, I) \
    M(I, RetrieveDevicePropertyStore) M(I, GetDriver) M(I, RetrieveDeviceInstanceId) M(I, GetDefaultIoTarget) \
    M(I, CreateWdfFile) M(I, GetDefaultIoQueue) M(I, CreateIoQueue) M(I, CreateDeviceInterface) \
    M(I, AssignDeviceInterfaceState) M(I, RetrieveDeviceName) M(I, PostEvent) M(I, ConfigureRequestDispatching) \
    M(I, SetPnpState) M(I, GetPnpState) M(I, CommitPnpState) M(I, CreateRequest) M(I, CreateSymbolicLink)

#define METHODS_IWDFFile(M, I) \
    METHODS_IWDFObject(M, I) \
    M(I, RetrieveFileName) M(I, GetDevice)

#define METHODS_IWDFMemory(M, I) \
    METHODS_IWDFObject(M, I) \
    M(I, CopyFromMemory) M(I, CopyToBuffer) M(I, CopyFromBuffer) M(I, GetSize) M(I, GetDataBuffer) M(I, SetBuffer)

#define METHODS_IWDFIoQueue(M, I) \
    METHODS_IWDFObject(M, I) \
    M(I, GetDevice) M(I, ConfigureRequestDispatching) M(I, GetState) M(I, RetrieveNextRequest) \
    M(I, RetrieveNextRequestByFileObject) M(I, Start) M(I, Stop) M(I, StopSynchronously) M(I, Drain) \
    M(I, DrainSynchronously) M(I, Purge) M(I, PurgeSynchronously)

#define METHODS_IWDFIoRequest(M, I) \
    METHODS_IWDFObject(M, I) \
    M(I, CompleteWithInformation) M(I, SetInformation) M(I, Complete) M(I, SetCompletionCallback) M(I, GetType) \
    M(I, GetCreateParameters) M(I, GetReadParameters) M(I, GetWriteParameters) M(I, GetDeviceIoControlParameters) \
    M(I, GetOutputMemory) M(I, GetInputMemory) M(I, MarkCancelable) M(I, UnmarkCancelable) M(I, CancelSentRequest) \
    M(I, ForwardToIoQueue) M(I, Send) M(I, GetFileObject) M(I, FormatUsingCurrentType) M(I, GetRequestorProcessId) \
    M(I, GetIoQueue) M(I, Impersonate) M(I, IsFrom32BitProcess) M(I, GetCompletionParams)

#define METHODS_IWDFIoRequest2(M, I) \
    METHODS_IWDFIoRequest(M, I) \
    M(I, Reuse) M(I, GetRequestorMode) M(I, IsFromUserModeDriver) M(I, RetrieveInputBuffer) M(I, RetrieveOutputBuffer) \
    M(I, RetrieveInputMemory) M(I, RetrieveOutputMemory) M(I, GetEffectiveIoType) M(I, GetCreateParametersEx) \
    M(I, GetQueryInformationParameters) M(I, GetSetInformationParameters) M(I, IsCanceled) M(I, GetStatus) \
    M(I, StopAcknowledge) M(I, Requeue)

/* A table of any methods: each is called with the types of its page. */
typedef void (STDMETHODCALLTYPE *METHOD)(void);
#define METHOD_FIELD(I, name) METHOD name;
#define FRAMEWORK_TABLE(I) typedef struct I##Vtbl { METHODS_##I(METHOD_FIELD, I) } I##Vtbl
FRAMEWORK_TABLE(IWDFDriver);
FRAMEWORK_TABLE(IWDFDeviceInitialize);
FRAMEWORK_TABLE(IWDFDevice);
FRAMEWORK_TABLE(IWDFFile);
FRAMEWORK_TABLE(IWDFMemory);
FRAMEWORK_TABLE(IWDFIoQueue);
FRAMEWORK_TABLE(IWDFIoRequest2);

/* The driver's interfaces, which the host calls. */
#define CALLBACK_INTERFACE(I, ...) \
    typedef struct I I; \
    struct I { \
        const struct { \
            HRESULT (STDMETHODCALLTYPE *QueryInterface)(I *, const GUID *, void **); \
            ULONG (STDMETHODCALLTYPE *AddRef)(I *); \
            ULONG (STDMETHODCALLTYPE *Release)(I *); \
            __VA_ARGS__ \
        } *lpVtbl; \
    }
#define RESULT(I, name, ...) HRESULT (STDMETHODCALLTYPE *name)(I *, __VA_ARGS__);
#define NOTHING(I, name, ...) void (STDMETHODCALLTYPE *name)(I *, __VA_ARGS__);

/* Parameters that are the host's objects. */
typedef void *FRAMEWORK;

CALLBACK_INTERFACE(IDriverEntry,
         RESULT(IDriverEntry, OnInitialize, FRAMEWORK driver)
         RESULT(IDriverEntry, OnDeviceAdd, FRAMEWORK driver, FRAMEWORK init)
         NOTHING(IDriverEntry, OnDeinitialize, FRAMEWORK driver));
CALLBACK_INTERFACE(IObjectCleanup, NOTHING(IObjectCleanup, OnCleanup, FRAMEWORK object));
CALLBACK_INTERFACE(IPnpCallback,
         RESULT(IPnpCallback, OnD0Entry, FRAMEWORK device, int previous)
         RESULT(IPnpCallback, OnD0Exit, FRAMEWORK device, int new_state)
         NOTHING(IPnpCallback, OnSurpriseRemoval, FRAMEWORK device)
         RESULT(IPnpCallback, OnQueryRemove, FRAMEWORK device)
         RESULT(IPnpCallback, OnQueryStop, FRAMEWORK device));
CALLBACK_INTERFACE(IPnpCallbackHardware,
         RESULT(IPnpCallbackHardware, OnPrepareHardware, FRAMEWORK device)
         RESULT(IPnpCallbackHardware, OnReleaseHardware, FRAMEWORK device));
CALLBACK_INTERFACE(IPnpCallbackSelfManagedIo,
         NOTHING(IPnpCallbackSelfManagedIo, OnSelfManagedIoCleanup, FRAMEWORK device)
         NOTHING(IPnpCallbackSelfManagedIo, OnSelfManagedIoFlush, FRAMEWORK device)
         RESULT(IPnpCallbackSelfManagedIo, OnSelfManagedIoInit, FRAMEWORK device)
         RESULT(IPnpCallbackSelfManagedIo, OnSelfManagedIoSuspend, FRAMEWORK device)
         RESULT(IPnpCallbackSelfManagedIo, OnSelfManagedIoRestart, FRAMEWORK device)
         RESULT(IPnpCallbackSelfManagedIo, OnSelfManagedIoStop, FRAMEWORK device));
CALLBACK_INTERFACE(IFileCallbackCleanup, NOTHING(IFileCallbackCleanup, OnCleanupFile, FRAMEWORK file));
CALLBACK_INTERFACE(IFileCallbackClose, NOTHING(IFileCallbackClose, OnCloseFile, FRAMEWORK file));
CALLBACK_INTERFACE(IQueueCallbackCreate,
         NOTHING(IQueueCallbackCreate, OnCreateFile, FRAMEWORK queue, FRAMEWORK request, FRAMEWORK file));
CALLBACK_INTERFACE(IQueueCallbackRead,
         NOTHING(IQueueCallbackRead, OnRead, FRAMEWORK queue, FRAMEWORK request, SIZE_T length));
CALLBACK_INTERFACE(IQueueCallbackWrite,
         NOTHING(IQueueCallbackWrite, OnWrite, FRAMEWORK queue, FRAMEWORK request, SIZE_T length));
CALLBACK_INTERFACE(IQueueCallbackDeviceIoControl,
         NOTHING(IQueueCallbackDeviceIoControl, OnDeviceIoControl, FRAMEWORK queue, FRAMEWORK request, ULONG code,
                 SIZE_T input, SIZE_T output));
CALLBACK_INTERFACE(IQueueCallbackDefaultIoHandler,
         NOTHING(IQueueCallbackDefaultIoHandler, OnDefaultIoHandler, FRAMEWORK queue, FRAMEWORK request));
CALLBACK_INTERFACE(IRequestCallbackCancel, NOTHING(IRequestCallbackCancel, OnCancel, FRAMEWORK request));

/* The ids, under names of the host's own. */
#define ID(I, a, b, c, ...) static const GUID ID_##I __attribute__((unused)) = {a, b, c, {__VA_ARGS__}}
ID(IUnknown, 0x00000000, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
ID(IClassFactory, 0x00000001, 0x0000, 0x0000, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46);
ID(IWDFObject, 0x64275C66, 0x2E71, 0x4060, 0xB5, 0xF4, 0x3A, 0x76, 0xDF, 0x96, 0xED, 0x3C);
ID(IWDFDriver, 0xAD368EBE, 0x4139, 0x43E3, 0xA8, 0x75, 0x69, 0xB2, 0x66, 0xA9, 0x13, 0x9C);
ID(IWDFDeviceInitialize, 0x74CC381C, 0x0871, 0x43C1, 0x87, 0x8B, 0x3F, 0x7C, 0x9D, 0x16, 0x93, 0x3D);
ID(IWDFDevice, 0xD657FE45, 0x460A, 0x49C3, 0x82, 0x19, 0x76, 0x6A, 0xE8, 0x03, 0x2A, 0x80);
ID(IWDFFile, 0xCC8FE04B, 0xFE8B, 0x4245, 0xAF, 0xD6, 0xC3, 0x1B, 0xC8, 0x30, 0xC7, 0x91);
ID(IWDFMemory, 0xAB098F88, 0x8F16, 0x472A, 0xB0, 0xBC, 0xEC, 0xA4, 0x64, 0x86, 0xC1, 0x02);
ID(IWDFIoQueue, 0xAE1162B9, 0x8B11, 0x4714, 0x99, 0x3D, 0x93, 0xDC, 0x48, 0xCC, 0x9E, 0x8A);
ID(IWDFIoRequest, 0x896DF312, 0x22B4, 0x4A9D, 0x95, 0xDD, 0xA3, 0x64, 0xAA, 0xF5, 0x97, 0x69);
ID(IWDFIoRequest2, 0x1B67F4CD, 0xB278, 0x4085, 0x93, 0xE7, 0x57, 0x97, 0x0D, 0x98, 0xB9, 0x2B);
ID(IDriverEntry, 0x1BEC7499, 0x8881, 0x4F2B, 0xB0, 0x1C, 0xA1, 0xA9, 0x07, 0x30, 0x4A, 0xFC);
ID(IObjectCleanup, 0x244ABE3A, 0xABBC, 0x43B1, 0xA8, 0x77, 0xF0, 0x00, 0x77, 0x55, 0x0E, 0x6A);
ID(IPnpCallback, 0x27C32374, 0xCC45, 0x4840, 0x85, 0x7E, 0x8E, 0x5E, 0xF7, 0xC0, 0xEB, 0xFF);
ID(IPnpCallbackHardware, 0x51433BD3, 0xC7C1, 0x4BD8, 0xB4, 0xC1, 0xAB, 0x1E, 0x03, 0x46, 0x26, 0xCC);
ID(IPnpCallbackSelfManagedIo, 0xD1C9CA4C, 0x46AA, 0x46F8, 0xBD, 0x8C, 0x6C, 0xA9, 0xDE, 0xB1, 0x33, 0x40);
ID(IFileCallbackCleanup, 0x35C5F79C, 0x6D81, 0x4819, 0xAA, 0x64, 0xD6, 0xA8, 0x93, 0x9D, 0x94, 0xD6);
ID(IFileCallbackClose, 0xC28FD731, 0xF3F1, 0x4573, 0x97, 0xDC, 0x62, 0x0F, 0x72, 0xD0, 0x13, 0xA6);
ID(IQueueCallbackCreate, 0x7D8899F0, 0x8DA9, 0x435F, 0x98, 0x3C, 0x7E, 0x17, 0xD4, 0x35, 0x69, 0x97);
ID(IQueueCallbackRead, 0xC3072620, 0x1DA6, 0x48FB, 0xB4, 0xFE, 0xED, 0x65, 0x2B, 0x16, 0xAE, 0xB2);
ID(IQueueCallbackWrite, 0x4888CBC5, 0x3FA2, 0x4EA3, 0x89, 0xA3, 0xC2, 0x0E, 0xD6, 0xE0, 0x47, 0x78);
ID(IQueueCallbackDeviceIoControl, 0xC5411408, 0x0F1E, 0x4ED6, 0xA4, 0x12, 0x36, 0xDD, 0x15, 0xEE, 0xE7, 0x07);
ID(IQueueCallbackDefaultIoHandler, 0x15FB6D38, 0xFDD8, 0x4005, 0x8E, 0x55, 0xEB, 0x0B, 0x98, 0x31, 0x34, 0x99);
ID(IRequestCallbackCancel, 0x4E9F1A77, 0x4587, 0x4235, 0x81, 0xC4, 0xE6, 0xD2, 0x45, 0x45, 0xA6, 0x56);

#endif
