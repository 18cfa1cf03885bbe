//! Ids, names and transactions of key objects (K4, K5).

use std::collections::HashMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wdm_sys::{PCUNICODE_STRING, PVOID};

use super::attach::not_an_object;
use super::callbacks::Cookie;
use super::key_object::{ClosePhase, HeldName, KeyObject};
use crate::machine::{DriverId, Kernel, Thread};
use crate::object::Object;
use crate::status::Status;
use crate::verifier::Rule;

/// Names that `CmCallbackGetKeyObjectIDEx` gave out and that have not come back, by address, with
/// the driver that has each.
#[derive(Default)]
pub(crate) struct LentNames(Mutex<HashMap<usize, (DriverId, HeldName)>>);

impl LentNames {
    fn lend(&self, driver: DriverId, name: HeldName) -> PCUNICODE_STRING {
        let string = name.as_ptr();
        self.lock().insert(string.addr(), (driver, name));
        string
    }

    fn give_back(&self, string: usize) -> bool {
        self.lock().remove(&string).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, (DriverId, HeldName)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is asked of a key object.
pub(crate) struct Wanted {
    /// Its key's full name.
    pub(crate) name: bool,
}

/// The id and the first name of a key object (`CmCallbackGetKeyObjectID`).
///
/// # Errors
/// `STATUS_INVALID_PARAMETER`, with a finding, for a cookie or an object that is none;
/// `STATUS_KEY_DELETED` for the name of a deleted key.
pub(crate) fn key_object_id(
    thread: &Thread,
    cookie: Cookie,
    object: usize,
    wanted: &Wanted,
) -> Result<(u64, Option<PCUNICODE_STRING>), Status> {
    let found = find(thread, "CmCallbackGetKeyObjectID", cookie, object)?;
    let key = found.key().ok_or(Status::INVALID_PARAMETER)?;
    let name = wanted.name.then(|| key.first_name()).transpose()?;
    Ok((key.key().id(), name))
}

/// The id and the current name of a key object (`CmCallbackGetKeyObjectIDEx`). The name stays until
/// [`release_name`].
///
/// # Errors
/// As [`key_object_id`].
pub(crate) fn key_object_id_ex(
    thread: &Thread,
    cookie: Cookie,
    object: usize,
    wanted: &Wanted,
) -> Result<(u64, Option<PCUNICODE_STRING>), Status> {
    let found = find(thread, "CmCallbackGetKeyObjectIDEx", cookie, object)?;
    let key = found.key().ok_or(Status::INVALID_PARAMETER)?;
    let name = if wanted.name {
        let text = key.key().full_name()?;
        let lent = &thread.kernel().cm.lent_names;
        let name = HeldName::new(text.as_slice().into());
        Some(lent.lend(thread.caller().driver, name))
    } else {
        None
    };
    Ok((key.key().id(), name))
}

/// Takes a name back (`CmCallbackReleaseKeyObjectIDEx`).
pub(crate) fn release_name(thread: &Thread, string: PCUNICODE_STRING) {
    if !thread.kernel().cm.lent_names.give_back(string.addr()) {
        thread.finding(
            Rule::K4,
            "CmCallbackReleaseKeyObjectIDEx",
            format!(
                "{:#x} is no name that CmCallbackGetKeyObjectIDEx gave, or it was released before",
                string.addr()
            ),
        );
    }
}

/// Reports the names that a driver that is gone has not given back, and frees them.
pub(crate) fn report_lent_names(kernel: &Kernel, driver: DriverId, call: &'static str) {
    let mut lent = kernel.cm.lent_names.lock();
    let before = lent.len();
    lent.retain(|_, (holder, _)| *holder != driver);
    let kept = before - lent.len();
    drop(lent);
    if kept > 0 {
        let detail = format!(
            "{kept} names from CmCallbackGetKeyObjectIDEx were not released; call \
             CmCallbackReleaseKeyObjectIDEx on each"
        );
        kernel.finding(driver, Rule::K4, call, detail);
    }
}

/// The transaction that a key object was opened in (`CmGetBoundTransaction`), or NULL. A cookie or an
/// object that is none is a finding.
pub(crate) fn bound_transaction(thread: &Thread, cookie: Cookie, object: usize) -> PVOID {
    // What is wrong has been recorded.
    let found = find(thread, "CmGetBoundTransaction", cookie, object).ok();
    let key = found.as_deref().and_then(Object::key);
    match key.and_then(KeyObject::transaction) {
        Some(transaction) => ptr::without_provenance_mut(transaction.address()),
        None => ptr::null_mut(),
    }
}

/// Finds the key object that a driver asks about.
fn find(
    thread: &Thread,
    call: &'static str,
    cookie: Cookie,
    object: usize,
) -> Result<Arc<Object>, Status> {
    let refuse = |rule, detail: String| {
        thread.finding(rule, call, detail);
        Err(Status::INVALID_PARAMETER)
    };
    let kernel = thread.kernel();
    if kernel.cm.callbacks.find(cookie).is_none() {
        let (rule, why) = match cookie.0 {
            0 => (Rule::R3, "registering has not stored it yet".to_owned()),
            _ => (Rule::K4, "no registered callback has it".to_owned()),
        };
        return refuse(rule, format!("the cookie is {:#x}: {why}", cookie.0));
    }
    let Some(found) = kernel.objects.find(object) else {
        return refuse(Rule::K2, not_an_object(object));
    };
    let Some(key) = found.key() else {
        return refuse(
            Rule::K4,
            format!("{object:#x} is a {}, not a key object", found.object_type()),
        );
    };
    if key.phase() == ClosePhase::Cleaned && call != "CmGetBoundTransaction" {
        return refuse(
            Rule::K3,
            "the key object is closed; ask in the pre-notification of its close at the latest"
                .into(),
        );
    }
    Ok(found)
}
