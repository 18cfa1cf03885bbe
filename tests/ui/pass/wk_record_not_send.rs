//! A record goes to the worker's thread.

use std::rc::Rc;
use std::sync::Arc;

use wdm_safe::{Delivery, Lifecycle, Result, Worker};

pub struct Names(pub Arc<str>, pub Rc<str>);
pub type Record = Arc<str>;

pub fn start(at: &Lifecycle<'_>) -> Result<Worker<Record>> {
    Worker::start(at, 16, |delivery: Delivery<Record>, _| drop(delivery))
}
