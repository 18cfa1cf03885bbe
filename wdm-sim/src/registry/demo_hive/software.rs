//! The keys of the demo machine's software and of its default user.

use super::Data::{Dword, Text};
use super::Values;

/// What lies below `\REGISTRY\MACHINE\SOFTWARE`.
pub(super) const SOFTWARE: &[(&str, Values)] = &[
    (r"Classes\.txt", &[("", Text("txtfile"))]),
    (r"Classes\CLSID", &[]),
    (
        r"Classes\txtfile\shell\open\command",
        &[("", Text("notepad.exe %1"))],
    ),
    (r"Clients", &[]),
    (
        r"Microsoft\Windows\CurrentVersion\Run",
        &[("LanternTray", Text(r"C:\Lantern\tray.exe"))],
    ),
    (
        r"Microsoft\Windows\CurrentVersion\Uninstall\Lantern",
        &[("DisplayName", Text("Lantern"))],
    ),
    (
        r"Microsoft\Windows NT\CurrentVersion",
        &[
            ("ProductName", Text("Windows 10 Demo")),
            ("CurrentBuild", Text("19045")),
            ("CurrentMajorVersionNumber", Dword(10)),
        ],
    ),
    (
        r"Microsoft\Windows NT\CurrentVersion\Image File Execution Options",
        &[],
    ),
    (r"Policies", &[]),
    (r"WOW6432Node\Classes\CLSID", &[]),
    (r"WOW6432Node\Microsoft\Windows\CurrentVersion\Run", &[]),
];

/// What lies below `\REGISTRY\USER\.DEFAULT`.
pub(super) const DEFAULT_USER: &[(&str, Values)] = &[
    (r"Control Panel\Desktop", &[("Wallpaper", Text(""))]),
    (r"Environment", &[("TEMP", Text(r"C:\Temp"))]),
    (r"Software\Microsoft\Windows\CurrentVersion\Run", &[]),
];
