//! The arguments of `\Callback\PowerState`.

use super::Notification;

/// What [`POWER_STATE`](super::POWER_STATE) tells: the `PO_CB_*` constant of the first argument and
/// the truth value of the second.
///
/// Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exregistercallback>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PowerChange {
    /// `PO_CB_SYSTEM_POWER_POLICY`: the system's power policy has changed.
    SystemPolicy,
    /// `PO_CB_AC_STATUS`: whether the computer now has mains power, and not a battery's.
    AcPower(bool),
    /// `PO_CB_SYSTEM_STATE_LOCK`: `false` if the system is about to leave the working state S0,
    /// `true` if it has just come back to it.
    Working(bool),
    /// `PO_CB_LID_SWITCH_STATE`: whether the lid is open.
    LidOpen(bool),
    /// `PO_CB_PROCESSOR_POWER_POLICY`: the processors' power policy has changed.
    ProcessorPolicy,
    /// A constant that the page does not have, and the second argument.
    Other(usize, usize),
}

impl PowerChange {
    /// What a notification of [`POWER_STATE`](super::POWER_STATE) tells.
    #[must_use]
    pub fn of(told: &Notification<'_>) -> Self {
        let is = told.second() != 0;
        // The numbers are those of wdm.h; 2 is PO_CB_BUTTON_COLLISION.
        match told.first() {
            0 => Self::SystemPolicy,
            1 => Self::AcPower(is),
            3 => Self::Working(is),
            4 => Self::LidOpen(is),
            5 => Self::ProcessorPolicy,
            other => Self::Other(other, told.second()),
        }
    }
}
