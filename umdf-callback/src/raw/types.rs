//! Enumerations and structures of wudfddi_types.h (and of wdm.h, as far as the interfaces use them).

/// An enumeration of C: its name is an integer's, and its values are constants.
macro_rules! enumeration {
    ($($(#[$doc:meta])* $name:ident { $($value:ident = $number:literal),* $(,)? })+) => {
        $(
            $(#[$doc])*
            pub type $name = i32;
            $(
                #[doc = concat!("`", stringify!($name), "`: ", stringify!($number), ".")]
                pub const $value: $name = $number;
            )*
        )+
    };
}

enumeration! {
    /// Yes, no, or as the framework likes.
    WDF_TRI_STATE { WdfUseDefault = 0, WdfFalse = 1, WdfTrue = 2 }
    /// Which callbacks the framework serialises. `None` in C.
    WDF_CALLBACK_CONSTRAINT { WdfCallbackConstraintNone = 0, WdfDeviceLevel = 1 }
    /// How a queue hands out its requests.
    WDF_IO_QUEUE_DISPATCH_TYPE {
        WdfIoQueueDispatchSequential = 1,
        WdfIoQueueDispatchParallel = 2,
        WdfIoQueueDispatchManual = 3,
    }
    /// Bits of a queue's state.
    WDF_IO_QUEUE_STATE {
        WdfIoQueueAcceptRequests = 0x1,
        WdfIoQueueDispatchRequests = 0x2,
        WdfIoQueueNoRequests = 0x4,
        WdfIoQueueDriverNoRequests = 0x8,
        WdfIoQueuePnpHeld = 0x10,
    }
    /// What a request asks for.
    WDF_REQUEST_TYPE {
        WdfRequestUndefined = 0,
        WdfRequestCreate = 1,
        WdfRequestCleanup = 2,
        WdfRequestRead = 3,
        WdfRequestWrite = 4,
        WdfRequestDeviceIoControl = 5,
        WdfRequestClose = 6,
        WdfRequestUsb = 7,
        WdfRequestOther = 8,
        WdfRequestInternalIoctl = 9,
        WdfRequestTypeNoFormat = 10,
        WdfRequestFlushBuffers = 11,
        WdfRequestQueryInformation = 12,
        WdfRequestSetInformation = 13,
    }
    /// Bits that say why a request should stop.
    WDF_REQUEST_STOP_ACTION_FLAGS {
        WdfRequestStopActionInvalid = 0,
        WdfRequestStopActionSuspend = 0x1,
        WdfRequestStopActionPurge = 0x2,
        WdfRequestStopRequestCancelable = 0x1000_0000,
    }
    /// Bits that say how a request is sent.
    WDF_REQUEST_SEND_OPTIONS_FLAGS {
        WDF_REQUEST_SEND_OPTION_TIMEOUT = 0x1,
        WDF_REQUEST_SEND_OPTION_SYNCHRONOUS = 0x2,
        WDF_REQUEST_SEND_OPTION_IGNORE_TARGET_STATE = 0x4,
        WDF_REQUEST_SEND_OPTION_SEND_AND_FORGET = 0x8,
        WDF_REQUEST_SEND_OPTION_IMPERSONATE_CLIENT = 0x1_0000,
        WDF_REQUEST_SEND_OPTION_IMPERSONATION_IGNORE_FAILURE = 0x2_0000,
    }
    /// Whether an I/O target takes requests.
    WDF_IO_TARGET_STATE {
        WdfIoTargetStateUndefined = 0,
        WdfIoTargetStarted = 1,
        WdfIoTargetStopped = 2,
        WdfIoTargetClosedForQueryRemove = 3,
        WdfIoTargetClosed = 4,
        WdfIoTargetDeleted = 5,
    }
    /// What becomes of requests that a target has, when it stops.
    WDF_IO_TARGET_SENT_IO_ACTION {
        WdfIoTargetSentIoUndefined = 0,
        WdfIoTargetCancelSentIo = 1,
        WdfIoTargetWaitForSentIoToComplete = 2,
        WdfIoTargetLeaveSentIoPending = 3,
    }
    /// A Plug and Play state that a driver reports.
    WDF_PNP_STATE {
        WdfPnpStateInvalid = 0,
        WdfPnpStateDisabled = 1,
        WdfPnpStateFailed = 2,
        WdfPnpStateRemoved = 3,
        WdfPnpStateResourcesChanged = 4,
        WdfPnpStateDontDisplayInUI = 5,
        WdfPnpStateNotDisableable = 6,
    }
    /// A Plug and Play capability of a device.
    WDF_PNP_CAPABILITY {
        WdfPnpCapInvalid = 0,
        WdfPnpCapLockSupported = 1,
        WdfPnpCapEjectSupported = 2,
        WdfPnpCapRemovable = 3,
        WdfPnpCapDockDevice = 4,
        WdfPnpCapSurpriseRemovalOk = 5,
        WdfPnpCapNoDisplayInUI = 6,
    }
    /// A device's power state, as callbacks are told.
    WDF_POWER_DEVICE_STATE {
        WdfPowerDeviceInvalid = 0,
        WdfPowerDeviceD0 = 1,
        WdfPowerDeviceD1 = 2,
        WdfPowerDeviceD2 = 3,
        WdfPowerDeviceD3 = 4,
        WdfPowerDeviceD3Final = 5,
        WdfPowerDevicePrepareForHibernation = 6,
    }
    /// How an event reaches programs.
    WDF_EVENT_TYPE { WdfEventReserved = 0, WdfEventBroadcast = 1 }
    /// What to do about a property store that is not there.
    WDF_PROPERTY_STORE_RETRIEVE_FLAGS {
        WdfPropertyStoreNormal = 0,
        WdfPropertyStoreCreateIfMissing = 0x1,
        WdfPropertyStoreCreateVolatile = 0x2,
    }
    /// Which registry key a property store is.
    WDF_PROPERTY_STORE_ROOT_CLASS {
        WdfPropertyStoreRootClassHardwareKey = 0,
        WdfPropertyStoreRootClassSoftwareKey = 1,
        WdfPropertyStoreRootClassDeviceInterfaceKey = 2,
        WdfPropertyStoreRootClassLegacyHardwareKey = 3,
        WdfPropertyStoreRootDriverParametersKey = 4,
    }
    /// Whether a property store was there.
    WDF_PROPERTY_STORE_DISPOSITION { CreatedNewStore = 1, OpenedExistingStore = 2 }
    /// Whether an idle device can wake itself.
    WDF_POWER_POLICY_S0_IDLE_CAPABILITIES {
        IdleCapsInvalid = 0,
        IdleCannotWakeFromS0 = 1,
        IdleCanWakeFromS0 = 2,
        IdleUsbSelectiveSuspend = 3,
    }
    /// Whether users set the idle policy.
    WDF_POWER_POLICY_S0_IDLE_USER_CONTROL {
        IdleUserControlInvalid = 0,
        IdleDoNotAllowUserControl = 1,
        IdleAllowUserControl = 2,
    }
    /// Whether users set the wake policy.
    WDF_POWER_POLICY_SX_WAKE_USER_CONTROL {
        WakeUserControlInvalid = 0,
        WakeDoNotAllowUserControl = 1,
        WakeAllowUserControl = 2,
    }
    /// Where a request comes from.
    WDF_KPROCESSOR_MODE { WdfKProcessorModeInvalid = 0, WdfKernelMode = 1, WdfUserMode = 2 }
    /// When buffers are fetched.
    WDF_DEVICE_IO_BUFFER_RETRIEVAL {
        WdfDeviceIoBufferRetrievalInvalid = 0,
        WdfDeviceIoBufferRetrievalCopyImmediately = 1,
        WdfDeviceIoBufferRetrievalDeferred = 2,
    }
    /// How buffers reach the driver.
    WDF_DEVICE_IO_TYPE {
        WdfDeviceIoUndefined = 0,
        WdfDeviceIoNeither = 1,
        WdfDeviceIoBuffered = 2,
        WdfDeviceIoDirect = 3,
        WdfDeviceIoBufferedOrDirect = 4,
    }
    /// What is read or written of hardware.
    WDF_DEVICE_HWACCESS_TARGET_TYPE {
        WdfDeviceHwAccessTargetTypeInvalid = 0,
        WdfDeviceHwAccessTargetTypeRegister = 1,
        WdfDeviceHwAccessTargetTypeRegisterBuffer = 2,
        WdfDeviceHwAccessTargetTypePort = 3,
        WdfDeviceHwAccessTargetTypePortBuffer = 4,
    }
    /// The width of a hardware access.
    WDF_DEVICE_HWACCESS_TARGET_SIZE {
        WdfDeviceHwAccessTargetSizeInvalid = 0,
        WdfDeviceHwAccessTargetSizeUchar = 1,
        WdfDeviceHwAccessTargetSizeUshort = 2,
        WdfDeviceHwAccessTargetSizeUlong = 3,
        WdfDeviceHwAccessTargetSizeUlong64 = 4,
    }
    /// Which processors take an interrupt.
    WDF_INTERRUPT_POLICY {
        WdfIrqPolicyMachineDefault = 0,
        WdfIrqPolicyAllCloseProcessors = 1,
        WdfIrqPolicyOneCloseProcessor = 2,
        WdfIrqPolicyAllProcessorsInMachine = 3,
        WdfIrqPolicySpecifiedProcessors = 4,
        WdfIrqPolicySpreadMessagesAcrossAllProcessors = 5,
    }
    /// How urgent an interrupt is.
    WDF_INTERRUPT_PRIORITY {
        WdfIrqPriorityUndefined = 0,
        WdfIrqPriorityLow = 1,
        WdfIrqPriorityNormal = 2,
        WdfIrqPriorityHigh = 3,
    }
    /// What level says that there is an interrupt.
    WDF_INTERRUPT_POLARITY {
        WdfInterruptPolarityUnknown = 0,
        WdfInterruptActiveHigh = 1,
        WdfInterruptActiveLow = 2,
    }
    /// A device power state (wdm.h).
    DEVICE_POWER_STATE {
        PowerDeviceUnspecified = 0,
        PowerDeviceD0 = 1,
        PowerDeviceD1 = 2,
        PowerDeviceD2 = 3,
        PowerDeviceD3 = 4,
        PowerDeviceMaximum = 5,
    }
    /// What the system is about to do (wdm.h).
    POWER_ACTION {
        PowerActionNone = 0,
        PowerActionReserved = 1,
        PowerActionSleep = 2,
        PowerActionHibernate = 3,
        PowerActionShutdown = 4,
        PowerActionShutdownReset = 5,
        PowerActionShutdownOff = 6,
        PowerActionWarmEject = 7,
    }
    /// How far a server may act as its client (winnt.h).
    SECURITY_IMPERSONATION_LEVEL {
        SecurityAnonymous = 0,
        SecurityIdentification = 1,
        SecurityImpersonation = 2,
        SecurityDelegation = 3,
    }
    /// The kind of a file's information, by its number in the header.
    WDF_FILE_INFORMATION_CLASS {}
    /// How mapped memory is cached (wudfwdm.h).
    MEMORY_CACHING_TYPE { MmNonCached = 0, MmCached = 1, MmWriteCombined = 2 }
    /// The kind of a hardware resource (wudfwdm.h).
    CM_RESOURCE_TYPE {
        CmResourceTypeNull = 0,
        CmResourceTypePort = 1,
        CmResourceTypeInterrupt = 2,
        CmResourceTypeMemory = 3,
        CmResourceTypeDma = 4,
        CmResourceTypeDeviceSpecific = 5,
        CmResourceTypeBusNumber = 6,
        CmResourceTypeMemoryLarge = 7,
        CmResourceTypeConnection = 132,
    }
    /// Bits of an interrupt's flags (wudfwdm.h).
    CM_RESOURCE_INTERRUPT {
        CM_RESOURCE_INTERRUPT_LATCHED = 0x1,
        CM_RESOURCE_INTERRUPT_MESSAGE = 0x2,
    }
    /// Bits of the flags of large memory, which say in what its length is counted (wudfwdm.h).
    CM_RESOURCE_MEMORY_LARGE {
        CM_RESOURCE_MEMORY_LARGE_40 = 0x200,
        CM_RESOURCE_MEMORY_LARGE_48 = 0x400,
        CM_RESOURCE_MEMORY_LARGE_64 = 0x800,
    }
}

/// A part of a memory object, in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WDFMEMORY_OFFSET {
    /// Where it begins.
    pub BufferOffset: usize,
    /// How long it is.
    pub BufferLength: usize,
}

/// A version of the framework; a driver exports the one that it needs as `Microsoft_WDF_UMDF_Version`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UMDF_VERSION_DATA {
    /// 1.
    pub MajorNumber: u32,
    /// The version within that.
    pub MinorNumber: u32,
    /// The service pack.
    pub ServiceNumber: u32,
}

/// How a remote target opens its file, as `CreateFile` is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UMDF_IO_TARGET_OPEN_PARAMS {
    /// Who else may open it.
    pub dwShareMode: u32,
    /// What if it is there, and if not.
    pub dwCreationDisposition: u32,
    /// Flags and attributes.
    pub dwFlagsAndAttributes: u32,
}
