//! What a request is sent with: where a write takes its bytes from, and where a read puts them. Page: wdf/memory-buffer-life-cycle.
//!
//! | memory | lives | for |
//! |---|---|---|
//! | `()`: none | | any request |
//! | [`Memory`] | until it is dropped, which the request that it is sent with puts off | any request |
//! | [`OwnInput`], [`OwnOutput`] | as long as the request itself | requests of queues |
//! | [`Input`], [`Output`] | as long as a request that is borrowed | the driver's own requests, sent synchronously |
//! | [`InputOf`], [`OutputOf`] | as long as a request that is shared | the driver's own requests |
//!
//! [`Part`] is a part of any of them. The last two are how a large request is divided: each of the driver's smaller requests shares it,
//! and the last one that is back completes it.

use core::ops::Range;
use std::sync::Arc;

use super::{Input, Memory, Output};
use crate::border::framework::Framework;
use crate::raw::{IWDFMemory, WDFMEMORY_OFFSET};
use crate::request::{CreatedRequest, HasInput, HasOutput, Request, Returned, marker};
use crate::{HRESULT, Result};

const ERROR_INSUFFICIENT_BUFFER: HRESULT = HRESULT::from_win32(122);

/// The framework's memory, and the part of it that counts.
#[derive(Debug)]
pub struct Located {
    pub(crate) memory: Option<Framework<IWDFMemory>>,
    pub(crate) part: Option<WDFMEMORY_OFFSET>,
}

impl Located {
    fn all(memory: Framework<IWDFMemory>) -> Self {
        Located {
            memory: Some(memory),
            part: None,
        }
    }
}

/// Memory for requests `R`.
pub trait Place<R> {
    /// Finds it.
    fn locate(&self, request: &R) -> Result<Located>;
}

/// Memory that a request `R` can take its bytes from.
#[diagnostic::on_unimplemented(message = "`{Self}` is not memory that `{R}` can write from")]
pub trait Source<R>: Place<R> {}

/// Memory that a request `R` can put its bytes into.
#[diagnostic::on_unimplemented(message = "`{Self}` is not memory that `{R}` can read into")]
pub trait Sink<R>: Place<R> {}

/// The input of the request itself.
#[derive(Clone, Copy, Debug)]
pub struct OwnInput;

/// The output of the request itself.
#[derive(Clone, Copy, Debug)]
pub struct OwnOutput;

/// The input of a request that is shared, and so is not completed before.
#[derive(Debug)]
pub struct InputOf<K: HasInput, O: marker::Origin>(pub Arc<Request<K, O>>);

/// The output of a request that is shared, and so is not completed before.
#[derive(Debug)]
pub struct OutputOf<K: HasOutput, O: marker::Origin>(pub Arc<Request<K, O>>);

impl<K: HasInput, O: marker::Origin> Clone for InputOf<K, O> {
    fn clone(&self) -> Self {
        InputOf(self.0.clone())
    }
}

impl<K: HasOutput, O: marker::Origin> Clone for OutputOf<K, O> {
    fn clone(&self) -> Self {
        OutputOf(self.0.clone())
    }
}

/// A part of some memory.
#[derive(Clone, Debug)]
pub struct Part<M> {
    /// The memory.
    pub memory: M,
    /// Which of its bytes. A request is not formatted if there are no such ones: `ERROR_INSUFFICIENT_BUFFER`.
    pub range: Range<usize>,
}

impl<R> Place<R> for () {
    fn locate(&self, _request: &R) -> Result<Located> {
        Ok(Located {
            memory: None,
            part: None,
        })
    }
}

impl<R> Place<R> for Memory {
    fn locate(&self, _request: &R) -> Result<Located> {
        Ok(Located::all(self.framework().clone()))
    }
}

impl<K: HasInput> Place<Request<K, Returned>> for OwnInput {
    fn locate(&self, request: &Request<K, Returned>) -> Result<Located> {
        request.framework().input().map(Located::all)
    }
}

impl<K: HasOutput> Place<Request<K, Returned>> for OwnOutput {
    fn locate(&self, request: &Request<K, Returned>) -> Result<Located> {
        request.framework().output().map(Located::all)
    }
}

impl Place<CreatedRequest> for Input<'_> {
    fn locate(&self, _request: &CreatedRequest) -> Result<Located> {
        Ok(Located::all(self.memory.clone()))
    }
}

impl Place<CreatedRequest> for Output<'_> {
    fn locate(&self, _request: &CreatedRequest) -> Result<Located> {
        Ok(Located::all(self.memory.clone()))
    }
}

impl<K: HasInput, O: marker::Origin> Place<CreatedRequest> for InputOf<K, O> {
    fn locate(&self, _request: &CreatedRequest) -> Result<Located> {
        self.0.framework().input().map(Located::all)
    }
}

impl<K: HasOutput, O: marker::Origin> Place<CreatedRequest> for OutputOf<K, O> {
    fn locate(&self, _request: &CreatedRequest) -> Result<Located> {
        self.0.framework().output().map(Located::all)
    }
}

impl<R, M: Place<R>> Place<R> for Part<M> {
    fn locate(&self, request: &R) -> Result<Located> {
        let whole = self.memory.locate(request)?;
        let (start, length) = match (&whole.memory, whole.part) {
            (_, Some(part)) => (part.BufferOffset, part.BufferLength),
            (Some(memory), None) => (0, memory.len()),
            (None, None) => (0, 0),
        };
        if self.range.start > self.range.end || self.range.end > length {
            return Err(ERROR_INSUFFICIENT_BUFFER.into());
        }
        Ok(Located {
            memory: whole.memory,
            part: Some(WDFMEMORY_OFFSET {
                BufferOffset: start + self.range.start,
                BufferLength: self.range.end - self.range.start,
            }),
        })
    }
}

impl<R> Source<R> for () {}
impl<R> Sink<R> for () {}
impl<R> Source<R> for Memory {}
impl<R> Sink<R> for Memory {}
impl<K: HasInput> Source<Request<K, Returned>> for OwnInput {}
impl<K: HasOutput> Sink<Request<K, Returned>> for OwnOutput {}
impl Source<CreatedRequest> for Input<'_> {}
impl Sink<CreatedRequest> for Output<'_> {}
impl<K: HasInput, O: marker::Origin> Source<CreatedRequest> for InputOf<K, O> {}
impl<K: HasOutput, O: marker::Origin> Sink<CreatedRequest> for OutputOf<K, O> {}
impl<R, M: Source<R>> Source<R> for Part<M> {}
impl<R, M: Sink<R>> Sink<R> for Part<M> {}
