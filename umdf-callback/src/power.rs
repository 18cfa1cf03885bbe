//! Idle and wake settings of a device, from UMDF 1.9. Header: wudfddi.h, pages: nf-wudfddi-iwdfdevice2-assigns0idlesettings,
//! wdf/supporting-idle-power-down-in-umdf-drivers.
//!
//! ```
//! use std::time::Duration;
//!
//! use umdf_callback::power::{IdleSettings, LowPower};
//! use umdf_callback::{Device, Result};
//!
//! /// The device sleeps when nothing was asked of it for ten seconds.
//! fn may_sleep(device: &Device) -> Result<()> {
//!     let idle = IdleSettings::cannot_wake()
//!         .state(LowPower::D3)
//!         .timeout(Duration::from_secs(10));
//!     device.assign_s0_idle_settings(&idle)
//! }
//!
//! /// Something that does not come through a queue keeps it awake meanwhile.
//! fn measure(device: &Device) -> Result<u32> {
//!     let _awake = device.stop_idle(true)?;
//!     // ...
//! #   Ok(7)
//! }
//! ```

use core::time::Duration;

use crate::border::framework::Framework;
use crate::raw::{
    self, DEVICE_POWER_STATE, IWDFDevice2, IdleAllowUserControl, IdleCanWakeFromS0,
    IdleCannotWakeFromS0, IdleDoNotAllowUserControl, IdleUsbSelectiveSuspend, POWER_ACTION,
    PowerDeviceD1, PowerDeviceD2, PowerDeviceD3, PowerDeviceMaximum,
    WDF_POWER_POLICY_S0_IDLE_CAPABILITIES, WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS,
    WakeAllowUserControl, WakeDoNotAllowUserControl, WdfUseDefault,
};
use crate::state::TriState;
use crate::{Device, Result};

/// A state in which a device sleeps. The working state is none: it does not compile here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LowPower {
    /// Lightly.
    D1,
    /// More.
    D2,
    /// Off.
    D3,
    /// The deepest from which the bus says that the device can wake (`PowerDeviceMaximum`).
    AsBus,
}

impl LowPower {
    fn raw(self) -> DEVICE_POWER_STATE {
        match self {
            LowPower::D1 => PowerDeviceD1,
            LowPower::D2 => PowerDeviceD2,
            LowPower::D3 => PowerDeviceD3,
            LowPower::AsBus => PowerDeviceMaximum,
        }
    }
}

/// When and how an idle device sleeps while the system works. Pages: nf-wudfddi-iwdfdevice2-assigns0idlesettings,
/// ns-wudfddi_types-_wudf_device_power_policy_idle_settings.
#[derive(Clone, Copy, Debug)]
#[must_use = "Device::assign_s0_idle_settings takes it"]
pub struct IdleSettings(WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS);

impl IdleSettings {
    /// With the framework's defaults, which are those of `WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS_INIT`.
    const fn new(caps: WDF_POWER_POLICY_S0_IDLE_CAPABILITIES, state: DEVICE_POWER_STATE) -> Self {
        IdleSettings(WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS {
            Size: size_of::<WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS>() as u32,
            IdleCaps: caps,
            DxState: state,
            IdleTimeout: 0,
            UserControlOfIdleSettings: IdleAllowUserControl,
            Enabled: WdfUseDefault,
            PowerUpIdleDeviceOnSystemWake: WdfUseDefault,
            ExcludeD3Cold: WdfUseDefault,
        })
    }

    /// The device cannot wake itself: it sleeps in D3 until something is asked of it.
    pub const fn cannot_wake() -> Self {
        Self::new(IdleCannotWakeFromS0, PowerDeviceD3)
    }

    /// It can wake itself, from the state that the bus says.
    pub const fn can_wake() -> Self {
        Self::new(IdleCanWakeFromS0, PowerDeviceMaximum)
    }

    /// It is a USB device that can be suspended selectively. Its state may not be [`LowPower::D3`].
    pub const fn usb_selective_suspend() -> Self {
        Self::new(IdleUsbSelectiveSuspend, PowerDeviceMaximum)
    }

    /// The state that it sleeps in.
    pub fn state(mut self, state: LowPower) -> Self {
        self.0.DxState = state.raw();
        self
    }

    /// How long nothing is asked of it before: whole milliseconds, at least one. Five seconds until it is set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.IdleTimeout = u32::try_from(timeout.as_millis())
            .unwrap_or(u32::MAX)
            .max(1);
        self
    }

    /// Whether users may change the settings; they may until it is set.
    pub const fn user_control(mut self, allow: bool) -> Self {
        self.0.UserControlOfIdleSettings = if allow {
            IdleAllowUserControl
        } else {
            IdleDoNotAllowUserControl
        };
        self
    }

    /// Whether it sleeps at all; by default it does unless users want otherwise.
    pub fn enabled(mut self, enabled: TriState) -> Self {
        self.0.Enabled = enabled.raw();
        self
    }

    /// Whether a device that cannot wake itself wakes with the system. From UMDF 1.11.
    pub fn power_up_on_system_wake(mut self, wake: TriState) -> Self {
        self.0.PowerUpIdleDeviceOnSystemWake = wake.raw();
        self
    }

    /// Whether the bus stays powered while the device is in D3. From UMDF 1.11.
    pub fn exclude_d3_cold(mut self, exclude: TriState) -> Self {
        self.0.ExcludeD3Cold = exclude.raw();
        self
    }

    /// The settings, and whether they need UMDF 1.11.
    pub(crate) fn raw(&self) -> (WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS, bool) {
        let newer = [self.0.PowerUpIdleDeviceOnSystemWake, self.0.ExcludeD3Cold];
        (self.0, newer != [WdfUseDefault; 2])
    }
}

/// Whether a sleeping device wakes the sleeping system. Page: nf-wudfddi-iwdfdevice2-assignsxwakesettings.
#[derive(Clone, Copy, Debug)]
#[must_use = "Device::assign_sx_wake_settings takes it"]
pub struct WakeSettings {
    state: LowPower,
    user_control: bool,
    enabled: TriState,
}

impl WakeSettings {
    /// The device sleeps in this state, and wakes the system unless users want otherwise.
    pub const fn new(state: LowPower) -> Self {
        WakeSettings {
            state,
            user_control: true,
            enabled: TriState::Default,
        }
    }

    /// Whether users may change the settings.
    pub const fn user_control(mut self, allow: bool) -> Self {
        self.user_control = allow;
        self
    }

    /// Whether it wakes the system at all.
    pub const fn enabled(mut self, enabled: TriState) -> Self {
        self.enabled = enabled;
        self
    }
}

/// What the system is about to do, or comes back from (`POWER_ACTION`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerAction {
    /// Nothing: it works.
    None,
    /// Sleep.
    Sleep,
    /// Hibernate.
    Hibernate,
    /// Shut down.
    Shutdown,
    /// Shut down and start again.
    ShutdownReset,
    /// Shut down and switch off.
    ShutdownOff,
    /// Give up a device that is ejected.
    WarmEject,
    /// A value that the header reserves or does not have.
    Unknown(i32),
}

impl PowerAction {
    fn from_raw(action: POWER_ACTION) -> Self {
        match action {
            raw::PowerActionNone => PowerAction::None,
            raw::PowerActionSleep => PowerAction::Sleep,
            raw::PowerActionHibernate => PowerAction::Hibernate,
            raw::PowerActionShutdown => PowerAction::Shutdown,
            raw::PowerActionShutdownReset => PowerAction::ShutdownReset,
            raw::PowerActionShutdownOff => PowerAction::ShutdownOff,
            raw::PowerActionWarmEject => PowerAction::WarmEject,
            action => PowerAction::Unknown(action),
        }
    }
}

/// That a device stays in its working state, for as long as this is there. Page: nf-wudfddi-iwdfdevice2-stopidle.
#[derive(Debug)]
#[must_use = "the device may sleep again when it is dropped"]
pub struct Awake(Framework<IWDFDevice2>);

impl Drop for Awake {
    /// Page: nf-wudfddi-iwdfdevice2-resumeidle.
    fn drop(&mut self) {
        self.0.resume_idle();
    }
}

impl Device {
    /// Lets the device sleep when it is idle. Page: nf-wudfddi-iwdfdevice2-assigns0idlesettings, or
    /// nf-wudfddi-iwdfdevice3-assigns0idlesettingsex for what is newer.
    ///
    /// # Errors
    /// `E_INVALIDARG`; `STATUS_INVALID_DEVICE_REQUEST` if the driver does not own the power policy; `STATUS_POWER_STATE_INVALID`
    /// if the bus does not have the state; the framework is older; its others.
    pub fn assign_s0_idle_settings(&self, settings: &IdleSettings) -> Result<()> {
        self.0.assign_idle(settings)
    }

    /// Lets the device wake the system. Page: nf-wudfddi-iwdfdevice2-assignsxwakesettings.
    ///
    /// # Errors
    /// As [`assign_s0_idle_settings`](Device::assign_s0_idle_settings).
    pub fn assign_sx_wake_settings(&self, settings: &WakeSettings) -> Result<()> {
        let control = if settings.user_control {
            WakeAllowUserControl
        } else {
            WakeDoNotAllowUserControl
        };
        self.0
            .assign_wake(settings.state.raw(), control, settings.enabled.raw())
    }

    /// Brings the device to its working state and keeps it there, not before its first
    /// [`on_d0_entry`](crate::callback::PnpCallback::on_d0_entry). With `wait` it is there when this returns, which is not for the
    /// handling of requests from a power-managed queue. Page: nf-wudfddi-iwdfdevice2-stopidle.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` if the driver does not own the power policy; `STATUS_POWER_STATE_INVALID` if the device has
    /// failed; the framework is older.
    pub fn stop_idle(&self, wait: bool) -> Result<Awake> {
        self.0.stop_idle(wait).map(Awake)
    }

    /// What the system is about to do, for the callbacks by which a device leaves and enters its working state. Page:
    /// nf-wudfddi-iwdfdevice2-getsystempoweraction.
    ///
    /// # Errors
    /// The framework is older.
    pub fn system_power_action(&self) -> Result<PowerAction> {
        self.0.system_power_action().map(PowerAction::from_raw)
    }
}
