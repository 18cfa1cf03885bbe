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
