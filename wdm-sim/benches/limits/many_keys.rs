//! A million keys below one: their memory, and opening one of them.

use wdm_sim::Machine;

use crate::calls::{Key, Name};
use crate::rounds;
use crate::{Figure, Measured};

const KEYS: usize = 1_000_000;

/// How many keys are opened in a round; they lie far apart.
const OPENED: usize = 10_000;

const MIB: f64 = (1 << 20) as f64;

pub(crate) fn measure() -> Measured {
    let machine = Machine::builder().build()?;
    let _thread = machine.system_process().enter();
    let _parent = Key::create(r"\REGISTRY\MACHINE\SYSTEM\Bench");
    let before = resident();
    for number in 0..KEYS {
        drop(Key::create(&path(number)));
    }
    let memory = resident()
        .zip(before)
        .map(|(after, before)| (after - before) / MIB);
    let step = KEYS / OPENED;
    let mut paths: Vec<_> = (0..OPENED)
        // A number without a common factor with the million visits them in no order.
        .map(|number| Name::new(&path(number * step * 7 % KEYS)))
        .collect();
    let open = rounds::best(OPENED, || Key::open_each(&mut paths));
    let memory = memory
        .map(|memory| Figure::at_most("1,000,000 keys below one, resident", memory, "MiB", 1024.0));
    let open = Figure::at_most("opening and closing one of them", open, "ns", 2000.0);
    Ok(memory.into_iter().chain([open]).collect())
}

fn path(number: usize) -> String {
    format!(r"\REGISTRY\MACHINE\SYSTEM\Bench\Key number {number:07}")
}

/// How many bytes of the process are in memory, where the host tells.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024.0)
}
