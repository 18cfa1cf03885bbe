//! A trace as text that two runs can compare.

use std::collections::HashMap;

use super::{Event, Trace};

impl Trace {
    /// What happened, without times, addresses and ids: for each thread, in the order in which they
    /// began to do something, its program's name and then a line for each event, indented by what it
    /// is part of. What drivers print, and what findings tell, is as they have it.
    ///
    /// Two runs in which the same is done one after the other give the same lines, whatever form the
    /// drivers have. Threads that run side by side do so too if the order in which they begin is the
    /// same.
    pub fn story(&self) -> Vec<String> {
        let mut places = HashMap::new();
        let mut threads: Vec<Vec<String>> = Vec::new();
        for event in &self.events {
            let place = *places.entry(event.thread_id).or_insert_with(|| {
                threads.push(vec![program(event)]);
                threads.len() - 1
            });
            threads[place].push(line(event));
        }
        threads.concat()
    }
}

fn program(event: &Event) -> String {
    match &*event.process {
        "" => "(no thread)".to_owned(),
        name => name.to_owned(),
    }
}

fn line(event: &Event) -> String {
    let indent = "  ".repeat(event.depth as usize + 1);
    let unfinished = match event.ended {
        None if !event.what.is_instant() => " (has not ended)",
        _ => "",
    };
    format!("{indent}{}{unfinished}", event.what)
}
