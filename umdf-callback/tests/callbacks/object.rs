//! U1: a callback object's interfaces and its life, as COM has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use umdf_callback::callback::{FileCleanup, FileClose, PnpCallback};
use umdf_callback::raw::*;
use umdf_callback::{File, device_callback};
use wdm_sim::umdf::Rule;
use windows_core::{IUnknown, Interface};

use crate::{AddedDevice, DeviceInit, Driver, Result, adds, device};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Context(Arc<()>);

impl PnpCallback for Context {}

impl FileClose for Context {
    fn on_close_file(&self, _file: &File) {
        assert_eq!(Arc::strong_count(&self.0), 1);
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

device_callback!(Context);

adds!(Adds: |init| Ok(init.create_device(Context(Arc::new(())))?.into()));

#[test]
fn interfaces_are_one_object() {
    let device = device::<Adds>();
    let pnp: IPnpCallback = device.callback().unwrap();
    let close: IFileCallbackClose = device.callback().unwrap();
    assert!(
        device.callback::<IFileCallbackCleanup>().is_none(),
        "no such trait"
    );
    assert!(device.callback::<IObjectCleanup>().is_none());
    let identity: IUnknown = pnp.cast().unwrap();
    assert_eq!(identity, close.cast().unwrap(), "reached from each");
    assert_eq!(identity, identity.cast().unwrap());
    assert_eq!(pnp, close.cast().unwrap(), "the same pointer each time");
    assert_ne!(pnp.as_raw(), close.as_raw());

    drop((pnp, close));
    assert_eq!(DROPPED.load(Ordering::Relaxed), 0);
    let [finding] = &device.unload().findings[..] else {
        panic!("one finding");
    };
    assert_eq!(finding.rule, Rule::CallbackReference);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 0, "one reference is left");
    let again: IFileCallbackClose = identity.cast().unwrap();
    drop(identity);
    drop(again);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
}

/// A null pointer where an interface has to be is an error, and nothing is called.
#[test]
fn null_is_refused() {
    struct Unreachable;

    impl PnpCallback for Unreachable {
        fn on_query_stop(&self, _device: &umdf_callback::Device) -> Result<()> {
            unreachable!()
        }
    }

    impl FileCleanup for Unreachable {
        fn on_cleanup_file(&self, _file: &File) {
            unreachable!()
        }
    }

    device_callback!(Unreachable);
    adds!(Null: |init| Ok(init.create_device(Unreachable)?.into()));

    let device = device::<Null>();
    let pnp: IPnpCallback = device.callback().unwrap();
    // SAFETY: null is refused.
    let refused = unsafe { pnp.OnQueryStop(Raw::NULL) };
    assert_eq!(refused.0, 0x8000_4003_u32 as i32, "E_POINTER");
    let cleanup: IFileCallbackCleanup = device.callback().unwrap();
    // SAFETY: null is refused.
    unsafe { cleanup.OnCleanupFile(Raw::NULL) };
}

/// References are counted on any thread, and the context is dropped once, by the last.
#[test]
fn references_are_counted_across_threads() {
    static ENDS: AtomicUsize = AtomicUsize::new(0);

    struct Counted;

    impl FileClose for Counted {
        fn on_close_file(&self, _file: &File) {}
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            ENDS.fetch_add(1, Ordering::Relaxed);
        }
    }

    device_callback!(Counted);
    adds!(Counts: |init| Ok(init.create_device(Counted)?.into()));

    struct Anywhere(IFileCallbackClose);

    // SAFETY: the context is `Send` and `Sync`.
    unsafe impl Send for Anywhere {}

    let device = device::<Counts>();
    let close: IFileCallbackClose = device.callback().unwrap();
    assert_eq!(device.unload().findings.len(), 1, "a reference is left");
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let close = Anywhere(close.clone());
            threads.spawn(move || {
                let close = close;
                for _ in 0..1000 {
                    let identity: IUnknown = close.0.cast().unwrap();
                    assert_eq!(close.0, identity.cast().unwrap());
                }
            });
        }
        drop(close);
    });
    assert_eq!(ENDS.load(Ordering::Relaxed), 1);
}
