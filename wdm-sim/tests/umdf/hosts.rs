//! U1, U2: callback objects in the hands of a host that passes what it must not. Null where an object has to be is E_POINTER, or nothing
//! happens; no callback of the driver comes, and nothing is left behind.

use core::ffi::c_void;
use core::ptr::{null, null_mut};
use std::cell::RefCell;
use std::sync::Arc;

use umdf_callback::callback::QueueStateChange;
use umdf_callback::raw::*;
use umdf_callback::{
    AddedDevice, DeviceInit, Driver, GUID, HRESULT, Queue, QueueConfig, QueueState, Result,
    device_callback, manual_queue_callback,
};
use wdm_sim::umdf::class_factory;
use windows_core::{BOOL, IUnknown, Interface, implement};

use crate::full::{Full, Record};
use crate::raw::{Subject, call, driver, given};
use crate::support::{CLSID, E_POINTER, Host, Hosted, S_OK, builder, class_object};

const E_NOINTERFACE: HRESULT = HRESULT(0x8000_4002_u32 as i32);
const NO_AGGREGATION: HRESULT = HRESULT(0x8004_0110_u32 as i32);
const NOT_AVAILABLE: HRESULT = HRESULT(0x8004_0111_u32 as i32);

const UNKNOWN: GUID = GUID::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888);

/// Calls methods of a callback object, which refuses their arguments.
macro_rules! refuses {
    ($object:ident: $($method:ident($($argument:expr),*);)*) => {
        $(
            let code = call!($object.$method($($argument),*));
            assert_eq!(code, E_POINTER, stringify!($method($($argument),*)));
        )*
    };
}

/// Calls methods that return nothing.
macro_rules! ignores {
    ($object:ident: $($method:ident($($argument:expr),*);)*) => {
        $(call!($object.$method($($argument),*));)*
    };
}

/// Valid objects, of another driver's host.
struct Objects {
    device: IWDFDevice,
    queue: IWDFIoQueue,
    request: IWDFIoRequest,
    file: IWDFFile,
}

thread_local! {
    static OBJECTS: RefCell<Option<Objects>> = const { RefCell::new(None) };
}

impl Objects {
    /// Calls `with` with them; says how the request ended.
    fn with(with: fn(&Objects)) -> HRESULT {
        let subject = Subject::control(|at, _, _| {
            let (queue, request) = (at.queue.clone(), at.request.clone());
            let (mut device, mut file) = (Raw::NULL, Raw::NULL);
            call!(queue.GetDevice(&raw mut device));
            call!(request.GetFileObject(&raw mut file));
            OBJECTS.set(Some(Objects {
                device: given(device).unwrap(),
                file: given(file).unwrap(),
                queue,
                request,
            }));
        });
        let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
        let hosted = Host::new(loaded).add();
        hosted.start().unwrap();
        let file = hosted.open("").unwrap();
        let sent = file.control(0, b"", 0);
        let objects = OBJECTS.take().unwrap();
        with(&objects);
        if sent.completion().is_none() {
            let request = &objects.request;
            call!(request.Complete(S_OK));
        }
        sent.completion().unwrap().status
    }
}

/// A device of a driver with every callback, which may not be called.
fn untold<const NEWER: bool>(during: impl FnOnce(&Hosted))
where
    Full<NEWER>: Driver,
{
    let record = Record::next(None);
    let hosted = Hosted::started::<Full<NEWER>>();
    let before = record.told();
    during(&hosted);
    assert_eq!(record.told(), before, "nothing is called");
    assert!(hosted.is_working());
}

#[test]
fn u2_the_export_refuses_null_and_what_it_does_not_have() {
    let get = class_object::<Full>;
    let call = |class: *const GUID, iid: *const GUID, object: *mut *mut c_void| {
        // SAFETY: each is null or valid.
        unsafe { get(class, iid, object) }
    };
    let mut object = null_mut();
    let (clsid, iid): (*const GUID, *const GUID) = (&CLSID, &IClassFactory::IID);
    assert_eq!(call(null(), iid, &raw mut object), E_POINTER);
    assert_eq!(call(clsid, null(), &raw mut object), E_POINTER);
    assert_eq!(call(clsid, iid, null_mut()), E_POINTER);
    for (class, iid, code) in [
        (&UNKNOWN, &IClassFactory::IID, NOT_AVAILABLE),
        (&CLSID, &UNKNOWN, E_NOINTERFACE),
        (&CLSID, &IDriverEntry::IID, E_NOINTERFACE),
    ] {
        object = core::ptr::without_provenance_mut(8);
        assert_eq!(call(class, iid, &raw mut object), code);
        assert!(object.is_null(), "it is set in any case");
    }
}

#[test]
fn u2_the_class_factory_refuses_null_and_aggregation() {
    let record = Record::next(None);
    let factory = class_factory(class_object::<Full>, &CLSID).unwrap();
    let outer: IUnknown = factory.cast().unwrap();
    let mut object = null_mut();
    let iid: *const GUID = &IDriverEntry::IID;
    refuses! { factory:
        CreateInstance(Raw::NULL, null(), &raw mut object);
        CreateInstance(Raw::NULL, iid, null_mut());
    }
    for (outer, iid, code) in [
        (Raw::of(&outer), &IDriverEntry::IID, NO_AGGREGATION),
        (Raw::of(&outer), &IUnknown::IID, NO_AGGREGATION),
        (Raw::NULL, &UNKNOWN, E_NOINTERFACE),
        (Raw::NULL, &IPnpCallback::IID, E_NOINTERFACE),
    ] {
        object = core::ptr::without_provenance_mut(8);
        let made = call!(factory.CreateInstance(outer, iid, &raw mut object));
        assert_eq!(made, code);
        assert!(object.is_null());
    }
    let unlocked = call!(factory.LockServer(BOOL::from(false)));
    assert_eq!(unlocked, S_OK, "there was no lock");
    drop((factory, outer));
    assert_eq!(record.told(), [""; 0]);
    assert_eq!(
        Arc::strong_count(&record),
        2,
        "this one, and the next driver's"
    );
}

/// A DLL that says yes and gives nothing is not loaded.
#[test]
fn u2_a_dll_that_gives_nothing_is_not_loaded() {
    unsafe extern "system" fn nothing(
        _class: *const GUID,
        _iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT {
        // SAFETY: the framework's place.
        unsafe { object.write(null_mut()) };
        S_OK
    }
    let not_loaded = builder().load(nothing, &CLSID).err().unwrap();
    assert_eq!(not_loaded.error.code(), E_POINTER);
    assert_eq!(not_loaded.report.findings, []);
}

/// Each kind of callback object, at the entries of `QueryInterface`.
#[test]
fn u1_query_interface_refuses_null_and_what_it_does_not_have() {
    untold::<true>(|hosted| {
        let objects: [IUnknown; 3] = [
            hosted.host.callback().unwrap(),
            hosted.callback().unwrap(),
            hosted.queue_callback(0).unwrap(),
        ];
        for object in objects {
            let query = |iid: *const GUID, place: *mut *mut c_void| {
                // SAFETY: each is null or valid.
                unsafe { object.query(iid, place) }
            };
            let mut place = null_mut();
            let iid: *const GUID = &IUnknown::IID;
            assert_eq!(query(null(), &raw mut place), E_POINTER);
            assert_eq!(query(iid, null_mut()), E_POINTER);
            for iid in [UNKNOWN, IWDFDevice::IID, IQueueCallbackStateChange::IID] {
                place = core::ptr::without_provenance_mut(8);
                assert_eq!(query(&raw const iid, &raw mut place), E_NOINTERFACE);
                assert!(place.is_null());
            }
        }
    });
}

#[test]
fn u2_the_driver_callback_object_refuses_null() {
    untold::<false>(|hosted| {
        let entry: IDriverEntry = hosted.host.callback().unwrap();
        refuses! { entry:
            OnInitialize(Raw::NULL);
            OnDeviceAdd(Raw::NULL, Raw::NULL);
        }
        ignores! { entry: OnDeinitialize(Raw::NULL); }
    });
}

/// `OnDeviceAdd` with one of the two.
#[test]
fn u3_half_a_device_is_refused() {
    let record = Record::next(None);
    let host = Host::load::<Full>(builder()).unwrap();
    let entry: IDriverEntry = host.callback().unwrap();
    ENTRY.set(Some(entry));
    let subject = Subject {
        add: |add, _| {
            let entry = ENTRY.take().unwrap();
            refuses! { entry:
                OnDeviceAdd(Raw::of(add.driver), Raw::NULL);
                OnDeviceAdd(Raw::NULL, Raw::of(add.init));
            }
            add.device_with_queue();
            S_OK
        },
        ..Subject::IDLE
    };
    let other = builder().load(driver(subject, false), &CLSID).unwrap();
    Host::new(other).add();
    assert_eq!(record.told(), ["OnInitialize"]);
}

thread_local! {
    static ENTRY: RefCell<Option<IDriverEntry>> = const { RefCell::new(None) };
}

#[test]
fn u1_device_callback_objects_refuse_null() {
    untold::<false>(|hosted| {
        let pnp: IPnpCallback = hosted.callback().unwrap();
        refuses! { pnp:
            OnD0Entry(Raw::NULL, WdfPowerDeviceD3);
            OnD0Exit(Raw::NULL, WdfPowerDeviceD3);
            OnQueryRemove(Raw::NULL);
            OnQueryStop(Raw::NULL);
        }
        ignores! { pnp: OnSurpriseRemoval(Raw::NULL); }
        let hardware: IPnpCallbackHardware = hosted.callback().unwrap();
        refuses! { hardware:
            OnPrepareHardware(Raw::NULL);
            OnReleaseHardware(Raw::NULL);
        }
        let io: IPnpCallbackSelfManagedIo = hosted.callback().unwrap();
        refuses! { io:
            OnSelfManagedIoInit(Raw::NULL);
            OnSelfManagedIoSuspend(Raw::NULL);
            OnSelfManagedIoRestart(Raw::NULL);
            OnSelfManagedIoStop(Raw::NULL);
        }
        ignores! { io:
            OnSelfManagedIoFlush(Raw::NULL);
            OnSelfManagedIoCleanup(Raw::NULL);
        }
        let remote: IPnpCallbackRemoteInterfaceNotification = hosted.callback().unwrap();
        ignores! { remote: OnRemoteInterfaceArrival(Raw::NULL); }
        let wake: IPowerPolicyCallbackWakeFromS0 = hosted.callback().unwrap();
        refuses! { wake: OnArmWakeFromS0(Raw::NULL); }
        ignores! { wake:
            OnDisarmWakeFromS0(Raw::NULL);
            OnWakeFromS0Triggered(Raw::NULL);
        }
        let wake: IPowerPolicyCallbackWakeFromSx = hosted.callback().unwrap();
        refuses! { wake: OnArmWakeFromSx(Raw::NULL); }
        ignores! { wake:
            OnDisarmWakeFromSx(Raw::NULL);
            OnWakeFromSxTriggered(Raw::NULL);
        }
        let cleanup: IFileCallbackCleanup = hosted.callback().unwrap();
        ignores! { cleanup: OnCleanupFile(Raw::NULL); }
        let close: IFileCallbackClose = hosted.callback().unwrap();
        ignores! { close: OnCloseFile(Raw::NULL); }
        for cleanup in [
            hosted.callback::<IObjectCleanup>().unwrap(),
            hosted.queue_callback(0).unwrap(),
        ] {
            ignores! { cleanup: OnCleanup(Raw::NULL); }
        }
    });
}

/// What 1.11 brought gets a newer device, and resources.
#[test]
fn u1_newer_device_callback_objects_refuse_null() {
    let ended = Objects::with(|objects| {
        untold::<true>(|hosted| {
            let device: IWDFDevice3 = objects.device.cast().unwrap();
            let device = Raw::of(&device);
            let list: IWDFCmResourceList = NoResources.into();
            let list = Raw::of(&list);
            let hardware: IPnpCallbackHardware2 = hosted.callback().unwrap();
            refuses! { hardware:
                OnPrepareHardware(Raw::NULL, list, list);
                OnPrepareHardware(device, Raw::NULL, list);
                OnPrepareHardware(device, list, Raw::NULL);
                OnReleaseHardware(Raw::NULL, list);
                OnReleaseHardware(device, Raw::NULL);
            }
            let interrupt: IPnpCallbackHardwareInterrupt = hosted.callback().unwrap();
            refuses! { interrupt:
                OnD0EntryPostInterruptsEnabled(Raw::NULL, WdfPowerDeviceD3);
                OnD0ExitPreInterruptsDisabled(Raw::NULL, WdfPowerDeviceD3);
            }
        });
    });
    assert_eq!(ended, S_OK);
}

#[test]
fn u1_queue_callback_objects_refuse_null() {
    let ended = Objects::with(|objects| {
        untold::<false>(|hosted| {
            let queue = Raw::of(&objects.queue);
            let request = Raw::of(&objects.request);
            let file = Raw::of(&objects.file);
            let read: IQueueCallbackRead = hosted.queue_callback(0).unwrap();
            ignores! { read:
                OnRead(Raw::NULL, request, 1);
                OnRead(queue, Raw::NULL, 1);
            }
            let write: IQueueCallbackWrite = hosted.queue_callback(0).unwrap();
            ignores! { write:
                OnWrite(Raw::NULL, request, 1);
                OnWrite(queue, Raw::NULL, 1);
            }
            let control: IQueueCallbackDeviceIoControl = hosted.queue_callback(0).unwrap();
            ignores! { control:
                OnDeviceIoControl(Raw::NULL, request, 0, 1, 1);
                OnDeviceIoControl(queue, Raw::NULL, 0, 1, 1);
            }
            let default: IQueueCallbackDefaultIoHandler = hosted.queue_callback(0).unwrap();
            ignores! { default:
                OnDefaultIoHandler(Raw::NULL, request);
                OnDefaultIoHandler(queue, Raw::NULL);
            }
            let stop: IQueueCallbackIoStop = hosted.queue_callback(0).unwrap();
            ignores! { stop:
                OnIoStop(Raw::NULL, request, 1);
                OnIoStop(queue, Raw::NULL, 1);
            }
            let resume: IQueueCallbackIoResume = hosted.queue_callback(0).unwrap();
            ignores! { resume:
                OnIoResume(Raw::NULL, request);
                OnIoResume(queue, Raw::NULL);
            }
            let canceled: IQueueCallbackIoCanceledOnQueue = hosted.queue_callback(0).unwrap();
            ignores! { canceled:
                OnIoCanceledOnQueue(Raw::NULL, request);
                OnIoCanceledOnQueue(queue, Raw::NULL);
            }
            let cancel: IRequestCallbackCancel = hosted.queue_callback(0).unwrap();
            ignores! { cancel: OnCancel(Raw::NULL); }
            let create: IQueueCallbackCreate = hosted.queue_callback(0).unwrap();
            ignores! { create:
                OnCreateFile(Raw::NULL, request, file);
                OnCreateFile(queue, Raw::NULL, file);
                OnCreateFile(queue, request, Raw::NULL);
            }
        });
    });
    assert_eq!(ended, E_POINTER, "of a request without its file it is said");
}

struct Waiting;

impl QueueStateChange for Waiting {
    fn on_state_change(&self, _queue: &Queue<'_, Self>, _state: QueueState) {
        unreachable!("there is no request")
    }
}

manual_queue_callback!(Waiting);

struct Nothing;

device_callback!(Nothing);

#[derive(Default)]
struct Waits;

impl Driver for Waits {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let device = init.create_device(Nothing)?;
        device.create_manual_queue(QueueConfig::default_queue(), Waiting)?;
        Ok(device.into())
    }
}

#[test]
fn u1_manual_queue_callback_objects_refuse_null() {
    let hosted = Hosted::started::<Waits>();
    let change: IQueueCallbackStateChange = hosted.queue_callback(0).unwrap();
    ignores! { change: OnStateChange(Raw::NULL, WdfIoQueueAcceptRequests); }
}

/// Resources of which there are none.
#[implement(IWDFCmResourceList)]
struct NoResources;

impl IWDFObject_Impl for NoResources_Impl {
    unsafe fn DeleteWdfObject(&self) -> HRESULT {
        S_OK
    }

    unsafe fn AssignContext(
        &self,
        _cleanup: Raw<IObjectCleanup>,
        _context: *mut c_void,
    ) -> HRESULT {
        S_OK
    }

    unsafe fn RetrieveContext(&self, _context: *mut *mut c_void) -> HRESULT {
        S_OK
    }

    unsafe fn AcquireLock(&self) {}

    unsafe fn ReleaseLock(&self) {}
}

impl IWDFCmResourceList_Impl for NoResources_Impl {
    unsafe fn GetCount(&self) -> u32 {
        0
    }

    unsafe fn GetDescriptor(&self, _index: u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
        null_mut()
    }
}
