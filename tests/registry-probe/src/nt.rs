//! The system calls. ntdll.dll exports each as `Nt...` and as `Zw...`; the kernel's `Zw...`, which the
//! simulator has, do the same for a caller in kernel mode.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatekey> and its
//! neighbours.

use wdm_sys::{
    HANDLE, NTSTATUS, PHANDLE, PKEY_VALUE_ENTRY, POBJECT_ATTRIBUTES, PULONG, PUNICODE_STRING,
    PVOID, ULONG,
};

#[cfg_attr(
    feature = "program",
    link(name = "ntdll.dll", kind = "raw-dylib", modifiers = "+verbatim")
)]
unsafe extern "system" {
    pub(crate) fn ZwClose(handle: HANDLE) -> NTSTATUS;
    pub(crate) fn ZwCreateKey(
        handle: PHANDLE,
        access: ULONG,
        attributes: POBJECT_ATTRIBUTES,
        title_index: ULONG,
        class: PUNICODE_STRING,
        options: ULONG,
        disposition: PULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwOpenKey(
        handle: PHANDLE,
        access: ULONG,
        attributes: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS;
    pub(crate) fn ZwOpenKeyEx(
        handle: PHANDLE,
        access: ULONG,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwDeleteKey(handle: HANDLE) -> NTSTATUS;
    pub(crate) fn ZwRenameKey(handle: HANDLE, name: PUNICODE_STRING) -> NTSTATUS;
    pub(crate) fn ZwFlushKey(handle: HANDLE) -> NTSTATUS;
    pub(crate) fn ZwQueryKey(
        handle: HANDLE,
        class: ULONG,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwEnumerateKey(
        handle: HANDLE,
        index: ULONG,
        class: ULONG,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwSetInformationKey(
        handle: HANDLE,
        class: ULONG,
        information: PVOID,
        length: ULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwSetValueKey(
        handle: HANDLE,
        name: PUNICODE_STRING,
        title_index: ULONG,
        kind: ULONG,
        data: PVOID,
        size: ULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwDeleteValueKey(handle: HANDLE, name: PUNICODE_STRING) -> NTSTATUS;
    pub(crate) fn ZwQueryValueKey(
        handle: HANDLE,
        name: PUNICODE_STRING,
        class: ULONG,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwEnumerateValueKey(
        handle: HANDLE,
        index: ULONG,
        class: ULONG,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwQueryMultipleValueKey(
        handle: HANDLE,
        entries: PKEY_VALUE_ENTRY,
        count: ULONG,
        buffer: PVOID,
        length: PULONG,
        required: PULONG,
    ) -> NTSTATUS;
    pub(crate) fn ZwQuerySecurityObject(
        handle: HANDLE,
        wanted: ULONG,
        descriptor: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS;
}
