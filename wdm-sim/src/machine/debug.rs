//! What drivers print.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many lines are kept.
const CAPACITY: usize = 4096;

/// Gets each line that is printed.
pub(super) type DebugHook = dyn Fn(&str) + Send + Sync;

/// The last lines that drivers printed.
pub(crate) struct DebugLog {
    lines: Mutex<Lines>,
    hook: Option<Box<DebugHook>>,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<String>,
    /// A line that has not ended yet.
    open: String,
}

impl DebugLog {
    pub(super) fn new(hook: Option<Box<DebugHook>>) -> Self {
        Self {
            lines: Mutex::default(),
            hook,
        }
    }

    /// Adds text, which may end a line, go on with one, or hold several. `tell` gets each line that
    /// it ends, before the hook.
    pub(crate) fn print(&self, text: &str, tell: impl Fn(&str)) {
        let mut ended = Vec::new();
        let mut lines = self.lock();
        for part in text.split_inclusive('\n') {
            lines.open.push_str(part);
            if part.ends_with('\n') {
                let line = std::mem::take(&mut lines.open);
                ended.push(line.trim_end_matches(['\r', '\n']).to_owned());
            }
        }
        for line in &ended {
            if lines.kept.len() == CAPACITY {
                lines.kept.pop_front();
            }
            lines.kept.push_back(line.clone());
        }
        drop(lines);
        ended.iter().for_each(|line| tell(line));
        if let Some(hook) = &self.hook {
            ended.iter().for_each(|line| hook(line));
        }
    }

    /// The last lines, the oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.lock();
        let open = Some(&lines.open).filter(|open| !open.is_empty());
        lines.kept.iter().chain(open).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
