//! A callback that makes one outcome of one class of notifications, and counts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use cm_callback::operation::*;
use cm_callback::{
    Cleanup, Created, KeyObject, Opened, Post, PostOutcome, Pre, PreOutcome, RegistryCallback,
};
use wdm_safe::registry::{Disposition, KeyAccess, RegKey, ValueType};
use wdm_safe::{NtError, Passive, unicode};
use wdm_sim::Machine;

/// The status of what is made to fail.
pub(crate) const FAILURE: NtError = NtError::CANNOT_DELETE;

/// What was seen, and when to look.
#[derive(Clone, Default)]
pub(crate) struct Sight {
    seen: Arc<Mutex<Vec<&'static str>>>,
    armed: Arc<AtomicBool>,
}

impl Sight {
    /// Looks at what happens meanwhile.
    pub(crate) fn during<T>(&self, act: impl FnOnce() -> T) -> T {
        self.armed.store(true, Ordering::Relaxed);
        let result = act();
        self.armed.store(false, Ordering::Relaxed);
        result
    }

    /// The methods that have been called since.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.seen.lock().expect("nobody panics"))
    }

    /// Whether to look at this method.
    pub(crate) fn at(&self, method: &'static str) -> bool {
        let armed = self.armed.load(Ordering::Relaxed);
        if armed {
            self.seen.lock().expect("nobody panics").push(method);
        }
        armed
    }
}

/// A callback that makes an outcome in a method, and passes everywhere else.
pub(crate) struct Trying {
    pub(crate) method: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) sight: Sight,
    /// A key to give in place of another, where that is tried.
    pub(crate) spare: Option<RegKey>,
}

impl Trying {
    pub(crate) fn new(
        machine: &Machine,
        method: &'static str,
        outcome: &'static str,
        sight: &Sight,
    ) -> Self {
        let system = machine.system_process();
        let _thread = system.enter();
        // SAFETY: the tests' threads run at PASSIVE_LEVEL.
        let at = unsafe { Passive::new_unchecked() };
        let spare = RegKey::open(unicode!(r"\Registry\Machine\SYSTEM"), KeyAccess::READ, at);
        Self {
            method,
            outcome,
            sight: sight.clone(),
            spare: Some(spare.expect("it is there")),
        }
    }

    fn object(&self) -> Opened {
        // SAFETY: as above.
        let at = unsafe { Passive::new_unchecked() };
        let spare = self.spare.as_ref().expect("this one has one");
        let key = KeyObject::of(spare, KeyAccess::READ, at);
        Opened {
            key: key.expect("it is a key"),
            granted: KeyAccess::READ,
        }
    }

    fn created(&self) -> Created {
        Created {
            opened: self.object(),
            disposition: Disposition::Opened,
        }
    }
}

const VALUE: ValueAnswer<'static> = ValueAnswer {
    name: unicode!("answer"),
    kind: ValueType::BINARY,
    data: &[7],
};
const KEY: KeyAnswer<'static> = KeyAnswer::new(unicode!("answer"));
const SEVERAL: [ValueData<'static>; 1] = [ValueData {
    kind: ValueType::BINARY,
    data: &[7],
}];

/// An outcome that is not tried here would be a hole in the table.
fn unknown(outcome: &str) -> ! {
    panic!("no trial for the outcome `{outcome}`")
}

/// A pair of methods. The last word says how a driver does the operation itself.
macro_rules! methods {
    ($($operation:ident $pre:ident $post:ident $end:ident;)+) => {
        $(
            fn $pre(&self, op: Pre<'_, $operation, Self>) -> PreOutcome<$operation, Self> {
                const METHOD: &str = concat!("RegistryCallback::", stringify!($pre));
                if !self.sight.at(METHOD) || self.method != METHOD {
                    return op.pass();
                }
                match self.outcome {
                    "pass" => op.pass(),
                    "pass_with" => op.pass_with(self.outcome).ok().expect("there is memory"),
                    outcome => methods!(@before $end self op outcome),
                }
            }

            fn $post(&self, op: Post<'_, $operation, Self>) -> PostOutcome<$operation, Self> {
                const METHOD: &str = concat!("RegistryCallback::", stringify!($post));
                let look = self.sight.at(METHOD);
                // C5: what was sent along arrives, and nothing else.
                const PRE: &str = concat!("RegistryCallback::", stringify!($pre));
                let sends = look && self.method == PRE && self.outcome == "pass_with";
                assert_eq!(op.call_context(), sends.then_some(&self.outcome));
                if !look || self.method != METHOD {
                    return op.keep();
                }
                match self.outcome {
                    "keep" => op.keep(),
                    outcome => methods!(@after $end self op outcome),
                }
            }
        )+
    };
    (@before watched $me:ident $op:ident $outcome:ident) => {
        unknown($outcome)
    };
    (@before $end:ident $me:ident $op:ident $outcome:ident) => {
        match $outcome {
            "block" => $op.block(FAILURE),
            outcome => methods!(@do $end $me $op outcome),
        }
    };
    (@after watched $me:ident $op:ident $outcome:ident) => {
        unknown($outcome)
    };
    (@after $end:ident $me:ident $op:ident $outcome:ident) => {
        match $outcome {
            "fail_with" => $op.fail_with(FAILURE),
            outcome => methods!(@undo $end $me $op outcome),
        }
    };
    (@do free $me:ident $op:ident $outcome:ident) => {
        match $outcome {
            "complete" => $op.complete(),
            outcome => unknown(outcome),
        }
    };
    (@undo free $me:ident $op:ident $outcome:ident) => {
        match $outcome {
            "succeed" => $op.succeed(),
            outcome => unknown(outcome),
        }
    };
    (@do load $me:ident $op:ident $outcome:ident) => {
        match $outcome {
            "complete_without_handle" => $op.complete_without_handle().ok().expect("none is owed"),
            outcome => unknown(outcome),
        }
    };
    (@undo load $me:ident $op:ident $outcome:ident) => {
        match $outcome {
            "succeed_without_handle" => $op.succeed_without_handle().ok().expect("none is owed"),
            outcome => unknown(outcome),
        }
    };
    (@do object $me:ident $op:ident $outcome:ident) => { methods!(@with $op $outcome $me.object()) };
    (@undo object $me:ident $op:ident $outcome:ident) => { methods!(@with_after $op $outcome $me.object()) };
    (@do created $me:ident $op:ident $outcome:ident) => { methods!(@with $op $outcome $me.created()) };
    (@undo created $me:ident $op:ident $outcome:ident) => {{
        if $outcome == "note" {
            let key = $op.opened_key().expect("it was created");
            assert!($op.cookie().set_context(key, ()).is_ok());
            return $op.keep();
        }
        methods!(@with_after $op $outcome $me.created())
    }};
    (@with $op:ident $outcome:ident $reply:expr) => {
        match $outcome {
            "complete_with" => $op.complete_with($reply),
            outcome => unknown(outcome),
        }
    };
    (@with_after $op:ident $outcome:ident $reply:expr) => {
        match $outcome {
            "succeed_with" => $op.succeed_with($reply),
            outcome => unknown(outcome),
        }
    };
    (@do value $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &VALUE) };
    (@undo value $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &VALUE) };
    (@do key $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &KEY) };
    (@undo key $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &KEY) };
    (@do several $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &SEVERAL) };
    (@undo several $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &SEVERAL) };
    (@do bytes $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &DESCRIPTOR) };
    (@undo bytes $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome &DESCRIPTOR) };
    (@do name $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome unicode!("answer")) };
    (@undo name $me:ident $op:ident $outcome:ident) => { methods!(@answer $op $outcome unicode!("answer")) };
    (@answer $op:ident $outcome:ident $answer:expr) => {
        match $outcome {
            "answer" => $op.answer($answer).ok().expect("the form is known"),
            outcome => unknown(outcome),
        }
    };
}

/// The smallest security descriptor.
pub(crate) const DESCRIPTOR: [u8; 20] = {
    let mut bytes = [0; 20];
    bytes[0] = 1;
    bytes[3] = 0x80;
    bytes
};

impl RegistryCallback for Trying {
    type KeyContext = ();
    type CallContext = &'static str;

    methods! {
        CreateKey pre_create_key post_create_key created;
        OpenKey pre_open_key post_open_key object;
        DeleteKey pre_delete_key post_delete_key free;
        SetValue pre_set_value post_set_value free;
        DeleteValue pre_delete_value post_delete_value free;
        SetInformation pre_set_information post_set_information free;
        RenameKey pre_rename_key post_rename_key free;
        EnumerateKey pre_enumerate_key post_enumerate_key key;
        EnumerateValue pre_enumerate_value post_enumerate_value value;
        QueryKey pre_query_key post_query_key key;
        QueryValue pre_query_value post_query_value value;
        QueryMultipleValue pre_query_multiple_value post_query_multiple_value several;
        CloseKey pre_close_key post_close_key watched;
        FlushKey pre_flush_key post_flush_key free;
        LoadKey pre_load_key post_load_key load;
        UnloadKey pre_unload_key post_unload_key free;
        QuerySecurity pre_query_security post_query_security bytes;
        SetSecurity pre_set_security post_set_security free;
        RestoreKey pre_restore_key post_restore_key free;
        SaveKey pre_save_key post_save_key free;
        ReplaceKey pre_replace_key post_replace_key free;
        QueryKeyName pre_query_key_name post_query_key_name name;
        SaveMergedKey pre_save_merged_key post_save_merged_key free;
    }

    fn context_cleanup(&self, op: Cleanup<'_, Self>) {
        assert_eq!(op.contexts().count(), 1);
        self.sight.at("RegistryCallback::context_cleanup");
    }
}
