//! The framework memory object. Header: wudfddi.h, page: nn-wudfddi-iwdfmemory.

use core::ffi::c_void;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU8;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{ComObject, Interface, implement};

use super::codes::INSUFFICIENT_BUFFER;
use super::core::Core;
use super::io::{Owner, RequestId};
use super::object::{Base, object, parameter, set};
use super::verifier::Rule;
use super::world::lock;

/// Bytes that a driver and a program, or two threads, may use at the same time.
#[derive(Debug)]
pub(crate) struct Buffer(Mutex<Place>);

/// Where they are.
#[derive(Debug)]
struct Place {
    /// An address that was exposed.
    start: usize,
    length: usize,
    /// The framework's own memory; without it the memory is the driver's.
    own: Option<Box<[AtomicU8]>>,
}

impl Buffer {
    /// Memory of the framework's.
    pub(crate) fn new(bytes: &[u8]) -> Arc<Self> {
        Self::own(bytes.iter().copied().map(AtomicU8::new).collect())
    }

    /// As many zeros, if the host has room for what a driver asks for.
    pub(crate) fn zeros(length: usize) -> Option<Arc<Self>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).ok()?;
        bytes.resize_with(length, AtomicU8::default);
        Some(Self::own(bytes.into_boxed_slice()))
    }

    fn own(own: Box<[AtomicU8]>) -> Arc<Self> {
        Arc::new(Buffer(Mutex::new(Place {
            start: own.as_ptr().expose_provenance(),
            length: own.len(),
            own: Some(own),
        })))
    }

    /// Memory of the driver's (page: nf-wudfddi-iwdfdriver-createpreallocatedwdfmemory).
    pub(crate) fn preallocated(start: *mut u8, length: usize) -> Arc<Self> {
        Arc::new(Buffer(Mutex::new(Place {
            start: start.expose_provenance(),
            length,
            own: None,
        })))
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).length
    }

    /// The first byte.
    pub(crate) fn start(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut(lock(&self.0).start)
    }

    /// The first byte of a part, if the part is in it.
    fn part(&self, offset: usize, length: usize) -> Option<*mut u8> {
        let inside = offset
            .checked_add(length)
            .is_some_and(|end| end <= self.len());
        inside.then(|| self.start().wrapping_add(offset))
    }

    /// A copy.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        self.read(0, &mut bytes);
        bytes
    }

    /// Copies a part out; `false` if it is not in the buffer.
    pub(crate) fn read(&self, offset: usize, bytes: &mut [u8]) -> bool {
        let Some(start) = self.part(offset, bytes.len()) else {
            return false;
        };
        // SAFETY: the part is in the buffer, which this object keeps, or its driver does (F7).
        unsafe { bytes.as_mut_ptr().copy_from(start, bytes.len()) };
        true
    }

    /// Copies a part in.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) -> bool {
        let Some(start) = self.part(offset, bytes.len()) else {
            return false;
        };
        // SAFETY: as above.
        unsafe { start.copy_from(bytes.as_ptr(), bytes.len()) };
        true
    }
}

/// A memory object: of a request's buffer, or of the driver's own.
#[implement(IWDFMemory)]
pub(crate) struct MemoryObject {
    pub(crate) base: Base,
    pub(crate) buffer: Arc<Buffer>,
    /// The request whose buffer it is; after its end nobody may touch it.
    request: Option<(Arc<Core>, RequestId)>,
}

impl MemoryObject {
    pub(crate) fn of_request(
        core: &Arc<Core>,
        request: RequestId,
        buffer: &Arc<Buffer>,
    ) -> ComObject<Self> {
        ComObject::new(MemoryObject {
            base: Base::new(&core.world, "memory"),
            buffer: buffer.clone(),
            request: Some((core.clone(), request)),
        })
    }

    pub(crate) fn of_driver(base: Base, buffer: Arc<Buffer>) -> ComObject<Self> {
        ComObject::new(MemoryObject {
            base: base.of_driver(),
            buffer,
            request: None,
        })
    }

    /// The request whose buffer it is.
    pub(crate) fn of(&self) -> Option<RequestId> {
        self.request.as_ref().map(|(_, id)| *id)
    }

    /// Reports a use of it after its end.
    pub(crate) fn check(&self, method: &'static str) {
        let ended =
            |(core, id): &(Arc<Core>, RequestId)| core.look(|io| io.owner(*id)) == Owner::Ended;
        if self.request.as_ref().is_some_and(ended) {
            let detail = "its request is completed, and the memory is the sender's again";
            self.base.finding(Rule::Deleted, method, detail);
        }
    }

    fn copy(&self, method: &'static str, copy: impl FnOnce() -> bool) -> HRESULT {
        self.check(method);
        self.base
            .answer(method, || copy().then_some(()).ok_or(INSUFFICIENT_BUFFER))
    }
}

object!(MemoryObject_Impl: IWDFMemory);

impl IWDFMemory_Impl for MemoryObject_Impl {
    unsafe fn CopyFromMemory(
        &self,
        source: Raw<IWDFMemory>,
        part: *const WDFMEMORY_OFFSET,
    ) -> HRESULT {
        self.copy("IWDFMemory::CopyFromMemory", || {
            let source =
                parameter(source).and_then(|source| source.cast_object::<MemoryObject>().ok());
            let Some(source) = source else {
                return false;
            };
            let (mut offset, mut length) = (0, source.buffer.len());
            if !part.is_null() {
                // SAFETY: not null, so the driver's structure.
                let part = unsafe { part.read() };
                (offset, length) = (part.BufferOffset, part.BufferLength);
            }
            if length > self.buffer.len() {
                return false;
            }
            let mut bytes = vec![0; length];
            source.buffer.read(offset, &mut bytes) && self.buffer.write(0, &bytes)
        })
    }

    unsafe fn CopyToBuffer(&self, offset: usize, target: *mut c_void, length: usize) -> HRESULT {
        self.copy("IWDFMemory::CopyToBuffer", || {
            let mut bytes = vec![
                0;
                if length <= self.buffer.len() {
                    length
                } else {
                    0
                }
            ];
            if bytes.len() != length || !self.buffer.read(offset, &mut bytes) || target.is_null() {
                return length == 0;
            }
            // SAFETY: the driver's buffer is as long (F7).
            unsafe { target.cast::<u8>().copy_from(bytes.as_ptr(), length) };
            true
        })
    }

    unsafe fn CopyFromBuffer(&self, offset: usize, source: *mut c_void, length: usize) -> HRESULT {
        self.copy("IWDFMemory::CopyFromBuffer", || {
            if source.is_null() {
                return length == 0;
            }
            if offset
                .checked_add(length)
                .is_none_or(|end| end > self.buffer.len())
            {
                return false;
            }
            let mut bytes = vec![0; length];
            // SAFETY: the driver's buffer is as long (F7).
            unsafe { bytes.as_mut_ptr().copy_from(source.cast(), length) };
            self.buffer.write(offset, &bytes)
        })
    }

    unsafe fn GetSize(&self) -> usize {
        self.check("IWDFMemory::GetSize");
        self.base.tell("IWDFMemory::GetSize", || self.buffer.len())
    }

    unsafe fn GetDataBuffer(&self, size: *mut usize) -> *mut c_void {
        const METHOD: &str = "IWDFMemory::GetDataBuffer";
        self.check(METHOD);
        // SAFETY: the driver's place, or null.
        self.base
            .tell(METHOD, || unsafe { set(size, self.buffer.len()) });
        self.buffer.start().cast()
    }

    unsafe fn SetBuffer(&self, buffer: *mut c_void, size: usize) {
        const METHOD: &str = "IWDFMemory::SetBuffer";
        self.base.tell(METHOD, || {
            let mut place = lock(&self.buffer.0);
            if place.own.is_some() {
                drop(place);
                let detail = "the memory is not preallocated; nothing changes";
                self.base.finding(Rule::Argument, METHOD, detail);
                return;
            }
            place.start = buffer.expose_provenance();
            place.length = size;
        });
    }
}
