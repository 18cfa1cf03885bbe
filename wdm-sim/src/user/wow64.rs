//! The registry as 32-bit programs see it on 64-bit Windows (V1 to V6).
//!
//! The kernel knows one registry. What 32-bit programs see of it is made in user mode: `wow64.dll`
//! puts another name in place of the one that such a program gives, before the system call; and so
//! do the Win32 functions of a 64-bit program that asks for [`KeyAccess::WOW64_32KEY`]. A callback
//! gets the new name, absolute, and the flags as they were given.
//!
//! The table is <https://learn.microsoft.com/windows/win32/winprog64/shared-registry-keys>.

use wdm_sys::KeyAccess;

/// The key with what 32-bit programs have of their own.
const NODE: &str = "Wow6432Node";
const SOFTWARE: [&str; 3] = ["REGISTRY", "MACHINE", "SOFTWARE"];

/// Below `SOFTWARE`: the keys that both kinds of programs share. What is below them is, too.
const SHARED: &[&str] = &[
    r"Classes",
    r"Clients",
    r"Microsoft\COM3",
    r"Microsoft\Cryptography\Calais\Current",
    r"Microsoft\Cryptography\Calais\Readers",
    r"Microsoft\Cryptography\Services",
    r"Microsoft\CTF\SystemShared",
    r"Microsoft\CTF\TIP",
    r"Microsoft\DFS",
    r"Microsoft\Driver Signing",
    r"Microsoft\EnterpriseCertificates",
    r"Microsoft\EventSystem",
    r"Microsoft\MSMQ",
    r"Microsoft\Non-Driver Signing",
    r"Microsoft\Notepad\DefaultFonts",
    r"Microsoft\OLE",
    r"Microsoft\RAS",
    r"Microsoft\RPC",
    r"Microsoft\Shared Tools\MSInfo",
    r"Microsoft\SystemCertificates",
    r"Microsoft\TermServLicensing",
    r"Microsoft\TransactionServer",
    r"Microsoft\Windows\CurrentVersion\App Paths",
    r"Microsoft\Windows\CurrentVersion\Control Panel\Cursors\Schemes",
    r"Microsoft\Windows\CurrentVersion\Explorer\AutoplayHandlers",
    r"Microsoft\Windows\CurrentVersion\Explorer\DriveIcons",
    r"Microsoft\Windows\CurrentVersion\Explorer\KindMap",
    r"Microsoft\Windows\CurrentVersion\Group Policy",
    r"Microsoft\Windows\CurrentVersion\Policies",
    r"Microsoft\Windows\CurrentVersion\PreviewHandlers",
    r"Microsoft\Windows\CurrentVersion\Setup",
    r"Microsoft\Windows\CurrentVersion\Telephony\Locations",
    r"Microsoft\Windows NT\CurrentVersion\Console",
    r"Microsoft\Windows NT\CurrentVersion\FontDpi",
    r"Microsoft\Windows NT\CurrentVersion\FontLink",
    r"Microsoft\Windows NT\CurrentVersion\FontMapper",
    r"Microsoft\Windows NT\CurrentVersion\Fonts",
    r"Microsoft\Windows NT\CurrentVersion\FontSubstitutes",
    r"Microsoft\Windows NT\CurrentVersion\Gre_Initialize",
    r"Microsoft\Windows NT\CurrentVersion\Image File Execution Options",
    r"Microsoft\Windows NT\CurrentVersion\Language Pack",
    r"Microsoft\Windows NT\CurrentVersion\NetworkCards",
    r"Microsoft\Windows NT\CurrentVersion\Perflib",
    r"Microsoft\Windows NT\CurrentVersion\Ports",
    r"Microsoft\Windows NT\CurrentVersion\Print",
    r"Microsoft\Windows NT\CurrentVersion\ProfileList",
    r"Microsoft\Windows NT\CurrentVersion\Time Zones",
    r"Policies",
    r"RegisteredApplications",
];

/// Below the keys of classes, the machine's and each user's: what is not shared.
const OWN_CLASSES: &[&str] = &[
    "CLSID",
    "DirectShow",
    "Interface",
    "Media Type",
    "MediaFoundation",
];

/// The absolute name that takes the place of `path`, below `root` if that is given; `None` if the
/// name stays as it is.
pub(super) fn redirect(
    is_wow64: bool,
    access: KeyAccess,
    root: Option<&str>,
    path: &str,
) -> Option<String> {
    let asks_32 = access.contains(KeyAccess::WOW64_32KEY);
    let malformed = root.is_some() == path.starts_with('\\');
    if access.contains(KeyAccess::WOW64_64KEY) || !(is_wow64 || asks_32) || malformed {
        return None;
    }
    let absolute = match root {
        Some(root) => format!(r"{root}\{path}"),
        None => path.to_owned(),
    };
    let names = components(&absolute);
    let (common, redirected) = in_view(&names, is_wow64)?;
    // A root that is in one of the views stays there, unless the call asks for the other (V4).
    let chosen = root.is_some_and(|root| components(root).len() >= common);
    if chosen && !asks_32 {
        return None;
    }
    Some(format!(r"\{}", redirected.join(r"\")))
}

fn components(path: &str) -> Vec<&str> {
    path.split('\\').filter(|name| !name.is_empty()).collect()
}

/// What takes the place of a name in the view of 32-bit programs, and how long its beginning is that
/// both views have; `None` if nothing does.
fn in_view<'n>(names: &[&'n str], is_wow64: bool) -> Option<(usize, Vec<&'n str>)> {
    let classes = classes(names);
    let common = match classes {
        Some(length) => length,
        None if begins_with(names, &SOFTWARE) => SOFTWARE.len(),
        None => return None,
    };
    let (before, behind) = names.split_at(common);
    let node: &[&str] = match (behind, classes) {
        ([first, rest @ ..], _) if same(first, NODE) => {
            // What is shared is in no view of its own (V5).
            let shared = match classes {
                Some(_) => !rest.is_empty() && !is_own_class(rest),
                None => begins_with(rest, &["Classes"]),
            };
            let without = (is_wow64 && shared).then(|| [before, rest].concat())?;
            let (common, redirected) = in_view(&without, is_wow64).unwrap_or((common, without));
            return Some((common, redirected));
        }
        (_, Some(_)) if is_own_class(behind) => &[NODE],
        (_, None) if !is_shared(behind) => &[NODE],
        _ => return None,
    };
    Some((common, [before, node, behind].concat()))
}

fn is_own_class(below_classes: &[&str]) -> bool {
    let first = below_classes.first();
    first.is_some_and(|name| OWN_CLASSES.iter().any(|own| same(own, name)))
}

fn is_shared(below_software: &[&str]) -> bool {
    let begins_with = |shared: &&str| begins_with(below_software, &components(shared));
    SHARED.iter().any(begins_with)
}

/// The length of the name of the key of classes that a name begins with.
fn classes(names: &[&str]) -> Option<usize> {
    let [registry, hive, third, ..] = names else {
        return None;
    };
    if !same(registry, "REGISTRY") {
        return None;
    }
    let has_classes = |at: usize| names.get(at).is_some_and(|name| same(name, "Classes"));
    if same(hive, "MACHINE") && same(third, "SOFTWARE") && has_classes(3) {
        return Some(4);
    }
    if !same(hive, "USER") {
        return None;
    }
    if third.to_ascii_lowercase().ends_with("_classes") {
        return Some(3);
    }
    let software = names.get(3).is_some_and(|name| same(name, "Software"));
    (software && has_classes(4)).then_some(5)
}

fn begins_with(names: &[&str], prefix: &[&str]) -> bool {
    names.len() >= prefix.len()
        && names
            .iter()
            .zip(prefix)
            .all(|(one, other)| same(one, other))
}

/// Keys of the table have plain names.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
