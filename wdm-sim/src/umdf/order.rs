//! The order in which a device's callbacks come, as the pages have it: a record of what was, and what may be next.
//!
//! Pages: wdf/a-user-plugs-in-a-device-umdf, a-user-unplugs-a-device-umdf, a-device-enters-a-low-power-state-umdf,
//! a-device-returns-to-its-working-state-umdf, and those of the callbacks. It is apart from what makes the calls, so that each
//! checks the other.

/// What has been called so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// One that has not returned yet.
    running: bool,
    prepared: bool,
    released: bool,
    working: bool,
    io: SelfManaged,
    armed: bool,
    deleted: bool,
}

/// Self-managed I/O.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SelfManaged {
    #[default]
    None,
    Running,
    Suspended,
    /// A callback has failed, or the device is being removed.
    Ending,
    Flushed,
    Gone,
}

/// A method without its interface.
fn name(method: &'static str) -> &'static str {
    method.split("::").last().unwrap_or(method)
}

/// Whether a callback comes after the one before has returned. That the system asks, or a device is gone, may come at any time
/// (pages: nf-wudfddi-ipnpcallback-onquerystop, -onqueryremove, -onsurpriseremoval).
fn follows_another(name: &str) -> bool {
    const STARTS: [&str; 7] = [
        "OnPrepareHardware",
        "OnReleaseHardware",
        "OnD0",
        "OnSelfManagedIo",
        "OnArm",
        "OnDisarm",
        "OnWake",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}

impl Order {
    /// A callback is about to be called: what is wrong with that.
    pub(crate) fn begins(&mut self, method: &'static str) -> Option<&'static str> {
        use SelfManaged::*;
        if self.deleted {
            return Some("the device is deleted");
        }
        let name = name(method);
        if follows_another(name) && std::mem::replace(&mut self.running, true) {
            return Some("the one before has not returned");
        }
        let wrong = |is, text| Some(text).filter(|_| is);
        match name {
            "OnPrepareHardware" => wrong(self.prepared, "hardware is prepared already")
                .or(wrong(self.working, "the device works already")),
            // It comes for a device that was never started, too (page: nf-wudfddi-idriverentry-ondeviceadd).
            "OnReleaseHardware" => wrong(self.released, "hardware is released already").or(wrong(
                self.working,
                "the device works: OnD0Exit comes first",
            )),
            "OnD0Entry" => wrong(self.working, "the device works already"),
            "OnD0Exit" => wrong(!self.working, "the device does not work").or(wrong(
                self.io == Running,
                "OnSelfManagedIoSuspend comes first",
            )),
            "OnD0EntryPostInterruptsEnabled" => wrong(!self.working, "OnD0Entry comes first"),
            "OnD0ExitPreInterruptsDisabled" => wrong(!self.working, "the device does not work"),
            "OnSelfManagedIoInit" => wrong(self.io != None, "it comes once")
                .or(wrong(!self.working, "OnD0Entry comes first")),
            "OnSelfManagedIoRestart" => {
                wrong(self.io != Suspended, "OnSelfManagedIoSuspend comes first")
                    .or(wrong(!self.working, "OnD0Entry comes first"))
            }
            "OnSelfManagedIoSuspend" => wrong(self.io != Running, "self-managed I/O does not run")
                .or(wrong(!self.working, "the device does not work")),
            "OnSelfManagedIoFlush" => wrong(
                !matches!(self.io, Suspended | Ending),
                "OnSelfManagedIoSuspend comes first",
            )
            .or(wrong(
                self.working,
                "the device works: OnD0Exit comes first",
            )),
            "OnSelfManagedIoCleanup" => {
                wrong(self.io != Flushed, "OnSelfManagedIoFlush comes first")
            }
            "OnArmWakeFromS0" | "OnArmWakeFromSx" => {
                wrong(!self.working, "the device does not work").or(wrong(
                    self.io == Running,
                    "OnSelfManagedIoSuspend comes first",
                ))
            }
            "OnDisarmWakeFromS0" | "OnDisarmWakeFromSx" => wrong(!self.armed, "it is not armed")
                .or(wrong(!self.working, "OnD0Entry comes first")),
            _ => Option::None,
        }
    }

    /// It has returned.
    pub(crate) fn returned(&mut self, method: &'static str, succeeded: bool) {
        let name = name(method);
        self.running &= !follows_another(name);
        self.step(name, succeeded);
    }

    /// The driver has no such callback, and the device goes on as if it had said yes.
    pub(crate) fn passes(&mut self, method: &'static str) {
        self.step(name(method), true);
    }

    fn step(&mut self, name: &str, succeeded: bool) {
        use SelfManaged::*;
        match name {
            // What a failed preparation has made is released, too (page: nf-wudfddi-ipnpcallbackhardware-onpreparehardware).
            "OnPrepareHardware" => (self.prepared, self.released) = (true, false),
            "OnReleaseHardware" => (self.prepared, self.released) = (false, true),
            "OnD0Entry" => self.working = succeeded,
            "OnD0Exit" => self.working = false,
            "OnSelfManagedIoInit" | "OnSelfManagedIoRestart" if succeeded => self.io = Running,
            "OnSelfManagedIoSuspend" if succeeded => self.io = Suspended,
            "OnSelfManagedIoInit" | "OnSelfManagedIoRestart" | "OnSelfManagedIoSuspend" => {
                self.io = Ending;
            }
            "OnSelfManagedIoFlush" => self.io = Flushed,
            "OnSelfManagedIoCleanup" => self.io = Gone,
            // What has failed is disarmed, too (page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onarmwakefroms0).
            "OnArmWakeFromS0" | "OnArmWakeFromSx" => self.armed = true,
            "OnDisarmWakeFromS0" | "OnDisarmWakeFromSx" => self.armed = false,
            _ => {}
        }
    }

    /// The device is about to be deleted.
    pub(crate) fn deleted(&mut self) {
        self.deleted = true;
    }
}

#[cfg(test)]
mod tests;
