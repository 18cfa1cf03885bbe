//! Security descriptors: who may do what with a key.
//!
//! They are opaque here: bytes that the kernel has found to be a whole, self-relative descriptor.
//! The pages: [`ZwQuerySecurityObject`], [`ZwSetSecurityObject`],
//! [`RtlValidRelativeSecurityDescriptor`].
//!
//! [`ZwQuerySecurityObject`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwquerysecurityobject
//! [`ZwSetSecurityObject`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwsetsecurityobject
//! [`RtlValidRelativeSecurityDescriptor`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlvalidrelativesecuritydescriptor
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! # let at = unsafe { wdm_safe::Passive::new_unchecked() };
//! # let system = [1, 0, 4, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 1, 1, 0, 0,
//! #     0, 0, 0, 5, 18, 0, 0, 0, 2, 0, 8, 0, 0, 0, 0, 0];
//! use wdm_safe::registry::{KeyAccess, RegKey, SecurityDescriptor, SecurityInformation};
//! use wdm_safe::{NtError, unicode};
//!
//! let path = unicode!(r"\Registry\Machine\SYSTEM\Locked");
//! let (key, _) = RegKey::create(path, KeyAccess::ALL, at)?;
//! // The owner S-1-5-18, and an access list that grants nothing.
//! let locked = SecurityDescriptor::try_from_bytes(&system, at.into())?;
//! let parts = SecurityInformation::OWNER | SecurityInformation::DACL;
//! key.set_security(parts, &locked, at)?;
//! assert_eq!(key.security(parts, at)?.as_bytes(), locked.as_bytes());
//!
//! let cut = SecurityDescriptor::try_from_bytes(&system[..39], at.into());
//! assert_eq!(cut.err(), Some(NtError::INVALID_SECURITY_DESCR));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use wdm_sys as sys;
use wdm_sys::SecurityInformation;

use super::RegKey;
use super::query::query;
use crate::{ApcLevel, NtError, NtStatus, Passive, PoolVec, Result};

/// The length of a self-relative descriptor's head (`SECURITY_DESCRIPTOR_RELATIVE`), in bytes.
const HEAD: usize = 20;

/// A security descriptor in self-relative form.
///
/// # Invariants
/// The kernel has found the bytes to be a valid descriptor that is no longer than they are; they
/// are at the pool's alignment.
#[derive(Debug)]
pub struct SecurityDescriptor(PoolVec<u8>);

impl SecurityDescriptor {
    /// A copy of bytes that are a descriptor (`RtlValidRelativeSecurityDescriptor`). IRQL:
    /// `<= APC_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INVALID_SECURITY_DESCR` if they are not, `STATUS_INSUFFICIENT_RESOURCES` if the pool
    /// has no memory.
    pub fn try_from_bytes(bytes: &[u8], at: ApcLevel<'_>) -> Result<Self> {
        let mut copy = PoolVec::new();
        copy.try_extend_from_slice(bytes)?;
        Self::checked(copy, at)
    }

    fn checked(bytes: PoolVec<u8>, at: ApcLevel<'_>) -> Result<Self> {
        match is_valid(&bytes, SecurityInformation::empty(), at) {
            // INVARIANT: the kernel has checked them; the pool aligned them.
            true => Ok(Self(bytes)),
            false => Err(NtError::INVALID_SECURITY_DESCR),
        }
    }

    /// The descriptor's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the descriptor has all these parts. IRQL: `<= APC_LEVEL`.
    #[must_use]
    pub fn has(&self, parts: SecurityInformation, at: ApcLevel<'_>) -> bool {
        is_valid(&self.0, parts, at)
    }

    /// The pointer to hand to a kernel routine that only reads the descriptor.
    pub(super) fn as_ptr(&self) -> sys::PSECURITY_DESCRIPTOR {
        self.0.as_ptr().cast_mut().cast()
    }
}

fn is_valid(bytes: &[u8], required: SecurityInformation, _at: ApcLevel<'_>) -> bool {
    let Ok(length) = u32::try_from(bytes.len()) else {
        return false;
    };
    // Whether the routine looks at the length before the head is not documented.
    if bytes.len() < HEAD {
        return false;
    }
    let descriptor = bytes.as_ptr().cast_mut().cast();
    // SAFETY: `length` readable bytes, the head among them, which the routine only reads; IRQL
    // <= APC_LEVEL by the token.
    let valid =
        unsafe { sys::RtlValidRelativeSecurityDescriptor(descriptor, length, required.bits()) };
    valid != 0
}

impl RegKey {
    /// These parts of the key's security descriptor (`ZwQuerySecurityObject`).
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`, `STATUS_INVALID_SECURITY_DESCR` if
    /// what was answered is none, or what a registry callback answered.
    pub fn security(
        &self,
        parts: SecurityInformation,
        at: Passive<'_>,
    ) -> Result<SecurityDescriptor> {
        let answer = query(|buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe { sys::ZwQuerySecurityObject(self.raw(), parts.bits(), buffer, size, needed) }
        })?;
        SecurityDescriptor::checked(answer, at.into())
    }

    /// Replaces these parts of the key's security descriptor (`ZwSetSecurityObject`). The
    /// descriptor must have them: to set an access list that is not there would let everybody do
    /// everything.
    ///
    /// # Errors
    /// `STATUS_INVALID_SECURITY_DESCR` if the descriptor lacks one of the parts,
    /// `STATUS_ACCESS_DENIED`, `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`, or what a
    /// registry callback answered.
    pub fn set_security(
        &self,
        parts: SecurityInformation,
        security: &SecurityDescriptor,
        at: Passive<'_>,
    ) -> Result<()> {
        if !security.has(parts, at.into()) {
            return Err(NtError::INVALID_SECURITY_DESCR);
        }
        // SAFETY: the handle is open, the descriptor is valid and outlives the call, which reads
        // it; PASSIVE_LEVEL by the token.
        let status =
            unsafe { sys::ZwSetSecurityObject(self.raw(), parts.bits(), security.as_ptr()) };
        NtStatus::from_raw(status).to_result()
    }
}
