//! Calls to the framework's objects, each as a safe method.

use core::ops::Deref;
use core::ptr::null;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, Interface};

use super::E_POINTER;
use crate::raw::*;
use crate::{Error, Result};

const ERROR_INSUFFICIENT_BUFFER: HRESULT = HRESULT::from_win32(122);
const ERROR_NO_MORE_ITEMS: HRESULT = HRESULT::from_win32(259);

/// A reference to a framework object.
#[derive(Clone, Debug)]
pub(crate) struct Framework<I>(I);

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
    ) -> Result<()> {
        // SAFETY: the interface is valid.
        unsafe { self.ConfigureRequestDispatching(Raw::of(queue), kind, true.into()) }.ok()
    }
}

impl Framework<IWDFIoQueue> {
    pub(crate) fn state(&self) -> (WDF_IO_QUEUE_STATE, u32, u32) {
        let (mut queued, mut owned) = (0, 0);
        // SAFETY: the places are valid.
        let state = unsafe { self.GetState(&raw mut queued, &raw mut owned) };
        (state, queued, owned)
    }

    pub(crate) fn start(&self) {
        // SAFETY: no preconditions.
        unsafe { self.Start() }
    }

    pub(crate) fn stop(&self) {
        // SAFETY: the callback is optional.
        unsafe { self.Stop(Raw::NULL) }
    }

    pub(crate) fn drain(&self) {
        // SAFETY: the callback is optional.
        unsafe { self.Drain(Raw::NULL) }
    }

    pub(crate) fn purge(&self) {
        // SAFETY: the callback is optional.
        unsafe { self.Purge(Raw::NULL) }
    }

    pub(crate) fn retrieve_next(&self) -> Result<Option<Framework<IWDFIoRequest>>> {
        let mut request = Raw::NULL;
        // SAFETY: the place is valid.
        let result = unsafe { self.RetrieveNextRequest(&raw mut request) };
        if result == ERROR_NO_MORE_ITEMS {
            return Ok(None);
        }
        result.ok()?;
        Ok(Framework::given(request))
    }
}

/// Each may be called as long as the driver owns the request (U5), which `crate::request` sees to.
impl Framework<IWDFIoRequest> {
    pub(crate) fn complete(&self, status: HRESULT, information: usize) {
        // SAFETY: the driver owns the request, which is not cancelable.
        unsafe { self.CompleteWithInformation(status, information) }
    }

    pub(crate) fn forward(&self, queue: &Framework<IWDFIoQueue>) -> Result<()> {
        // SAFETY: as above; the interface is valid.
        unsafe { self.ForwardToIoQueue(Raw::of(queue)) }.ok()
    }

    pub(crate) fn requeue(&self) -> Result<()> {
        let request = self.query::<IWDFIoRequest2>()?;
        // SAFETY: as above.
        unsafe { request.Requeue() }.ok()
    }

    pub(crate) fn send_and_forget(&self, target: &Framework<IWDFIoTarget>) -> Result<()> {
        const FLAGS: u32 = WDF_REQUEST_SEND_OPTION_SEND_AND_FORGET as u32;
        // SAFETY: as above.
        unsafe { self.FormatUsingCurrentType() };
        // SAFETY: as above; the interface is valid.
        unsafe { self.Send(Raw::of(target), FLAGS, 0) }.ok()
    }

    pub(crate) fn mark_cancelable(&self, callback: &IRequestCallbackCancel) {
        // SAFETY: as above; the callback is the queue's (F6), and the framework takes a reference of its own.
        unsafe { self.MarkCancelable(Raw::of(callback)) }
    }

    /// Whether the request is the driver's alone again (F6).
    pub(crate) fn unmark_cancelable(&self) -> bool {
        // SAFETY: the request was marked, and the driver has not completed it.
        unsafe { self.UnmarkCancelable() }.is_ok()
    }

    pub(crate) fn stop_acknowledge(&self, requeue: bool) -> Result<()> {
        let request = self.query::<IWDFIoRequest2>()?;
        // SAFETY: called in OnIoStop for its request.
        unsafe { request.StopAcknowledge(requeue.into()) };
        Ok(())
    }

    pub(crate) fn kind(&self) -> WDF_REQUEST_TYPE {
        // SAFETY: the driver owns the request.
        unsafe { self.GetType() }
    }

    pub(crate) fn process_id(&self) -> u32 {
        // SAFETY: the driver owns the request.
        unsafe { self.GetRequestorProcessId() }
    }

    pub(crate) fn file(&self) -> Option<Framework<IWDFFile>> {
        let mut file = Raw::NULL;
        // SAFETY: the driver owns the request; the place is valid.
        unsafe { self.GetFileObject(&raw mut file) };
        Framework::given(file)
    }

    pub(crate) fn io_control(&self) -> (u32, usize, usize) {
        let (mut code, mut input, mut output) = (0, 0, 0);
        // SAFETY: the request is a device I/O control; the places are valid.
        unsafe {
            self.GetDeviceIoControlParameters(&raw mut code, &raw mut input, &raw mut output)
        };
        (code, input, output)
    }

    pub(crate) fn read(&self) -> (usize, i64) {
        let (mut size, mut offset) = (0, 0);
        // SAFETY: the request is a read; the places are valid or optional.
        unsafe { self.GetReadParameters(&raw mut size, &raw mut offset, core::ptr::null_mut()) };
        (size, offset)
    }

    pub(crate) fn write(&self) -> (usize, i64) {
        let (mut size, mut offset) = (0, 0);
        // SAFETY: the request is a write; the places are valid or optional.
        unsafe { self.GetWriteParameters(&raw mut size, &raw mut offset, core::ptr::null_mut()) };
        (size, offset)
    }

    /// The input buffer: by the newer interface, which knows direct I/O too, where there is one.
    pub(crate) fn input(&self) -> Result<Framework<IWDFMemory>> {
        let mut memory = Raw::NULL;
        if let Ok(request) = self.query::<IWDFIoRequest2>() {
            // SAFETY: the driver owns the request; the place is valid.
            let result = unsafe { request.RetrieveInputMemory(&raw mut memory) };
            return Framework::made(result, memory);
        }
        // SAFETY: as above.
        unsafe { self.GetInputMemory(&raw mut memory) };
        Framework::given(memory).ok_or_else(|| ERROR_INSUFFICIENT_BUFFER.into())
    }

    /// The output buffer, likewise.
    pub(crate) fn output(&self) -> Result<Framework<IWDFMemory>> {
        let mut memory = Raw::NULL;
        if let Ok(request) = self.query::<IWDFIoRequest2>() {
            // SAFETY: the driver owns the request; the place is valid.
            let result = unsafe { request.RetrieveOutputMemory(&raw mut memory) };
            return Framework::made(result, memory);
        }
        // SAFETY: as above.
        unsafe { self.GetOutputMemory(&raw mut memory) };
        Framework::given(memory).ok_or_else(|| ERROR_INSUFFICIENT_BUFFER.into())
    }
}

/// The memory of a request that the driver owns. Bytes are copied, since another process may change them meanwhile.
impl Framework<IWDFMemory> {
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the memory belongs to a request that is not completed.
        unsafe { self.GetSize() }
    }

    /// That a part lies in the memory.
    fn check(&self, offset: usize, length: usize) -> Result<()> {
        let end = offset.checked_add(length);
        if end.is_none_or(|end| end > self.len()) {
            return Err(Error::from_hresult(ERROR_INSUFFICIENT_BUFFER));
        }
        Ok(())
    }

    pub(crate) fn copy_to(&self, offset: usize, target: &mut [u8]) -> Result<()> {
        self.check(offset, target.len())?;
        // SAFETY: the part lies in the memory, and the target is as long (F7).
        unsafe { self.CopyToBuffer(offset, target.as_mut_ptr().cast(), target.len()) }.ok()
    }

    pub(crate) fn copy_from(&self, offset: usize, source: &[u8]) -> Result<()> {
        self.check(offset, source.len())?;
        // SAFETY: the part lies in the memory; the framework only reads the source, which is as long (F7).
        unsafe { self.CopyFromBuffer(offset, source.as_ptr().cast_mut().cast(), source.len()) }.ok()
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

impl Framework<IWDFCmResourceList> {
    pub(crate) fn len(&self) -> u32 {
        // SAFETY: no preconditions.
        unsafe { self.GetCount() }
    }
}
