//! What programs, the system and a driver's threads do at the same time.

use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;

use umdf_callback::callback::*;
use umdf_callback::request::*;
use umdf_callback::{
    AddedDevice, DeviceInit, Dispatch, Driver, PowerState, Queue, QueueConfig, Result,
    device_callback, queue_callback,
};
use wdm_sim::umdf::{Event, Sent, Wake, What};

use crate::full::{Full, LET_GO, Record};
use crate::support::{Hosted, S_OK, ended};

/// Marks a read and lets another thread complete it.
struct Marks(Mutex<Sender<Cancelable<Read>>>);

impl QueueRead for Marks {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, _length: usize) {
        let marked = request.mark_cancelable(queue);
        self.0.lock().unwrap().send(marked).unwrap();
    }
}

impl RequestCancel for Marks {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        request.fail(CANCELED);
    }
}

queue_callback!(Marks);

struct Nothing;

device_callback!(Nothing);

struct Racing<const CONSTRAINED: bool>(Mutex<Sender<Cancelable<Read>>>);

impl<const CONSTRAINED: bool> Default for Racing<CONSTRAINED> {
    fn default() -> Self {
        let (sender, marked) = mpsc::channel::<Cancelable<Read>>();
        thread::spawn(move || {
            for marked in marked {
                if let Ok(request) = marked.unmark() {
                    request.complete_with_information(1);
                }
            }
        });
        Racing(Mutex::new(sender))
    }
}

impl<const CONSTRAINED: bool> Driver for Racing<CONSTRAINED> {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let marks = Marks(Mutex::new(self.0.lock().unwrap().clone()));
        let config = QueueConfig::default_queue();
        if CONSTRAINED {
            let device = init.create_device(Nothing)?;
            device.create_queue(config, Dispatch::Parallel, marks)?;
            Ok(device.into())
        } else {
            let device = init.unsynchronized().create_device(Nothing)?;
            device.create_queue(config, Dispatch::Parallel, marks)?;
            Ok(device.into())
        }
    }
}

/// nf-wudfddi-iwdfiorequest-unmarkcancelable: either the driver unmarks the request and completes it, or OnCancel does. Ends that
/// come twice would be findings.
#[test]
fn u5_a_cancellation_races_a_completion() {
    fn race<const CONSTRAINED: bool>() {
        let hosted = Hosted::started::<Racing<CONSTRAINED>>();
        let mut ends = [0, 0];
        for turn in 0..2000 {
            let sent = hosted.read(1);
            for _ in 0..turn % 50 {
                core::hint::spin_loop();
            }
            sent.cancel();
            let completion = sent.wait();
            let canceled = completion == ended(CANCELED, 0);
            assert!(canceled || completion == ended(S_OK, 1), "{completion:?}");
            ends[usize::from(canceled)] += 1;
        }
        println!("{} completed, {} cancelled", ends[0], ends[1]);
        let events = hosted.host.trace().events;
        let completed = |event: &&Event| matches!(event.what, What::Completed { .. });
        assert_eq!(events.iter().filter(completed).count(), 2000);
    }
    race::<true>();
    race::<false>();
}

/// Programs use a device while it sleeps, wakes, stops, starts and goes: each request ends, once, and there are no findings.
#[test]
fn u5_programs_and_the_system_at_once() {
    Record::next(None);
    programs_and_the_system();
    Record::next_parallel();
    programs_and_the_system();
}

fn programs_and_the_system() {
    let hosted = Hosted::started::<Full>();
    let sent: Vec<Sent> = thread::scope(|threads| {
        let program = || {
            let device = hosted.device.clone();
            move || {
                let mut all = Vec::new();
                for turn in 0..60 {
                    let (open, file) = device.open_later("");
                    let let_go = device.control(LET_GO, b"", 0);
                    all.extend([open, file.read(1), file.write(b"1"), file.flush(), let_go]);
                    if turn % 3 == 0 {
                        all[turn].cancel();
                    }
                }
                all
            }
        };
        let programs: Vec<_> = (0..3).map(|_| threads.spawn(program())).collect();
        for _ in 0..20 {
            hosted.sleep(PowerState::D2, Wake::FromS0).unwrap();
            hosted.wake().unwrap();
            hosted.stop().unwrap();
            hosted.start().unwrap();
        }
        hosted.surprise_remove();
        let all = programs.into_iter().map(|program| program.join().unwrap());
        all.flatten().collect()
    });
    let trace = hosted.host.trace();
    assert_eq!(hosted.host.findings(), [], "{trace}");
    for sent in &sent {
        let ends = trace.events.iter().filter(|event| {
            matches!(&event.what, What::Completed { request, .. } if *request == sent.name())
        });
        assert_eq!(ends.count(), 1, "{}", sent.name());
    }
}
