//! Calls to devices: what belongs to no other file.

use core::ptr::null_mut;

use windows_core::{GUID, HRESULT};

use super::{Framework, text};
use crate::power::IdleSettings;
use crate::raw::*;
use crate::{Error, Result};

const ERROR_NOT_ENOUGH_MEMORY: HRESULT = HRESULT::from_win32(8);

impl Framework<IWDFDeviceInitialize> {
    pub(crate) fn set_io_type_preference(
        &self,
        retrieval: WDF_DEVICE_IO_BUFFER_RETRIEVAL,
        read_write: WDF_DEVICE_IO_TYPE,
        control: WDF_DEVICE_IO_TYPE,
    ) -> Result<()> {
        let init = self.query::<IWDFDeviceInitialize2>()?;
        // SAFETY: no preconditions before CreateDevice (U3).
        unsafe { init.SetIoTypePreference(retrieval, read_write, control) };
        Ok(())
    }
}

impl Framework<IWDFDevice> {
    pub(crate) fn create_symbolic_link_to(&self, name: &str, reference: &str) -> Result<()> {
        let (name, reference) = (text(name)?, text(reference)?);
        let device = self.query::<IWDFDevice2>()?;
        // SAFETY: the strings end with NUL.
        unsafe { device.CreateSymbolicLinkWithReferenceString(name.as_ptr(), reference.as_ptr()) }
            .ok()
    }

    pub(crate) fn default_queue(&self) -> Option<Framework<IWDFIoQueue>> {
        let mut queue = Raw::NULL;
        // SAFETY: the place is valid.
        unsafe { self.GetDefaultIoQueue(&raw mut queue) };
        Framework::given(queue)
    }

    pub(crate) fn post_event(&self, event: &GUID, data: &[u8]) -> Result<()> {
        let size =
            u32::try_from(data.len()).map_err(|_| Error::from_hresult(ERROR_NOT_ENOUGH_MEMORY))?;
        let data = if data.is_empty() {
            null_mut()
        } else {
            data.as_ptr().cast_mut()
        };
        // SAFETY: the GUID is valid; there are as many bytes, which the framework only reads.
        unsafe { self.PostEvent(event, WdfEventBroadcast, data, size) }.ok()
    }

    pub(crate) fn set_pnp_state(&self, state: WDF_PNP_STATE, value: WDF_TRI_STATE) {
        // SAFETY: no preconditions.
        unsafe { self.SetPnpState(state, value) }
    }

    pub(crate) fn pnp_state(&self, state: WDF_PNP_STATE) -> WDF_TRI_STATE {
        // SAFETY: no preconditions.
        unsafe { self.GetPnpState(state) }
    }

    pub(crate) fn commit_pnp_state(&self) {
        // SAFETY: no preconditions.
        unsafe { self.CommitPnpState() }
    }

    pub(crate) fn io_type_preference(&self) -> Result<(WDF_DEVICE_IO_TYPE, WDF_DEVICE_IO_TYPE)> {
        let device = self.query::<IWDFDevice2>()?;
        let (mut read_write, mut control) = (0, 0);
        // SAFETY: the places are valid.
        unsafe {
            device.GetDeviceStackIoTypePreference(&raw mut read_write, &raw mut control);
        }
        Ok((read_write, control))
    }

    pub(crate) fn assign_idle(&self, settings: &IdleSettings) -> Result<()> {
        let (mut settings, newer) = settings.raw();
        if newer {
            let device = self.query::<IWDFDevice3>()?;
            // SAFETY: the structure is valid during the call.
            return unsafe { device.AssignS0IdleSettingsEx(&raw mut settings) }.ok();
        }
        let device = self.query::<IWDFDevice2>()?;
        // SAFETY: no preconditions.
        unsafe {
            device.AssignS0IdleSettings(
                settings.IdleCaps,
                settings.DxState,
                settings.IdleTimeout,
                settings.UserControlOfIdleSettings,
                settings.Enabled,
            )
        }
        .ok()
    }

    pub(crate) fn assign_wake(
        &self,
        state: DEVICE_POWER_STATE,
        control: WDF_POWER_POLICY_SX_WAKE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> Result<()> {
        let device = self.query::<IWDFDevice2>()?;
        // SAFETY: no preconditions.
        unsafe { device.AssignSxWakeSettings(state, control, enabled) }.ok()
    }

    /// The device, which is told once to resume if this succeeds.
    pub(crate) fn stop_idle(&self, wait: bool) -> Result<Framework<IWDFDevice2>> {
        let device = self.query::<IWDFDevice2>()?;
        // SAFETY: no preconditions.
        unsafe { device.StopIdle(wait.into()) }.ok()?;
        Ok(device)
    }

    pub(crate) fn system_power_action(&self) -> Result<POWER_ACTION> {
        let device = self.query::<IWDFDevice2>()?;
        // SAFETY: no preconditions that memory depends on.
        Ok(unsafe { device.GetSystemPowerAction() })
    }
}

impl Framework<IWDFDevice2> {
    pub(crate) fn resume_idle(&self) {
        // SAFETY: no preconditions.
        unsafe { self.ResumeIdle() }
    }
}
