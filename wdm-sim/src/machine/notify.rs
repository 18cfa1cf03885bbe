//! Telling drivers of processes, threads and images that come and go.
//!
//! The routines of all kinds are one list. Pages:
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-pssetcreateprocessnotifyroutine>,
//! `nf-ntddk-pssetcreatethreadnotifyroutine`, `nf-ntddk-pssetloadimagenotifyroutine`; how long a removal
//! waits is on those of `PsRemoveCreateThreadNotifyRoutine` and `PsRemoveLoadImageNotifyRoutine`.

mod image;
mod process;
mod thread;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{DriverId, Kernel, Profile, Thread};
use crate::call::Code;
use crate::status::Status;
use crate::verifier::Rule;

/// What routines are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Process,
    Thread,
    Image,
}

impl Subject {
    const ALL: [Self; 3] = [Self::Process, Self::Thread, Self::Image];

    /// How many routines there can be. The pages name 64 from Vista on, and for images eight before
    /// Windows 10 (more after an update); Windows XP has eight of each.
    const fn limit(self, profile: Profile) -> usize {
        match (profile, self) {
            (Profile::WinXp, _) => 8,
            (Profile::Vista | Profile::Win7 | Profile::Win8, Self::Image) => 8,
            _ => 64,
        }
    }

    /// What the routines are called, and what removes them.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Process => ("process", "the routine that registered them"),
            Self::Thread => ("thread", "PsRemoveCreateThreadNotifyRoutine"),
            Self::Image => ("image", "PsRemoveLoadImageNotifyRoutine"),
        }
    }
}

/// What a routine takes, and when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `CREATE_PROCESS_NOTIFY_ROUTINE`.
    ProcessIds,
    /// `CREATE_PROCESS_NOTIFY_ROUTINE_EX`.
    ProcessInfo,
    /// The same of `PsCreateProcessNotifySubsystems`. All processes are those of one subsystem.
    ProcessSubsystems,
    /// `CREATE_THREAD_NOTIFY_ROUTINE`, called on the thread that makes the new one: also that of
    /// `PsCreateThreadNotifySubsystems`.
    Thread,
    /// The same of `PsCreateThreadNotifyNonSystem`: called on the new thread.
    ThreadItself,
    /// `LOAD_IMAGE_NOTIFY_ROUTINE`.
    Image,
}

impl Kind {
    const fn subject(self) -> Subject {
        match self {
            Self::ProcessIds | Self::ProcessInfo | Self::ProcessSubsystems => Subject::Process,
            Self::Thread | Self::ThreadItself => Subject::Thread,
            Self::Image => Subject::Image,
        }
    }

    /// Whether what removes a routine of this kind finds one of the other. Those of processes are
    /// removed by what registered them, all others by their subject.
    fn finds(self, other: Self) -> bool {
        match self.subject() {
            Subject::Process => self == other,
            subject => subject == other.subject(),
        }
    }
}

struct Registration {
    /// Greater than those of all before it.
    number: u64,
    code: Code,
    kind: Kind,
    /// Whether its removal waits for it to return: it is called no more.
    leaving: bool,
    /// The threads on which it runs, by the addresses of their objects.
    running: Vec<usize>,
}

/// The routines of a machine's drivers.
#[derive(Default)]
pub(crate) struct NotifyRoutines {
    list: Mutex<List>,
    returned: Condvar,
    /// How many there are for each subject.
    counts: [AtomicUsize; Subject::ALL.len()],
}

#[derive(Default)]
struct List {
    routines: Vec<Registration>,
    last_number: u64,
}

impl NotifyRoutines {
    /// Adds a routine. One for threads or images can be there twice, and is called twice then.
    ///
    /// # Errors
    /// By the pages: of processes `STATUS_INVALID_PARAMETER` if it is there or there are too many, of
    /// others `STATUS_INSUFFICIENT_RESOURCES` if there are too many.
    pub(crate) fn add(&self, profile: Profile, code: Code, kind: Kind) -> Result<(), Status> {
        let subject = kind.subject();
        let mut list = self.lock();
        let same = |it: &Registration| it.code == code && it.kind == kind && !it.leaving;
        let is_full = self.count(subject) >= subject.limit(profile);
        match subject {
            Subject::Process if is_full || list.routines.iter().any(same) => {
                return Err(Status::INVALID_PARAMETER);
            }
            Subject::Thread | Subject::Image if is_full => {
                return Err(Status::INSUFFICIENT_RESOURCES);
            }
            _ => {}
        }
        list.last_number += 1;
        let number = list.last_number;
        list.routines.push(Registration {
            number,
            code,
            kind,
            leaving: false,
            running: Vec::new(),
        });
        self.recount(&list);
        Ok(())
    }

    /// Takes a routine away: nobody calls it any more, and it has returned wherever it ran.
    ///
    /// # Errors
    /// `STATUS_PROCEDURE_NOT_FOUND` if it is not there.
    pub(crate) fn remove(
        &self,
        thread: &Thread,
        call: &'static str,
        code: Code,
        kind: Kind,
    ) -> Result<(), Status> {
        let mut list = self.lock();
        let mut found = list.routines.iter_mut();
        let found = found.find(|it| it.code == code && kind.finds(it.kind) && !it.leaving);
        let found = found.ok_or(Status::PROCEDURE_NOT_FOUND)?;
        found.leaving = true;
        let number = found.number;
        let is_own = found.running.contains(&thread.address());
        let runs = |list: &mut List| {
            let mut all = list.routines.iter();
            all.any(|it| it.number == number && !it.running.is_empty())
        };
        if !is_own {
            let waited = self.returned.wait_while(list, runs);
            list = waited.unwrap_or_else(PoisonError::into_inner);
        }
        list.routines.retain(|it| it.number != number);
        self.recount(&list);
        drop(list);
        if is_own {
            let detail = "the routine removes itself while it runs, which waits for ever on NT";
            thread.finding(Rule::ProcessNotify, call, detail);
        }
        Ok(())
    }

    /// Whether there are any for a subject.
    #[inline]
    pub(crate) fn any(&self, subject: Subject) -> bool {
        self.count(subject) > 0
    }

    /// Calls the routines of some kinds on `thread`, in the order of their registration.
    fn each(&self, thread: &Thread, wanted: &[Kind], tell: impl Fn(Code, Kind)) {
        let mut last = 0;
        while let Some((number, code, kind)) = self.begin(thread, wanted, last) {
            tell(code, kind);
            self.end(thread, number);
            last = number;
        }
    }

    /// Notes that the first routine after the last one runs.
    fn begin(&self, thread: &Thread, wanted: &[Kind], last: u64) -> Option<(u64, Code, Kind)> {
        let mut list = self.lock();
        let mut all = list.routines.iter_mut();
        let next = all.find(|it| it.number > last && wanted.contains(&it.kind) && !it.leaving)?;
        next.running.push(thread.address());
        Some((next.number, next.code, next.kind))
    }

    fn end(&self, thread: &Thread, number: u64) {
        let mut list = self.lock();
        let mut all = list.routines.iter_mut();
        if let Some(it) = all.find(|it| it.number == number)
            && let Some(at) = it.running.iter().position(|&it| it == thread.address())
        {
            it.running.swap_remove(at);
        }
        drop(list);
        self.returned.notify_all();
    }

    /// Takes away the routines of a driver that is gone; says how many there were for a subject.
    fn take_all_of(&self, driver: DriverId, subject: Subject) -> usize {
        let mut list = self.lock();
        let is_its =
            |it: &mut Registration| it.code.caller.driver == driver && it.kind.subject() == subject;
        let taken = list.routines.extract_if(.., is_its).count();
        self.recount(&list);
        taken
    }

    fn count(&self, subject: Subject) -> usize {
        self.counts[subject as usize].load(Ordering::Acquire)
    }

    fn recount(&self, list: &List) {
        for subject in Subject::ALL {
            let of_it = list
                .routines
                .iter()
                .filter(|it| it.kind.subject() == subject);
            self.counts[subject as usize].store(of_it.count(), Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernel {
    /// Reports the routines of a driver that is gone.
    pub(crate) fn report_notify_routines(&self, driver: DriverId, call: &'static str) {
        for subject in Subject::ALL {
            let left = self.notify.take_all_of(driver, subject);
            if left > 0 {
                let (name, removal) = subject.words();
                let detail = format!(
                    "{left} {name}-notify routines are still registered; remove them with {removal}"
                );
                self.finding(driver, Rule::ProcessNotify, call, detail);
            }
        }
    }
}

/// Runs `body` in a critical region.
fn in_critical_region(thread: &Thread, body: impl FnOnce()) {
    let regions = thread.critical_regions();
    thread.set_critical_regions(regions + 1);
    body();
    thread.set_critical_regions(regions);
}
