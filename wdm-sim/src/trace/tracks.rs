//! Where events are drawn: a track for each thread's operations, and one for each altitude of which
//! a callback runs on it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Callback, Event, Trace, What};
use crate::cm::Altitude;

/// A row of the picture.
#[derive(Debug)]
pub(super) struct Track<'t> {
    /// The track's first event, which names the process and the thread.
    pub(super) first: &'t Event,
    /// Whose notifications; `None` for what the thread does.
    pub(super) callback: Option<Arc<Callback>>,
}

impl Track<'_> {
    /// What the row is called.
    pub(super) fn name(&self) -> String {
        match &self.callback {
            Some(callback) => callback.to_string(),
            None if self.first.process.is_empty() => "no thread".to_owned(),
            None => "operations".to_owned(),
        }
    }

    /// Which thread it is of.
    pub(super) fn thread(&self) -> String {
        format!("thread {}", self.first.thread_id)
    }
}

/// The tracks, and where each event is.
pub(super) struct Tracks<'t> {
    /// From the top: by thread, in the order in which they began; a thread's operations first, and
    /// then the altitudes as pre-notifications meet them.
    pub(super) tracks: Vec<Track<'t>>,
    /// For each event its track, and how many events of that track it is part of.
    pub(super) places: Vec<(usize, usize)>,
    /// For each event the innermost one that it is part of.
    pub(super) parents: Vec<Option<usize>>,
}

impl Trace {
    /// Lays the events out.
    pub(super) fn tracks(&self) -> Tracks<'_> {
        let mut tracks: Vec<Track<'_>> = Vec::new();
        let mut found: HashMap<(usize, Option<Arc<Callback>>), usize> = HashMap::new();
        let mut threads: HashMap<usize, (usize, Vec<usize>)> = HashMap::new();
        let mut places: Vec<(usize, usize)> = Vec::with_capacity(self.events.len());
        let mut parents = Vec::with_capacity(self.events.len());
        for (index, event) in self.events.iter().enumerate() {
            let began = threads.len();
            let (_, stack) = threads
                .entry(event.thread_id)
                .or_insert_with(|| (began, Vec::new()));
            stack.truncate(event.depth as usize);
            let parent = stack.last().copied();
            parents.push(parent);
            let around = parent.and_then(|parent| places.get(parent));
            let track = match (&event.what, around) {
                (What::Finding { .. } | What::Print { .. }, Some((track, _))) => *track,
                (what, _) => {
                    let callback = what.callback().cloned();
                    let key = (event.thread_id, callback.clone());
                    *found.entry(key).or_insert_with(|| {
                        let first = event;
                        tracks.push(Track { first, callback });
                        tracks.len() - 1
                    })
                }
            };
            let same = |at: &&usize| places.get(**at).is_some_and(|place| place.0 == track);
            let level = stack.iter().filter(same).count();
            places.push((track, level));
            if !event.what.is_instant() {
                stack.push(index);
            }
        }
        let mut order: Vec<usize> = (0..tracks.len()).collect();
        let began = |track: &Track<'_>| threads.get(&track.first.thread_id).map(|thread| thread.0);
        order.sort_by(|a, b| {
            let (a, b) = (&tracks[*a], &tracks[*b]);
            began(a)
                .cmp(&began(b))
                .then_with(|| by_altitude(a.callback.as_deref(), b.callback.as_deref()))
        });
        let mut new_place = vec![0; tracks.len()];
        for (new, old) in order.iter().enumerate() {
            new_place[*old] = new;
        }
        for place in &mut places {
            place.0 = new_place[place.0];
        }
        let mut placed: Vec<(usize, Track<'_>)> = new_place.into_iter().zip(tracks).collect();
        placed.sort_by_key(|(place, _)| *place);
        Tracks {
            tracks: placed.into_iter().map(|(_, track)| track).collect(),
            places,
            parents,
        }
    }
}

/// Operations, then legacy callbacks, then altitudes from the highest.
fn by_altitude(a: Option<&Callback>, b: Option<&Callback>) -> Ordering {
    let rank = |callback: Option<&Callback>| {
        callback.map(|callback| match callback.altitude.parse::<Altitude>() {
            Ok(altitude) => (1, Some(std::cmp::Reverse(altitude))),
            Err(_) => (0, None),
        })
    };
    rank(a).cmp(&rank(b))
}
