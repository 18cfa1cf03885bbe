//! A callback that looks at everything that a notification shows, and then does what it is told.

extern crate std;

use core::sync::atomic::{AtomicIsize, Ordering};
use std::format;

use wdm_safe::registry::{Disposition, KeyAccess, RegKey, ValueType};
use wdm_safe::{NtError, Passive, unicode};

use crate::border::key::KeyObject;
use crate::border::reply::{Created, Opened};
use crate::operation::*;
use crate::{
    Cleanup, Cookie, CookieError, Key, NotifyClass, Post, PostOutcome, Pre, PreOutcome,
    RegistryCallback, Stage, Usable,
};

/// How many [`Counted`] there are.
pub(super) static ALIVE: AtomicIsize = AtomicIsize::new(0);

/// A context that is counted, and says when it is looked at after its end.
pub(super) struct Counted(u64);

impl Counted {
    const INTACT: u64 = 0x5AFE_5AFE_5AFE_5AFE;

    pub(super) fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self(Self::INTACT)
    }

    pub(super) fn look(&self) {
        assert_eq!(self.0, Self::INTACT);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.look();
        self.0 = 0;
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the callback does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decision {
    Pass,
    PassWith,
    Fail(NtError),
    Succeed,
}

/// A callback that looks at everything, and then does what it is told.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) decision: Decision,
    pub(super) key: RegKey,
}

impl Reader {
    /// The object of the key that is open, with a reference.
    pub(super) fn object(&self) -> Opened {
        // SAFETY: tests run at PASSIVE_LEVEL.
        let at = unsafe { Passive::new_unchecked() };
        let key = KeyObject::of(&self.key, KeyAccess::READ, at).expect("the key is open");
        Opened {
            key,
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

/// Makes sure that a value is computed.
fn read(value: impl core::fmt::Debug) {
    let _ = format!("{value:?}");
}

fn value_answer() -> ValueAnswer<'static> {
    ValueAnswer {
        name: unicode!("name"),
        kind: ValueType::BINARY,
        data: &[7; 9],
    }
}

fn several() -> [ValueData<'static>; 2] {
    [3, 5].map(|length| ValueData {
        kind: ValueType::BINARY,
        data: &[7; 9][..length],
    })
}

/// Bytes of an output, as far as it is there.
fn output(buffer: Option<wdm_safe::user_memory::UserBuffer<'_>>) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    buffer?.read_at(0, &mut bytes).ok()?;
    Some(bytes)
}

fn key_answer() -> KeyAnswer<'static> {
    KeyAnswer {
        full_name: unicode!("\\REGISTRY\\name"),
        class: unicode!("class"),
        last_write_time: 1,
        ..KeyAnswer::new(unicode!("name"))
    }
}

/// Looks at a key in each way that its stage allows.
fn look_at<S: Stage>(key: Key<'_, Reader, S>) {
    read((key, key.address()));
    key.context().inspect(|context| context.look());
}

/// Looks at it, and hands it to the routines that want a cookie. There is none yet.
fn look_at_usable<S: Usable>(cookie: Cookie<'_, Reader>, key: Key<'_, Reader, S>) {
    look_at(key);
    read((cookie.key_name(key), cookie.key_id(key)));
    read(cookie.bound_transaction(key));
    let refused = cookie.set_context(key, Counted::new()).map(|_| ());
    let refused = refused.expect_err("there is no cookie");
    assert_eq!(refused.error, CookieError::NotPublished);
}

fn look_at_live(cookie: Cookie<'_, Reader>, key: Key<'_, Reader>) {
    look_at_usable(cookie, key);
    read(key.reference());
}

/// Fields that are read in the pre-notification, and in the post-notification.
macro_rules! look {
    ($op:ident $($field:ident)*) => {
        $(look!(@$field $op);)*
    };
    (@output $op:ident) => {
        read(output($op.output()))
    };
    (@names $op:ident) => {
        for index in 0..3 {
            read($op.value_name_in(index, &mut [0; 6]));
        }
    };
    (@$field:ident $op:ident) => {
        read($op.$field())
    };
}

/// A pair of methods. The last words say how the operation may end.
macro_rules! methods {
    ($($operation:ident $pre:ident $post:ident $pre_key:ident $post_key:ident
        [$($before:ident)*] [$($after:ident)*] $end:ident;)+) => {
        $(
            fn $pre(&self, op: Pre<'_, $operation, Self>) -> PreOutcome<$operation, Self> {
                read((op.irql(), op.passive(), op.requestor()));
                methods!(@$pre_key op);
                look!(op $($before)*);
                if let Decision::PassWith = self.decision {
                    return op.pass_with(Counted::new()).ok().expect("there is memory");
                }
                methods!(@$end self op complete complete_with block pass)
            }

            fn $post(&self, op: Post<'_, $operation, Self>) -> PostOutcome<$operation, Self> {
                read((op.status(), op.requestor()));
                op.call_context().inspect(|context| context.look());
                methods!(@$post_key op);
                look!(op $($after)*);
                methods!(@$end self op succeed succeed_with fail_with keep)
            }
        )+
    };
    (@no_key $op:ident) => {};
    (@key $op:ident) => {
        read($op.key().map(|key| look_at_live($op.cookie(), key)))
    };
    (@opened $op:ident) => {
        read($op.opened_key().map(|key| look_at_live($op.cookie(), key)))
    };
    (@closing $op:ident) => {
        read($op.key().map(|key| look_at_usable($op.cookie(), key)))
    };
    (@closed $op:ident) => {
        read($op.key().map(look_at))
    };
    (@watched $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        $op.$pass()
    };
    (@owed $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            _ => $op.$pass(),
        }
    };
    (@free $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.$succeed(),
            _ => $op.$pass(),
        }
    };
    (@object $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.$with($self.object()),
            _ => $op.$pass(),
        }
    };
    (@created $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.$with($self.created()),
            _ => $op.$pass(),
        }
    };
    (@value $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.answer(&value_answer()).unwrap_or_else(|op| op.$pass()),
            _ => $op.$pass(),
        }
    };
    (@several $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.answer(&several()).unwrap_or_else(|op| op.$pass()),
            _ => $op.$pass(),
        }
    };
    (@descriptor $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.answer(&[7; 20]).unwrap_or_else(|op| op.$pass()),
            _ => $op.$pass(),
        }
    };
    (@name $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.answer(unicode!("name")).unwrap_or_else(|op| op.$pass()),
            _ => $op.$pass(),
        }
    };
    (@subkey $self:ident $op:ident $succeed:ident $with:ident $fail:ident $pass:ident) => {
        match $self.decision {
            Decision::Fail(error) => $op.$fail(error),
            Decision::Succeed => $op.answer(&key_answer()).unwrap_or_else(|op| op.$pass()),
            _ => $op.$pass(),
        }
    };
}

impl RegistryCallback for Reader {
    type KeyContext = Counted;
    type CallContext = Counted;

    methods! {
        CreateKey pre_create_key post_create_key no_key opened
            [path full_name desired_access options transaction v1 class]
            [path full_name desired_access granted_access transaction v1 class] created;
        OpenKey pre_open_key post_open_key no_key opened
            [path full_name desired_access options transaction v1]
            [path full_name desired_access granted_access transaction v1] object;
        DeleteKey pre_delete_key post_delete_key key key [] [] free;
        SetValue pre_set_value post_set_value key key
            [value_name kind data decode] [value_name] free;
        DeleteValue pre_delete_value post_delete_value key key [value_name] [value_name] free;
        SetInformation pre_set_information post_set_information key key
            [kind data last_write_time] [] free;
        RenameKey pre_rename_key post_rename_key key key [new_name] [] free;
        EnumerateKey pre_enumerate_key post_enumerate_key key key [index wanted] [index output] subkey;
        EnumerateValue pre_enumerate_value post_enumerate_value key key
            [index wanted] [index output] value;
        QueryKey pre_query_key post_query_key key key [wanted] [output] subkey;
        QueryValue pre_query_value post_query_value key key
            [value_name wanted] [value_name output] value;
        QueryMultipleValue pre_query_multiple_value post_query_multiple_value key key
            [value_count names] [value_count names output] several;
        CloseKey pre_close_key post_close_key closing closed [] [] watched;
        FlushKey pre_flush_key post_flush_key key key [] [] free;
        LoadKey pre_load_key post_load_key key no_key
            [key_name source_file flags desired_access gives_root_handle v2] [key_name source_file]
            owed;
        UnloadKey pre_unload_key post_unload_key key no_key [] [] free;
        QuerySecurity pre_query_security post_query_security key key
            [security_parts] [security_parts output] descriptor;
        SetSecurity pre_set_security post_set_security key key
            [security_parts] [security_parts] free;
        RestoreKey pre_restore_key post_restore_key key key [flags] [] free;
        SaveKey pre_save_key post_save_key key key [format] [] free;
        ReplaceKey pre_replace_key post_replace_key key key [old_file new_file] [] free;
        QueryKeyName pre_query_key_name post_query_key_name key key [] [output] name;
        SaveMergedKey pre_save_merged_key post_save_merged_key no_key no_key
            [high_key low_key] [] free;
    }

    fn unknown(&self, class: NotifyClass) {
        read(class);
    }

    fn context_cleanup(&self, op: Cleanup<'_, Self>) {
        op.contexts().for_each(Counted::look);
        read(op.key().map(look_at));
    }
}
