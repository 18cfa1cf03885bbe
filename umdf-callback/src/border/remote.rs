//! Callback objects of remote interfaces and remote targets: their trampolines, which also do to the object what its callback has
//! to (U9).

use windows_core::{BOOL, GUID, IUnknown};

use super::framework::Framework;
use super::object::{Object, Offer, Offers};
use super::parameter;
use crate::Result;
use crate::raw::*;
use crate::remote::{
    RemoteEvent, RemoteInterface, RemoteInterfaceCallback, RemoteTarget, RemoteTargetCallback,
};

/// Callback objects of remote interfaces: two interfaces.
struct InterfaceKind;

impl<C: RemoteInterfaceCallback> Object<C, InterfaceKind> {
    const OFFERS: Offers<C, InterfaceKind> = {
        let event = &IRemoteInterfaceCallbackEvent_Vtbl::new::<Self, -1>();
        let removal = &IRemoteInterfaceCallbackRemoval_Vtbl::new::<Self, -2>();
        // SAFETY: made for this place of this object.
        let event = unsafe { Offer::new::<IRemoteInterfaceCallbackEvent>(event) };
        // SAFETY: as above.
        let removal = unsafe { Offer::new::<IRemoteInterfaceCallbackRemoval>(removal) };
        Offers::two(event, removal)
    };
}

/// Puts a callback behind its interfaces.
pub(crate) fn interface_object<C: RemoteInterfaceCallback>(callback: C) -> IUnknown {
    Object::create(callback, &Object::<C, InterfaceKind>::OFFERS)
}

/// Callback objects of remote targets: one interface.
struct TargetKind;

impl<C: RemoteTargetCallback> Object<C, TargetKind> {
    const OFFERS: Offers<C, TargetKind> = {
        let removal = &IRemoteTargetCallbackRemoval_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        let removal = unsafe { Offer::new::<IRemoteTargetCallbackRemoval>(removal) };
        Offers::one(removal)
    };
}

/// Puts a callback behind its interfaces.
pub(crate) fn target_object<C: RemoteTargetCallback>(callback: C) -> IUnknown {
    Object::create(callback, &Object::<C, TargetKind>::OFFERS)
}

fn interface(pointer: Raw<IWDFRemoteInterface>) -> Result<RemoteInterface> {
    parameter(pointer).map(|interface| RemoteInterface(Framework::to(&interface)))
}

fn target(pointer: Raw<IWDFRemoteTarget>) -> Result<RemoteTarget> {
    parameter(pointer).map(|target| RemoteTarget::new(Framework::to(&target)))
}

/// Bytes of a callback: none for a null pointer.
///
/// # Safety
/// If it is not null, there are as many for `'callback`.
unsafe fn bytes<'callback>(data: *const u8, size: u32) -> &'callback [u8] {
    if data.is_null() {
        return &[];
    }
    // SAFETY: not null, so there are as many.
    unsafe { core::slice::from_raw_parts(data, size as usize) }
}

impl<C: RemoteInterfaceCallback> IRemoteInterfaceCallbackEvent_Impl for Object<C, InterfaceKind> {
    unsafe fn OnRemoteInterfaceEvent(
        &self,
        pointer: Raw<IWDFRemoteInterface>,
        event: *const GUID,
        data: *mut u8,
        size: u32,
        name_offset: u32,
    ) {
        let Ok(interface) = interface(pointer) else {
            return;
        };
        if event.is_null() {
            return;
        }
        // SAFETY: not null, so the framework's GUID.
        let kind = unsafe { *event };
        // SAFETY: the framework's bytes, which are there while the callback runs (F1).
        let bytes = unsafe { bytes(data, size) };
        let (data, name) = bytes.split_at(bytes.len().min(name_offset as usize));
        let units = name
            .chunks_exact(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .take_while(|&unit| unit != 0);
        let name = char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.value()
            .on_event(&interface, RemoteEvent { kind, data, name });
    }
}

impl<C: RemoteInterfaceCallback> IRemoteInterfaceCallbackRemoval_Impl for Object<C, InterfaceKind> {
    unsafe fn OnRemoteInterfaceRemoval(&self, pointer: Raw<IWDFRemoteInterface>) {
        if let Ok(interface) = interface(pointer) {
            self.value().on_removal(&interface);
            interface.0.delete();
        }
    }
}

impl<C: RemoteTargetCallback> IRemoteTargetCallbackRemoval_Impl for Object<C, TargetKind> {
    unsafe fn OnRemoteTargetQueryRemove(&self, pointer: Raw<IWDFRemoteTarget>) -> BOOL {
        let Ok(target) = target(pointer) else {
            return false.into();
        };
        let may = self.value().on_query_remove(&target);
        if may {
            target.framework().close_for_query_remove();
        }
        may.into()
    }

    unsafe fn OnRemoteTargetRemoveCanceled(&self, pointer: Raw<IWDFRemoteTarget>) {
        if let Ok(target) = target(pointer) {
            let reopened = target.reopen();
            self.value().on_remove_canceled(&target, reopened);
        }
    }

    unsafe fn OnRemoteTargetRemoveComplete(&self, pointer: Raw<IWDFRemoteTarget>) {
        if let Ok(target) = target(pointer) {
            self.value().on_remove_complete(&target);
            target.close();
        }
    }
}
