//! Plug and Play and power: what the framework calls when a device comes, sleeps, moves and goes.
//!
//! Pages: wdf/a-user-plugs-in-a-device-umdf, a-user-unplugs-a-device-umdf, a-device-enters-a-low-power-state-umdf,
//! a-device-returns-to-its-working-state-umdf. The figures disagree with the callbacks' pages in one point: whether hardware is
//! released at the last power-down. Here it is, as nf-wudfddi-idriverentry-ondeviceadd promises.

mod power;
mod removal;

use std::sync::Arc;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::Interface;

use super::codes::{INVALID_OPERATION, NO_SUCH_DEVICE};
use super::core::Core;
use super::io::{Io, QueueId};
use super::resources::ResourceList;
use super::verifier::Rule;
use super::world::{Agile, Outcome, lock};

/// Where a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `OnDeviceAdd` has made it.
    #[default]
    Added,
    /// It works.
    Working,
    /// It sleeps in this state.
    Sleeping(WDF_POWER_DEVICE_STATE),
    /// It was stopped, to get other resources.
    Stopped,
    /// It is removed.
    Gone,
}

/// A device's Plug and Play and power state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pnp {
    pub(crate) stage: Stage,
    /// `OnDeviceAdd` has said yes, or `OnPrepareHardware` was called: `OnReleaseHardware` is owed.
    owes_release: bool,
    /// `OnD0Entry` has succeeded.
    in_d0: bool,
    io: SelfManagedIo,
    armed: Option<Wake>,
}

/// Where self-managed I/O is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SelfManagedIo {
    #[default]
    New,
    Running,
    Suspended,
    /// One of its callbacks has failed.
    Failed,
}

impl SelfManagedIo {
    fn after(done: Done, state: Self) -> Self {
        if done.is_ok() {
            state
        } else {
            SelfManagedIo::Failed
        }
    }
}

/// Why a device sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It is idle; the system works.
    FromS0,
    /// The system sleeps.
    FromSx,
}

type Done = Result<(), HRESULT>;

/// Calls a method of the device callback object, if it has the interface.
macro_rules! ask {
    ($core:expr, $interface:ident::$method:ident($($argument:expr),*)) => {
        ask!($core, $interface::$method($($argument),*), "")
    };
    ($core:expr, $interface:ident::$method:ident($($argument:expr),*), $detail:expr) => {
        $core.ask(
            concat!(stringify!($interface), "::", stringify!($method)),
            $detail,
            |callback: &$interface| {
                // SAFETY: the interfaces are valid.
                unsafe { callback.$method($($argument),*) }
            },
        )
    };
}
use ask;

impl Core {
    fn pnp<R>(&self, change: impl FnOnce(&mut Pnp) -> R) -> R {
        change(&mut lock(&self.pnp))
    }

    pub(crate) fn stage(&self) -> Stage {
        self.pnp(|pnp| pnp.stage)
    }

    /// Calls a method of the device callback object, if it has the interface.
    fn ask<I: Interface, R: Outcome>(
        &self,
        method: &'static str,
        detail: &str,
        call: impl FnOnce(&I) -> R,
    ) -> Done {
        let Some(callback) = self.callback::<I>() else {
            // The device goes on as if the driver had said yes.
            self.passes(method);
            return Ok(());
        };
        let outcome = self.tell(&self.name, method, detail, || call(callback.get()));
        match outcome.code() {
            Some(code) if code.is_err() => Err(code),
            _ => Ok(()),
        }
    }

    /// The device's interfaces, for a callback.
    fn own(&self) -> Option<Agile<IWDFDevice3>> {
        self.objects.device().map(|device| Agile(device.own()))
    }

    /// `OnDeviceAdd` has said yes, so hardware will be released (page: nf-wudfddi-idriverentry-ondeviceadd).
    pub(crate) fn added(&self) {
        self.pnp(|pnp| pnp.owes_release = true);
    }

    /// Starts the device, new or stopped.
    pub(crate) fn start(self: &Arc<Self>) -> Done {
        if !matches!(self.stage(), Stage::Added | Stage::Stopped) {
            return Err(INVALID_OPERATION);
        }
        self.world.system(&self.name, "start");
        self.or_fail(|core| {
            core.prepare()?;
            core.enter_d0(WdfPowerDeviceD3Final)
        })?;
        self.tell_of_arrivals();
        Ok(())
    }

    /// Takes the device down if a step fails.
    fn or_fail(self: &Arc<Self>, step: impl FnOnce(&Arc<Self>) -> Done) -> Done {
        let done = step(self);
        if done.is_err() {
            self.world.system(&self.name, "failed; is taken down");
            self.tear_down();
        }
        done
    }

    fn prepare(&self) -> Done {
        let own = self.own().ok_or(NO_SUCH_DEVICE)?;
        let device = own.get();
        self.pnp(|pnp| pnp.owes_release = true);
        if self.callback::<IPnpCallbackHardware2>().is_none() {
            return ask!(
                self,
                IPnpCallbackHardware::OnPrepareHardware(Raw::of(&***device))
            );
        }
        let list = ResourceList::interface(self);
        let (device, list) = (Raw::of(device), Raw::of(&list));
        ask!(
            self,
            IPnpCallbackHardware2::OnPrepareHardware(device, list, list)
        )
    }

    fn release_hardware(&self) -> Done {
        let done = self.ask_to_release_hardware();
        self.check_hardware();
        done
    }

    fn ask_to_release_hardware(&self) -> Done {
        let owed = self.pnp(|pnp| std::mem::take(&mut pnp.owes_release));
        let Some(own) = self.own().filter(|_| owed) else {
            return Ok(());
        };
        let device = own.get();
        if self.callback::<IPnpCallbackHardware2>().is_none() {
            return ask!(
                self,
                IPnpCallbackHardware::OnReleaseHardware(Raw::of(&***device))
            );
        }
        let list = ResourceList::interface(self);
        ask!(
            self,
            IPnpCallbackHardware2::OnReleaseHardware(Raw::of(device), Raw::of(&list))
        )
    }

    /// The device goes to sleep.
    pub(crate) fn sleep(self: &Arc<Self>, to: WDF_POWER_DEVICE_STATE, wake: Wake) -> Done {
        let mut power = lock(&self.belongings.power);
        let kept_awake = wake == Wake::FromS0 && power.stopped > 0;
        if self.stage() != Stage::Working || kept_awake {
            return Err(INVALID_OPERATION);
        }
        power.action = match wake {
            Wake::FromS0 => PowerActionNone,
            Wake::FromSx => PowerActionSleep,
        };
        drop(power);
        self.world
            .system(&self.name, format!("sleep in {}", state_name(to)));
        self.or_fail(|core| {
            core.leave_d0(to, Some(wake))?;
            core.pnp(|pnp| pnp.stage = Stage::Sleeping(to));
            Ok(())
        })
    }

    /// It wakes up, by its own signal or the system's.
    pub(crate) fn wake(self: &Arc<Self>, by_itself: bool) -> Done {
        let Stage::Sleeping(from) = self.stage() else {
            return Err(INVALID_OPERATION);
        };
        self.world.system(&self.name, "wake");
        if by_itself {
            self.triggered();
        }
        let woken = self.or_fail(|core| core.enter_d0(from));
        lock(&self.belongings.power).action = PowerActionNone;
        woken
    }

    /// The device's wake signal has come (page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onwakefroms0triggered).
    fn triggered(&self) {
        let Some(own) = self.own() else {
            return;
        };
        let device = Raw::of(&***own.get());
        let _ = match self.pnp(|pnp| pnp.armed) {
            Some(Wake::FromS0) => ask!(
                self,
                IPowerPolicyCallbackWakeFromS0::OnWakeFromS0Triggered(device)
            ),
            Some(Wake::FromSx) => ask!(
                self,
                IPowerPolicyCallbackWakeFromSx::OnWakeFromSxTriggered(device)
            ),
            None => Ok(()),
        };
    }

    /// May the device be stopped?
    pub(crate) fn query_stop(self: &Arc<Self>) -> Done {
        let own = self.own().ok_or(NO_SUCH_DEVICE)?;
        self.world.system(&self.name, "query stop");
        // Page: nf-wudfddi-ipnpcallback-onquerystop.
        if self.world.minor <= 7 {
            return Ok(());
        }
        ask!(self, IPnpCallback::OnQueryStop(Raw::of(&***own.get())))
    }

    /// May it be removed?
    pub(crate) fn query_remove(self: &Arc<Self>) -> Done {
        let own = self.own().ok_or(NO_SUCH_DEVICE)?;
        self.world.system(&self.name, "query remove");
        ask!(self, IPnpCallback::OnQueryRemove(Raw::of(&***own.get())))
    }

    /// The device is stopped, to get other resources.
    pub(crate) fn stop(self: &Arc<Self>) -> Done {
        if !matches!(self.stage(), Stage::Working | Stage::Sleeping(_)) {
            return Err(INVALID_OPERATION);
        }
        self.world.system(&self.name, "stop");
        self.or_fail(|core| {
            core.leave_d0(WdfPowerDeviceD3Final, None)?;
            core.release_hardware()?;
            core.pnp(|pnp| pnp.stage = Stage::Stopped);
            Ok(())
        })
    }
}

/// A power state as people read it.
fn state_name(state: WDF_POWER_DEVICE_STATE) -> &'static str {
    match state {
        WdfPowerDeviceD0 => "D0",
        WdfPowerDeviceD1 => "D1",
        WdfPowerDeviceD2 => "D2",
        WdfPowerDeviceD3 => "D3",
        WdfPowerDeviceD3Final => "D3Final",
        WdfPowerDevicePrepareForHibernation => "PrepareForHibernation",
        _ => "an unknown state",
    }
}
