//! `AcquireLock`, and queues that a thread of the driver waits for.

use core::time::Duration;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;

use umdf_callback::callback::PnpCallback;
use umdf_callback::raw::{IWDFIoQueue, IWDFIoRequest};
use umdf_callback::work_item::WorkItem;
use umdf_callback::{AddedDevice, Device, DeviceInit, Driver, PowerState, Result, device_callback};

use crate::raw::{Subject, call, driver};
use crate::support::{CLSID, Host, Hosted, S_OK, builder, ended};

/// Any interface, on any thread.
struct Anywhere<I>(I);

// SAFETY: the framework's objects may be used on any thread.
unsafe impl<I> Send for Anywhere<I> {}
// SAFETY: as above.
unsafe impl<I> Sync for Anywhere<I> {}

impl<I> Anywhere<I> {
    fn get(&self) -> &I {
        &self.0
    }
}

thread_local! {
    static QUEUE: RefCell<Option<IWDFIoQueue>> = const { RefCell::new(None) };
}

/// nf-wudfddi-iwdfobject-acquirelock: it "prevents the framework from calling methods of interfaces that a driver registered".
#[test]
fn no_callback_comes_while_the_lock_is_held() {
    let subject = Subject::control(|at, code, _| {
        let queue = at.queue;
        if code == 0 {
            QUEUE.set(Some(queue.clone()));
        }
        // A callback has the lock, and may take it again.
        call!(queue.AcquireLock());
        call!(queue.ReleaseLock());
        at.complete();
    });
    let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
    let hosted = Host::new(loaded).add();
    hosted.start().unwrap();
    let _ = hosted.control(0, b"", 0);
    let queue = Anywhere(QUEUE.take().unwrap());
    let (locked, began) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|threads| {
        threads.spawn(|| {
            let queue = queue.get();
            call!(queue.AcquireLock());
            call!(queue.AcquireLock());
            locked.wait();
            thread::sleep(Duration::from_millis(30));
            call!(queue.ReleaseLock());
            assert!(!began.swap(true, Ordering::SeqCst), "one is left");
            call!(queue.ReleaseLock());
        });
        locked.wait();
        let sent = hosted.control(1, b"", 0);
        assert_eq!(sent.wait(), ended(S_OK, 0));
        assert!(began.load(Ordering::SeqCst), "the lock was given up before");
    });
}

/// A lock that is waited for while a callback runs.
#[test]
fn the_lock_comes_when_no_callback_runs() {
    let subject = Subject::control(|at, code, _| {
        match code {
            0 => QUEUE.set(Some(at.queue.clone())),
            _ => thread::sleep(Duration::from_millis(30)),
        }
        at.complete();
    });
    let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
    let hosted = Host::new(loaded).add();
    hosted.start().unwrap();
    let _ = hosted.control(0, b"", 0);
    let queue = Anywhere(QUEUE.take().unwrap());
    thread::scope(|threads| {
        let device = &hosted.device;
        let sent = threads.spawn(move || device.control(1, b"", 0));
        while hosted.queues()[0].with_driver == 0 && !sent.is_finished() {
            thread::yield_now();
        }
        let queue = queue.get();
        call!(queue.AcquireLock());
        assert_eq!(
            hosted.queues()[0].with_driver,
            0,
            "the callback has returned"
        );
        call!(queue.ReleaseLock());
    });
}

/// nf-wudfddi-iwdfioqueue-stopsynchronously: it returns when the driver has completed what it has.
#[test]
fn a_thread_of_the_driver_waits_for_a_queue() {
    thread_local! {
        static REQUEST: RefCell<Option<IWDFIoRequest>> = const { RefCell::new(None) };
    }
    let subject = Subject::control(|at, _, _| {
        QUEUE.set(Some(at.queue.clone()));
        REQUEST.set(Some(at.request.clone()));
    });
    let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
    let hosted = Host::new(loaded).add();
    hosted.start().unwrap();
    let sent = hosted.control(0, b"", 0);
    let queue = Anywhere(QUEUE.take().unwrap());
    let request = REQUEST.take().unwrap();
    let stopped = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| {
            let queue = queue.get();
            call!(queue.StopSynchronously());
            stopped.store(true, Ordering::SeqCst);
        });
        thread::sleep(Duration::from_millis(20));
        assert!(!stopped.load(Ordering::SeqCst));
        call!(request.Complete(S_OK));
    });
    assert!(stopped.load(Ordering::SeqCst) && sent.completion().is_some());
    let late = hosted.control(0, b"", 0);
    assert_eq!(hosted.queues()[0].waiting, 1, "it takes requests still");
    let queue = queue.get();
    call!(queue.Start());
    let request = REQUEST.take().unwrap();
    QUEUE.take();
    call!(request.Complete(S_OK));
    assert_eq!(late.completion(), ended(S_OK, 0));
}

/// A device whose last work item takes the device's lock.
#[derive(Default)]
struct Last(Arc<OnceLock<WorkItem<Device>>>);

impl PnpCallback for Last {
    fn on_d0_exit(&self, _device: &Device, _new: PowerState) -> Result<()> {
        if let Some(item) = self.0.get() {
            item.enqueue();
        }
        Ok(())
    }
}

device_callback!(Last);

#[derive(Default)]
struct Locks;

impl Driver for Locks {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let place = Arc::default();
        let made = init.create_device(Last(Arc::clone(&place)))?;
        let device = made.device();
        let item = device.create_work_item(device.clone(), |device: &Device, _| {
            thread::sleep(Duration::from_millis(20));
            let _lock = device.lock();
        })?;
        assert!(place.set(item).is_ok());
        Ok(made.into())
    }
}

/// A removal waits for work items, and those may wait for the lock, which the removal does not have then.
#[test]
fn a_removal_waits_for_what_waits_for_the_lock() {
    let hosted = Hosted::started::<Locks>();
    hosted.remove();
}
