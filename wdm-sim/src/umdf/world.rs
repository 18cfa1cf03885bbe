//! What all objects of a host process share: the trace, the findings, the faults, and which objects there are.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use umdf_callback::HRESULT;
use umdf_callback::raw::SECURITY_IMPERSONATION_LEVEL;
use windows_core::{IUnknown, Interface};

use super::codes::{Code, NOT_SUPPORTED};
use super::impersonation;
use super::trace::{Event, Name, Trace, What};
use super::verifier::{Finding, Rule};
use crate::faults::{Calling, Fault, FaultPlan, inject_into_linked};

/// Locks, whatever happened to a thread that had it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// How many callbacks the thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The innermost of them.
    static DURING: Cell<&'static str> = const { Cell::new("a thread of the driver") };
}

/// The innermost callback that the thread is in.
pub(crate) fn during() -> &'static str {
    DURING.get()
}

/// An interface pointer that any thread may use.
#[derive(Clone)]
pub(crate) struct Agile<I>(pub(crate) I);

// SAFETY: callback objects are called on any thread, and references to them given up there (page:
// wdf/specifying-a-callback-synchronization-mode); the framework's own objects are made for that.
unsafe impl<I> Send for Agile<I> {}
// SAFETY: as above.
unsafe impl<I> Sync for Agile<I> {}

impl<I> Agile<I> {
    /// As the interface; a method, so that closures take all of it.
    pub(crate) fn get(&self) -> &I {
        &self.0
    }
}

/// The host process of one driver.
pub(crate) struct World {
    started: Instant,
    /// The minor version of UMDF 1.
    pub(crate) minor: u32,
    /// How long the framework waits for a driver.
    pub(crate) patience: Duration,
    /// How far the driver may act as its clients.
    pub(crate) impersonation: Option<SECURITY_IMPERSONATION_LEVEL>,
    plan: Option<FaultPlan>,
    injected: OnceLock<Fault>,
    events: Mutex<Vec<Event>>,
    findings: Mutex<Vec<Finding>>,
    /// The framework objects that there are.
    objects: Mutex<BTreeMap<u64, Name>>,
    /// The driver's callback objects that the framework has, by their identity, and how often.
    callbacks: Mutex<BTreeMap<usize, (Agile<IUnknown>, usize)>>,
    next: AtomicU64,
    /// Those that have been seen.
    threads: Mutex<Vec<ThreadId>>,
    /// How many things threads are in the middle of.
    busy: Mutex<usize>,
    idle: Condvar,
}

impl World {
    pub(crate) fn new(
        minor: u32,
        patience: Duration,
        impersonation: Option<SECURITY_IMPERSONATION_LEVEL>,
        plan: Option<FaultPlan>,
    ) -> Arc<Self> {
        Arc::new(World {
            started: Instant::now(),
            minor,
            patience,
            impersonation,
            plan,
            injected: OnceLock::new(),
            events: Mutex::default(),
            findings: Mutex::default(),
            objects: Mutex::default(),
            callbacks: Mutex::default(),
            next: AtomicU64::new(1),
            threads: Mutex::default(),
            busy: Mutex::default(),
            idle: Condvar::new(),
        })
    }

    /// A thread is in the middle of something, until this is dropped.
    pub(crate) fn busy(&self) -> Busy<'_> {
        *lock(&self.busy) += 1;
        Busy(self)
    }

    /// Waits until no thread is in the middle of anything, as long as the framework waits for a driver.
    pub(crate) fn settle(&self) {
        let busy = lock(&self.busy);
        let wait = self
            .idle
            .wait_timeout_while(busy, self.patience, |busy| *busy > 0);
        drop(wait);
    }

    /// A number that nothing else has.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// There is a new framework object.
    pub(crate) fn made(&self, number: u64, name: Name) {
        lock(&self.objects).insert(number, name);
    }

    /// It is gone.
    pub(crate) fn gone(&self, number: u64) {
        lock(&self.objects).remove(&number);
    }

    /// Those that are left when all should be gone. A thread of the driver that has just completed a request has a moment to give its
    /// references up.
    pub(crate) fn left(&self) -> Vec<Name> {
        const MOMENT: Duration = Duration::from_millis(100);
        let end = Instant::now() + MOMENT;
        while !lock(&self.objects).is_empty() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        lock(&self.objects).values().cloned().collect()
    }

    /// This thread's number.
    fn thread(&self) -> u32 {
        let own = thread::current().id();
        let mut threads = lock(&self.threads);
        let place = threads.iter().position(|thread| *thread == own);
        let place = place.unwrap_or_else(|| {
            threads.push(own);
            threads.len() - 1
        });
        u32::try_from(place + 1).unwrap_or(u32::MAX)
    }

    /// Writes an event; says where.
    pub(crate) fn note(&self, what: What) -> usize {
        let event = Event {
            time: self.now(),
            ended: None,
            thread: self.thread(),
            depth: DEPTH.get(),
            what,
        };
        let mut events = lock(&self.events);
        events.push(event);
        events.len() - 1
    }

    /// Nanoseconds since the driver was loaded.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Writes that a callback or a call has ended, and what it returned.
    fn ended(&self, at: usize, code: Option<Code>) {
        let now = self.now();
        let mut events = lock(&self.events);
        let Some(event) = events.get_mut(at) else {
            return;
        };
        event.ended = Some(now);
        if let What::Callback { result, .. } | What::Call { result, .. } = &mut event.what {
            *result = code;
        }
    }

    /// The system does something.
    pub(crate) fn system(&self, object: &Name, action: impl Into<String>) {
        self.note(What::System {
            object: object.clone(),
            action: action.into(),
        });
    }

    /// Records that a rule was broken, once for each object.
    pub(crate) fn finding(&self, rule: Rule, at: &str, object: &Name, detail: impl Into<String>) {
        let finding = Finding {
            rule,
            at: at.to_owned(),
            object: object.clone(),
            detail: detail.into(),
        };
        let mut findings = lock(&self.findings);
        if !findings.contains(&finding) {
            findings.push(finding.clone());
            drop(findings);
            self.note(What::Finding(finding));
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        lock(&self.findings).clone()
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace {
            events: lock(&self.events).clone(),
        }
    }

    pub(crate) fn injected(&self) -> Option<Fault> {
        self.injected.get().cloned()
    }

    /// Calls the driver.
    pub(crate) fn callback<R: Outcome>(
        &self,
        object: &Name,
        method: &'static str,
        detail: impl Into<String>,
        callback: impl FnOnce() -> R,
    ) -> R {
        let at = self.note(What::Callback {
            object: object.clone(),
            method,
            detail: detail.into(),
            result: None,
        });
        DEPTH.set(DEPTH.get() + 1);
        let during = DURING.replace(method);
        let calling = Calling::here();
        let outcome = callback();
        drop(calling);
        DURING.set(during);
        DEPTH.set(DEPTH.get() - 1);
        let code = outcome.code();
        if code == Some(NOT_SUPPORTED) && method.starts_with("IPnp") {
            let detail = "it returned STATUS_NOT_SUPPORTED; return an error of Winerror.h";
            self.finding(Rule::Status, method, object, detail);
        }
        self.ended(at, code.map(Code));
        outcome
    }

    /// A call of the driver's begins; [`World::answered`] ends it.
    pub(crate) fn called(&self, object: &Name, method: &'static str, injected: bool) -> usize {
        if impersonation::is_under_way() {
            let detail = "called in OnImpersonate, which shows the client's rights to others";
            self.finding(Rule::Impersonate, method, object, detail);
        }
        self.note(What::Call {
            object: object.clone(),
            method,
            result: None,
            injected,
        })
    }

    /// It ends.
    pub(crate) fn answered<R: Outcome>(&self, at: usize, outcome: &R) {
        self.ended(at, outcome.code().map(Code));
    }

    /// Whether a call that can fail is to fail.
    pub(crate) fn fails(&self, method: &'static str, answer: &'static str) -> bool {
        let Some(plan) = &self.plan else {
            return false;
        };
        let Some(fault) = inject_into_linked(plan, method, answer, DURING.get()) else {
            return false;
        };
        // There is one failure a run.
        let _ = self.injected.set(fault);
        true
    }

    /// The framework takes a reference to a callback object.
    pub(crate) fn hold(&self, callback: &IUnknown) -> Option<Held> {
        let identity = callback.cast::<IUnknown>().ok()?;
        let key = identity.as_raw().addr();
        let mut callbacks = lock(&self.callbacks);
        let entry = callbacks.entry(key);
        entry.or_insert_with(|| (Agile(identity.clone()), 0)).1 += 1;
        Some(Held {
            key,
            object: Agile(identity),
        })
    }

    /// The framework gives one up, as its object is deleted; the last one is looked at, as nobody else may have any.
    pub(crate) fn release(&self, held: Held, name: &Name) {
        let left = self.give_up(held);
        if left > 0 {
            let detail = format!(
                "{left} references to its callback object are left, so its context is never dropped"
            );
            self.finding(Rule::CallbackReference, "Release", name, detail);
        }
    }

    /// The framework gives one up; says how many there are besides the framework's.
    pub(crate) fn give_up(&self, held: Held) -> u32 {
        let mut callbacks = lock(&self.callbacks);
        let Some(entry) = callbacks.get_mut(&held.key) else {
            return 0;
        };
        entry.1 -= 1;
        if entry.1 > 0 {
            return 0;
        }
        let last = callbacks.remove(&held.key).map(|entry| entry.0.0);
        drop(callbacks);
        drop(held);
        last.map_or(0, release)
    }
}

/// Something that a thread is in the middle of, with references of the framework's.
pub(crate) struct Busy<'world>(&'world World);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        *lock(&self.0.busy) -= 1;
        self.0.idle.notify_all();
    }
}

/// A callback object of the driver, of which the framework has a reference.
pub(crate) struct Held {
    key: usize,
    object: Agile<IUnknown>,
}

impl Held {
    /// An interface of it, if it offers it.
    pub(crate) fn interface<I: Interface>(&self) -> Option<Agile<I>> {
        self.object.0.cast().ok().map(Agile)
    }
}

/// Gives a reference up; says how many are left.
pub(crate) fn release(object: IUnknown) -> u32 {
    let table = object.vtable().Release;
    // SAFETY: the object's own table, and the reference that the object was.
    unsafe { table(object.into_raw()) }
}

/// What a callback or a call returns.
pub(crate) trait Outcome {
    /// Its `HRESULT`, if that is what it is.
    fn code(&self) -> Option<HRESULT>;
}

impl Outcome for HRESULT {
    fn code(&self) -> Option<HRESULT> {
        Some(*self)
    }
}

macro_rules! no_code {
    ($($type:ty),*) => {
        $(
            impl Outcome for $type {
                fn code(&self) -> Option<HRESULT> {
                    None
                }
            }
        )*
    };
}

no_code!((), bool, u8, u32, i32, usize, windows_core::BOOL);
