//! Answering a query or an enumeration in the registry's place (N2, N3, N4).
//!
//! An answer is written into the caller's buffer in the form that the caller asked for, at once,
//! through a guarded copy (N8). Sizes that do not fit, and memory that is not there, end the
//! operation with the status that the registry gives for them.

mod key;
mod name;
mod security;
mod several;
mod value;

use core::ffi::c_void;
use core::marker::PhantomData;

use wdm_safe::user_memory::UserBuffer;
use wdm_safe::{NtError, NtStatus};

use super::Operation;
use crate::RegistryCallback;
use crate::border::input::Info;
use crate::border::reply::Answered;
use crate::notification::{Post, Pre};
use crate::outcome::{PostAction, PostOutcome, PreAction, PreOutcome};

pub use key::{KeyAnswer, KeyContents};
pub use several::ValueData;
pub(super) use several::entries;
pub use value::ValueAnswer;

/// An operation that asks for something, which a callback can answer in the registry's place.
#[diagnostic::on_unimplemented(message = "`{Self}` asks for nothing that a callback could answer")]
pub trait Answers: Operation<Reply = Answered> {
    /// What is asked for.
    type Answer<'a>: ?Sized;

    /// Writes the answer to where the caller wants it.
    #[doc(hidden)]
    fn write(info: Asked<'_, Self>, answer: &Self::Answer<'_>) -> Result<Answered, NtError>;

    /// Where the caller wants it, if that can be said.
    #[doc(hidden)]
    fn output(info: Asked<'_, Self>) -> Option<UserBuffer<'_>>;
}

/// The structure that says what is asked for.
#[doc(hidden)]
pub struct Asked<'n, O: Operation> {
    info: Info<'n, O::Info>,
    /// What the operation has come to, in a post-notification.
    status: Option<NtStatus>,
}

impl<O: Operation> Clone for Asked<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Operation> Copy for Asked<'_, O> {}

impl<'n, O: Operation> Asked<'n, O> {
    /// The output whose size is in a variable that the operation writes to, too: afterwards it is
    /// the size of the answer, or, if that did not fit, of a buffer which the caller does not have.
    fn sized(
        self,
        start: impl FnOnce(&O::Info) -> *mut c_void,
        size: impl FnOnce(&O::Info) -> *mut u32,
    ) -> Option<UserBuffer<'n>> {
        if self
            .status
            .is_some_and(|status| status != NtStatus::SUCCESS)
        {
            return None;
        }
        let size = self.info.variable(size).read_u32_at(0).ok()?;
        Some(self.info.output(|info| (start(info), size)))
    }
}

impl<O: Operation, C: RegistryCallback> Pre<'_, O, C> {
    /// Answers in the registry's place (bypass): the outputs are written now, in the form that the
    /// caller asked for, and this callback gets no post-notification (N2). If they do not fit, the
    /// caller gets the status for that and the length that is needed, as from the registry:
    /// `STATUS_BUFFER_OVERFLOW`, `STATUS_BUFFER_TOO_SMALL` or, for [`QueryKeyName`](super::QueryKeyName),
    /// `STATUS_INFO_LENGTH_MISMATCH`; and `STATUS_ACCESS_VIOLATION` if its memory is gone (N8). IRQL:
    /// `<= APC_LEVEL`.
    ///
    /// # Errors
    /// The notification comes back if the caller asks for a form that this crate does not write.
    pub fn answer(self, answer: &O::Answer<'_>) -> Result<PreOutcome<O, C>, Self>
    where
        O: Answers,
    {
        let asked = Asked {
            info: self.info,
            status: None,
        };
        match O::write(asked, answer) {
            Ok(answered) => Ok(PreOutcome(PreAction::Complete(answered))),
            Err(NtError::NOT_SUPPORTED) => Err(self),
            Err(status) => Ok(PreOutcome(PreAction::Block(status))),
        }
    }
}

impl<'n, O: Operation, C: RegistryCallback> Post<'n, O, C> {
    /// Puts another answer in the place of the registry's, be that an answer or a failure (N3). What
    /// does not fit is told as by [`Pre::answer`]. IRQL: `<= APC_LEVEL`.
    ///
    /// # Errors
    /// The notification comes back if the caller asks for a form that this crate does not write, or
    /// if the size of its buffer is not known any more: that of a query for several values, or for
    /// a security descriptor, is overwritten by the operation, so an answer can take the place of
    /// a success of these two only, and be as long as that at most.
    pub fn answer(self, answer: &O::Answer<'_>) -> Result<PostOutcome<O, C>, Self>
    where
        O: Answers,
    {
        let Some(asked) = self.asked() else {
            return Err(self);
        };
        let action = match O::write(asked, answer) {
            Ok(answered) => PostAction::Succeed(answered),
            Err(NtError::NOT_SUPPORTED) => return Err(self),
            Err(status) => PostAction::Fail(status),
        };
        Ok(PostOutcome(action, PhantomData))
    }

    /// The caller's buffer, with what the operation wrote into it: to look at the answer, or to
    /// change bytes of it and [`keep`](Self::keep) the rest.
    ///
    /// Its size is that of the whole buffer. How much of it is the answer is for the answer's form
    /// to say, and the form is in the pre-notification. Another thread of the caller can change it
    /// at any time (N8).
    ///
    /// None if that is not known any more; see [`answer`](Self::answer).
    #[must_use]
    pub fn output(&self) -> Option<UserBuffer<'n>>
    where
        O: Answers,
    {
        self.asked().and_then(O::output)
    }

    fn asked(&self) -> Option<Asked<'n, O>> {
        let status = Some(self.status());
        self.info.map(|info| Asked { info, status })
    }
}

/// One of the registry's structures: fields of 32 bits, and what follows them at offsets.
///
/// If the fields do not fit, nothing is written; if only what follows does not, as much as
/// fits is. The length that the whole needs is said in every case.
struct Structure<'a> {
    fields: &'a [[u8; 4]],
    tails: &'a [(usize, &'a [u8])],
}

impl Structure<'_> {
    fn needed(&self) -> usize {
        let ends = self
            .tails
            .iter()
            .map(|(offset, bytes)| offset.saturating_add(bytes.len()));
        ends.fold(self.fields.as_flattened().len(), usize::max)
    }

    /// Writes it; gives what is left to say.
    ///
    /// # Errors
    /// `STATUS_BUFFER_TOO_SMALL` or `STATUS_BUFFER_OVERFLOW`, which the caller of the operation
    /// expects then, or `STATUS_ACCESS_VIOLATION` if its memory is not there.
    fn write(
        &self,
        mut to: UserBuffer<'_>,
        mut result_length: UserBuffer<'_>,
    ) -> Result<(), NtError> {
        let needed = self.needed();
        result_length.write_at(0, &number(needed)?)?;
        let fields = self.fields.as_flattened();
        if to.len() < fields.len() {
            return Err(NtError::BUFFER_TOO_SMALL);
        }
        to.write_at(0, fields)?;
        for (offset, bytes) in self.tails {
            to.write_at(*offset, bytes)?;
        }
        if to.len() < needed {
            return Err(NtError::BUFFER_OVERFLOW);
        }
        Ok(())
    }
}

/// A 32-bit field.
fn number(number: usize) -> Result<[u8; 4], NtError> {
    let number = u32::try_from(number).map_err(|_| NtError::INSUFFICIENT_RESOURCES)?;
    Ok(number.to_ne_bytes())
}

/// A 64-bit field, as two of 32 bits.
fn halves(number: i64) -> [[u8; 4]; 2] {
    let [a, b, c, d, e, f, g, h] = number.to_ne_bytes();
    [[a, b, c, d], [e, f, g, h]]
}
