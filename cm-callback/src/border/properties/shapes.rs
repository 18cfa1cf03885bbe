//! Classes of any width, and structures at any address and of any version.

use super::*;

/// Calls the trampoline with a class as wide as a pointer, as the kernel's is.
fn call_wide(shared: &Shared<Reader>, class: usize, argument: *mut c_void) -> sys::NTSTATUS {
    let context = ptr::from_ref(shared).cast_mut().cast();
    // SAFETY: every caller pairs a class that is known with a pointer that no structure of the
    // kernel can have.
    unsafe { trampoline::<Reader>(context, ptr::without_provenance_mut(class), argument) }
}

/// Every class of which the trampoline knows.
fn known() -> impl Iterator<Item = sys::REG_NOTIFY_CLASS> {
    (0..64).filter(|class| is_known(*class))
}

/// The offsets at which a structure is misaligned.
const MISALIGNED: core::ops::Range<usize> = 1..align_of::<*mut c_void>();

/// Memory in which a structure could stand at any of these offsets, all of it zero.
fn room() -> Box<[u64; 64]> {
    Box::new([0; 64])
}

#[test]
fn a_class_of_any_width_passes_without_its_structure() {
    let classes = prop_oneof![
        any::<usize>(),
        // The numbers of known classes, and something above them.
        (0_usize..64, any::<u32>()).prop_map(|(low, high)| low | (high as usize) << 32),
    ];
    check(&(classes, any::<usize>()), |shared, (class, anywhere)| {
        let address = match is_known(class as sys::REG_NOTIFY_CLASS) {
            true => 0,
            false => anywhere,
        };
        let argument = ptr::without_provenance_mut(address);
        assert_eq!(call_wide(shared, class, argument), sys::STATUS_SUCCESS);
    });
}

#[test]
fn every_class_passes_at_every_misaligned_offset() {
    check(&Just(()), |shared, ()| {
        assert_eq!(known().count(), 47);
        let mut room = room();
        for class in known() {
            for offset in MISALIGNED {
                let argument = room.as_mut_ptr().wrapping_byte_add(offset).cast();
                assert_eq!(call(shared, class, argument), sys::STATUS_SUCCESS);
            }
        }
    });
}

#[test]
fn a_pre_information_at_every_misaligned_offset_is_none() {
    let status = prop_oneof![Just(sys::STATUS_SUCCESS), any::<i32>()];
    check(&status, |shared, status| {
        let mut room = room();
        for class in known().filter(is_post) {
            for offset in MISALIGNED {
                let mut post = zeroed::<sys::REG_POST_OPERATION_INFORMATION>();
                post.Status = status;
                post.PreInformation = room.as_mut_ptr().wrapping_byte_add(offset).cast();
                let answer = call(shared, class, ptr::from_mut(&mut *post).cast());
                assert!([sys::STATUS_SUCCESS, sys::STATUS_CALLBACK_BYPASS].contains(&answer));
            }
        }
    });
}

fn is_post(class: &sys::REG_NOTIFY_CLASS) -> bool {
    macro_rules! posts {
        ($($(#[$doc:meta])* $operation:ident $pre:ident $post:ident { $($rest:tt)* })+) => {
            [$($operation::POST),+].contains(class)
        };
    }
    for_each_operation!(posts)
}

#[test]
fn a_later_version_is_read_as_the_second_one() {
    let numbers = (any::<u32>(), any::<u32>(), any::<u8>());
    let version = prop_oneof![1_usize..4, any::<usize>()];
    check(
        &(texts(), version, numbers),
        |shared, (name, version, (wow64, attributes, mode))| {
            let mut name = name.place();
            // The allocation ends where the second version does.
            let mut info = zeroed::<sys::REG_CREATE_KEY_INFORMATION_V1>();
            info.CompleteName = &mut name.raw;
            if version != 0 {
                info.RemainingName = &mut name.raw;
            }
            info.Version = version as sys::ULONG_PTR;
            info.Wow64Flags = wow64;
            info.Attributes = attributes;
            info.CheckAccessMode = mode.cast_signed();
            for (pre, post) in [
                (CreateKey::PRE, CreateKey::POST),
                (OpenKey::PRE, OpenKey::POST),
            ] {
                let answer = call(shared, pre, ptr::from_mut(&mut *info).cast());
                assert_pre(answer, shared.callback.decision);
                let mut over = zeroed::<sys::REG_POST_OPERATION_INFORMATION>();
                over.Status = sys::STATUS_ACCESS_DENIED;
                over.PreInformation = ptr::from_mut(&mut *info).cast();
                over.CallContext = core::mem::replace(&mut info.CallContext, ptr::null_mut());
                let answer = call(shared, post, ptr::from_mut(&mut *over).cast());
                assert!([sys::STATUS_SUCCESS, sys::STATUS_CALLBACK_BYPASS].contains(&answer));
                // SAFETY: null, or the object of the outcome, with the reference that it gave up.
                drop(unsafe { KeyObject::from_raw(over.Object) });
            }
        },
    );
}
