//! A tiny driver for tests: callbacks whose bodies are closures, registered through the exports.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use wdm_sim::cm::classes;
use wdm_sim::{Finding, Machine, Rule, Status};
use wdm_sys::*;

/// What a callback's body gets.
pub(crate) struct Event<'a> {
    /// The notification's class.
    pub(crate) class: REG_NOTIFY_CLASS,
    info: PVOID,
    filter: &'a Inner,
}

type Body = dyn Fn(&Event<'_>) -> Status + Send + Sync;

struct Inner {
    cookie: UnsafeCell<LARGE_INTEGER>,
    body: Box<Body>,
}

// SAFETY: the kernel writes the cookie once, while it registers the callback.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

unsafe extern "system" fn trampoline(context: PVOID, class: PVOID, info: PVOID) -> NTSTATUS {
    // SAFETY: the context is the `Inner` that `Filter` keeps until it is unregistered.
    let filter = unsafe { &*context.cast::<Inner>() };
    let class = class.addr() as REG_NOTIFY_CLASS;
    let event = Event {
        class,
        info,
        filter,
    };
    (filter.body)(&event).0
}

/// A callback. It is leaked rather than freed if a test forgets to unregister it.
pub(crate) struct Filter {
    inner: Arc<Inner>,
}

impl Filter {
    fn new(body: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static) -> Self {
        let inner = Arc::new(Inner {
            cookie: UnsafeCell::new(LARGE_INTEGER { QuadPart: 0 }),
            body: Box::new(body),
        });
        std::mem::forget(Arc::clone(&inner));
        Self { inner }
    }

    fn context(&self) -> PVOID {
        Arc::as_ptr(&self.inner).cast_mut().cast()
    }

    /// The cookie; 0 before it is published.
    pub(crate) fn cookie(&self) -> i64 {
        self.inner.cookie()
    }

    /// Unregisters, from a thread of the System process.
    pub(crate) fn unregister(&self, machine: &Machine) -> Status {
        let _thread = machine.system_process().enter();
        unregister(self.cookie())
    }
}

impl Inner {
    fn cookie(&self) -> i64 {
        // SAFETY: read whole; the kernel writes it once.
        unsafe { self.cookie.get().cast::<i64>().read_volatile() }
    }
}

/// `CmUnRegisterCallback`, on a thread that has entered a machine.
pub(crate) fn unregister(cookie: i64) -> Status {
    // SAFETY: a number is all that it takes.
    Status(unsafe { CmUnRegisterCallback(LARGE_INTEGER { QuadPart: cookie }) })
}

/// A `UNICODE_STRING` over text.
pub(crate) struct Wide {
    units: Vec<u16>,
    string: UNICODE_STRING,
}

impl Wide {
    pub(crate) fn new(text: &str) -> Box<Self> {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        let bytes = (units.len() * 2) as u16;
        let buffer = units.as_mut_ptr();
        Box::new(Self {
            units,
            string: UNICODE_STRING {
                Length: bytes,
                MaximumLength: bytes,
                Buffer: buffer,
            },
        })
    }

    pub(crate) fn as_ptr(&mut self) -> PUNICODE_STRING {
        debug_assert_eq!(self.string.Length as usize, self.units.len() * 2);
        &raw mut self.string
    }
}

/// Registers a callback from a thread of the System process; the error is the kernel's.
pub(crate) fn try_register(
    machine: &Machine,
    altitude: &str,
    body: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> Result<Filter, Status> {
    let _thread = machine.system_process().enter();
    register_here(altitude, body)
}

/// As [`try_register`], on a thread that has entered a machine.
pub(crate) fn register_here(
    altitude: &str,
    body: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> Result<Filter, Status> {
    let filter = Filter::new(body);
    let mut altitude = Wide::new(altitude);
    // SAFETY: the filter is leaked, so the context and the cookie's place outlive the callback.
    let status = Status(unsafe {
        CmRegisterCallbackEx(
            Some(trampoline),
            altitude.as_ptr(),
            ptr::without_provenance_mut(0x1000),
            filter.context(),
            filter.inner.cookie.get(),
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| filter)
}

/// Registers a callback that must be accepted.
pub(crate) fn register(
    machine: &Machine,
    altitude: &str,
    body: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> Filter {
    try_register(machine, altitude, body).unwrap()
}

/// Registers with `CmRegisterCallback`.
pub(crate) fn register_legacy(
    machine: &Machine,
    body: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> Filter {
    let _thread = machine.system_process().enter();
    let filter = Filter::new(body);
    // SAFETY: the filter is leaked, so the context and the cookie's place outlive the callback.
    let status = Status(unsafe {
        CmRegisterCallback(
            Some(trampoline),
            filter.context(),
            filter.inner.cookie.get(),
        )
    });
    assert_eq!(status, Status::SUCCESS);
    filter
}

macro_rules! views {
    ($($name:ident: $structure:ident = $($class:ident)|*;)*) => {
        impl Event<'_> {
            $(pub(crate) fn $name(&self) -> &mut $structure {
                assert!(
                    matches!(self.class, $($class)|*),
                    "{} has another structure", classes::name(self.class)
                );
                // SAFETY: the class has this structure, which the kernel lends for this call.
                unsafe { &mut *self.info.cast::<$structure>() }
            })*
        }
    };
}

views! {
    open: REG_CREATE_KEY_INFORMATION_V1 = RegNtPreOpenKeyEx | RegNtPreCreateKeyEx;
    set_value: REG_SET_VALUE_KEY_INFORMATION = RegNtPreSetValueKey;
    query_value: REG_QUERY_VALUE_KEY_INFORMATION = RegNtPreQueryValueKey;
    close: REG_KEY_HANDLE_CLOSE_INFORMATION = RegNtPreKeyHandleClose;
    load: REG_LOAD_KEY_INFORMATION_V2 = RegNtPreLoadKey;
    unload: REG_UNLOAD_KEY_INFORMATION = RegNtPreUnLoadKey;
    save: REG_SAVE_KEY_INFORMATION = RegNtPreSaveKey;
    save_merged: REG_SAVE_MERGED_KEY_INFORMATION = RegNtPreSaveMergedKey;
    restore: REG_RESTORE_KEY_INFORMATION = RegNtPreRestoreKey;
    replace: REG_REPLACE_KEY_INFORMATION = RegNtPreReplaceKey;
    cleanup: REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION = RegNtCallbackObjectContextCleanup;
}

impl<'a> Event<'a> {
    /// The class's name.
    pub(crate) fn name(&self) -> &'static str {
        classes::name(self.class)
    }

    /// The structure, of whatever type.
    pub(crate) fn information(&self) -> PVOID {
        self.info
    }

    /// Whether this is a post-notification.
    pub(crate) fn is_post(&self) -> bool {
        self.name().starts_with("RegNtPost")
    }

    /// The structure of a post-notification.
    pub(crate) fn post(&self) -> &'a mut REG_POST_OPERATION_INFORMATION {
        assert!(self.is_post(), "{} is no post-notification", self.name());
        // SAFETY: all post-notifications have this structure, lent for this call.
        unsafe { &mut *self.info.cast::<REG_POST_OPERATION_INFORMATION>() }
    }

    /// The pre-notification's structure, in the post-notification of a create or open.
    pub(crate) fn opened(&self) -> &'a mut REG_CREATE_KEY_INFORMATION_V1 {
        assert!(matches!(
            self.class,
            RegNtPostOpenKeyEx | RegNtPostCreateKeyEx
        ));
        // SAFETY: those classes' pre-notifications have this structure.
        unsafe { &mut *self.post().PreInformation.cast() }
    }

    /// The pre-notification's structure, in the post-notification of a set.
    pub(crate) fn value_set(&self) -> &'a mut REG_SET_VALUE_KEY_INFORMATION {
        assert_eq!(self.class, RegNtPostSetValueKey);
        // SAFETY: that class's pre-notification has this structure.
        unsafe { &mut *self.post().PreInformation.cast() }
    }

    /// The key object of a successful post-create or post-open.
    pub(crate) fn opened_object(&self) -> Option<PVOID> {
        let is_open = matches!(self.class, RegNtPostOpenKeyEx | RegNtPostCreateKeyEx);
        (is_open && self.post().Status == 0).then(|| self.post().Object)
    }

    /// Sets `*ResultObject`.
    pub(crate) fn set_result_object(&self, info: &REG_CREATE_KEY_INFORMATION_V1, object: PVOID) {
        // SAFETY: the kernel gave a place for it.
        unsafe { info.ResultObject.write(object) };
    }

    /// The own cookie; 0 before it is published.
    pub(crate) fn cookie(&self) -> i64 {
        self.filter.cookie()
    }

    /// `CmSetCallbackObjectContext` with the own cookie: the status and the old context.
    pub(crate) fn set_context(&self, object: PVOID, context: usize) -> (Status, usize) {
        set_context(self.cookie(), object, context)
    }

    /// `CmCallbackGetKeyObjectIDEx`: the id and the name.
    pub(crate) fn id_ex(&self, object: PVOID) -> Result<(u64, String), Status> {
        id_ex(self.cookie(), object)
    }

    /// `CmGetBoundTransaction`.
    pub(crate) fn transaction(&self, object: PVOID) -> PVOID {
        let mut cookie = LARGE_INTEGER {
            QuadPart: self.cookie(),
        };
        // SAFETY: the place is live.
        unsafe { CmGetBoundTransaction(&raw mut cookie, object) }
    }

    /// `CmCallbackGetKeyObjectID`: the id and the name.
    pub(crate) fn id(&self, object: PVOID) -> Result<(u64, String), Status> {
        let mut cookie = LARGE_INTEGER {
            QuadPart: self.cookie(),
        };
        let mut id = 0;
        let mut name: PCUNICODE_STRING = ptr::null();
        // SAFETY: all places are live.
        let status = Status(unsafe {
            CmCallbackGetKeyObjectID(&raw mut cookie, object, &raw mut id, &raw mut name)
        });
        status.to_result()?;
        Ok((id, text(name)))
    }
}

/// `CmSetCallbackObjectContext`.
pub(crate) fn set_context(cookie: i64, object: PVOID, context: usize) -> (Status, usize) {
    let mut cookie = LARGE_INTEGER { QuadPart: cookie };
    let mut old = ptr::null_mut();
    let context = ptr::without_provenance_mut(context);
    // SAFETY: all places are live; the kernel only carries the context.
    let status = Status(unsafe {
        CmSetCallbackObjectContext(object, &raw mut cookie, context, &raw mut old)
    });
    (status, old.addr())
}

/// `CmCallbackGetKeyObjectIDEx`, the name given back.
pub(crate) fn id_ex(cookie: i64, object: PVOID) -> Result<(u64, String), Status> {
    let mut cookie = LARGE_INTEGER { QuadPart: cookie };
    let mut id = 0;
    let mut name: PCUNICODE_STRING = ptr::null();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        CmCallbackGetKeyObjectIDEx(&raw mut cookie, object, &raw mut id, &raw mut name, 0)
    });
    status.to_result()?;
    let copy = text(name);
    // SAFETY: the name came from the call above.
    unsafe { CmCallbackReleaseKeyObjectIDEx(name) };
    Ok((id, copy))
}

/// The text of a kernel's string.
pub(crate) fn text(string: PCUNICODE_STRING) -> String {
    // SAFETY: the kernel's strings are valid for the notification.
    let string = unsafe { string.read() };
    // SAFETY: as above.
    let units = unsafe { std::slice::from_raw_parts(string.Buffer, string.Length as usize / 2) };
    String::from_utf16_lossy(units)
}

/// A kernel-mode caller's open key: a kernel handle.
pub(crate) struct KernelKey(pub(crate) HANDLE);

impl KernelKey {
    /// `ZwOpenKey` with `OBJ_KERNEL_HANDLE`.
    pub(crate) fn open(path: &str) -> Result<Self, Status> {
        let mut path = Wide::new(path);
        let mut attributes = attributes(ptr::null_mut(), path.as_ptr());
        let mut handle = ptr::null_mut();
        // SAFETY: all places are live.
        let status =
            Status(unsafe { ZwOpenKey(&raw mut handle, KEY_ALL_ACCESS, &raw mut attributes) });
        status.to_result().map(|()| Self(handle))
    }

    /// `ObReferenceObjectByHandle`.
    pub(crate) fn object(&self) -> PVOID {
        let mut object = ptr::null_mut();
        // SAFETY: all places are live.
        let status = unsafe {
            ObReferenceObjectByHandle(
                self.0,
                KEY_ALL_ACCESS,
                ptr::null_mut(),
                0,
                &raw mut object,
                ptr::null_mut(),
            )
        };
        assert_eq!(Status(status), Status::SUCCESS);
        object
    }

    /// `ZwSetValueKey` with a `REG_DWORD`.
    pub(crate) fn set_dword(&self, name: &str, mut number: u32) -> Status {
        let mut name = Wide::new(name);
        let data = (&raw mut number).cast();
        // SAFETY: all places are live.
        Status(unsafe { ZwSetValueKey(self.0, name.as_ptr(), 0, REG_DWORD, data, 4) })
    }
}

impl Drop for KernelKey {
    fn drop(&mut self) {
        // SAFETY: any number can be given.
        unsafe { ZwClose(self.0) };
    }
}

/// Attributes for a kernel handle.
pub(crate) fn attributes(root: HANDLE, name: PUNICODE_STRING) -> OBJECT_ATTRIBUTES {
    OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root,
        ObjectName: name,
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    }
}

/// `ObDereferenceObject`.
pub(crate) fn dereference(object: PVOID) {
    // SAFETY: the simulated kernel copes with any pointer.
    unsafe { ObfDereferenceObject(object) };
}

/// `ObReferenceObject`.
pub(crate) fn reference(object: PVOID) {
    // SAFETY: the simulated kernel copes with any pointer.
    unsafe { ObfReferenceObject(object) };
}

/// What the driver that is being loaded registers, and its cookie from then on.
static DRIVER: Mutex<(Option<Box<Body>>, i64)> = Mutex::new((None, 0));
/// One test at a time loads a driver.
static LOADING: Mutex<()> = Mutex::new(());

unsafe extern "system" fn driver_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    // SAFETY: the kernel gave the driver its own object.
    unsafe { (*driver).DriverUnload = Some(driver_unload) };
    let mut state = DRIVER.lock().unwrap();
    let Some(body) = state.0.take() else {
        return Status::INVALID_PARAMETER.0;
    };
    match register_here("380010", body) {
        Ok(filter) => state.1 = filter.cookie(),
        Err(status) => return status.0,
    }
    Status::SUCCESS.0
}

unsafe extern "system" fn driver_unload(_: PDRIVER_OBJECT) {
    let cookie = DRIVER.lock().unwrap().1;
    assert_eq!(unregister(cookie), Status::SUCCESS);
}

/// Loads a driver with one callback, runs `during`, and unloads it.
pub(crate) fn run_driver(
    machine: &Machine,
    name: &str,
    body: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
    during: impl FnOnce(),
) {
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    DRIVER.lock().unwrap().0 = Some(Box::new(body));
    // SAFETY: the driver touches what it was given and allocated only.
    let driver = unsafe { machine.load_linked(name, driver_entry) }.unwrap();
    during();
    machine.unload(driver).unwrap();
}

/// Notes that tests make from callbacks and compare at the end.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A machine with the demonstration hive.
pub(crate) fn machine() -> Machine {
    Machine::builder().build().unwrap()
}

/// Fails the test if a machine has findings.
pub(crate) fn assert_clean(machine: &Machine) {
    let findings = machine.report().findings;
    assert!(findings.is_empty(), "{findings:#?}");
}

/// The one finding of a machine, which must be of `rule` and name `call`.
pub(crate) fn assert_only(machine: &Machine, rule: Rule, call: &str) -> Finding {
    let findings = machine.report().findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].rule, rule, "{findings:#?}");
    assert_eq!(findings[0].call, call, "{findings:#?}");
    findings[0].clone()
}

/// A key that every machine of these tests has.
pub(crate) const SYSTEM: &str = r"\REGISTRY\MACHINE\SYSTEM";
