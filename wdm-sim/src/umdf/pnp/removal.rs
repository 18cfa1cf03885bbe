//! Removal: all that is left to do, to the end (U17).

use super::*;

impl Core {
    /// The device is removed, with or without a warning.
    pub(crate) fn remove(self: &Arc<Self>, surprise: bool) {
        if self.stage() == Stage::Gone {
            return;
        }
        let action = if surprise {
            "surprise removal"
        } else {
            "remove"
        };
        self.world.system(&self.name, action);
        if let Some(own) = self.own().filter(|_| surprise) {
            let _ = ask!(
                self,
                IPnpCallback::OnSurpriseRemoval(Raw::of(&***own.get()))
            );
        }
        if surprise {
            // What is below is gone, too.
            self.close_target();
        }
        self.tear_down();
    }

    /// All that is left to do, to the end.
    pub(super) fn tear_down(self: &Arc<Self>) {
        // It goes on whatever the driver says.
        let _ = self.leave_d0(WdfPowerDeviceD3Final, None);
        let _ = self.release_hardware();
        let began = self.pnp(|pnp| pnp.io != SelfManagedIo::New);
        let own = self.own().filter(|_| began);
        self.close_target();
        self.purge(true);
        if let Some(own) = &own {
            let _ = ask!(
                self,
                IPnpCallbackSelfManagedIo::OnSelfManagedIoFlush(Raw::of(&***own.get()))
            );
        }
        self.purge(false);
        if let Some(own) = own {
            let _ = ask!(
                self,
                IPnpCallbackSelfManagedIo::OnSelfManagedIoCleanup(Raw::of(&***own.get()))
            );
        }
        self.check_idle();
        self.pnp(|pnp| pnp.stage = Stage::Gone);
        self.delete();
    }

    /// Page: wdf/controlling-a-general-i-o-target-s-state-in-umdf.
    pub(super) fn close_target(&self) {
        let target = lock(&self.objects.target).clone();
        if let Some(target) = target {
            target.close();
        }
        self.close_remote_targets();
    }

    /// The power-managed queues, or the others.
    pub(super) fn queues(&self, power_managed: bool) -> Vec<QueueId> {
        self.look(|io| {
            let of_kind = |queue: &QueueId| io.queues[*queue].power_managed == power_managed;
            (0..io.queues.len()).filter(of_kind).collect()
        })
    }

    /// Asks the driver to stop with what it has of queues. It is told so of each request after it was told of the request: as in the
    /// published framework, callbacks that hand requests out return first.
    pub(super) fn ask_to_stop(
        self: &Arc<Self>,
        queues: &[QueueId],
        action: WDF_REQUEST_STOP_ACTION_FLAGS,
    ) {
        self.wait(|io| !io.is_presenting(queues));
        self.change(|io| {
            queues
                .iter()
                .for_each(|&queue| io.ask_to_stop(queue, action));
        });
    }

    /// Ends all requests of the power-managed queues, or of the others.
    pub(super) fn purge(self: &Arc<Self>, power_managed: bool) {
        let queues = self.queues(power_managed);
        self.change(|io| {
            io.removed = true;
            queues.iter().for_each(|&queue| io.cancel_queued(queue));
        });
        self.ask_to_stop(&queues, WdfRequestStopActionPurge);
        self.change(|io| queues.iter().for_each(|&queue| io.cancel_all(queue)));
        let done = self.wait(|io| queues.iter().all(|&queue| io.with_driver(queue).is_empty()));
        if done {
            return;
        }
        let left: Vec<u64> = self.look(|io| {
            queues
                .iter()
                .flat_map(|&queue| io.with_driver(queue))
                .collect()
        });
        for id in left {
            if let Some(request) = self.objects.request(id) {
                let detail = "the driver has it while the device is removed; it is taken away";
                request.base.finding(Rule::RequestLeft, "remove", detail);
            }
            self.change(|io| io.end(id, NO_SUCH_DEVICE, 0));
        }
    }
}
