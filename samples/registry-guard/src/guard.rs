//! The callback.

use core::convert::Infallible;
use core::fmt::{Arguments, Display};
use core::sync::atomic::{AtomicU64, Ordering};

use cm_callback::operation::{
    CreateKey, DeleteKey, DeleteValue, OpenKey, OpensKey, RenameKey, ReplaceKey, RestoreKey,
    SetInformation, SetSecurity, SetValue, UnloadKey,
};
use cm_callback::{
    Cookie, CookieError, Key, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, Usable, stage,
};
use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::{NtError, PoolTag, UnicodeString, requestor, warn};

use crate::policy::{Policy, Rule};

pub(crate) struct Guard {
    policy: Policy,
    denials: AtomicU64,
}

/// What is known of a key object: found once by its name, then one pointer read away.
pub(crate) struct KeyNote {
    rule: Rule,
}

impl Guard {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            denials: AtomicU64::new(0),
        }
    }

    pub(crate) fn denials(&self) -> u64 {
        self.denials.load(Ordering::Relaxed)
    }

    /// What the policy says of a key object. One that was opened before the driver came has no note
    /// yet and gets it here.
    fn rule<S: Usable>(&self, cookie: Cookie<'_, Self>, key: Key<'_, Self, S>) -> Rule {
        if let Some(note) = key.context() {
            return note.rule;
        }
        let rule = match cookie.key_name(key) {
            Ok(name) => self.policy.rule(&name),
            // The guard is not on duty yet.
            Err(CookieError::NotPublished) => return Rule::Free,
            // Whoever cannot be told apart from the protected is protected.
            Err(CookieError::Kernel(_)) => return Rule::Protected,
        };
        // Without memory for the note the name is looked up again the next time.
        let _ = cookie.set_context(key, KeyNote { rule });
        rule
    }

    /// Notes a key object that has just been made.
    fn note<O: OpensKey>(&self, op: &Post<'_, O, Self>) {
        if let Ok(key) = op.opened_key() {
            self.rule(op.cookie(), key);
        }
    }

    /// Counts a denial and says what was denied to whom. (Arguments, since text in a `&str` would
    /// bring the code for padding it, nearly a kilobyte.)
    fn deny(&self, what: Arguments<'_>, key: &dyn Display) -> NtError {
        self.denials.fetch_add(1, Ordering::Relaxed);
        warn!(
            "denied {what} to process {}: {key}",
            requestor::process_id()
        );
        NtError::ACCESS_DENIED
    }

    /// Counts a denial for a key object and says its name.
    fn deny_key(
        &self,
        what: Arguments<'_>,
        cookie: Cookie<'_, Self>,
        key: Key<'_, Self, stage::Live>,
    ) -> NtError {
        match cookie.key_name(key) {
            Ok(name) => self.deny(what, &name),
            Err(_) => self.deny(what, &format_args!("a key without a name")),
        }
    }

    /// Whether a create would make a key in a protected place. Opening one that exists is reading.
    fn makes_protected(&self, op: &Pre<'_, CreateKey, Self>) -> Option<UnicodeString> {
        let name = op.full_name().ok()?;
        if self.policy.rule(&name) != Rule::Protected {
            return None;
        }
        let exists = op
            .passive()
            .is_some_and(|at| RegKey::open(&name, KeyAccess::READ, at).is_ok());
        (!exists).then_some(name)
    }
}

/// A method that denies an operation on a protected key.
macro_rules! deny_if_protected {
    ($($method:ident $operation:ident $what:literal,)+) => {
        $(fn $method(&self, op: Pre<'_, $operation, Self>) -> PreOutcome<$operation, Self> {
            let Ok(key) = op.key() else { return op.pass() };
            match self.rule(op.cookie(), key) {
                Rule::Protected => {
                    let status = self.deny_key(format_args!($what), op.cookie(), key);
                    op.block(status)
                }
                Rule::Free | Rule::Ancestor => op.pass(),
            }
        })+
    };
}

impl RegistryCallback for Guard {
    type KeyContext = KeyNote;
    type CallContext = Infallible;
    const POOL_TAG: PoolTag = PoolTag::new(*b"RgGd");

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        self.note(&op);
        op.keep()
    }

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        self.note(&op);
        op.keep()
    }

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        match self.makes_protected(&op) {
            Some(name) => op.block(self.deny(format_args!("creating a key"), &name)),
            None => op.pass(),
        }
    }

    fn pre_rename_key(&self, op: Pre<'_, RenameKey, Self>) -> PreOutcome<RenameKey, Self> {
        let Ok(key) = op.key() else { return op.pass() };
        match self.rule(op.cookie(), key) {
            // Renaming an ancestor would move what is protected.
            Rule::Protected | Rule::Ancestor => {
                let status = self.deny_key(format_args!("renaming"), op.cookie(), key);
                op.block(status)
            }
            Rule::Free => op.pass(),
        }
    }

    deny_if_protected! {
        pre_set_value SetValue "setting a value",
        pre_delete_value DeleteValue "deleting a value",
        pre_delete_key DeleteKey "deleting the key",
        pre_set_security SetSecurity "changing the security",
        pre_set_information SetInformation "changing the metadata",
        pre_restore_key RestoreKey "restoring",
        pre_replace_key ReplaceKey "replacing the hive",
        pre_unload_key UnloadKey "unloading the hive",
    }
}
