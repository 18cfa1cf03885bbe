use alloc::vec;
use alloc::vec::Vec;

use wdm_sim::Machine;

use crate::{Answer, Call, Prober, Text};

const ALL: u32 = 0xF003F;

/// A call of each kind of word, absent ones and odd ones too.
fn calls() -> Vec<Call> {
    vec![
        Call::CreateKey {
            slot: 0,
            root: None,
            name: r"\Registry\Machine\SYSTEM\With a blank".into(),
            access: ALL,
            attributes: 0x40,
            options: 0,
            class: Some("".into()),
        },
        Call::OpenKey {
            slot: 1,
            root: Some(0),
            name: Text(vec![]),
            access: ALL,
            attributes: 0,
        },
        Call::SetValueKey {
            slot: 1,
            name: Text(vec![0, 0x25, 0x20, 0xD800, u16::from(b'-'), 0xFFFF]),
            kind: 3,
            data: vec![0, 1, 255],
        },
        Call::SetValueKey {
            slot: 1,
            name: "-".into(),
            kind: u32::MAX,
            data: vec![],
        },
        Call::QueryMultipleValueKey {
            slot: 1,
            size: 16,
            names: vec!["-".into(), "".into()],
        },
        Call::QueryMultipleValueKey {
            slot: 1,
            size: 0,
            names: vec![],
        },
        Call::Reset {},
    ]
}

#[test]
fn every_call_is_the_one_in_its_line() {
    for call in calls() {
        let line = call.to_line();
        assert!(!line.contains('\n'));
        assert_eq!(Call::from_line(&line), Some(call), "{line}");
    }
    for wrong in [
        "",
        "Nothing",
        "Close",
        "Close g",
        "DeleteValueKey 0 name",
        "Close -",
    ] {
        assert_eq!(Call::from_line(wrong), None, "{wrong}");
    }
}

#[test]
fn every_answer_is_the_one_in_its_line() {
    for (length, data) in [(None, vec![]), (Some(0), vec![0xCC, 0])] {
        let answer = Answer {
            status: 0xC000_0034,
            length,
            data,
        };
        assert_eq!(Answer::from_line(&answer.to_line()), Some(answer));
    }
    assert_eq!(Answer::from_line("0 -"), None);
}

#[test]
fn calls_are_made_from_user_mode_and_slots_keep_their_handles() {
    let machine = Machine::builder()
        .build()
        .expect("the default machine builds");
    let process = machine.process("probe.exe");
    process.enter().in_user_mode(in_user_mode);
}

fn in_user_mode() {
    let mut prober = Prober::default();
    let statuses: Vec<u32> = calls()
        .iter()
        .map(|call| prober.perform(call).status)
        .collect();
    // The default value is not there.
    assert_eq!(statuses, [0, 0, 0, 0, 0xC000_0034, 0, 0]);
    let missing = Call::OpenKey {
        slot: 3,
        root: Some(0),
        name: "missing".into(),
        access: ALL,
        attributes: 0,
    };
    assert_eq!(
        prober.perform(&missing).data,
        [0],
        "no handle is left there"
    );
    let closed = prober.perform(&Call::DeleteKey { slot: 1 });
    assert_eq!(closed.status, 0xC000_0008);

    let read_only = Call::OpenKey {
        slot: 2,
        root: None,
        name: r"\Registry\Machine\SYSTEM\With a blank".into(),
        access: 0x20019,
        attributes: 0x40,
    };
    assert_eq!(prober.perform(&read_only).status, 0);
    let denied = prober.perform(&Call::DeleteKey { slot: 2 });
    assert_eq!(denied.status, 0xC000_0022, "a handle's rights count");
    let short = prober.perform(&Call::QueryKey {
        slot: 2,
        class: 4,
        size: 5,
    });
    assert_eq!(short.status, 0xC000_0023);
    assert_eq!(short.data, [Answer::UNTOUCHED; 5]);
    assert_eq!(short.length, Some(40));
}
