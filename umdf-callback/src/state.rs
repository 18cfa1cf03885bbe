//! What devices are told about themselves: states and capabilities.

use crate::raw;

/// Yes, no, or as the framework likes (`WDF_TRI_STATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriState {
    /// As the framework likes.
    Default,
    /// No.
    False,
    /// Yes.
    True,
}

impl TriState {
    pub(crate) fn raw(self) -> raw::WDF_TRI_STATE {
        match self {
            TriState::Default => raw::WdfUseDefault,
            TriState::False => raw::WdfFalse,
            TriState::True => raw::WdfTrue,
        }
    }

    pub(crate) fn from_raw(value: raw::WDF_TRI_STATE) -> Self {
        match value {
            raw::WdfFalse => TriState::False,
            raw::WdfTrue => TriState::True,
            _ => TriState::Default,
        }
    }
}

/// What a device can do (`WDF_PNP_CAPABILITY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PnpCapability {
    /// It can be locked in its slot.
    LockSupported = raw::WdfPnpCapLockSupported as isize,
    /// It can be ejected.
    EjectSupported = raw::WdfPnpCapEjectSupported as isize,
    /// It can be taken out.
    Removable = raw::WdfPnpCapRemovable as isize,
    /// It is a docking station.
    DockDevice = raw::WdfPnpCapDockDevice as isize,
    /// It may be taken out without asking.
    SurpriseRemovalOk = raw::WdfPnpCapSurpriseRemovalOk as isize,
    /// Users do not see it.
    NoDisplayInUi = raw::WdfPnpCapNoDisplayInUI as isize,
}

/// A state that a driver reports of its device (`WDF_PNP_STATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PnpState {
    /// It is disabled.
    Disabled = raw::WdfPnpStateDisabled as isize,
    /// It is there and has failed.
    Failed = raw::WdfPnpStateFailed as isize,
    /// It is gone.
    Removed = raw::WdfPnpStateRemoved as isize,
    /// It needs other resources.
    ResourcesChanged = raw::WdfPnpStateResourcesChanged as isize,
    /// Users do not see it.
    DontDisplayInUi = raw::WdfPnpStateDontDisplayInUI as isize,
    /// It cannot be disabled.
    NotDisableable = raw::WdfPnpStateNotDisableable as isize,
}

/// How a driver gets the buffers of requests (`WDF_DEVICE_IO_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferAccess {
    /// As copies.
    Buffered,
    /// As the program's own memory, which it may change meanwhile.
    Direct,
    /// As the framework likes.
    BufferedOrDirect,
}

impl BufferAccess {
    pub(crate) fn from_raw(value: raw::WDF_DEVICE_IO_TYPE) -> Option<Self> {
        match value {
            raw::WdfDeviceIoBuffered => Some(BufferAccess::Buffered),
            raw::WdfDeviceIoDirect => Some(BufferAccess::Direct),
            raw::WdfDeviceIoBufferedOrDirect => Some(BufferAccess::BufferedOrDirect),
            _ => None,
        }
    }

    fn raw(self) -> raw::WDF_DEVICE_IO_TYPE {
        match self {
            BufferAccess::Buffered => raw::WdfDeviceIoBuffered,
            BufferAccess::Direct => raw::WdfDeviceIoDirect,
            BufferAccess::BufferedOrDirect => raw::WdfDeviceIoBufferedOrDirect,
        }
    }
}

/// When and how the driver would like to get the buffers of requests: other than as copies only if they are fetched when they are
/// needed. Page: nf-wudfddi-iwdfdeviceinitialize2-setiotypepreference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoPreference {
    /// Copied as soon as a request arrives: the framework's default.
    CopyImmediately,
    /// Fetched when they are needed.
    Deferred {
        /// Those of reads and writes.
        read_write: BufferAccess,
        /// Those of device I/O controls.
        control: BufferAccess,
    },
}

impl IoPreference {
    pub(crate) fn raw(
        self,
    ) -> (
        raw::WDF_DEVICE_IO_BUFFER_RETRIEVAL,
        raw::WDF_DEVICE_IO_TYPE,
        raw::WDF_DEVICE_IO_TYPE,
    ) {
        match self {
            IoPreference::CopyImmediately => (
                raw::WdfDeviceIoBufferRetrievalCopyImmediately,
                raw::WdfDeviceIoBuffered,
                raw::WdfDeviceIoBuffered,
            ),
            IoPreference::Deferred {
                read_write,
                control,
            } => (
                raw::WdfDeviceIoBufferRetrievalDeferred,
                read_write.raw(),
                control.raw(),
            ),
        }
    }
}

/// A device's power state, as the power callbacks are told (`WDF_POWER_DEVICE_STATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerState {
    /// It works.
    D0,
    /// It sleeps lightly.
    D1,
    /// It sleeps.
    D2,
    /// It is off.
    D3,
    /// It is off and will not come back.
    D3Final,
    /// The system is about to hibernate.
    PrepareForHibernation,
    /// A value that the header does not have.
    Unknown(i32),
}

impl PowerState {
    pub(crate) fn from_raw(value: raw::WDF_POWER_DEVICE_STATE) -> Self {
        match value {
            raw::WdfPowerDeviceD0 => PowerState::D0,
            raw::WdfPowerDeviceD1 => PowerState::D1,
            raw::WdfPowerDeviceD2 => PowerState::D2,
            raw::WdfPowerDeviceD3 => PowerState::D3,
            raw::WdfPowerDeviceD3Final => PowerState::D3Final,
            raw::WdfPowerDevicePrepareForHibernation => PowerState::PrepareForHibernation,
            value => PowerState::Unknown(value),
        }
    }
}
