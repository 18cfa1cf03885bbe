//! The working state: what is called when a device enters and leaves it (U16, U17).

use super::*;

impl Core {
    /// The device enters its working state.
    pub(super) fn enter_d0(self: &Arc<Self>, previous: WDF_POWER_DEVICE_STATE) -> Done {
        let own = self.own().ok_or(NO_SUCH_DEVICE)?;
        let (newest, device) = (Raw::of(own.get()), Raw::of(&***own.get()));
        let from = format!(", from {}", state_name(previous));
        lock(&self.belongings.power).began = true;
        ask!(self, IPnpCallback::OnD0Entry(device, previous), &from)?;
        self.pnp(|pnp| pnp.in_d0 = true);
        self.switch_interrupts(true)?;
        ask!(
            self,
            IPnpCallbackHardwareInterrupt::OnD0EntryPostInterruptsEnabled(newest, previous),
            &from
        )?;
        self.disarm(device);
        self.change(Io::power_up);
        let managed = match self.pnp(|pnp| pnp.io) {
            SelfManagedIo::New => {
                ask!(self, IPnpCallbackSelfManagedIo::OnSelfManagedIoInit(device))
            }
            _ => ask!(
                self,
                IPnpCallbackSelfManagedIo::OnSelfManagedIoRestart(device)
            ),
        };
        self.pnp(|pnp| {
            pnp.io = SelfManagedIo::after(managed, SelfManagedIo::Running);
            pnp.stage = Stage::Working;
        });
        managed
    }

    /// The device leaves its working state.
    pub(super) fn leave_d0(
        self: &Arc<Self>,
        new: WDF_POWER_DEVICE_STATE,
        wake: Option<Wake>,
    ) -> Done {
        let Some(own) = self.own().filter(|_| self.pnp(|pnp| pnp.in_d0)) else {
            return Ok(());
        };
        let (newest, device) = (Raw::of(own.get()), Raw::of(&***own.get()));
        let mut done = Ok(());
        if self.pnp(|pnp| pnp.io == SelfManagedIo::Running) {
            done = ask!(
                self,
                IPnpCallbackSelfManagedIo::OnSelfManagedIoSuspend(device)
            );
            self.pnp(|pnp| pnp.io = SelfManagedIo::after(done, SelfManagedIo::Suspended));
        }
        self.stop_queues();
        if let Some(wake) = wake.filter(|_| done.is_ok()) {
            self.arm(device, wake);
        }
        let to = format!(", to {}", state_name(new));
        let quiet = ask!(
            self,
            IPnpCallbackHardwareInterrupt::OnD0ExitPreInterruptsDisabled(newest, new),
            &to
        );
        let disabled = self.switch_interrupts(false);
        let left = ask!(self, IPnpCallback::OnD0Exit(device, new), &to);
        self.pnp(|pnp| pnp.in_d0 = false);
        done.and(quiet).and(disabled).and(left)
    }

    /// Power-managed queues hand out no more, and the driver stops with what it has of them.
    pub(super) fn stop_queues(self: &Arc<Self>) {
        let queues = self.queues(true);
        self.change(|io| {
            io.powered = false;
            queues.iter().for_each(|&queue| io.take_back(queue));
        });
        self.ask_to_stop(&queues, WdfRequestStopActionSuspend);
        if !self.wait(Io::has_stopped) {
            let detail =
                "requests keep the device in its working state: complete or acknowledge them";
            self.world
                .finding(Rule::Stop, "OnIoStop", &self.name, detail);
        }
    }

    pub(super) fn arm(&self, device: Raw<IWDFDevice>, wake: Wake) {
        if !self.config.owns_power_policy || !lock(&self.wakes).contains(&wake) {
            return;
        }
        let armed = match wake {
            Wake::FromS0 => ask!(
                self,
                IPowerPolicyCallbackWakeFromS0::OnArmWakeFromS0(device)
            ),
            Wake::FromSx => ask!(
                self,
                IPowerPolicyCallbackWakeFromSx::OnArmWakeFromSx(device)
            ),
        };
        self.pnp(|pnp| pnp.armed = Some(wake));
        // The device sleeps all the same (page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onarmwakefroms0).
        if armed.is_err() {
            self.disarm(device);
        }
    }

    // Callbacks without a result cannot fail, here and below.
    pub(super) fn disarm(&self, device: Raw<IWDFDevice>) {
        let _ = match self.pnp(|pnp| pnp.armed.take()) {
            Some(Wake::FromS0) => ask!(
                self,
                IPowerPolicyCallbackWakeFromS0::OnDisarmWakeFromS0(device)
            ),
            Some(Wake::FromSx) => ask!(
                self,
                IPowerPolicyCallbackWakeFromSx::OnDisarmWakeFromSx(device)
            ),
            None => Ok(()),
        };
    }
}
