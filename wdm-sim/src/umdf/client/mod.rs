//! The system's and the programs' side: a device, an opening of it, a request on its way.

mod file;
mod sent;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use umdf_callback::raw::*;
use umdf_callback::{Error, GUID, HRESULT, PowerState, Result};
use windows_core::{ComObject, Interface};

use super::codes::{INVALID_FUNCTION, NO_SUCH_DEVICE, S_OK};
use super::core::Core;
use super::file_object::FileObject;
use super::lower::Lower;
use super::memory_object::Buffer;
use super::object::Base;
use super::pnp::{Stage, Wake};
use super::request_object::{Parts, RequestObject};
use super::trace::Name;
use super::world::lock;

pub use file::File;
pub(crate) use sent::Slot;
pub use sent::{Completion, Sent};

/// The id of the process that the requests come from.
const PROCESS: u32 = 4711;

/// A device: what the system does with it.
///
/// All of it happens on the calling thread, as far as the driver does not use threads of its own.
#[derive(Clone)]
pub struct Device {
    pub(crate) core: Arc<Core>,
}

/// What a device's queue is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueInfo {
    /// Its name in traces.
    pub name: Name,
    /// Whether it gets what no other queue is for.
    pub is_default: bool,
    /// How it hands out requests.
    pub dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
    /// Whether it waits for the working state.
    pub is_power_managed: bool,
    /// Whether it delivers transfers of no bytes.
    pub allows_zero_length: bool,
    /// How many requests wait in it.
    pub waiting: usize,
    /// How many of its requests the driver has.
    pub with_driver: usize,
}

fn done(done: core::result::Result<(), HRESULT>) -> Result<()> {
    done.map_err(Error::from_hresult)
}

impl Device {
    /// Starts it: it is new, or was stopped.
    ///
    /// # Errors
    /// The driver's, and the device is removed then; `ERROR_INVALID_OPERATION` if it is neither new nor stopped.
    pub fn start(&self) -> Result<()> {
        done(self.core.start())
    }

    /// Asks whether it may be stopped.
    ///
    /// # Errors
    /// The driver's no.
    pub fn query_stop(&self) -> Result<()> {
        done(self.core.query_stop())
    }

    /// Stops it, as when the system moves resources; [`start`](Device::start) starts it again.
    ///
    /// # Errors
    /// The driver's, and the device is removed then; `ERROR_INVALID_OPERATION` if it is not started.
    pub fn stop(&self) -> Result<()> {
        done(self.core.stop())
    }

    /// Asks whether it may be removed.
    ///
    /// # Errors
    /// The driver's no.
    pub fn query_remove(&self) -> Result<()> {
        done(self.core.query_remove())
    }

    /// Removes it. Openings that are left are closed.
    pub fn remove(&self) {
        self.core.remove(false);
    }

    /// Someone pulls it out.
    pub fn surprise_remove(&self) {
        self.core.remove(true);
    }

    /// Sends it to sleep.
    ///
    /// # Errors
    /// The driver's, and the device is removed then; `ERROR_INVALID_OPERATION` if it does not work.
    pub fn sleep(&self, state: PowerState, why: Wake) -> Result<()> {
        let state = match state {
            PowerState::D1 => WdfPowerDeviceD1,
            PowerState::D2 => WdfPowerDeviceD2,
            PowerState::PrepareForHibernation => WdfPowerDevicePrepareForHibernation,
            _ => WdfPowerDeviceD3,
        };
        done(self.core.sleep(state, why))
    }

    /// The system wakes it up.
    ///
    /// # Errors
    /// The driver's, and the device is removed then; `ERROR_INVALID_OPERATION` if it does not sleep.
    pub fn wake(&self) -> Result<()> {
        done(self.core.wake(false))
    }

    /// It wakes up by its own signal, if the driver has armed it.
    ///
    /// # Errors
    /// As for [`wake`](Device::wake).
    pub fn wake_by_signal(&self) -> Result<()> {
        done(self.core.wake(true))
    }

    /// Whether it works.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.core.stage() == Stage::Working
    }

    /// Whether it is removed.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.core.stage() == Stage::Gone
    }

    /// Its name in traces.
    #[must_use]
    pub fn name(&self) -> Name {
        self.core.name.clone()
    }

    /// An interface of the device callback object, if it offers it.
    #[must_use]
    pub fn callback<I: Interface>(&self) -> Option<I> {
        self.core.callback().map(|callback| callback.0)
    }

    /// Whether the driver is a filter.
    #[must_use]
    pub fn is_filter(&self) -> bool {
        self.core.config.is_filter
    }

    /// Whether the driver owns the device's power policy.
    #[must_use]
    pub fn owns_power_policy(&self) -> bool {
        self.core.config.owns_power_policy
    }

    /// Which callbacks are serialised.
    #[must_use]
    pub fn constraint(&self) -> WDF_CALLBACK_CONSTRAINT {
        self.core.config.constraint
    }

    /// The device interfaces that are registered and enabled.
    #[must_use]
    pub fn interfaces(&self) -> Vec<GUID> {
        let Some(device) = self.core.objects.device() else {
            return Vec::new();
        };
        let interfaces = lock(&device.interfaces);
        let enabled = |entry: &(GUID, Option<String>, bool)| entry.2.then_some(entry.0);
        interfaces.iter().filter_map(enabled).collect()
    }

    /// Its queues, as they were made.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueInfo> {
        let names: Vec<Name> = lock(&self.core.objects.queues)
            .iter()
            .map(|queue| queue.base.name.clone())
            .collect();
        self.core.look(|io| {
            let info = |(id, name): (usize, Name)| QueueInfo {
                name,
                is_default: io.default == Some(id),
                dispatch: io.queues[id].dispatch,
                is_power_managed: io.queues[id].power_managed,
                allows_zero_length: io.queues[id].zero_length,
                waiting: io.waiting(id),
                with_driver: io.owned(id),
            };
            names.into_iter().enumerate().map(info).collect()
        })
    }

    /// The driver below the device's, which its default I/O target leads to.
    #[must_use]
    pub fn lower(&self) -> Lower {
        self.core.lower.clone()
    }

    /// An interface of a queue callback object, if it offers it.
    #[must_use]
    pub fn queue_callback<I: Interface>(&self, queue: usize) -> Option<I> {
        let queue = self.core.objects.queue(queue)?;
        queue.base.callback().map(|callback| callback.0)
    }

    /// A program opens it; the request to do so may take its time.
    #[must_use]
    pub fn open_later(&self, name: &str) -> (Sent, File) {
        let id = self.core.world.number();
        let file = ComObject::new(FileObject {
            base: Base::named(&self.core.world, id, format!("file {id}")),
            core: self.core.clone(),
            id,
            name: name.to_owned(),
            process: PROCESS,
        });
        lock(&self.core.objects.files).insert(id, file.clone());
        let file = File {
            device: self.clone(),
            id,
            name: file.base.name.clone(),
        };
        let sent = self.send(WdfRequestCreate, 0, &[], 0, Some(&file));
        if self.is_gone() {
            file.forget();
        }
        (sent, file)
    }

    /// A program opens it.
    ///
    /// # Errors
    /// The driver's; `ERROR_SEM_TIMEOUT` if it does not answer.
    pub fn open(&self, name: &str) -> Result<File> {
        const SEM_TIMEOUT: HRESULT = HRESULT::from_win32(121);
        let (sent, file) = self.open_later(name);
        let status = sent
            .wait()
            .map_or(SEM_TIMEOUT, |completion| completion.status);
        if status.is_err() {
            file.forget();
        }
        status.ok().map(|()| file)
    }

    /// Reads, as a driver above does, without an opening.
    pub fn read(&self, length: usize) -> Sent {
        self.send(WdfRequestRead, 0, &[], length, None)
    }

    /// Writes, likewise.
    pub fn write(&self, bytes: &[u8]) -> Sent {
        self.send(WdfRequestWrite, 0, bytes, 0, None)
    }

    /// Sends a control code with its input and room for so much output, likewise.
    pub fn control(&self, code: u32, input: &[u8], output: usize) -> Sent {
        self.send(WdfRequestDeviceIoControl, code, input, output, None)
    }

    /// Flushes, likewise: a request that has no callback of its own.
    pub fn flush(&self) -> Sent {
        self.send(WdfRequestFlushBuffers, 0, &[], 0, None)
    }

    fn send(
        &self,
        kind: WDF_REQUEST_TYPE,
        code: u32,
        input: &[u8],
        output: usize,
        file: Option<&File>,
    ) -> Sent {
        let core = &self.core;
        let id = core.world.number();
        let (file_id, sender) = match file {
            Some(file) => (Some(file.id), file.name.clone()),
            None => (None, core.name.clone()),
        };
        let file = file_id.and_then(|id| lock(&core.objects.files).get(&id).cloned());
        let action = match kind {
            WdfRequestCreate => format!("open (request {id})"),
            WdfRequestRead => format!("read {output} bytes (request {id})"),
            WdfRequestWrite => format!("write {} bytes (request {id})", input.len()),
            WdfRequestDeviceIoControl => format!(
                "control {code:#x}, {} bytes in, {output} bytes out (request {id})",
                input.len()
            ),
            _ => format!("flush (request {id})"),
        };
        core.world.system(&sender, action);
        let slot = Arc::new(Slot::default());
        let request = ComObject::new(RequestObject {
            base: Base::named(&core.world, id, format!("request {id}")),
            core: core.clone(),
            id,
            parts: Parts {
                kind,
                code,
                offset: 0,
                input: Buffer::new(input),
                output: Buffer::new(&vec![0; output]),
                file,
                process: PROCESS,
            },
            information: AtomicUsize::new(0),
            slot: slot.clone(),
            is_created: false,
            way: Arc::default(),
            marks: Mutex::default(),
        });
        let sent = Sent {
            id,
            core: core.clone(),
            output: request.parts.output.clone(),
            slot,
        };
        if core.stage() == Stage::Gone {
            request.end(NO_SUCH_DEVICE, 0);
            return sent;
        }
        let queue = core.look(|io| {
            let queue = io.queue_for(kind)?;
            let empty =
                matches!(kind, WdfRequestRead | WdfRequestWrite) && input.len() + output == 0;
            Some((queue, empty && !io.queues[queue].zero_length))
        });
        let takes = |queue| {
            let queue = core.objects.queue(queue);
            queue.is_some_and(|queue| queue.base.callback::<IQueueCallbackCreate>().is_some())
        };
        match queue {
            // Without OnCreateFile the framework opens the device by itself (page:
            // nf-wudfddi-iwdfdeviceinitialize-autoforwardcreatecleanupclose).
            Some((queue, _)) if kind == WdfRequestCreate && !takes(queue) => request.end(S_OK, 0),
            None if kind == WdfRequestCreate => request.end(S_OK, 0),
            None => request.end(INVALID_FUNCTION, 0),
            // Page: nf-wudfddi-iwdfdevice-createioqueue, bAllowZeroLengthRequests.
            Some((_, true)) => request.end(S_OK, 0),
            Some((queue, false)) => {
                lock(&core.objects.requests).insert(id, request);
                core.change(|io| io.arrive(id, file_id, queue));
            }
        }
        sent
    }
}
