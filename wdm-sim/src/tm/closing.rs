//! What becomes of transactions when handles are closed (T16), and when drivers go.

use std::sync::Arc;

use super::effects::On;
use super::life::Step;
use super::{Enlistment, ResourceManager};
use crate::machine::{DriverId, Kernel};
use crate::object::Body;
use crate::verifier::Rule;

/// The last handle to an object of the transaction manager's is closed.
pub(crate) fn last_handle_closed(kernel: &Kernel, body: &Body) {
    match body {
        Body::Transaction(transaction) => transaction.last_handle_closed(),
        Body::ResourceManager(manager) => resource_manager_closed(kernel, manager),
        Body::Enlistment(enlistment) => enlistment_closed(kernel, enlistment),
        _ => {}
    }
}

fn resource_manager_closed(kernel: &Kernel, closed: &Arc<ResourceManager>) {
    closed.go_offline();
    for transaction in kernel.unfinished.all() {
        transaction.change(On::ThisThread, |life, effects| {
            let mut members = life.members.iter();
            let has_part = members.any(|member| {
                !member.left && Arc::ptr_eq(member.enlistment.resource_manager(), closed)
            });
            if has_part && !life.is_decided() {
                life.roll_back(effects);
            }
        });
    }
}

fn enlistment_closed(kernel: &Kernel, closed: &Enlistment) {
    let Some(transaction) = closed.transaction() else {
        return;
    };
    let unanswered = transaction.change(On::ThisThread, |life, effects| {
        let decided = life.is_decided();
        let member = life.member(closed)?;
        member.open = false;
        if member.left || decided {
            return None;
        }
        let owes = member.owes;
        if owes == Some(Step::SinglePhaseCommit) {
            life.tell_disconnected(closed, effects);
        }
        life.roll_back(effects);
        owes.filter(|&owed| owed == Step::SinglePhaseCommit)
    });
    if let Some(step) = unanswered {
        let driver = closed.resource_manager().owner();
        let detail = format!(
            "the enlistment's last handle is closed before {} is answered; call {} first",
            step.name(),
            step.answer()
        );
        kernel.finding(driver, Rule::T11, "ZwClose", detail);
    }
}

/// Takes the resource managers of a driver that goes out of all transactions, and reports what they
/// have not answered.
pub(crate) fn report_enlistments(kernel: &Kernel, driver: DriverId, call: &'static str) {
    let unfinished = kernel.unfinished.all();
    for object in kernel.objects.all() {
        if let Body::ResourceManager(manager) = object.body() {
            detach(manager, driver);
        }
    }
    // Their objects may be gone already.
    for transaction in &unfinished {
        for manager in transaction.resource_managers() {
            detach(&manager, driver);
        }
    }
    for transaction in unfinished {
        let left = transaction.change(On::ThisThread, |life, effects| {
            let mut unanswered = Vec::new();
            let mut has_part = false;
            for member in &mut life.members {
                if member.enlistment.resource_manager().belongs_to(driver) {
                    has_part |= !member.left;
                    member.left = true;
                    unanswered.extend(member.owes.take());
                }
            }
            match life.is_decided() {
                _ if !has_part => {}
                true => life.advance(effects),
                false => life.roll_back(effects),
            }
            unanswered
        });
        for step in left {
            let detail = format!(
                "{} is not completed; call {} before the driver goes",
                step.name(),
                step.answer()
            );
            kernel.finding(driver, Rule::T11, call, detail);
        }
    }
}

fn detach(manager: &ResourceManager, driver: DriverId) {
    if manager.belongs_to(driver) {
        manager.detach();
    }
}
