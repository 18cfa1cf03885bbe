//! Rename.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_rename_key_information>

use wdm_safe::UnicodeStr;

use super::RenameKey;
use crate::RegistryCallback;
use crate::notification::Pre;

impl<'n, C: RegistryCallback> Pre<'n, RenameKey, C> {
    /// The name that the key gets: one component.
    #[must_use]
    pub fn new_name(&self) -> &'n UnicodeStr {
        self.info.text(|info| info.NewName)
    }
}
