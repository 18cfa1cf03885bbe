//! The kernel's routines, as drivers call them.
//!
//! [`exports!`] makes two functions of one definition: a symbol with C's name for drivers that are
//! linked into this process, and a twin with Microsoft's calling convention for x64 that `.sys` files
//! are bound to by name. It also checks at compile time that the definition has the type that
//! [`wdm_sys`] declares.
//!
//! Each folder has the routines of one part of the kernel, as their prefixes name it (the `Zw*` are
//! with the part that they call):
//!
//! | folder | what is there |
//! |---|---|
//! | `cm` | registry callbacks, keys, hives |
//! | `crt` | memory, text, numbers, `printf`, sorting |
//! | `ex` | pool memory, lookaside lists, fast mutexes, resources, run-down protection, interlocked lists, callback objects, work items, exceptions |
//! | `io` | devices, device stacks, requests, cancel-safe queues, the keys of drivers and devices |
//! | `ke` | levels, events, mutexes, semaphores, waiting, timers, spin locks, time, processors |
//! | `mm` | what an address is good for, memory descriptor lists |
//! | `ob` | handles and references, callbacks for handles, event objects |
//! | `ps` | processes, threads, their notify routines |
//! | `rtl` | strings, bitmaps, generic tables, versions, the registry by paths, stack traces |
//! | `se` | access checks, descriptors, security identifiers |
//! | `tm` | transactions, resource managers, enlistments |
//!
//! Beside them are the kernel's variables (`data`), printing (`dbg`), and what all routines share: the
//! entry of system services (`service`), which Windows brought which (`since`), and how they fail
//! (`failures`).

mod cm;
mod crt;
mod data;
mod dbg;
mod ex;
mod failures;
mod guarded;
mod io;
mod ke;
mod mm;
mod ob;
mod ps;
mod rtl;
mod se;
mod service;
mod since;
mod tm;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use wdm_sys::NTSTATUS;

use crate::call::Abi;
#[cfg(target_arch = "x86_64")]
use crate::loader::ImportName;
use crate::machine::{Kernel, Profile};
use crate::status::Status;
pub(crate) use crate::unicode_string::text;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use ex::raise::Raised;
pub(crate) use failures::{Failure, Routine, fits};
pub(crate) use ke::event::signal;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use ke::time;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use mm::addresses::{probe_for_read, probe_for_write};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use mm::mdl::probe_and_lock;
pub(crate) use ps::system_threads::SystemThreads;

/// Defines routines of the kernel, and `EXPORTS`, the table of those that one invocation defines.
///
/// ```text
/// exports! {
///     /// What it does.
///     fn ZwClose(handle: HANDLE) -> NTSTATUS { ... }
///     [undeclared] fn KeResetEvent(event: PRKEVENT) { ... }   // wdm-sys does not declare it
///     [sys_only] fn memcpy(...) -> ... { ... }              // the host has a symbol of that name
/// }
/// ```
///
/// A body is unsafe code whose caller vouches for the parameters as the routine's page asks. It finds
/// its routine's name in the constant `CALL`.
macro_rules! exports {
    ($(
        $(#[doc = $doc:literal])*
        $([$kind:ident])?
        fn $name:ident($($parameter:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {
        $(
            $crate::exports::exports!(@linked $($kind)?
                $(#[doc = $doc])*
                fn $name($($parameter: $type),*) $(-> $result)? { body::$name($($parameter),*) }
            );
        )*

        /// What the routines do, whoever calls.
        mod body {
            use super::*;
            $(
                #[allow(non_snake_case, clippy::too_many_arguments)]
                pub(super) unsafe fn $name($($parameter: $type),*) $(-> $result)? {
                    #[allow(dead_code)]
                    const CALL: &str = stringify!($name);
                    $body
                }
            )*
        }

        /// The routines as `.sys` files call them.
        #[cfg(target_arch = "x86_64")]
        mod win64 {
            use super::*;
            $(
                #[allow(non_snake_case, clippy::too_many_arguments)]
                pub(super) unsafe extern "win64" fn $name($($parameter: $type),*) $(-> $result)? {
                    $crate::exports::exports!(@may_fail $name);
                    // SAFETY: the caller's promises are the same.
                    unsafe { body::$name($($parameter),*) }
                }
            )*
        }

        /// The routines that this file defines.
        pub(super) static EXPORTS: &[$crate::exports::Export] = &[$(
            $crate::exports::Export {
                name: stringify!($name),
                linked: $crate::exports::exports!(@address $name $($kind)?),
                #[cfg(target_arch = "x86_64")]
                win64: win64::$name as *const (),
            },
        )*];
    };

    (@linked sys_only $($rest:tt)*) => {};
    (@linked undeclared $($definition:tt)*) => {
        $crate::exports::exports!(@symbol $($definition)*);
    };
    (@linked
        $(#[doc = $doc:literal])*
        fn $name:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)? $body:block
    ) => {
        $crate::exports::exports!(@symbol
            $(#[doc = $doc])*
            fn $name($($parameter: $type),*) $(-> $result)? $body
        );
        const _: [unsafe extern "system" fn($($type),*) $(-> $result)?; 2] =
            [$name, wdm_sys::$name];
    };
    (@symbol
        $(#[doc = $doc:literal])*
        fn $name:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)? $body:block
    ) => {
        $(#[doc = $doc])*
        ///
        /// # Safety
        /// What the routine's page asks of its parameters.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, clippy::too_many_arguments)]
        pub(super) unsafe extern "system" fn $name($($parameter: $type),*) $(-> $result)? {
            const SINCE: $crate::machine::Profile = $crate::exports::since::since(stringify!($name));
            if const { SINCE as u8 > $crate::machine::Profile::WinXp as u8 } {
                $crate::exports::since::check_linked(SINCE, stringify!($name));
            }
            $crate::exports::exports!(@may_fail $name);
            // SAFETY: the caller's promises are the same.
            unsafe { $body }
        }
    };
    // Returns what the routine returns when it fails, if it is to fail now.
    (@may_fail $name:ident) => {
        struct This;
        impl $crate::exports::Routine for This {
            const NAME: &'static str = stringify!($name);
        }
        // SAFETY: what is returned is the routine's result.
        if let Some(failed) = unsafe { $crate::faults::fail::<This, _>() } {
            return failed;
        }
    };
    (@address $name:ident sys_only) => { None };
    (@address $name:ident $(undeclared)?) => { Some($name as *const ()) };
}
pub(crate) use exports;

/// A routine, or a variable, of the kernel.
#[derive(Clone, Copy)]
pub(crate) struct Export {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its address for linked drivers; `None` if they get it from elsewhere.
    pub(crate) linked: Option<*const ()>,
    /// Its address for `.sys` files.
    #[cfg(target_arch = "x86_64")]
    pub(crate) win64: *const (),
}

// SAFETY: the addresses are those of functions and of variables that are never written.
unsafe impl Send for Export {}
// SAFETY: as above.
unsafe impl Sync for Export {}

/// The tables of all files that define routines.
static TABLES: &[&[&[Export]]] = &[
    cm::TABLES,
    crt::TABLES,
    &[data::EXPORTS],
    &[dbg::EXPORTS, dbg::VARIADIC],
    ex::TABLES,
    io::TABLES,
    ke::TABLES,
    mm::TABLES,
    ob::TABLES,
    ps::TABLES,
    rtl::TABLES,
    se::TABLES,
    tm::TABLES,
];

/// All that [`TABLES`] have.
fn all() -> impl Iterator<Item = &'static Export> {
    TABLES.iter().copied().flatten().copied().flatten()
}

static BY_NAME: LazyLock<HashMap<&'static str, Export>> = LazyLock::new(|| {
    #[allow(unused_mut, reason = "not all hosts have more")]
    let mut all: HashMap<_, _> = all().map(|export| (export.name, *export)).collect();
    // Where exceptions can be dispatched, `.sys` files get the routines that raise them.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    for (name, win64) in crate::seh::routines() {
        let linked = all.get(name).and_then(|export| export.linked);
        let export = Export {
            name,
            linked,
            win64,
        };
        all.insert(name, export);
    }
    all
});

/// The address of an export for code with the given convention, if that version of Windows has it.
pub(crate) fn address(profile: Profile, name: &str, abi: Abi) -> Option<*const ()> {
    let export = BY_NAME
        .get(name)
        .filter(|_| profile >= since::since(name))?;
    match abi {
        Abi::Host => export.linked,
        #[cfg(target_arch = "x86_64")]
        Abi::Win64 => Some(export.win64),
    }
}

/// The address of a routine for linked drivers.
pub(crate) fn linked_address(name: &str) -> Option<*const ()> {
    BY_NAME.get(name)?.linked
}

/// The addresses, for `.sys` files, of the routines that can fail ([`faults`](crate::faults)).
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn failing_routines() -> impl Iterator<Item = *const ()> {
    failures::names().map(|name| BY_NAME[name].win64)
}

/// The address of an export for code with the given convention on a machine: of a routine, or of a
/// variable.
pub(crate) fn address_on(kernel: &Kernel, name: &str, abi: Abi) -> Option<*const ()> {
    address(kernel.profile, name, abi).or_else(|| data::of_machine(kernel, name))
}

/// Finds what a `.sys` file imports.
#[cfg(target_arch = "x86_64")]
pub(crate) fn resolve(kernel: &Kernel, module: &str, import: ImportName<'_>) -> Option<*const ()> {
    let modules = ["ntoskrnl.exe", "ntkrnlmp.exe", "hal.dll"];
    let from_kernel = modules.iter().any(|name| module.eq_ignore_ascii_case(name));
    match import {
        ImportName::Name(name) if from_kernel => address_on(kernel, name, Abi::Win64),
        _ => None,
    }
}

/// Whether the simulated kernel of the newest Windows has a routine or variable of that name, for
/// `.sys` files to import.
pub fn has_export(name: &str) -> bool {
    BY_NAME.contains_key(name) || data::OTHERS.contains(&name)
}

/// Refers to all routines, so that a linker that leaves out what nothing refers to keeps those that
/// only a linked driver calls.
pub(crate) fn keep_linked() {
    std::hint::black_box(TABLES);
}

/// A result as a routine returns it.
pub(crate) fn ntstatus(result: Result<(), Status>) -> NTSTATUS {
    result.err().unwrap_or(Status::SUCCESS).0
}
