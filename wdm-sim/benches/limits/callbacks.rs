//! What each of many callbacks adds to an operation: as much as each of a few.

use wdm_sim::Machine;

use crate::calls::{Callbacks, Key, Name};
use crate::rounds;
use crate::{Figure, Measured};

const TIMES: usize = 2_000;

/// How many callbacks are registered, one number after the other.
const NUMBERS: [usize; 3] = [0, 10, 100];

pub(crate) fn measure() -> Measured {
    let machine = Machine::builder().build()?;
    let _thread = machine.system_process().enter();
    let key = Key::create(r"\REGISTRY\MACHINE\SYSTEM\Bench");
    let mut name = Name::new("Number");
    let [none, ten, hundred] = NUMBERS.map(|number| {
        let _callbacks = Callbacks::register(number);
        rounds::best(TIMES, || {
            let mut name = name.string();
            for number in 0..TIMES as u32 {
                key.set(&mut name, number);
            }
        })
    });
    let of_ten = (ten - none) / 10.0;
    let of_hundred = (hundred - none) / 100.0;
    Ok(vec![
        Figure::plain("a callback's pre and post, among 10", of_ten, "ns"),
        Figure::plain("a callback's pre and post, among 100", of_hundred, "ns"),
        Figure::at_most(
            "the latter of the former",
            100.0 * of_hundred / of_ten,
            "%",
            120.0,
        ),
    ])
}
