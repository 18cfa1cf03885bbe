//! Who a request comes from, and acting as that client. Page: wdf/handling-client-impersonation-in-umdf-1-x-drivers.

use super::{Create, Request, marker};
use crate::border::closure;
use crate::queue::IoQueue;
use crate::raw::*;
use crate::{GUID, HRESULT, Result};

impl<K: marker::Kind, O: marker::Origin> Request<K, O> {
    /// Does something as the client that the request comes from, like opening a file that the driver's host process may not open. Page:
    /// nf-wudfddi-iwdfiorequest-impersonate.
    ///
    /// `act` does only what needs the client's rights, and calls nothing of the framework's: no method of a device, a queue, a
    /// request or memory. That would show the client's rights to other drivers. The request itself it cannot call.
    ///
    /// Up to UMDF 1.7 the level is the highest that the client and the INF file (`UmdfImpersonationLevel`) allow.
    ///
    /// ```
    /// # use std::fs::File;
    /// # use std::path::PathBuf;
    /// # use umdf_callback::Result;
    /// # use umdf_callback::request::{DeviceIoControl, ImpersonationLevel, Request};
    /// fn open(request: &mut Request<DeviceIoControl>, firmware: PathBuf) -> Result<std::io::Result<File>> {
    ///     request.impersonate(ImpersonationLevel::Impersonation, move || File::open(firmware))
    /// }
    /// ```
    ///
    /// # Errors
    /// The client or the INF file does not allow the level, and `act` is dropped.
    pub fn impersonate<T: Send>(
        &mut self,
        level: ImpersonationLevel,
        act: impl FnOnce() -> T + Send,
    ) -> Result<T> {
        const E_UNEXPECTED: HRESULT = HRESULT(0x8000_FFFF_u32 as i32);
        let mut value = None;
        let level = level as SECURITY_IMPERSONATION_LEVEL;
        closure::impersonate(self.framework(), level, || value = Some(act()))?;
        value.ok_or_else(|| E_UNEXPECTED.into())
    }

    /// Who it comes from. From UMDF 1.9. Pages: nf-wudfddi-iwdfiorequest2-getrequestormode,
    /// nf-wudfddi-iwdfiorequest2-isfromusermodedriver.
    ///
    /// # Errors
    /// The framework is older.
    pub fn requestor(&self) -> Result<Requestor> {
        let request = self.framework().query::<IWDFIoRequest2>()?;
        Ok(if request.requestor_mode() != WdfUserMode {
            Requestor::KernelModeDriver
        } else if request.is_from_user_mode_driver() {
            Requestor::UserModeDriver
        } else {
            Requestor::Application
        })
    }

    /// Whether a 32-bit process made it, whose structures may be laid out in another way. Page:
    /// nf-wudfddi-iwdfiorequest-isfrom32bitprocess.
    #[must_use]
    pub fn is_from_32_bit_process(&self) -> bool {
        self.framework().is_from_32_bit_process()
    }

    /// Whether it should be cancelled: then it is [failed](Request::fail) with [`CANCELED`](super::CANCELED). From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfiorequest2-iscanceled.
    ///
    /// # Errors
    /// The framework is older.
    pub fn is_canceled(&self) -> Result<bool> {
        let request = self.framework().query::<IWDFIoRequest2>()?;
        Ok(request.is_canceled())
    }

    /// The queue that it is from. Page: nf-wudfddi-iwdfiorequest-getioqueue.
    #[must_use]
    pub fn queue(&self) -> Option<IoQueue> {
        self.framework().queue().map(IoQueue)
    }

    /// What events of its processing are traced with, if anything. From UMDF 1.11. Page:
    /// nf-wudfddi-iwdfiorequest3-retrieveactivityid.
    ///
    /// # Errors
    /// The framework is older.
    pub fn activity_id(&self) -> Result<Option<GUID>> {
        self.framework().activity_id()
    }

    /// Traces events of its processing with this. From UMDF 1.11. Page: nf-wudfddi-iwdfiorequest3-setactivityid.
    ///
    /// # Errors
    /// The framework is older.
    pub fn set_activity_id(&mut self, id: &GUID) -> Result<()> {
        self.framework().set_activity_id(id)
    }

    /// Whether kernel-mode drivers below take it for one of a UMDF driver. From UMDF 1.11. Page:
    /// nf-wudfddi-iwdfiorequest3-getusermodedriverinitiatedio.
    ///
    /// # Errors
    /// The framework is older.
    pub fn is_user_mode_driver_initiated(&self) -> Result<bool> {
        let request = self.framework().query::<IWDFIoRequest3>()?;
        Ok(request.is_user_mode_driver_initiated())
    }

    /// Lets kernel-mode drivers below take it for one of a UMDF driver, if the driver has checked it. From UMDF 1.11. Page:
    /// nf-wudfddi-iwdfiorequest3-setusermodedriverinitiatedio.
    ///
    /// # Errors
    /// The framework is older.
    pub fn set_user_mode_driver_initiated(&mut self, initiated: bool) -> Result<()> {
        let request = self.framework().query::<IWDFIoRequest3>()?;
        request.set_user_mode_driver_initiated(initiated);
        Ok(())
    }
}

impl<O: marker::Origin> Request<Create, O> {
    /// How the device is opened. Pages: nf-wudfddi-iwdfiorequest-getcreateparameters,
    /// nf-wudfddi-iwdfiorequest2-getcreateparametersex.
    #[must_use]
    pub fn parameters(&self) -> CreateParameters {
        let (options, file_attributes, share_access, desired_access) = self.framework().create();
        CreateParameters {
            options: options & 0x00FF_FFFF,
            disposition: (options >> 24) as u8,
            file_attributes,
            share_access,
            desired_access,
        }
    }
}

/// How a device is opened. The bits are those of `ZwCreateFile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateParameters {
    /// `CreateOptions`.
    pub options: u32,
    /// `CreateDisposition`, which is counted in another way than that of `CreateFile`.
    pub disposition: u8,
    /// `FileAttributes`.
    pub file_attributes: u16,
    /// `ShareAccess`; none is exclusive.
    pub share_access: u16,
    /// `DesiredAccess`, from UMDF 1.9.
    pub desired_access: Option<u32>,
}

/// Who a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requestor {
    /// A kernel-mode driver, if the driver takes requests of such ones.
    KernelModeDriver,
    /// Another user-mode driver.
    UserModeDriver,
    /// A program.
    Application,
}

/// How far the driver acts as its client (`SECURITY_IMPERSONATION_LEVEL`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImpersonationLevel {
    /// It does not know who it is.
    Anonymous = SecurityAnonymous as isize,
    /// It knows who it is, and cannot act as such.
    Identification = SecurityIdentification as isize,
    /// It acts as the client on this machine.
    Impersonation = SecurityImpersonation as isize,
    /// On other machines too.
    Delegation = SecurityDelegation as isize,
}
