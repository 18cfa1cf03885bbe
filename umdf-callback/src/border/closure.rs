//! Closures behind one interface each: the end of a request that was sent, a queue's new state, and what is done as the client.

use core::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use windows_core::{IUnknown, Interface};

use super::framework::Framework;
use super::object::{Object, Offer, Offers};
use super::parameter;
use crate::Result;
use crate::raw::*;
use crate::request::Completion;
use crate::waiting::Delivery;

/// An interface of an object that was made with it.
fn only<I: Interface>(object: &IUnknown) -> I {
    object.cast().expect("the object offers its one interface")
}

/// What is called when a request that was sent has ended.
type Ended = Box<dyn Fn(Framework<IWDFIoRequest>, Completion) + Send + Sync>;

/// Objects that are told so.
struct CompletionKind;

impl Object<Ended, CompletionKind> {
    const OFFERS: Offers<Ended, CompletionKind> = {
        let table = &IRequestCallbackRequestCompletion_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        Offers::one(unsafe { Offer::new::<IRequestCallbackRequestCompletion>(table) })
    };
}

impl IRequestCallbackRequestCompletion_Impl for Object<Ended, CompletionKind> {
    unsafe fn OnCompletion(
        &self,
        request: Raw<IWDFIoRequest>,
        _target: Raw<IWDFIoTarget>,
        params: Raw<IWDFRequestCompletionParams>,
        _context: *mut c_void,
    ) {
        let Ok(request) = parameter(request) else {
            return;
        };
        let completion = parameter(params).map(|params| Framework::to(&*params).completion());
        let _delivery = Delivery::begin();
        self.value()(Framework::to(&*request), completion.unwrap_or_default());
    }
}

/// Puts a closure behind `IRequestCallbackRequestCompletion`.
pub(crate) fn completion(
    ended: impl Fn(Framework<IWDFIoRequest>, Completion) + Send + Sync + 'static,
) -> IRequestCallbackRequestCompletion {
    let ended: Ended = Box::new(ended);
    only(&Object::create(ended, &Object::<_, CompletionKind>::OFFERS))
}

/// What is called when a queue has changed its state.
type Changed = Box<dyn Fn(Framework<IWDFIoQueue>, WDF_IO_QUEUE_STATE) + Send + Sync>;

/// Objects that are told so.
struct ChangeKind;

impl Object<Changed, ChangeKind> {
    const OFFERS: Offers<Changed, ChangeKind> = {
        let table = &IQueueCallbackStateChange_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        Offers::one(unsafe { Offer::new::<IQueueCallbackStateChange>(table) })
    };
}

impl IQueueCallbackStateChange_Impl for Object<Changed, ChangeKind> {
    unsafe fn OnStateChange(&self, queue: Raw<IWDFIoQueue>, state: WDF_IO_QUEUE_STATE) {
        if let Ok(queue) = parameter(queue) {
            let _delivery = Delivery::begin();
            self.value()(Framework::to(&*queue), state);
        }
    }
}

/// Puts a closure behind `IQueueCallbackStateChange`.
pub(crate) fn change(
    changed: impl Fn(Framework<IWDFIoQueue>, WDF_IO_QUEUE_STATE) + Send + Sync + 'static,
) -> IQueueCallbackStateChange {
    let changed: Changed = Box::new(changed);
    only(&Object::create(changed, &Object::<_, ChangeKind>::OFFERS))
}

/// What is done as the client. Whoever takes it out holds the lock until it has run or is dropped.
type Act = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Objects that do it.
struct ImpersonateKind;

impl Object<Act, ImpersonateKind> {
    const OFFERS: Offers<Act, ImpersonateKind> = {
        let table = &IImpersonateCallback_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        Offers::one(unsafe { Offer::new::<IImpersonateCallback>(table) })
    };
}

impl IImpersonateCallback_Impl for Object<Act, ImpersonateKind> {
    unsafe fn OnImpersonate(&self, _context: *mut c_void) {
        let mut act = self.value().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(act) = act.take() {
            act();
        }
    }
}

/// Empties the place of a closure, which lives no longer than the call that it was made for.
struct Emptied<'call>(&'call Act);

impl Drop for Emptied<'_> {
    fn drop(&mut self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Does something as the client that a request comes from.
pub(crate) fn impersonate<'call>(
    request: &Framework<IWDFIoRequest>,
    level: SECURITY_IMPERSONATION_LEVEL,
    act: impl FnOnce() + Send + 'call,
) -> Result<()> {
    let act: Box<dyn FnOnce() + Send + 'call> = Box::new(act);
    // SAFETY: it is gone when this function returns, whatever the framework does: `Emptied` waits for the lock, under which it
    // runs, and takes it out if it has not run.
    let act: Box<dyn FnOnce() + Send> = unsafe { core::mem::transmute(act) };
    let act: Act = Arc::new(Mutex::new(Some(act)));
    let emptied = Emptied(&act);
    let callback = Object::create(act.clone(), &Object::<_, ImpersonateKind>::OFFERS);
    let result = request.impersonate(level, &only(&callback));
    drop(emptied);
    result
}
