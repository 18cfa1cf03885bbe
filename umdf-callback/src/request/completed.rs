//! Requests that were sent and are back. Page: wdf/completing-i-o-requests-umdf.

use super::{CreatedRequest, HasOutput, Outgoing, Refused, Request, RequestKind, Returned, marker};
use crate::border::framework::NO_PARAMETERS;
use crate::memory::Input;
use crate::{HRESULT, Result};

/// A request that the lower driver has completed: the driver's again, with the memory that it was sent with.
///
/// Dropping it completes the request with [`DROPPED`](super::DROPPED), or deletes it if it is the driver's own.
#[derive(Debug)]
#[must_use = "a request that is dropped is completed with an error"]
pub struct Completed<R, M> {
    /// Before the memory, since it goes first.
    request: R,
    memory: M,
    completion: Completion,
}

impl<R: Outgoing, M> Completed<R, M> {
    pub(super) fn new(request: R, memory: M, completion: Completion) -> Self {
        Completed {
            request,
            memory,
            completion,
        }
    }

    /// How the lower driver has completed it.
    #[must_use]
    pub fn completion(&self) -> Completion {
        self.completion
    }

    /// What it was sent with.
    #[must_use]
    pub fn memory(&self) -> &M {
        &self.memory
    }
}

impl<K: marker::Kind, M> Completed<Request<K, Returned>, M> {
    /// Completes it as the lower driver did.
    pub fn pass_on(self) {
        let Completion {
            status,
            information,
            ..
        } = self.completion;
        let mut request = self.request;
        request.end(status, information);
    }

    /// The request, to be completed or sent again, and the memory.
    pub fn into_parts(self) -> (Request<K, Returned>, M) {
        (self.request, self.memory)
    }
}

impl<K: HasOutput> Request<K, Returned> {
    /// What the lower driver has written into the output, to be read. Page: nf-wudfddi-iwdfiorequest2-retrieveoutputmemory.
    ///
    /// # Errors
    /// As for [`output`](Request::output).
    pub fn answer(&self) -> Result<Input<'_>> {
        self.framework().output().map(Input::new)
    }
}

impl<M> Completed<CreatedRequest, M> {
    /// The memory. The request is deleted.
    pub fn into_memory(self) -> M {
        drop(self.request);
        self.memory
    }

    /// The request, to be sent again, and the memory, which it has let go of. From UMDF 1.9. Page: nf-wudfddi-iwdfiorequest2-reuse.
    ///
    /// # Errors
    /// The framework is older.
    pub fn reuse(mut self) -> core::result::Result<(CreatedRequest, M), Refused<Self>> {
        match marker::Outgoing::make_ready(&mut self.request) {
            Ok(()) => Ok((self.request, self.memory)),
            Err(error) => Err(Refused {
                request: self,
                error,
            }),
        }
    }
}

/// How a request ended that was sent. Pages: nn-wudfddi-iwdfrequestcompletionparams, nn-wudfddi-iwdfiorequestcompletionparams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    pub(crate) status: HRESULT,
    pub(crate) information: usize,
    pub(crate) kind: Option<RequestKind>,
    pub(crate) transferred: Option<Transferred>,
}

impl Completion {
    /// What the lower driver has completed it with. Page: nf-wudfddi-iwdfrequestcompletionparams-getcompletionstatus.
    pub fn status(&self) -> HRESULT {
        self.status
    }

    /// The same as a result: of a success, [`information`](Completion::information).
    ///
    /// # Errors
    /// The status, if it is an error.
    pub fn result(&self) -> Result<usize> {
        self.status.ok()?;
        Ok(self.information)
    }

    /// How many bytes were transferred, as a rule. Page: nf-wudfddi-iwdfrequestcompletionparams-getinformation.
    #[must_use]
    pub fn information(&self) -> usize {
        self.information
    }

    /// What it was sent for. Page: nf-wudfddi-iwdfrequestcompletionparams-getcompletedrequesttype.
    #[must_use]
    pub fn kind(&self) -> Option<RequestKind> {
        self.kind
    }

    /// What was transferred, if it was a read, a write or a device I/O control.
    #[must_use]
    pub fn transferred(&self) -> Option<Transferred> {
        self.transferred
    }
}

impl Default for Completion {
    fn default() -> Self {
        Completion {
            status: NO_PARAMETERS,
            information: 0,
            kind: None,
            transferred: None,
        }
    }
}

/// What a request has transferred, in bytes; offsets are in the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transferred {
    /// Page: nf-wudfddi-iwdfiorequestcompletionparams-getreadparameters.
    Read {
        /// Where in the memory.
        offset: usize,
        /// How much was read.
        length: usize,
    },
    /// Page: nf-wudfddi-iwdfiorequestcompletionparams-getwriteparameters.
    Write {
        /// Where in the memory.
        offset: usize,
        /// How much was written.
        length: usize,
    },
    /// Page: nf-wudfddi-iwdfiorequestcompletionparams-getioctlparameters.
    DeviceIoControl {
        /// The control code.
        code: u32,
        /// Where in the memory the input was.
        input_offset: usize,
        /// Where in the memory the output is.
        output_offset: usize,
        /// How much output there is.
        output_length: usize,
    },
}
