//! The callback.

use core::convert::Infallible;
use core::fmt::{Arguments, from_fn};
use core::sync::atomic::{AtomicU32, Ordering};

use cm_callback::operation::{CloseKey, CreateKey, OpenKey, OpensKey, QueryValue, SetValue};
use cm_callback::{
    Cleanup, Cookie, Key, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, Stage, Usable,
};
use wdm_safe::{PoolTag, Result, UnicodeStr, UnicodeString, info, warn};

use crate::demo;
use crate::note::Note;

/// Gives each handle on one key a context with the next number.
pub(crate) struct Watch {
    /// The key's full path, links resolved.
    key: UnicodeString,
    /// How many contexts there have been.
    notes: AtomicU32,
}

impl Watch {
    /// Watches the demo key of a service, which need not exist yet.
    pub(crate) fn new(service: &UnicodeStr) -> Result<Self> {
        let mut key = UnicodeString::try_from_str(service)?;
        key.try_push_component(demo::KEY)?;
        Ok(Self {
            key,
            notes: AtomicU32::new(0),
        })
    }

    /// The path of the key that is watched.
    pub(crate) fn key(&self) -> &UnicodeStr {
        &self.key
    }

    /// Attaches a new context to a key object. What was attached before stays alive until the
    /// cleanup, since a notification on another thread may be looking at it (C4).
    fn attach<S: Usable>(&self, cookie: Cookie<'_, Self>, key: Key<'_, Self, S>, why: &str) {
        let number = self.notes.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        match cookie.set_context(key, Note::new(number)) {
            Ok(None) => info!("set #{number} on a handle ({why})"),
            Ok(Some(old)) => info!("replaced {old} by #{number} ({old} stays alive)"),
            Err(refused) => warn!("{} was not set: {}", refused.context, refused.error),
        }
    }

    /// Attaches the first context to a key object that was opened just now, if it is one of the
    /// watched key. This is the earliest moment for it (C1).
    fn opened<O: OpensKey>(&self, op: &Post<'_, O, Self>, why: &str) {
        let Ok(key) = op.opened_key() else { return };
        let name = op.cookie().key_name(key);
        if name.is_ok_and(|name| name.eq_ignore_case(&self.key)) {
            self.attach(op.cookie(), key, why);
        }
    }
}

/// Tells which context a notification carries, if any (C2).
fn look<S: Stage>(key: Key<'_, Watch, S>, when: Arguments<'_>) {
    if let Some(note) = key.context() {
        info!("seen {note} {when}");
        // Another thread may have replaced it by now; it can be used all the same (C4).
        note.count_seen();
    }
}

impl RegistryCallback for Watch {
    type KeyContext = Note;
    type CallContext = Infallible;
    const POOL_TAG: PoolTag = PoolTag::new(*b"KyCx");

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        self.opened(&op, "create");
        op.keep()
    }

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        self.opened(&op, "open");
        op.keep()
    }

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        if let Ok(key) = op.key() {
            look(key, format_args!("before {} is read", op.value_name()));
        }
        op.pass()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        if let Ok(key) = op.key() {
            look(key, format_args!("before {} is set", op.value_name()));
            if key.context().is_some() && op.value_name().eq_ignore_case(demo::REPLACE) {
                self.attach(op.cookie(), key, "replace");
            }
        }
        op.pass()
    }

    fn post_set_value(&self, op: Post<'_, SetValue, Self>) -> PostOutcome<SetValue, Self> {
        if let Ok(key) = op.key() {
            look(key, format_args!("after {} was set", op.value_name()));
        }
        op.keep()
    }

    fn pre_close_key(&self, op: Pre<'_, CloseKey, Self>) -> PreOutcome<CloseKey, Self> {
        if let Ok(key) = op.key() {
            look(key, format_args!("before the close"));
        }
        op.pass()
    }

    /// The kernel names the newest context only; the older ones come with it. All are dropped when
    /// this has returned, in the order in which they are told here (C3, C4).
    fn context_cleanup(&self, op: Cleanup<'_, Self>) {
        let all = from_fn(|f| {
            for (index, note) in op.contexts().enumerate() {
                f.write_str(if index == 0 { "" } else { ", " })?;
                write!(f, "{note}")?;
            }
            Ok(())
        });
        info!("cleanup: {all}");
    }
}
