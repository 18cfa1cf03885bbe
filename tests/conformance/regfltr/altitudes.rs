//! As `sys/multialt.c`: three callbacks at different altitudes, and what each is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use wdm_sim::Status;
use wdm_sys::*;

use super::KEY;
use crate::support::*;

/// How many pre- and post-notifications callbacks got, from the highest down.
type Counts = Arc<[[AtomicUsize; 2]; 3]>;

/// Runs a create of a key by a driver below three callbacks, the middle one of which does something
/// besides counting, and gives the counts of all and what the create ended with.
fn create(
    middle: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> ([[usize; 2]; 3], Status) {
    let machine = machine();
    let counts = Counts::default();
    let count = |at: usize| {
        let counts = Arc::clone(&counts);
        move |event: &Event<'_>| {
            counts[at][usize::from(event.is_post())].fetch_add(1, SeqCst);
        }
    };
    let [high, of_middle, low] = [0, 1, 2].map(count);
    let thread = machine.system_process().enter();
    let root = kernel_create(std::ptr::null_mut(), TEST).unwrap();
    drop(thread);
    let counting = |count: &dyn Fn(&Event<'_>), event: &Event<'_>| {
        count(event);
        Status::SUCCESS
    };
    let filters = [
        register(&machine, "380020", move |event| counting(&high, event)),
        register(&machine, "380010", move |event| {
            of_middle(event);
            middle(event)
        }),
        register(&machine, "380000", move |event| counting(&low, event)),
    ];
    let thread = machine.system_process().enter();
    let created = kernel_create(root.0, KEY);
    unregister_all(&machine, filters);
    let status = created.as_ref().err().copied().unwrap_or(Status::SUCCESS);
    drop((created, root));
    drop(thread);
    assert_clean(&machine);
    let counts = counts
        .each_ref()
        .map(|pair| pair.each_ref().map(|it| it.load(SeqCst)));
    (counts, status)
}

#[test]
fn regfltr_multiple_altitudes_with_a_block() {
    let (counts, status) = create(at(RegNtPreCreateKeyEx, |_| Status::ACCESS_DENIED));
    assert_eq!(status, Status::ACCESS_DENIED);
    assert_eq!(counts, [[1, 1], [1, 0], [0, 0]]);
}

#[test]
fn regfltr_multiple_altitudes_with_an_internal_invocation() {
    // In both phases the middle callback opens and closes a key by its current name.
    let (counts, status) = create(|event| {
        let object = match event.class {
            RegNtPreCreateKeyEx => event.open().RootObject,
            RegNtPostCreateKeyEx => event.post().Object,
            _ => return Status::SUCCESS,
        };
        let (_, name) = event.id_ex(object).unwrap();
        drop(KernelKey::open(&name).unwrap());
        Status::SUCCESS
    });
    assert_eq!(status, Status::SUCCESS);
    // The lowest hears of the create, two opens and two closes.
    assert_eq!(counts, [[1, 1], [1, 1], [5, 5]]);
}
