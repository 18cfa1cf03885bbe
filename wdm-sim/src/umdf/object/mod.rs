//! What all framework objects have: a name, a callback object, a context, and an end. Header: wudfddi.h, page:
//! nn-wudfddi-iwdfobject.

mod absent;
mod arguments;

use core::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use umdf_callback::HRESULT;
use umdf_callback::raw::{IObjectCleanup, IWDFObject, Raw};
use windows_core::{IUnknown, Interface};

use super::codes::{E_OUTOFMEMORY, E_UNEXPECTED, INVALID_OPERATION, S_OK};
use super::trace::Name;
use super::turns::Turns;
use super::verifier::Rule;
use super::world::{Agile, Held, Outcome, World, lock};

pub(crate) use absent::{Absent, absent};
pub(crate) use arguments::{parameter, put, read_string, set, write_string};

/// The part of a framework object that all have.
pub(crate) struct Base {
    pub(crate) world: Arc<World>,
    pub(crate) name: Name,
    number: u64,
    /// Whether the driver may delete it.
    pub(crate) is_drivers: bool,
    /// The lock that `AcquireLock` takes.
    turns: Option<Arc<Turns>>,
    callback: Mutex<Option<Held>>,
    context: Mutex<Option<Context>>,
    deleted: AtomicBool,
    /// What else happens when it is deleted.
    at_end: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

/// What `AssignContext` was told.
struct Context {
    cleanup: Option<Agile<IObjectCleanup>>,
    held: Option<Held>,
    value: usize,
}

impl Base {
    /// An object of this kind: `kind` and a number are its name.
    pub(crate) fn new(world: &Arc<World>, kind: &str) -> Self {
        let number = world.number();
        Self::named(world, number, format!("{kind} {number}"))
    }

    pub(crate) fn named(world: &Arc<World>, number: u64, name: impl Into<Arc<str>>) -> Self {
        let name = Name(name.into());
        world.made(number, name.clone());
        Base {
            world: world.clone(),
            name,
            number,
            is_drivers: false,
            turns: None,
            callback: Mutex::default(),
            context: Mutex::default(),
            deleted: AtomicBool::new(false),
            at_end: Mutex::default(),
        }
    }

    /// With something that happens when it is deleted.
    pub(crate) fn at_end(self, end: impl FnOnce() + Send + 'static) -> Self {
        *lock(&self.at_end) = Some(Box::new(end));
        self
    }

    /// With a callback object.
    pub(crate) fn with_callback(self, callback: Option<&IUnknown>) -> Self {
        let held = callback.and_then(|callback| self.world.hold(callback));
        *lock(&self.callback) = held;
        self
    }

    /// With the lock of a device.
    pub(crate) fn with_turns(mut self, turns: &Arc<Turns>) -> Self {
        self.turns = Some(turns.clone());
        self
    }

    /// One that the driver has made, and may delete.
    pub(crate) fn of_driver(mut self) -> Self {
        self.is_drivers = true;
        self
    }

    /// An interface of the callback object.
    pub(crate) fn callback<I: Interface>(&self) -> Option<Agile<I>> {
        lock(&self.callback).as_ref()?.interface()
    }

    /// Whether the object is deleted.
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// A rule that a call of a method of the object breaks.
    pub(crate) fn finding(&self, rule: Rule, method: &str, detail: impl Into<String>) {
        self.world.finding(rule, method, &self.name, detail);
    }

    fn check(&self, method: &'static str) {
        if self.is_deleted() {
            self.finding(
                Rule::Deleted,
                method,
                "it is deleted; give the reference up",
            );
        }
    }

    /// A method that cannot fail.
    pub(crate) fn tell<R: Outcome>(&self, method: &'static str, body: impl FnOnce() -> R) -> R {
        self.check(method);
        self.tell_always(method, body)
    }

    /// The same, where it is no news that the object is deleted.
    pub(crate) fn tell_always<R: Outcome>(
        &self,
        method: &'static str,
        body: impl FnOnce() -> R,
    ) -> R {
        let at = self.world.called(&self.name, method, false);
        let outcome = body();
        self.world.answered(at, &outcome);
        outcome
    }

    /// A method that can fail, and is made to fail in its turn.
    pub(crate) fn answer(
        &self,
        method: &'static str,
        body: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
        self.unless_deleted(true, method, body)
    }

    /// The same, where it is no news that the object is deleted.
    pub(crate) fn answer_always(
        &self,
        method: &'static str,
        body: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
        self.run(true, method, body)
    }

    /// A method that gives something back, and so is not made to fail.
    pub(crate) fn give_back(
        &self,
        method: &'static str,
        body: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
        self.unless_deleted(false, method, body)
    }

    fn unless_deleted(
        &self,
        may_fail: bool,
        method: &'static str,
        body: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
        self.check(method);
        let deleted = self.is_deleted();
        self.run(may_fail, method, || match deleted {
            true => Err(E_UNEXPECTED),
            false => body(),
        })
    }

    fn run(
        &self,
        may_fail: bool,
        method: &'static str,
        body: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
        let fails = may_fail && self.world.fails(method, "E_OUTOFMEMORY");
        let at = self.world.called(&self.name, method, fails);
        let outcome = match fails {
            true => E_OUTOFMEMORY,
            false => body().err().unwrap_or(S_OK),
        };
        self.world.answered(at, &outcome);
        outcome
    }

    /// A method that gives an object out, or null; the latter when it is made to fail.
    ///
    /// # Safety
    /// `place` is null or the driver's place.
    pub(crate) unsafe fn give<I: Interface>(
        &self,
        method: &'static str,
        place: *mut Raw<I>,
        body: impl FnOnce() -> Option<I>,
    ) {
        self.check(method);
        let fails = self.world.fails(method, "NULL");
        let at = self.world.called(&self.name, method, fails);
        let object = if fails { None } else { body() };
        self.world.answered(at, &());
        // SAFETY: by this function's contract.
        unsafe { put(place, object) };
    }

    pub(crate) fn assign(
        &self,
        cleanup: Raw<IObjectCleanup>,
        value: *mut c_void,
    ) -> Result<(), HRESULT> {
        let mut context = lock(&self.context);
        if context.is_some() {
            drop(context);
            let detail = "it has a context already; the call fails";
            self.finding(Rule::Context, "IWDFObject::AssignContext", detail);
            return Err(INVALID_OPERATION);
        }
        // SAFETY: the driver's interface, or null.
        let cleanup = unsafe { cleanup.borrow() }.map(|cleanup| Agile(cleanup.to_owned()));
        let object = cleanup.as_ref().and_then(|cleanup| cleanup.0.cast().ok());
        *context = Some(Context {
            held: object.and_then(|object: IUnknown| self.world.hold(&object)),
            cleanup,
            value: value.expose_provenance(),
        });
        Ok(())
    }

    pub(crate) fn context(&self) -> *mut c_void {
        let value = lock(&self.context)
            .as_ref()
            .map_or(0, |context| context.value);
        std::ptr::with_exposed_provenance_mut(value)
    }

    /// Deletes the object: tells the driver, and gives its callback object up. Once only.
    pub(crate) fn delete(&self, object: &IWDFObject) {
        if self.deleted.swap(true, Ordering::AcqRel) {
            return;
        }
        let end = lock(&self.at_end).take();
        if let Some(end) = end {
            end();
        }
        if let Some(cleanup) = self.callback::<IObjectCleanup>() {
            self.clean_up(cleanup, object);
        }
        let context = lock(&self.context).take();
        if let Some(context) = context {
            if let Some(cleanup) = context.cleanup {
                self.clean_up(cleanup, object);
            }
            if let Some(held) = context.held {
                self.world.release(held, &self.name);
            }
        }
        let held = lock(&self.callback).take();
        if let Some(held) = held {
            self.world.release(held, &self.name);
        }
    }

    fn clean_up(&self, cleanup: Agile<IObjectCleanup>, object: &IWDFObject) {
        self.world
            .callback(&self.name, "IObjectCleanup::OnCleanup", "", || {
                // SAFETY: the interfaces are valid.
                unsafe { cleanup.get().OnCleanup(Raw::of(object)) }
            });
    }

    pub(crate) fn acquire(&self) {
        if let Some(turns) = &self.turns {
            turns.lock();
        }
    }

    pub(crate) fn unlock(&self) {
        if self.turns.as_ref().is_some_and(|turns| !turns.unlock()) {
            let detail = "this thread has not acquired the lock";
            self.finding(Rule::Lock, "IWDFObject::ReleaseLock", detail);
        }
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        // What was not deleted has these still.
        let callback = lock(&self.callback).take();
        let context = lock(&self.context).take();
        let held = context.and_then(|context| context.held);
        for held in callback.into_iter().chain(held) {
            self.world.give_up(held);
        }
        self.world.gone(self.number);
    }
}

/// `IWDFObject` for a framework object, which has a field `base`, and the object as its newest interface.
macro_rules! object {
    ($outer:ident: $interface:ident) => {
        impl $outer {
            /// The object, with a reference.
            pub(crate) fn own(&self) -> umdf_callback::raw::$interface {
                windows_core::IUnknownImpl::to_object(self).to_interface()
            }

            /// Deletes it.
            pub(crate) fn delete(&self) {
                self.base.delete(&self.own());
            }
        }

        impl umdf_callback::raw::IWDFObject_Impl for $outer {
            unsafe fn DeleteWdfObject(&self) -> umdf_callback::HRESULT {
                self.base.give_back("IWDFObject::DeleteWdfObject", || {
                    if !self.base.is_drivers {
                        let detail = "it is the framework's; the call fails";
                        let rule = $crate::umdf::verifier::Rule::Delete;
                        self.base
                            .finding(rule, "IWDFObject::DeleteWdfObject", detail);
                        return Err($crate::umdf::codes::ACCESS_DENIED);
                    }
                    self.delete();
                    Ok(())
                })
            }

            unsafe fn AssignContext(
                &self,
                cleanup: umdf_callback::raw::Raw<umdf_callback::raw::IObjectCleanup>,
                context: *mut core::ffi::c_void,
            ) -> umdf_callback::HRESULT {
                let assign = || self.base.assign(cleanup, context);
                self.base.answer("IWDFObject::AssignContext", assign)
            }

            unsafe fn RetrieveContext(
                &self,
                context: *mut *mut core::ffi::c_void,
            ) -> umdf_callback::HRESULT {
                let own = self.base.context();
                // SAFETY: the driver's place.
                unsafe { $crate::umdf::object::set(context, own) };
                $crate::umdf::codes::S_OK
            }

            unsafe fn AcquireLock(&self) {
                self.base
                    .tell("IWDFObject::AcquireLock", || self.base.acquire());
            }

            unsafe fn ReleaseLock(&self) {
                self.base
                    .tell("IWDFObject::ReleaseLock", || self.base.unlock());
            }
        }
    };
}
pub(crate) use object;
