//! The kernel's routines, called as a driver calls them.

use std::ptr;

use wdm_sys::{
    CmRegisterCallbackEx, CmUnRegisterCallback, HANDLE, KEY_ALL_ACCESS, LARGE_INTEGER, NTSTATUS,
    OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PVOID, REG_DWORD, UNICODE_STRING,
    ZwClose, ZwCreateKey, ZwOpenKey, ZwSetValueKey,
};

/// A name that lives as long as it is used.
pub(crate) struct Name(Vec<u16>);

impl Name {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }

    pub(crate) fn string(&mut self) -> UNICODE_STRING {
        let bytes = size_of_val(self.0.as_slice()) as u16;
        UNICODE_STRING {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: self.0.as_mut_ptr(),
        }
    }
}

fn succeeded(call: &str, status: NTSTATUS) {
    assert_eq!(status, 0, "{call} failed");
}

/// An open key.
pub(crate) struct Key(HANDLE);

impl Key {
    /// Creates a key, or opens it.
    pub(crate) fn create(path: &str) -> Self {
        let mut path = Name::new(path);
        let mut string = path.string();
        let mut attributes = attributes(&mut string);
        let mut handle = ptr::null_mut();
        // SAFETY: all places live until the call returns.
        let status = unsafe {
            ZwCreateKey(
                &raw mut handle,
                KEY_ALL_ACCESS,
                &raw mut attributes,
                0,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
            )
        };
        succeeded("ZwCreateKey", status);
        Self(handle)
    }

    /// Opens each path's key and closes it.
    pub(crate) fn open_each(paths: &mut [Name]) {
        for path in paths {
            let mut string = path.string();
            let mut attributes = attributes(&mut string);
            let mut handle = ptr::null_mut();
            // SAFETY: all places live until the call returns.
            let status = unsafe { ZwOpenKey(&raw mut handle, KEY_ALL_ACCESS, &raw mut attributes) };
            succeeded("ZwOpenKey", status);
            drop(Self(handle));
        }
    }

    /// Sets a number.
    pub(crate) fn set(&self, name: &mut UNICODE_STRING, mut number: u32) {
        let data: PVOID = (&raw mut number).cast();
        // SAFETY: all places live until the call returns.
        let status = unsafe { ZwSetValueKey(self.0, name, 0, REG_DWORD, data, 4) };
        succeeded("ZwSetValueKey", status);
    }
}

fn attributes(path: &mut UNICODE_STRING) -> OBJECT_ATTRIBUTES {
    OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: ptr::null_mut(),
        ObjectName: path,
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: open until now.
        succeeded("ZwClose", unsafe { ZwClose(self.0) });
    }
}

/// A callback that passes everything.
unsafe extern "system" fn pass(_: PVOID, _: PVOID, _: PVOID) -> NTSTATUS {
    0
}

/// Registered callbacks that pass everything; dropping them unregisters them.
pub(crate) struct Callbacks(Vec<LARGE_INTEGER>);

impl Callbacks {
    /// Registers so many at altitudes of their own.
    pub(crate) fn register(number: usize) -> Self {
        Self((0..number).map(Self::register_one).collect())
    }

    fn register_one(number: usize) -> LARGE_INTEGER {
        let mut altitude = Name::new(&format!("{}", 380_010 + number));
        let altitude = altitude.string();
        let mut cookie = LARGE_INTEGER { QuadPart: 0 };
        // SAFETY: the callback touches nothing, and the places live until the call returns.
        let status = unsafe {
            CmRegisterCallbackEx(
                Some(pass),
                &raw const altitude,
                ptr::without_provenance_mut(0x1000),
                ptr::null_mut(),
                &raw mut cookie,
                ptr::null_mut(),
            )
        };
        succeeded("CmRegisterCallbackEx", status);
        cookie
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        for cookie in &self.0 {
            // SAFETY: a number is all that it takes.
            let status = unsafe { CmUnRegisterCallback(*cookie) };
            succeeded("CmUnRegisterCallback", status);
        }
    }
}
