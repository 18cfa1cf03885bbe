//! R1 to R5: registering and unregistering.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use cm_callback::operation::{OpenKey, SetValue};
use cm_callback::{
    CallbackObject, CookieError, Post, PostOutcome, Pre, PreOutcome, Registered, RegistryCallback,
    altitude,
};
use wdm_safe::{Driver, Init, Lifecycle, NtError, NtStatus, Result};
use wdm_sim::{KeyAccess, LoadDriverError, Machine, Rule, Status};

use crate::support::{HOME, Log, Note, finish, load, machine};

/// Lets everything pass.
struct Idle;

impl RegistryCallback for Idle {
    type KeyContext = Infallible;
    type CallContext = Infallible;
}

mod twice {
    use super::*;

    /// Registers twice at one altitude and says what the second try returned.
    struct Twice {
        first: CallbackObject<Idle, Registered>,
    }

    pub(super) static REFUSED: AtomicBool = AtomicBool::new(false);

    impl Driver for Twice {
        fn init(init: &Init<'_>) -> Result<Self> {
            let first = CallbackObject::new(Idle, altitude!("370000"))?.register(init)?;
            let second = CallbackObject::new(Idle, altitude!("370000"))?.register(init);
            let refused = second.expect_err("the altitude is taken");
            assert_eq!(refused.error, NtError::FLT_INSTANCE_ALTITUDE_COLLISION);
            REFUSED.store(true, Ordering::Relaxed);
            // The object is as good as before, once the altitude is free.
            let _: Idle = first.unregister(init);
            let first = refused.object.register(init)?;
            Ok(Self { first })
        }

        fn unload(self, at: &Lifecycle<'_>) {
            let _: Idle = self.first.unregister(at);
        }
    }

    wdm_safe::driver!(Twice);
}

/// Unloads a driver and checks that the verifier has found one collision, and nothing else.
fn finish_with_a_collision(machine: &Machine, driver: wdm_sim::Driver) {
    machine.unload(driver).expect("it unloads");
    let findings = machine.report().findings;
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Rule::R2], "{findings:#?}");
}

#[test]
fn r1_a_taken_altitude_is_a_collision_and_gives_the_object_back() {
    let machine = machine();
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_linked("twice", twice::driver_entry) }.expect("it loads");
    assert!(twice::REFUSED.load(Ordering::Relaxed));
    finish_with_a_collision(&machine, driver);
}

#[test]
fn r1_equal_numbers_collide_however_they_are_written() {
    let machine = machine();
    let driver = load(&machine, "first", altitude!("370000.50"), Idle).expect("it loads");
    let second = load(&machine, "second", altitude!("370000.5"), Idle);
    let Err(LoadDriverError::Init { status, .. }) = second else {
        panic!("no collision")
    };
    assert_eq!(status, Status::FLT_INSTANCE_ALTITUDE_COLLISION);
    finish_with_a_collision(&machine, driver);
}

/// Logs each open with its own name, pre and post.
struct Named(&'static str, Log);

impl RegistryCallback for Named {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
        self.1.add(format!("pre {}", self.0));
        op.pass()
    }

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        self.1.add(format!("post {}", self.0));
        op.keep()
    }
}

#[test]
fn r2_pre_comes_from_the_highest_altitude_down_and_post_from_the_lowest_up() {
    let (machine, log) = (machine(), Log::default());
    let low = load(
        &machine,
        "low",
        altitude!("99999"),
        Named("low", log.clone()),
    );
    let high = load(
        &machine,
        "high",
        altitude!("380010.5"),
        Named("high", log.clone()),
    );
    let middle = load(
        &machine,
        "middle",
        altitude!("380010"),
        Named("middle", log.clone()),
    );
    let drivers = [low, high, middle].map(|driver| driver.expect("it loads"));
    log.take();
    let app = machine.process("app");
    drop(app.enter().open_key(r"\Registry\Machine", KeyAccess::READ));
    let expected = [
        "pre high",
        "pre middle",
        "pre low",
        "post low",
        "post middle",
        "post high",
    ];
    assert_eq!(log.take(), expected);
    finish(&machine, drivers);
}

/// Asks for each opened key's name, and counts how often the cookie was not there yet.
struct Early {
    unpublished: Arc<AtomicU32>,
    named: Arc<AtomicU32>,
}

impl RegistryCallback for Early {
    type KeyContext = u32;
    type CallContext = Infallible;

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        if let Ok(key) = op.opened_key() {
            match op.cookie().key_name(key) {
                Ok(_) => self.named.fetch_add(1, Ordering::Relaxed),
                Err(CookieError::NotPublished) => {
                    let refused = op.cookie().set_context(key, 7).expect_err("no cookie");
                    assert_eq!(refused.error, CookieError::NotPublished);
                    assert_eq!(refused.context, 7, "the context comes back");
                    self.unpublished.fetch_add(1, Ordering::Relaxed)
                }
                Err(CookieError::Kernel(error)) => panic!("{error}"),
            };
        }
        op.keep()
    }
}

#[test]
fn r3_a_notification_before_the_cookie_is_published_gets_an_error_for_exactly_that() {
    let machine = Machine::builder()
        .publish_cookie_late(true)
        .build()
        .expect("it builds");
    let (unpublished, named) = (Arc::default(), Arc::default());
    let early = Early {
        unpublished: Arc::clone(&unpublished),
        named: Arc::clone(&named),
    };
    let driver = load(&machine, "early", altitude!("370000"), early).expect("it loads");
    assert!(
        unpublished.load(Ordering::Relaxed) > 0,
        "no notification came early"
    );
    let app = machine.process("app");
    drop(app.enter().open_key(r"\Registry\Machine", KeyAccess::READ));
    assert!(
        named.load(Ordering::Relaxed) > 0,
        "later notifications have the cookie"
    );
    finish(&machine, [driver]);
}

/// Notes every opened key, and blocks values.
struct Noting(Log);

impl RegistryCallback for Noting {
    type KeyContext = Note;
    type CallContext = Infallible;

    fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
        if let Ok(key) = op.opened_key() {
            let note = Note::new("note", &self.0);
            op.cookie()
                .set_context(key, note)
                .expect("the kernel takes it");
        }
        op.keep()
    }

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        op.block(NtError::ACCESS_DENIED)
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.0.add("drop callback");
    }
}

#[test]
fn r4_unregistering_drops_every_context_before_the_callback() {
    let (machine, log) = (machine(), Log::default());
    let driver =
        load(&machine, "noting", altitude!("370000"), Noting(log.clone())).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let one = thread
        .open_key(r"\Registry\Machine", KeyAccess::READ)
        .expect("it opens");
    let two = thread
        .open_key(r"\Registry\Machine", KeyAccess::READ)
        .expect("it opens");
    log.take();
    finish(&machine, [driver]);
    assert_eq!(log.take(), ["drop note", "drop note", "drop callback"]);
    drop((one, two));
    assert_eq!(
        log.take(),
        Vec::<String>::new(),
        "nothing is called any more"
    );
}

#[test]
fn r4_after_unregistering_nothing_is_blocked_any_more() {
    let (machine, log) = (machine(), Log::default());
    let driver = load(&machine, "noting", altitude!("370000"), Noting(log)).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread
        .create_key(HOME, KeyAccess::ALL)
        .expect("creating is allowed");
    assert_eq!(key.set_dword("a", 1), Err(Status::ACCESS_DENIED));
    finish(&machine, [driver]);
    assert_eq!(key.set_dword("a", 1), Ok(()));
}

mod failing {
    use super::*;

    struct Failing;

    impl Driver for Failing {
        fn init(init: &Init<'_>) -> Result<Self> {
            let _registered = CallbackObject::new(Idle, altitude!("370000"))?.register(init)?;
            Err(NtError::DEVICE_NOT_READY)
        }
    }

    wdm_safe::driver!(Failing);
}

#[test]
fn r4_a_failed_init_unregisters_what_it_registered() {
    let machine = machine();
    // SAFETY: a driver in safe Rust.
    let failed = unsafe { machine.load_linked("failing", failing::driver_entry) };
    let Err(LoadDriverError::Init { status, .. }) = failed else {
        panic!("it loaded")
    };
    assert_eq!(
        NtStatus::from_raw(status.0),
        NtStatus::from(NtError::DEVICE_NOT_READY)
    );
    finish(&machine, []);
}
