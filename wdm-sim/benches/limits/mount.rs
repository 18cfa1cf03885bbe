//! Mounting a hive file.

use std::path::Path;

use wdm_sim::registry::{Registry, wide};
use wdm_sim::{KeyAccess, Machine, Privileges, SaveFormat};

use crate::rounds;
use crate::{Figure, Measured};

/// How many keys the hive has that is made; each has four values.
const KEYS: usize = 50_000;

const MB: f64 = 1e6;

pub(crate) fn measure(file: Option<&Path>) -> Measured {
    let hive = match file {
        Some(file) => {
            let shown = file.display();
            std::fs::read(file).map_err(|error| format!("{shown} cannot be read: {error}"))?
        }
        None => made()?,
    };
    let mut keys = 0;
    let mut values = 0;
    let mut damage = None;
    let nanoseconds = rounds::best(1, || {
        let registry = Registry::new();
        match registry.mount_at(&wide(r"\REGISTRY\MACHINE\BENCH"), &hive) {
            Ok(report) => (keys, values) = (report.keys, report.values),
            Err(error) => damage = Some(error),
        }
        // What it costs to free the tree is another matter.
        std::mem::forget(registry);
    });
    if let Some(damage) = damage {
        return Err(damage.into());
    }
    let size = hive.len() as f64 / MB;
    Ok(vec![
        Figure::plain("keys of the hive", keys as f64, ""),
        Figure::plain("values of the hive", values as f64, ""),
        Figure::plain("size of the hive", size, "MB"),
        Figure::at_least("mounting it", size / (nanoseconds / 1e9), "MB/s", 100.0),
    ])
}

/// The bytes of a hive with strings, numbers and binary values, as a kernel writes it.
fn made() -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    const FILE: &str = r"\??\C:\bench.hiv";
    let machine = Machine::builder().build()?;
    let process = machine.process("bench.exe");
    process.grant(Privileges::BACKUP);
    let thread = process.enter();
    let root = thread.create_key(r"\REGISTRY\MACHINE\SYSTEM\Bench", KeyAccess::ALL)?;
    for number in 0..KEYS {
        let (group, leaf) = (number / 100, number % 100);
        let group = root.create_key(&format!("Group {group}"), KeyAccess::ALL)?;
        let key = group.create_key(&format!("Key {leaf}"), KeyAccess::ALL)?;
        key.set_string("ImagePath", r"\SystemRoot\System32\drivers\something.sys")?;
        key.set_string("DisplayName", "What it is called")?;
        key.set_dword("Start", 3)?;
        key.set_binary("Data", &[number as u8; 80])?;
    }
    let file = thread.create_file(FILE)?;
    root.save(&file, SaveFormat::Latest)?;
    file.close()?;
    machine
        .file(FILE)
        .ok_or_else(|| "the hive was not saved".into())
}
