//! Who owns the key object that a create or open yields (N4).
//!
//! The operation holds one reference to it until the handle takes that over. A callback that turns a
//! success into a failure dereferences the object, so the operation's reference is gone; one that
//! turns a failure into a success, or does the operation itself, puts a referenced object into
//! `*ResultObject`, so its reference becomes the operation's. The object manager counts what each
//! driver references and dereferences, which tells whether it kept the account.

use std::ptr;
use std::sync::Arc;

use wdm_sys::{PVOID, REG_NOTIFY_CLASS, REG_POST_OPERATION_INFORMATION};

use crate::cm::callbacks::Registration;
use crate::cm::classes;
use crate::machine::Thread;
use crate::object::{Object, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

/// The key object of a create or open, as it changes hands.
pub(super) struct ResultObject<'t> {
    thread: &'t Thread,
    /// Where the structure's `ResultObject` points.
    place: *mut PVOID,
    /// The object, with one reference that is the operation's own.
    object: Option<Arc<Object>>,
    /// How many references to it the driver held that is being notified.
    held_before: i64,
    /// The address of the object that a driver turned down, or 0.
    turned_down: usize,
}

impl<'t> ResultObject<'t> {
    /// No object yet.
    ///
    /// # Safety
    /// `place` is valid for reads and writes while the value lives.
    pub(super) unsafe fn new(thread: &'t Thread, place: *mut PVOID) -> Self {
        Self {
            thread,
            place,
            object: None,
            held_before: 0,
            turned_down: 0,
        }
    }

    /// The object now.
    pub(super) fn object(&self) -> Option<&Object> {
        self.object.as_deref()
    }

    /// The address of the object that a driver turned down, or 0. There may be none any more.
    pub(super) fn turned_down(&self) -> usize {
        self.turned_down
    }

    /// Takes the object and the operation's reference out.
    pub(super) fn take(self) -> Option<ObjectRef<'t>> {
        let kernel = self.thread.kernel();
        self.object.map(|object| ObjectRef::adopt(kernel, object))
    }

    /// Sets the object that the operation itself has made, or that there is none.
    pub(super) fn set(&mut self, object: Option<ObjectRef<'_>>) {
        self.place(object.as_ref().map_or(0, |object| object.address()));
        self.object = object.map(ObjectRef::into_counted);
    }

    /// Takes over the key object that a driver put into `*ResultObject`, with its reference.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER`, with a finding, if there is none.
    pub(super) fn adopt(
        &mut self,
        by: &Registration,
        class: REG_NOTIFY_CLASS,
    ) -> Result<(), Status> {
        let address = self.placed();
        let kernel = self.thread.kernel();
        let found = kernel.objects.reference(kernel, address);
        let Some(object) = found.filter(|object| object.key().is_some()) else {
            self.finding(
                by,
                class,
                format!(
                    "the operation was made a success but *ResultObject is {address:#x}, which is \
                     no key object; put a referenced key object there"
                ),
            );
            self.place(0);
            return Err(Status::INVALID_PARAMETER);
        };
        if object.references_of(by.driver()) > 0 {
            // The driver's reference becomes the operation's; the one just taken goes away.
            object.note_driver_reference(by.driver(), -1);
            self.object = Some(Arc::clone(object.object()));
        } else {
            self.finding(
                by,
                class,
                "the key object in *ResultObject was not referenced for the kernel; take a \
                 reference with ObReferenceObjectByHandle or ObReferenceObject",
            );
            self.object = Some(object.into_counted());
        }
        Ok(())
    }

    /// Takes note of what a driver holds before its post-notification.
    pub(super) fn before_post(&mut self, by: &Registration) {
        let object = self.object.as_ref();
        self.held_before = object.map_or(0, |object| object.references_of(by.driver()));
    }

    /// Keeps the account after a post-notification that left the operation with `now`, and gives its
    /// status. `overrides` tells whether the callback changed the result.
    pub(super) fn after_post(
        &mut self,
        by: &Registration,
        class: REG_NOTIFY_CLASS,
        now: Status,
        overrides: bool,
        post: &REG_POST_OPERATION_INFORMATION,
    ) -> Status {
        if !now.is_success() {
            self.failed(by, class, post);
            return now;
        }
        let kept = self.object().map(Object::address);
        if overrides && now == Status::SUCCESS && Some(self.placed()) != kept {
            self.disown(by, class);
            if post.Object.addr() != self.placed() {
                self.finding(
                    by,
                    class,
                    "Object and *ResultObject differ; put the same key object into both",
                );
            }
            return self.adopt(by, class).err().unwrap_or(now);
        }
        if let Some(object) = self.object()
            && object.references_of(by.driver()) < self.held_before
        {
            self.finding(
                by,
                class,
                "the key object was dereferenced although the operation stays a success",
            );
        }
        self.place(kept.unwrap_or(0));
        now
    }

    /// The operation has failed, now or before.
    fn failed(
        &mut self,
        by: &Registration,
        class: REG_NOTIFY_CLASS,
        post: &REG_POST_OPERATION_INFORMATION,
    ) {
        if self.object.is_some() {
            self.disown(by, class);
            if self.placed() != 0 || !post.Object.is_null() {
                self.finding(
                    by,
                    class,
                    "the create or open was failed, but Object or *ResultObject still names the \
                     key object; set both to NULL",
                );
            }
        }
        self.place(0);
    }

    /// Lets go of the object that a driver turned down, which it should have dereferenced.
    fn disown(&mut self, by: &Registration, class: REG_NOTIFY_CLASS) {
        let Some(object) = self.object.take() else {
            return;
        };
        self.turned_down = object.address();
        let given_back = self.held_before - object.references_of(by.driver());
        if given_back <= 0 {
            self.finding(
                by,
                class,
                "the key object was turned down but not dereferenced; call ObDereferenceObject \
                 on it",
            );
            drop(ObjectRef::adopt(self.thread.kernel(), object));
            return;
        }
        // The one reference that the driver gave back was the operation's.
        object.note_driver_reference(by.driver(), 1);
        if given_back > 1 {
            self.finding(
                by,
                class,
                format!("the key object was dereferenced {given_back} times; once is enough"),
            );
        }
    }

    /// What `*ResultObject` is now.
    fn placed(&self) -> usize {
        // SAFETY: valid, as `new` was promised.
        unsafe { self.place.read() }.addr()
    }

    /// Sets `*ResultObject`.
    fn place(&self, address: usize) {
        // SAFETY: valid, as `new` was promised.
        unsafe { self.place.write(ptr::without_provenance_mut(address)) };
    }

    fn finding(&self, by: &Registration, class: REG_NOTIFY_CLASS, detail: impl Into<String>) {
        let kernel = self.thread.kernel();
        kernel.finding(by.driver(), Rule::N4, classes::name(class), detail);
    }
}
