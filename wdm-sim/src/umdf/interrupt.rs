//! Interrupts: a test says that one comes. Header: wudfinterrupt.h, pages: nn-wudfddi-iwdfinterrupt,
//! wdf/accessing-hardware-and-handling-interrupts.

use core::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{ComObject, implement};

use super::core::Core;
use super::object::{Base, absent, object};
use super::verifier::Rule;
use super::world::lock;

/// The framework interrupt object.
#[implement(IWDFInterrupt)]
pub(crate) struct InterruptObject {
    pub(crate) base: Base,
    core: Arc<Core>,
    functions: Functions,
    state: Mutex<State>,
    free: Condvar,
}

/// The driver's.
#[derive(Clone, Copy)]
struct Functions {
    isr: Option<WUDF_INTERRUPT_ISR>,
    enable: Option<WUDF_INTERRUPT_ENABLE>,
    disable: Option<WUDF_INTERRUPT_ENABLE>,
    work_item: Option<WUDF_INTERRUPT_WORKITEM>,
}

#[derive(Default)]
struct State {
    enabled: bool,
    /// The thread that has the lock.
    owner: Option<ThreadId>,
    queued: bool,
}

object!(InterruptObject_Impl: IWDFInterrupt);

impl InterruptObject {
    pub(crate) fn create(core: &Arc<Core>, config: &WUDF_INTERRUPT_CONFIG) -> ComObject<Self> {
        let object = ComObject::new(InterruptObject {
            base: Base::new(&core.world, "interrupt").of_driver(),
            core: core.clone(),
            functions: Functions {
                isr: config.OnInterruptIsr,
                enable: config.OnInterruptEnable,
                disable: config.OnInterruptDisable,
                work_item: config.OnInterruptWorkItem,
            },
            state: Mutex::default(),
            free: Condvar::new(),
        });
        let own = object.clone();
        core.belongings.adopt(move || own.delete());
        lock(&core.belongings.interrupts).push(object.clone());
        object
    }

    /// What is wrong with taking the lock here.
    fn check(&self, method: &str) -> bool {
        let state = lock(&self.state);
        let detail = if state.owner == Some(thread::current().id()) {
            "this thread has the lock already; it is not taken"
        } else if !state.enabled {
            "the interrupt is not enabled; the lock is taken"
        } else {
            return true;
        };
        let may = !state.enabled && state.owner != Some(thread::current().id());
        drop(state);
        self.base.finding(Rule::Interrupt, method, detail);
        may
    }

    fn acquire(&self) {
        let mut state = lock(&self.state);
        while state.owner.is_some() {
            let waited = self.free.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.owner = Some(thread::current().id());
    }

    fn release(&self) {
        lock(&self.state).owner = None;
        self.free.notify_one();
    }

    /// Enables or disables it, with its lock held.
    pub(crate) fn switch(&self, own: &IWDFInterrupt, enable: bool) -> Result<(), HRESULT> {
        let (function, method) = match enable {
            true => (self.functions.enable, "OnInterruptEnable"),
            false => (self.functions.disable, "OnInterruptDisable"),
        };
        if lock(&self.state).enabled == enable || self.base.is_deleted() {
            return Ok(());
        }
        let device = self.core.objects.device();
        let (Some(function), Some(device)) = (function, device) else {
            lock(&self.state).enabled = enable;
            return Ok(());
        };
        let device = device.own();
        self.acquire();
        let done = self.core.world.callback(&self.base.name, method, "", || {
            // SAFETY: the driver's function, and valid interfaces.
            unsafe { function(Raw::of(own), Raw::of(&**device)) }
        });
        self.release();
        if done.is_ok() || !enable {
            lock(&self.state).enabled = enable;
        }
        if done.is_ok() { Ok(()) } else { Err(done) }
    }

    /// The device interrupts: says whether the driver took it. Its work item runs afterwards, if it asked for that.
    pub(crate) fn fire(&self, own: &IWDFInterrupt, message: u32) -> bool {
        if !lock(&self.state).enabled {
            return false;
        }
        let name = &self.base.name;
        let Some(isr) = self.functions.isr else {
            return false;
        };
        self.acquire();
        let detail = format!(", message {message}");
        let taken: u8 = self
            .core
            .world
            .callback(name, "OnInterruptIsr", detail, || {
                // SAFETY: the driver's function, and a valid interface.
                unsafe { isr(Raw::of(own), message, 0) }
            });
        self.release();
        let queued = std::mem::take(&mut lock(&self.state).queued);
        let device = self.core.objects.device();
        if let (true, Some(function), Some(device)) = (queued, self.functions.work_item, device) {
            let device = device.own();
            self.core
                .world
                .callback(name, "OnInterruptWorkItem", "", || {
                    // SAFETY: the driver's function, and valid interfaces.
                    unsafe { function(Raw::of(own), Raw::of(&***device)) }
                });
        }
        taken != 0
    }
}

impl IWDFInterrupt_Impl for InterruptObject_Impl {
    unsafe fn Enable(&self) {
        self.base.tell("IWDFInterrupt::Enable", || {
            // Nobody is told of its error.
            let _ = self.switch(&self.own(), true);
        });
    }

    unsafe fn Disable(&self) {
        self.base.tell("IWDFInterrupt::Disable", || {
            let _ = self.switch(&self.own(), false);
        });
    }

    unsafe fn GetDevice(&self) -> Raw<IWDFDevice3> {
        let device = self.core.objects.device();
        device.map_or(Raw::NULL, |device| Raw::of(&device.own()))
    }

    unsafe fn GetInfo(&self, info: *mut WDF_INTERRUPT_INFO) {
        self.base.tell("IWDFInterrupt::GetInfo", || {
            let descriptor = lock(&self.core.belongings.hardware).interrupt();
            let (Some(descriptor), false) = (descriptor, info.is_null()) else {
                return;
            };
            // SAFETY: not null, so the driver's structure.
            let mut filled = unsafe { info.read() };
            filled.Vector = descriptor.u[1];
            filled.TargetProcessorSet = descriptor.u[2] as usize;
            filled.MessageSignaled =
                u8::from(i32::from(descriptor.Flags) & CM_RESOURCE_INTERRUPT_MESSAGE != 0);
            // SAFETY: as above.
            unsafe { info.write(filled) };
        });
    }

    unsafe fn AcquireInterruptLock(&self) {
        const METHOD: &str = "IWDFInterrupt::AcquireInterruptLock";
        self.base.tell(METHOD, || {
            if self.check(METHOD) {
                self.acquire();
            }
        });
    }

    unsafe fn ReleaseInterruptLock(&self) {
        const METHOD: &str = "IWDFInterrupt::ReleaseInterruptLock";
        self.base.tell(METHOD, || {
            if lock(&self.state).owner == Some(thread::current().id()) {
                self.release();
            } else {
                let detail = "this thread has not the lock";
                self.base.finding(Rule::Interrupt, METHOD, detail);
            }
        });
    }

    unsafe fn QueueWorkItemForIsr(&self) -> u8 {
        self.base.tell("IWDFInterrupt::QueueWorkItemForIsr", || {
            let queued = std::mem::replace(&mut lock(&self.state).queued, true);
            u8::from(!queued)
        })
    }

    unsafe fn TryToAcquireInterruptLock(&self) -> u8 {
        const METHOD: &str = "IWDFInterrupt::TryToAcquireInterruptLock";
        self.base.tell(METHOD, || {
            if !self.check(METHOD) {
                return 0;
            }
            let mut state = lock(&self.state);
            if state.owner.is_some() {
                return 0;
            }
            state.owner = Some(thread::current().id());
            1_u8
        })
    }

    absent! { "IWDFInterrupt":
        SetPolicy(WDF_INTERRUPT_POLICY, WDF_INTERRUPT_PRIORITY, usize);
        SetExtendedPolicy(*mut c_void);
    }
}

/// The interrupts of a device that enters and leaves its working state.
impl Core {
    fn interrupts(&self) -> Vec<ComObject<InterruptObject>> {
        lock(&self.belongings.interrupts).clone()
    }

    /// The first that fails is the last.
    pub(crate) fn switch_interrupts(&self, enable: bool) -> Result<(), HRESULT> {
        for interrupt in self.interrupts() {
            interrupt.switch(&interrupt.own(), enable)?;
        }
        Ok(())
    }

    /// One of them comes.
    pub(crate) fn interrupt(&self, index: usize, message: u32) -> bool {
        let interrupts = self.interrupts();
        let Some(interrupt) = interrupts.get(index) else {
            return false;
        };
        self.world
            .system(&self.name, format!("interrupt {index}, message {message}"));
        interrupt.fire(&interrupt.own(), message)
    }
}
