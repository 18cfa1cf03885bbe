//! A device's heart: its I/O state and what follows from changes of it, its objects, and the order of its callbacks.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use umdf_callback::raw::*;
use windows_core::{ComObject, Interface};

use super::belongings::Belongings;
use super::device_object::DeviceObject;
use super::file_object::FileObject;
use super::init::Config;
use super::io::{FileId, Io, QueueId, RequestId, Step};
use super::lower::Lower;
use super::order::Order;
use super::pnp::{Pnp, Wake};
use super::queue_object::QueueObject;
use super::request_object::RequestObject;
use super::target_object::TargetObject;
use super::trace::Name;
use super::turns::Turns;
use super::verifier::Rule;
use super::world::{Outcome, World, lock};

/// A device's heart.
pub(crate) struct Core {
    pub(crate) world: Arc<World>,
    pub(crate) name: Name,
    pub(crate) config: Config,
    pub(crate) turns: Arc<Turns>,
    io: Mutex<Io>,
    changed: Condvar,
    pub(crate) objects: Objects,
    /// The driver below.
    pub(crate) lower: Lower,
    order: Mutex<Order>,
    pub(crate) pnp: Mutex<Pnp>,
    /// From what the driver has said that the device can wake.
    pub(crate) wakes: Mutex<Vec<Wake>>,
    pub(crate) belongings: Belongings,
}

/// A device's framework objects, until it is removed.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) device: Mutex<Option<ComObject<DeviceObject>>>,
    pub(crate) queues: Mutex<Vec<ComObject<QueueObject>>>,
    pub(crate) requests: Mutex<BTreeMap<RequestId, ComObject<RequestObject>>>,
    pub(crate) files: Mutex<BTreeMap<FileId, ComObject<FileObject>>>,
    pub(crate) target: Mutex<Option<ComObject<TargetObject>>>,
    /// Requests that the driver has made.
    pub(crate) created: Mutex<BTreeMap<RequestId, ComObject<RequestObject>>>,
}

impl Objects {
    pub(crate) fn device(&self) -> Option<ComObject<DeviceObject>> {
        lock(&self.device).clone()
    }

    pub(crate) fn queue(&self, id: QueueId) -> Option<ComObject<QueueObject>> {
        lock(&self.queues).get(id).cloned()
    }

    /// A request, of a queue or the driver's own.
    pub(crate) fn any_request(&self, id: RequestId) -> Option<ComObject<RequestObject>> {
        let created = || lock(&self.created).get(&id).cloned();
        self.request(id).or_else(created)
    }

    pub(crate) fn request(&self, id: RequestId) -> Option<ComObject<RequestObject>> {
        lock(&self.requests).get(&id).cloned()
    }
}

impl Core {
    pub(crate) fn new(world: &Arc<World>, name: Name, config: Config) -> Arc<Self> {
        let one_at_a_time = config.constraint == WdfDeviceLevel;
        Arc::new(Core {
            world: world.clone(),
            name,
            config,
            turns: Arc::new(Turns::new(one_at_a_time)),
            io: Mutex::default(),
            changed: Condvar::new(),
            objects: Objects::default(),
            lower: Lower::default(),
            order: Mutex::default(),
            pnp: Mutex::default(),
            wakes: Mutex::default(),
            belongings: Belongings::default(),
        })
    }

    /// Looks at the I/O state.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Io) -> R) -> R {
        look(&lock(&self.io))
    }

    /// Changes it, and does what follows.
    pub(crate) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut Io) -> R) -> R {
        let _busy = self.world.busy();
        let mut io = lock(&self.io);
        let result = change(&mut io);
        let steps = std::mem::take(&mut io.steps);
        drop(io);
        for step in steps {
            self.perform(step);
        }
        self.changed.notify_all();
        result
    }

    /// Waits until the state is as wanted; `false` if that takes longer than the framework waits for a driver.
    pub(crate) fn wait(&self, wanted: impl Fn(&Io) -> bool) -> bool {
        let end = Instant::now() + self.world.patience;
        let mut io = lock(&self.io);
        while !wanted(&io) {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return false;
            };
            io = self
                .changed
                .wait_timeout(io, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    /// Calls the driver for the device, and looks whether that is in order.
    pub(crate) fn tell<R: Outcome>(
        &self,
        object: &Name,
        method: &'static str,
        detail: impl Into<String>,
        callback: impl FnOnce() -> R,
    ) -> R {
        let complaint = lock(&self.order).begins(method);
        if let Some(complaint) = complaint {
            self.world.finding(Rule::Order, method, object, complaint);
        }
        let outcome = self.world.callback(object, method, detail, callback);
        let succeeded = outcome.code().is_none_or(|code| code.is_ok());
        lock(&self.order).returned(method, succeeded);
        outcome
    }

    /// A step of the device for which the driver has no callback.
    pub(crate) fn passes(&self, method: &'static str) {
        lock(&self.order).passes(method);
    }

    fn perform(self: &Arc<Self>, step: Step) {
        match step {
            Step::Deliver(queue, request) => self.in_turn(queue, request, |queue, request| {
                if queue.core.change(|io| io.delivers(queue.id, request.id)) {
                    queue.deliver(&request);
                    queue.core.change(|io| io.delivered(request.id));
                }
            }),
            Step::Cancel(request, callback) => {
                let core = self.clone();
                self.turns
                    .call(Box::new(move || core.on_cancel(request, callback.get())));
            }
            Step::StateChange(queue, callback) => {
                let core = self.clone();
                self.turns.call(Box::new(move || {
                    if let Some(queue) = core.objects.queue(queue) {
                        queue.change_state(callback);
                    }
                }));
            }
            Step::CanceledOnQueue(queue, request) => {
                self.at_once(queue, request, |queue, request| queue.canceled(&request));
            }
            Step::Stop(queue, request, flags) => {
                self.at_once(queue, request, |queue, request| queue.stop(&request, flags));
            }
            Step::Resume(queue, request) => {
                self.at_once(queue, request, |queue, request| queue.resume(&request));
            }
            Step::End(request, status, information) => {
                let request = lock(&self.objects.requests).remove(&request);
                if let Some(request) = request {
                    request.end(status, information);
                }
            }
            Step::CancelSent(request) => {
                if let Some(request) = self.objects.request(request) {
                    request.cancel_below();
                }
            }
            Step::Close(file) => {
                let core = self.clone();
                self.turns.call(Box::new(move || {
                    let file = lock(&core.objects.files).remove(&file);
                    if let Some(file) = file {
                        core.on_close(&file);
                    }
                }));
            }
        }
    }

    /// A call that the locking constraint is for.
    fn in_turn(
        self: &Arc<Self>,
        queue: QueueId,
        request: RequestId,
        call: impl FnOnce(ComObject<QueueObject>, ComObject<RequestObject>) + Send + 'static,
    ) {
        let core = self.clone();
        self.turns
            .call(Box::new(move || core.at_once(queue, request, call)));
    }

    fn at_once(
        &self,
        queue: QueueId,
        request: RequestId,
        call: impl FnOnce(ComObject<QueueObject>, ComObject<RequestObject>),
    ) {
        if let (Some(queue), Some(request)) =
            (self.objects.queue(queue), self.objects.request(request))
        {
            call(queue, request);
        }
    }

    fn on_cancel(self: &Arc<Self>, id: RequestId, callback: &IRequestCallbackCancel) {
        let Some(request) = self.objects.request(id) else {
            return;
        };
        if !self.change(|io| io.enter_on_cancel(id)) {
            return;
        }
        let interface = request.own();
        self.tell(
            &request.base.name,
            "IRequestCallbackCancel::OnCancel",
            "",
            || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.OnCancel(Raw::of(&**interface)) }
            },
        );
    }

    /// The last handle of an opening is closed.
    pub(crate) fn on_cleanup(self: &Arc<Self>, file: &ComObject<FileObject>) {
        let callback = self.callback::<IFileCallbackCleanup>();
        if let Some(callback) = callback {
            let interface = file.own();
            self.tell(
                &file.base.name,
                "IFileCallbackCleanup::OnCleanupFile",
                "",
                || {
                    // SAFETY: the interfaces are valid.
                    unsafe { callback.get().OnCleanupFile(Raw::of(&**interface)) }
                },
            );
        }
    }

    /// The opening is released.
    fn on_close(&self, file: &ComObject<FileObject>) {
        if let Some(callback) = self.callback::<IFileCallbackClose>() {
            let interface = file.own();
            self.tell(
                &file.base.name,
                "IFileCallbackClose::OnCloseFile",
                "",
                || {
                    // SAFETY: the interfaces are valid.
                    unsafe { callback.get().OnCloseFile(Raw::of(&**interface)) }
                },
            );
        }
        file.delete();
    }

    /// An interface of the device callback object.
    pub(crate) fn callback<I: Interface>(&self) -> Option<super::world::Agile<I>> {
        self.objects.device()?.base.callback()
    }

    /// Deletes all objects of the device, children first (page: nf-wudfddi-iwdfobject-deletewdfobject).
    pub(crate) fn delete(self: &Arc<Self>) {
        // A callback that has completed its request may run still.
        let quiet = self.turns.quiet(self.world.patience);
        let requests = std::mem::take(&mut *lock(&self.objects.requests));
        for request in requests.into_values() {
            request.end(super::codes::NO_SUCH_DEVICE, 0);
        }
        let files = std::mem::take(&mut *lock(&self.objects.files));
        for file in files.into_values() {
            self.on_cleanup(&file);
            self.on_close(&file);
        }
        // No more callbacks of queues and files come. What is left may wait for the lock.
        if quiet {
            self.turns.unlock();
        }
        self.belongings.end();
        let queues = std::mem::take(&mut *lock(&self.objects.queues));
        for queue in queues {
            queue.delete();
        }
        let created = std::mem::take(&mut *lock(&self.objects.created));
        for request in created.into_values() {
            request.delete();
        }
        let target = lock(&self.objects.target).take();
        if let Some(target) = target {
            target.delete();
        }
        let device = lock(&self.objects.device).take();
        if let Some(device) = device {
            lock(&self.order).deleted();
            device.delete();
        }
        self.lower.forget();
    }
}
