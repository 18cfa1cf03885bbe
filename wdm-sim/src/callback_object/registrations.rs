//! The callbacks that are registered with a callback object.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{CallbackObject, Function};
use crate::call;
use crate::machine::{DriverId, Kernel, Thread, on_this_host_thread};
use crate::object::{Body, Object, ObjectRef};

/// The address of the registration with number 0: where no host has memory for programs.
const BASE: usize = 0xFFFF_B000_0000_0000;
/// The distance between two registrations' addresses.
const STRIDE: usize = 16;

/// What drivers know a registration by. Never used again in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RegistrationId(usize);

impl RegistrationId {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(BASE);
        Self(NEXT.fetch_add(STRIDE, Ordering::Relaxed))
    }
}

/// One registered callback.
struct Registered {
    id: RegistrationId,
    function: Function,
    /// How many calls of it are under way.
    running: usize,
    /// Whether it is being unregistered: it is not called any more.
    leaving: bool,
}

/// The callbacks of one object, in the order of their registration.
#[derive(Default)]
pub(super) struct Registrations {
    list: Mutex<Vec<Registered>>,
    /// A call has ended.
    ended: Condvar,
}

impl Registrations {
    fn lock(&self) -> MutexGuard<'_, Vec<Registered>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The callbacks of a driver.
    fn of_driver(&self, driver: DriverId) -> Vec<RegistrationId> {
        let list = self.lock();
        let its = list
            .iter()
            .filter(|it| it.function.code.caller.driver == driver);
        its.map(|it| it.id).collect()
    }

    /// The first callback after `last`, whose call begins now.
    fn begin_next(&self, last: Option<RegistrationId>) -> Option<(RegistrationId, Function)> {
        let mut list = self.lock();
        let next = list
            .iter_mut()
            .find(|it| Some(it.id) > last && !it.leaving)?;
        next.running += 1;
        Some((next.id, next.function))
    }

    /// A call of a callback has ended.
    fn end(&self, id: RegistrationId) {
        let mut list = self.lock();
        if let Some(it) = list.iter_mut().find(|it| it.id == id) {
            it.running -= 1;
        }
        self.ended.notify_all();
    }

    /// Takes a callback away when its last call has ended. `false` if there is none.
    fn remove(&self, id: RegistrationId) -> bool {
        let mut list = self.lock();
        let Some(it) = list.iter_mut().find(|it| it.id == id && !it.leaving) else {
            return false;
        };
        it.leaving = true;
        loop {
            match list.iter().position(|it| it.id == id) {
                Some(at) if list[at].running == 0 => {
                    list.remove(at);
                    return true;
                }
                Some(_) => {
                    list = self
                        .ended
                        .wait(list)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                None => return true,
            }
        }
    }
}

/// Which registrations' callbacks stand on a thread's stack.
#[derive(Default)]
pub(crate) struct ThreadState(RefCell<Vec<RegistrationId>>);

/// Registers a callback and gives the registration's address; the registration holds a reference to
/// the object. `None` if the object takes one callback only and has it.
pub(crate) fn register(object: ObjectRef<'_>, function: Function) -> Option<usize> {
    let callbacks = callback_object(&object)?;
    let mut list = callbacks.registrations.lock();
    if !callbacks.many && !list.is_empty() {
        return None;
    }
    let id = RegistrationId::new();
    list.push(Registered {
        id,
        function,
        running: 0,
        leaving: false,
    });
    drop(list);
    object.into_counted();
    Some(id.0)
}

/// Why a callback was not unregistered.
pub(crate) enum NotUnregistered {
    /// The address is no registration's.
    Unknown,
    /// This thread is inside the callback, and would wait for itself.
    Inside,
}

/// Unregisters a callback: waits until no call of it is under way.
///
/// # Errors
/// See [`NotUnregistered`].
pub(crate) fn unregister(thread: &Thread, address: usize) -> Result<(), NotUnregistered> {
    let id = RegistrationId(address);
    if on_this_host_thread(|entered| entered.callback_objects.0.borrow().contains(&id)) {
        return Err(NotUnregistered::Inside);
    }
    let kernel = thread.kernel();
    for object in kernel.objects.all() {
        if let Body::Callback(callbacks) = object.body()
            && callbacks.registrations.remove(id)
        {
            drop(ObjectRef::adopt(kernel, object));
            return Ok(());
        }
    }
    Err(NotUnregistered::Unknown)
}

/// Calls all callbacks of an object, in the order of their registration, at this thread's level.
pub(crate) fn notify(thread: &Thread, object: &Object, first: usize, second: usize) {
    let Some(callbacks) = callback_object(object) else {
        return;
    };
    let mut last = None;
    while let Some((id, function)) = callbacks.registrations.begin_next(last) {
        thread.callback_objects.0.borrow_mut().push(id);
        // SAFETY: the driver registered the function as a callback of such an object, and
        // unregistering waits for this call.
        unsafe { call::callback_function(thread, function.code, function.context, first, second) };
        thread.callback_objects.0.borrow_mut().pop();
        callbacks.registrations.end(id);
        last = Some(id);
    }
}

/// Takes away the callbacks that a driver left registered, and gives the names of the objects.
pub(super) fn remove_of(kernel: &Kernel, driver: DriverId) -> Vec<String> {
    let mut names = Vec::new();
    for object in kernel.objects.all() {
        let Body::Callback(callbacks) = object.body() else {
            continue;
        };
        let ids = callbacks.registrations.of_driver(driver);
        for id in ids {
            if callbacks.registrations.remove(id) {
                names.push(callbacks.name().to_owned());
                drop(ObjectRef::adopt(kernel, Arc::clone(&object)));
            }
        }
    }
    names
}

fn callback_object(object: &Object) -> Option<&CallbackObject> {
    match object.body() {
        Body::Callback(callbacks) => Some(callbacks),
        _ => None,
    }
}
