//! What all objects have: a context, a lock, an end, and references.

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::Interface;

use super::cases;
use crate::raw::{Add, Subject, call, given};
use crate::support::S_OK;

/// Memory of the driver's.
fn memory(add: &Add<'_>) -> IWDFMemory {
    let (driver, mut memory) = (add.driver, Raw::NULL);
    let made = call!(driver.CreateWdfMemory(16, Raw::NULL, Raw::NULL, &raw mut memory));
    assert_eq!(made, S_OK);
    given(memory).unwrap()
}

cases! {
    used_after_its_end: Deleted at "IWDFMemory::GetSize" = Subject {
        add: |add, wrong| {
            add.device_with_queue();
            let memory = memory(add);
            if !wrong {
                assert_eq!(call!(memory.GetSize()), 16);
            }
            let deleted = call!(memory.DeleteWdfObject());
            assert_eq!(deleted, S_OK);
            if wrong {
                call!(memory.GetSize());
            }
            S_OK
        },
        ..Subject::IDLE
    };

    /// The memory is the sender's again.
    memory_of_a_request_that_has_ended: Deleted at "IWDFMemory::CopyFromBuffer" = Subject::control(|at, _, wrong| {
        let (request, mut memory) = (at.request, Raw::NULL);
        call!(request.GetOutputMemory(&raw mut memory));
        let memory = given(memory).unwrap();
        let mut byte = 1_u8;
        let mut write = || call!(memory.CopyFromBuffer(0, (&raw mut byte).cast(), 1));
        if !wrong {
            assert_eq!(write(), S_OK);
        }
        at.complete();
        if wrong {
            let _ = write();
        }
    });

    not_its_own: Delete at "IWDFObject::DeleteWdfObject" = Subject {
        add: |add, wrong| {
            let device = add.device_with_queue();
            if wrong {
                let deleted = call!(device.DeleteWdfObject());
                assert_eq!(deleted, HRESULT::from_win32(5), "ERROR_ACCESS_DENIED");
            } else {
                let memory = memory(add);
                let deleted = call!(memory.DeleteWdfObject());
                assert_eq!(deleted, S_OK);
            }
            S_OK
        },
        ..Subject::IDLE
    };

    /// Only preallocated memory gets another buffer.
    buffer_of_the_frameworks: Argument at "IWDFMemory::SetBuffer" = Subject {
        add: |add, wrong| {
            add.device_with_queue();
            let mut buffer = [0_u8; 4];
            let (driver, mut made) = (add.driver, Raw::NULL);
            let start = buffer.as_mut_ptr();
            let memory = match wrong {
                true => memory(add),
                false => {
                    let code = call!(driver.CreatePreallocatedWdfMemory(start, 2, Raw::NULL, Raw::NULL, &raw mut made));
                    assert_eq!(code, S_OK);
                    given(made).unwrap()
                }
            };
            call!(memory.SetBuffer(start.cast(), 4));
            let size = call!(memory.GetSize());
            assert_eq!(size, if wrong { 16 } else { 4 });
            let deleted = call!(memory.DeleteWdfObject());
            assert_eq!(deleted, S_OK);
            S_OK
        },
        ..Subject::IDLE
    };

    second_context: Context at "IWDFObject::AssignContext" = Subject::control(|at, _, wrong| {
        let request = at.request;
        let first = call!(request.AssignContext(Raw::NULL, core::ptr::null_mut()));
        assert_eq!(first, S_OK);
        if wrong {
            let second = call!(request.AssignContext(Raw::NULL, core::ptr::null_mut()));
            assert_eq!(second, HRESULT::from_win32(4317), "ERROR_INVALID_OPERATION");
        }
        at.complete();
    });

    released_only: Lock at "IWDFObject::ReleaseLock" = Subject::control(|at, _, wrong| {
        let queue = at.queue;
        if !wrong {
            call!(queue.AcquireLock());
        }
        call!(queue.ReleaseLock());
        at.complete();
    });

    reference_to_a_queue: Reference at "unload" = Subject::control(|at, _, wrong| {
        if wrong {
            std::mem::forget(at.queue.clone());
        }
        at.complete();
    });

    reference_to_a_request: Reference at "unload" = Subject::control(|at, _, wrong| {
        if wrong {
            std::mem::forget(at.request.clone());
        }
        at.complete();
    });

    reference_to_a_callback_object: CallbackReference at "Release" = Subject {
        add: |add, wrong| {
            let device = add.device();
            let callback = add.queue_callback();
            let queue = add.queue(&device, &callback, true, WdfIoQueueDispatchParallel);
            assert!(queue.is_ok());
            if wrong {
                std::mem::forget(callback);
            }
            S_OK
        },
        ..Subject::IDLE
    };
}

/// nf-wudfddi-iwdfobject-retrievecontext, nf-wudfddi-iwdfobject-assigncontext.
#[test]
fn a_context_is_given_back() {
    let subject = Subject::control(|at, _, _| {
        let (queue, mut context) = (at.queue, core::ptr::null_mut());
        let value = core::ptr::without_provenance_mut(0x1234);
        let assigned = call!(queue.AssignContext(Raw::NULL, value));
        assert_eq!(assigned, S_OK);
        let request: IWDFObject = at.request.cast().unwrap();
        for (object, expected) in [(IWDFObject::clone(queue), 0x1234), (request, 0)] {
            let retrieved = call!(object.RetrieveContext(&raw mut context));
            assert_eq!((retrieved, context.addr()), (S_OK, expected));
        }
        at.complete();
    });
    let loaded =
        wdm_sim::umdf::Framework::load(crate::raw::driver(subject, false), &crate::support::CLSID);
    let framework = loaded.unwrap();
    super::one_request(&framework);
    assert_eq!(framework.unload().findings, []);
}
