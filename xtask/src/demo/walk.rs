//! The first part of the workload: every key is read.

use std::ops::Range;

use wdm_sim::{KeyAccess, Status, ThreadGuard, UserKey};

use super::progress::Phase;
use super::survey::{Node, Survey, is_value_name};
use super::tally::Tally;

/// How many keys are walked between two signs of progress.
const STRIDE: usize = 256;

/// A thread that reads keys.
pub(crate) struct Walk<'a> {
    thread: &'a ThreadGuard,
    survey: &'a Survey,
    phase: &'a Phase,
    tally: Tally,
}

impl<'a> Walk<'a> {
    /// A walk over what `survey` found.
    pub(crate) fn new(thread: &'a ThreadGuard, survey: &'a Survey, phase: &'a Phase) -> Self {
        Self {
            thread,
            survey,
            phase,
            tally: Tally::default(),
        }
    }

    /// Opens each of these keys, queries it, enumerates its values and queries each by its name,
    /// enumerates its subkeys, and closes it. Each answer has to be what the survey found.
    ///
    /// A key below one that is still open is opened relative to it.
    pub(crate) fn read(mut self, range: Range<usize>) -> Tally {
        let mut above: Vec<(usize, UserKey<'a>)> = Vec::new();
        for index in range {
            let node = &self.survey.nodes[index];
            while above
                .last()
                .is_some_and(|(open, _)| Some(*open) != node.parent)
            {
                self.close(above.pop());
            }
            if let Some(key) = self.open(node, above.last().map(|(_, key)| key)) {
                self.query(node, &key);
                above.push((index, key));
            }
            if index % STRIDE == 0 {
                self.phase.advance(STRIDE);
            }
        }
        while let Some(open) = above.pop() {
            self.close(Some(open));
        }
        self.tally
    }

    fn open(&mut self, node: &Node, above: Option<&UserKey<'a>>) -> Option<UserKey<'a>> {
        let key = match above {
            // There is no relative open of a link itself.
            Some(above) if !node.link => above.open_key(node.name(), KeyAccess::READ),
            _ => {
                let options = node.options();
                self.thread
                    .open_key_with(&node.path, KeyAccess::READ, options)
            }
        };
        self.tally.succeeds("opening", &node.path, key)
    }

    fn close(&mut self, open: Option<(usize, UserKey<'a>)>) {
        if let Some((index, key)) = open {
            let path = &self.survey.nodes[index].path;
            self.tally.succeeds("closing", path, key.close());
        }
    }

    fn query(&mut self, node: &Node, key: &UserKey<'a>) {
        let tally = &mut self.tally;
        let path = &node.path;
        if let Some(info) = tally.succeeds("querying", path, key.query()) {
            let (values, subkeys) = (info.values as usize, info.subkeys as usize);
            if (values, subkeys) != (node.values.len(), node.subkeys.len()) {
                tally.failures.add(format_args!(
                    "querying {path}: {values} values and {subkeys} subkeys, expected {} and {}",
                    node.values.len(),
                    node.subkeys.len()
                ));
            }
        }
        for (index, name) in node.values.iter().enumerate() {
            read_value(tally, path, key, index as u32, name);
        }
        for (index, expected) in node.subkeys.iter().enumerate() {
            let name = key.enumerate_key(index as u32);
            if let Some(name) = tally.succeeds("enumerating the subkeys of", path, name)
                && name != *expected
            {
                tally.failures.add(format_args!(
                    "subkey {index} of {path}: it is {name}, expected {expected}"
                ));
            }
        }
        let past = key.enumerate_key(node.subkeys.len() as u32).map(drop);
        let what = "enumerating past the last subkey of";
        tally.ends(what, path, past, Err(Status::NO_MORE_ENTRIES));
    }
}

/// Enumerates one value and queries it by its name; both answers have to agree.
fn read_value(tally: &mut Tally, path: &str, key: &UserKey<'_>, index: u32, name: &str) {
    let enumerated = key.enumerate_value(index);
    let enumerated = tally.succeeds("enumerating the values of", path, enumerated);
    if !is_value_name(name) {
        return;
    }
    let queried = tally.succeeds("querying a value of", path, key.query_value(name));
    if let (Some(enumerated), Some(queried)) = (enumerated, queried)
        && (enumerated != queried || queried.name != name)
    {
        tally.failures.add(format_args!(
            "value {name:?} of {path}: by number it is not what it is by name"
        ));
    }
}
