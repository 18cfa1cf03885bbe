//! One lookup of a create or open between its notifications (R5, K2, N4, N10, S1).

use std::ptr;
use std::sync::Arc;

use wdm_sys::{
    PVOID, REG_CREATE_KEY_INFORMATION_V1, REG_POST_OPERATION_INFORMATION, RegNtPreCreateKeyEx,
};

use super::access::Wanted;
use super::result_object::ResultObject;
use crate::cm::callbacks::{Cookie, Registration};
use crate::cm::classes::{self, Operation};
use crate::cm::key_object::KeyObject;
use crate::cm::notify::Subject;
use crate::cm::view::View;
use crate::cm::watch::News;
use crate::machine::{Mode, Thread};
use crate::object::{Body, Object, ObjectRef};
use crate::registry::{Disposition, Key, NewKey, Parsed, SEPARATOR, upcase};
use crate::status::Status;
use crate::verifier::Rule;

/// What the lookup is for.
pub(super) enum Goal<'a> {
    /// To open a key.
    Open,
    /// To open a key, or make it.
    Create(NewKey<'a>),
}

/// A name that is looked up from a root object.
pub(super) struct Lookup<'a> {
    pub(super) thread: &'a Thread,
    pub(super) goal: Goal<'a>,
    pub(super) root: &'a Object,
    /// The transaction that it is part of, and that the key object is bound to.
    pub(super) transaction: Option<&'a ObjectRef<'a>>,
    /// The name relative to the root.
    pub(super) remaining: &'a [u16],
    /// Whether the root is `\REGISTRY`, because the name was absolute.
    pub(super) absolute: bool,
    /// Whether a symbolic link at the end is what is wanted.
    pub(super) open_link: bool,
    /// The rights that the caller asked for.
    pub(super) wanted: Wanted<'a>,
    /// The key object that comes of it.
    pub(super) result: ResultObject<'a>,
    /// Whether it has been done, rather than blocked or bypassed.
    pub(super) performed: bool,
    /// Where `Disposition` points: a variable that outlives the lookup.
    pub(super) disposition: *mut u32,
    /// Whether the key was made, and the rights to it, once it has been found.
    pub(super) found: Option<(Disposition, u32)>,
    /// Where a link led.
    pub(super) reparse: Option<Vec<u16>>,
}

impl Lookup<'_> {
    /// The operation that callbacks are told of.
    pub(super) fn operation(&self) -> Operation {
        match self.goal {
            Goal::Open => Operation::OpenKey,
            Goal::Create(_) => Operation::CreateKey,
        }
    }

    fn parse(&mut self) -> Result<Status, Status> {
        // N10: application hives are reached relative to their root only.
        if self.absolute && leads_into_application_hives(self.remaining) {
            return Err(Status::ACCESS_DENIED);
        }
        let root = self.root.key().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
        let transaction = self.transaction.and_then(|object| object.transaction());
        let root = View::new(root.key(), transaction.map(|transaction| &**transaction));
        let parsed: Parsed<(Arc<Key>, Disposition)> = match &self.goal {
            Goal::Create(new) => root.create(self.remaining, self.open_link, new)?,
            Goal::Open => match root.open(self.remaining, self.open_link)? {
                Parsed::Found(key) => Parsed::Found((key, Disposition::OpenedExisting)),
                Parsed::Reparse(name) => Parsed::Reparse(name),
            },
        };
        match parsed {
            Parsed::Reparse(name) => {
                self.reparse = Some(name);
                Ok(Status::REPARSE)
            }
            Parsed::Found((key, disposition)) => {
                let kernel = self.thread.kernel();
                let view = View::new(&key, transaction.map(|transaction| &**transaction));
                let granted = match disposition {
                    Disposition::CreatedNew => {
                        kernel.cm.watches.tell(kernel, view, News::Named);
                        self.wanted.to_new()?
                    }
                    Disposition::OpenedExisting => self.wanted.to_existing(&view.security()?)?,
                };
                let body = Body::Key(KeyObject::new(key, self.transaction.cloned()));
                self.result.set(Some(kernel.objects.create(kernel, body)));
                self.found = Some((disposition, granted));
                Ok(Status::SUCCESS)
            }
        }
    }
}

impl Subject for Lookup<'_> {
    type Info = REG_CREATE_KEY_INFORMATION_V1;

    fn perform(&mut self, info: &mut Self::Info) -> Status {
        self.performed = true;
        // What a callback left there although the operation went on is not its result.
        self.result.set(None);
        let status = self.parse().unwrap_or_else(|status| status);
        if let Some((disposition, granted)) = self.found {
            info.GrantedAccess = granted;
            // SAFETY: the variable outlives the lookup, see the field.
            unsafe { self.disposition.write(disposition as u32) };
        }
        status
    }

    fn bypassed(&mut self, by: &Registration, info: &mut Self::Info) -> Status {
        let class = self.operation().pre();
        if let Err(status) = self.result.adopt(by, class) {
            return status;
        }
        // A kernel-mode caller can use a handle whatever its rights are.
        let user = self.thread.previous_mode() == Mode::User;
        if info.GrantedAccess == 0 && self.wanted.desired != 0 && user {
            self.thread.kernel().finding(
                by.driver(),
                Rule::N4,
                classes::name(class),
                "GrantedAccess was not set, so the caller's handle allows nothing; set it, to \
                 DesiredAccess for example",
            );
        }
        // Both values that it can have differ from 0, which is there before.
        // SAFETY: the variable outlives the lookup, see the field.
        let disposition = unsafe { self.disposition.read() };
        if class == RegNtPreCreateKeyEx && disposition == 0 {
            self.thread.kernel().finding(
                by.driver(),
                Rule::N2,
                classes::name(class),
                "the create was bypassed without its Disposition; set it to REG_CREATED_NEW_KEY or \
                 REG_OPENED_EXISTING_KEY",
            );
        }
        Status::SUCCESS
    }

    fn before_post(&mut self, by: &Registration) {
        self.result.before_post(by);
    }

    fn after_post(
        &mut self,
        by: &Registration,
        before: Status,
        overrides: bool,
        post: &REG_POST_OPERATION_INFORMATION,
    ) -> Status {
        let now = match overrides {
            true => Status(post.ReturnStatus),
            false => before,
        };
        let class = self.operation().post();
        self.result.after_post(by, class, now, overrides, post)
    }

    fn complete_name(&self) -> Vec<u16> {
        let root = self.root.key().map(|root| root.key().full_name());
        let mut name = root.and_then(Result::ok).unwrap_or_default();
        if !self.remaining.is_empty() {
            name.push(SEPARATOR);
            name.extend_from_slice(self.remaining);
        }
        name
    }

    /// NULL unless the operation has succeeded, and `STATUS_REPARSE` is not enough (R5, K2). In
    /// version 1.0 of the interface, the object that a lower callback turned down is still there, and
    /// the root if a lower callback blocked the operation (regfltr: version.c).
    fn post_object(&self, status: Status) -> PVOID {
        let address = match self.result.object() {
            Some(object) if status == Status::SUCCESS => object.address(),
            None if self.thread.kernel().profile.callback_version() == (1, 0) => {
                match self.result.turned_down() {
                    0 if !self.performed => self.root.address(),
                    turned_down => turned_down,
                }
            }
            _ => 0,
        };
        ptr::without_provenance_mut(address)
    }

    fn pre_context(&self, cookie: Cookie) -> PVOID {
        context_of(Some(self.root), cookie)
    }

    fn post_context(&self, cookie: Cookie) -> PVOID {
        context_of(self.result.object(), cookie)
    }
}

fn context_of(object: Option<&Object>, cookie: Cookie) -> PVOID {
    match object.and_then(Object::key) {
        Some(key) => key.contexts().get(cookie),
        None => ptr::null_mut(),
    }
}

/// Whether a path below `\REGISTRY` leads into `A`.
fn leads_into_application_hives(path: &[u16]) -> bool {
    let end = path.iter().position(|&unit| unit == SEPARATOR);
    end.is_some_and(|end| upcase::equal(&path[..end], &[u16::from(b'A')]))
}
