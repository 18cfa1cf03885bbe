//! What the trampoline does with any class and any structure, as long as the pointers in it are null
//! or lead somewhere: it passes, or it fails the operation, and it never reads past a structure's
//! end. Each structure is an allocation of its own, so that the address sanitizer sees the end.

extern crate std;

mod keys;
mod reader;
mod shapes;

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering;
use std::boxed::Box;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::{NtStatus, Passive, PoolTag, unicode};
use wdm_sim::Machine;
use wdm_sys as sys;

use self::reader::{ALIVE, Counted, Decision, Reader};
use super::context::Node;
use super::key::KeyObject;
use super::registration::Shared;
use super::trampoline::trampoline;
use crate::operation::*;

/// Calls the trampoline as the kernel does.
fn call(
    shared: &Shared<Reader>,
    class: sys::REG_NOTIFY_CLASS,
    argument: *mut c_void,
) -> sys::NTSTATUS {
    let context = ptr::from_ref(shared).cast_mut().cast();
    let class = ptr::without_provenance_mut(class as usize);
    // SAFETY: every caller pairs a class with its structure, whose pointers are null or lead to
    // memory that outlives the call, or with a pointer that no structure of the kernel can have.
    unsafe { trampoline::<Reader>(context, class, argument) }
}

/// Runs a property inside a machine, on a key that is open, and checks that nothing is left.
fn check<S: Strategy>(strategy: &S, property: impl Fn(&Shared<Reader>, S::Value)) {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock();
    let machine = Machine::builder().build().expect("it builds");
    {
        let process = machine.process("test");
        let _thread = process.enter();
        let result = TestRunner::default().run(&(decisions(), strategy), |(decision, value)| {
            // SAFETY: tests run at PASSIVE_LEVEL.
            let at = unsafe { Passive::new_unchecked() };
            let path = unicode!(r"\Registry\Machine\SYSTEM");
            let key = RegKey::open(path, KeyAccess::READ, at).expect("it is in the hive");
            property(&Shared::new(Reader { decision, key }), value);
            assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "a context was lost");
            Ok(())
        });
        result.expect("the property holds");
    }
    let findings = machine.report().findings;
    let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<std::string::String>::new());
}

fn decisions() -> impl Strategy<Value = Decision> {
    let error = prop_oneof![Just(sys::STATUS_CALLBACK_BYPASS), i32::MIN..0];
    let error = error.prop_filter_map("a failure", |raw| NtStatus::from_raw(raw).error());
    prop_oneof![
        Just(Decision::Pass),
        Just(Decision::PassWith),
        error.prop_map(Decision::Fail),
        Just(Decision::Succeed),
    ]
}

/// Bytes of a string, of which the last may be half a unit, at an even or an odd address.
fn texts() -> impl Strategy<Value = Text> {
    let bytes = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    (bytes, any::<bool>(), 0_u16..40).prop_map(|(bytes, odd, length)| Text { bytes, odd, length })
}

#[derive(Clone, Debug)]
struct Text {
    /// None for a null pointer, which goes with any length.
    bytes: Option<Vec<u8>>,
    odd: bool,
    length: u16,
}

/// A string as the kernel has it, and its memory, which ends where the string ends.
struct Placed {
    raw: sys::UNICODE_STRING,
    _memory: Box<[u8]>,
}

impl Text {
    fn place(&self) -> Placed {
        let skip = usize::from(self.odd);
        let mut memory = vec![0; skip];
        memory.extend(self.bytes.iter().flatten());
        let mut memory = memory.into_boxed_slice();
        let length = match &self.bytes {
            Some(bytes) => u16::try_from(bytes.len()).expect("a short string"),
            None => self.length,
        };
        let start = memory.as_mut_ptr().wrapping_add(skip);
        let buffer = if self.bytes.is_some() {
            start
        } else {
            ptr::null_mut()
        };
        let raw = sys::UNICODE_STRING {
            Length: length,
            MaximumLength: length,
            Buffer: buffer.cast(),
        };
        Placed {
            raw,
            _memory: memory,
        }
    }
}

/// A structure in an allocation of its own, all of whose pointers are null.
fn zeroed<T>() -> Box<T> {
    // SAFETY: the structures consist of numbers and raw pointers, for which zero is valid.
    unsafe { Box::<T>::new_zeroed().assume_init() }
}

/// The result of a pre-notification is a success, a bypass, or the failure that was asked for.
fn assert_pre(status: sys::NTSTATUS, decision: Decision) {
    let allowed = match decision {
        Decision::Pass | Decision::PassWith => status == sys::STATUS_SUCCESS,
        Decision::Fail(error) if error.raw() == sys::STATUS_CALLBACK_BYPASS => {
            [sys::STATUS_UNSUCCESSFUL, sys::STATUS_SUCCESS].contains(&status)
        }
        Decision::Fail(error) => [error.raw(), sys::STATUS_SUCCESS].contains(&status),
        Decision::Succeed => status <= 0,
    };
    assert!(allowed, "{status:#x} for {decision:?}");
}

/// Whether a class carries a structure of which the trampoline knows.
fn is_known(class: sys::REG_NOTIFY_CLASS) -> bool {
    macro_rules! known {
        ($($(#[$doc:meta])* $operation:ident $pre:ident $post:ident { $($rest:tt)* })+) => {
            class == sys::RegNtCallbackObjectContextCleanup
                || [$($operation::PRE, $operation::POST),+].contains(&class)
        };
    }
    for_each_operation!(known)
}

#[test]
fn any_class_without_its_structure_passes() {
    let classes = prop_oneof![0_u32..64, any::<u32>()];
    check(
        &(classes, 0_usize..8, 1_usize..1 << 40),
        |shared, (class, low, anywhere)| {
            // Null or misaligned; for a class that is not known any address will do.
            let address = match low {
                0 => 0,
                low => (anywhere << 3) + low,
            };
            let class = class as sys::REG_NOTIFY_CLASS;
            let address = if is_known(class) { address } else { anywhere };
            let argument = ptr::without_provenance_mut(address);
            assert_eq!(call(shared, class, argument), sys::STATUS_SUCCESS);
        },
    );
}

/// One operation with all that its structure points to absent, before and after.
fn absent<O: Operation>(shared: &Shared<Reader>, status: sys::NTSTATUS, pre_information: u8) {
    let mut info = zeroed::<O::Info>();
    let answer = call(shared, O::PRE, ptr::from_mut(&mut *info).cast());
    assert_pre(answer, shared.callback.decision);
    let place = O::call_context(&mut *info);
    // SAFETY: a field of the structure.
    let call_context = unsafe { place.read() };
    let pre_information = match pre_information {
        0 => ptr::null_mut(),
        1 => ptr::from_mut(&mut *info)
            .cast::<c_void>()
            .wrapping_byte_add(1),
        _ => ptr::from_mut(&mut *info).cast(),
    };
    let mut post = zeroed::<sys::REG_POST_OPERATION_INFORMATION>();
    post.Status = status;
    post.PreInformation = pre_information;
    post.CallContext = call_context;
    let answer = call(shared, O::POST, ptr::from_mut(&mut *post).cast());
    assert!(
        [sys::STATUS_SUCCESS, sys::STATUS_CALLBACK_BYPASS].contains(&answer),
        "{answer:#x}"
    );
    assert_eq!(post.Status, status, "Status is the kernel's (N3)");
    // SAFETY: null, or the object of the outcome, with the reference that it gave up.
    drop(unsafe { KeyObject::from_raw(post.Object) });
}

#[test]
fn an_operation_with_everything_absent_passes_or_fails() {
    let status = prop_oneof![Just(sys::STATUS_SUCCESS), any::<i32>()];
    check(&(status, 0_u8..3), |shared, (status, pre_information)| {
        macro_rules! all {
            ($($(#[$doc:meta])* $operation:ident $pre:ident $post:ident { $($rest:tt)* })+) => {
                $(absent::<$operation>(shared, status, pre_information);)+
            };
        }
        for_each_operation!(all);
    });
}

#[test]
fn a_first_version_create_is_not_read_past_its_end() {
    let status = prop_oneof![Just(sys::STATUS_SUCCESS), any::<i32>()];
    let places = (any::<bool>(), any::<bool>());
    check(
        &(texts(), texts(), status, places),
        |shared, (name, class, status, places)| {
            let (mut name, mut class) = (name.place(), class.place());
            // The allocation ends where the first version does: a read of RemainingName is outside.
            let mut info = zeroed::<sys::REG_CREATE_KEY_INFORMATION>();
            let (mut result, mut disposition) = (Box::new(ptr::null_mut()), Box::new(0));
            info.CompleteName = &mut name.raw;
            info.Class = &mut class.raw;
            info.RootObject = shared.callback.object().key.into_raw();
            if places.0 {
                info.ResultObject = &mut *result;
            }
            if places.1 {
                info.Disposition = &mut *disposition;
            }
            let answer = call(shared, CreateKey::PRE, ptr::from_mut(&mut *info).cast());
            assert_pre(answer, shared.callback.decision);
            // SAFETY: null, or what the bypass put there with its reference.
            let bypassed =
                unsafe { KeyObject::from_raw(core::mem::replace(&mut *result, ptr::null_mut())) };
            assert_eq!(
                bypassed.is_some(),
                answer == sys::STATUS_CALLBACK_BYPASS && places.0
            );
            let owed = core::mem::replace(&mut info.CallContext, ptr::null_mut());

            // The operation has made an object, of which it holds a reference.
            let made = match status {
                sys::STATUS_SUCCESS => shared.callback.object().key.into_raw(),
                _ => ptr::null_mut(),
            };
            *result = made;
            let mut post = zeroed::<sys::REG_POST_OPERATION_INFORMATION>();
            post.Object = made;
            post.Status = status;
            post.PreInformation = ptr::from_mut(&mut *info).cast();
            post.CallContext = owed;
            let answer = call(shared, CreateKey::POST, ptr::from_mut(&mut *post).cast());
            match shared.callback.decision {
                Decision::Pass | Decision::PassWith => {
                    assert_eq!((answer, post.Object), (sys::STATUS_SUCCESS, made));
                }
                Decision::Fail(_) => {
                    assert_eq!(answer, sys::STATUS_CALLBACK_BYPASS);
                    assert!(post.ReturnStatus < 0 && post.Object.is_null());
                }
                Decision::Succeed => {
                    assert_eq!(answer, sys::STATUS_CALLBACK_BYPASS);
                    assert!(post.ReturnStatus == sys::STATUS_SUCCESS && !post.Object.is_null());
                    assert!(
                        !places.0 || *result == post.Object,
                        "both name the same object (N4)"
                    );
                }
            }
            for object in [post.Object, info.RootObject] {
                // SAFETY: null, or an object whose reference is ours now.
                drop(unsafe { KeyObject::from_raw(object) });
            }
        },
    );
}

#[test]
fn strings_and_data_of_any_length_are_read_to_their_end_only() {
    let data = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    check(
        &(texts(), data, any::<u32>()),
        |shared, (name, data, kind)| {
            let mut name = name.place();
            let mut data = data.map(Vec::into_boxed_slice);
            let (start, size) = match &mut data {
                Some(data) => (
                    data.as_mut_ptr().cast(),
                    u32::try_from(data.len()).unwrap_or(0),
                ),
                None => (ptr::null_mut(), kind),
            };
            let mut set = zeroed::<sys::REG_SET_VALUE_KEY_INFORMATION>();
            set.ValueName = &mut name.raw;
            set.Type = kind % 12;
            set.Data = start;
            set.DataSize = size;
            let answer = call(shared, SetValue::PRE, ptr::from_mut(&mut *set).cast());
            assert_pre(answer, shared.callback.decision);
            release(shared, SetValue::POST, set.CallContext);

            let mut rename = zeroed::<sys::REG_RENAME_KEY_INFORMATION>();
            rename.NewName = &mut name.raw;
            let answer = call(shared, RenameKey::PRE, ptr::from_mut(&mut *rename).cast());
            assert_pre(answer, shared.callback.decision);
            release(shared, RenameKey::POST, rename.CallContext);

            let mut information = zeroed::<sys::REG_SET_INFORMATION_KEY_INFORMATION>();
            information.KeySetInformation = start;
            information.KeySetInformationLength = size;
            let answer = call(
                shared,
                SetInformation::PRE,
                ptr::from_mut(&mut *information).cast(),
            );
            assert_pre(answer, shared.callback.decision);
            release(shared, SetInformation::POST, information.CallContext);
        },
    );
}

/// Gives a call context back in a post-notification without a pre-information.
fn release(shared: &Shared<Reader>, class: sys::REG_NOTIFY_CLASS, call_context: *mut c_void) {
    let mut post = zeroed::<sys::REG_POST_OPERATION_INFORMATION>();
    post.CallContext = call_context;
    call(shared, class, ptr::from_mut(&mut *post).cast());
}

#[test]
fn an_answer_stays_within_its_buffer() {
    let room = prop::option::of(0_usize..64);
    check(
        &(room, 0_i32..12, any::<bool>()),
        |shared, (room, class, says_length)| {
            let mut buffer = room.map(|room| vec![0xCC_u8; room].into_boxed_slice());
            let mut needed = Box::new(0);
            let mut query = zeroed::<sys::REG_QUERY_VALUE_KEY_INFORMATION>();
            query.KeyValueInformationClass = class as sys::KEY_VALUE_INFORMATION_CLASS;
            if let Some(buffer) = &mut buffer {
                query.KeyValueInformation = buffer.as_mut_ptr().cast();
            }
            query.Length = room.map_or(40, |room| room as u32);
            if says_length {
                query.ResultLength = &mut *needed;
            }
            let answer = call(shared, QueryValue::PRE, ptr::from_mut(&mut *query).cast());
            assert_pre(answer, shared.callback.decision);
            if answer == sys::STATUS_CALLBACK_BYPASS {
                assert!(says_length && room.is_some_and(|room| *needed as usize <= room));
            }
            release(shared, QueryValue::POST, query.CallContext);
        },
    );
}

#[test]
fn a_cleanup_frees_each_chain_once() {
    check(&(0_usize..9, any::<bool>()), |shared, (count, named)| {
        let mut newest: *mut c_void = ptr::null_mut();
        for _ in 0..count {
            let Ok(node) = Node::try_new(Counted::new(), PoolTag::DEFAULT) else {
                panic!("there is memory");
            };
            // SAFETY: the node takes the place of the newest, and no cleanup has come.
            let replaced = unsafe { Node::<Counted>::chain(node, newest) };
            replaced.inspect(|context| context.look());
            newest = node.as_ptr().cast();
        }
        let object = shared.callback.object().key;
        let mut info = zeroed::<sys::REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION>();
        info.ObjectContext = newest;
        let object = object.into_raw();
        if named {
            info.Object = object;
        }
        let class = sys::RegNtCallbackObjectContextCleanup;
        let answer = call(shared, class, ptr::from_mut(&mut *info).cast());
        assert_eq!(answer, sys::STATUS_SUCCESS);
        // SAFETY: the reference that was taken above.
        drop(unsafe { KeyObject::from_raw(object) });
    });
}
