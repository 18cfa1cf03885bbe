//! Creating and opening keys (N4, N5, R5, K2).
//!
//! The name is looked up from a *root object*: the key object of `RootDirectory`, or `\REGISTRY` for
//! an absolute name. Where the lookup meets a symbolic link the operation ends with
//! `STATUS_REPARSE`, post-notifications included, and starts again with the name that the link leads
//! to.

use std::ptr;
use std::sync::{Arc, OnceLock};

use wdm_sys::{
    HANDLE, KEY_ALL_ACCESS, KEY_EXECUTE, KEY_READ, KEY_WOW64_32KEY, KEY_WOW64_64KEY, KEY_WRITE,
    MAXIMUM_ALLOWED, OBJ_FORCE_ACCESS_CHECK, OBJ_KERNEL_HANDLE, OBJ_OPENLINK, PHANDLE,
    POBJECT_ATTRIBUTES, PULONG, PUNICODE_STRING, PVOID, REG_CREATE_KEY_INFORMATION_V1,
    REG_OPTION_BACKUP_RESTORE, REG_OPTION_CREATE_LINK, REG_OPTION_OPEN_LINK, REG_OPTION_VOLATILE,
    REG_POST_OPERATION_INFORMATION, UNICODE_STRING,
};

use super::{Outcome, key_by_handle};
use crate::cm::callbacks::{Cookie, Registration};
use crate::cm::capture::{self, Name};
use crate::cm::classes::Operation;
use crate::cm::key_object::KeyObject;
use crate::cm::notify::{self, Subject};
use crate::cm::{classes, descriptor};
use crate::machine::{Kernel, Mode, Thread};
use crate::object::{Body, Object, ObjectRef, ObjectType};
use crate::registry::{Disposition, Key, MAX_REPARSE, NewKey, Parsed, Registry, SEPARATOR, upcase};
use crate::status::Status;
use crate::verifier::Rule;

const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_EXECUTE: u32 = 0x2000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const WOW64: u32 = KEY_WOW64_32KEY | KEY_WOW64_64KEY;
const VALID_OPTIONS: u32 = REG_OPTION_VOLATILE
    | REG_OPTION_CREATE_LINK
    | REG_OPTION_BACKUP_RESTORE
    | REG_OPTION_OPEN_LINK
    | REG_OPTION_DONT_VIRTUALIZE;
const REG_OPTION_DONT_VIRTUALIZE: u32 = 0x10;

/// The key object for `\REGISTRY` that absolute names start from, made once a machine.
#[derive(Default)]
pub(crate) struct RootObject(OnceLock<Arc<Object>>);

impl RootObject {
    fn reference<'k>(&self, kernel: &'k Kernel) -> Result<ObjectRef<'k>, Status> {
        let object = self.0.get_or_init(|| {
            let body = Body::Key(KeyObject::new(Arc::clone(kernel.registry.root())));
            kernel.objects.create(kernel, body).into_counted()
        });
        let referenced = kernel.objects.reference_object(kernel, object);
        // Gone only if a driver dereferenced what it never referenced, which is a finding there.
        referenced.ok_or(Status::OBJECT_PATH_NOT_FOUND)
    }
}

/// What `ZwCreateKey` has and `ZwOpenKey` has not.
pub(crate) struct Creation {
    /// `Class`.
    pub(crate) class: PUNICODE_STRING,
    /// `Disposition`.
    pub(crate) disposition: PULONG,
}

/// `ZwCreateKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn create_key(
    thread: &Thread,
    handle: PHANDLE,
    access: u32,
    attributes: POBJECT_ATTRIBUTES,
    options: u32,
    creation: Creation,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let mut request = unsafe { Request::capture(thread, handle, access, attributes, options) }?;
    // SAFETY: as above.
    request.class = unsafe { Name::take(request.mode, creation.class) }?;
    let (status, disposition) = request.run(thread, Operation::CreateKey);
    if status.is_success() {
        // SAFETY: as above.
        unsafe { capture::write(creation.disposition, disposition) };
    }
    Ok(status)
}

/// `ZwOpenKey` and `ZwOpenKeyEx`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn open_key(
    thread: &Thread,
    handle: PHANDLE,
    access: u32,
    attributes: POBJECT_ATTRIBUTES,
    options: u32,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let mut request = unsafe { Request::capture(thread, handle, access, attributes, options) }?;
    Ok(request.run(thread, Operation::OpenKey).0)
}

/// The parameters of a create or open.
struct Request<'t> {
    mode: Mode,
    handle: PHANDLE,
    desired: u32,
    wow64: u32,
    options: u32,
    attributes: u32,
    root: Option<ObjectRef<'t>>,
    name: Name,
    class: Option<Name>,
    shown_security: PVOID,
    security: Option<descriptor::Captured>,
    quality_of_service: PVOID,
}

impl<'t> Request<'t> {
    /// Checks and captures what creates and opens have in common.
    ///
    /// # Safety
    /// The pointers are as the routines' pages ask.
    unsafe fn capture(
        thread: &'t Thread,
        handle: PHANDLE,
        access: u32,
        attributes: POBJECT_ATTRIBUTES,
        options: u32,
    ) -> Result<Self, Status> {
        if handle.is_null() || attributes.is_null() {
            return Err(Status::ACCESS_VIOLATION);
        }
        if options & !VALID_OPTIONS != 0 {
            return Err(Status::INVALID_PARAMETER);
        }
        // SAFETY: by this function's contract.
        let given = unsafe { attributes.read_unaligned() };
        if given.Length as usize != size_of_val(&given) {
            return Err(Status::INVALID_PARAMETER);
        }
        let mode = thread.previous_mode();
        // SAFETY: as above.
        let name = unsafe { Name::required(mode, given.ObjectName) }?;
        // SAFETY: as above.
        let security = unsafe { descriptor::Captured::take(given.SecurityDescriptor) }?;
        let root = match given.RootDirectory.is_null() {
            true => None,
            false => Some(key_by_handle(thread, "ZwOpenKey", given.RootDirectory, 0)?),
        };
        if root.is_some() && name.text().first() == Some(&SEPARATOR) {
            return Err(Status::OBJECT_PATH_SYNTAX_BAD);
        }
        Ok(Self {
            mode,
            handle,
            desired: map_generic(access & !WOW64),
            wow64: access & WOW64,
            options,
            attributes: match mode {
                Mode::Kernel => given.Attributes,
                Mode::User => given.Attributes & !OBJ_KERNEL_HANDLE,
            },
            root,
            name,
            class: None,
            shown_security: match (mode, &security) {
                (Mode::User, Some(copy)) => copy.shown(),
                _ => given.SecurityDescriptor,
            },
            security,
            quality_of_service: given.SecurityQualityOfService,
        })
    }

    /// Runs the operation until it no longer ends at a link; gives its status and disposition.
    fn run(&mut self, thread: &'t Thread, operation: Operation) -> (Status, u32) {
        let mut target: Option<Vec<u16>> = None;
        for _ in 0..=MAX_REPARSE {
            let (status, next, disposition) = match self.run_once(thread, operation, target.take())
            {
                Ok(ended) => ended,
                Err(status) => return (status, 0),
            };
            match next {
                Some(name) if status == Status::REPARSE => target = Some(name),
                _ => return (status, disposition),
            }
        }
        (Status::OBJECT_NAME_NOT_FOUND, 0)
    }

    /// One lookup with its notifications: of the caller's name, or of the name that a link led to.
    fn run_once(
        &mut self,
        thread: &'t Thread,
        operation: Operation,
        mut target: Option<Vec<u16>>,
    ) -> Result<(Status, Option<Vec<u16>>, u32), Status> {
        let kernel = thread.kernel();
        let relative_root = match target {
            None => self.root.clone(),
            Some(_) => None,
        };
        let mut target_string = target.as_mut().map(|name| string(name));
        let complete_name = match &mut target_string {
            Some(string) => ptr::from_mut(string),
            None => self.name.shown(),
        };
        let text = target.as_deref().unwrap_or(self.name.text());
        let (root, remaining) = match relative_root {
            Some(root) => (root, text),
            None => (kernel.cm.root.reference(kernel)?, Registry::relative(text)?),
        };
        let absolute = target.is_some() || self.root.is_none();
        let mut remaining_string = string(remaining);
        let mut result_object = ptr::null_mut();
        let mut disposition = 0;
        let mut info = REG_CREATE_KEY_INFORMATION_V1 {
            CompleteName: complete_name,
            RootObject: ptr::without_provenance_mut(root.address()),
            ObjectType: ObjectType::Key.as_raw().cast(),
            Options: self.options,
            Class: self.class.as_mut().map_or(ptr::null_mut(), Name::shown),
            SecurityDescriptor: self.shown_security,
            SecurityQualityOfService: self.quality_of_service,
            DesiredAccess: self.desired,
            GrantedAccess: 0,
            Disposition: &raw mut disposition,
            ResultObject: &raw mut result_object,
            CallContext: ptr::null_mut(),
            RootObjectContext: ptr::null_mut(),
            Transaction: ptr::null_mut(),
            Version: 1,
            RemainingName: &raw mut remaining_string,
            Wow64Flags: self.wow64,
            Attributes: self.attributes,
            CheckAccessMode: match self.attributes & OBJ_FORCE_ACCESS_CHECK {
                0 => self.mode as i8,
                _ => Mode::User as i8,
            },
        };
        let mut lookup = Lookup {
            thread,
            operation,
            request: self,
            root: &root,
            remaining,
            absolute,
            place: &raw mut result_object,
            result: None,
            held_before: 0,
            reparse: None,
        };
        let status = notify::run(thread, operation, &mut info, &mut lookup);
        let Lookup {
            result, reparse, ..
        } = lookup;
        let Some(object) = result else {
            return Ok((status, reparse, disposition));
        };
        // The reference that the operation holds goes into the handle, or away.
        let object = ObjectRef::adopt(kernel, object);
        if !status.is_success() {
            return Ok((status, None, 0));
        }
        let table = match self.attributes & OBJ_KERNEL_HANDLE {
            0 => thread.process().handles(),
            _ => &kernel.handles,
        };
        let handle = table
            .insert(object, info.GrantedAccess, thread.caller().driver)
            .ok_or(Status::INSUFFICIENT_RESOURCES)?;
        // SAFETY: the routine's caller gave a place for the handle.
        unsafe { capture::write(self.handle, handle.as_raw()) };
        Ok((status, None, disposition))
    }
}

/// One lookup between its notifications.
struct Lookup<'a, 't> {
    thread: &'t Thread,
    operation: Operation,
    request: &'a Request<'t>,
    root: &'a Object,
    remaining: &'a [u16],
    absolute: bool,
    /// Where `ResultObject` points.
    place: *mut PVOID,
    /// The key object that the operation yields, with one reference that is the operation's own.
    result: Option<Arc<Object>>,
    /// How many references to the result the driver held that is about to be notified.
    held_before: i64,
    /// Where a link leads.
    reparse: Option<Vec<u16>>,
}

impl Lookup<'_, '_> {
    fn parse(&mut self, info: &mut REG_CREATE_KEY_INFORMATION_V1) -> Result<Status, Status> {
        // N10: application hives are reached relative to their root only.
        if self.absolute && leads_into_application_hives(self.remaining) {
            return Err(Status::ACCESS_DENIED);
        }
        let request = self.request;
        let root = self.root.key().ok_or(Status::OBJECT_TYPE_MISMATCH)?.key();
        let open_link = request.options & REG_OPTION_OPEN_LINK != 0
            || request.attributes & OBJ_OPENLINK != 0;
        let found: Parsed<(Arc<Key>, Disposition)> = match self.operation {
            Operation::CreateKey => {
                let new = NewKey {
                    volatile: request.options & REG_OPTION_VOLATILE != 0,
                    link: request.options & REG_OPTION_CREATE_LINK != 0,
                    class: request.class.as_ref().map_or(&[], Name::text),
                    security: request.security.as_ref().map(|it| it.bytes().into()),
                };
                root.create(self.remaining, open_link, &new)?
            }
            _ => match root.open(self.remaining, open_link)? {
                Parsed::Found(key) => Parsed::Found((key, Disposition::OpenedExisting)),
                Parsed::Reparse(name) => Parsed::Reparse(name),
            },
        };
        match found {
            Parsed::Reparse(name) => {
                self.reparse = Some(name);
                Ok(Status::REPARSE)
            }
            Parsed::Found((key, disposition)) => {
                let kernel = self.thread.kernel();
                let body = Body::Key(KeyObject::new(key));
                let object = kernel.objects.create(kernel, body).into_counted();
                self.place(object.address());
                self.result = Some(object);
                info.GrantedAccess = match request.desired & MAXIMUM_ALLOWED {
                    0 => request.desired,
                    _ => KEY_ALL_ACCESS | (request.desired & !MAXIMUM_ALLOWED),
                };
                // SAFETY: the structure points at a local of `run_once`, unless a driver
                // redirected it, which it must not.
                unsafe { capture::write(info.Disposition, disposition as u32) };
                Ok(Status::SUCCESS)
            }
        }
    }

    /// What `*ResultObject` is now.
    fn placed(&self) -> usize {
        // SAFETY: a local of `run_once`, which outlives `self`.
        unsafe { self.place.read() }.addr()
    }

    /// Sets `*ResultObject`.
    fn place(&self, address: usize) {
        // SAFETY: a local of `run_once`, which outlives `self`.
        unsafe { self.place.write(ptr::without_provenance_mut(address)) };
    }

    fn finding(&self, by: &Registration, class: u32, detail: String) {
        let kernel = self.thread.kernel();
        kernel.finding(by.driver(), Rule::N4, classes::name(class), detail);
    }

    /// Takes over the key object that a driver put into `*ResultObject`, with its reference.
    fn adopt(&mut self, by: &Registration, class: u32) -> Result<(), Status> {
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
            self.result = Some(Arc::clone(object.object()));
        } else {
            self.finding(
                by,
                class,
                "the key object in *ResultObject was not referenced for the kernel; take a \
                 reference with ObReferenceObjectByHandle or ObReferenceObject"
                    .to_owned(),
            );
            self.result = Some(object.into_counted());
        }
        Ok(())
    }

    /// Lets go of the result that a driver turned down, which it should have dereferenced.
    fn disown(&mut self, by: &Registration, class: u32) {
        let Some(object) = self.result.take() else {
            return;
        };
        let given_back = self.held_before - object.references_of(by.driver());
        if given_back <= 0 {
            self.finding(
                by,
                class,
                "the key object was turned down but not dereferenced; call ObDereferenceObject \
                 on it"
                    .to_owned(),
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
}

impl Subject for Lookup<'_, '_> {
    type Info = REG_CREATE_KEY_INFORMATION_V1;

    fn perform(&mut self, info: &mut Self::Info) -> Status {
        // What a callback left there although the operation went on is not its result.
        self.place(0);
        self.parse(info).unwrap_or_else(|status| status)
    }

    fn bypassed(&mut self, by: &Registration, info: &mut Self::Info) -> Status {
        let class = self.operation.pre();
        if let Err(status) = self.adopt(by, class) {
            return status;
        }
        self.check_access(by, class, info);
        Status::SUCCESS
    }

    fn before_post(&mut self, by: &Registration) {
        let result = self.result.as_ref();
        self.held_before = result.map_or(0, |object| object.references_of(by.driver()));
    }

    fn after_post(
        &mut self,
        by: &Registration,
        before: Status,
        overrides: bool,
        post: &REG_POST_OPERATION_INFORMATION,
    ) -> Status {
        let class = self.operation.post();
        let kept = self.result.as_ref().map(|object| object.address());
        let now = if overrides {
            Status(post.ReturnStatus)
        } else {
            before
        };
        if !now.is_success() {
            if kept.is_some() {
                self.disown(by, class);
                if self.placed() != 0 || !post.Object.is_null() {
                    self.finding(
                        by,
                        class,
                        "the create or open was failed, but Object or *ResultObject still names \
                         the key object; set both to NULL"
                            .to_owned(),
                    );
                }
            }
            self.place(0);
            return now;
        }
        if overrides && now == Status::SUCCESS && Some(self.placed()) != kept {
            self.disown(by, class);
            if post.Object.addr() != self.placed() {
                self.finding(
                    by,
                    class,
                    "Object and *ResultObject differ; put the same key object into both".to_owned(),
                );
            }
            return self.adopt(by, class).err().unwrap_or(now);
        }
        if let Some(object) = &self.result {
            if object.references_of(by.driver()) < self.held_before {
                self.finding(
                    by,
                    class,
                    "the key object was dereferenced although the operation stays a success"
                        .to_owned(),
                );
            }
            self.place(object.address());
        }
        now
    }

    /// NULL unless the operation has succeeded, and `STATUS_REPARSE` is not enough (R5, K2).
    fn post_object(&self, status: Status) -> PVOID {
        match &self.result {
            Some(object) if status == Status::SUCCESS => {
                ptr::without_provenance_mut(object.address())
            }
            _ => ptr::null_mut(),
        }
    }

    fn pre_context(&self, cookie: Cookie) -> PVOID {
        context_of(Some(self.root), cookie)
    }

    fn post_context(&self, cookie: Cookie) -> PVOID {
        context_of(self.result.as_deref(), cookie)
    }
}

impl Lookup<'_, '_> {
    /// A bypassed create or open has to say what access it grants (N4).
    fn check_access(&self, by: &Registration, class: u32, info: &REG_CREATE_KEY_INFORMATION_V1) {
        if info.GrantedAccess == 0 && self.request.mode == Mode::User && self.request.desired != 0 {
            self.finding(
                by,
                class,
                "GrantedAccess was not set, so the caller's handle allows nothing; set it, to \
                 DesiredAccess for example"
                    .to_owned(),
            );
        }
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

/// The rights that generic rights stand for, for a key.
fn map_generic(access: u32) -> u32 {
    let generic = [
        (GENERIC_READ, KEY_READ),
        (GENERIC_WRITE, KEY_WRITE),
        (GENERIC_EXECUTE, KEY_EXECUTE),
        (GENERIC_ALL, KEY_ALL_ACCESS),
    ];
    let asked = generic.iter().filter(|(bit, _)| access & bit != 0);
    let all = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
    asked.fold(access & !all, |mapped, (_, rights)| mapped | rights)
}

/// A string over text that outlives it.
fn string(text: &[u16]) -> UNICODE_STRING {
    let bytes = u16::try_from(text.len() * 2).unwrap_or(u16::MAX - 1);
    UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: text.as_ptr().cast_mut(),
    }
}
