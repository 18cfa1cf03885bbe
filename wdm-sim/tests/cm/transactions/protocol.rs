//! Enlistments that answer in random ways, compared with what the pages promise: a transaction is
//! committed if and only if nobody rolls it back, and each enlistment is told a legal sequence.

use std::ptr;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use wdm_sim::Status;
use wdm_sys::*;

use super::managers::*;
use super::*;
use crate::support::*;

/// How an enlistment answers a notification.
#[derive(Clone, Copy, Debug)]
enum How {
    /// At once, in the callback routine.
    AtOnce,
    /// On another thread.
    Later,
    /// It rolls back. Of a commit, and of a rollback, as `AtOnce`.
    RollBack,
    /// Its callback routine fails. As above.
    Fail,
    /// It has no further part. As above.
    ReadOnly,
}

/// An enlistment: what it asks for, and how it answers to pre-prepare, prepare, commit and rollback.
#[derive(Clone, Debug)]
struct Enlisted {
    mask: u32,
    how: [How; 4],
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        5 => Just(How::AtOnce),
        5 => Just(How::Later),
        1 => Just(How::RollBack),
        1 => Just(How::Fail),
        1 => Just(How::ReadOnly),
    ]
}

fn enlisted() -> impl Strategy<Value = Enlisted> {
    let mask = (0..8_u32).prop_map(|wanted| wanted | ROLLBACK);
    (mask, prop::array::uniform4(how())).prop_map(|(mask, how)| Enlisted { mask, how })
}

fn place(notification: u32) -> usize {
    notification.trailing_zeros() as usize
}

/// Whether an enlistment rolls the transaction back, if the phases come that far; and at which step
/// it goes.
fn rolls_back_at(one: &Enlisted) -> Option<u32> {
    for step in [PREPREPARE, PREPARE] {
        match one.how[place(step)] {
            _ if one.mask & step == 0 => {}
            How::RollBack | How::Fail => return Some(step),
            How::ReadOnly => return None,
            How::AtOnce | How::Later => {}
        }
    }
    None
}

fn run(all: &[Enlisted], with_registry: bool) -> Result<(), TestCaseError> {
    let machine = machine();
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let key = with_registry.then(|| create_key(ptr::null_mut(), TEST, transaction).unwrap());
    let helpers = Arc::new(Mutex::new(Vec::new()));
    let members: Vec<_> = all
        .iter()
        .map(|one| {
            let told = Arc::new(Mutex::new(Vec::new()));
            let how = one.how;
            let manager = Manager::new({
                let (told, helpers) = (Arc::clone(&told), Arc::clone(&helpers));
                let machine = machine.clone();
                move |now| {
                    told.lock().unwrap().push(now.notification);
                    let decided = matches!(now.notification, COMMIT | ROLLBACK);
                    match how[place(now.notification)] {
                        How::Later => {
                            let machine = machine.clone();
                            let (object, step) = (now.enlistment.addr(), now.notification);
                            let helper = std::thread::spawn(move || {
                                let _thread = machine.system_process().enter();
                                // A rollback may come first.
                                answer(ptr::without_provenance_mut(object), step);
                            });
                            helpers.lock().unwrap().push(helper);
                            Status::PENDING
                        }
                        How::RollBack if !decided => {
                            // Somebody else may have been first.
                            roll_back_enlistment(now.enlistment);
                            Status::SUCCESS
                        }
                        How::Fail if !decided => Status::INSUFFICIENT_RESOURCES,
                        How::ReadOnly if !decided => {
                            read_only(now.enlistment);
                            Status::SUCCESS
                        }
                        _ => {
                            answer(now.enlistment, now.notification);
                            Status::SUCCESS
                        }
                    }
                }
            });
            let handle = manager.enlist(transaction, one.mask);
            let object = KernelKeyless(handle).object();
            (manager, handle, object, told)
        })
        .collect();

    let expected = match all.iter().find_map(rolls_back_at) {
        Some(_) => Status::TRANSACTION_ALREADY_ABORTED,
        None => Status::SUCCESS,
    };
    let ended = commit(transaction, true);
    // A helper's callback routine may begin another one.
    loop {
        let helper = helpers.lock().unwrap().pop();
        let Some(helper) = helper else { break };
        helper.join().unwrap();
    }
    prop_assert_eq!(ended, expected);
    let committed = ended == Status::SUCCESS;
    drop(key);
    prop_assert_eq!(KernelKey::open(TEST).is_ok(), committed && with_registry);
    for (one, (.., told)) in all.iter().zip(&members) {
        let told = told.lock().unwrap().clone();
        prop_assert!(told.iter().all(|told| one.mask & told != 0), "{told:?}");
        let mut legal: Vec<_> = [PREPREPARE, PREPARE, COMMIT]
            .into_iter()
            .filter(|step| one.mask & step != 0)
            .collect();
        let left = |told: &[u32]| {
            told.last()
                .is_some_and(|&last| last < COMMIT && matches!(one.how[place(last)], How::ReadOnly))
        };
        if committed {
            let gone = legal
                .iter()
                .position(|&step| step < COMMIT && matches!(one.how[place(step)], How::ReadOnly));
            legal.truncate(gone.map_or(legal.len(), |at| at + 1));
            prop_assert_eq!(told, legal);
        } else if left(&told) {
            prop_assert!(legal.starts_with(&told), "{told:?}");
        } else {
            prop_assert_eq!(told.last(), Some(&ROLLBACK));
            let before = &told[..told.len() - 1];
            prop_assert!(
                legal.starts_with(before) && !before.contains(&COMMIT),
                "{told:?}"
            );
        }
    }
    for (manager, handle, object, _) in members {
        dereference(object);
        close(handle);
        drop(manager);
    }
    close(transaction);
    drop(thread);
    assert_clean(&machine);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn t11_t12_t14_a_transaction_is_committed_unless_somebody_rolls_it_back(
        all in prop::collection::vec(enlisted(), 0..5),
        with_registry in any::<bool>(),
    ) {
        run(&all, with_registry)?;
    }
}
