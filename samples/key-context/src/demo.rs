//! What the driver does with its own key, for its callback to see: calls that a driver makes outside
//! its callback are notified like anybody else's.

use wdm_safe::registry::{KeyAccess, KeyOptions, RegKey, ValueRef};
use wdm_safe::{Passive, Result, UnicodeStr, UnicodeString, info, unicode};

/// The key, below the service's own. It is volatile: no restart finds it.
pub(crate) const KEY: &UnicodeStr = unicode!("Demo");

/// Setting this value replaces the context of the handle through which it is set.
pub(crate) const REPLACE: &UnicodeStr = unicode!("Replace");

/// An ordinary value.
const NUMBER: &UnicodeStr = unicode!("Number");

/// The full path of the service's key, links resolved, as notifications will name it.
pub(crate) fn service(registry_path: &UnicodeStr, at: Passive<'_>) -> Result<UnicodeString> {
    RegKey::open(registry_path, KeyAccess::READ, at)?.path(at)
}

/// Makes the key and uses it through two handles. The first one is the result: its contexts are
/// still there when the callback is unregistered.
pub(crate) fn run(service: &UnicodeStr, at: Passive<'_>) -> Result<RegKey> {
    let service = RegKey::open(service, KeyAccess::READ | KeyAccess::WRITE, at)?;
    let (first, _) = service.create_below(KEY, KeyAccess::ALL, KeyOptions::VOLATILE, at)?;
    match use_two_handles(&service, &first, at) {
        Ok(()) => Ok(first),
        Err(error) => {
            // The load fails for the first reason, not for what is left behind.
            let _ = first.delete(at);
            Err(error)
        }
    }
}

fn use_two_handles(service: &RegKey, first: &RegKey, at: Passive<'_>) -> Result<()> {
    let second = service.open_below(KEY, KeyAccess::ALL, at)?;
    info!("through the first handle:");
    first.set_value(NUMBER, ValueRef::Dword(1), at)?;
    info!("through the second handle:");
    second.value(NUMBER, at)?;
    second.set_value(REPLACE, ValueRef::Dword(1), at)?;
    second.value(NUMBER, at)?;
    info!("closing the second handle:");
    drop(second);
    info!("through the first handle:");
    first.value(NUMBER, at)?;
    first.set_value(REPLACE, ValueRef::Dword(2), at)
}
