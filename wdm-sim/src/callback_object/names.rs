//! The names of callback objects: creating and opening.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{CallbackObject, SystemCallback};
use crate::machine::{DriverId, Kernel, Profile};
use crate::object::{Body, Object, ObjectRef};
use crate::registry::{SEPARATOR, upcase, wide};
use crate::status::Status;

/// The directories of the object namespace that callback objects can be made in.
const DIRECTORIES: [&str; 4] = ["", r"\Callback", r"\Device", r"\BaseNamedObjects"];

/// What `ExCreateCallback` is asked for.
pub(crate) struct Creation<'a> {
    /// The name.
    pub(crate) name: &'a [u16],
    /// Whether the name's case does not matter (`OBJ_CASE_INSENSITIVE`).
    pub(crate) any_case: bool,
    /// Whether the object stays when nobody refers to it (`OBJ_PERMANENT`).
    pub(crate) permanent: bool,
    /// Whether to make it if there is none, and then, whether it takes more than one callback.
    pub(crate) create: Option<bool>,
}

/// An object that has its name. The name holds a reference to it.
struct Named {
    name: Vec<u16>,
    object: Arc<Object>,
    permanent: bool,
    creator: DriverId,
}

/// The callback objects of a machine, by name.
#[derive(Default)]
pub(crate) struct Names(Mutex<Vec<Named>>);

impl Names {
    /// Opens an object, or makes it.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is none and none is to be made;
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD` for a name that is not absolute,
    /// `STATUS_OBJECT_PATH_NOT_FOUND` for a directory that is not there.
    pub(crate) fn open<'k>(
        &self,
        kernel: &'k Kernel,
        creator: DriverId,
        wanted: &Creation<'_>,
    ) -> Result<ObjectRef<'k>, Status> {
        if wanted.name.first() != Some(&SEPARATOR) {
            return Err(Status::OBJECT_PATH_SYNTAX_BAD);
        }
        let mut names = self.lock(kernel);
        let same = |named: &&Named| match wanted.any_case {
            true => upcase::equal(&named.name, wanted.name),
            false => named.name == wanted.name,
        };
        if let Some(named) = names.iter().find(same) {
            let found = kernel.objects.reference(kernel, named.object.address());
            return found.ok_or(Status::OBJECT_NAME_NOT_FOUND);
        }
        let Some(many) = wanted.create else {
            return Err(Status::OBJECT_NAME_NOT_FOUND);
        };
        let end = wanted.name.iter().rposition(|&unit| unit == SEPARATOR);
        let directory = &wanted.name[..end.unwrap_or(0)];
        if !DIRECTORIES
            .iter()
            .any(|known| upcase::equal(&wide(known), directory))
        {
            return Err(Status::OBJECT_PATH_NOT_FOUND);
        }
        let body = Body::Callback(CallbackObject::new(wanted.name, many, false));
        let object = kernel.objects.create(kernel, body);
        // The handle that the routine makes is closed when it returns, and an object without
        // handles has a name only if it is permanent.
        if wanted.permanent {
            names.push(Named {
                name: wanted.name.to_vec(),
                object: object.clone().into_counted(),
                permanent: true,
                creator,
            });
        }
        Ok(object)
    }

    /// One of the kernel's own objects.
    pub(crate) fn system<'k>(
        &self,
        kernel: &'k Kernel,
        which: SystemCallback,
    ) -> Option<ObjectRef<'k>> {
        let wanted = Creation {
            name: &wide(which.name()),
            any_case: true,
            permanent: false,
            create: None,
        };
        self.open(kernel, DriverId::NONE, &wanted).ok()
    }

    /// Makes an object temporary: it loses its name when no handle to it is open.
    pub(crate) fn make_temporary(&self, kernel: &Kernel, object: &Object) {
        let mut names = self.lock(kernel);
        if let Some(named) = names.iter_mut().find(|named| named.is(object)) {
            named.permanent = false;
        }
    }

    /// The last handle to an object was closed: a temporary one loses its name.
    pub(crate) fn last_handle_closed(&self, kernel: &Kernel, object: &Object) {
        let mut names = self.lock(kernel);
        let lost: Vec<Named> = names
            .extract_if(.., |named| named.is(object) && !named.permanent)
            .collect();
        // The name's reference may be the last.
        drop(names);
        for named in lost {
            drop(ObjectRef::adopt(kernel, named.object));
        }
    }

    /// Takes away the permanent objects that a driver made, and gives their names.
    pub(super) fn remove_permanent_of(&self, kernel: &Kernel, driver: DriverId) -> Vec<String> {
        let mut names = self.lock(kernel);
        let left: Vec<Named> = names
            .extract_if(.., |named| named.creator == driver && named.permanent)
            .collect();
        drop(names);
        let give_up = |named: Named| {
            drop(ObjectRef::adopt(kernel, named.object));
            String::from_utf16_lossy(&named.name)
        };
        left.into_iter().map(give_up).collect()
    }

    /// The names, with those of the kernel's own objects, which are made when they are first used.
    fn lock(&self, kernel: &Kernel) -> MutexGuard<'_, Vec<Named>> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.is_empty() {
            let there = |which: &SystemCallback| {
                *which != SystemCallback::ProcessorAdd || kernel.profile >= Profile::Vista
            };
            for which in SystemCallback::ALL.into_iter().filter(there) {
                let name = wide(which.name());
                let body = Body::Callback(CallbackObject::new(&name, true, true));
                names.push(Named {
                    name,
                    object: kernel.objects.create(kernel, body).into_counted(),
                    permanent: true,
                    creator: DriverId::NONE,
                });
            }
        }
        names
    }
}

impl Named {
    fn is(&self, object: &Object) -> bool {
        self.object.address() == object.address()
    }
}
