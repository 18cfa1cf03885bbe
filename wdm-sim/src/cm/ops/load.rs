//! Loading and unloading hives (K2b, N10, H1, H2, H8).
//!
//! A hive is loaded below `\REGISTRY\MACHINE` or `\REGISTRY\USER`, an application hive below
//! `\REGISTRY\A`. A file that does not exist is made, with an empty hive in it. An unload wants no
//! key of the hive to be open, unless it is forced; an application hive goes by itself when its last
//! handle is closed, of which there is no notification but that of the close.

use std::ptr;
use std::sync::Arc;

use wdm_sys::{
    HANDLE, KEY_WRITE, OBJ_KERNEL_HANDLE, OBJ_OPENLINK, PHANDLE, POBJECT_ATTRIBUTES, PVOID,
    REG_LOAD_KEY_INFORMATION_V2, REG_UNLOAD_KEY_INFORMATION, ULONG_PTR,
};

use super::access::Wanted;
use super::named::Named;
use super::open::{WOW64, open_key};
use super::value::{done, key_of};
use super::{Outcome, key_by_handle};
use crate::cm::callbacks::Cookie;
use crate::cm::capture;
use crate::cm::classes::Operation;
use crate::cm::key_object::KeyObject;
use crate::cm::notify::{self, Subject, run_on_key};
use crate::files::File;
use crate::hives;
use crate::machine::{Kernel, Mode, Profile, Thread};
use crate::object::{Body, Handle, Object, ObjectRef};
use crate::registry::{HiveError, Key, Snapshot, Version, upcase, write};
use crate::se::{KEY_MAPPING, Privileges};
use crate::status::Status;

/// `REG_APP_HIVE`: an application hive.
pub(crate) const REG_APP_HIVE: u32 = 0x10;
/// `REG_PROCESS_PRIVATE`: nobody else may load the file meanwhile.
pub(crate) const REG_PROCESS_PRIVATE: u32 = 0x20;

/// Flags that concern how a hive gets to disk, of which nothing shows here: no lazy flush, exact
/// growth of the file, no resource manager, a single log, flush on growth.
const HARMLESS: u32 = 0x4 | 0x80 | 0x100 | 0x200 | 0x1000;

/// What `ZwLoadKeyEx` has and `ZwLoadKey` has not.
pub(crate) struct LoadOptions {
    /// `Flags`.
    pub(crate) flags: u32,
    /// `TrustClassKey`.
    pub(crate) trust_class: HANDLE,
    /// `Event`.
    pub(crate) event: HANDLE,
    /// `DesiredAccess`, for the root's handle.
    pub(crate) access: u32,
    /// Where the root's handle goes.
    pub(crate) root_handle: PHANDLE,
}

impl LoadOptions {
    /// Those of `ZwLoadKey`.
    pub(crate) fn none() -> Self {
        Self {
            flags: 0,
            trust_class: ptr::null_mut(),
            event: ptr::null_mut(),
            access: 0,
            root_handle: ptr::null_mut(),
        }
    }

    fn is_application(&self) -> bool {
        self.flags & REG_APP_HIVE != 0
    }
}

/// `ZwLoadKey`, `ZwLoadKeyEx`.
///
/// Trust classes, events and read-only hives are not simulated: `STATUS_NOT_SUPPORTED`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn load_key(
    thread: &Thread,
    target: POBJECT_ATTRIBUTES,
    source: POBJECT_ATTRIBUTES,
    options: LoadOptions,
) -> Outcome {
    const CALL: &str = "ZwLoadKeyEx";
    if options.flags & !(HARMLESS | REG_APP_HIVE | REG_PROCESS_PRIVATE) != 0
        || !options.trust_class.is_null()
        || !options.event.is_null()
    {
        return Err(Status::NOT_SUPPORTED);
    }
    if !options.is_application() {
        if !options.root_handle.is_null() {
            return Err(Status::INVALID_PARAMETER_7);
        }
        thread.require_privilege(Privileges::RESTORE)?;
    }
    // SAFETY: the caller's promise is the same.
    let mut target = unsafe { Named::take(thread, CALL, target) }?;
    // SAFETY: as above.
    let mut source = unsafe { Named::take(thread, CALL, source) }?;
    source.path()?;
    let root = target.root.as_ref();
    let mut info = REG_LOAD_KEY_INFORMATION_V2 {
        Object: root.map_or(ptr::null_mut(), |root| {
            ptr::without_provenance_mut(root.address())
        }),
        KeyName: target.name.shown(),
        SourceFile: source.name.shown(),
        Flags: options.flags,
        TrustClassObject: ptr::null_mut(),
        UserEvent: ptr::null_mut(),
        DesiredAccess: options.access,
        RootHandle: options.root_handle,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Version: version(thread.kernel().profile),
        FileAccessToken: ptr::null_mut(),
    };
    let mut load = Load {
        thread,
        target: &target,
        source: &source,
        options: &options,
        root: None,
        opened: None,
    };
    let status = notify::run(thread, Operation::LoadKey, &mut info, &mut load);
    let Load { root, opened, .. } = load;
    let mut handed_over = Ok(());
    if let Some(opened) = opened.filter(|_| status.is_success()) {
        // SAFETY: the caller's promise is the same.
        handed_over = unsafe { hand_over(thread, &target, opened, &options) };
    }
    // A hive that nobody got a handle to.
    if let Some(root) = root {
        hives::unload_if_unused(thread.kernel(), &root);
    }
    handed_over.map(|()| status)
}

/// The structure's version. The longer structure came with Windows 10, version 2004. Its page does
/// not say the number; as `REG_CREATE_KEY_INFORMATION_V1` has 1, this one is given 2. Before,
/// the field was `Reserved`.
fn version(profile: Profile) -> ULONG_PTR {
    match profile >= Profile::Win10 {
        true => 2,
        false => 0,
    }
}

/// Gives the caller a handle to the root of a hive.
///
/// # Safety
/// `options.root_handle` is valid for writes.
unsafe fn hand_over(
    thread: &Thread,
    target: &Named<'_>,
    root: ObjectRef<'_>,
    options: &LoadOptions,
) -> Result<(), Status> {
    let key = root.key().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
    let wanted = Wanted {
        token: thread.process().token(),
        checked: thread.previous_mode() == Mode::User && thread.kernel().options.check_access,
        desired: KEY_MAPPING.map(options.access & !WOW64),
        options: 0,
    };
    let granted = wanted.to_existing(&key.view().security()?)?;
    let handle = target
        .handles(thread)
        .insert(root, granted, thread.caller().driver)
        .ok_or(Status::INSUFFICIENT_RESOURCES)?;
    // SAFETY: by this function's contract.
    unsafe { capture::write(options.root_handle, handle.as_raw()) };
    Ok(())
}

struct Load<'a> {
    thread: &'a Thread,
    target: &'a Named<'a>,
    source: &'a Named<'a>,
    options: &'a LoadOptions,
    /// The hive's root, once it is loaded.
    root: Option<Arc<Key>>,
    /// The key object for it, if the caller wants a handle.
    opened: Option<ObjectRef<'a>>,
}

impl Load<'_> {
    fn load(&mut self) -> Result<(), Status> {
        let kernel = self.thread.kernel();
        let _one_at_a_time = kernel.hives.loading();
        let root = self.mount(kernel)?;
        // Nobody can unload it before it is open.
        if !self.options.root_handle.is_null() {
            let body = Body::Key(KeyObject::new(Arc::clone(&root), None));
            self.opened = Some(kernel.objects.create(kernel, body));
        }
        self.root = Some(root);
        Ok(())
    }

    fn mount(&self, kernel: &Kernel) -> Result<Arc<Key>, Status> {
        let application = self.options.is_application();
        let private = self.options.flags & REG_PROCESS_PRIVATE != 0;
        let absolute = self.target.absolute()?;
        let (parent, name) = kernel.registry.above(&absolute)?;
        if !takes_hives(&parent, application) {
            return Err(Status::INVALID_PARAMETER);
        }
        let path = self.source.path()?;
        let (file, made) = match kernel.files.find(path) {
            Ok(file) => (file, false),
            Err(Status::OBJECT_NAME_NOT_FOUND) => {
                let empty = write(&Snapshot::empty(name), Version::Latest)?;
                (File::new(empty), true)
            }
            Err(status) => return Err(status),
        };
        if let Some(loaded) = kernel.hives.in_file(&file) {
            return match application && !private && loaded.is_shared() {
                true => Ok(Arc::clone(loaded.root())),
                false => Err(Status::SHARING_VIOLATION),
            };
        }
        let shown = String::from_utf16_lossy(&absolute);
        let mounted = kernel
            .registry
            .mount_below(&parent, name, &file.bytes(), application);
        let (root, report) = match mounted {
            Ok(mounted) => mounted,
            Err(HiveError::Mount { status, .. }) => {
                return Err(match status {
                    // The name is taken.
                    Status::OBJECT_NAME_COLLISION => Status::ACCESS_DENIED,
                    status => status,
                });
            }
            Err(damage) => {
                kernel.hives.note(&shown, Err(&damage));
                return Err(damage.status());
            }
        };
        kernel.hives.note(&shown, Ok(report));
        kernel
            .hives
            .add(Arc::clone(&root), Arc::clone(&file), private);
        if made {
            kernel.files.put(path, file)?;
        }
        Ok(root)
    }
}

impl Subject for Load<'_> {
    type Info = REG_LOAD_KEY_INFORMATION_V2;

    fn perform(&mut self, _: &mut Self::Info) -> Status {
        done(self.load())
    }

    fn complete_name(&self) -> Vec<u16> {
        self.target.absolute().unwrap_or_default()
    }

    /// Always NULL (K2b).
    fn post_object(&self, _: Status) -> PVOID {
        ptr::null_mut()
    }

    fn pre_context(&self, cookie: Cookie) -> PVOID {
        let root = self.target.root.as_ref().and_then(|root| root.key());
        root.map_or(ptr::null_mut(), |root| root.contexts().get(cookie))
    }

    fn post_context(&self, _: Cookie) -> PVOID {
        ptr::null_mut()
    }
}

/// Whether hives, or application hives, are loaded below a key.
fn takes_hives(parent: &Key, application: bool) -> bool {
    let is_a = parent
        .name()
        .is_ok_and(|name| upcase::equal(&name, &[u16::from(b'A')]));
    parent.is_fixed() && parent.depth() == 1 && is_a == application
}

/// `ZwUnloadKey`; `force` is `REG_FORCE_UNLOAD` of `NtUnloadKey2`, which leaves open keys behind
/// that answer `STATUS_KEY_DELETED`.
///
/// The root is opened first, as any key is, with an open's notifications.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn unload_key(
    thread: &Thread,
    target: POBJECT_ATTRIBUTES,
    force: bool,
) -> Outcome {
    thread.require_privilege(Privileges::RESTORE)?;
    // What the caller gave wrong is its own mistake, not one of kernel mode.
    // SAFETY: the caller's promise is the same.
    drop(unsafe { Named::take(thread, "ZwUnloadKey", target) }?);
    // SAFETY: as above; it is not NULL, or would have been refused.
    let mut target = unsafe { target.read_unaligned() };
    target.Attributes |= OBJ_KERNEL_HANDLE | OBJ_OPENLINK;
    let mut handle = ptr::null_mut();
    let object = thread.with_previous_mode(Mode::Kernel, || {
        // SAFETY: as above, and the other pointers lead to live locals.
        let opened = unsafe { open_key(thread, &raw mut handle, KEY_WRITE, &raw mut target, 0) };
        opened?.to_result()?;
        key_by_handle(thread, "ZwUnloadKey", handle, 0)
    })?;
    let outcome = unload(thread, &object, force);
    let kernel = thread.kernel();
    drop(kernel.handles.close(kernel, Handle::from_raw(handle)));
    outcome
}

fn unload(thread: &Thread, object: &Object, force: bool) -> Outcome {
    let key = key_of!(object).key();
    let info = REG_UNLOAD_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        UserEvent: ptr::null_mut(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let kernel = thread.kernel();
    let work = || {
        if !force && hives::is_open(kernel, key, Some(object)) {
            return Status::CANNOT_DELETE;
        }
        done(kernel.hives.unload(key))
    };
    Ok(run_on_key(thread, Operation::UnloadKey, object, info, work))
}
