//! Property stores.

use core::ffi::c_void;

use windows_core::{HRESULT, IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::structures::{PROPVARIANT, WDF_PROPERTY_STORE_ROOT};
use super::types::{WDF_PROPERTY_STORE_DISPOSITION, WDF_PROPERTY_STORE_RETRIEVE_FLAGS};

/// Values by name, kept in the registry. Page: nn-wudfddi-iwdfnamedpropertystore.
#[interface("394b48c9-bca0-498f-8e2c-01225464a932")]
pub unsafe trait IWDFNamedPropertyStore: IUnknown {
    /// A value. Page: nf-wudfddi-iwdfnamedpropertystore-getnamedvalue.
    pub unsafe fn GetNamedValue(&self, name: *const u16, value: *mut PROPVARIANT) -> HRESULT;
    /// Sets one. Page: nf-wudfddi-iwdfnamedpropertystore-setnamedvalue.
    pub unsafe fn SetNamedValue(&self, name: *const u16, value: *const PROPVARIANT) -> HRESULT;
    /// How many there are. Page: nf-wudfddi-iwdfnamedpropertystore-getnamecount.
    pub unsafe fn GetNameCount(&self, count: *mut u32) -> HRESULT;
    /// The name of one. Page: nf-wudfddi-iwdfnamedpropertystore-getnameat.
    pub unsafe fn GetNameAt(&self, index: u32, name: *mut *mut u16) -> HRESULT;
}

/// UMDF 1.9: deletion of a value. Page: nn-wudfddi-iwdfnamedpropertystore2.
#[interface("1464ee0e-8e0f-4fda-b1a0-b3614c405d56")]
pub unsafe trait IWDFNamedPropertyStore2: IWDFNamedPropertyStore {
    /// Deletes a value. Page: nf-wudfddi-iwdfnamedpropertystore2-deletenamedvalue.
    pub unsafe fn DeleteNamedValue(&self, name: *const u16) -> HRESULT;
}

/// UMDF 1.9: opens property stores. Page: nn-wudfddi-iwdfpropertystorefactory.
#[interface("45be7e06-9b65-434d-a7d6-9572d7f73d53")]
pub unsafe trait IWDFPropertyStoreFactory: IUnknown {
    /// Opens a property store. Page: nf-wudfddi-iwdfpropertystorefactory-retrievedevicepropertystore.
    pub unsafe fn RetrieveDevicePropertyStore(
        &self,
        root_specifier: *const WDF_PROPERTY_STORE_ROOT,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        desired_access: u32,
        subkey_path: *const u16,
        property_store: *mut Raw<IWDFNamedPropertyStore2>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT;
}

/// UMDF 1.11: device properties by key. Page: nn-wudfddi-iwdfunifiedpropertystore.
#[interface("6b966713-ac73-4975-ac3c-9df31c68da73")]
pub unsafe trait IWDFUnifiedPropertyStore: IUnknown {
    /// Sets a property. Page: nf-wudfddi-iwdfunifiedpropertystore-setpropertydata.
    pub unsafe fn SetPropertyData(
        &self,
        property_key: *const c_void,
        lcid: u32,
        flags: u32,
        property_type: u32,
        property_data_size: u32,
        property_data: *mut c_void,
    ) -> HRESULT;
    /// A property. Page: nf-wudfddi-iwdfunifiedpropertystore-getpropertydata.
    pub unsafe fn GetPropertyData(
        &self,
        property_key: *const c_void,
        lcid: u32,
        flags: u32,
        property_data_size: u32,
        property_data: *mut c_void,
        property_data_required_size: *mut u32,
        property_type: *mut u32,
    ) -> HRESULT;
}

/// UMDF 1.11: opens unified property stores. Page: nn-wudfddi-iwdfunifiedpropertystorefactory.
#[interface("6ad8fac3-8b77-4997-99e4-6b78c5f548d6")]
pub unsafe trait IWDFUnifiedPropertyStoreFactory: IUnknown {
    /// Opens a unified property store. Page: nf-wudfddi-iwdfunifiedpropertystorefactory-retrieveunifieddevicepropertystore.
    pub unsafe fn RetrieveUnifiedDevicePropertyStore(
        &self,
        root_specifier: *const WDF_PROPERTY_STORE_ROOT,
        property_store: *mut Raw<IWDFUnifiedPropertyStore>,
    ) -> HRESULT;
}
