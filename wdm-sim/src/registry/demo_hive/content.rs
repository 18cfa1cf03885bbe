//! The keys of the demo hive, other than its services.

use super::Data::{Binary, Dword, Expand, Multi, Text};
use super::Values;

/// Keys beside the control sets.
pub(super) const MACHINE: &[(&str, Values)] = &[
    (
        "MountedDevices",
        &[(r"\DosDevices\C:", Binary(b"DMIO:ID:demo-disk-0001"))],
    ),
    (
        "Setup",
        &[
            ("SystemSetupInProgress", Dword(0)),
            ("SetupType", Dword(0)),
            ("CmdLine", Text("")),
        ],
    ),
    (
        r"Setup\Status\SysprepStatus",
        &[("GeneralizationState", Dword(7))],
    ),
    (r"WPA\Demo", &[]),
];

/// `Control`, `Enum` and `Hardware Profiles` of a control set.
pub(super) const CONTROL: &[(&str, Values)] = &[
    (
        "Control",
        &[
            ("CurrentUser", Text("USERNAME")),
            ("PreshutdownOrder", Multi(&["LanternUpdate", "HearthHost"])),
            (
                "SystemBootDevice",
                Text("multi(0)disk(0)rdisk(0)partition(1)"),
            ),
            ("SystemStartOptions", Text(" NOEXECUTE=OPTIN")),
            ("WaitToKillServiceTimeout", Text("5000")),
        ],
    ),
    (
        r"Control\Class\{5d1c6e10-0001-4a7e-9c11-0d0e0a0d0e01}",
        &[
            ("Class", Text("DemoBus")),
            ("ClassDesc", Text("Demo bus devices")),
        ],
    ),
    (
        r"Control\Class\{5d1c6e10-0001-4a7e-9c11-0d0e0a0d0e01}\0000",
        &[
            ("DriverDesc", Text("Willow bus enumerator")),
            ("DriverVersion", Text("1.4.2.0")),
            ("ProviderName", Text("Demo Devices")),
        ],
    ),
    (
        r"Control\Class\{5d1c6e10-0002-4a7e-9c11-0d0e0a0d0e02}",
        &[
            ("Class", Text("DemoDisk")),
            ("UpperFilters", Multi(&["PebbleShadow"])),
            ("LowerFilters", Multi(&["PebbleTrace"])),
        ],
    ),
    (
        r"Control\Class\{5d1c6e10-0002-4a7e-9c11-0d0e0a0d0e02}\0000",
        &[
            ("DriverDesc", Text("Pebble disk")),
            ("DriverDateData", Binary(&[0, 0x40, 1, 0x9C])),
        ],
    ),
    (r"Control\CoDeviceInstallers", &[]),
    (
        r"Control\ComputerName\ActiveComputerName",
        &[("ComputerName", Text("DEMO-MACHINE"))],
    ),
    (
        r"Control\ComputerName\ComputerName",
        &[("ComputerName", Text("DEMO-MACHINE"))],
    ),
    (
        r"Control\CrashControl",
        &[
            ("AutoReboot", Dword(1)),
            ("CrashDumpEnabled", Dword(7)),
            ("DumpFile", Expand(r"%SystemRoot%\MEMORY.DMP")),
        ],
    ),
    (
        r"Control\DeviceClasses\{0a1b2c3d-1111-4222-8333-445566778899}\##?#DEMO#Willow#0000",
        &[],
    ),
    (
        r"Control\FileSystem",
        &[
            ("LongPathsEnabled", Dword(1)),
            ("SymlinkLocalToLocalEvaluation", Dword(1)),
        ],
    ),
    (r"Control\GraphicsDrivers\Configuration", &[]),
    (
        r"Control\GroupOrderList",
        &[("Filter", Binary(&[2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]))],
    ),
    (
        r"Control\hivelist",
        &[(
            r"\REGISTRY\MACHINE\SYSTEM",
            Text(r"\Device\DemoVolume1\demo\SYSTEM"),
        )],
    ),
    (
        r"Control\Keyboard Layouts\00000409",
        &[("Layout Text", Text("US"))],
    ),
    (
        r"Control\Keyboard Layouts\00000809",
        &[("Layout Text", Text("United Kingdom"))],
    ),
    (
        r"Control\Lsa",
        &[
            ("Authentication Packages", Multi(&["demo1_0"])),
            ("LimitBlankPasswordUse", Dword(1)),
            ("SecureBoot", Dword(1)),
        ],
    ),
    (
        r"Control\Lsa\Audit",
        &[("Bounds", Binary(&[0, 0x30, 0, 0, 0, 0x20, 0, 0]))],
    ),
    (r"Control\MediaResources\Joystick", &[]),
    (
        r"Control\Nls\CodePage",
        &[("ACP", Text("1252")), ("OEMCP", Text("437"))],
    ),
    (
        r"Control\Nls\Language",
        &[("Default", Text("0409")), ("InstallLanguage", Text("0409"))],
    ),
    (
        r"Control\Power",
        &[("HibernateEnabled", Dword(0)), ("CsEnabled", Dword(0))],
    ),
    (
        r"Control\Power\PowerSettings\Demo",
        &[("Attributes", Dword(2))],
    ),
    (r"Control\Print\Environments\Demo x64\Drivers", &[]),
    (
        r"Control\PriorityControl",
        &[("Win32PrioritySeparation", Dword(2))],
    ),
    (
        r"Control\ProductOptions",
        &[("ProductType", Text("WinNT")), ("ProductSuite", Multi(&[]))],
    ),
    (
        r"Control\SafeBoot\Minimal\PebbleDisk.sys",
        &[("", Text("Driver"))],
    ),
    (
        r"Control\SafeBoot\Minimal\WillowBus.sys",
        &[("", Text("Driver"))],
    ),
    (
        r"Control\SafeBoot\Network\BrookNet.sys",
        &[("", Text("Driver"))],
    ),
    (
        r"Control\ServiceGroupOrder",
        &[(
            "List",
            Multi(&[
                "System Reserved",
                "Boot Bus Extender",
                "Filter",
                "Base",
                "Network",
            ]),
        )],
    ),
    (
        r"Control\Session Manager",
        &[("BootExecute", Multi(&["autocheck autochk *"]))],
    ),
    (
        r"Control\Session Manager\DOS Devices",
        &[("AUX", Text(r"\DosDevices\COM1"))],
    ),
    (
        r"Control\Session Manager\Environment",
        &[
            ("ComSpec", Expand(r"%SystemRoot%\system32\cmd.exe")),
            ("OS", Text("Windows_NT")),
            ("Path", Expand(r"%SystemRoot%\system32;%SystemRoot%")),
        ],
    ),
    (
        r"Control\Session Manager\Memory Management",
        &[
            ("ClearPageFileAtShutdown", Dword(0)),
            ("PagingFiles", Multi(&[r"?:\pagefile.sys"])),
        ],
    ),
    (
        r"Control\Session Manager\Memory Management\PrefetchParameters",
        &[("EnablePrefetcher", Dword(3))],
    ),
    (
        r"Control\Session Manager\Power",
        &[("HiberbootEnabled", Dword(0))],
    ),
    (
        r"Control\Session Manager\SubSystems",
        &[("Required", Multi(&["Debug", "Windows"]))],
    ),
    (
        r"Control\TimeZoneInformation",
        &[
            ("ActiveTimeBias", Dword(0)),
            ("Bias", Dword(0)),
            ("TimeZoneKeyName", Text("UTC")),
        ],
    ),
    (
        r"Control\Windows",
        &[
            ("CSDVersion", Dword(0)),
            ("ShutdownTime", Binary(&[0, 1, 2, 3, 4, 5, 6, 7])),
        ],
    ),
    (
        r"Control\WMI\Autologger\DemoTrace",
        &[("Enabled", Dword(1)), ("FlushTimer", Dword(1))],
    ),
    (
        r"Enum\DEMO\Willow\0000",
        &[
            ("DeviceDesc", Text("Willow bus")),
            ("Service", Text("WillowBus")),
        ],
    ),
    (
        r"Enum\DEMO\Willow\0000\Device Parameters",
        &[("Lanes", Dword(4))],
    ),
    (
        r"Enum\ROOT\PebbleDisk\0000",
        &[
            ("DeviceDesc", Text("Pebble disk")),
            ("Service", Text("PebbleDisk")),
        ],
    ),
    (
        r"Enum\ROOT\BrookNet\0000",
        &[
            ("DeviceDesc", Text("Brook adapter")),
            ("Service", Text("BrookNet")),
        ],
    ),
    (r"Hardware Profiles\0001\System\CurrentControlSet", &[]),
];
