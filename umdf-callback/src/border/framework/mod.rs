//! Calls to the framework's objects, each as a safe method.

use core::ops::Deref;
use core::ptr::null;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, Interface};

use super::{E_INVALIDARG, E_POINTER};
use crate::Result;
use crate::raw::*;

mod device;
mod device3;
pub(crate) mod hardware;
mod property;
mod queue;
mod remote;
mod request;
mod send;
mod target;

pub(crate) use self::send::NO_PARAMETERS;

const ERROR_INSUFFICIENT_BUFFER: HRESULT = HRESULT::from_win32(122);

/// A reference to a framework object.
#[derive(Clone, Debug)]
pub struct Framework<I>(I);

// SAFETY: the framework's objects may be used, and references to them given up, on any thread (F5).
unsafe impl<I> Send for Framework<I> {}
// SAFETY: as above.
unsafe impl<I> Sync for Framework<I> {}

impl<I: Interface> Framework<I> {
    /// A reference of its own to an object that is there.
    pub(crate) fn to(object: &I) -> Self {
        Framework(object.clone())
    }

    /// The object that a method gave out with its reference (F3).
    fn given(object: Raw<I>) -> Option<Self> {
        // SAFETY: out parameters receive null, or the interface that they are declared for with a reference (F3).
        unsafe { object.into_owned() }.map(Framework)
    }

    /// The same, where an object has to come.
    fn made(result: HRESULT, object: Raw<I>) -> Result<Self> {
        result.ok()?;
        Self::given(object).ok_or_else(|| E_POINTER.into())
    }

    /// Another interface of the object.
    pub(crate) fn query<J: Interface>(&self) -> Result<Framework<J>> {
        self.0.cast().map(Framework)
    }

    /// What tells it from others as long as the framework has it: the address of `IUnknown`.
    pub(crate) fn address(&self) -> Option<usize> {
        let identity = self.0.cast::<IUnknown>().ok()?;
        Some(identity.as_raw().addr())
    }

    /// Whether both are the same object: COM's identity, the address of `IUnknown`.
    pub(crate) fn is<J: Interface>(&self, other: &Framework<J>) -> bool {
        let (this, other) = (self.0.cast::<IUnknown>(), other.0.cast::<IUnknown>());
        this.is_ok_and(|this| other.is_ok_and(|other| this == other))
    }
}

impl<I> Deref for Framework<I> {
    type Target = I;

    fn deref(&self) -> &I {
        &self.0
    }
}

impl Framework<IWDFObject> {
    /// Takes the lock of the object's callbacks.
    pub(crate) fn acquire_lock(&self) {
        // SAFETY: the object supports it; that it is released on this thread, the guard sees to.
        unsafe { self.AcquireLock() }
    }

    pub(crate) fn release_lock(&self) {
        // SAFETY: this thread has taken it.
        unsafe { self.ReleaseLock() }
    }
}

/// A string that a method writes into a buffer: `method` is called for the length, then for the string.
fn string(method: impl Fn(*mut u16, *mut u32) -> HRESULT) -> Result<String> {
    let mut length = 0;
    let asked = method(core::ptr::null_mut(), &raw mut length);
    if asked != ERROR_INSUFFICIENT_BUFFER {
        asked.ok()?;
    }
    let mut buffer = vec![0_u16; length as usize];
    method(buffer.as_mut_ptr(), &raw mut length).ok()?;
    let end = buffer.iter().position(|&unit| unit == 0);
    Ok(String::from_utf16_lossy(
        &buffer[..end.unwrap_or(buffer.len())],
    ))
}

/// A string with its NUL, for a method.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// The same, where a NUL in the string would cut it off.
fn text(text: &str) -> Result<Vec<u16>> {
    if text.contains('\0') {
        return Err(E_INVALIDARG.into());
    }
    Ok(wide(text))
}

/// An optional one.
fn wide_pointer(text: Option<&Vec<u16>>) -> *const u16 {
    text.map_or(null(), |text| text.as_ptr())
}

impl Framework<IWDFDriver> {
    pub(crate) fn create_device(
        &self,
        init: &Framework<IWDFDeviceInitialize>,
        callback: &IUnknown,
    ) -> Result<Framework<IWDFDevice>> {
        let mut device = Raw::NULL;
        // SAFETY: the interfaces are valid; the framework takes references of its own.
        let result =
            unsafe { self.CreateDevice(Raw::of(init), Raw::of(callback), &raw mut device) };
        Framework::made(result, device)
    }

    pub(crate) fn is_version_available(&self, version: UMDF_VERSION_DATA) -> bool {
        let mut version = version;
        // SAFETY: the structure is valid during the call.
        unsafe { self.IsVersionAvailable(&raw mut version) }.as_bool()
    }

    pub(crate) fn version(&self) -> Result<String> {
        // SAFETY: buffer and length belong together (F8).
        string(|buffer, length| unsafe { self.RetrieveVersionString(buffer, length) })
    }
}

impl Framework<IWDFDeviceInitialize> {
    pub(crate) fn set_filter(&self) {
        // SAFETY: no preconditions before CreateDevice (U3).
        unsafe { self.SetFilter() }
    }

    pub(crate) fn set_locking_constraint(&self, constraint: WDF_CALLBACK_CONSTRAINT) {
        // SAFETY: as above.
        unsafe { self.SetLockingConstraint(constraint) }
    }

    pub(crate) fn set_power_policy_ownership(&self, owner: bool) {
        // SAFETY: as above.
        unsafe { self.SetPowerPolicyOwnership(owner.into()) }
    }

    pub(crate) fn auto_forward(&self, state: WDF_TRI_STATE) {
        // SAFETY: as above.
        unsafe { self.AutoForwardCreateCleanupClose(state) }
    }

    pub(crate) fn set_pnp_capability(&self, capability: WDF_PNP_CAPABILITY, value: WDF_TRI_STATE) {
        // SAFETY: as above.
        unsafe { self.SetPnpCapability(capability, value) }
    }

    pub(crate) fn pnp_capability(&self, capability: WDF_PNP_CAPABILITY) -> WDF_TRI_STATE {
        // SAFETY: as above.
        unsafe { self.GetPnpCapability(capability) }
    }

    pub(crate) fn instance_id(&self) -> Result<String> {
        // SAFETY: buffer and length belong together (F8).
        string(|buffer, length| unsafe { self.RetrieveDeviceInstanceId(buffer, length) })
    }
}

impl Framework<IWDFDevice> {
    pub(crate) fn instance_id(&self) -> Result<String> {
        // SAFETY: buffer and length belong together (F8).
        string(|buffer, length| unsafe { self.RetrieveDeviceInstanceId(buffer, length) })
    }

    pub(crate) fn name(&self) -> Result<String> {
        // SAFETY: buffer and length belong together (F8).
        string(|buffer, length| unsafe { self.RetrieveDeviceName(buffer, length) })
    }

    pub(crate) fn create_interface(&self, class: &GUID, reference: Option<&str>) -> Result<()> {
        let reference = reference.map(wide);
        let reference = wide_pointer(reference.as_ref());
        // SAFETY: the GUID is valid, the string is null or ends with NUL.
        unsafe { self.CreateDeviceInterface(class, reference) }.ok()
    }

    pub(crate) fn enable_interface(
        &self,
        class: &GUID,
        reference: Option<&str>,
        enable: bool,
    ) -> Result<()> {
        let reference = reference.map(wide);
        let reference = wide_pointer(reference.as_ref());
        // SAFETY: as above.
        unsafe { self.AssignDeviceInterfaceState(class, reference, enable.into()) }.ok()
    }

    pub(crate) fn create_symbolic_link(&self, name: &str) -> Result<()> {
        let name = wide(name);
        // SAFETY: the string ends with NUL.
        unsafe { self.CreateSymbolicLink(name.as_ptr()) }.ok()
    }

    pub(crate) fn default_io_target(&self) -> Result<Framework<IWDFIoTarget>> {
        let mut target = Raw::NULL;
        // SAFETY: the place is valid.
        unsafe { self.GetDefaultIoTarget(&raw mut target) };
        Framework::made(HRESULT(0), target)
    }

    pub(crate) fn create_queue(
        &self,
        callback: &IUnknown,
        default: bool,
        dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: bool,
        zero_length: bool,
    ) -> Result<Framework<IWDFIoQueue>> {
        let [default, power_managed, zero_length] =
            [default, power_managed, zero_length].map(BOOL::from);
        let mut queue = Raw::NULL;
        // SAFETY: the interface and the place are valid; the framework takes a reference of its own.
        let result = unsafe {
            self.CreateIoQueue(
                Raw::of(callback),
                default,
                dispatch,
                power_managed,
                zero_length,
                &raw mut queue,
            )
        };
        Framework::made(result, queue)
    }

    pub(crate) fn forward_kind(
        &self,
        queue: &Framework<IWDFIoQueue>,
        kind: WDF_REQUEST_TYPE,
        forward: bool,
    ) -> Result<()> {
        // SAFETY: the interface is valid.
        unsafe { self.ConfigureRequestDispatching(Raw::of(queue), kind, forward.into()) }.ok()
    }
}

impl Framework<IWDFDevice> {
    pub(crate) fn driver(&self) -> Result<Framework<IWDFDriver>> {
        let mut driver = Raw::NULL;
        // SAFETY: the place is valid.
        unsafe { self.GetDriver(&raw mut driver) };
        Framework::made(HRESULT(0), driver)
    }

    pub(crate) fn create_request(&self) -> Result<Framework<IWDFIoRequest>> {
        let mut request = Raw::NULL;
        // SAFETY: the callback and the parent are optional; the place is valid.
        let result = unsafe { self.CreateRequest(Raw::NULL, Raw::NULL, &raw mut request) };
        Framework::made(result, request)
    }

    pub(crate) fn create_file(
        &self,
        name: Option<&str>,
    ) -> Result<Framework<IWDFDriverCreatedFile>> {
        let name = name.map(wide);
        let mut file = Raw::NULL;
        // SAFETY: the string is null or ends with NUL; the place is valid.
        let result = unsafe { self.CreateWdfFile(wide_pointer(name.as_ref()), &raw mut file) };
        Framework::made(result, file)
    }
}

impl Framework<IWDFDriver> {
    pub(crate) fn create_memory(&self, size: usize) -> Result<Framework<IWDFMemory>> {
        let mut memory = Raw::NULL;
        // SAFETY: the callback and the parent are optional; the place is valid.
        let result = unsafe { self.CreateWdfMemory(size, Raw::NULL, Raw::NULL, &raw mut memory) };
        Framework::made(result, memory)
    }
}

impl Framework<IWDFDriverCreatedFile> {
    pub(crate) fn close(&self) {
        // SAFETY: the driver made the file and has not closed it.
        unsafe { self.Close() }
    }
}

impl Framework<IWDFFile> {
    pub(crate) fn name(&self) -> Result<String> {
        // SAFETY: buffer and length belong together (F8).
        string(|buffer, length| unsafe { self.RetrieveFileName(buffer, length) })
    }
}

impl Framework<IWDFRemoteInterfaceInitialize> {
    pub(crate) fn class(&self) -> GUID {
        let mut class = GUID::zeroed();
        // SAFETY: the place is valid.
        unsafe { self.GetInterfaceGuid(&raw mut class) };
        class
    }

    pub(crate) fn symbolic_link(&self) -> Result<String> {
        // SAFETY: buffer and length belong together (F8).
        string(|buffer, length| unsafe { self.RetrieveSymbolicLink(buffer, length) })
    }
}
