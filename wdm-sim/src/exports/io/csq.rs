//! Cancel-safe queues.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqinitialize> and its
//! neighbours.

use std::ptr::null_mut;

use wdm_sys::{NTSTATUS, PIRP, PVOID};

use crate::exports::exports;
use crate::io::csq::{self, Context, Csq, Type};
use crate::machine::{current, irql};
use crate::status::Status;

exports! {
    /// Initialises a queue with the driver's callbacks.
    [undeclared]
    fn IoCsqInitialize(
        queue: *mut Csq,
        insert: PVOID,
        remove: PVOID,
        peek: PVOID,
        acquire: PVOID,
        release: PVOID,
        complete_canceled: PVOID,
    ) -> NTSTATUS {
        let new = Csq {
            kind: Type::Queue as u32,
            insert,
            remove,
            peek,
            acquire,
            release,
            complete_canceled,
            reserved: null_mut(),
        };
        // SAFETY: the caller gave memory for a queue, which nobody uses yet.
        unsafe { queue.write(new) };
        Status::SUCCESS.0
    }

    /// Initialises a queue whose callback for inserting takes a context and can fail.
    [undeclared]
    fn IoCsqInitializeEx(
        queue: *mut Csq,
        insert: PVOID,
        remove: PVOID,
        peek: PVOID,
        acquire: PVOID,
        release: PVOID,
        complete_canceled: PVOID,
    ) -> NTSTATUS {
        let new = Csq {
            kind: Type::QueueEx as u32,
            insert,
            remove,
            peek,
            acquire,
            release,
            complete_canceled,
            reserved: null_mut(),
        };
        // SAFETY: the caller gave memory for a queue, which nobody uses yet.
        unsafe { queue.write(new) };
        Status::SUCCESS.0
    }

    /// Marks a request pending and puts it into a queue.
    [undeclared]
    fn IoCsqInsertIrp(queue: *mut Csq, irp: PIRP, context: *mut Context) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised queue of its own, and a context or null.
        unsafe { csq::insert(&thread, CALL, queue, irp, context, null_mut()) };
    }

    /// Marks a request pending and puts it into a queue, if the driver's callback agrees.
    [undeclared]
    fn IoCsqInsertIrpEx(
        queue: *mut Csq,
        irp: PIRP,
        context: *mut Context,
        insert_context: PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised queue of its own, and a context or null.
        unsafe { csq::insert(&thread, CALL, queue, irp, context, insert_context) }.0
    }

    /// Takes the request of a context out of its queue; NULL if it is there no longer.
    [undeclared]
    fn IoCsqRemoveIrp(queue: *mut Csq, context: *mut Context) -> PIRP {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised queue of its own, and the context of a request.
        unsafe { csq::remove(&thread, queue, context) }
    }

    /// Takes the next request out of a queue; NULL if there is none.
    [undeclared]
    fn IoCsqRemoveNextIrp(queue: *mut Csq, peek_context: PVOID) -> PIRP {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised queue of its own.
        unsafe { csq::remove_next(&thread, CALL, queue, peek_context) }
    }
}
