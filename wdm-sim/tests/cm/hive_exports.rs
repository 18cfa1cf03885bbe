//! Hives and files as drivers use them, through the kernel's exports.

use std::ptr;

use wdm_sim::Status;
use wdm_sys::*;

use crate::hives::{FILE, LOADED, TARGET, scene};
use crate::support::*;

const NEW: &str = r"\REGISTRY\USER\New";
const NEW_FILE: &str = r"\??\C:\new.hiv";

/// `ZwLoadKeyEx` and its neighbours, which wdm-sys does not declare.
#[allow(clippy::too_many_arguments, reason = "C's own")]
mod undeclared {
    use super::*;

    unsafe extern "system" {
        pub(super) fn ZwLoadKeyEx(
            target: POBJECT_ATTRIBUTES,
            source: POBJECT_ATTRIBUTES,
            flags: ULONG,
            trust_class: HANDLE,
            event: HANDLE,
            access: ACCESS_MASK,
            root_handle: PHANDLE,
            io_status: PIO_STATUS_BLOCK,
        ) -> NTSTATUS;
        pub(super) fn ZwSaveKeyEx(handle: HANDLE, file: HANDLE, format: ULONG) -> NTSTATUS;
        pub(super) fn ZwSaveMergedKeys(high: HANDLE, low: HANDLE, file: HANDLE) -> NTSTATUS;
        pub(super) fn ZwCreateFile(
            handle: PHANDLE,
            access: ACCESS_MASK,
            attributes: POBJECT_ATTRIBUTES,
            io_status: PIO_STATUS_BLOCK,
            allocation_size: PLARGE_INTEGER,
            file_attributes: ULONG,
            share_access: ULONG,
            disposition: ULONG,
            options: ULONG,
            extended_attributes: PVOID,
            extended_attributes_length: ULONG,
        ) -> NTSTATUS;
        pub(super) fn ZwReadFile(
            handle: HANDLE,
            event: HANDLE,
            routine: PIO_APC_ROUTINE,
            context: PVOID,
            io_status: PIO_STATUS_BLOCK,
            buffer: PVOID,
            length: ULONG,
            offset: PLARGE_INTEGER,
            key: PULONG,
        ) -> NTSTATUS;
        pub(super) fn ZwWriteFile(
            handle: HANDLE,
            event: HANDLE,
            routine: PIO_APC_ROUTINE,
            context: PVOID,
            io_status: PIO_STATUS_BLOCK,
            buffer: PVOID,
            length: ULONG,
            offset: PLARGE_INTEGER,
            key: PULONG,
        ) -> NTSTATUS;
    }
}

/// A kernel-mode caller's open file, and what the open told of it.
fn kernel_file(path: &str, disposition: u32) -> Result<(KernelKey, u64), Status> {
    let mut path = Wide::new(path);
    let mut attributes = attributes(ptr::null_mut(), path.as_ptr());
    let mut handle = ptr::null_mut();
    let mut io_status = no_status();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        undeclared::ZwCreateFile(
            &raw mut handle,
            GENERIC_READ | GENERIC_WRITE,
            &raw mut attributes,
            &raw mut io_status,
            ptr::null_mut(),
            0,
            0,
            disposition,
            0,
            ptr::null_mut(),
            0,
        )
    });
    status.to_result()?;
    Ok((KernelKey(handle), io_status.Information))
}

fn no_status() -> IO_STATUS_BLOCK {
    // SAFETY: all zero is an empty block.
    unsafe { std::mem::zeroed() }
}

#[test]
fn a_driver_reads_and_writes_files() {
    let machine = scene();
    let _thread = machine.system_process().enter();
    assert_eq!(
        kernel_file(NEW_FILE, 1).map(drop),
        Err(Status::OBJECT_NAME_NOT_FOUND)
    );
    let (file, opened) = kernel_file(NEW_FILE, 2).unwrap();
    assert_eq!(opened, 2);
    assert_eq!(
        kernel_file(NEW_FILE, 2).map(drop),
        Err(Status::OBJECT_NAME_COLLISION)
    );
    let call = |write: bool, buffer: &mut [u8], offset: Option<i64>| {
        let mut io_status = no_status();
        let mut offset = offset.map(|offset| LARGE_INTEGER { QuadPart: offset });
        let place = offset.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
        let routine = if write {
            undeclared::ZwWriteFile
        } else {
            undeclared::ZwReadFile
        };
        // SAFETY: all places are live.
        let status = unsafe {
            routine(
                file.0,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
                &raw mut io_status,
                buffer.as_mut_ptr().cast(),
                buffer.len() as u32,
                place,
                ptr::null_mut(),
            )
        };
        (Status(status), io_status.Information)
    };
    assert_eq!(
        call(true, &mut *b"hello".to_owned().as_mut(), None),
        (Status::SUCCESS, 5)
    );
    assert_eq!(
        call(true, &mut *b"!".to_owned().as_mut(), Some(6)),
        (Status::SUCCESS, 1)
    );
    assert_eq!(machine.file(NEW_FILE).unwrap(), b"hello\0!");
    let mut buffer = [0; 4];
    assert_eq!(call(false, &mut buffer, Some(0)), (Status::SUCCESS, 4));
    assert_eq!(&buffer, b"hell");
    assert_eq!(call(false, &mut buffer, None), (Status::SUCCESS, 3));
    assert_eq!(&buffer[..3], b"o\0!");
    assert_eq!(call(false, &mut buffer, None), (Status::END_OF_FILE, 0));
    let too_far = call(true, &mut buffer, Some(i64::MAX));
    assert_eq!(too_far, (Status::INVALID_PARAMETER, 0));
    let (_again, opened) = kernel_file(NEW_FILE, 5).unwrap();
    assert_eq!(opened, 3);
    assert_eq!(machine.file(NEW_FILE).unwrap(), b"");
    assert_clean(&machine);
}

#[test]
fn h7_a_driver_needs_no_privileges() {
    let machine = scene();
    let thread = machine.system_process().enter();
    let target = KernelKey::open(TARGET).unwrap();
    let loaded = KernelKey::open(LOADED).unwrap();
    let (out, _) = kernel_file(NEW_FILE, 2).unwrap();
    let (saved, _) = kernel_file(FILE, 1).unwrap();
    // SAFETY: any handles can be given.
    let status = unsafe { ZwSaveKey(target.0, out.0) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: as above.
    let status = unsafe { undeclared::ZwSaveKeyEx(target.0, out.0, 2) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: as above.
    let status = unsafe { undeclared::ZwSaveKeyEx(target.0, out.0, 3) };
    assert_eq!(Status(status), Status::INVALID_PARAMETER);
    // SAFETY: as above.
    let status = unsafe { undeclared::ZwSaveMergedKeys(target.0, loaded.0, out.0) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: as above.
    let status = unsafe { ZwRestoreKey(target.0, saved.0, 0) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: as above.
    let status = unsafe { ZwRestoreKey(target.0, target.0, 0) };
    assert_eq!(Status(status), Status::OBJECT_TYPE_MISMATCH);

    let mut names = [NEW_FILE, r"\??\C:\old.hiv", NEW, FILE].map(Wide::new);
    let [mut new_file, mut old_file, mut new, mut file] = names
        .each_mut()
        .map(|name| attributes(ptr::null_mut(), name.as_ptr()));
    drop(out);
    // SAFETY: all places are live.
    let status = unsafe { ZwReplaceKey(&raw mut new_file, loaded.0, &raw mut old_file) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: as above.
    let status = unsafe { ZwLoadKey(&raw mut new, &raw mut file) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: as above.
    let status = unsafe { ZwUnloadKey(&raw mut new) };
    assert_eq!(Status(status), Status::SUCCESS);
    // SAFETY: NULL is refused.
    let status = unsafe { ZwUnloadKey(ptr::null_mut()) };
    assert_eq!(Status(status), Status::ACCESS_VIOLATION);

    let mut name = Wide::new(r"\REGISTRY\A\Driver");
    let mut target = attributes(ptr::null_mut(), name.as_ptr());
    let mut root = ptr::null_mut();
    let mut io_status = no_status();
    let mut load = |flags: u32| {
        // SAFETY: all places are live.
        Status(unsafe {
            undeclared::ZwLoadKeyEx(
                &raw mut target,
                &raw mut file,
                flags,
                ptr::null_mut(),
                ptr::null_mut(),
                KEY_ALL_ACCESS,
                &raw mut root,
                &raw mut io_status,
            )
        })
    };
    assert_eq!(load(0x2000), Status::NOT_SUPPORTED);
    let for_application_hives_only = Status::INVALID_PARAMETER_7;
    assert_eq!(load(0), for_application_hives_only, "H1");
    assert_eq!(load(0x10), Status::SUCCESS);
    let root = KernelKey(root);
    assert!(
        root.0.addr() >= 0x8000_0000,
        "a kernel handle was asked for"
    );
    assert_eq!(root.set_dword("Value", 1), Status::SUCCESS);
    drop(root);
    drop(thread.open_file(FILE).unwrap());
    assert_clean(&machine);
}
