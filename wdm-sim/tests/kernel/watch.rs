//! `ZwNotifyChangeKey` and the events behind handles, called as a driver does.

use std::cell::UnsafeCell;
use std::ptr;

use wdm_sim::Rule;
use wdm_sys::{
    EVENT_ALL_ACCESS, EVENT_TYPE, HANDLE, IO_STATUS_BLOCK, LARGE_INTEGER, NTSTATUS,
    NotificationEvent, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PVOID, REG_DWORD,
    REG_NOTIFY_CHANGE_LAST_SET, SynchronizationEvent,
};

use crate::support::{
    INVALID_HANDLE, INVALID_PARAMETER, KEY, SUCCESS, TYPE_MISMATCH, Text, call, in_kernel, machine,
    object_of, only, open_key,
};

const TIMEOUT: NTSTATUS = 0x102;
const PENDING: NTSTATUS = 0x103;
const NOTIFY_CLEANUP: NTSTATUS = 0x10B;
const NOTIFY_ENUM_DIR: NTSTATUS = 0x10C;
const NOT_IMPLEMENTED: NTSTATUS = 0xC000_0002_u32 as i32;

unsafe extern "system" {
    fn ZwSetEvent(event: HANDLE, before: *mut i32) -> NTSTATUS;
    fn ZwResetEvent(event: HANDLE, before: *mut i32) -> NTSTATUS;
    fn ZwClearEvent(event: HANDLE) -> NTSTATUS;
    fn KeReadStateEvent(event: PVOID) -> i32;
}

fn event(kind: EVENT_TYPE, signalled: bool) -> HANDLE {
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: ptr::null_mut(),
        ObjectName: ptr::null_mut(),
        Attributes: OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    let mut handle = ptr::null_mut();
    let created = call!(ZwCreateEvent(
        &raw mut handle,
        EVENT_ALL_ACCESS,
        &raw mut attributes,
        kind,
        signalled.into()
    ));
    assert_eq!(created, SUCCESS);
    handle
}

/// Whether a handle's object is signalled, without waiting.
fn ask(handle: HANDLE) -> NTSTATUS {
    let mut now = LARGE_INTEGER { QuadPart: 0 };
    call!(ZwWaitForSingleObject(handle, 0, &raw mut now))
}

fn close(handle: HANDLE) {
    assert_eq!(call!(ZwClose(handle)), SUCCESS);
}

/// A status block that says that nothing has been written to it.
struct Block(UnsafeCell<IO_STATUS_BLOCK>);

impl Block {
    fn new() -> Self {
        // SAFETY: all-zero bytes are valid for numbers and pointers.
        let mut block: IO_STATUS_BLOCK = unsafe { std::mem::zeroed() };
        block.Information = 77;
        Self(UnsafeCell::new(block))
    }

    /// What was written, if anything was.
    fn written(&self) -> Option<NTSTATUS> {
        // SAFETY: the kernel writes to it on this thread only, in these tests.
        let block = unsafe { self.0.get().read() };
        // SAFETY: both members of the union begin with the status.
        let status = unsafe { block.__bindgen_anon_1.Status };
        (block.Information == 0).then_some(status)
    }
}

fn notify(key: HANDLE, event: HANDLE, block: &Block, asynchronous: bool) -> NTSTATUS {
    call!(ZwNotifyChangeKey(
        key,
        event,
        None,
        ptr::null_mut(),
        block.0.get(),
        REG_NOTIFY_CHANGE_LAST_SET,
        0,
        ptr::null_mut(),
        0,
        asynchronous.into()
    ))
}

fn set(key: HANDLE, mut number: u32) {
    let mut name = Text::new("Number");
    let data = (&raw mut number).cast();
    let set = call!(ZwSetValueKey(key, name.as_ptr(), 0, REG_DWORD, data, 4));
    assert_eq!(set, SUCCESS);
}

#[test]
fn a_change_writes_the_block_and_then_signals_the_event() {
    let machine = machine();
    in_kernel(&machine, || {
        let (key, event, block) = (
            open_key(KEY, OBJ_KERNEL_HANDLE),
            event(SynchronizationEvent, false),
            Block::new(),
        );
        assert_eq!(notify(key, event, &block, true), PENDING);
        assert_eq!((block.written(), ask(event)), (None, TIMEOUT));
        set(key, 1);
        assert_eq!(block.written(), Some(NOTIFY_ENUM_DIR));
        assert_eq!((ask(event), ask(event)), (SUCCESS, TIMEOUT));
        close(key);
        close(event);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn w2_closing_the_key_ends_its_requests() {
    let machine = machine();
    in_kernel(&machine, || {
        let (key, event, block) = (
            open_key(KEY, OBJ_KERNEL_HANDLE),
            event(NotificationEvent, false),
            Block::new(),
        );
        assert_eq!(notify(key, event, &block, true), PENDING);
        // A handle to the event is not needed any more: the request has a reference.
        close(event);
        // Nor does a reference keep the request: it ends with the last handle.
        let object = object_of(key);
        close(key);
        assert_eq!(block.written(), Some(NOTIFY_CLEANUP));
        call!(ObfDereferenceObject(object));
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_request_needs_no_event() {
    let machine = machine();
    in_kernel(&machine, || {
        let (key, block) = (open_key(KEY, OBJ_KERNEL_HANDLE), Block::new());
        assert_eq!(notify(key, ptr::null_mut(), &block, true), PENDING);
        set(key, 1);
        assert_eq!(block.written(), Some(NOTIFY_ENUM_DIR));
        close(key);
    });
}

#[test]
fn what_is_no_event_cannot_be_signalled() {
    let machine = machine();
    in_kernel(&machine, || {
        let (key, block) = (open_key(KEY, OBJ_KERNEL_HANDLE), Block::new());
        assert_eq!(notify(key, key, &block, true), TYPE_MISMATCH);
        assert_eq!(
            notify(key, ptr::without_provenance_mut(0x7FF0), &block, true),
            INVALID_HANDLE
        );
        let event = event(NotificationEvent, false);
        assert_eq!(notify(event, event, &block, true), TYPE_MISMATCH);
        assert_eq!(ask(key), TYPE_MISMATCH);
        set(key, 1);
        assert_eq!(block.written(), None);
        close(key);
        close(event);
    });
}

#[test]
fn a_work_item_is_not_there_yet_and_the_buffer_is_reserved() {
    unsafe extern "system" fn routine(_: PVOID, _: wdm_sys::PIO_STATUS_BLOCK, _: u32) {}
    let machine = machine();
    in_kernel(&machine, || {
        let (key, block) = (open_key(KEY, OBJ_KERNEL_HANDLE), Block::new());
        let call = |routine, filter, buffer| {
            call!(ZwNotifyChangeKey(
                key,
                ptr::null_mut(),
                routine,
                ptr::null_mut(),
                block.0.get(),
                filter,
                0,
                buffer,
                0,
                1
            ))
        };
        assert_eq!(call(Some(routine), 4, ptr::null_mut()), NOT_IMPLEMENTED);
        assert_eq!(call(None, 0x10, ptr::null_mut()), INVALID_PARAMETER);
        assert_eq!(call(None, 4, ptr::dangling_mut::<u64>().cast()), PENDING);
        close(key);
    });
    only(
        &machine.report().findings,
        Rule::Parameter,
        "ZwNotifyChangeKey",
    );
}

#[test]
fn events_are_set_and_reset_by_handle_and_by_address() {
    let machine = machine();
    in_kernel(&machine, || {
        for (kind, stays) in [
            (NotificationEvent, SUCCESS),
            (SynchronizationEvent, TIMEOUT),
        ] {
            let event = event(kind, true);
            assert_eq!((ask(event), ask(event)), (SUCCESS, stays));
            let mut before = 7;
            // SAFETY: an open handle and a place.
            assert_eq!(unsafe { ZwSetEvent(event, &raw mut before) }, SUCCESS);
            assert_eq!(before, i32::from(stays == SUCCESS));
            // SAFETY: as above.
            assert_eq!(unsafe { ZwResetEvent(event, &raw mut before) }, SUCCESS);
            assert_eq!((before, ask(event)), (1, TIMEOUT));
            let object = object_of(event);
            assert_eq!(call!(KeSetEvent(object.cast(), 0, 0)), 0);
            // SAFETY: a referenced event.
            assert_eq!(unsafe { KeReadStateEvent(object) }, 1);
            // SAFETY: an open handle.
            assert_eq!(unsafe { ZwClearEvent(event) }, SUCCESS);
            assert_eq!(ask(event), TIMEOUT);
            assert_eq!(call!(KeSetEvent(object.cast(), 0, 0)), 0);
            let waited = call!(KeWaitForSingleObject(object, 0, 0, 0, ptr::null_mut()));
            assert_eq!(waited, SUCCESS);
            call!(ObfDereferenceObject(object));
            close(event);
        }
        let mut handle = ptr::null_mut();
        let odd = call!(ZwCreateEvent(
            &raw mut handle,
            EVENT_ALL_ACCESS,
            ptr::null_mut(),
            9,
            0
        ));
        assert_eq!(odd, INVALID_PARAMETER);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn what_is_no_event_is_a_finding() {
    let machine = machine();
    in_kernel(&machine, || {
        let key = open_key(KEY, OBJ_KERNEL_HANDLE);
        let object = object_of(key);
        assert_eq!(call!(KeSetEvent(object.cast(), 0, 0)), 0);
        call!(ObfDereferenceObject(object));
        close(key);
    });
    only(&machine.report().findings, Rule::Parameter, "KeSetEvent");
}
