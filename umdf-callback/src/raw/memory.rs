//! Who frees what the framework allocates for the driver: COM's allocator for a property's value, and C++'s `delete[]` for its
//! name. Elsewhere than on Windows both are C's allocator, so that whoever plays the framework's part allocates with
//! [`CoTaskMemAlloc`] what the driver frees.

#[cfg(windows)]
pub use self::imports::*;
#[cfg(not(windows))]
pub use self::stand_in::*;

#[cfg(windows)]
mod imports {
    use core::ffi::c_void;

    use windows_core::HRESULT;

    use crate::raw::PROPVARIANT;

    #[link(name = "ole32", kind = "raw-dylib")]
    unsafe extern "system" {
        /// Page: combaseapi/nf-combaseapi-cotaskmemalloc.
        pub fn CoTaskMemAlloc(size: usize) -> *mut c_void;
        /// Page: propidl/nf-propidl-propvariantclear.
        pub fn PropVariantClear(value: *mut PROPVARIANT) -> HRESULT;
    }

    // The C runtime that Windows' own DLLs share, the framework's among them: `delete[]` of the framework's `new[]`.
    #[cfg_attr(
        target_arch = "x86",
        link(name = "msvcrt", kind = "raw-dylib", import_name_type = "undecorated")
    )]
    #[cfg_attr(not(target_arch = "x86"), link(name = "msvcrt", kind = "raw-dylib"))]
    unsafe extern "C" {
        /// `operator delete[]` (page: nf-wudfddi-iwdfnamedpropertystore-getnameat).
        #[cfg_attr(target_arch = "x86", link_name = "??_V@YAXPAX@Z")]
        #[cfg_attr(not(target_arch = "x86"), link_name = "??_V@YAXPEAX@Z")]
        pub fn delete_array(array: *mut c_void);
    }
}

#[cfg(not(windows))]
mod stand_in {
    use core::ffi::c_void;

    use windows_core::HRESULT;

    use crate::raw::{PROPVARIANT, VT_BLOB, VT_LPWSTR, VT_VECTOR};

    const STRINGS: u16 = VT_VECTOR | VT_LPWSTR;

    unsafe extern "C" {
        fn malloc(size: usize) -> *mut c_void;
        fn free(block: *mut c_void);
    }

    /// Memory that a [`PROPVARIANT`] or a name is made of, for the framework's part.
    #[must_use]
    pub fn CoTaskMemAlloc(size: usize) -> *mut c_void {
        // SAFETY: any size is allowed; there is none of 0 bytes, so that success is not null.
        unsafe { malloc(size.max(1)) }
    }

    /// Frees what a value points to, and makes it empty.
    ///
    /// # Safety
    /// The value is valid, and what it points to was allocated by [`CoTaskMemAlloc`].
    pub unsafe fn PropVariantClear(value: *mut PROPVARIANT) -> HRESULT {
        // SAFETY: the caller's value, which is empty from here on.
        let value = unsafe { value.replace(PROPVARIANT::EMPTY) };
        let block: *mut c_void = match value.vt {
            // SAFETY: the member that the type says.
            VT_LPWSTR => unsafe { value.value.pwszVal }.cast(),
            // SAFETY: as above.
            VT_BLOB => unsafe { value.value.blob }.pBlobData.cast(),
            STRINGS => {
                // SAFETY: as above.
                let strings = unsafe { value.value.calpwstr };
                for index in 0..strings.cElems as usize {
                    // SAFETY: there are as many strings.
                    let string = unsafe { strings.pElems.wrapping_add(index).read() };
                    // SAFETY: allocated, or null.
                    unsafe { free(string.cast()) };
                }
                strings.pElems.cast()
            }
            _ => return HRESULT(0),
        };
        // SAFETY: allocated, or null.
        unsafe { free(block) };
        HRESULT(0)
    }

    /// `operator delete[]` (page: nf-wudfddi-iwdfnamedpropertystore-getnameat).
    ///
    /// # Safety
    /// The array was allocated by [`CoTaskMemAlloc`], or is null.
    pub unsafe fn delete_array(array: *mut c_void) {
        // SAFETY: as the caller says.
        unsafe { free(array) }
    }
}
