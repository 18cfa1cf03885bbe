//! U9: remote interfaces and remote targets.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use umdf_callback::callback::{PnpHardware, RemoteInterfaceNotification};
use umdf_callback::memory::Memory;
use umdf_callback::raw::{
    WdfIoTargetClosed, WdfIoTargetClosedForQueryRemove, WdfIoTargetDeleted, WdfIoTargetStarted,
};
use umdf_callback::remote::{
    Open, RemoteEvent, RemoteInterface, RemoteInterfaceCallback, RemoteInterfaceInit, RemoteTarget,
    RemoteTargetCallback,
};
use umdf_callback::request::{Completed, CreatedRequest, SendOptions};
use umdf_callback::target::{SentIo, TargetState};
use umdf_callback::{Device, Error, device_callback};

use crate::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result, adds, keep, kept, started};

const TOASTERS: GUID = GUID::from_u128(0x781e_f630_72b2_11d2_b852_00c0_4fad_5171);
const OTHERS: GUID = GUID::from_u128(0x781e_f630_72b2_11d2_b852_00c0_4fad_5172);
const HOT: GUID = GUID::from_u128(0x1de9_b35c_5e2f_4d1b_b3a7_9b3f_0a61_11c9);
const FILE_NOT_FOUND: HRESULT = HRESULT::from_win32(2);

type Told = Arc<Mutex<Vec<String>>>;

fn code<T>(result: Result<T>) -> Option<HRESULT> {
    result.err().map(|error| Error::code(&error))
}

fn note(told: &Told, what: impl Into<String>) {
    told.lock().unwrap().push(what.into());
}

struct Toaster {
    told: Told,
    may_go: bool,
}

impl RemoteInterfaceCallback for Toaster {
    fn on_event(&self, _interface: &RemoteInterface, event: RemoteEvent<'_>) {
        assert_eq!(event.kind, HOT);
        note(&self.told, format!("{:?} {}", event.data, event.name));
    }

    fn on_removal(&self, _interface: &RemoteInterface) {
        note(&self.told, "removed");
    }
}

impl RemoteTargetCallback for Toaster {
    fn on_query_remove(&self, target: &RemoteTarget) -> bool {
        note(&self.told, format!("query remove, {:?}", target.state()));
        self.may_go
    }

    fn on_remove_canceled(&self, target: &RemoteTarget, reopened: Result<()>) {
        note(
            &self.told,
            format!("canceled, {:?}, {:?}", reopened.is_ok(), target.state()),
        );
    }

    fn on_remove_complete(&self, target: &RemoteTarget) {
        note(&self.told, format!("complete, {:?}", target.state()));
    }
}

/// Opens what arrives, with callbacks or without.
#[derive(Default)]
struct Kitchen {
    told: Told,
    device: Mutex<Option<Device>>,
    plain: bool,
    may_go: bool,
}

impl Kitchen {
    fn open(&self, arrived: &RemoteInterfaceInit) -> Result<()> {
        let device = self.device.lock().unwrap().clone();
        let device = device.expect("the hardware is there");
        let toaster = || Toaster {
            told: self.told.clone(),
            may_go: self.may_go,
        };
        let interface = match self.plain {
            true => device.create_remote_interface(arrived, ())?,
            false => device.create_remote_interface(arrived, toaster())?,
        };
        let target = match self.plain {
            true => device.create_remote_target(Some(&interface), ())?,
            false => device.create_remote_target(None, toaster())?,
        };
        assert_eq!(target.state(), TargetState::Closed);
        target.open_interface(&interface, None, Open::read_write())?;
        assert_eq!(target.state(), TargetState::Started);
        target.stop(SentIo::Cancel)?;
        assert_eq!(target.state(), TargetState::Stopped);
        target.start()
    }
}

impl RemoteInterfaceNotification for Kitchen {
    fn on_remote_interface_arrival(&self, interface: &RemoteInterfaceInit) {
        let link = interface.symbolic_link();
        note(
            &self.told,
            format!("{:?} {link:?}", interface.class() == TOASTERS),
        );
        if self.open(interface).is_err() {
            note(&self.told, "not opened");
        }
    }
}

impl PnpHardware for Kitchen {
    fn on_prepare_hardware(&self, device: &Device) -> Result<()> {
        *self.device.lock().unwrap() = Some(device.clone());
        Ok(())
    }

    fn on_release_hardware(&self, _device: &Device) -> Result<()> {
        *self.device.lock().unwrap() = None;
        Ok(())
    }
}

device_callback!(Kitchen);

thread_local! {
    static TOLD: Told = Told::default();
}

fn add(init: DeviceInit<'_>, kitchen: Kitchen) -> Result<AddedDevice<'_>> {
    let told = TOLD.with(Told::clone);
    let device = init.create_device(Kitchen { told, ..kitchen })?;
    keep(&device);
    device.register_remote_interface_notification(&TOASTERS, true)?;
    Ok(device.into())
}

adds!(pub(crate) Cooks: |init| add(init, Kitchen { may_go: true, ..Kitchen::default() }));
adds!(Holds: |init| add(init, Kitchen::default()));
adds!(Plain: |init| add(init, Kitchen { plain: true, ..Kitchen::default() }));

fn told() -> Vec<String> {
    TOLD.with(|told| std::mem::take(&mut *told.lock().unwrap()))
}

/// What the callbacks owe their objects is done for them.
#[test]
fn u9_a_remote_target_goes_with_its_device() -> Result<()> {
    let device = started::<Cooks>();
    let toaster = device.arrive(TOASTERS, "toaster");
    let other = device.arrive(OTHERS, "other");
    assert_eq!(
        told(),
        ["true Ok(\"toaster\")"],
        "the other one is not asked for"
    );
    other.remove();

    toaster.event(&HOT, &[1, 2, 3], "zone ü");
    toaster.event(&HOT, &[], "");
    assert_eq!(told(), ["[1, 2, 3] zone ü", "[] "]);
    assert!(toaster.query_remove());
    assert_eq!(told(), ["query remove, Started"]);
    assert_eq!(device.target_states(), [WdfIoTargetClosedForQueryRemove]);
    toaster.event(&HOT, &[1], "");
    assert_eq!(told().len(), 0, "no target is open");
    toaster.cancel_remove();
    assert_eq!(told(), ["canceled, true, Started"]);
    assert!(toaster.query_remove());
    toaster.remove();
    assert_eq!(
        told(),
        [
            "query remove, Started",
            "complete, ClosedForQueryRemove",
            "removed"
        ]
    );
    assert_eq!(device.target_states(), [WdfIoTargetClosed]);
    Ok(())
}

#[test]
fn u9_a_removal_that_is_refused() {
    let device = started::<Holds>();
    let toaster = device.arrive(TOASTERS, "toaster");
    assert!(!toaster.query_remove());
    assert_eq!(device.target_states(), [WdfIoTargetStarted]);
    toaster.remove(); // without asking
    assert_eq!(device.target_states(), [WdfIoTargetClosed]);
    told();
}

/// Without callbacks the framework does the same.
#[test]
fn u9_a_remote_target_without_callbacks() {
    let device = started::<Plain>();
    let toaster = device.arrive(TOASTERS, "toaster");
    told();
    assert!(toaster.query_remove());
    toaster.cancel_remove();
    assert_eq!(device.target_states(), [WdfIoTargetStarted]);
    toaster.event(&HOT, &[1], "");
    assert!(toaster.query_remove());
    toaster.remove();
    assert_eq!(
        device.target_states(),
        [WdfIoTargetDeleted],
        "with its parent"
    );
}

/// A device that is not started yet hears of what is there when it is.
#[test]
fn u9_interfaces_that_were_there_before() -> Result<()> {
    let device = crate::device::<Cooks>();
    let _toaster = device.arrive(TOASTERS, "early");
    assert_eq!(told().len(), 0);
    device.start()?;
    assert_eq!(told(), ["true Ok(\"early\")"]);
    Ok(())
}

#[test]
fn a_target_for_a_file() -> Result<()> {
    let device = started::<Cooks>();
    let kept = kept();
    let target = kept.create_remote_target(None, ())?;
    let open = Open::read().params(0, 3, 1);
    assert_eq!(
        code(target.open_file("C:\\recipes", open)),
        Some(FILE_NOT_FOUND)
    );
    device.provide_file("C:\\recipes");
    target.open_file("C:\\recipes", open)?;
    assert!(
        target.open_file("C:\\recipes", Open::write()).is_err(),
        "it is open"
    );
    assert!(target.reopen().is_err(), "it was not closed for a removal");
    target.close();
    assert_eq!(target.state(), TargetState::Closed);
    assert!(target.start().is_err());
    Ok(())
}

/// Requests go through a remote target, and end when it is closed.
#[test]
fn u9_requests_to_a_remote_target() -> Result<()> {
    let device = started::<Cooks>();
    let kept = kept();
    device.provide_file("recipes");
    let target = kept.create_remote_target(None, ())?;
    assert!(target.file().is_none(), "it is not open");
    target.open_file("recipes", Open::read())?;
    let file = target.file().expect("it is open");
    assert_eq!(file.name()?, "recipes");
    let memory = || {
        let size = NonZeroUsize::new(4).expect("there are some");
        kept.driver()?.create_memory(size)
    };
    let read = |memory| {
        let request = kept.create_request()?;
        let formatted = target.format_read(request, &file, memory, Some(8));
        formatted.map_err(|refused| refused.error)
    };

    device
        .lower()
        .answer(|_| unreachable!("it is not for the driver below"));
    device.remote_lower().answer(|request| {
        assert_eq!(request.offset(), 8);
        request.succeed_with(b"cake");
    });
    let sent = read(memory()?)?.send_synchronously(SendOptions::new());
    let ended = sent.map_err(|refused| refused.error)?;
    assert_eq!(ended.completion().result()?, 4);
    assert_eq!(ended.into_memory().to_vec()?, b"cake");

    let (waiting, told) = (Arc::new(Mutex::new(None)), Told::default());
    let place = waiting.clone();
    device
        .remote_lower()
        .answer(move |request| *place.lock().unwrap() = Some(request));
    let note_end = |told: Told| {
        move |ended: Completed<CreatedRequest, Memory>| {
            note(&told, format!("{:?}", code(ended.completion().result())));
        }
    };
    let sent = read(memory()?)?.send(SendOptions::new(), note_end(told.clone()));
    assert!(sent.is_ok() && waiting.lock().unwrap().is_some());
    target.stop(SentIo::LeavePending)?;
    let kept_back = read(memory()?)?.send(SendOptions::new(), note_end(told.clone()));
    assert!(kept_back.is_ok() && told.lock().unwrap().is_empty());
    target.close();
    let aborted = format!("{:?}", Some(HRESULT::from_win32(995)));
    assert_eq!(*told.lock().unwrap(), [aborted.clone(), aborted]);
    assert!(target.file().is_none());
    waiting.lock().unwrap().take();
    Ok(())
}

/// All that can fail, for `each_failure`.
pub(crate) fn use_remotes(device: &crate::Hosted) {
    let toaster = device.arrive(TOASTERS, "toaster");
    if toaster.query_remove() {
        toaster.cancel_remove();
    }
    toaster.remove();
    told();
}
