//! U6, U8 to U12: what belongs to a device, used as it must not be. The drivers call the interfaces of `umdf_callback::raw`, as its safe
//! forms do not let them.

use core::ffi::c_void;
use core::ptr::{null, null_mut};
use std::cell::RefCell;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use wdm_sim::umdf::Rule;
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use self::driver::{Plan, broken, nothing};

mod driver;

/// The rules that the cases are for.
pub(crate) const RULES: &[Rule] = &[
    Rule::PropertyStore,
    Rule::Interrupt,
    Rule::Remote,
    Rule::Idle,
    Rule::WorkItem,
    Rule::Hardware,
];

const CLASS: GUID = GUID::from_u128(0x781e_f630_72b2_11d2_b852_00c0_4fad_5171);
const S_OK: HRESULT = HRESULT(0);

/// The rules that a driver breaks which does something with its new device.
fn rules(after: fn(&IWDFDevice3)) -> Vec<(Rule, String)> {
    broken(Plan::of(nothing(), after), |_| ())
}

fn once(rule: Rule, method: &str) -> Vec<(Rule, String)> {
    vec![(rule, method.to_owned())]
}

/// The store that a root opens with an access.
fn store(
    device: &IWDFDevice3,
    service: *const u16,
    access: u32,
) -> Option<IWDFNamedPropertyStore2> {
    let factory: IWDFPropertyStoreFactory = device.cast().expect("the device has it");
    let root = WDF_PROPERTY_STORE_ROOT {
        LengthCb: size_of::<WDF_PROPERTY_STORE_ROOT>() as u32,
        RootClass: WdfPropertyStoreRootClassHardwareKey,
        Qualifier: [service.cast(), null()],
    };
    let mut store = Raw::NULL;
    // SAFETY: all pointers are valid or optional.
    let _ = unsafe {
        factory.RetrieveDevicePropertyStore(
            &root,
            WdfPropertyStoreCreateIfMissing,
            access,
            null(),
            &raw mut store,
            null_mut(),
        )
    };
    // SAFETY: what the factory gave, with its reference.
    unsafe { store.into_owned() }
}

#[test]
fn u6_more_than_a_store_was_opened_for() {
    let root = rules(|device| {
        let root = ['\\' as u16, 0];
        assert!(store(device, root.as_ptr(), 0x2).is_none(), "KEY_SET_VALUE");
        assert!(store(device, root.as_ptr(), 0x1).is_some());
    });
    let method = "RetrieveDevicePropertyStore";
    assert_eq!(root, once(Rule::PropertyStore, method));
    let all = rules(|device| assert!(store(device, null(), 0x4000_0001).is_none()));
    assert_eq!(all, once(Rule::PropertyStore, method), "GENERIC_WRITE");
    let written = rules(|device| {
        let store = store(device, null(), 0x1).expect("it is opened");
        let name = ['a' as u16, 0];
        let value = PROPVARIANT {
            vt: VT_UI4,
            ..PROPVARIANT::EMPTY
        };
        // SAFETY: the name and the value are valid.
        assert!(unsafe { store.SetNamedValue(name.as_ptr(), &value) }.is_err());
    });
    assert_eq!(written, once(Rule::PropertyStore, "SetNamedValue"));
}

unsafe extern "system" fn on_isr(
    interrupt: Raw<IWDFInterrupt>,
    _message: u32,
    _reserved: u32,
) -> u8 {
    // SAFETY: the framework's interface.
    let interrupt = unsafe { interrupt.borrow() }.expect("there is one");
    // SAFETY: no preconditions that memory depends on.
    unsafe { interrupt.AcquireInterruptLock() };
    1
}

fn interrupt(device: &IWDFDevice3) -> IWDFInterrupt {
    let mut config = WUDF_INTERRUPT_CONFIG {
        Size: size_of::<WUDF_INTERRUPT_CONFIG>() as u32,
        ShareVector: WdfUseDefault,
        AutomaticSerialization: 0,
        OnInterruptIsr: Some(on_isr),
        OnInterruptEnable: None,
        OnInterruptDisable: None,
        OnInterruptWorkItem: None,
        InterruptRaw: null_mut(),
        InterruptTranslated: null_mut(),
    };
    let mut interrupt = Raw::NULL;
    // SAFETY: the structure and the place are valid.
    let made = unsafe { device.CreateInterrupt(&raw mut config, &raw mut interrupt) };
    assert_eq!(made, S_OK);
    // SAFETY: what CreateInterrupt gave, with its reference.
    unsafe { interrupt.into_owned() }.expect("it is made")
}

#[test]
fn u8_an_interrupts_lock() {
    let released = rules(|device| {
        // SAFETY: no preconditions that memory depends on.
        unsafe { interrupt(device).ReleaseInterruptLock() };
    });
    assert_eq!(released, once(Rule::Interrupt, "ReleaseInterruptLock"));
    let plan = Plan::of(nothing(), |device| drop(interrupt(device)));
    let again = broken(plan, |device| {
        device.start().expect("it starts");
        assert!(device.interrupt(0, 0));
    });
    assert_eq!(again, once(Rule::Interrupt, "AcquireInterruptLock"));
}

/// A callback object that does nothing of what it has to do for the object that a callback is about.
#[implement(
    IPnpCallbackRemoteInterfaceNotification,
    IRemoteInterfaceCallbackRemoval,
    IRemoteTargetCallbackRemoval
)]
struct Idle {
    device: RefCell<Option<IWDFDevice3>>,
    late: RefCell<Option<IWDFRemoteInterfaceInitialize>>,
}

impl IPnpCallbackRemoteInterfaceNotification_Impl for Idle_Impl {
    unsafe fn OnRemoteInterfaceArrival(&self, init: Raw<IWDFRemoteInterfaceInitialize>) {
        let Some(device) = self.device.borrow().clone() else {
            return;
        };
        let callback: IUnknown = windows_core::IUnknownImpl::to_object(self).to_interface();
        let mut interface = Raw::NULL;
        // SAFETY: the interfaces and the place are valid.
        let made =
            unsafe { device.CreateRemoteInterface(init, Raw::of(&callback), &raw mut interface) };
        assert_eq!(made, S_OK);
        // SAFETY: what CreateRemoteInterface gave, with its reference.
        let interface = unsafe { interface.into_owned() }.expect("it is made");
        let mut target = Raw::NULL;
        // SAFETY: the interfaces and the place are valid; the parent is optional.
        let made =
            unsafe { device.CreateRemoteTarget(Raw::of(&callback), Raw::NULL, &raw mut target) };
        assert_eq!(made, S_OK);
        // SAFETY: what CreateRemoteTarget gave, with its reference.
        let target = unsafe { target.into_owned() }.expect("it is made");
        // SAFETY: the interface is valid; the others are optional.
        let opened = unsafe { target.OpenRemoteInterface(Raw::of(&interface), null(), 0, null()) };
        assert_eq!(opened, S_OK);
        // SAFETY: the framework's interface.
        *self.late.borrow_mut() = unsafe { init.borrow() }.map(|init| init.to_owned());
    }
}

impl IRemoteInterfaceCallbackRemoval_Impl for Idle_Impl {
    unsafe fn OnRemoteInterfaceRemoval(&self, _interface: Raw<IWDFRemoteInterface>) {}
}

impl IRemoteTargetCallbackRemoval_Impl for Idle_Impl {
    unsafe fn OnRemoteTargetQueryRemove(&self, _target: Raw<IWDFRemoteTarget>) -> BOOL {
        true.into()
    }

    unsafe fn OnRemoteTargetRemoveCanceled(&self, _target: Raw<IWDFRemoteTarget>) {}

    unsafe fn OnRemoteTargetRemoveComplete(&self, _target: Raw<IWDFRemoteTarget>) {}
}

thread_local! {
    static IDLE: RefCell<Option<ComObject<Idle>>> = const { RefCell::new(None) };
}

fn listen(device: &IWDFDevice3) -> HRESULT {
    // SAFETY: the GUID is valid.
    unsafe { device.RegisterRemoteInterfaceNotification(&CLASS, true.into()) }
}

#[test]
fn u9_remote_objects_that_are_left_alone() {
    let idle = ComObject::new(Idle {
        device: RefCell::default(),
        late: RefCell::default(),
    });
    IDLE.set(Some(idle.clone()));
    let callback: IUnknown = idle.to_interface();
    drop(idle);
    let plan = Plan::of(callback, |device| {
        IDLE.with_borrow(|idle| {
            let idle = idle.as_ref().expect("it was set");
            *idle.device.borrow_mut() = Some(device.clone());
        });
        assert_eq!(listen(device), S_OK);
    });
    let rules = broken(plan, |device| {
        device.start().expect("it starts");
        let remote = device.arrive(CLASS, "remote");
        assert!(remote.query_remove());
        remote.remove();
        let idle = IDLE.take().expect("it was set");
        let own = idle.device.take().expect("it was added");
        let late = idle.late.take().expect("something has arrived");
        let mut interface = Raw::NULL;
        // SAFETY: the interfaces and the place are valid; the callback is optional.
        let made =
            unsafe { own.CreateRemoteInterface(Raw::of(&late), Raw::NULL, &raw mut interface) };
        assert!(made.is_err(), "the callback is over");
    });
    let methods = [
        "OnRemoteTargetQueryRemove",
        "OnRemoteTargetRemoveComplete",
        "OnRemoteInterfaceRemoval",
        "CreateRemoteInterface",
    ];
    let expected: Vec<(Rule, String)> = methods
        .iter()
        .map(|method| (Rule::Remote, (*method).to_owned()))
        .collect();
    assert_eq!(rules, expected);
    let deaf = broken(
        Plan::of(nothing(), |device| assert!(listen(device).is_err())),
        |_| (),
    );
    assert_eq!(
        deaf,
        once(Rule::Remote, "RegisterRemoteInterfaceNotification")
    );
}

#[test]
fn u10_resumed_more_often_than_stopped() {
    // SAFETY: no preconditions that memory depends on.
    let rules = rules(|device| unsafe { device.ResumeIdle() });
    assert_eq!(rules, once(Rule::Idle, "ResumeIdle"));
}

#[test]
fn u10_direct_buffers_that_are_copied_at_once() {
    let plan = Plan {
        before: |init| {
            const AT_ONCE: WDF_DEVICE_IO_BUFFER_RETRIEVAL =
                WdfDeviceIoBufferRetrievalCopyImmediately;
            // SAFETY: before CreateDevice.
            unsafe { init.SetIoTypePreference(AT_ONCE, WdfDeviceIoDirect, WdfDeviceIoBuffered) };
        },
        ..Plan::of(nothing(), |_| ())
    };
    let rules = broken(plan, |_| ());
    assert_eq!(rules, once(Rule::Argument, "SetIoTypePreference"));
}

unsafe extern "system" fn on_work_item(item: Raw<IWDFWorkItem>) {
    // SAFETY: the framework's interface.
    let item = unsafe { item.borrow() }.expect("there is one");
    // SAFETY: no preconditions that memory depends on.
    unsafe { item.Flush() };
}

#[test]
fn u11_a_work_item_that_waits_for_itself() {
    let rules = rules(|device| {
        let mut config = WUDF_WORKITEM_CONFIG {
            Size: size_of::<WUDF_WORKITEM_CONFIG>() as u32,
            OnWorkItemFunc: Some(on_work_item),
            AutomaticSerialization: 1,
        };
        let mut item = Raw::NULL;
        // SAFETY: the structure and the place are valid.
        let made =
            unsafe { device.CreateWorkItem(&raw mut config, Raw::of(device), &raw mut item) };
        assert_eq!(made, S_OK);
        // SAFETY: what CreateWorkItem gave, with its reference.
        let item = unsafe { item.into_owned() }.expect("it is made");
        // SAFETY: no preconditions that memory depends on.
        unsafe { item.Enqueue() };
        // SAFETY: as above.
        unsafe { item.Flush() };
    });
    assert_eq!(rules, once(Rule::WorkItem, "Flush"));
}

#[test]
fn u12_registers_that_are_not_there() {
    let rules = rules(|device| {
        let mut base: *mut c_void = null_mut();
        // SAFETY: the place is valid.
        let mapped = unsafe { device.MapIoSpace(0xfee0_0000, 16, MmNonCached, &raw mut base) };
        assert!(mapped.is_err(), "it is not the device's");
        const KIND: WDF_DEVICE_HWACCESS_TARGET_TYPE = WdfDeviceHwAccessTargetTypeRegister;
        const SIZE: WDF_DEVICE_HWACCESS_TARGET_SIZE = WdfDeviceHwAccessTargetSizeUlong;
        // SAFETY: the simulator looks at the address only.
        unsafe { device.ReadFromHardware(KIND, SIZE, base, null_mut(), 0) };
        // SAFETY: as above.
        unsafe { device.UnmapIoSpace(base, 16) };
    });
    let expected = ["MapIoSpace", "ReadFromHardware", "UnmapIoSpace"];
    let expected: Vec<(Rule, String)> = expected
        .iter()
        .map(|method| (Rule::Hardware, (*method).to_owned()))
        .collect();
    assert_eq!(rules, expected);
}
