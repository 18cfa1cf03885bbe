//! What is wrong with sending requests, by a driver that calls the framework's interfaces itself.

use core::ffi::c_void;
use std::cell::RefCell;
use std::ptr::{null, null_mut};
use std::rc::Rc;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use wdm_sim::umdf::{Framework, LowerRequest, Rule};
use windows_core::{IUnknown, Interface, implement};

use crate::entry;
use crate::support::{CLSID, S_OK};

const INVALID_OPERATION: HRESULT = HRESULT::from_win32(4317);

/// What a test does with a request.
type Act = Rc<dyn Fn(&Driver, &IWDFIoRequest)>;

thread_local! {
    /// What it is: callbacks run on the test's thread.
    static ACT: RefCell<Option<Act>> = const { RefCell::new(None) };
}

/// What the driver does in `OnDeviceAdd`: makes a device with a queue that takes all requests.
fn add(driver: &IWDFDriver, init: &IWDFDeviceInitialize) -> HRESULT {
    let mut device = Raw::NULL;
    // SAFETY: the interfaces and the place are valid; a callback is optional.
    let made = unsafe { driver.CreateDevice(Raw::of(init), Raw::NULL, &raw mut device) };
    assert_eq!(made, S_OK);
    // SAFETY: what the framework gave, with its reference.
    let device = unsafe { device.into_owned() }.expect("there is a device");
    let handler: IUnknown = Handler {
        device: device.clone(),
        driver: driver.clone(),
    }
    .into();
    let mut queue = Raw::NULL;
    // SAFETY: the interface and the place are valid.
    let made = unsafe {
        device.CreateIoQueue(
            Raw::of(&handler),
            true.into(),
            WdfIoQueueDispatchParallel,
            false.into(),
            true.into(),
            &raw mut queue,
        )
    };
    // SAFETY: what the framework gave, with its reference.
    drop(unsafe { queue.into_owned() });
    made
}

/// The queue callback object.
#[implement(IQueueCallbackDefaultIoHandler)]
struct Handler {
    device: IWDFDevice,
    driver: IWDFDriver,
}

impl IQueueCallbackDefaultIoHandler_Impl for Handler_Impl {
    unsafe fn OnDefaultIoHandler(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>) {
        // SAFETY: the framework's objects.
        let queue = unsafe { queue.borrow() }.expect("there is a queue");
        // SAFETY: as above.
        let request = unsafe { request.borrow() }.expect("there is a request");
        let mut target = Raw::NULL;
        // SAFETY: the place is valid.
        unsafe { self.device.GetDefaultIoTarget(&raw mut target) };
        let driver = Driver {
            device: self.device.clone(),
            driver: self.driver.clone(),
            queue: queue.to_owned(),
            // SAFETY: what the framework gave, with its reference.
            target: unsafe { target.into_owned() }.expect("there is a target"),
        };
        let act = ACT
            .with_borrow(Clone::clone)
            .expect("the test does something");
        act(&driver, &request);
    }
}

/// Hears that a request has ended.
#[implement(IRequestCallbackRequestCompletion)]
struct Heard(Rc<RefCell<Vec<HRESULT>>>);

impl IRequestCallbackRequestCompletion_Impl for Heard_Impl {
    unsafe fn OnCompletion(
        &self,
        _request: Raw<IWDFIoRequest>,
        target: Raw<IWDFIoTarget>,
        params: Raw<IWDFRequestCompletionParams>,
        context: *mut c_void,
    ) {
        assert_eq!(context.addr(), 7);
        // SAFETY: the framework's object.
        let target = unsafe { target.borrow() }.expect("there is a target");
        assert!(target.cast::<IWDFIoTargetStateManagement>().is_ok());
        // SAFETY: the framework's object.
        let params = unsafe { params.borrow() }.expect("there are parameters");
        // SAFETY: no preconditions.
        let status = unsafe { params.GetCompletionStatus() };
        self.0.borrow_mut().push(status);
    }
}

/// What a test's driver calls.
struct Driver {
    device: IWDFDevice,
    driver: IWDFDriver,
    queue: IWDFIoQueue,
    target: IWDFIoTarget,
}

impl Driver {
    fn send(&self, request: &IWDFIoRequest, flags: WDF_REQUEST_SEND_OPTIONS_FLAGS) -> HRESULT {
        self.send_until(request, flags, 0)
    }

    fn send_until(
        &self,
        request: &IWDFIoRequest,
        flags: WDF_REQUEST_SEND_OPTIONS_FLAGS,
        time: i64,
    ) -> HRESULT {
        // SAFETY: the interfaces are valid.
        unsafe { request.Send(Raw::of(&self.target), flags.cast_unsigned(), time) }
    }

    /// A request of the driver's.
    fn request(&self) -> IWDFIoRequest {
        let mut request = Raw::NULL;
        // SAFETY: the place is valid; callback and parent are optional.
        let made = unsafe {
            self.device
                .CreateRequest(Raw::NULL, Raw::NULL, &raw mut request)
        };
        assert_eq!(made, S_OK);
        // SAFETY: what the framework gave, with its reference.
        unsafe { request.into_owned() }.expect("there is a request")
    }

    /// A file of the driver's.
    fn file(&self) -> IWDFDriverCreatedFile {
        let mut file = Raw::NULL;
        // SAFETY: the place is valid; the name is optional.
        let made = unsafe { self.device.CreateWdfFile(null(), &raw mut file) };
        assert_eq!(made, S_OK);
        // SAFETY: what the framework gave, with its reference.
        unsafe { file.into_owned() }.expect("there is a file")
    }

    /// Memory of the driver's.
    fn memory(&self, size: usize) -> Result<IWDFMemory, HRESULT> {
        let mut memory = Raw::NULL;
        // SAFETY: the place is valid; callback and parent are optional.
        let made = unsafe {
            self.driver
                .CreateWdfMemory(size, Raw::NULL, Raw::NULL, &raw mut memory)
        };
        // SAFETY: what the framework gave, with its reference, or null.
        unsafe { memory.into_owned() }.ok_or(made)
    }

    /// Formats a request for a read.
    fn read(
        &self,
        request: &IWDFIoRequest,
        file: Option<&IWDFDriverCreatedFile>,
        memory: Option<&IWDFMemory>,
    ) -> HRESULT {
        let file: Option<&IWDFFile> = file.map(|file| &**file);
        // SAFETY: the interfaces are valid, offsets are optional.
        unsafe {
            self.target.FormatRequestForRead(
                Raw::of(request),
                file.map_or(Raw::NULL, Raw::of),
                memory.map_or(Raw::NULL, Raw::of),
                null(),
                null(),
            )
        }
    }
}

fn format(request: &IWDFIoRequest) {
    // SAFETY: no preconditions that this is not about.
    unsafe { request.FormatUsingCurrentType() };
}

fn complete(request: &IWDFIoRequest) {
    // SAFETY: as above.
    unsafe { request.Complete(S_OK) };
}

fn reuse(request: &IWDFIoRequest) {
    let request: IWDFIoRequest2 = request.cast().expect("it is new enough");
    // SAFETY: as above.
    unsafe { request.Reuse(S_OK) };
}

fn delete(object: &IWDFObject) {
    // SAFETY: as above.
    assert_eq!(unsafe { object.DeleteWdfObject() }, S_OK);
}

/// The rules that a driver breaks which does this with one read, and answers the lower driver gives.
fn broken(
    answer: impl Fn(LowerRequest) + Send + Sync + 'static,
    act: impl Fn(&Driver, &IWDFIoRequest) + 'static,
) -> Vec<Rule> {
    ACT.set(Some(Rc::new(act)));
    let framework = Framework::load(entry::driver(add), &CLSID).expect("it loads");
    let device = framework.plug_in("ROOT\\RAW\\0000").expect("it starts");
    device.lower().answer(answer);
    let read = device.read(4);
    assert!(read.completion().is_some(), "{:#?}", framework.trace());
    ACT.set(None);
    let findings = framework.unload().findings;
    findings.into_iter().map(|finding| finding.rule).collect()
}

/// The same with a lower driver that completes all.
fn breaks(act: impl Fn(&Driver, &IWDFIoRequest) + 'static) -> Vec<Rule> {
    broken(LowerRequest::succeed, act)
}

const SYNCHRONOUS: i32 = WDF_REQUEST_SEND_OPTION_SYNCHRONOUS;
const FORGET: i32 = WDF_REQUEST_SEND_OPTION_SEND_AND_FORGET;

#[test]
fn u13_nothing_is_wrong_with_a_request_that_is_sent_twice_as_it_should() {
    let rules = breaks(|driver, request| {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let callback: IRequestCallbackRequestCompletion = Heard(heard.clone()).into();
        let context = std::ptr::without_provenance_mut(7);
        for _ in 0..2 {
            // SAFETY: the interface is valid; the context is a number.
            unsafe { request.SetCompletionCallback(Raw::of(&callback), context) };
            format(request);
            assert_eq!(driver.send(request, 0), S_OK);
            reuse(request);
        }
        assert_eq!(*heard.borrow(), [S_OK, S_OK]);
        complete(request);
    });
    assert_eq!(rules, []);
}

#[test]
fn u13_a_request_that_is_not_formatted_is_not_sent() {
    let rules = breaks(|driver, request| {
        assert_eq!(driver.send(request, SYNCHRONOUS), INVALID_OPERATION);
        let newer: IWDFIoRequest2 = request.cast().expect("it is new enough");
        // SAFETY: no preconditions.
        assert_eq!(unsafe { newer.GetStatus() }, INVALID_OPERATION);
        complete(request);
    });
    assert_eq!(rules, [Rule::Format]);
    let rules = breaks(|driver, request| {
        let own = driver.request();
        format(&own);
        delete(&own);
        complete(request);
    });
    assert_eq!(rules, [Rule::Format]);
}

#[test]
fn u13_a_request_that_is_sent_asynchronously_has_a_callback() {
    let rules = breaks(|driver, request| {
        format(request);
        assert_eq!(driver.send(request, 0), S_OK);
        complete(request);
    });
    assert_eq!(rules, [Rule::Completion]);
}

#[test]
fn u13_a_request_that_was_sent_is_not_completed_before_it_is_back() {
    let rules = broken(
        |request| std::thread::sleep(std::time::Duration::from_millis(u64::from(request.code()))),
        |driver, request| {
            format(request);
            // SAFETY: the interface is valid.
            let target: IWDFIoTargetStateManagement = driver.target.cast().expect("it has a state");
            // SAFETY: no preconditions.
            let stopped = unsafe { target.Stop(WdfIoTargetLeaveSentIoPending) };
            assert_eq!(stopped, S_OK);
            assert_eq!(driver.send(request, 0), S_OK);
            complete(request);
            format(request);
            reuse(request);
            assert_eq!(driver.send(request, 0), INVALID_OPERATION);
            // SAFETY: no preconditions.
            assert!(unsafe { request.CancelSentRequest() }.as_bool());
            // SAFETY: no preconditions.
            assert!(!unsafe { request.CancelSentRequest() }.as_bool());
            complete(request);
        },
    );
    let twice = Rule::RequestTwice;
    assert_eq!(rules, [Rule::Completion, twice, twice, Rule::Reuse, twice]);
}

#[test]
fn u13_a_request_that_is_forgotten_is_as_it_came() {
    let rules = breaks(|driver, request| {
        let flags = FORGET | SYNCHRONOUS;
        assert_eq!(driver.send(request, flags), INVALID_OPERATION);
        let file = driver.file();
        assert_eq!(driver.read(request, Some(&file), None), S_OK);
        assert_eq!(driver.send(request, FORGET), INVALID_OPERATION);
        // SAFETY: the driver made it.
        unsafe { file.Close() };
        complete(request);
    });
    assert_eq!(rules, [Rule::Forget]);
    let rules = breaks(|driver, request| {
        let own = driver.request();
        assert_eq!(driver.send(&own, FORGET), INVALID_OPERATION);
        delete(&own);
        assert_eq!(driver.send(request, FORGET), S_OK);
    });
    assert_eq!(rules, [Rule::Forget]);
}

#[test]
fn u13_a_request_that_is_back_is_reused_before_it_is_formatted() {
    let rules = breaks(|driver, request| {
        format(request);
        assert_eq!(driver.send(request, SYNCHRONOUS), S_OK);
        format(request);
        complete(request);
    });
    assert_eq!(rules, [Rule::Reuse]);
}

#[test]
fn u13_a_request_that_the_driver_has_made_is_deleted_when_it_has_ended() {
    let rules = broken(drop, |driver, request| {
        let own = driver.request();
        complete(&own);
        // SAFETY: the interfaces are valid.
        let forwarded = unsafe { own.ForwardToIoQueue(Raw::of(&driver.queue)) };
        assert_eq!(forwarded, INVALID_OPERATION);
        let target: IWDFIoTargetStateManagement = driver.target.cast().expect("it has a state");
        // SAFETY: no preconditions.
        let stopped = unsafe { target.Stop(WdfIoTargetLeaveSentIoPending) };
        assert_eq!(stopped, S_OK);
        let file = driver.file();
        assert_eq!(driver.read(&own, Some(&file), None), S_OK);
        let heard: IRequestCallbackRequestCompletion = Heard(Rc::default()).into();
        // SAFETY: the interface is valid, the context optional.
        unsafe { own.SetCompletionCallback(Raw::of(&heard), null_mut()) };
        assert_eq!(driver.send(&own, 0), S_OK);
        delete(&own);
        // SAFETY: the driver made it.
        unsafe { file.Close() };
        complete(request);
    });
    assert_eq!(rules, [Rule::Created, Rule::Created, Rule::Created]);
}

#[test]
fn u13_memory_is_there_as_long_as_a_request_is_formatted_with_it() {
    let rules = breaks(|driver, request| {
        assert!(driver.memory(0).is_err());
        let memory = driver.memory(4).expect("there is some");
        let (own, file) = (driver.request(), driver.file());
        assert_eq!(driver.read(&own, Some(&file), Some(&memory)), S_OK);
        delete(&memory);
        assert_eq!(driver.send(&own, SYNCHRONOUS), S_OK);
        delete(&own);
        // SAFETY: the driver made it.
        unsafe { file.Close() };
        complete(request);
    });
    assert_eq!(rules, [Rule::Argument, Rule::Memory]);
    let rules = breaks(|driver, request| {
        let mut memory = Raw::NULL;
        // SAFETY: the place is valid.
        unsafe { request.GetOutputMemory(&raw mut memory) };
        // SAFETY: what the framework gave, with its reference.
        let memory = unsafe { memory.into_owned() }.expect("there is some");
        let (own, file) = (driver.request(), driver.file());
        assert_eq!(driver.read(&own, Some(&file), Some(&memory)), S_OK);
        assert_eq!(driver.send(&own, SYNCHRONOUS), S_OK);
        complete(request);
        delete(&own);
        // SAFETY: the driver made it.
        unsafe { file.Close() };
    });
    assert_eq!(rules, [Rule::Memory]);
}

#[test]
fn u13_what_is_sent_to_the_default_target_has_a_file() {
    let rules = breaks(|driver, request| {
        let invalid = HRESULT(0x8007_0057_u32 as i32);
        assert_eq!(driver.read(request, None, None), invalid);
        let file = driver.file();
        // SAFETY: the driver made it.
        unsafe { file.Close() };
        assert_eq!(driver.read(request, Some(&file), None), invalid);
        complete(request);
    });
    assert_eq!(rules, [Rule::Argument, Rule::Argument]);
}

#[test]
fn u13_memory_that_is_not_to_be_had_is_an_error() {
    let rules = breaks(|driver, request| {
        const E_OUTOFMEMORY: HRESULT = HRESULT(0x8007_000E_u32 as i32);
        assert_eq!(driver.memory(usize::MAX).err(), Some(E_OUTOFMEMORY));
        complete(request);
    });
    assert_eq!(rules, []);
}

#[test]
fn u14_no_callback_waits_for_what_a_target_has() {
    let rules = breaks(|driver, request| {
        let target: IWDFIoTargetStateManagement = driver.target.cast().expect("it has a state");
        // SAFETY: no preconditions that this is not about.
        let stopped = unsafe { target.Stop(WdfIoTargetWaitForSentIoToComplete) };
        assert_eq!(stopped, S_OK);
        // SAFETY: no preconditions.
        assert_eq!(unsafe { target.GetState() }, WdfIoTargetStopped);
        complete(request);
    });
    assert_eq!(rules, [Rule::TargetState]);
}

#[test]
fn u13_a_time_may_be_a_point_in_time() {
    let kept = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let keeper = kept.clone();
    let rules = broken(
        move |request| keeper.lock().expect("nobody panics").push(request),
        |driver, request| {
            format(request);
            let flags = SYNCHRONOUS | WDF_REQUEST_SEND_OPTION_TIMEOUT;
            // It is past.
            assert_eq!(driver.send_until(request, flags, 1), S_OK);
            let mut params = Raw::NULL;
            // SAFETY: the place is valid.
            unsafe { request.GetCompletionParams(&raw mut params) };
            // SAFETY: what the framework gave, with its reference.
            let params = unsafe { params.into_owned() }.expect("it has ended");
            // SAFETY: no preconditions.
            let status = unsafe { params.GetCompletionStatus() };
            assert_eq!(status, HRESULT::from_win32(995));
            complete(request);
        },
    );
    assert_eq!(rules, []);
    drop(kept);
}
