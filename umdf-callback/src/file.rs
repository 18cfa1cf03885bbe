//! Files: each opening of the device is one. Header: wudfddi.h, page: nn-wudfddi-iwdffile.

use crate::Result;
use crate::border::framework::Framework;
use crate::raw::IWDFFile;

/// The framework file object.
#[derive(Clone, Debug)]
pub struct File(pub(crate) Framework<IWDFFile>);

impl File {
    /// Its name, as it was opened by. Page: nf-wudfddi-iwdffile-retrievefilename.
    ///
    /// # Errors
    /// The framework's.
    pub fn name(&self) -> Result<String> {
        self.0.name()
    }

    /// Whether both are the same opening.
    #[must_use]
    pub fn is(&self, other: &File) -> bool {
        self.0.is(&other.0)
    }
}
