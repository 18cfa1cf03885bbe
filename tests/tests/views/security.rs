//! Security descriptors.

use std::convert::Infallible;

use cm_callback::operation::{QuerySecurity, SecurityInformation, SetSecurity};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::NtError;
use wdm_safe::registry::KeyAccess;
use wdm_sim::Status;

use crate::support::{HOME, Log, finish, load, machine};

/// Nobody gets another access list; all else is logged.
struct Guarding(Log);

impl RegistryCallback for Guarding {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_query_security(
        &self,
        op: Pre<'_, QuerySecurity, Self>,
    ) -> PreOutcome<QuerySecurity, Self> {
        self.0.add(format!("query {:?}", op.security_parts()));
        op.pass()
    }

    fn pre_set_security(&self, op: Pre<'_, SetSecurity, Self>) -> PreOutcome<SetSecurity, Self> {
        if op.security_parts().contains(SecurityInformation::DACL) {
            return op.block(NtError::ACCESS_DENIED);
        }
        op.pass()
    }

    fn post_set_security(&self, op: Post<'_, SetSecurity, Self>) -> PostOutcome<SetSecurity, Self> {
        self.0.add(format!("set {:?}", op.security_parts()));
        op.keep()
    }
}

#[test]
fn an_access_list_is_guarded_and_an_owner_is_not() {
    let (machine, log) = (machine(), Log::default());
    let guarding = Guarding(log.clone());
    let driver = load(&machine, "guarding", altitude!("2"), guarding).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");

    let both = SecurityInformation::OWNER | SecurityInformation::DACL;
    let descriptor = key.security(both.bits()).expect("it is read");
    // Once more if the first buffer was too small.
    let queries = log.take();
    assert!(!queries.is_empty());
    assert!(
        queries
            .iter()
            .all(|query| *query == format!("query {both:?}"))
    );

    let owner = SecurityInformation::OWNER;
    assert_eq!(key.set_security(owner.bits(), &descriptor), Ok(()));
    let denied = key.set_security(both.bits(), &descriptor);
    assert_eq!(denied, Err(Status::ACCESS_DENIED));
    assert_eq!(log.take(), [format!("set {owner:?}")]);
    drop(key);
    finish(&machine, [driver]);
}
