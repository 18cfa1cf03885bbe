//! U7: contexts of framework objects. U8: their locks.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use umdf_callback::callback::{FileCleanup, FileClose, QueueCreate, QueueDefaultIoHandler};
use umdf_callback::context::{ANOTHER_TYPE, NO_CONTEXT, WithContext};
use umdf_callback::lock::DeviceLevel;
use umdf_callback::request::{Create, Other, Request};
use umdf_callback::{
    Device, DeviceHandle, Dispatch, Error, File, IoQueue, Queue, QueueConfig, device_callback,
    queue_callback,
};
use wdm_sim::umdf::Rule;

use crate::{AddedDevice, DeviceInit, Driver, HRESULT, Result, adds, keep, kept, started};

fn code<T>(result: Result<T>) -> Option<HRESULT> {
    result.err().map(|error| Error::code(&error))
}

/// A context that counts those that there are.
struct Counted {
    name: String,
    there: Arc<AtomicUsize>,
}

impl Counted {
    fn new(name: &str, there: &Arc<AtomicUsize>) -> Self {
        there.fetch_add(1, Ordering::Relaxed);
        Counted {
            name: name.to_owned(),
            there: there.clone(),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.there.fetch_sub(1, Ordering::Relaxed);
    }
}

thread_local! {
    /// Of the device that was made last.
    static SHARED: RefCell<Shared> = RefCell::default();
}

/// What the callback objects and the test share.
#[derive(Clone, Default)]
struct Shared {
    there: Arc<AtomicUsize>,
    told: Arc<Mutex<Vec<String>>>,
    kept: Arc<Mutex<Vec<File>>>,
}

struct Files(Shared);

impl QueueCreate for Files {
    fn on_create_file(&self, _queue: &Queue<'_, Self>, request: Request<Create>, file: File) {
        let name = file.name().expect("it has a name");
        assert_eq!(code(file.context::<Counted>()), Some(NO_CONTEXT));
        let context = Counted::new(&name, &self.0.there);
        match file.set_context(context) {
            Ok(context) => {
                assert_eq!(context.name, name);
                if name == "kept" {
                    self.0.kept.lock().unwrap().push(file);
                }
                request.complete();
            }
            Err(error) => request.fail(error),
        }
    }
}

impl QueueDefaultIoHandler for Files {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        let context = Counted::new("request", &self.0.there);
        match request.set_context(context) {
            Ok(_) => {
                let found = request
                    .context::<Counted>()
                    .map(|context| context.name.clone());
                assert_eq!(found.as_deref(), Ok("request"));
                assert_eq!(
                    self.0.there.load(Ordering::Relaxed),
                    2,
                    "its file's, and its own"
                );
                request.complete();
            }
            Err(error) => request.fail(error),
        }
    }
}

queue_callback!(Files);

impl FileCleanup for Files {
    fn on_cleanup_file(&self, file: &File) {
        self.tell("cleanup", file);
    }
}

impl FileClose for Files {
    fn on_close_file(&self, file: &File) {
        self.tell("close", file);
    }
}

impl Files {
    fn tell(&self, what: &str, file: &File) {
        let name = file
            .context::<Counted>()
            .map(|context| context.name.clone());
        self.0
            .told
            .lock()
            .unwrap()
            .push(format!("{what} of {name:?}"));
    }
}

device_callback!(Files);

adds!(Opens: |init| {
    let shared = Shared::default();
    SHARED.set(shared.clone());
    let device = init.create_device(Files(shared.clone()))?;
    let queue = device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, Files(shared))?;
    queue.set_context(7_u32)?;
    keep(&device);
    Ok(device.into())
});

fn shared() -> Shared {
    SHARED.with_borrow(Shared::clone)
}

#[test]
fn u7_a_context_lives_as_long_as_its_object() -> Result<()> {
    let device = started::<Opens>();
    let shared = shared();
    let file = device.open("a")?;
    assert_eq!(shared.there.load(Ordering::Relaxed), 1);
    let flushed = device.flush().completion().expect("it has ended");
    assert_eq!(flushed.status, HRESULT(0));
    assert_eq!(
        shared.there.load(Ordering::Relaxed),
        1,
        "the request's has ended with it"
    );
    drop(file);
    assert_eq!(shared.there.load(Ordering::Relaxed), 0);
    let told = std::mem::take(&mut *shared.told.lock().unwrap());
    assert_eq!(told, [r#"cleanup of Ok("a")"#, r#"close of Ok("a")"#]);

    // A file that the driver keeps, and a context of it.
    let file = device.open("kept")?;
    let kept = shared.kept.lock().unwrap().pop().expect("it is kept");
    let context = kept.context::<Counted>()?;
    drop(file);
    assert_eq!(code(kept.context::<Counted>()), Some(NO_CONTEXT));
    assert_eq!(
        (context.name.as_str(), shared.there.load(Ordering::Relaxed)),
        ("kept", 1)
    );
    drop(context);
    assert_eq!(shared.there.load(Ordering::Relaxed), 0);
    Ok(())
}

#[test]
fn u7_a_context_is_one_of_one_type() -> Result<()> {
    let device = started::<Opens>();
    let kept = kept();
    let queue = kept.default_queue().expect("there is one");
    assert_eq!(*queue.context::<u32>()?, 7);
    assert_eq!(code(queue.context::<i32>()), Some(ANOTHER_TYPE));
    let there = Arc::default();
    let refused = queue.set_context(Counted::new("second", &there));
    assert!(
        refused.is_err() && there.load(Ordering::Relaxed) == 0,
        "it is dropped"
    );
    assert_eq!(*queue.context::<u32>()?, 7, "the first one stays");
    assert_eq!(
        code(kept.context::<u32>()),
        Some(NO_CONTEXT),
        "another object"
    );
    drop((kept, queue));
    let findings = device.unload().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, Rule::Context);
    Ok(())
}

/// Look-ups on one thread and the object's end on another: each finds the whole context, or none.
#[test]
fn u7_a_context_ends_while_others_look_for_it() -> Result<()> {
    let device = started::<Opens>();
    let shared = shared();
    for _ in 0..100 {
        let file = device.open("kept")?;
        let kept = shared.kept.lock().unwrap().pop().expect("it is kept");
        thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    while let Ok(context) = kept.context::<Counted>() {
                        assert_eq!(context.name, "kept");
                    }
                });
            }
            threads.spawn(move || drop(file));
        });
    }
    Ok(())
}

/// U4, U8: what is not Sync is used by one callback at a time, of a queue that was made later, and by whoever has the lock.
#[test]
fn u8_a_queue_made_later_is_serialised() -> Result<()> {
    use std::cell::Cell;

    struct Counter(Cell<u32>);

    impl QueueDefaultIoHandler for Counter {
        fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
            let before = self.0.get();
            thread::yield_now();
            self.0.set(before + 1);
            request.complete_with_information(before as usize);
        }
    }

    queue_callback!(Counter);

    struct Nothing;
    device_callback!(Nothing);

    static HANDLE: Mutex<Option<DeviceHandle<DeviceLevel, Nothing>>> = Mutex::new(None);

    adds!(Later: |init| {
        let device = init.create_device(Nothing)?;
        *HANDLE.lock().unwrap() = Some(device.handle());
        Ok(device.into())
    });

    let device = started::<Later>();
    let handle = HANDLE.lock().unwrap().take().expect("it was kept");
    let config = QueueConfig::default_queue();
    let queue: IoQueue = handle.create_queue(config, Dispatch::Parallel, Counter(Cell::new(0)))?;
    let plain: &Device = &handle;
    assert!(plain.default_queue().is_some());
    let simulated: &wdm_sim::umdf::Device = &device;
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..50 {
                    let sent = simulated.flush();
                    assert!(
                        sent.wait()
                            .is_some_and(|completion| completion.status == HRESULT(0))
                    );
                }
            });
        }
        threads.spawn(|| {
            for _ in 0..50 {
                let _lock = handle.lock();
                let _again = queue.lock();
                thread::yield_now();
            }
        });
    });
    let last = device.flush().completion().expect("it has ended");
    assert_eq!(last.information, 200, "no count was lost");
    drop((handle, queue));
    Ok(())
}

/// Requests of a kind go where they are dispatched to, and back.
#[test]
fn a_queue_made_later_gets_what_is_dispatched_to_it() -> Result<()> {
    struct Marks(usize);

    impl QueueDefaultIoHandler for Marks {
        fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
            request.complete_with_information(self.0);
        }
    }

    queue_callback!(Marks);

    struct Nothing;
    device_callback!(Nothing);

    adds!(Two: |init| {
        let device = init.create_device(Nothing)?;
        device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, Marks(0))?;
        keep(&device);
        Ok(device.into())
    });

    let device = started::<Two>();
    let kept = kept();
    let queue = kept.create_queue(QueueConfig::secondary(), Dispatch::Parallel, Marks(1))?;
    let information = || {
        device
            .write(b"ab")
            .completion()
            .map(|completion| completion.information)
    };
    assert_eq!(information(), Some(0));
    let write = umdf_callback::request::RequestKind::Write;
    kept.dispatch(write, &queue)?;
    assert_eq!(information(), Some(1));
    kept.stop_dispatch(write, &queue)?;
    assert_eq!(information(), Some(0));
    Ok(())
}

/// All that can fail, for `each_failure`.
pub(crate) fn use_contexts(device: &Device) -> Result<()> {
    device.set_context(String::from("device"))?;
    assert_eq!(*device.context::<String>()?, "device");
    Ok(())
}
