//! Idle and wake settings, what keeps a device awake, and states and events that a driver reports. Header: wudfddi.h, pages:
//! nf-wudfddi-iwdfdevice2-assigns0idlesettings, -stopidle, nf-wudfddi-iwdfdevice-setpnpstate, -postevent.

use std::sync::Arc;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};

use super::codes::{E_INVALIDARG, INVALID_DEVICE_REQUEST, POWER_STATE_INVALID};
use super::core::Core;
use super::pnp::{Stage, Wake};
use super::verifier::Rule;
use super::world::lock;

/// What a driver has said of a device's power.
#[derive(Clone, Debug, Default)]
pub(crate) struct Power {
    /// As they were assigned last.
    pub(crate) idle: Option<(DEVICE_POWER_STATE, u32)>,
    pub(crate) wake: Option<DEVICE_POWER_STATE>,
    /// How often `StopIdle` was called without `ResumeIdle`.
    pub(crate) stopped: u32,
    /// `OnD0Entry` has been called.
    pub(crate) began: bool,
    pub(crate) action: POWER_ACTION,
    pub(crate) states: Vec<(WDF_PNP_STATE, WDF_TRI_STATE)>,
    pub(crate) committed: Vec<(WDF_PNP_STATE, WDF_TRI_STATE)>,
    pub(crate) events: Vec<(GUID, Vec<u8>)>,
}

impl Core {
    fn owns_power_policy(&self) -> Result<(), HRESULT> {
        match self.config.owns_power_policy {
            true => Ok(()),
            false => Err(INVALID_DEVICE_REQUEST),
        }
    }

    /// The device can wake for a reason, or cannot.
    fn can_wake(&self, why: Wake, can: bool) {
        let mut wakes = lock(&self.wakes);
        wakes.retain(|wake| *wake != why);
        if can {
            wakes.push(why);
        }
    }

    pub(crate) fn assign_idle(
        &self,
        caps: WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
        state: DEVICE_POWER_STATE,
        timeout: u32,
        control: WDF_POWER_POLICY_S0_IDLE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> Result<(), HRESULT> {
        let caps_known = (IdleCannotWakeFromS0..=IdleUsbSelectiveSuspend).contains(&caps);
        let control_known = (IdleDoNotAllowUserControl..=IdleAllowUserControl).contains(&control);
        if !caps_known || !control_known || !(WdfUseDefault..=WdfTrue).contains(&enabled) {
            return Err(E_INVALIDARG);
        }
        self.owns_power_policy()?;
        let usb_off = caps == IdleUsbSelectiveSuspend && state == PowerDeviceD3;
        if usb_off || !(PowerDeviceD1..=PowerDeviceMaximum).contains(&state) {
            return Err(POWER_STATE_INVALID);
        }
        lock(&self.belongings.power).idle = Some((state, timeout));
        let can = caps != IdleCannotWakeFromS0 && enabled != WdfFalse;
        self.can_wake(Wake::FromS0, can);
        Ok(())
    }

    pub(crate) fn assign_wake(
        &self,
        state: DEVICE_POWER_STATE,
        control: WDF_POWER_POLICY_SX_WAKE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> Result<(), HRESULT> {
        let control_known = (WakeDoNotAllowUserControl..=WakeAllowUserControl).contains(&control);
        if !control_known || !(WdfUseDefault..=WdfTrue).contains(&enabled) {
            return Err(E_INVALIDARG);
        }
        self.owns_power_policy()?;
        if !(PowerDeviceD1..=PowerDeviceMaximum).contains(&state) {
            return Err(POWER_STATE_INVALID);
        }
        lock(&self.belongings.power).wake = Some(state);
        self.can_wake(Wake::FromSx, enabled != WdfFalse);
        Ok(())
    }

    /// Keeps the device awake, and wakes it first: here on the thread that asks, whether it waits or not.
    pub(crate) fn stop_idle(self: &Arc<Self>, method: &str) -> Result<(), HRESULT> {
        self.owns_power_policy()?;
        if !lock(&self.belongings.power).began {
            let detail = "OnD0Entry has not been called yet";
            self.world.finding(Rule::Idle, method, &self.name, detail);
        }
        if matches!(self.stage(), Stage::Sleeping(_)) {
            self.wake(false).map_err(|_| POWER_STATE_INVALID)?;
        }
        lock(&self.belongings.power).stopped += 1;
        Ok(())
    }

    pub(crate) fn resume_idle(&self, method: &str) {
        let mut power = lock(&self.belongings.power);
        if power.stopped > 0 {
            power.stopped -= 1;
            return;
        }
        drop(power);
        let detail = "StopIdle was not called as often";
        self.world.finding(Rule::Idle, method, &self.name, detail);
    }

    /// The device is about to be deleted: nothing may keep it awake.
    pub(crate) fn check_idle(&self) {
        if lock(&self.belongings.power).stopped > 0 {
            let detail = "it is kept awake still: ResumeIdle was not called as often as StopIdle";
            self.world.finding(Rule::Idle, "remove", &self.name, detail);
        }
    }
}
