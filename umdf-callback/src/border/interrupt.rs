//! Interrupts: the functions that the framework calls, and the context that they find their callback by.

use core::ptr::null_mut;
use std::sync::Arc;

use windows_core::HRESULT;

use super::framework::Framework;
use super::{code, context, parameter};
use crate::interrupt::{InterruptCallback, InterruptConfig, Interrupting};
use crate::raw::*;
use crate::{Device, Result};

/// An interrupt and its callback; without its context it is being deleted.
fn callback<C: InterruptCallback>(
    pointer: Raw<IWDFInterrupt>,
) -> Result<(Framework<IWDFInterrupt>, Arc<C>)> {
    let interrupt = Framework::to(&*parameter(pointer)?);
    let callback = context::retrieve(&interrupt)?;
    Ok((interrupt, callback))
}

/// `OnInterruptIsr`.
///
/// # Safety
/// As the framework calls it: the pointer is null or valid (F1).
unsafe extern "system" fn on_isr<C: InterruptCallback>(
    pointer: Raw<IWDFInterrupt>,
    message: u32,
    _reserved: u32,
) -> u8 {
    let handled = callback::<C>(pointer).is_ok_and(|(interrupt, callback)| {
        callback.on_isr(&Interrupting::new(&interrupt), message)
    });
    handled.into()
}

/// A method for `OnInterruptEnable` or `OnInterruptDisable`.
fn switch<C: InterruptCallback>(
    pointer: Raw<IWDFInterrupt>,
    device: Raw<IWDFDevice>,
    method: impl FnOnce(&C, &Interrupting<'_>, &Device) -> Result<()>,
) -> HRESULT {
    let (interrupt, callback) = match callback::<C>(pointer) {
        Ok(found) => found,
        Err(error) => return code(Err(error)),
    };
    code(parameter(device).and_then(|device| {
        let device = Device(Framework::to(&device));
        method(&callback, &Interrupting::new(&interrupt), &device)
    }))
}

/// `OnInterruptEnable`.
///
/// # Safety
/// As the framework calls it: the pointers are null or valid (F1).
unsafe extern "system" fn on_enable<C: InterruptCallback>(
    pointer: Raw<IWDFInterrupt>,
    device: Raw<IWDFDevice>,
) -> HRESULT {
    switch(pointer, device, C::on_enable)
}

/// `OnInterruptDisable`.
///
/// # Safety
/// As the framework calls it: the pointers are null or valid (F1).
unsafe extern "system" fn on_disable<C: InterruptCallback>(
    pointer: Raw<IWDFInterrupt>,
    device: Raw<IWDFDevice>,
) -> HRESULT {
    switch(pointer, device, C::on_disable)
}

/// `OnInterruptWorkItem`.
///
/// # Safety
/// As the framework calls it: the pointer is null or valid (F1).
unsafe extern "system" fn on_work_item<C: InterruptCallback>(
    pointer: Raw<IWDFInterrupt>,
    _associated: Raw<IWDFObject>,
) {
    if let Ok((_, callback)) = callback::<C>(pointer) {
        callback.on_work_item();
    }
}

/// Makes an interrupt with its context. It is connected when the device starts, which is after this.
pub(crate) fn create<C: InterruptCallback>(
    device: &Framework<IWDFDevice>,
    config: &InterruptConfig,
    callback: C,
) -> Result<(Framework<IWDFInterrupt>, Arc<C>)> {
    let (share, mut resources) = config.raw();
    let [raw, translated] = match &mut resources {
        Some(resources) => resources.each_mut().map(core::ptr::from_mut),
        None => [null_mut(); 2],
    };
    let config = WUDF_INTERRUPT_CONFIG {
        Size: size_of::<WUDF_INTERRUPT_CONFIG>() as u32,
        ShareVector: share,
        AutomaticSerialization: 0,
        OnInterruptIsr: Some(on_isr::<C>),
        OnInterruptEnable: Some(on_enable::<C>),
        OnInterruptDisable: Some(on_disable::<C>),
        OnInterruptWorkItem: Some(on_work_item::<C>),
        InterruptRaw: raw,
        InterruptTranslated: translated,
    };
    // SAFETY: the descriptors are in `resources`.
    let interrupt = unsafe { device.create_interrupt(config) }?;
    match context::assign(&interrupt, callback) {
        Ok(callback) => Ok((interrupt, callback)),
        Err(error) => {
            interrupt.delete();
            Err(error)
        }
    }
}
