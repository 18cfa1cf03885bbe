//! Requests on their way to an I/O target: what they are formatted for, who waits for their end, and how they have ended.
//!
//! Pages: wdf/sending-i-o-requests-to-a-general-i-o-target-in-umdf, nf-wudfddi-iwdfiorequest-send.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::ComObject;

use super::io::FileId;
use super::memory_object::{Buffer, MemoryObject};
use super::target_object::TargetObject;
use super::world::{Agile, lock};

/// A part of some memory.
#[derive(Clone)]
pub(crate) struct Part {
    buffer: Arc<Buffer>,
    /// The memory object, unless it is the request's own buffer.
    pub(crate) memory: Option<ComObject<MemoryObject>>,
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

impl Part {
    /// A request's own buffer.
    pub(crate) fn own(buffer: &Arc<Buffer>) -> Self {
        Part {
            buffer: buffer.clone(),
            memory: None,
            offset: 0,
            length: buffer.len(),
        }
    }

    /// A memory object, or the part of it, if it has such a part.
    pub(crate) fn of(
        memory: ComObject<MemoryObject>,
        part: Option<WDFMEMORY_OFFSET>,
    ) -> Option<Self> {
        let (offset, length) = match part {
            Some(part) => (part.BufferOffset, part.BufferLength),
            None => (0, memory.buffer.len()),
        };
        let end = offset.checked_add(length)?;
        (end <= memory.buffer.len()).then(|| Part {
            buffer: memory.buffer.clone(),
            memory: Some(memory),
            offset,
            length,
        })
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.buffer.read(self.offset, &mut bytes);
        bytes
    }

    /// Writes as many bytes as there is room for.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let length = bytes.len().min(self.length);
        self.buffer.write(self.offset, &bytes[..length]);
    }
}

/// What a request is formatted for.
#[derive(Clone)]
pub(crate) struct Format {
    pub(crate) kind: WDF_REQUEST_TYPE,
    pub(crate) code: u32,
    pub(crate) input: Option<Part>,
    pub(crate) output: Option<Part>,
    pub(crate) offset: i64,
    pub(crate) file: Option<FileId>,
    /// By `FormatUsingCurrentType`.
    pub(crate) as_it_came: bool,
}

impl Format {
    /// The same without the memory objects.
    pub(crate) fn buffers(&self) -> Self {
        let part = |part: &Option<Part>| {
            part.clone().map(|part| Part {
                memory: None,
                ..part
            })
        };
        Format {
            input: part(&self.input),
            output: part(&self.output),
            ..self.clone()
        }
    }

    /// The memory objects of it.
    pub(crate) fn memories(&self) -> impl Iterator<Item = &ComObject<MemoryObject>> {
        let parts = [&self.input, &self.output].into_iter().flatten();
        parts.filter_map(|part| part.memory.as_ref())
    }
}

/// Who learns that a request has ended.
#[derive(Clone)]
pub(crate) enum Ending {
    /// `OnCompletion`, with this context.
    Callback(Option<Agile<IRequestCallbackRequestCompletion>>, usize),
    /// The thread that has sent it.
    Sender,
    /// Nobody: the request is completed as it ends.
    Nobody,
}

/// The target that a request is sent to, and the interface that the driver has sent it by.
#[derive(Clone)]
pub(crate) struct Reached {
    pub(crate) target: ComObject<TargetObject>,
    pub(crate) interface: Agile<IWDFIoTarget>,
}

/// How a request has ended.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) status: HRESULT,
    pub(crate) information: usize,
    pub(crate) format: Format,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It was not sent since it was made, came, or was reused.
    #[default]
    New,
    /// A target has it; the number is that of the sending.
    Sent(u64),
    /// It has ended.
    Back,
}

/// A request's way to a target and back.
#[derive(Default)]
pub(crate) struct Way {
    state: Mutex<WayState>,
    changed: Condvar,
}

/// The state of it.
#[derive(Default)]
pub(crate) struct WayState {
    pub(crate) stage: Stage,
    pub(crate) format: Option<Format>,
    pub(crate) callback: Option<Agile<IRequestCallbackRequestCompletion>>,
    pub(crate) context: usize,
    pub(crate) ending: Option<Ending>,
    pub(crate) ended: Option<Ended>,
    /// What `GetStatus` says: how it ended, or why it was not sent.
    pub(crate) status: HRESULT,
    /// The target that has it.
    pub(crate) target: Option<Reached>,
    /// Whether the lower driver lets it be cancelled, and whether that was asked for.
    pub(crate) is_cancelable: bool,
    pub(crate) is_cancel_asked: bool,
    sendings: u64,
}

impl WayState {
    /// A target has it from now on; the number of the sending.
    pub(crate) fn leave(&mut self, target: Reached, ending: Ending) -> u64 {
        self.sendings += 1;
        self.stage = Stage::Sent(self.sendings);
        self.target = Some(target);
        self.ending = Some(ending);
        self.is_cancelable = true;
        self.is_cancel_asked = false;
        self.sendings
    }

    /// `Reuse`. What the request was sent with is dropped when the state is unlocked, as it may be the driver's.
    #[must_use]
    pub(crate) fn reuse(&mut self, status: HRESULT) -> impl Sized + use<> {
        self.stage = Stage::New;
        self.status = status;
        (self.format.take(), self.callback.take(), self.ended.take())
    }

    /// Whether the lower driver lets it be cancelled.
    pub(crate) fn set_cancelable(&mut self, sending: u64, cancelable: bool) {
        if self.stage == Stage::Sent(sending) {
            self.is_cancelable = cancelable;
        }
    }

    /// Whether somebody wants it cancelled.
    pub(crate) fn is_cancel_asked(&self, sending: u64) -> bool {
        self.stage == Stage::Sent(sending) && self.is_cancel_asked
    }

    pub(crate) fn is_sent(&self) -> bool {
        matches!(self.stage, Stage::Sent(_))
    }
}

impl Way {
    pub(crate) fn state(&self) -> MutexGuard<'_, WayState> {
        lock(&self.state)
    }

    /// A sending ends, if it has not; says who is to learn it, and how it has ended.
    pub(crate) fn end(
        &self,
        sending: u64,
        status: HRESULT,
        information: usize,
        output: &[u8],
    ) -> Option<(Ending, Ended)> {
        let mut state = self.state();
        if state.stage != Stage::Sent(sending) {
            return None;
        }
        let ending = state.ending.take()?;
        let format = state.format.clone()?;
        if let Some(part) = &format.output {
            part.write(output);
        }
        let ended = Ended {
            status,
            information,
            format,
        };
        state.ended = Some(ended.clone());
        state.status = status;
        Some((ending, ended))
    }

    /// The driver has the request again.
    pub(crate) fn back(&self) {
        let mut state = self.state();
        state.stage = Stage::Back;
        state.target = None;
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until a sending has ended; `false` if it takes longer than this.
    pub(crate) fn wait(&self, sending: u64, time: Option<Duration>) -> bool {
        let end = time.map(|time| Instant::now() + time);
        let mut state = self.state();
        while state.stage == Stage::Sent(sending) {
            let Some(end) = end else {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
