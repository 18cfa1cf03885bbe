//! Each call of the framework that can fail does so once, on each path to it: the driver goes on or gives up, and leaves nothing.

use std::collections::BTreeSet;

use umdf_callback::callback::*;
use umdf_callback::request::*;
use umdf_callback::{
    AddedDevice, Device, DeviceInit, Dispatch, Driver, DriverObject, Error, File, GUID, IoQueue,
    ManualQueue, PowerState, Queue, QueueConfig, QueueState, Result, device_callback,
    manual_queue_callback, queue_callback,
};
use wdm_sim::FaultPlan;
use wdm_sim::umdf::{Report, Wake};

use crate::support::{CLSID, Host, builder, class_object};

const CLASS: GUID = GUID::from_u128(0x2d1c_a8b4_0f3e_4c6d_97a1_55e0_b8c2_4f90);

/// Gives the output the input backwards.
const REVERSE: u32 = 0x0022_2000;
/// Waits in the manual queue.
const WAIT: u32 = 0x0022_2004;

/// A driver that uses most of what a driver can call.
#[derive(Default)]
struct Busy;

impl Driver for Busy {
    fn on_initialize(&self, driver: &DriverObject) -> Result<()> {
        driver.version().map(drop)
    }

    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let id = init.instance_id()?;
        let device = init.create_device(Context { id })?;
        let secondary = QueueConfig::secondary();
        let waiting = device.create_manual_queue(secondary, Waiting)?;
        let second = device.create_queue(secondary, Dispatch::Sequential, Second)?;
        let first = First {
            second: second.clone(),
            waiting,
        };
        device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, first)?;
        device.device().dispatch(RequestKind::Write, &second)?;
        device.device().create_interface(&CLASS, None)?;
        Ok(device.into())
    }
}

struct Context {
    id: String,
}

impl PnpHardware for Context {
    fn on_prepare_hardware(&self, device: &Device) -> Result<()> {
        assert_eq!(device.instance_id()?, self.id);
        device.create_symbolic_link("Busy")?;
        device.enable_interface(&CLASS, None, true)
    }
}

impl PnpCallback for Context {
    fn on_d0_entry(&self, device: &Device, _previous: PowerState) -> Result<()> {
        device.name().map(drop)
    }
}

impl FileCleanup for Context {
    fn on_cleanup_file(&self, file: &File) {
        let _ = file.name();
    }
}

device_callback!(Context);

struct First {
    second: IoQueue,
    waiting: ManualQueue,
}

/// A helper, to be seen in the paths to what it calls.
fn reverse(request: &mut Request<DeviceIoControl>) -> Result<usize> {
    let mut bytes = request.input()?.to_vec()?;
    bytes.reverse();
    request.output()?.write_at(0, &bytes)?;
    Ok(bytes.len())
}

impl QueueCreate for First {
    fn on_create_file(&self, _queue: &Queue<'_, Self>, request: Request<Create>, file: File) {
        match file.name() {
            Ok(_) => request.complete(),
            Err(error) => request.fail(error),
        }
    }
}

impl QueueRead for First {
    fn on_read(&self, _queue: &Queue<'_, Self>, request: Request<Read>, _length: usize) {
        if let Err(refused) = request.forward(&self.second) {
            refused.request.fail(refused.error);
        }
    }
}

impl QueueDeviceIoControl for First {
    fn on_device_io_control(
        &self,
        _queue: &Queue<'_, Self>,
        mut request: Request<DeviceIoControl>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        if code == WAIT {
            if let Err(refused) = request.forward(&self.waiting) {
                refused.request.fail(refused.error);
            }
            return;
        }
        match reverse(&mut request) {
            Ok(length) => request.complete_with_information(length),
            Err(error) => request.fail(error),
        }
    }
}

queue_callback!(First);

struct Second;

impl QueueRead for Second {
    fn on_read(&self, _queue: &Queue<'_, Self>, mut request: Request<Read>, length: usize) {
        let written = request
            .output()
            .and_then(|mut output| output.write_at(0, &vec![7; length]));
        match written {
            Ok(()) => request.complete_with_information(length),
            Err(error) => request.fail(error),
        }
    }
}

impl QueueWrite for Second {
    fn on_write(&self, _queue: &Queue<'_, Self>, request: Request<Write>, length: usize) {
        match request.input().and_then(|input| input.to_vec()) {
            Ok(bytes) => request.complete_with_information(bytes.len().min(length)),
            Err(error) => request.fail(error),
        }
    }
}

queue_callback!(Second);

struct Waiting;

impl QueueStateChange for Waiting {
    fn on_state_change(&self, queue: &Queue<'_, Self>, _state: QueueState) {
        let Ok(Some(request)) = queue.retrieve_next() else {
            return;
        };
        if let Err(refused) = request.requeue() {
            return refused.request.fail(refused.error);
        }
        if let Ok(Some(request)) = queue.retrieve_next() {
            request.complete();
        }
    }
}

manual_queue_callback!(Waiting);

/// What the system does with it; whatever fails, it goes on with what there is.
fn use_it(host: &Host) -> core::result::Result<(), Error> {
    let device = host.plug_in("ROOT\\BUSY\\0000")?;
    let file = device.open("file")?;
    let sent = [
        file.control(REVERSE, b"abc", 3),
        file.read(3),
        file.write(b"abc"),
        file.control(WAIT, b"", 0),
    ];
    drop(file);
    device.sleep(PowerState::D3, Wake::FromSx)?;
    device.wake()?;
    device.query_remove()?;
    device.remove();
    for sent in sent {
        assert!(sent.completion().is_some());
    }
    Ok(())
}

fn run(plan: &FaultPlan) -> (bool, Report) {
    match builder().fail_each(plan).load(class_object::<Busy>, &CLSID) {
        Ok(framework) => {
            let host = Host::new(framework);
            let used = use_it(&host).is_ok();
            (used, host.unload())
        }
        Err(not_loaded) => (false, *not_loaded.report),
    }
}

#[test]
fn every_path_is_tried_and_leaves_nothing() {
    let plan = FaultPlan::new();
    let mut runs = 0;
    while plan.next_run() {
        let (used, report) = run(&plan);
        assert_eq!(report.findings, [], "{:?}\n{}", report.fault, report.trace);
        assert_eq!(report.fault.as_ref(), plan.faults().get(runs), "one a run");
        // Without a fault all of it works.
        assert!(used || report.fault.is_some());
        runs += 1;
    }
    let faults = plan.faults();
    assert_eq!(runs, faults.len() + 1);
    let mut paths: Vec<_> = faults.iter().map(ToString::to_string).collect();
    println!("{}", paths.join("\n"));
    // A string is asked for twice, for its length and for itself (F8); else a line is a path.
    paths.dedup_by(|second, first| second == first && first.contains("::Retrieve"));
    let distinct: BTreeSet<_> = paths.iter().collect();
    assert_eq!(distinct.len(), paths.len(), "each line tells its path");

    // What can fail in this driver.
    let routines: BTreeSet<_> = faults.iter().map(|fault| &*fault.routine).collect();
    let expected = [
        "IWDFDevice::AssignDeviceInterfaceState",
        "IWDFDevice::ConfigureRequestDispatching",
        "IWDFDevice::CreateDeviceInterface",
        "IWDFDevice::CreateIoQueue",
        "IWDFDevice::CreateSymbolicLink",
        "IWDFDevice::RetrieveDeviceInstanceId",
        "IWDFDevice::RetrieveDeviceName",
        "IWDFDeviceInitialize::RetrieveDeviceInstanceId",
        "IWDFDriver::CreateDevice",
        "IWDFDriver::RetrieveVersionString",
        "IWDFFile::RetrieveFileName",
        "IWDFIoQueue::RetrieveNextRequest",
        "IWDFIoRequest2::Requeue",
        "IWDFIoRequest2::RetrieveInputMemory",
        "IWDFIoRequest2::RetrieveOutputMemory",
        "IWDFIoRequest::ForwardToIoQueue",
        "IWDFMemory::CopyFromBuffer",
        "IWDFMemory::CopyToBuffer",
    ];
    assert_eq!(routines.into_iter().collect::<Vec<_>>(), expected);
}

/// A fault says what was called, in which callback, and where in the driver: its functions, the innermost first, and no others.
#[test]
fn a_fault_names_the_drivers_functions() {
    let plan = FaultPlan::new();
    while plan.next_run() {
        run(&plan);
    }
    for fault in plan.faults() {
        assert!(fault.during.contains("::On"), "{fault}");
        assert_eq!(fault.answer, "E_OUTOFMEMORY", "{fault}");
        let [.., last] = &fault.stack[..] else {
            panic!("{fault}");
        };
        assert!(last.contains("umdf::fail_each::"), "{fault}");
        assert!(last.contains("fail_each.rs:"), "{fault}");
        for frame in &fault.stack {
            assert!(!frame.contains("umdf_callback::border"), "{fault}");
            assert!(!frame.contains("wdm_sim::umdf"), "{fault}");
        }
    }
    let faults = plan.faults();
    let copy = faults
        .iter()
        .find(|fault| fault.routine == "IWDFMemory::CopyToBuffer");
    let copy = copy.expect("the input is copied");
    assert_eq!(
        copy.during,
        "IQueueCallbackDeviceIoControl::OnDeviceIoControl"
    );
    let [reverse, control] = &copy.stack[..] else {
        panic!("{copy}");
    };
    assert!(
        reverse.starts_with("umdf::fail_each::reverse (fail_each.rs:"),
        "{reverse}"
    );
    let callback = "<umdf::fail_each::First as umdf_callback::callback::QueueDeviceIoControl>";
    assert!(control.starts_with(callback), "{control}");
}
