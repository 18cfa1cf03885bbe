//! Closures behind one interface each: a queue's new state.

use windows_core::{IUnknown, Interface};

use super::framework::Framework;
use super::object::{Object, Offer, Offers};
use super::parameter;
use crate::raw::*;
use crate::waiting::Delivery;

/// An interface of an object that was made with it.
fn only<I: Interface>(object: &IUnknown) -> I {
    object.cast().expect("the object offers its one interface")
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
