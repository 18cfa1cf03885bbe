//! Bytes are a security descriptor if the kernel finds them to be one.

use wdm_safe::registry::SecurityDescriptor;
use wdm_safe::{ApcLevel, PoolVec, Result};

pub fn descriptor(bytes: PoolVec<u8>, at: ApcLevel<'_>) -> Result<SecurityDescriptor> {
    SecurityDescriptor::try_from_bytes(&bytes, at)
}
