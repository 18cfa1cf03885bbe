//! Lists that a spin lock of the driver's guards.

use std::cell::Cell;
use std::ptr::null_mut;

use wdm_sys::PVOID;

use crate::support::{in_kernel, machine, on};

#[repr(C)]
struct Links([Cell<*mut Links>; 2]);

unsafe extern "system" {
    fn ExInterlockedInsertHeadList(head: *mut Links, entry: *mut Links, lock: PVOID) -> *mut Links;
    fn ExInterlockedInsertTailList(head: *mut Links, entry: *mut Links, lock: PVOID) -> *mut Links;
    fn ExInterlockedRemoveHeadList(head: *mut Links, lock: PVOID) -> *mut Links;
}

#[test]
fn entries_go_in_front_or_to_the_end() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut entries = [(); 4].map(|()| Links([const { Cell::new(null_mut()) }; 2]));
        let [head, a, b, c] = entries.each_mut().map(std::ptr::from_mut);
        // SAFETY: the entry lives.
        let [next, previous] = unsafe { &(*head).0 };
        next.set(head);
        previous.set(head);
        let mut lock = 0_usize;
        let lock: PVOID = (&raw mut lock).cast();
        assert!(on!(ExInterlockedInsertHeadList(head, b, lock)).is_null());
        assert_eq!(on!(ExInterlockedInsertHeadList(head, a, lock)), b);
        assert_eq!(on!(ExInterlockedInsertTailList(head, c, lock)), b);
        let taken = [(); 4].map(|()| on!(ExInterlockedRemoveHeadList(head, lock)));
        assert_eq!(taken, [a, b, c, null_mut()]);
    });
}
