//! Every operation on a key that is there and has a context: before, after, and the cleanup.

use super::*;

/// The key of a structure: its object and context, where the table of operations says.
macro_rules! place {
    (key $info:ident $object:ident $context:ident) => {
        ($info.Object, $info.ObjectContext) = ($object, $context)
    };
    (root $info:ident $object:ident $context:ident) => {
        ($info.RootObject, $info.RootObjectContext) = ($object, $context)
    };
    (none $info:ident $object:ident $context:ident) => {
        ($info.HighKeyObject, $info.LowKeyObject, $info.ObjectContext) =
            ($object, $object, $context)
    };
}

/// One operation, from its pre-notification to the cleanup of its key.
fn on_a_key<O: Operation>(
    shared: &Shared<Reader>,
    status: sys::NTSTATUS,
    place: impl FnOnce(&mut O::Info, *mut c_void, *mut c_void),
) {
    let Ok(node) = Node::try_new(Counted::new(), PoolTag::DEFAULT) else {
        panic!("there is memory");
    };
    let context = node.as_ptr().cast();
    let object = shared.callback.object().key.into_raw();
    let mut info = zeroed::<O::Info>();
    place(&mut info, object, context);
    let answer = call(shared, O::PRE, ptr::from_mut(&mut *info).cast());
    assert_pre(answer, shared.callback.decision);

    let makes_one = [CreateKey::POST, OpenKey::POST].contains(&O::POST);
    let mut post = zeroed::<sys::REG_POST_OPERATION_INFORMATION>();
    post.Status = status;
    post.PreInformation = ptr::from_mut(&mut *info).cast();
    post.ObjectContext = context;
    if !makes_one {
        post.Object = object;
    } else if status == sys::STATUS_SUCCESS {
        post.Object = shared.callback.object().key.into_raw();
    }
    let place = O::call_context(&mut *info);
    // SAFETY: a field of the structure.
    post.CallContext = unsafe { place.read() };
    let answer = call(shared, O::POST, ptr::from_mut(&mut *post).cast());
    assert!([sys::STATUS_SUCCESS, sys::STATUS_CALLBACK_BYPASS].contains(&answer));
    if makes_one {
        // SAFETY: null, or the object that the operation ends with, and its reference.
        drop(unsafe { KeyObject::from_raw(post.Object) });
    }

    let mut cleanup = zeroed::<sys::REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION>();
    cleanup.Object = object;
    cleanup.ObjectContext = context;
    let class = sys::RegNtCallbackObjectContextCleanup;
    let answer = call(shared, class, ptr::from_mut(&mut *cleanup).cast());
    assert_eq!(answer, sys::STATUS_SUCCESS);
    // SAFETY: the reference that was taken above.
    drop(unsafe { KeyObject::from_raw(object) });
}

#[test]
fn an_operation_on_a_key_with_a_context_passes_or_fails() {
    let status = prop_oneof![Just(sys::STATUS_SUCCESS), any::<i32>()];
    check(&status, |shared, status| {
        macro_rules! all {
            ($($(#[$doc:meta])* $operation:ident $pre:ident $post:ident {
                $info:ident $pre_class:ident $post_class:ident
                $shape:ident $key:ident $($rest:tt)*
            })+) => {
                $(on_a_key::<$operation>(shared, status, |info, object, context| {
                    place!($key info object context);
                });)+
            };
        }
        for_each_operation!(all);
    });
}
