//! P3 and P5: each call of the kernel fails once on each path to it, and nothing leaks.

use cm_callback::operation::{CreateKey, QueryValue, SetValue, ValueAnswer};
use cm_callback::{
    Created, KeyObject, Opened, Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude,
};
use wdm_safe::registry::{KeyAccess, KeyRequest, ValueRef, ValueType};
use wdm_safe::{NtError, Result, unicode};
use wdm_sim::{FaultPlan, LoadDriverError, Machine, ThreadGuard};

use crate::support::{HOME, Log, Note, finish, load};

/// Does what calls the kernel: names, contexts, a key of its own in the caller's transaction, an answer.
struct Needy(Log);

impl Needy {
    /// Makes another key for the caller, in its transaction.
    fn stand_in(&self, op: &Pre<'_, CreateKey, Self>) -> Result<Option<Created>> {
        let (Some(transaction), Some(at)) = (op.transaction(), op.passive()) else {
            return Ok(None);
        };
        let inside = transaction.open(at)?;
        let name = unicode!(r"\Registry\Machine\SYSTEM\Test\Stand-in");
        let request = KeyRequest::new(name, KeyAccess::ALL).inside(&inside);
        let (key, disposition) = request.create(at)?;
        key.set_value(unicode!("whose"), ValueRef::Dword(7), at)?;
        let key = KeyObject::of(&key, KeyAccess::ALL, at)?;
        let opened = Opened {
            key,
            granted: op.desired_access(),
        };
        Ok(Some(Created {
            opened,
            disposition,
        }))
    }
}

impl RegistryCallback for Needy {
    type KeyContext = Note;
    type CallContext = Note;

    fn pre_create_key(&self, op: Pre<'_, CreateKey, Self>) -> PreOutcome<CreateKey, Self> {
        let asked = match op.full_name() {
            Ok(name) => name.components().last() == Some(unicode!("Asked")),
            Err(_) => return op.block(NtError::ACCESS_DENIED),
        };
        match if asked { self.stand_in(&op) } else { Ok(None) } {
            Ok(Some(created)) => op.complete_with(created),
            Ok(None) => op.pass(),
            Err(error) => op.block(error),
        }
    }

    fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
        if let Ok(key) = op.opened_key() {
            for name in ["first", "second"] {
                // A context that does not go comes back.
                drop(op.cookie().set_context(key, Note::new(name, &self.0)));
            }
        }
        op.keep()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        op.pass_with(Note::new("call", &self.0))
            .unwrap_or_else(|refused| refused.notification.block(refused.error))
    }

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        let name = unicode!("answer");
        if op.value_name() != name {
            return op.pass();
        }
        let answer = ValueAnswer {
            name,
            kind: ValueType::BINARY,
            data: &[1, 2, 3],
        };
        op.answer(&answer).unwrap_or_else(Pre::pass)
    }
}

/// What the driver answers is its own affair.
fn use_registry(thread: &ThreadGuard) {
    if let Ok(key) = thread.create_key(HOME, KeyAccess::ALL) {
        drop(key.create_key("Below", KeyAccess::ALL));
        let _ = key.set_dword("a", 1);
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        {
            let memory = thread.user_memory(1).expect("there is memory");
            let form = wdm_sim::registry::ValueInfo::Partial;
            let _ = key.query_value_into("answer", form, &memory, 0, 200);
        }
    }
    let transaction = thread.create_transaction().expect("there is memory");
    let asked = format!(r"{HOME}\Asked");
    drop(thread.create_key_transacted(&asked, KeyAccess::ALL, &transaction));
}

#[test]
fn p5_each_call_of_the_kernel_may_fail() {
    let plan = FaultPlan::new();
    while plan.next_run() {
        let machine = Machine::builder()
            .fail_each(&plan)
            .build()
            .expect("it builds");
        let log = Log::default();
        match load(&machine, "needy", altitude!("370000"), Needy(log.clone())) {
            Ok(driver) => {
                let app = machine.process("app");
                use_registry(&app.enter());
                finish(&machine, [driver]);
            }
            Err(LoadDriverError::Init { .. }) => {
                finish(&machine, []);
            }
            Err(error) => panic!("{error}"),
        }
        let lines = log.take();
        let dropped = lines.iter().filter(|line| line.starts_with("drop "));
        let made = dropped.count();
        assert!(made > 0 || machine.report().fault.is_some(), "{lines:?}");
    }
    let faults = plan.faults();
    let mut expected = vec![
        ("CmRegisterCallbackEx", "DriverEntry"),
        ("CmCallbackGetKeyObjectIDEx", "RegNtPreCreateKeyEx"),
        ("CmSetCallbackObjectContext", "RegNtPostCreateKeyEx"),
        ("ExAllocatePoolWithTag", "RegNtPostCreateKeyEx"),
        ("ExAllocatePoolWithTag", "RegNtPreSetValueKey"),
        ("ObOpenObjectByPointer", "RegNtPreCreateKeyEx"),
        ("ZwCreateKeyTransacted", "RegNtPreCreateKeyEx"),
        ("ZwSetValueKey", "RegNtPreCreateKeyEx"),
        ("ObReferenceObjectByHandle", "RegNtPreCreateKeyEx"),
    ];
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        expected.push(("wdm_guarded_copy", "RegNtPreQueryValueKey"));
    }
    for (routine, during) in expected {
        let there = faults
            .iter()
            .any(|it| (it.routine.as_str(), it.during.as_str()) == (routine, during));
        assert!(there, "{routine} in {during}: {faults:#?}");
    }
}
