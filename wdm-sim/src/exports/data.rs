//! Variables of the kernel.
//!
//! An import of data is the address of the kernel's variable. For linked drivers the symbol is, as in
//! C, a variable that holds that address.

use wdm_sys::POBJECT_TYPE;

use super::Export;
use crate::exports::se::well_known as se_exports;
use crate::machine::{Kernel, Profile};
use crate::object::{ForeignType, ObjectType};

/// A variable that is never written.
#[repr(transparent)]
struct Variable<T>(T);

// SAFETY: nobody writes to it; drivers must not.
unsafe impl<T> Sync for Variable<T> {}

static KEY_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Key.as_raw());
static TRANSACTION_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Transaction.as_raw());
static TRANSACTION_MANAGER_TYPE: Variable<POBJECT_TYPE> =
    Variable(ObjectType::TransactionManager.as_raw());
static RESOURCE_MANAGER_TYPE: Variable<POBJECT_TYPE> =
    Variable(ObjectType::ResourceManager.as_raw());
static ENLISTMENT_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Enlistment.as_raw());

/// `CmKeyObjectType`: the type of key objects, as `*CmKeyObjectType`.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut CmKeyObjectType: *mut POBJECT_TYPE = (&raw const KEY_TYPE).cast_mut().cast();

/// `TmTransactionObjectType`: the type of transactions, as `*TmTransactionObjectType`.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut TmTransactionObjectType: *mut POBJECT_TYPE =
    (&raw const TRANSACTION_TYPE).cast_mut().cast();

/// `TmTransactionManagerObjectType`: the type of transaction managers.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut TmTransactionManagerObjectType: *mut POBJECT_TYPE =
    (&raw const TRANSACTION_MANAGER_TYPE).cast_mut().cast();

/// `TmResourceManagerObjectType`: the type of resource managers.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut TmResourceManagerObjectType: *mut POBJECT_TYPE =
    (&raw const RESOURCE_MANAGER_TYPE).cast_mut().cast();

/// `TmEnlistmentObjectType`: the type of enlistments.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut TmEnlistmentObjectType: *mut POBJECT_TYPE =
    (&raw const ENLISTMENT_TYPE).cast_mut().cast();

/// Whether callbacks can be registered for handles to objects of a type.
pub(super) fn has_handle_callbacks(object_type: POBJECT_TYPE) -> bool {
    [
        ForeignType::Desktop.as_raw(),
        ObjectType::Process.as_raw(),
        ObjectType::Thread.as_raw(),
    ]
    .contains(&object_type)
}

const fn export<T>(name: &'static str, variable: &'static Variable<T>) -> Export {
    let address = (&raw const *variable).cast();
    Export {
        name,
        linked: Some(address),
        #[cfg(target_arch = "x86_64")]
        win64: address,
    }
}

/// Defines variables: their names, types and values.
macro_rules! variables {
    ($($name:literal: $type:ty = $value:expr;)*) => {
        /// The variables that can be imported and are the same on all machines.
        pub(super) static EXPORTS: &[Export] = &[
            export("CmKeyObjectType", &KEY_TYPE),
            export("TmEnlistmentObjectType", &ENLISTMENT_TYPE),
            export("TmResourceManagerObjectType", &RESOURCE_MANAGER_TYPE),
            export("TmTransactionManagerObjectType", &TRANSACTION_MANAGER_TYPE),
            export("TmTransactionObjectType", &TRANSACTION_TYPE),
            $(export($name, {
                static VARIABLE: Variable<$type> = Variable($value);
                &VARIABLE
            }),)*
        ];
    };
}

variables! {
    "ExDesktopObjectType": POBJECT_TYPE = ForeignType::Desktop.as_raw();
    "ExEventObjectType": POBJECT_TYPE = ObjectType::Event.as_raw();
    "ExSemaphoreObjectType": POBJECT_TYPE = ForeignType::Semaphore.as_raw();
    "ExWindowStationObjectType": POBJECT_TYPE = ForeignType::WindowStation.as_raw();
    "IoDeviceObjectType": POBJECT_TYPE = ObjectType::Device.as_raw();
    "IoDriverObjectType": POBJECT_TYPE = ForeignType::Driver.as_raw();
    "IoFileObjectType": POBJECT_TYPE = ObjectType::File.as_raw();
    "LpcPortObjectType": POBJECT_TYPE = ForeignType::Port.as_raw();
    "MmSectionObjectType": POBJECT_TYPE = ForeignType::Section.as_raw();
    "PsJobType": POBJECT_TYPE = ForeignType::Job.as_raw();
    "PsProcessType": POBJECT_TYPE = ObjectType::Process.as_raw();
    "PsThreadType": POBJECT_TYPE = ObjectType::Thread.as_raw();
    "SeTokenObjectType": POBJECT_TYPE = ForeignType::Token.as_raw();
    // A system that was started in the usual way, without a debugger, on one processor.
    "InitSafeBootMode": u32 = 0;
    "KdDebuggerEnabled": u8 = 0;
    "KdDebuggerNotPresent": u8 = 1;
    "KeNumberProcessors": u8 = 1;
    "NtGlobalFlag": u32 = 0;
    // The addresses of 64-bit Windows.
    "MmHighestUserAddress": usize = 0x7FFF_FFFE_FFFF;
    "MmSystemRangeStart": usize = 0xFFFF_8000_0000_0000;
    "MmUserProbeAddress": usize = 0x7FFF_FFFF_0000;
    "SeExports": &[se_exports::Field; 67] = &se_exports::FIELDS;
}

/// The variables whose values depend on the version of Windows, or on the machine.
pub(super) const OTHERS: [&str; 2] = [BUILD_NUMBER, SYSTEM_PROCESS];

const BUILD_NUMBER: &str = "NtBuildNumber";
const SYSTEM_PROCESS: &str = "PsInitialSystemProcess";

/// `NtBuildNumber`, by profile: the build of a free system.
static BUILD_NUMBERS: [Variable<u32>; Profile::ALL.len()] = {
    const FREE: u32 = 0xF000_0000;
    let mut numbers = [const { Variable(0) }; Profile::ALL.len()];
    let mut at = 0;
    while at < numbers.len() {
        numbers[at] = Variable(FREE | Profile::ALL[at].version().2);
        at += 1;
    }
    numbers
};

/// The address of a variable whose value depends on the machine.
pub(super) fn of_machine(kernel: &Kernel, name: &str) -> Option<*const ()> {
    match name {
        BUILD_NUMBER => {
            let at = Profile::ALL.iter().position(|it| *it == kernel.profile)?;
            Some((&raw const BUILD_NUMBERS[at]).cast())
        }
        SYSTEM_PROCESS => Some(kernel.processes.system_variable()),
        _ => None,
    }
}
