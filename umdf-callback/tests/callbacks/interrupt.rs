//! U8: interrupts and their locks.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use umdf_callback::callback::PnpHardware2;
use umdf_callback::hardware::{Resource, ResourceList};
use umdf_callback::interrupt::{Interrupt, InterruptCallback, InterruptConfig, Interrupting};
use umdf_callback::raw::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_INTERRUPT_LATCHED, CmResourceTypeInterrupt,
};
use umdf_callback::{Device, PowerState, TriState, device_callback};
use wdm_sim::umdf::{Rule, Wake};

use crate::{AddedDevice, DeviceInit, Driver, HRESULT, Result, adds, device, started};

#[derive(Default)]
struct Button {
    told: Mutex<Vec<String>>,
    broken: AtomicBool,
}

impl Button {
    fn note(&self, what: impl Into<String>) {
        self.told.lock().unwrap().push(what.into());
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// The callback object, which the test looks into.
struct Press(Arc<Button>);

impl core::ops::Deref for Press {
    type Target = Button;

    fn deref(&self) -> &Button {
        &self.0
    }
}

impl InterruptCallback for Press {
    fn on_isr(&self, interrupt: &Interrupting<'_>, message: u32) -> bool {
        let first = interrupt.queue_work_item();
        let again = interrupt.queue_work_item();
        self.note(format!("isr {message}, {first} {again}"));
        message < 2
    }

    fn on_enable(&self, _interrupt: &Interrupting<'_>, device: &Device) -> Result<()> {
        self.note(format!("enable for {:?}", device.instance_id()));
        match self.broken.load(Ordering::Relaxed) {
            true => Err(HRESULT(-1).into()),
            false => Ok(()),
        }
    }

    fn on_disable(&self, _interrupt: &Interrupting<'_>, _device: &Device) -> Result<()> {
        self.note("disable");
        Ok(())
    }

    fn on_work_item(&self) {
        self.note("work");
    }
}

struct Nothing;

device_callback!(Nothing);

thread_local! {
    /// That of the device that was made last.
    static BUTTON: RefCell<Arc<Button>> = RefCell::default();
    static INTERRUPT: RefCell<Option<Interrupt<Press>>> = const { RefCell::new(None) };
}

fn button() -> Arc<Button> {
    BUTTON.with_borrow(Arc::clone)
}

adds!(pub(crate) Presses: |init| {
    BUTTON.set(Arc::default());
    let device = init.create_device(Nothing)?;
    let interrupt = device.create_interrupt(InterruptConfig::new(), Press(button()))?;
    INTERRUPT.set(Some(interrupt));
    Ok(device.into())
});

const ENABLE: &str = "enable for Ok(\"ROOT\\\\SAMPLE\\\\0000\")";

#[test]
fn u8_an_interrupt_comes_while_it_is_enabled() -> Result<()> {
    let device = device::<Presses>();
    let interrupt = INTERRUPT.take().expect("it was made");
    let button = button();
    assert!(!device.interrupt(0, 0), "not yet");
    assert_eq!(button.told().len(), 0);
    device.start()?;
    assert_eq!(button.told(), [ENABLE]);
    assert!(device.interrupt(0, 1));
    assert_eq!(button.told(), ["isr 1, true false", "work"]);
    assert!(!device.interrupt(0, 2), "it is another device's");
    assert_eq!(button.told().len(), 2);
    device.sleep(PowerState::D2, Wake::FromS0)?;
    assert_eq!(button.told(), ["disable"]);
    assert!(!device.interrupt(0, 0));
    device.wake()?;
    interrupt.disable();
    interrupt.disable();
    assert_eq!(button.told(), [ENABLE, "disable"]);
    interrupt.enable();
    assert_eq!(interrupt.callback().told(), [ENABLE]);
    device.remove();
    assert_eq!(button.told(), ["disable"]);
    Ok(())
}

#[test]
fn u8_the_lock_keeps_the_service_routine_away() -> Result<()> {
    let device = started::<Presses>();
    let interrupt = INTERRUPT.take().expect("it was made");
    button().told();
    let button = button();
    let simulated: &wdm_sim::umdf::Device = &device;
    thread::scope(|threads| {
        let lock = interrupt.lock();
        let other = threads.spawn(|| interrupt.try_lock().is_none());
        assert!(
            other.join().expect("it does not panic"),
            "this thread has it"
        );
        let isr = threads.spawn(|| simulated.interrupt(0, 0));
        thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(button.told().len(), 0, "the routine waits");
        drop(lock);
        assert!(isr.join().expect("it does not panic"));
    });
    assert_eq!(button.told(), ["isr 0, true false", "work"]);
    assert!(interrupt.try_lock().is_some());
    Ok(())
}

#[test]
fn u8_a_lock_that_is_taken_too_early() {
    let device = device::<Presses>();
    let interrupt = INTERRUPT.take().expect("it was made");
    drop(interrupt.lock());
    drop(interrupt);
    let findings = device.unload().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, Rule::Interrupt);
}

#[test]
fn an_interrupt_that_is_not_enabled_fails_the_device() {
    let device = device::<Presses>();
    button().broken.store(true, Ordering::Relaxed);
    assert!(device.start().is_err() && device.is_gone());
    INTERRUPT.take();
}

/// Made for a resource, of which it knows what the system says.
#[test]
fn an_interrupt_of_a_resource() -> Result<()> {
    #[derive(Default)]
    struct Late(Mutex<Option<Interrupt<Press>>>);

    impl PnpHardware2 for Late {
        fn on_prepare_hardware(
            &self,
            device: &Device,
            raw: &ResourceList,
            translated: &ResourceList,
        ) -> Result<()> {
            let find = |list: &ResourceList| {
                list.iter().find_map(|resource| match resource {
                    Resource::Interrupt(interrupt) => Some(interrupt),
                    _ => None,
                })
            };
            if let (Some(raw), Some(translated)) = (find(raw), find(translated)) {
                assert_eq!(
                    (raw.vector(), raw.is_message(), raw.is_latched()),
                    (9, false, true)
                );
                let config = InterruptConfig::of(raw, translated).share(TriState::False);
                let interrupt = device.create_interrupt(config, Press(button()))?;
                let info = interrupt.info();
                assert_eq!((info.vector, info.message, info.processors), (9, None, 3));
                *self.0.lock().unwrap() = Some(interrupt);
            }
            Ok(())
        }

        fn on_release_hardware(&self, _device: &Device, _translated: &ResourceList) -> Result<()> {
            *self.0.lock().unwrap() = None;
            Ok(())
        }
    }

    device_callback!(Late);
    adds!(AddsLate: |init| Ok(init.create_device(Late::default())?.into()));

    let device = device::<AddsLate>();
    let mut resource = CM_PARTIAL_RESOURCE_DESCRIPTOR {
        Type: CmResourceTypeInterrupt as u8,
        Flags: CM_RESOURCE_INTERRUPT_LATCHED as u16,
        ..CM_PARTIAL_RESOURCE_DESCRIPTOR::default()
    };
    resource.u[..3].copy_from_slice(&[5, 9, 3]);
    device.assign(&[resource]);
    device.start()?;
    assert!(device.interrupt(0, 0));
    button().told();
    Ok(())
}

/// All that can fail, for `each_failure`.
pub(crate) fn use_interrupts(device: &crate::Hosted) {
    let interrupt = INTERRUPT.take();
    if let Some(interrupt) = interrupt.filter(|_| device.is_working()) {
        drop(interrupt.try_lock());
        device.interrupt(0, 0);
    }
    button().told();
}
