//! What a driver left behind when it was unloaded, or when its `DriverEntry` failed.

use super::Rule;
use crate::locks::Kind;
use crate::machine::{DriverId, Kernel};

impl Kernel {
    /// Reports everything that the driver should have undone, and takes away what would be
    /// dangerous once its code is gone. `call` is the routine that the driver had to undo it in.
    pub(crate) fn check_leftovers(&self, driver: DriverId, call: &'static str) {
        self.report_timers(driver, call);
        self.report_work_items(driver, call);
        self.report_requests(driver, call);
        for altitude in crate::cm::remove_callbacks_of(self, driver) {
            self.finding(
                driver,
                Rule::R4,
                call,
                format!(
                    "the registry callback at altitude {altitude} is still registered; call \
                     CmUnRegisterCallback before the driver goes"
                ),
            );
        }
        self.report_notify_routines(driver, call);
        self.report_lost_contexts(driver, call);
        crate::cm::report_lent_names(self, driver, call);
        self.report_running_threads(driver, call);
        self.report_locks(driver, call);
        self.report_object_callbacks(driver, call);
        self.report_lookaside_lists(driver, call);
        // Their elements are pool memory, or the driver's own.
        self.generic_tables.forget_all_of(driver);
        self.report_callback_objects(driver, call);
        self.report_devices(driver, call);
        crate::tm::report_enlistments(self, driver, call);
        self.report_handles(driver, call);
        self.report_references(driver, call);
        self.report_pool(driver, call);
    }

    /// The system runs queued calls before a driver goes, but leaves its timers.
    fn report_timers(&self, driver: DriverId, call: &'static str) {
        let left = self.dpcs.take_all_of(driver);
        if left > 0 {
            let detail = format!("{left} timers are still set; call KeCancelTimer");
            self.finding(driver, Rule::Timer, call, detail);
        }
    }

    /// The I/O manager keeps a driver until its work items are done; those of the executive crash
    /// the system if they run later, so they are waited for here.
    fn report_work_items(&self, driver: DriverId, call: &'static str) {
        let running = self.work_items.wait_for_all_of(driver);
        if running > 0 {
            let detail = format!(
                "{running} routines given to ExQueueWorkItem had not returned; wait for them"
            );
            self.finding(driver, Rule::WorkItem, call, detail);
        }
        let left = self.work_items.take_all_of(driver);
        if left > 0 {
            let detail = format!("{left} work items are not freed; call IoFreeWorkItem");
            self.finding(driver, Rule::WorkItem, call, detail);
        }
    }

    fn report_locks(&self, driver: DriverId, call: &'static str) {
        for (kind, held) in self.locks.take_all_of(driver) {
            let name = kind.name();
            let detail = match (held, kind) {
                (true, _) => format!("{name} is not released; release it before the driver goes"),
                (false, Kind::Resource) => {
                    format!("{name} is not deleted; call ExDeleteResourceLite")
                }
                (false, _) => format!("threads still wait for {name}; end them before"),
            };
            self.finding(driver, Rule::Lock, call, detail);
        }
    }

    fn report_object_callbacks(&self, driver: DriverId, call: &'static str) {
        let left = self.object_callbacks.take_all_of(driver);
        if left > 0 {
            let detail = format!(
                "{left} registrations of callbacks for handles are left; call ObUnRegisterCallbacks"
            );
            self.finding(driver, Rule::ObjectCallbacks, call, detail);
        }
    }

    fn report_lookaside_lists(&self, driver: DriverId, call: &'static str) {
        let left = self.lookasides.take_all_of(driver);
        if left > 0 {
            let detail = format!(
                "{left} lookaside lists are not deleted; call the routine that deletes their kind"
            );
            self.finding(driver, Rule::LookasideList, call, detail);
        }
    }

    fn report_handles(&self, driver: DriverId, call: &'static str) {
        let processes = self.processes.all();
        let tables = processes.iter().map(|process| process.handles());
        for table in tables.chain([&self.handles]) {
            for (handle, object) in table.opened_by(driver) {
                self.finding(
                    driver,
                    Rule::Handle,
                    call,
                    format!(
                        "handle {:#x} to a {} is still open; close it with ZwClose",
                        handle.0,
                        object.object_type()
                    ),
                );
                drop(table.close(self, handle));
            }
        }
    }

    fn report_references(&self, driver: DriverId, call: &'static str) {
        for object in self.objects.all() {
            let held = object.references_of(driver);
            if held <= 0 {
                continue;
            }
            self.finding(
                driver,
                Rule::Object,
                call,
                format!(
                    "{held} references to a {} were not given back; call ObDereferenceObject",
                    object.object_type()
                ),
            );
            for _ in 0..held {
                self.objects.give_back(self, &object, driver);
            }
        }
    }

    fn report_pool(&self, driver: DriverId, call: &'static str) {
        for leak in self.pool.take_all_of(driver) {
            let (rule, what, when) = match leak.contexts {
                true => (Rule::C3, "key contexts", " in their cleanup notifications"),
                false => (Rule::PoolLeak, "pool blocks", ""),
            };
            self.finding(
                driver,
                rule,
                call,
                format!(
                    "{} {what}, {} bytes in all, with tag '{}' were not freed{when}; the first was \
                     allocation number {}",
                    leak.blocks, leak.bytes, leak.tag, leak.first
                ),
            );
        }
    }
}
