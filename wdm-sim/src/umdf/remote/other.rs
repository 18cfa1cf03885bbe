//! What happens to other devices, and what the driver is told of it. Header: wudfddi.h, pages:
//! nn-wudfddi-ipnpcallbackremoteinterfacenotification, nn-wudfddi-iremoteinterfacecallbackevent, nn-wudfddi-iremotetargetcallbackremoval.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use umdf_callback::GUID;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, IUnknown, Interface};

use super::{Link, RemoteInit, RemoteInterfaceObject, RemoteTargetObject};
use crate::umdf::core::Core;
use crate::umdf::object::Base;
use crate::umdf::pnp::Stage;
use crate::umdf::verifier::Rule;
use crate::umdf::world::lock;

/// What happens to other devices.
impl Core {
    pub(super) fn is_here(&self, link: &Link) -> bool {
        lock(&self.belongings.remotes).here.contains(link)
    }

    /// An interface arrives.
    pub(crate) fn arrive(self: &Arc<Self>, link: Link) {
        self.world.system(
            &self.name,
            format!("remote interface {} arrives", link.name),
        );
        let mut remotes = lock(&self.belongings.remotes);
        remotes.here.push(link.clone());
        let wanted = remotes.classes.contains(&link.class);
        if wanted {
            remotes.pending.push(link);
        }
        drop(remotes);
        self.tell_of_arrivals();
    }

    /// Tells the driver, once the device works.
    pub(crate) fn tell_of_arrivals(self: &Arc<Self>) {
        if self.stage() != Stage::Working {
            return;
        }
        let links = std::mem::take(&mut lock(&self.belongings.remotes).pending);
        for link in links {
            let callback = self.callback::<IPnpCallbackRemoteInterfaceNotification>();
            let Some(callback) = callback else {
                return;
            };
            let init = ComObject::new(RemoteInit {
                base: Base::new(&self.world, "remote interface init"),
                link,
                over: AtomicBool::new(false),
            });
            let interface: IWDFRemoteInterfaceInitialize = init.to_interface();
            const METHOD: &str =
                "IPnpCallbackRemoteInterfaceNotification::OnRemoteInterfaceArrival";
            self.world.callback(&self.name, METHOD, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteInterfaceArrival(Raw::of(&interface)) }
            });
            init.over.store(true, Ordering::Release);
        }
    }

    fn targets_of(&self, link: &Link) -> Vec<ComObject<RemoteTargetObject>> {
        let remotes = lock(&self.belongings.remotes);
        let of_link = |target: &&ComObject<RemoteTargetObject>| {
            target.is_for(link) && !target.base.is_deleted()
        };
        remotes.targets.iter().filter(of_link).cloned().collect()
    }

    fn interfaces_of(&self, link: &Link) -> Vec<ComObject<RemoteInterfaceObject>> {
        let remotes = lock(&self.belongings.remotes);
        let of_link = |object: &&ComObject<RemoteInterfaceObject>| {
            object.link == *link && !object.base.is_deleted()
        };
        remotes.interfaces.iter().filter(of_link).cloned().collect()
    }

    /// May the interface's device be removed? (Page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetqueryremove.)
    pub(crate) fn remote_query_remove(&self, link: &Link) -> bool {
        const METHOD: &str = "IRemoteTargetCallbackRemoval::OnRemoteTargetQueryRemove";
        let mut may = true;
        for target in self.targets_of(link) {
            let Some(callback) = target.base.callback::<IRemoteTargetCallbackRemoval>() else {
                target.close(WdfIoTargetClosedForQueryRemove);
                continue;
            };
            let own = target.own();
            let name = &target.base.name;
            let said: BOOL = self.world.callback(name, METHOD, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteTargetQueryRemove(Raw::of(&own)) }
            });
            if said.as_bool() && target.state() != WdfIoTargetClosedForQueryRemove {
                let detail = "it said yes without CloseForQueryRemove";
                target.base.finding(Rule::Remote, METHOD, detail);
            }
            may &= said.as_bool();
        }
        may
    }

    /// It stays (page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecanceled).
    pub(crate) fn remote_remove_canceled(&self, link: &Link) {
        const METHOD: &str = "IRemoteTargetCallbackRemoval::OnRemoteTargetRemoveCanceled";
        for target in self.targets_of(link) {
            let Some(callback) = target.base.callback::<IRemoteTargetCallbackRemoval>() else {
                target.way.open();
                continue;
            };
            let own = target.own();
            self.world.callback(&target.base.name, METHOD, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteTargetRemoveCanceled(Raw::of(&own)) }
            });
        }
    }

    /// It has gone, and the interface with it (pages: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecomplete,
    /// nf-wudfddi-iremoteinterfacecallbackremoval-onremoteinterfaceremoval).
    pub(crate) fn remote_removed(&self, link: &Link) {
        const COMPLETE: &str = "IRemoteTargetCallbackRemoval::OnRemoteTargetRemoveComplete";
        const DELETE: &str = "IWDFObject::DeleteWdfObject";
        const REMOVAL: &str = "IRemoteInterfaceCallbackRemoval::OnRemoteInterfaceRemoval";
        lock(&self.belongings.remotes)
            .here
            .retain(|here| here != link);
        for target in self.targets_of(link) {
            let Some(callback) = target.base.callback::<IRemoteTargetCallbackRemoval>() else {
                target.close(WdfIoTargetClosed);
                continue;
            };
            let own = target.own();
            self.world.callback(&target.base.name, COMPLETE, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteTargetRemoveComplete(Raw::of(&own)) }
            });
            if target.state() != WdfIoTargetClosed {
                let detail = "it returned without Close";
                target.base.finding(Rule::Remote, COMPLETE, detail);
            }
        }
        for interface in self.interfaces_of(link) {
            let Some(callback) = interface.base.callback::<IRemoteInterfaceCallbackRemoval>()
            else {
                interface.delete();
                continue;
            };
            let own = interface.own();
            let name = &interface.base.name;
            // The driver deletes the object in its callback, which is not gone before it has returned.
            let object = callback.get().cast::<IUnknown>().ok();
            let held = object.and_then(|object| self.world.hold(&object));
            self.world.callback(name, REMOVAL, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteInterfaceRemoval(Raw::of(&own)) }
            });
            drop(callback);
            if let Some(held) = held {
                self.world.release(held, name);
            }
            let made_to_fail = self
                .world
                .injected()
                .is_some_and(|fault| fault.routine == DELETE);
            if !interface.base.is_deleted() && !made_to_fail {
                let detail = "it returned without DeleteWdfObject";
                interface.base.finding(Rule::Remote, REMOVAL, detail);
            }
        }
        self.end_targets_of(link);
    }

    /// The targets that are children of remote interfaces are deleted with them.
    fn end_targets_of(&self, link: &Link) {
        let targets = lock(&self.belongings.remotes).targets.clone();
        for target in targets {
            let parent = target.parent.as_ref();
            if parent.is_some_and(|parent| parent.link == *link && parent.base.is_deleted()) {
                target.end();
            }
        }
    }

    /// The interface's device tells something, if a target for it is open (page:
    /// nf-wudfddi-iremoteinterfacecallbackevent-onremoteinterfaceevent).
    pub(crate) fn remote_event(&self, link: &Link, kind: &GUID, data: &[u8], name: &str) {
        const METHOD: &str = "IRemoteInterfaceCallbackEvent::OnRemoteInterfaceEvent";
        if !self.targets_of(link).iter().any(|target| target.is_open()) {
            return;
        }
        let text = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        let mut bytes: Vec<u8> = data.iter().copied().chain(text).collect();
        let (offset, size) = (data.len() as u32, bytes.len() as u32);
        for interface in self.interfaces_of(link) {
            let Some(callback) = interface.base.callback::<IRemoteInterfaceCallbackEvent>() else {
                continue;
            };
            let own = interface.own();
            let place = bytes.as_mut_ptr();
            self.world.callback(&interface.base.name, METHOD, "", || {
                // SAFETY: the interfaces, the GUID and the bytes are valid.
                unsafe {
                    callback
                        .get()
                        .OnRemoteInterfaceEvent(Raw::of(&own), kind, place, size, offset)
                }
            });
        }
    }

    /// The device is removed: what its targets have ends.
    pub(crate) fn close_remote_targets(&self) {
        let targets = lock(&self.belongings.remotes).targets.clone();
        for target in targets {
            target.way.close_as(WdfIoTargetClosed);
        }
    }

    /// The states of the targets, as they were made.
    pub(crate) fn target_states(&self) -> Vec<WDF_IO_TARGET_STATE> {
        let remotes = lock(&self.belongings.remotes);
        remotes
            .targets
            .iter()
            .map(|target| target.state())
            .collect()
    }
}
