//! What a driver did that the framework does not forgive, or that leaks.
//!
//! On Windows most of these end the host process, or hang the device until the reflector does (page:
//! wdf/how-umdf-enforces-time-outs). Here they are recorded and the run goes on.

use std::fmt;

use serde::{Serialize, Serializer};

use super::trace::Name;

macro_rules! rules {
    ($($variant:ident $id:literal $text:literal $page:literal;)*) => {
        /// A rule for user-mode drivers. `U3` to `U12` are those of the project's `docs/semantics.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = concat!("`", $id, "`: ", $text, " Page: ", $page, ".")] $variant,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The rule's short name, as findings show it.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The rule in one sentence.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The page that says so.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$variant => $page,)* }
            }
        }
    };
}

rules! {
    DeviceAdd "U3" "OnDeviceAdd makes one device, and says yes only then." "nf-wudfddi-idriverentry-ondeviceadd";
    InitUsed "U3-INIT" "IWDFDeviceInitialize is not used once CreateDevice was called." "nf-wudfddi-idriverentry-ondeviceadd";
    QueueConfig "U4" "A queue that delivers has a callback for requests, a manual one has none; there is one default queue." "nf-wudfddi-iwdfdevice-createioqueue";
    RequestTwice "U5" "A request is completed, given away or sent once, by the driver that owns it." "wdf/completing-i-o-requests-umdf";
    RequestCancelable "U5-CANCELABLE" "A request that is marked cancelable is unmarked before it is completed or given away." "nf-wudfddi-iwdfiorequest-unmarkcancelable";
    RequestLeft "U5-LEFT" "No request is left with the driver when its device is removed." "wdf/completing-i-o-requests-umdf";
    RequestInformation "U5-INFORMATION" "A request's information is no more than its buffer holds." "nf-wudfddi-iwdfiorequest-completewithinformation";
    PropertyStore "U6" "A property store is asked for what it was opened for." "nf-wudfddi-iwdfpropertystorefactory-retrievedevicepropertystore";
    Interrupt "U8-INTERRUPT" "An interrupt's lock is taken while it is enabled, once, and released by the thread that took it." "nf-wudfddi-iwdfinterrupt-acquireinterruptlock";
    Remote "U9" "Remote interfaces are made while they arrive, and a remote target's callbacks close, reopen and delete what they are about." "nf-wudfddi-iwdfdevice2-createremoteinterface";
    Idle "U10" "A device is kept awake after its first OnD0Entry, and ResumeIdle is called as often as StopIdle." "nf-wudfddi-iwdfdevice2-stopidle";
    WorkItem "U11" "A work item's function returns, and does not wait for itself." "nf-wudfddi-iwdfworkitem-flush";
    Hardware "U12" "Registers are the device's, mapped while they are accessed, and unmapped when the hardware is released." "nf-wudfddi-iwdfdevice3-mapiospace";
    CancelCallback "CANCEL-CALLBACK" "The requests of a queue have one cancel callback." "nf-wudfddi-iwdfiorequest-markcancelable";
    QueueState "QUEUE-STATE" "A queue is stopped, drained or purged after the last such thing has ended." "nf-wudfddi-iwdfioqueue-stop";
    QueueWait "QUEUE-WAIT" "No callback waits for its own queue." "nf-wudfddi-iwdfioqueue-purgesynchronously";
    Stop "STOP" "A request is completed or acknowledged when its queue stops, in OnIoStop or soon after." "nf-wudfddi-iqueuecallbackiostop-oniostop";
    Status "STATUS" "A Plug and Play callback does not return STATUS_NOT_SUPPORTED." "nf-wudfddi-ipnpcallbackhardware-onpreparehardware";
    Order "ORDER" "Callbacks come in the documented order." "wdf/a-user-plugs-in-a-device-umdf";
    Deleted "DELETED" "An object is not used after it is deleted." "nf-wudfddi-iwdfobject-deletewdfobject";
    Delete "DELETE" "A driver deletes what it has made, not what the framework owns." "nf-wudfddi-iwdfobject-deletewdfobject";
    Context "CONTEXT" "An object gets one context." "nf-wudfddi-iwdfobject-assigncontext";
    Lock "LOCK" "ReleaseLock follows AcquireLock on the same thread." "nf-wudfddi-iwdfobject-acquirelock";
    Argument "ARGUMENT" "Arguments are valid objects, of the same device where that matters." "nf-wudfddi-iwdfiorequest-forwardtoioqueue";
    Reference "REFERENCE" "References to framework objects are given up before the driver is unloaded." "nf-wudfddi-iwdfdriver-createdevice";
    NotSimulated "NOT-SIMULATED" "The simulator has what the driver calls." "nn-wudfddi-iwdfobject";
    Format "FORMAT" "A request is formatted for a target before it is sent there; one that the driver has made did not come as anything." "wdf/sending-i-o-requests-to-a-general-i-o-target-in-umdf";
    Forget "FORGET" "A request that is sent and forgotten is as it came, and has no other options but the impersonation's." "ne-wudfddi_types-_wdf_request_send_options_flags";
    Completion "COMPLETION" "A request that is sent asynchronously has a completion callback." "nf-wudfddi-iwdfiorequest-send";
    Reuse "REUSE" "A request that was sent is reused before it is formatted again, and not while it is on its way." "nf-wudfddi-iwdfiorequest2-reuse";
    Created "CREATED" "A request that the driver has made is deleted, not completed or put into a queue, and not while it is on its way." "nf-wudfddi-iwdfdevice-createrequest";
    Memory "MEMORY" "Memory is there as long as a request is formatted with it." "wdf/memory-buffer-life-cycle";
    TargetState "TARGET-STATE" "A target is started or stopped by one thread at a time, and no callback waits for its requests." "nf-wudfddi-iwdfiotargetstatemanagement-stop";
    Impersonate "IMPERSONATE" "OnImpersonate calls no methods of the framework." "nf-wudfddi-iimpersonatecallback-onimpersonate";
    CallbackReference "CALLBACK-REFERENCE" "A callback object is gone when the framework has given it up." "nn-wudfddi-iobjectcleanup";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// A rule that was broken.
///
/// Displays as one line, such as `U5 at IWDFIoRequest::Complete (request 3): ...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The method at whose call it was broken, or what the framework was doing.
    pub at: String,
    /// The object.
    pub object: Name,
    /// What happened, and what to do.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            at,
            object,
            detail,
        } = self;
        write!(f, "{rule} at {at} ({object}): {detail}")
    }
}
