//! A driver for tests: answers queries for values into the caller's memory, which may go away.
//!
//! It says so before it writes, so that a test can take the memory away in that moment. A value
//! called `before` is answered before the registry looks, one called `after` afterwards, and one
//! called `passed` by the registry alone.

#![no_std]
#![forbid(unsafe_code)]

use core::convert::Infallible;

use cm_callback::operation::{QueryValue, ValueAnswer};
use cm_callback::{
    CallbackObject, Post, PostOutcome, Pre, PreOutcome, Registered, RegistryCallback, altitude,
};
use wdm_safe::registry::ValueType;
use wdm_safe::{Driver, Init, Result, UnicodeStr, driver, info, unicode};

/// What it answers: bytes that tell where they are.
const DATA: [u8; 100] = {
    let mut data = [0; 100];
    let mut at = 0;
    while at < data.len() {
        data[at] = at as u8 + 1;
        at += 1;
    }
    data
};

struct Answering;

fn answer(name: &UnicodeStr) -> ValueAnswer<'_> {
    ValueAnswer {
        name,
        kind: ValueType::BINARY,
        data: &DATA,
    }
}

impl RegistryCallback for Answering {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_query_value(&self, op: Pre<'_, QueryValue, Self>) -> PreOutcome<QueryValue, Self> {
        let name = op.value_name();
        if name == unicode!("passed") {
            info!("passing");
        }
        if name != unicode!("before") {
            return op.pass();
        }
        info!("answering");
        op.answer(&answer(name)).unwrap_or_else(Pre::pass)
    }

    fn post_query_value(&self, op: Post<'_, QueryValue, Self>) -> PostOutcome<QueryValue, Self> {
        let name = op.value_name();
        if name != unicode!("after") {
            return op.keep();
        }
        info!("answering");
        op.answer(&answer(name)).unwrap_or_else(Post::keep)
    }
}

struct Service {
    _answering: CallbackObject<Answering, Registered>,
}

impl Driver for Service {
    fn init(init: &Init<'_>) -> Result<Self> {
        let answering = CallbackObject::new(Answering, altitude!("370002"))?.register(init)?;
        Ok(Self {
            _answering: answering,
        })
    }
}

driver!(Service);
