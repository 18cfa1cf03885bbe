//! The configuration manager's routines for registry callbacks.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmregistercallbackex>
//! and its neighbours.

use wdm_sys::{
    LARGE_INTEGER, NTSTATUS, PCUNICODE_STRING, PEX_CALLBACK_FUNCTION, PLARGE_INTEGER, PULONG,
    PULONG_PTR, PVOID,
};

use crate::call::Code;
use crate::cm::{self, Cookie, Function, Wanted};
use crate::exports::ex::callback::fails;
use crate::exports::{exports, text};
use crate::machine::{Thread, current, irql};
use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Registers a registry callback at an altitude (R1, R2, R3).
    fn CmRegisterCallbackEx(
        function: PEX_CALLBACK_FUNCTION,
        altitude: PCUNICODE_STRING,
        driver: PVOID,
        context: PVOID,
        cookie: PLARGE_INTEGER,
        reserved: PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        // SAFETY: the caller gave a string, or null.
        let Some(altitude) = (unsafe { text(altitude) }) else {
            return refuse(&thread, CALL, "Altitude is NULL; pass a string such as 380010");
        };
        if driver.is_null() {
            return refuse(&thread, CALL, "Driver is NULL; pass the driver object");
        }
        if !reserved.is_null() {
            thread.finding(Rule::R1, CALL, "Reserved is not NULL; pass NULL");
        }
        register(&thread, CALL, function, Some(altitude), context, cookie)
    }

    /// Registers a registry callback above all altitudes (R2).
    fn CmRegisterCallback(
        function: PEX_CALLBACK_FUNCTION,
        context: PVOID,
        cookie: PLARGE_INTEGER,
    ) -> NTSTATUS {
        register(&current(CALL), CALL, function, None, context, cookie)
    }

    /// Unregisters a registry callback, after its calls in flight and with its contexts' cleanup
    /// (R4, C3).
    fn CmUnRegisterCallback(cookie: LARGE_INTEGER) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: all members of the union are 8 bytes of numbers.
        let cookie = Cookie(unsafe { cookie.QuadPart });
        cm::unregister(&thread, CALL, cookie).0
    }

    /// The version of the callback interface (R5).
    fn CmGetCallbackVersion(major: PULONG, minor: PULONG) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let version = thread.kernel().profile.callback_version();
        for (place, number) in [(major, version.0), (minor, version.1)] {
            if !place.is_null() {
                // SAFETY: the caller gave a place for it.
                unsafe { place.write(number) };
            }
        }
    }

    /// Attaches a context to a key object (C1, C2, C4).
    fn CmSetCallbackObjectContext(
        object: PVOID,
        cookie: PLARGE_INTEGER,
        new: PVOID,
        old: *mut PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave the address of its cookie, or null.
        let cookie = unsafe { read_cookie(cookie) };
        match cm::set_object_context(&thread, object.addr(), cookie, new) {
            Ok(before) => {
                if !old.is_null() {
                    // SAFETY: the caller gave a place for it.
                    unsafe { old.write(before) };
                }
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }

    /// The id and the first name of a key object (K4).
    fn CmCallbackGetKeyObjectID(
        cookie: PLARGE_INTEGER,
        object: PVOID,
        id: PULONG_PTR,
        name: *mut PCUNICODE_STRING,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave the address of its cookie, or null.
        let cookie = unsafe { read_cookie(cookie) };
        let wanted = Wanted { name: !name.is_null() };
        let answer = cm::key_object_id(&thread, cookie, object.addr(), &wanted);
        // SAFETY: the caller gave places for them, or null.
        unsafe { answer_id(answer, id, name) }
    }

    /// The id and the current name of a key object (K4).
    fn CmCallbackGetKeyObjectIDEx(
        cookie: PLARGE_INTEGER,
        object: PVOID,
        id: PULONG_PTR,
        name: *mut PCUNICODE_STRING,
        flags: u32,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        if flags != 0 {
            let detail = format!("Flags is {flags:#x}; pass 0");
            thread.finding(Rule::K4, CALL, detail);
            return Status::INVALID_PARAMETER.0;
        }
        // SAFETY: the caller gave the address of its cookie, or null.
        let cookie = unsafe { read_cookie(cookie) };
        let wanted = Wanted { name: !name.is_null() };
        let answer = cm::key_object_id_ex(&thread, cookie, object.addr(), &wanted);
        // SAFETY: the caller gave places for them, or null.
        unsafe { answer_id(answer, id, name) }
    }

    /// Takes back a name that `CmCallbackGetKeyObjectIDEx` gave (K4).
    fn CmCallbackReleaseKeyObjectIDEx(name: PCUNICODE_STRING) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        cm::release_name(&thread, name);
    }

    /// The transaction that a key object was opened in, or NULL (K5).
    fn CmGetBoundTransaction(cookie: PLARGE_INTEGER, object: PVOID) -> PVOID {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave the address of its cookie, or null.
        let cookie = unsafe { read_cookie(cookie) };
        cm::bound_transaction(&thread, cookie, object.addr())
    }
}

fn register(
    thread: &Thread,
    call: &'static str,
    function: PEX_CALLBACK_FUNCTION,
    altitude: Option<&[u16]>,
    context: PVOID,
    cookie: PLARGE_INTEGER,
) -> NTSTATUS {
    thread.require_irql(irql::APC_LEVEL, call);
    let Some(function) = function else {
        return refuse(thread, call, "Function is NULL; pass the callback");
    };
    if cookie.is_null() {
        return refuse(thread, call, "Cookie is NULL; pass a place for the cookie");
    }
    if fails(thread) {
        return Status::INSUFFICIENT_RESOURCES.0;
    }
    let function = Function {
        code: Code {
            address: (function as *const ()).expose_provenance(),
            caller: thread.caller(),
        },
        context: context.expose_provenance(),
    };
    let publish = |new: Cookie| {
        let new = LARGE_INTEGER { QuadPart: new.0 };
        // SAFETY: the caller gave a place for the cookie. The callback may read it at any time, so
        // drivers that look at it from other threads do so with care (R3).
        unsafe { cookie.write(new) };
    };
    cm::register(thread, call, altitude, function, publish).0
}

fn refuse(thread: &Thread, call: &'static str, detail: &str) -> NTSTATUS {
    thread.finding(Rule::R1, call, detail);
    Status::INVALID_PARAMETER.0
}

/// A cookie that a driver gave by its address; zero for NULL.
///
/// # Safety
/// `cookie` is NULL or valid for reads.
unsafe fn read_cookie(cookie: PLARGE_INTEGER) -> Cookie {
    if cookie.is_null() {
        return Cookie(0);
    }
    // SAFETY: by this function's contract.
    let cookie = unsafe { cookie.read() };
    // SAFETY: all members of the union are 8 bytes of numbers.
    Cookie(unsafe { cookie.QuadPart })
}

/// Gives a driver an id and a name.
///
/// # Safety
/// `id` and `name` are NULL or valid for writes.
unsafe fn answer_id(
    answer: Result<(u64, Option<PCUNICODE_STRING>), Status>,
    id: PULONG_PTR,
    name: *mut PCUNICODE_STRING,
) -> NTSTATUS {
    let (key_id, key_name) = match answer {
        Ok(answer) => answer,
        Err(status) => return status.0,
    };
    if !id.is_null() {
        // SAFETY: by this function's contract.
        unsafe { id.write(key_id) };
    }
    if let Some(key_name) = key_name {
        // SAFETY: by this function's contract; there is a name only if there is a place for it.
        unsafe { name.write(key_name) };
    }
    Status::SUCCESS.0
}
