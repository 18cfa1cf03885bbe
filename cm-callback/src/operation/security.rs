//! Security descriptors: which parts of one are read or changed.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_set_key_security_information>
//! and its neighbour for the query. The descriptor itself has no view: that of a query is an output
//! (N8), and that of a change may be absolute or self-relative, which is for the `Rtl*` routines to
//! tell apart.

use wdm_sys::SecurityInformation;

use super::{Operation, QuerySecurity, SetSecurity};
use crate::RegistryCallback;
use crate::border::input::NamesSecurity;
use crate::notification::{Post, Pre};

/// An operation on a key's security descriptor.
#[diagnostic::on_unimplemented(message = "`{Self}` is not about a security descriptor")]
pub trait OnSecurity: Operation<Info: NamesSecurity> {}

impl OnSecurity for QuerySecurity {}
impl OnSecurity for SetSecurity {}

impl<O: OnSecurity, C: RegistryCallback> Pre<'_, O, C> {
    /// The parts of the security descriptor that are asked for or changed. Windows has more parts
    /// than have a name here; their bits are kept.
    #[must_use]
    pub fn security_parts(&self) -> SecurityInformation {
        self.info.security_parts()
    }
}

impl<O: OnSecurity, C: RegistryCallback> Post<'_, O, C> {
    /// The parts of the security descriptor that were asked for or changed.
    #[must_use]
    pub fn security_parts(&self) -> SecurityInformation {
        self.info
            .map_or(SecurityInformation::empty(), |info| info.security_parts())
    }
}
