//! The rules, by name.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($variant:ident $id:literal $text:literal;)*) => {
        /// A rule that drivers must follow. `R1` to `T13` are numbered in the project's
        /// `docs/semantics.md`; the others concern the kernel in general.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = concat!("`", $id, "`: ", $text)] $variant,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The rule's short name, as findings show it.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The rule in one sentence.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

rules! {
    R1 "R1" "Registration needs valid parameters.";
    R2 "R2" "No two callbacks have the same altitude, and an altitude is a decimal number.";
    R3 "R3" "A callback copes with a cookie that is not published yet.";
    R4 "R4" "A callback is unregistered before its driver unloads, with its own cookie, and not from inside itself.";
    N1 "N1" "Registry routines are called at PASSIVE_LEVEL, and callbacks leave the thread as they found it.";
    N2 "N2" "A bypassed operation has all its outputs.";
    N3 "N3" "A post-notification changes a result through ReturnStatus and STATUS_CALLBACK_BYPASS.";
    N4 "N4" "Whoever changes the result of a create or open accounts for the key object's reference.";
    N6 "N6" "A close is watched only.";
    N8 "N8" "A caller's buffer is touched with its faults handled.";
    K2 "K2" "The object of a create or open is valid only after STATUS_SUCCESS.";
    K3 "K3" "An object that is being closed goes to no object-manager routine.";
    K4 "K4" "A key object's id and name are asked for and released as documented.";
    C1 "C1" "A context is set inside a callback only, from an object's open to its close.";
    C3 "C3" "A context lives until its cleanup notification, which comes once per object, and is released there.";
    C4 "C4" "A context, replaced or not, is not released before its cleanup notification.";
    C5 "C5" "A call context is set together with \"go on\".";
    T9 "T9" "A resource manager enlists in active transactions, for their rollback too.";
    T10 "T10" "A resource manager has one callback routine, or asks for its notifications.";
    T11 "T11" "A notification is completed once, by the routine that belongs to it.";
    T13 "T13" "A resource manager's callback routine returns what it did with its notification.";
    PoolLeak "POOL-LEAK" "Pool memory is freed before the driver unloads.";
    PoolDoubleFree "POOL-DOUBLE-FREE" "A pool block is freed once.";
    PoolForeign "POOL-FOREIGN" "What is freed came from the pool.";
    PoolTag "POOL-TAG" "A pool block is freed with the tag it was allocated with.";
    PoolOverrun "POOL-OVERRUN" "Nothing is written past the end of a pool block.";
    PoolUseAfterFree "POOL-USE-AFTER-FREE" "Nothing is written into a freed pool block.";
    PoolParameter "POOL-PARAMETER" "A pool allocation has a size, a tag and valid flags.";
    Handle "HANDLE" "A handle is open, of the right kind, and closed before the driver unloads.";
    Object "OBJECT" "References to objects are balanced, and pointers to objects are objects.";
    ObjectCallbacks "OBJECT-CALLBACKS" "Callbacks for handles are unregistered once, before their driver unloads.";
    Irql "IRQL" "A routine is called at a level that it allows, and the level is restored.";
    Lock "LOCK" "A lock is initialised, taken once, and released by the thread that took it.";
    LookasideList "LOOKASIDE-LIST" "A lookaside list is initialised once, and deleted before its driver unloads.";
    CriticalRegion "CRITICAL-REGION" "A critical region that was entered is left.";
    CallbackObject "CALLBACK-OBJECT" "A callback object has a name, and its callbacks are unregistered before their driver unloads.";
    Device "DEVICE" "Devices and symbolic links are deleted before the driver unloads.";
    DeviceStack "DEVICE-STACK" "A device is detached from its stack before it is deleted, and nothing is attached to it then.";
    IrpNotCompleted "IRP-NOT-COMPLETED" "A dispatch routine completes its request, or marks it pending.";
    IrpTwice "IRP-COMPLETED-TWICE" "A request is completed once.";
    IrpStatus "IRP-STATUS" "A dispatch routine returns the status that it completed its request with.";
    IrpPending "IRP-PENDING" "STATUS_PENDING is returned for a request that is marked pending, and for no other.";
    IrpInformation "IRP-INFORMATION" "A request's output is no longer than its caller's buffer.";
    IrpCancel "IRP-CANCEL" "A request that stays pending can be cancelled, and has no cancel routine any more when it is completed.";
    IrpFree "IRP-FREE" "A request that a driver made comes back to it, and is freed once, when no other driver has it.";
    IrpLeft "IRP-LEFT" "No request is pending when its file is closed or its driver unloads.";
    Mdl "MDL" "Pages are locked before they are mapped, and unlocked before their list is freed.";
    DriverExtension "DRIVER-EXTENSION" "A driver-object extension has one client identification.";
    Attach "ATTACH" "A thread that was attached to a process is detached, by the driver that attached it and in the same routine.";
    ProcessNotify "PROCESS-NOTIFY" "A routine that is told of processes, threads or images is removed before its driver unloads, and not by itself.";
    Thread "THREAD" "A driver's threads have ended before it unloads.";
    WorkItem "WORK-ITEM" "A work item is queued once at a time, and freed and done before its driver unloads.";
    Timer "TIMER" "A timer is cancelled before its driver unloads.";
    BugCheck "BUG-CHECK" "A driver does not stop the machine.";
    MissingRoutine "MISSING-ROUTINE" "A routine that this version of Windows lacks is not imported.";
    Parameter "PARAMETER" "A routine gets parameters that its page allows.";
    TooManyFindings "TOO-MANY-FINDINGS" "Findings that were left out.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
