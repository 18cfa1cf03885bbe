//! Creating and opening keys (N5).
//!
//! The name is looked up from a *root object*: the key object of `RootDirectory`, or `\REGISTRY` for
//! an absolute name. Where the [lookup](super::lookup) meets a symbolic link the operation ends with
//! `STATUS_REPARSE`, post-notifications included, and starts again with the name that the link leads
//! to.

use std::ptr;
use std::sync::{Arc, OnceLock};

use wdm_sys::{
    HANDLE, KEY_WOW64_32KEY, KEY_WOW64_64KEY, KPROCESSOR_MODE, OBJ_CASE_INSENSITIVE,
    OBJ_FORCE_ACCESS_CHECK, OBJ_KERNEL_HANDLE, OBJ_OPENLINK, PHANDLE, POBJECT_ATTRIBUTES, PULONG,
    PUNICODE_STRING, PVOID, REG_CREATE_KEY_INFORMATION_V1, REG_OPTION_BACKUP_RESTORE,
    REG_OPTION_CREATE_LINK, REG_OPTION_OPEN_LINK, REG_OPTION_VOLATILE,
};

use super::access::Wanted;
use super::lookup::{Goal, Lookup};
use super::result_object::ResultObject;
use super::{Outcome, key_by_handle};
use crate::cm::capture::{self, Name};
use crate::cm::classes::Operation;
use crate::cm::key_object::KeyObject;
use crate::cm::notify;
use crate::machine::{Kernel, Mode, Profile, Thread};
use crate::object::{Body, Object, ObjectRef, ObjectType};
use crate::registry::{Disposition, MAX_REPARSE, NewKey, NewSecurity, Registry, SEPARATOR, wide};
use crate::se::{Captured, KEY_MAPPING};
use crate::status::Status;
use crate::tm;
use crate::unicode_string::over;

/// The bits of an access mask that are no rights.
pub(super) const WOW64: u32 = KEY_WOW64_32KEY | KEY_WOW64_64KEY;
const VALID_OPTIONS: u32 = REG_OPTION_VOLATILE
    | REG_OPTION_CREATE_LINK
    | REG_OPTION_BACKUP_RESTORE
    | REG_OPTION_OPEN_LINK
    | REG_OPTION_DONT_VIRTUALIZE;
const REG_OPTION_DONT_VIRTUALIZE: u32 = 0x10;
/// An address where no host has memory for programs.
const NOWHERE: usize = 0xFFFF_A000_CDCD_CDCD;

/// The key object for `\REGISTRY` that absolute names start from, made once a machine.
#[derive(Default)]
pub(crate) struct RootObject(OnceLock<Arc<Object>>);

impl RootObject {
    /// The object, which holds a reference to itself: operations need not take another, so threads
    /// do not meet at its count.
    fn get(&self, kernel: &Kernel) -> &Object {
        self.0.get_or_init(|| {
            let body = Body::Key(KeyObject::new(Arc::clone(kernel.registry.root()), None));
            kernel.objects.create(kernel, body).into_counted()
        })
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
    if thread.kernel().options.announce_open_before_create && options & REG_OPTION_CREATE_LINK == 0
    {
        // N9.
        let (status, _) = request.run(thread, Operation::OpenKey);
        if status.is_success() {
            let opened = Disposition::OpenedExisting as u32;
            // SAFETY: as above.
            unsafe { capture::write(creation.disposition, opened) };
        }
        if status != Status::OBJECT_NAME_NOT_FOUND {
            return Ok(status);
        }
    }
    // SAFETY: as above.
    unsafe { request.create(thread, creation) }
}

/// `ZwCreateKeyTransacted`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn create_key_transacted(
    thread: &Thread,
    handle: PHANDLE,
    access: u32,
    attributes: POBJECT_ATTRIBUTES,
    options: u32,
    transaction: HANDLE,
    creation: Creation,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let mut request = unsafe { Request::capture(thread, handle, access, attributes, options) }?;
    request.bind(thread, "ZwCreateKeyTransacted", transaction)?;
    // SAFETY: as above.
    unsafe { request.create(thread, creation) }
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
    if options & !(REG_OPTION_OPEN_LINK | REG_OPTION_BACKUP_RESTORE) != 0 {
        return Err(Status::INVALID_PARAMETER_4);
    }
    // SAFETY: the caller's promise is the same.
    let mut request = unsafe { Request::capture(thread, handle, access, attributes, options) }?;
    Ok(request.run(thread, Operation::OpenKey).0)
}

/// `ZwOpenKeyTransacted` and `ZwOpenKeyTransactedEx`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn open_key_transacted(
    thread: &Thread,
    handle: PHANDLE,
    access: u32,
    attributes: POBJECT_ATTRIBUTES,
    options: u32,
    transaction: HANDLE,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let mut request = unsafe { Request::capture(thread, handle, access, attributes, options) }?;
    request.bind(thread, "ZwOpenKeyTransacted", transaction)?;
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
    /// What the operation is part of: the transaction that the caller names, or the root's.
    transaction: Option<ObjectRef<'t>>,
    /// Whether it is the one that the caller names.
    transaction_named: bool,
    name: Name,
    class: Option<Name>,
    shown_security: PVOID,
    security: Option<Captured>,
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
        if options & !VALID_OPTIONS != 0 || access & WOW64 == WOW64 {
            return Err(Status::INVALID_PARAMETER);
        }
        // SAFETY: by this function's contract.
        let given = unsafe { attributes.read_unaligned() };
        if given.Length as usize != size_of_val(&given) {
            return Err(Status::INVALID_PARAMETER);
        }
        let mode = thread.previous_mode();
        if mode == Mode::User {
            // What fails leaves no handle there (Wine: `test_NtOpenKey`).
            // SAFETY: as above.
            unsafe { capture::write(handle, ptr::null_mut()) };
        }
        // SAFETY: as above.
        let name = unsafe { Name::of_object(mode, given.ObjectName) }?;
        // SAFETY: as above.
        let security = unsafe { Captured::take(given.SecurityDescriptor) }?;
        let root = match given.RootDirectory.is_null() {
            true => None,
            false => Some(key_by_handle(thread, "ZwOpenKey", given.RootDirectory, 0)?),
        };
        if root.is_some() && name.text().first() == Some(&SEPARATOR) {
            return Err(Status::OBJECT_PATH_SYNTAX_BAD);
        }
        let transaction = root.as_deref().and_then(bound_transaction);
        Ok(Self {
            mode,
            handle,
            transaction: transaction.and_then(|object| {
                thread
                    .kernel()
                    .objects
                    .reference(thread.kernel(), object.address())
            }),
            transaction_named: false,
            desired: KEY_MAPPING.map(access & !WOW64),
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

    /// Makes the operation part of the transaction that the caller names. A root that is bound to
    /// another shows keys that are not there in this one.
    fn bind(
        &mut self,
        thread: &'t Thread,
        call: &'static str,
        transaction: HANDLE,
    ) -> Result<(), Status> {
        let named = tm::reference_transaction(thread, call, transaction)?;
        if let Some(inherited) = &self.transaction
            && inherited.address() != named.address()
        {
            return Err(Status::TRANSACTIONAL_CONFLICT);
        }
        self.transaction = Some(named);
        self.transaction_named = true;
        Ok(())
    }

    /// Runs the operation as a create.
    ///
    /// # Safety
    /// The pointers are as the routines' pages ask.
    unsafe fn create(mut self, thread: &'t Thread, creation: Creation) -> Outcome {
        // SAFETY: by this function's contract.
        self.class = unsafe { Name::take(self.mode, creation.class) }?;
        let (status, disposition) = self.run(thread, Operation::CreateKey);
        if status.is_success() {
            // SAFETY: as above.
            unsafe { capture::write(creation.disposition, disposition) };
        }
        Ok(status)
    }

    /// `Transaction` of the notifications. A transaction that comes with the root object is not
    /// shown, as callbacks find it there (`CmGetBoundTransaction`, T7), unless a link
    /// has led away from that root.
    fn shown_transaction(&self, reparsed: bool) -> PVOID {
        let shown = self.transaction.as_ref();
        match shown.filter(|_| self.transaction_named || reparsed) {
            Some(object) => ptr::without_provenance_mut(object.address()),
            None => ptr::null_mut(),
        }
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
        // L2.
        match thread.kernel().profile >= Profile::Win10 {
            true => (Status::INVALID_PARAMETER, 0),
            false => (Status::NAME_TOO_LONG, 0),
        }
    }

    /// One lookup with its notifications: of the caller's name, or of the name that a link led to.
    fn run_once(
        &mut self,
        thread: &'t Thread,
        operation: Operation,
        mut target: Option<Vec<u16>>,
    ) -> Result<(Status, Option<Vec<u16>>, u32), Status> {
        let kernel = thread.kernel();
        let mut target_string = target.as_mut().map(|name| over(name));
        let complete_name = match &mut target_string {
            Some(string) => ptr::from_mut(string),
            None => self.name.shown(),
        };
        let text = target.as_deref().unwrap_or(self.name.text());
        let (root, remaining) = match &self.root {
            Some(root) if target.is_none() => (&**root, text),
            _ => {
                let remaining =
                    absolute_name(kernel.profile, text, self.attributes, target.is_some())?;
                (kernel.cm.root.get(kernel), remaining)
            }
        };
        let mut remaining_string = over(remaining);
        let mut result_object = ptr::null_mut();
        let mut disposition = 0;
        let checked = self.mode == Mode::User || self.attributes & OBJ_FORCE_ACCESS_CHECK != 0;
        let wanted = Wanted {
            token: thread.process().token(),
            checked: checked && kernel.options.check_access,
            desired: self.desired,
            options: self.options,
        };
        let explicit = self.security.as_ref().map(Captured::bytes);
        let assign = |parents: &Arc<[u8]>| wanted.assign_below(parents, explicit);
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
            Transaction: self.shown_transaction(target.is_some()),
            Version: kernel.profile.create_structure_version(),
            RemainingName: &raw mut remaining_string,
            Wow64Flags: self.wow64,
            Attributes: self.attributes,
            CheckAccessMode: match checked {
                true => Mode::User as KPROCESSOR_MODE,
                false => Mode::Kernel as KPROCESSOR_MODE,
            },
        };
        if info.Version == 0 {
            end_structure_before_version_1(&mut info);
        }
        let goal = match operation {
            Operation::CreateKey => Goal::Create(NewKey {
                volatile: self.options & REG_OPTION_VOLATILE != 0,
                link: self.options & REG_OPTION_CREATE_LINK != 0,
                class: self.class.as_ref().map_or(&[], Name::text),
                security: NewSecurity::Made(&assign),
            }),
            _ => Goal::Open,
        };
        let mut lookup = Lookup {
            thread,
            goal,
            root,
            transaction: self.transaction.as_ref(),
            remaining,
            absolute: target.is_some() || self.root.is_none(),
            open_link: self.attributes & OBJ_OPENLINK != 0,
            wanted,
            // SAFETY: `result_object` lives until this function ends, longer than the lookup.
            result: unsafe { ResultObject::new(thread, &raw mut result_object) },
            performed: false,
            disposition: &raw mut disposition,
            found: None,
            reparse: None,
        };
        let status = notify::run(thread, operation, &mut info, &mut lookup);
        let reparse = lookup.reparse;
        let Some(object) = lookup.result.take() else {
            return Ok((status, reparse, disposition));
        };
        // The reference that the operation holds goes into the handle, or away.
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

/// What of an absolute name lies below `\REGISTRY` (L1, L3); `from_link` if it is what a link leads
/// to.
fn absolute_name(
    profile: Profile,
    text: &[u16],
    attributes: u32,
    from_link: bool,
) -> Result<&[u16], Status> {
    let Some(path) = text.strip_prefix(&[SEPARATOR]) else {
        return Err(match (from_link, profile >= Profile::Win10) {
            (false, _) => Status::OBJECT_PATH_SYNTAX_BAD,
            (true, false) => Status::OBJECT_NAME_NOT_FOUND,
            (true, true) => Status::OBJECT_NAME_INVALID,
        });
    };
    match path.first() {
        // The root of all names is no key.
        None => return Err(Status::OBJECT_TYPE_MISMATCH),
        Some(&SEPARATOR) => return Err(Status::OBJECT_NAME_INVALID),
        Some(_) => {}
    }
    let exact = attributes & OBJ_CASE_INSENSITIVE == 0 && !from_link && profile < Profile::Win10;
    let first = path.split(|&unit| unit == SEPARATOR).next();
    match Registry::relative(text) {
        Ok(rest) if !exact || first == Some(&wide("REGISTRY")[..]) => Ok(rest),
        _ if path.contains(&SEPARATOR) => Err(Status::OBJECT_PATH_NOT_FOUND),
        _ => Err(Status::OBJECT_NAME_NOT_FOUND),
    }
}

/// The transaction object that a key object is bound to.
fn bound_transaction(object: &Object) -> Option<&Arc<Object>> {
    object.key()?.transaction()
}

/// Makes the fields behind the end of a structure of version 0 what they are on NT: not the
/// structure's, so nothing that a driver can use (N5).
fn end_structure_before_version_1(info: &mut REG_CREATE_KEY_INFORMATION_V1) {
    info.RemainingName = ptr::without_provenance_mut(NOWHERE);
    info.Wow64Flags = NOWHERE as u32;
    info.Attributes = NOWHERE as u32;
    info.CheckAccessMode = NOWHERE as KPROCESSOR_MODE;
}
