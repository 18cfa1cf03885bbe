//! A `ZwSetValueKey` that one callback lets pass, before and after.

use wdm_sim::Machine;

use crate::calls::{Callbacks, Key, Name};
use crate::rounds;
use crate::{Figure, Measured};

const TIMES: usize = 20_000;

pub(crate) fn measure() -> Measured {
    let machine = Machine::builder().build()?;
    let _thread = machine.system_process().enter();
    let key = Key::create(r"\REGISTRY\MACHINE\SYSTEM\Bench");
    let mut name = Name::new("Number");
    let set = || {
        let mut name = name.string();
        for number in 0..TIMES as u32 {
            key.set(&mut name, number);
        }
    };
    let mut set = set;
    let unfiltered = rounds::best(TIMES, &mut set);
    let callbacks = Callbacks::register(1);
    let filtered = rounds::best(TIMES, &mut set);
    drop(callbacks);
    Ok(vec![
        Figure::plain("ZwSetValueKey, no callback", unfiltered, "ns"),
        Figure::at_most(
            "ZwSetValueKey, one callback that passes",
            filtered,
            "ns",
            300.0,
        ),
    ])
}
