//! U11: work items.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use umdf_callback::{Device, device_callback};

use crate::{AddedDevice, DeviceInit, Driver, Result, adds, keep, kept, started};

struct Nothing;

device_callback!(Nothing);

adds!(Keeps: |init| {
    let device = init.create_device(Nothing)?;
    keep(&device);
    Ok(device.into())
});

#[test]
fn u11_a_work_item_runs_on_another_thread() -> Result<()> {
    let _device = started::<Keeps>();
    let ran = Mutex::new(Vec::<ThreadId>::new());
    let item = kept().create_work_item(ran, |ran, _| {
        ran.lock().unwrap().push(thread::current().id());
    })?;
    item.flush(); // nothing to wait for
    assert_eq!(item.work().lock().unwrap().len(), 0);
    for round in 1..=3 {
        item.enqueue();
        item.flush();
        assert_eq!(item.work().lock().unwrap().len(), round);
    }
    let own = thread::current().id();
    assert!(
        item.work()
            .lock()
            .unwrap()
            .iter()
            .all(|thread| *thread != own)
    );
    Ok(())
}

/// What is enqueued from many threads is done, though not once for each.
#[test]
fn u11_no_work_is_lost() -> Result<()> {
    let _device = started::<Keeps>();
    let item =
        kept().create_work_item((AtomicU32::new(0), AtomicU32::new(0)), |(todo, done), _| {
            done.fetch_add(todo.swap(0, Ordering::AcqRel), Ordering::Relaxed);
        })?;
    thread::scope(|threads| {
        for _ in 0..4 {
            let item = item.clone();
            threads.spawn(move || {
                for _ in 0..500 {
                    item.work().0.fetch_add(1, Ordering::AcqRel);
                    item.enqueue();
                }
            });
        }
    });
    item.flush();
    assert_eq!(item.work().1.load(Ordering::Relaxed), 2000);
    Ok(())
}

#[test]
fn u11_a_work_item_enqueues_itself() -> Result<()> {
    let _device = started::<Keeps>();
    let item = kept().create_work_item(AtomicU32::new(0), |turns, again| {
        if turns.fetch_add(1, Ordering::Relaxed) < 9 {
            again.enqueue();
        }
    })?;
    item.enqueue();
    item.flush();
    assert_eq!(item.work().load(Ordering::Relaxed), 10);
    Ok(())
}

/// The item, and what it was made of, end with the device, which waits for the function.
#[test]
fn u11_a_work_item_ends_with_its_device() -> Result<()> {
    let device = started::<Keeps>();
    let alive = Arc::new(());
    let inner = alive.clone();
    let item = kept().create_work_item(Mutex::new(false), move |done, _| {
        let _inner = &inner;
        thread::sleep(std::time::Duration::from_millis(20));
        *done.lock().unwrap() = true;
    })?;
    item.enqueue();
    device.remove();
    assert!(*item.work().lock().unwrap(), "the removal waited");
    assert_eq!(Arc::strong_count(&alive), 1, "the function is gone");
    drop(item);
    Ok(())
}

/// All that can fail, for `each_failure`.
pub(crate) fn use_work_items(device: &Device) -> Result<()> {
    let item = device.create_work_item(AtomicU32::new(0), |turns, _| {
        turns.fetch_add(1, Ordering::Relaxed);
    })?;
    item.enqueue();
    item.flush();
    assert_eq!(item.work().load(Ordering::Relaxed), 1);
    Ok(())
}
