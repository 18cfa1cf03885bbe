//! Access checks.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-seaccesscheck>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-secapturesubjectcontext>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-sesingleprivilegecheck>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlmapgenericmask>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-iois32bitprocess>.

use std::ptr;

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, KPROCESSOR_MODE, LUID, MAXIMUM_ALLOWED, NTSTATUS, PSECURITY_DESCRIPTOR,
    PVOID,
};

use crate::exports::{exports, ntstatus};
use crate::machine::{Mode, ProcessState, Thread, current, irql};
use crate::se::{Captured, Descriptor, GenericMapping, Privileges, Token, access_check};
use crate::status::Status;
use crate::verifier::Rule;

/// `SECURITY_SUBJECT_CONTEXT`
/// (<https://learn.microsoft.com/windows-hardware/drivers/kernel/eprocess>). There is no
/// impersonation, so the client's token is NULL.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct SubjectContext {
    client_token: PVOID,
    impersonation_level: u32,
    primary_token: PVOID,
    process_audit_id: PVOID,
}

const _: () = assert!(size_of::<SubjectContext>() == 4 * size_of::<PVOID>());

exports! {
    /// Whether a security descriptor grants what is asked for.
    [undeclared]
    fn SeAccessCheck(
        descriptor: PSECURITY_DESCRIPTOR,
        subject: *mut SubjectContext,
        _locked: BOOLEAN,
        desired: ACCESS_MASK,
        granted_before: ACCESS_MASK,
        privileges: *mut PVOID,
        mapping: *const GenericMapping,
        mode: KPROCESSOR_MODE,
        granted: *mut ACCESS_MASK,
        status: *mut NTSTATUS,
    ) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a mapping.
        let mapping = unsafe { mapping.read() };
        let result = if mode == Mode::Kernel as KPROCESSOR_MODE {
            let all = if desired & MAXIMUM_ALLOWED != 0 { mapping.all } else { 0 };
            Ok(mapping.map(desired & !MAXIMUM_ALLOWED) | granted_before | all)
        } else {
            // SAFETY: the caller gave a valid descriptor, or none.
            let captured = unsafe { Captured::take(descriptor) };
            let descriptor = captured.and_then(|captured| match captured {
                Some(captured) => Descriptor::parse(captured.bytes()),
                None => Err(Status::ACCESS_DENIED),
            });
            // SAFETY: the caller gave a context.
            let subject = unsafe { subject.read() };
            descriptor.and_then(|descriptor| {
                with_token(&thread, CALL, &subject, |token| {
                    access_check(token, &descriptor, desired, granted_before, &mapping)
                })
            })
        };
        if !privileges.is_null() {
            // SAFETY: the caller gave a place, or NULL.
            unsafe { privileges.write(ptr::null_mut()) };
        }
        // SAFETY: the caller gave a place.
        unsafe { granted.write(result.unwrap_or(0)) };
        // SAFETY: the caller gave a place.
        unsafe { status.write(ntstatus(result.map(drop))) };
        result.is_ok().into()
    }

    /// Captures who the current thread runs as.
    [undeclared]
    fn SeCaptureSubjectContext(subject: *mut SubjectContext) {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let captured = SubjectContext {
            client_token: ptr::null_mut(),
            impersonation_level: 0,
            primary_token: address(thread.process()),
            process_audit_id: ptr::without_provenance_mut(thread.process().id()),
        };
        // SAFETY: the caller gave a place.
        unsafe { subject.write(captured) };
    }

    /// Keeps a captured context from changing; here it does not change.
    [undeclared]
    fn SeLockSubjectContext(_subject: *mut SubjectContext) {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
    }

    /// Ends what `SeLockSubjectContext` began.
    [undeclared]
    fn SeUnlockSubjectContext(_subject: *mut SubjectContext) {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
    }

    /// Gives a captured context back.
    [undeclared]
    fn SeReleaseSubjectContext(subject: *mut SubjectContext) {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a captured context.
        let mut released = unsafe { subject.read() };
        released.primary_token = ptr::null_mut();
        // SAFETY: as above.
        unsafe { subject.write(released) };
    }

    /// Whether the current thread has a privilege.
    [undeclared]
    fn SeSinglePrivilegeCheck(privilege: LUID, mode: KPROCESSOR_MODE) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        if mode == Mode::Kernel as KPROCESSOR_MODE {
            return 1;
        }
        let bit = 1_u64.checked_shl(privilege.LowPart).filter(|_| privilege.HighPart == 0);
        let wanted = bit.and_then(Privileges::from_bits);
        wanted.is_some_and(|wanted| thread.process().token().has(wanted)).into()
    }

    /// Puts an object's own rights in place of generic ones.
    [undeclared]
    fn RtlMapGenericMask(mask: *mut ACCESS_MASK, mapping: *const GenericMapping) {
        // SAFETY: the caller gave a mapping.
        let mapping = unsafe { mapping.read() };
        // SAFETY: the caller gave a mask.
        let mapped = mapping.map(unsafe { mask.read() });
        // SAFETY: as above.
        unsafe { mask.write(mapped) };
    }

    /// Whether the process that the current thread belongs to is a 32-bit one.
    [undeclared]
    fn IoIs32bitProcess(_request: PVOID) -> BOOLEAN {
        current(CALL).process().is_wow64().into()
    }
}

/// What stands for a process's token. Like a key object's address it is a name, not memory to look
/// into.
fn address(process: &ProcessState) -> PVOID {
    ptr::without_provenance_mut(ptr::from_ref(process.token()).addr())
}

fn with_token<T>(
    thread: &Thread,
    call: &'static str,
    subject: &SubjectContext,
    body: impl FnOnce(&Token) -> Result<T, Status>,
) -> Result<T, Status> {
    let all = thread.kernel().processes.all();
    let owner = all
        .iter()
        .find(|process| address(process) == subject.primary_token);
    match owner {
        Some(process) => body(process.token()),
        None => {
            let detail = format!(
                "{:p} is no token; capture the context with SeCaptureSubjectContext",
                subject.primary_token
            );
            thread.finding(Rule::Parameter, call, detail);
            Err(Status::ACCESS_DENIED)
        }
    }
}
