//! Reading the recording.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

/// A recorded operation on the registry.
#[derive(Debug)]
pub(crate) struct Event {
    pub(super) process: String,
    pub(super) pid: u32,
    pub(super) operation: String,
    pub(super) path: String,
    pub(super) result: String,
    pub(super) detail: String,
}

/// A recording.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(super) events: Vec<Event>,
    /// Rows of files, the network and so on.
    pub(super) others: u64,
}

/// Reads a file; the columns may be in any order.
///
/// # Errors
/// One line: the file, its line, what is wrong, what to do.
pub(crate) fn read(file: &Path) -> Result<Trace, String> {
    let name = file.display();
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .from_path(file)
        .map_err(|error| format!("{name} cannot be read ({error}); check the path"))?;
    let headers = reader.headers().map_err(|error| bad(file, &error))?.clone();
    let column = |wanted: &str| {
        headers.iter().position(|header| header.trim() == wanted).ok_or_else(|| {
            format!(
                "{name}:1: there is no column \"{wanted}\"; export the recording from Process \
                 Monitor as CSV, with the columns Process Name, PID, Operation, Path, Result, Detail"
            )
        })
    };
    let columns = [
        column("Process Name")?,
        column("PID")?,
        column("Operation")?,
        column("Path")?,
        column("Result")?,
        column("Detail")?,
    ];
    let mut trace = Trace {
        events: Vec::new(),
        others: 0,
    };
    for row in reader.records() {
        let row = row.map_err(|error| bad(file, &error))?;
        match event(&row, columns) {
            Ok(event) if event.operation.starts_with("Reg") => trace.events.push(event),
            Ok(_) => trace.others += 1,
            Err(what) => {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(format!("{name}:{line}: {what}"));
            }
        }
    }
    Ok(trace)
}

fn event(row: &StringRecord, columns: [usize; 6]) -> Result<Event, String> {
    let [process, pid, operation, path, result, detail] = columns.map(|column| row.get(column));
    let fields = (process, pid, operation, path, result, detail);
    let (Some(process), Some(pid), Some(operation), Some(path), Some(result), Some(detail)) =
        fields
    else {
        return Err("the row has too few fields; export the recording again".to_owned());
    };
    let pid = pid.trim().parse().map_err(|_| {
        let pid: String = pid.chars().filter(|c| !c.is_control()).collect();
        format!("the PID {pid:?} is no number; export the recording again")
    })?;
    let text = str::to_owned;
    Ok(Event {
        process: text(process),
        pid,
        operation: text(operation),
        path: text(path),
        result: text(result),
        detail: text(detail),
    })
}

fn bad(file: &Path, error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    format!(
        "{}:{line}: {error}; export the recording again as CSV in UTF-8",
        file.display()
    )
}
