//! The services and drivers of the demo hive.

use super::Data::{Binary, Dword, Expand, Multi, Text};
use super::{Kind, PLAIN, Service, Start};

pub(super) const SERVICES: &[Service] = &[
    Service {
        name: "AcornEntropy",
        start: Start::Boot,
        display: "Acorn entropy source",
        group: "Base",
        parameters: &[("PoolBytes", Dword(4096))],
        ..PLAIN
    },
    Service {
        name: "BrookNet",
        start: Start::System,
        display: "Brook network adapter",
        group: "Network",
        depends_on: &["WillowBus"],
        parameters: &[
            ("Mtu", Dword(1500)),
            ("Address", Binary(&[2, 0, 0, 0, 0, 1])),
        ],
        ..PLAIN
    },
    Service {
        name: "BrookFilter",
        display: "Brook packet filter",
        group: "Network",
        depends_on: &["BrookNet"],
        parameters: &[("Mode", Text("observe"))],
        ..PLAIN
    },
    Service {
        name: "CedarFs",
        kind: Kind::FileSystemDriver,
        start: Start::System,
        display: "Cedar file system",
        group: "File system",
        parameters: &[("CacheMegabytes", Dword(64))],
        ..PLAIN
    },
    Service {
        name: "CedarScan",
        kind: Kind::FileSystemDriver,
        start: Start::Boot,
        display: "Cedar file scanner",
        group: "FSFilter Anti-Virus",
        depends_on: &["FltMgr"],
        altitude: "329990.5",
        parameters: &[("Excluded", Multi(&[r"C:\Build", r"C:\Cache"]))],
    },
    Service {
        name: "CedarVault",
        kind: Kind::FileSystemDriver,
        display: "Cedar encrypted folders",
        group: "FSFilter Encryption",
        depends_on: &["FltMgr", "AcornEntropy"],
        altitude: "149990.25",
        ..PLAIN
    },
    Service {
        name: "DuskDisplay",
        start: Start::System,
        display: "Dusk display",
        group: "Video",
        ..PLAIN
    },
    Service {
        name: "EmberSensor",
        display: "Ember temperature sensor",
        parameters: &[("LimitCelsius", Dword(95)), ("Label", Text("Package"))],
        ..PLAIN
    },
    Service {
        name: "FltMgr",
        kind: Kind::FileSystemDriver,
        start: Start::Boot,
        display: "Filter manager",
        group: "FSFilter Infrastructure",
        ..PLAIN
    },
    Service {
        name: "GorseKeyGuard",
        start: Start::Boot,
        display: "Gorse registry guard",
        group: "Filter",
        altitude: "389990.5",
        parameters: &[
            (
                "ProtectedKeys",
                Multi(&[r"\REGISTRY\MACHINE\SYSTEM\Setup", r"\REGISTRY\MACHINE\SAM"]),
            ),
            ("Audit", Dword(1)),
        ],
        ..PLAIN
    },
    Service {
        name: "GorseKeyTrace",
        display: "Gorse registry trace",
        group: "Filter",
        altitude: "369990",
        parameters: &[("RingEntries", Dword(65_536))],
        ..PLAIN
    },
    Service {
        name: "HearthHost",
        kind: Kind::ShareProcess,
        start: Start::Auto,
        display: "Hearth service host",
        parameters: &[(
            "ServiceDll",
            Expand(r"%SystemRoot%\System32\hearthhost.dll"),
        )],
        ..PLAIN
    },
    Service {
        name: "IvyClock",
        start: Start::Boot,
        display: "Ivy clock",
        group: "Base",
        ..PLAIN
    },
    Service {
        name: "JuniperPrint",
        kind: Kind::OwnProcess,
        start: Start::Auto,
        display: "Juniper print queue",
        depends_on: &["HearthHost"],
        parameters: &[("SpoolDirectory", Expand(r"%SystemRoot%\System32\juniper"))],
        ..PLAIN
    },
    Service {
        name: "KelpUsb",
        display: "Kelp serial bus controller",
        group: "Base",
        ..PLAIN
    },
    Service {
        name: "KelpInput",
        display: "Kelp input devices",
        depends_on: &["KelpUsb"],
        ..PLAIN
    },
    Service {
        name: "LanternUpdate",
        kind: Kind::OwnProcess,
        start: Start::Auto,
        display: "Lantern update service",
        depends_on: &["HearthHost", "BrookNet"],
        parameters: &[("IntervalHours", Dword(24)), ("Channel", Text("stable"))],
        ..PLAIN
    },
    Service {
        name: "MossTelemetry",
        kind: Kind::ShareProcess,
        start: Start::Disabled,
        display: "Moss telemetry",
        parameters: &[(
            "ServiceDll",
            Expand(r"%SystemRoot%\System32\mosstelemetry.dll"),
        )],
        ..PLAIN
    },
    Service {
        name: "NettleNull",
        start: Start::System,
        display: "Nettle null device",
        ..PLAIN
    },
    Service {
        name: "OspreyAudio",
        display: "Osprey audio",
        group: "Audio",
        ..PLAIN
    },
    Service {
        name: "PebbleDisk",
        start: Start::Boot,
        display: "Pebble disk",
        group: "Base",
        parameters: &[("SectorBytes", Dword(4096))],
        ..PLAIN
    },
    Service {
        name: "PebbleShadow",
        start: Start::Boot,
        display: "Pebble snapshots",
        group: "Filter",
        depends_on: &["PebbleDisk"],
        ..PLAIN
    },
    Service {
        name: "PebbleTrace",
        display: "Pebble request trace",
        group: "Filter",
        ..PLAIN
    },
    Service {
        name: "ReedTime",
        kind: Kind::ShareProcess,
        display: "Reed time synchronization",
        depends_on: &["BrookNet"],
        parameters: &[("Peers", Multi(&["time.example.org", "time.example.net"]))],
        ..PLAIN
    },
    Service {
        name: "SorrelHypervisor",
        start: Start::Disabled,
        display: "Sorrel hypervisor",
        ..PLAIN
    },
    Service {
        name: "WillowBus",
        start: Start::Boot,
        display: "Willow bus enumerator",
        group: "Boot Bus Extender",
        parameters: &[("Lanes", Dword(4))],
        ..PLAIN
    },
];
