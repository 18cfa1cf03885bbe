//! Keys' own data, and several values at once.

use std::convert::Infallible;

use cm_callback::operation::{KeyInformation, QueryKey, QueryMultipleValue, SetInformation};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::NtError;
use wdm_safe::registry::KeyAccess;
use wdm_sim::Status;

use crate::support::{HOME, Log, finish, load, machine};

/// Logs what is asked for and set; times before 1970 are refused.
struct Watching(Log);

impl RegistryCallback for Watching {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_set_information(
        &self,
        op: Pre<'_, SetInformation, Self>,
    ) -> PreOutcome<SetInformation, Self> {
        self.0.add(format!("set {} bytes", op.data().len()));
        match op.last_write_time() {
            Some(116_444_736_000_000_000..) => op.pass(),
            _ => op.block(NtError::INVALID_PARAMETER),
        }
    }

    fn pre_query_key(&self, op: Pre<'_, QueryKey, Self>) -> PreOutcome<QueryKey, Self> {
        if op.wanted() == KeyInformation::NAME {
            self.0.add("name");
        }
        op.pass()
    }

    fn pre_query_multiple_value(
        &self,
        op: Pre<'_, QueryMultipleValue, Self>,
    ) -> PreOutcome<QueryMultipleValue, Self> {
        self.0.add(format!("query {} values", op.value_count()));
        op.pass()
    }

    fn post_query_multiple_value(
        &self,
        op: Post<'_, QueryMultipleValue, Self>,
    ) -> PostOutcome<QueryMultipleValue, Self> {
        self.0
            .add(format!("{:?} {}", op.value_count(), op.status()));
        op.keep()
    }
}

#[test]
fn a_time_is_seen_before_it_is_set() {
    const TIME: u64 = 133_000_000_000_000_000;
    let (machine, log) = (machine(), Log::default());
    let watching = Watching(log.clone());
    let driver = load(&machine, "watching", altitude!("2"), watching).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    assert_eq!(key.set_last_write_time(TIME), Ok(()));
    let refused = Err(Status::INVALID_PARAMETER);
    assert_eq!(key.set_last_write_time(7), refused);
    assert_eq!(log.take(), ["set 8 bytes", "set 8 bytes"]);
    let info = key.query_class(wdm_sim::registry::KeyInfo::Basic);
    let info = info.expect("it is there");
    assert_eq!(info.first_chunk(), Some(&TIME.to_le_bytes()));
    key.name().expect("it has one");
    assert!(log.take().iter().all(|what| what == "name"));
    drop(key);
    finish(&machine, [driver]);
}

#[test]
fn n8_values_that_are_asked_for_at_once_are_counted() {
    let (machine, log) = (machine(), Log::default());
    let watching = Watching(log.clone());
    let driver = load(&machine, "watching", altitude!("2"), watching).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_dword("a", 7).expect("it is set");

    let units: Vec<u16> = "a".encode_utf16().collect();
    let name = wdm_safe::string::Counted::new(wdm_safe::UnicodeStr::new(&units));
    let name = name.expect("a short name");
    let mut entries = [wdm_sys::KEY_VALUE_ENTRY {
        ValueName: name.as_ptr(),
        DataLength: 0,
        DataOffset: 0,
        Type: 0,
    }; 2];
    let (mut data, mut length, mut needed) = ([0_u8; 16], 16, 0);
    // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals, of the
    // lengths that are said.
    let status = unsafe {
        wdm_sys::ZwQueryMultipleValueKey(
            key.handle(),
            entries.as_mut_ptr(),
            2,
            data.as_mut_ptr().cast(),
            &mut length,
            &mut needed,
        )
    };
    assert_eq!((Status(status), data[0], data[4]), (Status::SUCCESS, 7, 7));
    let success = wdm_safe::NtStatus::SUCCESS;
    assert_eq!(
        log.take(),
        ["query 2 values".to_owned(), format!("Some(2) {success}")]
    );
    drop(key);
    finish(&machine, [driver]);
}
