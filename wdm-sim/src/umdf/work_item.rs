//! Work items: a function of the driver's on another thread. Header: wudfworkitem.h, pages: wdf/using-workitems,
//! nf-wudfddi-iwdfworkitem-enqueue, -flush.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use umdf_callback::raw::*;
use windows_core::{ComObject, IUnknownImpl, implement};

use super::core::Core;
use super::object::{Base, object};
use super::verifier::Rule;
use super::world::lock;

/// The framework work item object.
#[implement(IWDFWorkItem)]
pub(crate) struct WorkItemObject {
    pub(crate) base: Base,
    core: Arc<Core>,
    function: WUDF_WORKITEM_FUNCTION,
    /// Whether the function runs as callbacks of queues do.
    serialized: bool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queued: bool,
    /// The thread that the function runs on.
    running: Option<ThreadId>,
}

object!(WorkItemObject_Impl: IWDFWorkItem);

impl WorkItemObject {
    pub(crate) fn create(
        core: &Arc<Core>,
        function: WUDF_WORKITEM_FUNCTION,
        serialized: bool,
    ) -> ComObject<Self> {
        let item = ComObject::new(WorkItemObject {
            base: Base::new(&core.world, "work item").of_driver(),
            core: core.clone(),
            function,
            serialized,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = item.clone();
        core.belongings.adopt(move || {
            if !own.base.is_deleted() {
                own.wait("remove");
                own.delete();
            }
        });
        item
    }

    /// Waits until the function is neither to run nor running.
    fn wait(&self, method: &str) {
        let end = Instant::now() + self.core.world.patience;
        let mut state = lock(&self.state);
        if state.running == Some(thread::current().id()) {
            drop(state);
            let detail = "the item's function waits for itself; it does not wait";
            return self.base.finding(Rule::WorkItem, method, detail);
        }
        while state.queued || state.running.is_some() {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                drop(state);
                let detail = "the item's function has not returned in time";
                return self.base.finding(Rule::WorkItem, method, detail);
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl WorkItemObject_Impl {
    /// Calls the function, as often as it is asked for.
    fn run(&self) {
        loop {
            let mut state = lock(&self.state);
            if !std::mem::take(&mut state.queued) {
                state.running = None;
                drop(state);
                self.changed.notify_all();
                return;
            }
            state.running = Some(thread::current().id());
            drop(state);
            let own = self.own();
            let name = &self.base.name;
            self.core.world.callback(name, "OnWorkItem", "", || {
                // SAFETY: the driver's function, and a valid interface.
                unsafe { (self.function)(Raw::of(&own)) }
            });
        }
    }
}

impl IWDFWorkItem_Impl for WorkItemObject_Impl {
    unsafe fn Enqueue(&self) {
        self.base.tell("IWDFWorkItem::Enqueue", || {
            if self.base.is_deleted() {
                return;
            }
            let mut state = lock(&self.state);
            let waits = std::mem::replace(&mut state.queued, true);
            if waits || state.running.is_some() {
                return;
            }
            drop(state);
            let item = self.to_object();
            let core = self.core.clone();
            let run = move || {
                if item.serialized {
                    let turns = core.turns.clone();
                    turns.call(Box::new(move || item.run()));
                } else {
                    item.run();
                }
            };
            self.core.belongings.spawn(run);
        });
    }

    unsafe fn Flush(&self) {
        self.base
            .tell("IWDFWorkItem::Flush", || self.wait("IWDFWorkItem::Flush"));
    }

    unsafe fn GetParentObject(&self) -> Raw<IWDFObject> {
        // The page does not say whose the reference is; it is the object's own.
        let device = self.core.objects.device();
        device.map_or(Raw::NULL, |device| Raw::of(&**device.own()))
    }
}
