//! Objects and handles.

use std::ptr::{null_mut, without_provenance_mut};

use wdm_sim::{KeyAccess, Machine, Rule};
use wdm_sys::{HANDLE, KPROCESSOR_MODE, NTSTATUS, OBJ_KERNEL_HANDLE, POBJECT_TYPE, PVOID};

use crate::support::{
    ACCESS_DENIED, INVALID_HANDLE, INVALID_PARAMETER, KEY, SUCCESS, TYPE_MISMATCH, call, in_kernel,
    machine, object_of, on, only, open_key,
};

unsafe extern "system" {
    fn ObCloseHandle(handle: HANDLE, mode: i8) -> i32;
}

/// `UserMode`.
const USER: KPROCESSOR_MODE = 1;

fn key_type() -> POBJECT_TYPE {
    // SAFETY: the simulator defines the variable and never writes it.
    let variable = unsafe { wdm_sys::CmKeyObjectType };
    // SAFETY: it leads to the kernel's variable of that type.
    unsafe { variable.read() }
}

fn by_handle(
    handle: HANDLE,
    access: u32,
    kind: POBJECT_TYPE,
    mode: KPROCESSOR_MODE,
) -> (NTSTATUS, PVOID) {
    let mut object = null_mut();
    let status = call!(ObReferenceObjectByHandle(
        handle,
        access,
        kind,
        mode,
        &raw mut object,
        null_mut()
    ));
    (status, object)
}

#[test]
fn handles_are_multiples_of_four_and_kernel_handles_are_marked() {
    let machine = machine();
    in_kernel(&machine, || {
        let user: Vec<_> = (0..40).map(|_| open_key(KEY, 0)).collect();
        let kernel: Vec<_> = (0..40).map(|_| open_key(KEY, OBJ_KERNEL_HANDLE)).collect();
        for handle in &user {
            assert!(
                handle.addr() % 4 == 0 && (handle.addr() as isize) > 0,
                "{handle:p}"
            );
        }
        for handle in &kernel {
            assert!(
                handle.addr() % 4 == 0 && (handle.addr() as isize) < 0,
                "{handle:p}"
            );
        }
        let mut all = [user, kernel].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 80, "no two are equal");
        for handle in all {
            // The low two bits are ignored.
            let handle = without_provenance_mut(handle.addr() | 3);
            assert_eq!(call!(ZwClose(handle)), SUCCESS);
        }
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn what_is_no_open_handle_is_found() {
    for handle in [
        0,
        1,
        4,
        0xFFFF_FFFF_8000_0004,
        usize::MAX,
        usize::MAX - 1,
        1 << 40,
    ] {
        let machine = machine();
        in_kernel(&machine, || {
            let handle = without_provenance_mut(handle);
            assert_eq!(call!(ZwClose(handle)), INVALID_HANDLE, "{handle:p}");
        });
        only(&machine.report().findings, Rule::Handle, "ZwClose");
    }
}

#[test]
fn closing_twice_is_found() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(KEY, OBJ_KERNEL_HANDLE);
        assert_eq!(call!(ZwClose(handle)), SUCCESS);
        assert_eq!(call!(ZwClose(handle)), INVALID_HANDLE);
    });
    only(&machine.report().findings, Rule::Handle, "ZwClose");
}

#[test]
fn each_process_has_handles_of_its_own() {
    let machine = machine();
    let (one, other) = (machine.process("one.exe"), machine.process("other.exe"));
    let outer = one.enter();
    let key = outer.open_key(KEY, KeyAccess::READ).expect("it opens");
    let kernel = open_key(KEY, OBJ_KERNEL_HANDLE);
    let (status, object) = by_handle(key.handle(), 0, null_mut(), 0);
    assert_eq!(status, SUCCESS);
    {
        let _inner = other.enter();
        assert_eq!(by_handle(key.handle(), 0, null_mut(), 0).0, INVALID_HANDLE);
        let (status, object) = by_handle(kernel, 0, null_mut(), 0);
        assert_eq!(status, SUCCESS, "kernel handles work in every process");
        call!(ObfDereferenceObject(object));
    }
    call!(ObfDereferenceObject(object));
    let from_user_mode = by_handle(kernel, 0, null_mut(), USER);
    assert_eq!(
        from_user_mode,
        (INVALID_HANDLE, null_mut()),
        "not for user mode"
    );
    assert_eq!(call!(ZwClose(kernel)), SUCCESS);
}

#[test]
fn types_and_rights_are_checked() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(KEY, 0); // KEY_READ
        let write = wdm_sys::KEY_SET_VALUE;
        let wrong: POBJECT_TYPE = std::ptr::dangling_mut();
        assert_eq!(by_handle(handle, 0, wrong, 0), (TYPE_MISMATCH, null_mut()));
        assert_eq!(
            by_handle(handle, write, key_type(), USER),
            (ACCESS_DENIED, null_mut())
        );
        let (status, object) = by_handle(handle, write, key_type(), 0);
        assert_eq!(status, SUCCESS, "kernel mode's rights are not looked at");
        let (status, again) = by_handle(handle, wdm_sys::KEY_READ, key_type(), USER);
        assert_eq!((status, again), (SUCCESS, object), "one object");
        call!(ObfDereferenceObject(object));
        call!(ObfDereferenceObject(again));
        let mode = 0;
        assert_eq!(
            call!(ObReferenceObjectByPointer(object, 0, wrong, mode)),
            TYPE_MISMATCH
        );
        assert_eq!(
            call!(ObReferenceObjectByPointer(object, 0, key_type(), mode)),
            SUCCESS
        );
        call!(ObfDereferenceObject(object));
        assert_eq!(call!(ZwClose(handle)), SUCCESS);
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn the_handles_rights_are_told() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(KEY, 0);
        let mut object = null_mut();
        // SAFETY: all-zero bytes are valid for numbers.
        let mut about: wdm_sys::_OBJECT_HANDLE_INFORMATION = unsafe { std::mem::zeroed() };
        let information = &raw mut about;
        let object_place = &raw mut object;
        call!(ObReferenceObjectByHandle(
            handle,
            0,
            null_mut(),
            0,
            object_place,
            information
        ));
        assert_eq!(about.GrantedAccess, wdm_sys::KEY_READ);
        call!(ObfDereferenceObject(object));
        call!(ZwClose(handle));
    });
}

#[test]
fn an_object_lives_until_its_last_reference() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(KEY, 0);
        let object = object_of(handle);
        assert_eq!(
            call!(ObfReferenceObject(object)),
            3,
            "a handle and two references"
        );
        assert_eq!(call!(ZwClose(handle)), SUCCESS);
        assert_eq!(call!(ObfDereferenceObject(object)), 1);
        let mut again = null_mut();
        let opened = call!(ObOpenObjectByPointer(
            object,
            OBJ_KERNEL_HANDLE,
            null_mut(),
            wdm_sys::KEY_READ,
            key_type(),
            0,
            &raw mut again
        ));
        assert_eq!(opened, SUCCESS);
        assert_eq!(call!(ObfDereferenceObject(object)), 1, "the handle's");
        assert_eq!(object_of(again), object);
        call!(ObfDereferenceObject(object));
        assert_eq!(call!(ZwClose(again)), SUCCESS);
        assert!(machine.report().findings.is_empty());

        assert_eq!(call!(ObfReferenceObject(object)), 0, "the object is gone");
    });
    let report = machine.report();
    let finding = only(&report.findings, Rule::Object, "ObfReferenceObject");
    assert!(finding.detail.contains("has been closed"), "{finding}");
}

#[test]
fn a_dereference_too_many_is_found_and_does_no_harm() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(KEY, 0);
        let object = object_of(handle);
        call!(ObfDereferenceObject(object));
        assert_eq!(call!(ObfDereferenceObject(object)), 1);
        assert_eq!(object_of(handle), object, "the handle still works");
        call!(ObfDereferenceObject(object));
        assert_eq!(call!(ZwClose(handle)), SUCCESS);
    });
    only(
        &machine.report().findings,
        Rule::Object,
        "ObfDereferenceObject",
    );
}

#[test]
fn foreign_pointers_are_found() {
    let on_stack = 7_u64;
    let (one, other) = (machine(), machine());
    let of_other = in_kernel(&other, || object_of(open_key(KEY, 0)));
    let pointers = [
        null_mut(),
        (&raw const on_stack).cast_mut().cast(),
        of_other,
    ];
    for pointer in pointers {
        let machine: &Machine = &one;
        in_kernel(machine, || {
            assert_eq!(call!(ObfReferenceObject(pointer)), 0);
            assert_eq!(call!(ObfDereferenceObject(pointer)), 0);
            let status = call!(ObReferenceObjectByPointer(pointer, 0, null_mut(), 0));
            assert_eq!(status, INVALID_PARAMETER);
        });
    }
    let findings = one.report().findings;
    assert_eq!(findings.len(), 9);
    assert!(findings.iter().all(|finding| finding.rule == Rule::Object));
}

#[test]
fn a_key_objects_name_is_its_keys() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(KEY, 0);
        let object = object_of(handle);
        let mut buffer = [0_u64; 64];
        let information = buffer.as_mut_ptr().cast();
        let mut needed = 0;
        let length = size_of_val(&buffer) as u32;
        let status = call!(ObQueryNameString(
            object,
            information,
            length,
            &raw mut needed
        ));
        assert_eq!(status, SUCCESS);
        // SAFETY: the kernel wrote a counted string.
        let name = unsafe { &(*information).Name };
        let units = usize::from(name.Length) / 2;
        // SAFETY: its text lies behind it in the buffer.
        let text = unsafe { std::slice::from_raw_parts(name.Buffer, units) };
        assert_eq!(
            String::from_utf16_lossy(text),
            r"\REGISTRY\MACHINE\SYSTEM\Setup"
        );
        assert_eq!(needed as usize, 16 + 2 * units + 2);
        call!(ObfDereferenceObject(object));
        call!(ZwClose(handle));
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn threads_open_and_close_at_once() {
    let machine = machine();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                in_kernel(&machine, || {
                    for _ in 0..500 {
                        let handle = open_key(KEY, OBJ_KERNEL_HANDLE);
                        let object = object_of(handle);
                        assert_eq!(call!(ZwClose(handle)), SUCCESS);
                        assert_eq!(call!(ObfDereferenceObject(object)), 0);
                    }
                });
            });
        }
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn a_handle_is_closed_for_the_mode_that_it_belongs_to() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(r"\Registry\Machine", OBJ_KERNEL_HANDLE);
        let (user, kernel) = (1, 0);
        assert_eq!(on!(ObCloseHandle(handle, user)), 0xC000_0008_u32 as i32);
        assert_eq!(on!(ObCloseHandle(handle, kernel)), SUCCESS);
        assert_eq!(machine.report().findings, []);
        on!(ObCloseHandle(handle, kernel));
    });
    only(&machine.report().findings, Rule::Handle, "ObCloseHandle");
}
