//! N8: memory of the caller that goes away while a linked driver answers into it. The same for a
//! `.sys` file is in `guarded_copy`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::convert::Infallible;
use std::sync::Arc;

use cm_callback::operation::{QueryValue, ValueAnswer};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::NtError;
use wdm_safe::registry::{KeyAccess, ValueType};
use wdm_safe::unicode;
use wdm_sim::registry::ValueInfo;
use wdm_sim::{Status, UserAccess, UserMemory};

use crate::support::{HOME, Log, finish, load, machine};

/// Where the answer goes: ten bytes before the end of the first page.
const OFFSET: usize = UserMemory::PAGE - 10;

/// Takes the second page away before it answers.
struct Taking(Arc<UserMemory>, Log);

const ANSWER: ValueAnswer<'static> = ValueAnswer {
    name: unicode!("value"),
    kind: ValueType::BINARY,
    data: &[7; 20],
};

impl RegistryCallback for Taking {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        if op.value_name() != unicode!("before") {
            return op.pass();
        }
        self.0.protect(1..2, UserAccess::None).expect("it is there");
        op.answer(&ANSWER).unwrap_or_else(Pre::pass)
    }

    fn post_query_value(&self, op: Post<'_, QueryValue, Self>) -> PostOutcome<QueryValue, Self> {
        self.0.protect(1..2, UserAccess::None).expect("it is there");
        let output = op.output().expect("its size is known");
        let beyond = output.read_u32_at(output.len() - 4);
        self.1
            .add(format!("{:?}", beyond == Err(NtError::ACCESS_VIOLATION)));
        op.answer(&ANSWER).unwrap_or_else(Post::keep)
    }
}

#[test]
fn n8_memory_that_goes_away_under_a_linked_driver_is_an_error_and_it_goes_on() {
    let (machine, log) = (machine(), Log::default());
    let app = machine.process("app");
    let thread = app.enter();
    let memory = Arc::new(thread.user_memory(2).expect("there is memory"));
    let taking = Taking(Arc::clone(&memory), log.clone());
    let driver = load(&machine, "taking", altitude!("1"), taking).expect("it loads");
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_dword("after", 1).expect("it is set");
    for name in ["before", "after", "before"] {
        memory
            .protect(0..2, UserAccess::ReadWrite)
            .expect("it is there");
        let answered = key.query_value_into(name, ValueInfo::Partial, &memory, OFFSET, 60);
        assert_eq!(answered, Err(Status::ACCESS_VIOLATION), "{name}");
        // TitleIndex, Type and half of DataLength are there.
        let there = memory.read(OFFSET, 10).expect("the first page is there");
        assert_eq!(there, [0, 0, 0, 0, 3, 0, 0, 0, 20, 0], "{name}");
    }
    assert_eq!(log.take(), ["true"]);
    drop(key);
    finish(&machine, [driver]);
}
