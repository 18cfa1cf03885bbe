//! Files: each opening of the device is one. Header: wudfddi.h, page: nn-wudfddi-iwdffile.

use core::ops::Deref;

use crate::Result;
use crate::border::framework::Framework;
use crate::raw::{IWDFDriverCreatedFile, IWDFFile};

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

/// A file that the driver has made. It is closed when this is dropped, which has to be before the device is gone, and no request is
/// sent with it any more. Pages: nn-wudfddi-iwdfdrivercreatedfile, wdf/creating-and-using-driver-created-file-objects.
#[derive(Debug)]
#[must_use = "it is closed when it is dropped"]
pub struct CreatedFile {
    file: File,
    created: Framework<IWDFDriverCreatedFile>,
}

impl CreatedFile {
    pub(crate) fn new(file: File, created: Framework<IWDFDriverCreatedFile>) -> Self {
        CreatedFile { file, created }
    }

    /// Closes it: requests that were sent with it are cancelled. Page: nf-wudfddi-iwdfdrivercreatedfile-close.
    pub fn close(self) {}
}

impl Deref for CreatedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl Drop for CreatedFile {
    fn drop(&mut self) {
        self.created.close();
    }
}
