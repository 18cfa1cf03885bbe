//! The list of registered callbacks, highest altitude first (R1 to R4).
//!
//! Operations read the list without a lock, as a snapshot; registering and unregistering replace it.
//! A callback that was taken from a snapshot is protected by its [`Rundown`].

use std::cmp::Reverse;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::{ArcSwap, Guard};

use super::altitude::Altitude;
use super::context::ContextIndex;
use super::lock_order::LockOrder;
use super::rundown::Rundown;
use crate::call::Code;
use crate::machine::{DriverId, Kernel};
use crate::status::Status;
use crate::trace;

/// What names a registration: never zero, and never used again in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cookie(pub(crate) i64);

impl Cookie {
    fn new() -> Self {
        /// NT's cookies look like system times; drivers must not care.
        static NEXT: AtomicI64 = AtomicI64::new(0x01DC_0000_0000_0001);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Where a callback stands. The greater is called first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// From `CmRegisterCallbackEx`.
    At(Altitude),
    /// From `CmRegisterCallback`: above all altitudes, the first registered on top (R2).
    Legacy(Reverse<i64>),
}

/// What a driver hands over when it registers.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    /// The callback.
    pub(crate) code: Code,
    /// Its first argument, kept as a number: only the driver looks behind it.
    pub(crate) context: usize,
}

/// One registered callback.
pub(crate) struct Registration {
    cookie: Cookie,
    rank: Rank,
    function: Function,
    rundown: Rundown,
    contexts: ContextIndex,
    /// What traces call it.
    shown: OnceLock<Arc<trace::Callback>>,
    locks: LockOrder,
}

impl Registration {
    /// Its cookie.
    pub(crate) fn cookie(&self) -> Cookie {
        self.cookie
    }

    /// Where it stands.
    pub(crate) fn rank(&self) -> &Rank {
        &self.rank
    }

    /// The callback itself.
    pub(crate) fn function(&self) -> Function {
        self.function
    }

    /// The driver that registered it.
    pub(crate) fn driver(&self) -> DriverId {
        self.function.code.caller.driver
    }

    /// What unregistering waits for.
    pub(crate) fn rundown(&self) -> &Rundown {
        &self.rundown
    }

    /// What traces call it.
    pub(crate) fn shown(&self, kernel: &Kernel) -> Arc<trace::Callback> {
        let shown = self.shown.get_or_init(|| {
            Arc::new(trace::Callback {
                driver: kernel.drivers.name(self.driver()),
                altitude: match &self.rank {
                    Rank::At(altitude) => altitude.to_string(),
                    Rank::Legacy(_) => trace::Callback::LEGACY.to_owned(),
                },
            })
        });
        Arc::clone(shown)
    }

    /// The contexts that it holds on key objects.
    pub(crate) fn contexts(&self) -> &ContextIndex {
        &self.contexts
    }

    /// The locks that it takes.
    pub(crate) fn locks(&self) -> &LockOrder {
        &self.locks
    }
}

/// The callbacks at one moment, highest first.
pub(crate) type Snapshot = Guard<Arc<Vec<Arc<Registration>>>>;

/// All callbacks of a machine.
#[derive(Default)]
pub(crate) struct Callbacks {
    list: ArcSwap<Vec<Arc<Registration>>>,
    /// Those that are off the list but whose unregistering is not over. The lock also serialises
    /// changes of the list.
    leaving: Mutex<Vec<Arc<Registration>>>,
}

impl Callbacks {
    /// The callbacks now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.list.load()
    }

    /// Puts a callback on the list. `altitude` is `None` for a legacy registration. `publish` gets the
    /// registration just before the callback can be called for the first time (R3).
    ///
    /// # Errors
    /// `STATUS_FLT_INSTANCE_ALTITUDE_COLLISION`.
    pub(crate) fn register(
        &self,
        altitude: Option<Altitude>,
        function: Function,
        publish: impl FnOnce(&Registration),
    ) -> Result<(), Status> {
        let changing = self.lock();
        let list = self.list.load();
        let cookie = Cookie::new();
        let rank = altitude.map_or(Rank::Legacy(Reverse(cookie.0)), Rank::At);
        let at = match list.binary_search_by(|other| rank.cmp(&other.rank)) {
            Ok(_) => return Err(Status::FLT_INSTANCE_ALTITUDE_COLLISION),
            Err(at) => at,
        };
        let mut longer = Vec::clone(&list);
        let registration = Registration {
            cookie,
            rank,
            function,
            rundown: Rundown::default(),
            contexts: ContextIndex::default(),
            shown: OnceLock::new(),
            locks: LockOrder::default(),
        };
        publish(&registration);
        longer.insert(at, Arc::new(registration));
        self.list.store(Arc::new(longer));
        drop(changing);
        Ok(())
    }

    /// Takes a callback off the list; [`gone`](Self::gone) ends what this begins. `None` for an
    /// unknown cookie.
    pub(crate) fn begin_leave(&self, cookie: Cookie) -> Option<Arc<Registration>> {
        let mut leaving = self.lock();
        let list = self.list.load();
        let at = list.iter().position(|other| other.cookie == cookie)?;
        let mut shorter = Vec::clone(&list);
        let registration = shorter.remove(at);
        leaving.push(Arc::clone(&registration));
        self.list.store(Arc::new(shorter));
        Some(registration)
    }

    /// Forgets a callback that [`begin_leave`](Self::begin_leave) took off the list.
    pub(crate) fn gone(&self, cookie: Cookie) {
        self.lock().retain(|other| other.cookie != cookie);
    }

    /// Finds a callback by its cookie, also one that is being unregistered.
    pub(crate) fn find(&self, cookie: Cookie) -> Option<Arc<Registration>> {
        let is_it = |other: &&Arc<Registration>| other.cookie == cookie;
        let list = self.list.load();
        if let Some(registration) = list.iter().find(is_it) {
            return Some(Arc::clone(registration));
        }
        self.lock().iter().find(is_it).cloned()
    }

    /// The cookies that a driver has registered.
    pub(crate) fn of_driver(&self, driver: DriverId) -> Vec<Cookie> {
        let list = self.list.load();
        let its = list.iter().filter(|other| other.driver() == driver);
        its.map(|other| other.cookie).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Registration>>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
