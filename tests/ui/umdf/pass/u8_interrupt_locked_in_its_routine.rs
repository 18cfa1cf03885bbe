//! U8: the framework has an interrupt's lock while its service routine runs.

use umdf_callback::interrupt::{Interrupt, InterruptCallback, Interrupting};

pub struct Button;

impl InterruptCallback for Button {
    fn on_isr(&self, interrupt: &Interrupting<'_>, _message: u32) -> bool {
        interrupt.queue_work_item()
    }
}

pub fn quiet(interrupt: &Interrupt<Button>) {
    drop(interrupt.try_lock());
}
