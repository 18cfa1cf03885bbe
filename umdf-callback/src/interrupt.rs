//! Interrupts. From UMDF 1.11. Headers: wudfddi.h, wudfinterrupt.h, pages: nn-wudfddi-iwdfinterrupt,
//! wdf/accessing-hardware-and-handling-interrupts.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use umdf_callback::interrupt::{InterruptCallback, InterruptConfig, Interrupting};
//! use umdf_callback::{Device, Result};
//!
//! #[derive(Default)]
//! struct Button {
//!     presses: AtomicU32,
//! }
//!
//! impl InterruptCallback for Button {
//!     fn on_isr(&self, interrupt: &Interrupting<'_>, _message: u32) -> bool {
//!         self.presses.fetch_add(1, Ordering::Relaxed); // and acknowledge it on the device
//!         interrupt.queue_work_item();
//!         true
//!     }
//!
//!     fn on_work_item(&self) {
//!         println!("pressed {} times", self.presses.load(Ordering::Relaxed));
//!     }
//! }
//!
//! fn connect(device: &Device) -> Result<()> {
//!     device.create_interrupt(InterruptConfig::new(), Button::default())?;
//!     Ok(())
//! }
//! ```

use core::fmt;
use core::marker::PhantomData;
use std::sync::Arc;

use crate::border::framework::Framework;
use crate::border::interrupt;
use crate::hardware::InterruptResource;
use crate::raw::{self, IWDFInterrupt, WDF_INTERRUPT_INFO};
use crate::state::TriState;
use crate::{Device, Result};

/// What an interrupt does. It is called on the system's threads, the first three methods with the interrupt's lock held.
pub trait InterruptCallback: Send + Sync + 'static {
    /// The device may have interrupted; `message` is the number of a message-signalled interrupt, else 0. True says that it was this
    /// device, which has been told to stop. Page: nc-wudfinterrupt-wudf_interrupt_isr.
    fn on_isr(&self, interrupt: &Interrupting<'_>, message: u32) -> bool;

    /// The device is in its working state, and is told to interrupt. Page: nc-wudfinterrupt-wudf_interrupt_enable.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_enable(&self, _interrupt: &Interrupting<'_>, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// It is about to leave it, and is told not to interrupt any more. Page: nc-wudfinterrupt-wudf_interrupt_disable.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_disable(&self, _interrupt: &Interrupting<'_>, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// What [`Interrupting::queue_work_item`] asks for, without the lock. Page: nc-wudfinterrupt-wudf_interrupt_workitem.
    fn on_work_item(&self) {}
}

/// An interrupt while its lock is held by a callback: it is not locked again.
#[derive(Debug)]
pub struct Interrupting<'callback>(&'callback Framework<IWDFInterrupt>);

impl<'callback> Interrupting<'callback> {
    pub(crate) fn new(interrupt: &'callback Framework<IWDFInterrupt>) -> Self {
        Interrupting(interrupt)
    }

    /// Lets [`InterruptCallback::on_work_item`] be called; false if that is to come already. Page:
    /// nf-wudfddi-iwdfinterrupt-queueworkitemforisr.
    pub fn queue_work_item(&self) -> bool {
        self.0.queue_work_item()
    }
}

/// What an interrupt is like. Page: ns-wudfinterrupt-_wudf_interrupt_config.
#[derive(Clone, Debug)]
#[must_use = "Device::create_interrupt takes it"]
pub struct InterruptConfig {
    share: TriState,
    resources: Option<(InterruptResource, InterruptResource)>,
}

impl InterruptConfig {
    /// One that [`Driver::on_device_add`](crate::Driver::on_device_add) makes: the framework finds its resources.
    pub const fn new() -> Self {
        InterruptConfig {
            share: TriState::Default,
            resources: None,
        }
    }

    /// One that [`on_prepare_hardware`](crate::callback::PnpHardware2::on_prepare_hardware) makes for resources that it was given, the
    /// raw and the translated one.
    pub const fn of(raw: InterruptResource, translated: InterruptResource) -> Self {
        InterruptConfig {
            share: TriState::Default,
            resources: Some((raw, translated)),
        }
    }

    /// Whether the vector is shared, which only one that comes by a level can be.
    pub const fn share(mut self, share: TriState) -> Self {
        self.share = share;
        self
    }

    pub(crate) fn raw(
        &self,
    ) -> (
        raw::WDF_TRI_STATE,
        Option<[raw::CM_PARTIAL_RESOURCE_DESCRIPTOR; 2]>,
    ) {
        let resources = self.resources.as_ref();
        let resources = resources.map(|(raw, translated)| [raw.raw(), translated.raw()]);
        (self.share.raw(), resources)
    }
}

impl Default for InterruptConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What the system has assigned to an interrupt. Page: ns-wudfinterrupt-_wdf_interrupt_info.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterruptInfo {
    /// Its number.
    pub vector: u32,
    /// The number of its message, if it is one.
    pub message: Option<u32>,
    /// The processors that take it, as bits.
    pub processors: usize,
    /// The group that these are of.
    pub group: u16,
}

impl InterruptInfo {
    fn new(info: &WDF_INTERRUPT_INFO) -> Self {
        InterruptInfo {
            vector: info.Vector,
            message: (info.MessageSignaled != 0).then_some(info.MessageNumber),
            processors: info.TargetProcessorSet,
            group: info.Group.0,
        }
    }
}

/// An interrupt of a device, which lives as long as that. Page: nn-wudfddi-iwdfinterrupt.
pub struct Interrupt<C> {
    interrupt: Framework<IWDFInterrupt>,
    callback: Arc<C>,
}

impl<C> Interrupt<C> {
    /// What it does.
    #[must_use]
    pub fn callback(&self) -> &C {
        &self.callback
    }

    /// Enables it, which the framework does by itself when the device enters its working state. Page:
    /// nf-wudfddi-iwdfinterrupt-enable.
    pub fn enable(&self) {
        self.interrupt.enable();
    }

    /// Disables it, which the framework does by itself when the device leaves its working state. Page:
    /// nf-wudfddi-iwdfinterrupt-disable.
    pub fn disable(&self) {
        self.interrupt.disable();
    }

    /// Waits until none of the interrupt's callbacks runs, and keeps them from running. Only between the interrupt's enabling and its
    /// disabling, not on a thread that has the lock, and not in callbacks of queues: they [try](Interrupt::try_lock). Page:
    /// nf-wudfddi-iwdfinterrupt-acquireinterruptlock.
    pub fn lock(&self) -> InterruptLock<'_> {
        self.interrupt.acquire_lock();
        InterruptLock::new(&self.interrupt)
    }

    /// The same, unless another thread has the lock. Page: nf-wudfddi-iwdfinterrupt-trytoacquireinterruptlock.
    #[must_use]
    pub fn try_lock(&self) -> Option<InterruptLock<'_>> {
        self.interrupt
            .try_acquire_lock()
            .then(|| InterruptLock::new(&self.interrupt))
    }

    /// What the system has assigned to it, from [`on_prepare_hardware`](crate::callback::PnpHardware2::on_prepare_hardware) to
    /// [`on_release_hardware`](crate::callback::PnpHardware2::on_release_hardware). Page: nf-wudfddi-iwdfinterrupt-getinfo.
    #[must_use]
    pub fn info(&self) -> InterruptInfo {
        InterruptInfo::new(&self.interrupt.info())
    }
}

impl<C> Clone for Interrupt<C> {
    fn clone(&self) -> Self {
        Interrupt {
            interrupt: self.interrupt.clone(),
            callback: self.callback.clone(),
        }
    }
}

impl<C> fmt::Debug for Interrupt<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.interrupt).finish()
    }
}

/// An interrupt's lock, which belongs to the thread that took it.
#[derive(Debug)]
#[must_use = "it is released when it is dropped"]
pub struct InterruptLock<'interrupt> {
    interrupt: &'interrupt Framework<IWDFInterrupt>,
    thread: PhantomData<*const ()>,
}

impl<'interrupt> InterruptLock<'interrupt> {
    fn new(interrupt: &'interrupt Framework<IWDFInterrupt>) -> Self {
        InterruptLock {
            interrupt,
            thread: PhantomData,
        }
    }
}

impl Drop for InterruptLock<'_> {
    /// Page: nf-wudfddi-iwdfinterrupt-releaseinterruptlock.
    fn drop(&mut self) {
        self.interrupt.release_lock();
    }
}

impl Device {
    /// Makes an interrupt; one for each vector and message that the device may get. Page: nf-wudfddi-iwdfdevice3-createinterrupt.
    ///
    /// # Errors
    /// The framework is older; its others. The callback is dropped then.
    pub fn create_interrupt<C: InterruptCallback>(
        &self,
        config: InterruptConfig,
        callback: C,
    ) -> Result<Interrupt<C>> {
        let (interrupt, callback) = interrupt::create(&self.0, &config, callback)?;
        Ok(Interrupt {
            interrupt,
            callback,
        })
    }
}
