//! IIDs, method order and signatures of every interface, stated as the compiled header has them
//! (`Include/wdf/umdf/1.11/wudfddi.h` of the Windows Driver Kit 8.1: `MIDL_INTERFACE` and the `Vtbl` structures), while the
//! crate's interfaces were written from the IDL.

#![allow(unsafe_code)]

use core::ffi::c_void;
use core::mem::{offset_of, size_of};

use umdf_callback::raw::*;
use windows_core::{BOOL, GUID, HRESULT, IUnknown, Interface};

type Vtbl<I> = <I as Interface>::Vtable;

/// For each interface: its IID, that its table begins with its parent's, and each method's place and type.
macro_rules! interfaces {
    ($($name:ident: $parent:ident = $iid:literal {
        $($method:ident($($argument:ty),*) $(-> $result:ty)?;)*
    })*) => {
        $(
            #[test]
            #[allow(non_snake_case)]
            fn $name() {
                assert_eq!(<$name as Interface>::IID, GUID::try_from($iid).expect("an IID"));
                #[allow(unused_mut)]
                let mut place = size_of::<Vtbl<$parent>>();
                $(
                    let _: fn(&Vtbl<$name>) -> unsafe extern "system" fn(*mut c_void, $($argument),*) $(-> $result)? =
                        |table| table.$method;
                    assert_eq!(offset_of!(Vtbl<$name>, $method), place, stringify!($method));
                    place += size_of::<usize>();
                )*
                assert_eq!(size_of::<Vtbl<$name>>(), place);
            }
        )*

        /// The interfaces above are all that the header has.
        #[test]
        fn there_are_sixty() {
            assert_eq!([$(stringify!($name)),*].len(), 60);
        }
    };
}

interfaces! {
    IWDFObject: IUnknown = "64275C66-2E71-4060-B5F4-3A76DF96ED3C" {
        DeleteWdfObject() -> HRESULT;
        AssignContext(Raw<IObjectCleanup>, *mut c_void) -> HRESULT;
        RetrieveContext(*mut *mut c_void) -> HRESULT;
        AcquireLock();
        ReleaseLock();
    }
    IWDFDriver: IWDFObject = "AD368EBE-4139-43e3-A875-69B266A9139C" {
        CreateDevice(Raw<IWDFDeviceInitialize>, Raw<IUnknown>, *mut Raw<IWDFDevice>) -> HRESULT;
        CreateWdfObject(Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFObject>) -> HRESULT;
        CreatePreallocatedWdfMemory(*mut u8, usize, Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFMemory>) -> HRESULT;
        CreateWdfMemory(usize, Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFMemory>) -> HRESULT;
        IsVersionAvailable(*mut UMDF_VERSION_DATA) -> BOOL;
        RetrieveVersionString(*mut u16, *mut u32) -> HRESULT;
    }
    IWDFDeviceInitialize: IUnknown = "74CC381C-0871-43c1-878B-3F7C9D16933D" {
        SetFilter();
        SetLockingConstraint(WDF_CALLBACK_CONSTRAINT);
        RetrieveDevicePropertyStore(*const u16, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, *mut Raw<IWDFNamedPropertyStore>, *mut WDF_PROPERTY_STORE_DISPOSITION) -> HRESULT;
        SetPowerPolicyOwnership(BOOL);
        AutoForwardCreateCleanupClose(WDF_TRI_STATE);
        RetrieveDeviceInstanceId(*mut u16, *mut u32) -> HRESULT;
        SetPnpCapability(WDF_PNP_CAPABILITY, WDF_TRI_STATE);
        GetPnpCapability(WDF_PNP_CAPABILITY) -> WDF_TRI_STATE;
    }
    IWDFDeviceInitialize2: IWDFDeviceInitialize = "424c00ba-fcd0-4c52-bd4a-6c5d3ec0dfd9" {
        SetIoTypePreference(WDF_DEVICE_IO_BUFFER_RETRIEVAL, WDF_DEVICE_IO_TYPE, WDF_DEVICE_IO_TYPE);
    }
    IWDFDevice: IWDFObject = "D657FE45-460A-49c3-8219-766AE8032A80" {
        RetrieveDevicePropertyStore(*const u16, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, *mut Raw<IWDFNamedPropertyStore>, *mut WDF_PROPERTY_STORE_DISPOSITION) -> HRESULT;
        GetDriver(*mut Raw<IWDFDriver>);
        RetrieveDeviceInstanceId(*mut u16, *mut u32) -> HRESULT;
        GetDefaultIoTarget(*mut Raw<IWDFIoTarget>);
        CreateWdfFile(*const u16, *mut Raw<IWDFDriverCreatedFile>) -> HRESULT;
        GetDefaultIoQueue(*mut Raw<IWDFIoQueue>);
        CreateIoQueue(Raw<IUnknown>, BOOL, WDF_IO_QUEUE_DISPATCH_TYPE, BOOL, BOOL, *mut Raw<IWDFIoQueue>) -> HRESULT;
        CreateDeviceInterface(*const GUID, *const u16) -> HRESULT;
        AssignDeviceInterfaceState(*const GUID, *const u16, BOOL) -> HRESULT;
        RetrieveDeviceName(*mut u16, *mut u32) -> HRESULT;
        PostEvent(*const GUID, WDF_EVENT_TYPE, *mut u8, u32) -> HRESULT;
        ConfigureRequestDispatching(Raw<IWDFIoQueue>, WDF_REQUEST_TYPE, BOOL) -> HRESULT;
        SetPnpState(WDF_PNP_STATE, WDF_TRI_STATE);
        GetPnpState(WDF_PNP_STATE) -> WDF_TRI_STATE;
        CommitPnpState();
        CreateRequest(Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFIoRequest>) -> HRESULT;
        CreateSymbolicLink(*const u16) -> HRESULT;
    }
    IWDFDevice2: IWDFDevice = "1B0D07B1-F596-4A76-99B3-B9492AD8DF9F" {
        AssignS0IdleSettings(WDF_POWER_POLICY_S0_IDLE_CAPABILITIES, DEVICE_POWER_STATE, u32, WDF_POWER_POLICY_S0_IDLE_USER_CONTROL, WDF_TRI_STATE) -> HRESULT;
        StopIdle(BOOL) -> HRESULT;
        ResumeIdle();
        CreateSymbolicLinkWithReferenceString(*const u16, *const u16) -> HRESULT;
        RegisterRemoteInterfaceNotification(*const GUID, BOOL) -> HRESULT;
        CreateRemoteInterface(Raw<IWDFRemoteInterfaceInitialize>, Raw<IUnknown>, *mut Raw<IWDFRemoteInterface>) -> HRESULT;
        CreateRemoteTarget(Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFRemoteTarget>) -> HRESULT;
        GetDeviceStackIoTypePreference(*mut WDF_DEVICE_IO_TYPE, *mut WDF_DEVICE_IO_TYPE);
        AssignSxWakeSettings(DEVICE_POWER_STATE, WDF_POWER_POLICY_SX_WAKE_USER_CONTROL, WDF_TRI_STATE) -> HRESULT;
        GetSystemPowerAction() -> POWER_ACTION;
    }
    IWDFDevice3: IWDFDevice2 = "863D943A-C9CD-4655-A8D6-C84EF411CC0D" {
        MapIoSpace(i64, usize, MEMORY_CACHING_TYPE, *mut *mut c_void) -> HRESULT;
        UnmapIoSpace(*mut c_void, usize);
        GetHardwareRegisterMappedAddress(*mut c_void) -> *mut c_void;
        ReadFromHardware(WDF_DEVICE_HWACCESS_TARGET_TYPE, WDF_DEVICE_HWACCESS_TARGET_SIZE, *mut c_void, *mut c_void, u32) -> usize;
        WriteToHardware(WDF_DEVICE_HWACCESS_TARGET_TYPE, WDF_DEVICE_HWACCESS_TARGET_SIZE, *mut c_void, usize, *mut c_void, u32);
        CreateInterrupt(*mut WUDF_INTERRUPT_CONFIG, *mut Raw<IWDFInterrupt>) -> HRESULT;
        CreateWorkItem(*mut WUDF_WORKITEM_CONFIG, Raw<IWDFObject>, *mut Raw<IWDFWorkItem>) -> HRESULT;
        AssignS0IdleSettingsEx(*mut WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS) -> HRESULT;
    }
    IWDFNamedPropertyStore: IUnknown = "394b48c9-bca0-498f-8e2c-01225464a932" {
        GetNamedValue(*const u16, *mut PROPVARIANT) -> HRESULT;
        SetNamedValue(*const u16, *const PROPVARIANT) -> HRESULT;
        GetNameCount(*mut u32) -> HRESULT;
        GetNameAt(u32, *mut *mut u16) -> HRESULT;
    }
    IWDFNamedPropertyStore2: IWDFNamedPropertyStore = "1464ee0e-8e0f-4fda-b1a0-b3614c405d56" {
        DeleteNamedValue(*const u16) -> HRESULT;
    }
    IWDFIoQueue: IWDFObject = "AE1162B9-8B11-4714-993D-93DC48CC9E8A" {
        GetDevice(*mut Raw<IWDFDevice>);
        ConfigureRequestDispatching(WDF_REQUEST_TYPE, BOOL) -> HRESULT;
        GetState(*mut u32, *mut u32) -> WDF_IO_QUEUE_STATE;
        RetrieveNextRequest(*mut Raw<IWDFIoRequest>) -> HRESULT;
        RetrieveNextRequestByFileObject(Raw<IWDFFile>, *mut Raw<IWDFIoRequest>) -> HRESULT;
        Start();
        Stop(Raw<IQueueCallbackStateChange>);
        StopSynchronously();
        Drain(Raw<IQueueCallbackStateChange>);
        DrainSynchronously();
        Purge(Raw<IQueueCallbackStateChange>);
        PurgeSynchronously();
    }
    IWDFIoRequest: IWDFObject = "896DF312-22B4-4a9d-95DD-A364AAF59769" {
        CompleteWithInformation(HRESULT, usize);
        SetInformation(usize);
        Complete(HRESULT);
        SetCompletionCallback(Raw<IRequestCallbackRequestCompletion>, *mut c_void);
        GetType() -> WDF_REQUEST_TYPE;
        GetCreateParameters(*mut u32, *mut u16, *mut u16);
        GetReadParameters(*mut usize, *mut i64, *mut u32);
        GetWriteParameters(*mut usize, *mut i64, *mut u32);
        GetDeviceIoControlParameters(*mut u32, *mut usize, *mut usize);
        GetOutputMemory(*mut Raw<IWDFMemory>);
        GetInputMemory(*mut Raw<IWDFMemory>);
        MarkCancelable(Raw<IRequestCallbackCancel>);
        UnmarkCancelable() -> HRESULT;
        CancelSentRequest() -> BOOL;
        ForwardToIoQueue(Raw<IWDFIoQueue>) -> HRESULT;
        Send(Raw<IWDFIoTarget>, u32, i64) -> HRESULT;
        GetFileObject(*mut Raw<IWDFFile>);
        FormatUsingCurrentType();
        GetRequestorProcessId() -> u32;
        GetIoQueue(*mut Raw<IWDFIoQueue>);
        Impersonate(SECURITY_IMPERSONATION_LEVEL, Raw<IImpersonateCallback>, *mut c_void) -> HRESULT;
        IsFrom32BitProcess() -> BOOL;
        GetCompletionParams(*mut Raw<IWDFRequestCompletionParams>);
    }
    IWDFIoRequest2: IWDFIoRequest = "1B67F4CD-B278-4085-93E7-57970D98B92B" {
        Reuse(HRESULT);
        GetRequestorMode() -> WDF_KPROCESSOR_MODE;
        IsFromUserModeDriver() -> BOOL;
        RetrieveInputBuffer(usize, *mut *mut c_void, *mut usize) -> HRESULT;
        RetrieveOutputBuffer(usize, *mut *mut c_void, *mut usize) -> HRESULT;
        RetrieveInputMemory(*mut Raw<IWDFMemory>) -> HRESULT;
        RetrieveOutputMemory(*mut Raw<IWDFMemory>) -> HRESULT;
        GetEffectiveIoType() -> WDF_DEVICE_IO_TYPE;
        GetCreateParametersEx(*mut u32, *mut u16, *mut u16, *mut u32);
        GetQueryInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
        GetSetInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
        IsCanceled() -> BOOL;
        GetStatus() -> HRESULT;
        StopAcknowledge(BOOL);
        Requeue() -> HRESULT;
    }
    IWDFIoRequest3: IWDFIoRequest2 = "92795040-B8AA-487a-B110-B80EBBD40B44" {
        SetUserModeDriverInitiatedIo(BOOL);
        GetUserModeDriverInitiatedIo() -> BOOL;
        RetrieveActivityId(*mut GUID) -> HRESULT;
        SetActivityId(*mut GUID);
    }
    IWDFRequestCompletionParams: IUnknown = "707a2b42-69b8-4971-a49c-4031861e7aff" {
        GetCompletionStatus() -> HRESULT;
        GetInformation() -> usize;
        GetCompletedRequestType() -> WDF_REQUEST_TYPE;
    }
    IWDFIoRequestCompletionParams: IWDFRequestCompletionParams = "723d4f3c-7722-4c49-99ae-195937bd9582" {
        GetWriteParameters(*mut Raw<IWDFMemory>, *mut usize, *mut usize);
        GetReadParameters(*mut Raw<IWDFMemory>, *mut usize, *mut usize);
        GetIoctlParameters(*mut u32, *mut Raw<IWDFMemory>, *mut usize, *mut Raw<IWDFMemory>, *mut usize, *mut usize);
    }
    IWDFFile: IWDFObject = "CC8FE04B-FE8B-4245-AFD6-C31BC830C791" {
        RetrieveFileName(*mut u16, *mut u32) -> HRESULT;
        GetDevice(*mut Raw<IWDFDevice>);
    }
    IWDFFile2: IWDFFile = "97893137-CE7F-4918-BC43-A91AEF84B043" {
        RetrieveCountedFileName(*mut u16, *mut u32) -> HRESULT;
        GetRelatedFileObject(*mut Raw<IWDFFile>);
    }
    IWDFFile3: IWDFFile2 = "7188CA4F-1BD4-4FBC-A34A-2DC7B57F17CC" {
        GetInitiatorProcessId(*mut u32);
    }
    IWDFDriverCreatedFile: IWDFFile = "b7615d26-494b-47a6-b4cf-0271bcc3da4b" {
        Close();
    }
    IWDFIoTarget: IWDFObject = "CC060D79-C0C2-407f-8B10-A5E900FC3474" {
        GetTargetFile(*mut Raw<IWDFFile>);
        CancelSentRequestsForFile(Raw<IWDFFile>);
        FormatRequestForRead(Raw<IWDFIoRequest>, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET, *const i64) -> HRESULT;
        FormatRequestForWrite(Raw<IWDFIoRequest>, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET, *const i64) -> HRESULT;
        FormatRequestForIoctl(Raw<IWDFIoRequest>, u32, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
    }
    IWDFIoTarget2: IWDFIoTarget = "eaebcbbb-deb5-4849-8acf-fb38336b94c7" {
        FormatRequestForFlush(Raw<IWDFIoRequest>, Raw<IWDFFile>) -> HRESULT;
        FormatRequestForSetInformation(Raw<IWDFIoRequest>, WDF_FILE_INFORMATION_CLASS, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
        FormatRequestForQueryInformation(Raw<IWDFIoRequest>, WDF_FILE_INFORMATION_CLASS, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
    }
    IWDFIoTargetStateManagement: IUnknown = "88b077aa-eff6-4eba-9e4d-064c70822b98" {
        GetState() -> WDF_IO_TARGET_STATE;
        Start() -> HRESULT;
        Stop(WDF_IO_TARGET_SENT_IO_ACTION) -> HRESULT;
        Remove(BOOL) -> HRESULT;
    }
    IWDFRemoteTarget: IWDFIoTarget2 = "d3ddb29d-bb46-48de-901b-96bed7b1d350" {
        OpenRemoteInterface(Raw<IWDFRemoteInterface>, *const u16, u32, *const UMDF_IO_TARGET_OPEN_PARAMS) -> HRESULT;
        OpenFileByName(*const u16, u32, *const UMDF_IO_TARGET_OPEN_PARAMS) -> HRESULT;
        Close() -> HRESULT;
        CloseForQueryRemove() -> HRESULT;
        Reopen() -> HRESULT;
        GetState() -> WDF_IO_TARGET_STATE;
        Start() -> HRESULT;
        Stop(WDF_IO_TARGET_SENT_IO_ACTION) -> HRESULT;
    }
    IWDFFileHandleTargetFactory: IUnknown = "1427b7e8-e365-400b-9b92-5ace55168e25" {
        CreateFileHandleTarget(*mut c_void, *mut Raw<IWDFIoTarget>) -> HRESULT;
    }
    IWDFMemory: IWDFObject = "AB098F88-8F16-472a-B0BC-ECA46486C102" {
        CopyFromMemory(Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
        CopyToBuffer(usize, *mut c_void, usize) -> HRESULT;
        CopyFromBuffer(usize, *mut c_void, usize) -> HRESULT;
        GetSize() -> usize;
        GetDataBuffer(*mut usize) -> *mut c_void;
        SetBuffer(*mut c_void, usize);
    }
    IWDFRemoteInterfaceInitialize: IUnknown = "8073D34C-4A21-4321-B6C7-A963FBECB6AD" {
        GetInterfaceGuid(*mut GUID);
        RetrieveSymbolicLink(*mut u16, *mut u32) -> HRESULT;
    }
    IWDFRemoteInterface: IWDFObject = "49CBAB14-E7CF-490B-8CDD-E0E6B2AC0247" {
    }
    IWDFPropertyStoreFactory: IUnknown = "45BE7E06-9B65-434d-A7D6-9572D7F73D53" {
        RetrieveDevicePropertyStore(*const WDF_PROPERTY_STORE_ROOT, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, u32, *const u16, *mut Raw<IWDFNamedPropertyStore2>, *mut WDF_PROPERTY_STORE_DISPOSITION) -> HRESULT;
    }
    IWDFUnifiedPropertyStore: IUnknown = "6B966713-AC73-4975-AC3C-9DF31C68DA73" {
        SetPropertyData(*const c_void, u32, u32, u32, u32, *mut c_void) -> HRESULT;
        GetPropertyData(*const c_void, u32, u32, u32, *mut c_void, *mut u32, *mut u32) -> HRESULT;
    }
    IWDFUnifiedPropertyStoreFactory: IUnknown = "6AD8FAC3-8B77-4997-99E4-6B78C5F548D6" {
        RetrieveUnifiedDevicePropertyStore(*const WDF_PROPERTY_STORE_ROOT, *mut Raw<IWDFUnifiedPropertyStore>) -> HRESULT;
    }
    IWDFCmResourceList: IWDFObject = "9F4546E9-FB4F-4df6-B8B8-B39E5D7D1AD4" {
        GetCount() -> u32;
        GetDescriptor(u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR;
    }
    IWDFInterrupt: IWDFObject = "AA2AD894-1C27-4ef4-B648-0D2223526B87" {
        Enable();
        Disable();
        GetDevice() -> Raw<IWDFDevice3>;
        GetInfo(*mut WDF_INTERRUPT_INFO);
        SetPolicy(WDF_INTERRUPT_POLICY, WDF_INTERRUPT_PRIORITY, usize);
        SetExtendedPolicy(*mut c_void);
        AcquireInterruptLock();
        ReleaseInterruptLock();
        QueueWorkItemForIsr() -> u8;
        TryToAcquireInterruptLock() -> u8;
    }
    IWDFWorkItem: IWDFObject = "E3142542-5259-4f20-A1ED-F57055AF9265" {
        Enqueue();
        Flush();
        GetParentObject() -> Raw<IWDFObject>;
    }
    IObjectCleanup: IUnknown = "244ABE3A-ABBC-43b1-A877-F00077550E6A" {
        OnCleanup(Raw<IWDFObject>);
    }
    IDriverEntry: IUnknown = "1bec7499-8881-4f2b-b01c-a1a907304afc" {
        OnInitialize(Raw<IWDFDriver>) -> HRESULT;
        OnDeviceAdd(Raw<IWDFDriver>, Raw<IWDFDeviceInitialize>) -> HRESULT;
        OnDeinitialize(Raw<IWDFDriver>);
    }
    IPnpCallback: IUnknown = "27C32374-CC45-4840-857E-8E5EF7C0EBFF" {
        OnD0Entry(Raw<IWDFDevice>, WDF_POWER_DEVICE_STATE) -> HRESULT;
        OnD0Exit(Raw<IWDFDevice>, WDF_POWER_DEVICE_STATE) -> HRESULT;
        OnSurpriseRemoval(Raw<IWDFDevice>);
        OnQueryRemove(Raw<IWDFDevice>) -> HRESULT;
        OnQueryStop(Raw<IWDFDevice>) -> HRESULT;
    }
    IPnpCallbackSelfManagedIo: IUnknown = "D1C9CA4C-46AA-46f8-BD8C-6CA9DEB13340" {
        OnSelfManagedIoCleanup(Raw<IWDFDevice>);
        OnSelfManagedIoFlush(Raw<IWDFDevice>);
        OnSelfManagedIoInit(Raw<IWDFDevice>) -> HRESULT;
        OnSelfManagedIoSuspend(Raw<IWDFDevice>) -> HRESULT;
        OnSelfManagedIoRestart(Raw<IWDFDevice>) -> HRESULT;
        OnSelfManagedIoStop(Raw<IWDFDevice>) -> HRESULT;
    }
    IPnpCallbackHardware: IUnknown = "51433BD3-C7C1-4bd8-B4C1-AB1E034626CC" {
        OnPrepareHardware(Raw<IWDFDevice>) -> HRESULT;
        OnReleaseHardware(Raw<IWDFDevice>) -> HRESULT;
    }
    IPnpCallbackHardware2: IUnknown = "1493CD1B-C546-46bb-BF47-B27465093393" {
        OnPrepareHardware(Raw<IWDFDevice3>, Raw<IWDFCmResourceList>, Raw<IWDFCmResourceList>) -> HRESULT;
        OnReleaseHardware(Raw<IWDFDevice3>, Raw<IWDFCmResourceList>) -> HRESULT;
    }
    IPowerPolicyCallbackWakeFromS0: IUnknown = "7EE9F0FA-5A1A-48df-A35E-8DB42F519B66" {
        OnArmWakeFromS0(Raw<IWDFDevice>) -> HRESULT;
        OnDisarmWakeFromS0(Raw<IWDFDevice>);
        OnWakeFromS0Triggered(Raw<IWDFDevice>);
    }
    IPowerPolicyCallbackWakeFromSx: IUnknown = "3AB1426D-689C-4220-901E-03C6D909B5F5" {
        OnArmWakeFromSx(Raw<IWDFDevice>) -> HRESULT;
        OnDisarmWakeFromSx(Raw<IWDFDevice>);
        OnWakeFromSxTriggered(Raw<IWDFDevice>);
    }
    IQueueCallbackCreate: IUnknown = "7D8899F0-8DA9-435f-983C-7E17D4356997" {
        OnCreateFile(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>, Raw<IWDFFile>);
    }
    IQueueCallbackRead: IUnknown = "C3072620-1DA6-48fb-B4FE-ED652B16AEB2" {
        OnRead(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>, usize);
    }
    IQueueCallbackWrite: IUnknown = "4888CBC5-3FA2-4ea3-89A3-C20ED6E04778" {
        OnWrite(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>, usize);
    }
    IQueueCallbackDeviceIoControl: IUnknown = "C5411408-0F1E-4ed6-A412-36DD15EEE707" {
        OnDeviceIoControl(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>, u32, usize, usize);
    }
    IQueueCallbackDefaultIoHandler: IUnknown = "15FB6D38-FDD8-4005-8E55-EB0B98313499" {
        OnDefaultIoHandler(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>);
    }
    IQueueCallbackStateChange: IUnknown = "E7ECE381-7CB1-468a-BC43-ABD5948FFC75" {
        OnStateChange(Raw<IWDFIoQueue>, WDF_IO_QUEUE_STATE);
    }
    IQueueCallbackIoStop: IUnknown = "3DE3B961-88FB-435a-9C14-0868FB4FC623" {
        OnIoStop(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>, u32);
    }
    IQueueCallbackIoResume: IUnknown = "BEE9FD3C-3DDA-4d9d-A8FC-02C38D79F663" {
        OnIoResume(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>);
    }
    IQueueCallbackIoCanceledOnQueue: IUnknown = "746383C4-00A7-4200-8073-C02D076976BE" {
        OnIoCanceledOnQueue(Raw<IWDFIoQueue>, Raw<IWDFIoRequest>);
    }
    IRequestCallbackCancel: IUnknown = "4E9F1A77-4587-4235-81C4-E6D24545A656" {
        OnCancel(Raw<IWDFIoRequest>);
    }
    IRequestCallbackRequestCompletion: IUnknown = "8A7CC8CB-CEB2-46f6-9851-77BD347A15C2" {
        OnCompletion(Raw<IWDFIoRequest>, Raw<IWDFIoTarget>, Raw<IWDFRequestCompletionParams>, *mut c_void);
    }
    IFileCallbackCleanup: IUnknown = "35C5F79C-6D81-4819-AA64-D6A8939D94D6" {
        OnCleanupFile(Raw<IWDFFile>);
    }
    IFileCallbackClose: IUnknown = "C28FD731-F3F1-4573-97DC-620F72D013A6" {
        OnCloseFile(Raw<IWDFFile>);
    }
    IImpersonateCallback: IUnknown = "99B01D17-9FBD-4aa6-B16D-82DAB6A4107F" {
        OnImpersonate(*mut c_void);
    }
    IPnpCallbackRemoteInterfaceNotification: IUnknown = "F9D48F27-BDBE-4A96-AF96-0E53E2A436EC" {
        OnRemoteInterfaceArrival(Raw<IWDFRemoteInterfaceInitialize>);
    }
    IRemoteInterfaceCallbackRemoval: IUnknown = "EE9BAEED-B8D7-4097-BE80-042DF78FFBFD" {
        OnRemoteInterfaceRemoval(Raw<IWDFRemoteInterface>);
    }
    IRemoteInterfaceCallbackEvent: IUnknown = "C50A4804-7A31-4C81-9AB7-E66082F79956" {
        OnRemoteInterfaceEvent(Raw<IWDFRemoteInterface>, *const GUID, *mut u8, u32, u32);
    }
    IRemoteTargetCallbackRemoval: IUnknown = "B3A0D163-C4DD-49CC-AED2-FF5205C67CE1" {
        OnRemoteTargetQueryRemove(Raw<IWDFRemoteTarget>) -> BOOL;
        OnRemoteTargetRemoveCanceled(Raw<IWDFRemoteTarget>);
        OnRemoteTargetRemoveComplete(Raw<IWDFRemoteTarget>);
    }
    IPnpCallbackHardwareInterrupt: IUnknown = "3856FEF1-A858-41fd-9BE4-FA90010999B1" {
        OnD0EntryPostInterruptsEnabled(Raw<IWDFDevice3>, WDF_POWER_DEVICE_STATE) -> HRESULT;
        OnD0ExitPreInterruptsDisabled(Raw<IWDFDevice3>, WDF_POWER_DEVICE_STATE) -> HRESULT;
    }
}
