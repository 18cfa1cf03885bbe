//! The kernel of the models: one callback, one key object, and what the rules say about them.
//!
//! It keeps its promises with the least synchronisation that they allow, and breaks one of them if
//! it is told to ([`Fault`]).

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use loom::sync::atomic::{AtomicI64, Ordering};
use loom::sync::{Condvar, Mutex, MutexGuard};
use wdm_sys as sys;

use crate::faults::Fault;
use crate::pool;

/// The cookie of the one registration.
const COOKIE: i64 = 0x0123_4567_89AB_CDEF;

std::thread_local! {
    /// The kernel of this execution: loom runs all threads of a model on one of the system's.
    static KERNEL: RefCell<Option<Arc<Kernel>>> = const { RefCell::new(None) };
}

pub(crate) struct Kernel {
    fault: Option<Fault>,
    callbacks: Mutex<Callbacks>,
    /// Told when no callback is in flight any more.
    idle: Condvar,
    key: KeyObject,
}

/// The list of callbacks, of one.
#[derive(Default)]
struct Callbacks {
    registered: Option<Registered>,
    /// It is being unregistered: no new call begins.
    ending: bool,
    in_flight: usize,
}

#[derive(Clone, Copy)]
struct Registered {
    routine: sys::EX_CALLBACK_FUNCTION,
    context: *mut c_void,
}

/// A key object that has a handle.
struct KeyObject {
    references: Mutex<usize>,
    /// The context for the one cookie.
    context: Mutex<*mut c_void>,
}

// SAFETY: the pointers are the driver's, which it may be called with on any thread.
unsafe impl Send for Kernel {}
// SAFETY: as above; they are behind locks.
unsafe impl Sync for Kernel {}

/// A registry operation on the key object.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    SetValue,
    QueryValue,
}

impl Kernel {
    pub(crate) fn boot(fault: Option<Fault>) -> Arc<Self> {
        let kernel = Arc::new(Self {
            fault,
            callbacks: Mutex::default(),
            idle: Condvar::new(),
            key: KeyObject {
                references: Mutex::new(1),
                context: Mutex::new(ptr::null_mut()),
            },
        });
        KERNEL.set(Some(Arc::clone(&kernel)));
        kernel
    }

    pub(crate) fn halt() {
        KERNEL.take();
    }

    fn current() -> Arc<Self> {
        KERNEL.with_borrow(|kernel| kernel.clone().expect("the machine is up"))
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn callbacks(&self) -> MutexGuard<'_, Callbacks> {
        self.callbacks.lock().expect("no thread panics")
    }

    fn references(&self) -> MutexGuard<'_, usize> {
        self.key.references.lock().expect("no thread panics")
    }

    fn context(&self) -> MutexGuard<'_, *mut c_void> {
        self.key.context.lock().expect("no thread panics")
    }

    fn object(&self) -> *mut c_void {
        ptr::from_ref(&self.key).cast_mut().cast()
    }

    /// An operation through the handle; does nothing if the handle is closed already.
    pub(crate) fn operate(&self, operation: Operation) {
        if !self.reference() {
            return;
        }
        self.notify(operation);
        if !self.has(Fault::OperationWithoutReference) {
            self.dereference();
        }
    }

    /// Closes the handle.
    pub(crate) fn close(&self) {
        self.dereference();
    }

    /// Finds the object of the handle and references it, in one step.
    fn reference(&self) -> bool {
        let mut references = self.references();
        let found = *references != 0;
        if found && !self.has(Fault::OperationWithoutReference) {
            *references += 1;
        }
        found
    }

    fn dereference(&self) {
        let mut references = self.references();
        *references -= 1;
        if *references != 0 {
            return;
        }
        drop(references);
        // The object is being destroyed (K3). If the callback is being unregistered, that cleans up.
        if let Some(registered) = self.enter() {
            self.clean_up(registered);
            self.leave();
        }
    }

    /// Begins a call, if there is a callback.
    fn enter(&self) -> Option<Registered> {
        let mut callbacks = self.callbacks();
        if callbacks.ending {
            return None;
        }
        let registered = callbacks.registered?;
        callbacks.in_flight += 1;
        Some(registered)
    }

    /// Ends a call.
    fn leave(&self) {
        let mut callbacks = self.callbacks();
        callbacks.in_flight -= 1;
        if callbacks.in_flight == 0 {
            self.idle.notify_all();
        }
    }

    /// The pre-notification of an operation.
    fn notify(&self, operation: Operation) {
        let Some(registered) = self.enter() else {
            return;
        };
        let context = *self.context();
        match operation {
            Operation::SetValue => {
                let mut info = zeroed::<sys::REG_SET_VALUE_KEY_INFORMATION>();
                info.Object = self.object();
                info.ObjectContext = context;
                registered.call(sys::RegNtPreSetValueKey, &mut info);
            }
            Operation::QueryValue => {
                let mut info = zeroed::<sys::REG_QUERY_VALUE_KEY_INFORMATION>();
                info.Object = self.object();
                info.ObjectContext = context;
                registered.call(sys::RegNtPreQueryValueKey, &mut info);
            }
        }
        self.leave();
    }

    /// The cleanup notification, if the object has a context (C3).
    fn clean_up(&self, registered: Registered) {
        let context = if self.has(Fault::CleanupTwice) {
            *self.context()
        } else {
            std::mem::replace(&mut *self.context(), ptr::null_mut())
        };
        if context.is_null() {
            return;
        }
        let mut info = zeroed::<sys::REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION>();
        info.Object = self.object();
        info.ObjectContext = context;
        registered.call(sys::RegNtCallbackObjectContextCleanup, &mut info);
    }

    /// R1, R3: the callback can be called before its cookie is there.
    fn register(&self, registered: Registered, cookie: &AtomicI64) {
        self.callbacks().registered = Some(registered);
        if self.has(Fault::NoCookie) {
            return;
        }
        if self.has(Fault::CookieInHalves) {
            cookie.store(COOKIE & 0xFFFF_FFFF, Ordering::Relaxed);
        }
        // One aligned store, with no more order than that (A14).
        cookie.store(COOKIE, Ordering::Relaxed);
    }

    /// R4: no new call begins, those in flight end, what contexts are left are cleaned up.
    fn unregister(&self, cookie: i64) -> sys::NTSTATUS {
        let mut callbacks = self.callbacks();
        let (COOKIE, Some(registered)) = (cookie, callbacks.registered) else {
            return sys::STATUS_INVALID_PARAMETER;
        };
        if self.has(Fault::CleanupBeforeWait) {
            drop(callbacks);
            self.clean_up(registered);
            callbacks = self.callbacks();
        }
        if !self.has(Fault::CallAfterUnregister) {
            callbacks.ending = true;
        }
        while callbacks.in_flight != 0 && !self.has(Fault::NoWait) {
            callbacks = self.idle.wait(callbacks).expect("no thread panics");
        }
        drop(callbacks);
        self.clean_up(registered);
        sys::STATUS_SUCCESS
    }

    /// C1, A9: exchanges the pointers one call at a time.
    fn set_context(&self, cookie: i64, new: *mut c_void) -> Option<*mut c_void> {
        if cookie != COOKIE {
            return None;
        }
        if self.has(Fault::ExchangeInTwoSteps) {
            let old = *self.context();
            *self.context() = new;
            return Some(old);
        }
        Some(std::mem::replace(&mut *self.context(), new))
    }
}

impl Registered {
    fn call<T>(&self, class: sys::REG_NOTIFY_CLASS, info: &mut T) {
        let class = ptr::without_provenance_mut(class as usize);
        let routine = self.routine.expect("a driver registers a routine");
        let info = ptr::from_mut(info).cast();
        // SAFETY: the class and its structure, for the routine with its context.
        let status = unsafe { routine(self.context, class, info) };
        assert_eq!(status, sys::STATUS_SUCCESS);
    }
}

/// A structure whose pointers are null.
pub(crate) fn zeroed<T>() -> T {
    // SAFETY: the kernel's structures are numbers and raw pointers, for which zero is valid.
    unsafe { std::mem::zeroed() }
}

#[unsafe(no_mangle)]
unsafe extern "system" fn CmRegisterCallbackEx(
    routine: sys::PEX_CALLBACK_FUNCTION,
    _altitude: sys::PCUNICODE_STRING,
    _driver: *mut c_void,
    context: *mut c_void,
    cookie: sys::PLARGE_INTEGER,
    _reserved: *mut c_void,
) -> sys::NTSTATUS {
    // SAFETY: under loom the driver's place for a cookie is an atomic of loom's, which stays until
    // the callback is unregistered.
    let cookie = unsafe { &*cookie.cast::<AtomicI64>() };
    Kernel::current().register(Registered { routine, context }, cookie);
    sys::STATUS_SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "system" fn CmUnRegisterCallback(cookie: sys::LARGE_INTEGER) -> sys::NTSTATUS {
    // SAFETY: every view of a LARGE_INTEGER is a number.
    let cookie = unsafe { cookie.QuadPart };
    Kernel::current().unregister(cookie)
}

#[unsafe(no_mangle)]
unsafe extern "system" fn CmSetCallbackObjectContext(
    _object: *mut c_void,
    cookie: sys::PLARGE_INTEGER,
    new: *mut c_void,
    old: *mut *mut c_void,
) -> sys::NTSTATUS {
    // SAFETY: the driver passes the cookie's address.
    let cookie = unsafe { cookie.read() };
    // SAFETY: every view of a LARGE_INTEGER is a number.
    let cookie = unsafe { cookie.QuadPart };
    let Some(replaced) = Kernel::current().set_context(cookie, new) else {
        return sys::STATUS_INVALID_PARAMETER;
    };
    // SAFETY: the driver passes a place for the old context.
    unsafe { old.write(replaced) };
    sys::STATUS_SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "system" fn IoAllocateDriverObjectExtension(
    driver: sys::PDRIVER_OBJECT,
    _identity: *mut c_void,
    size: sys::ULONG,
    extension: *mut *mut c_void,
) -> sys::NTSTATUS {
    let memory = pool::allocate(size as usize).cast::<c_void>();
    // SAFETY: the driver object of the model; this field is free for its kernel's use.
    unsafe { (*driver).DriverSection = memory };
    // SAFETY: the driver passes a place for the address.
    unsafe { extension.write(memory) };
    sys::STATUS_SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "system" fn IoGetDriverObjectExtension(
    driver: sys::PDRIVER_OBJECT,
    _identity: *mut c_void,
) -> *mut c_void {
    // SAFETY: the driver object of the model.
    unsafe { (*driver).DriverSection }
}

/// Every routine is there, as on a newer Windows. A model calls none of them.
#[unsafe(no_mangle)]
extern "system" fn MmGetSystemRoutineAddress(_name: sys::PUNICODE_STRING) -> *mut c_void {
    extern "system" fn not_called() -> ! {
        panic!("a model calls no routine that is looked up");
    }
    (not_called as *const ()).cast_mut().cast()
}

/// The stack of a model's thread is not one of the kernel's: nothing is found on it.
#[unsafe(no_mangle)]
extern "system" fn RtlCaptureStackBackTrace(
    _skip: sys::ULONG,
    _count: sys::ULONG,
    _frames: *mut *mut c_void,
    _hash: sys::PULONG,
) -> sys::USHORT {
    0
}

#[unsafe(no_mangle)]
extern "system" fn RtlLookupFunctionEntry(
    _address: sys::ULONG_PTR,
    _base: sys::PULONG_PTR,
    _history: *mut c_void,
) -> sys::PRUNTIME_FUNCTION {
    ptr::null_mut()
}

#[unsafe(no_mangle)]
extern "system" fn KeBugCheckEx(
    code: sys::ULONG,
    _: sys::ULONG_PTR,
    _: sys::ULONG_PTR,
    _: sys::ULONG_PTR,
    _: sys::ULONG_PTR,
) -> ! {
    panic!("bug check {code:#x}");
}
