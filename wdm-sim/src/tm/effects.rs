//! What follows from a change of a transaction, done when its lock is released: keys that are told
//! of, enlistments that are notified, objects that are let go.
//!
//! Notifications are delivered on the thread whose call made the transaction go on, one after the
//! other: what follows from an answer that a callback routine gives is delivered after it has
//! returned. Where there is no such thread, because the time is up or somebody else writes to a key,
//! a thread of the System process does it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use uuid::Uuid;
use wdm_sys::{NTSTATUS, PVOID};

use super::Enlistment;
use super::ResourceManager;
use super::life::Step;
use super::resource_manager::Queued;
use crate::call;
use crate::cm::watch::News;
use crate::machine::{Kernel, Machine, Thread, irql, try_current};
use crate::object::{Object, ObjectRef};
use crate::registry::Key;

/// What is to be done, in this order.
#[derive(Default)]
pub(super) struct Effects(VecDeque<Effect>);

enum Effect {
    /// Those who watch a key are told of it.
    Tell(Arc<Key>, News),
    /// An enlistment is notified.
    Notify(Notice),
    /// A reference to an enlistment object is given back.
    Release(Arc<Object>),
}

/// A notification on its way.
pub(super) struct Notice {
    resource_manager: Arc<ResourceManager>,
    /// The enlistment, and the address of its object. Only the end of a recovery has none.
    enlistment: Option<(Arc<Enlistment>, usize)>,
    notification: u32,
    /// The step that it asks for, if it asks for one.
    step: Option<Step>,
    argument: Vec<u8>,
}

impl Notice {
    /// A notification of an enlistment.
    pub(super) fn of(
        object: &Object,
        enlistment: &Arc<Enlistment>,
        notification: u32,
        step: Option<Step>,
    ) -> Self {
        Self {
            resource_manager: Arc::clone(enlistment.resource_manager()),
            enlistment: Some((Arc::clone(enlistment), object.address())),
            notification,
            step,
            argument: Vec::new(),
        }
    }

    /// A notification that belongs to no enlistment.
    pub(super) fn without_enlistment(
        resource_manager: &Arc<ResourceManager>,
        notification: u32,
    ) -> Self {
        Self {
            resource_manager: Arc::clone(resource_manager),
            enlistment: None,
            notification,
            step: None,
            argument: Vec::new(),
        }
    }

    /// The notification with an argument.
    pub(super) fn with_argument(mut self, argument: Vec<u8>) -> Self {
        self.argument = argument;
        self
    }

    /// Calls the callback routine, or puts the notification into the queue.
    fn deliver(self, thread: &Thread) {
        let kernel = thread.kernel();
        let object = self.enlistment.as_ref().map(|(_, address)| *address);
        // Keeps the object while the routine runs.
        let _object = match object.map(|address| kernel.objects.reference(kernel, address)) {
            Some(None) => return,
            Some(found) => found,
            None => None,
        };
        // A rollback may have come between.
        if let (Some((enlistment, _)), Some(step)) = (&self.enlistment, self.step)
            && !super::answers::owes(enlistment, step)
        {
            return;
        }
        let key = self.enlistment.as_ref().map_or(0, |(one, _)| one.key());
        let queued = Queued {
            enlistment: object.unwrap_or_default(),
            key,
            notification: self.notification,
            clock: self.resource_manager.manager().tick(),
            argument: self.argument,
        };
        let Some(status) = call_back(thread, &self.resource_manager, &queued) else {
            self.resource_manager.queue(queued);
            return;
        };
        if let Some((enlistment, _)) = &self.enlistment {
            super::answers::called_back(kernel, enlistment, self.step, status);
        }
    }
}

/// Calls a resource manager's callback routine, if it has one.
pub(super) fn call_back(
    thread: &Thread,
    resource_manager: &ResourceManager,
    notification: &Queued,
) -> Option<NTSTATUS> {
    let (routine, manager_key) = resource_manager.begin_call()?;
    let mut clock = notification.clock;
    let [object, manager_key, key]: [PVOID; 3] =
        [notification.enlistment, manager_key, notification.key]
            .map(std::ptr::with_exposed_provenance_mut);
    // SAFETY: `TmEnableCallbacks` was given the routine and its key, and the driver is loaded until
    // `detach` has seen the call end; the clock is a live variable.
    let status = unsafe {
        call::rm_notification(
            thread,
            routine,
            [object, manager_key, key],
            notification.notification,
            &raw mut clock,
            &notification.argument,
        )
    };
    resource_manager.end_call();
    resource_manager.manager().set_clock(clock);
    Some(status)
}

/// Where effects are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// On this thread, if it can be.
    ThisThread,
    /// On a thread of the System process.
    SystemThread,
}

thread_local! {
    /// Whose effects are being done on this host thread, and what is left of them.
    static UNDER_WAY: RefCell<Vec<(Uuid, Effects)>> = const { RefCell::new(Vec::new()) };
}

impl Effects {
    /// Has those who watch keys told.
    pub(super) fn tell_keys(&mut self, news: Vec<(Arc<Key>, News)>) {
        let news = news.into_iter();
        self.0
            .extend(news.map(|(key, news)| Effect::Tell(key, news)));
    }

    /// Has an enlistment notified.
    pub(super) fn notify(&mut self, notice: Notice) {
        self.0.push_back(Effect::Notify(notice));
    }

    /// Has a reference given back.
    pub(super) fn release(&mut self, object: Arc<Object>) {
        self.0.push_back(Effect::Release(object));
    }

    /// Does what is to be done. Those that have the same `of` are done in turn.
    pub(super) fn run(self, kernel: &Arc<Kernel>, of: Uuid, on: On) {
        if !self.0.iter().any(|one| matches!(one, Effect::Notify(_))) {
            self.0.into_iter().for_each(|one| one.run(kernel));
            return;
        }
        let usable = |thread: &Rc<Thread>| {
            Arc::ptr_eq(thread.kernel(), kernel) && thread.irql() == irql::PASSIVE_LEVEL
        };
        match try_current().filter(usable) {
            Some(thread) if on == On::ThisThread => self.run_on(&thread, of),
            _ => {
                let machine = Machine {
                    kernel: Arc::clone(kernel),
                };
                let run = move || {
                    let guard = machine.enter_system();
                    self.run_on(guard.thread(), of);
                };
                // Without a thread nobody hears of it, and who waits goes on when its patience ends.
                let _ = std::thread::Builder::new()
                    .name("transaction manager".to_owned())
                    .spawn(run);
            }
        }
    }

    fn run_on(self, thread: &Thread, of: Uuid) {
        let list = UNDER_WAY.with_borrow_mut(|under_way| {
            match under_way.iter_mut().find(|(other, _)| *other == of) {
                Some((_, list)) => {
                    list.0.extend(self.0);
                    false
                }
                None => {
                    under_way.push((of, self));
                    true
                }
            }
        });
        if !list {
            return;
        }
        let next = || {
            UNDER_WAY.with_borrow_mut(|under_way| {
                let own = under_way.iter().rposition(|(other, _)| *other == of)?;
                let next = under_way[own].1.0.pop_front();
                if next.is_none() {
                    under_way.remove(own);
                }
                next
            })
        };
        while let Some(effect) = next() {
            match effect {
                Effect::Notify(notice) => notice.deliver(thread),
                other => other.run(thread.kernel()),
            }
        }
    }
}

impl Effect {
    fn run(self, kernel: &Kernel) {
        match self {
            Self::Tell(key, news) => kernel.cm.watches.tell_now(kernel, &key, news),
            Self::Release(object) => drop(ObjectRef::adopt(kernel, object)),
            Self::Notify(_) => {}
        }
    }
}
