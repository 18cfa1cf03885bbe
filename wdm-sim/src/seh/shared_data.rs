//! The page that the kernel shares with programs, read only (`KUSER_SHARED_DATA`). Drivers know its
//! address, and functions of the headers read the time there.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/ns-ntddk-kuser_shared_data>.
//! What is not listed here is zero.

use crate::exports::time::{FREQUENCY, TICK, interrupt_time};
use crate::machine::Kernel;
use crate::registry::system_time;

/// Where drivers find it.
const ADDRESS: u64 = 0xFFFF_F780_0000_0000;
const PAGE: usize = 4096;

/// Offsets of fields.
mod field {
    pub(super) const TICK_COUNT_MULTIPLIER: usize = 0x004;
    pub(super) const INTERRUPT_TIME: usize = 0x008;
    pub(super) const SYSTEM_TIME: usize = 0x014;
    pub(super) const IMAGE_NUMBERS: usize = 0x02C;
    pub(super) const NT_SYSTEM_ROOT: usize = 0x030;
    pub(super) const NT_BUILD_NUMBER: usize = 0x260;
    pub(super) const NT_PRODUCT_TYPE: usize = 0x264;
    pub(super) const PRODUCT_TYPE_IS_VALID: usize = 0x268;
    pub(super) const NT_MAJOR_VERSION: usize = 0x26C;
    pub(super) const NT_MINOR_VERSION: usize = 0x270;
    pub(super) const QPC_FREQUENCY: usize = 0x300;
    pub(super) const TICK_COUNT: usize = 0x320;
    pub(super) const ACTIVE_PROCESSOR_COUNT: usize = 0x3C0;
}

/// 100 ns units in a millisecond.
const UNITS_PER_MILLISECOND: u64 = 10_000;
/// `IMAGE_FILE_MACHINE_AMD64`, the lowest and the highest.
const AMD64: u32 = 0x8664_8664;
/// `NtProductWinNt`.
const WORKSTATION: u32 = 1;

/// The number of `size` bytes, up to eight, at an address of the page; `None` outside of it.
pub(super) fn read(kernel: &Kernel, address: u64, size: usize) -> Option<u64> {
    let offset = usize::try_from(address.checked_sub(ADDRESS)?).ok()?;
    if size > 8 || offset.checked_add(size)? > PAGE {
        return None;
    }
    let mut value = [0; 8];
    value[..size].copy_from_slice(&page(kernel)[offset..offset + size]);
    Some(u64::from_le_bytes(value))
}

fn page(kernel: &Kernel) -> [u8; PAGE] {
    let (major, minor, build) = kernel.profile.version();
    let time = interrupt_time();
    let mut page = [0; PAGE];
    let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
    let numbers = [
        // A tick in milliseconds, times 2 to the 24th.
        (
            field::TICK_COUNT_MULTIPLIER,
            ((u64::from(TICK) << 24) / UNITS_PER_MILLISECOND) as u32,
        ),
        (field::IMAGE_NUMBERS, AMD64),
        (field::NT_BUILD_NUMBER, build),
        (field::NT_PRODUCT_TYPE, WORKSTATION),
        (field::PRODUCT_TYPE_IS_VALID, 1),
        (field::NT_MAJOR_VERSION, major),
        (field::NT_MINOR_VERSION, minor),
        (field::ACTIVE_PROCESSOR_COUNT, 1),
    ];
    for (at, number) in numbers {
        put(at, &number.to_le_bytes());
    }
    // A time is its lower half, and its upper half twice.
    let times = [
        (field::INTERRUPT_TIME, time),
        (field::SYSTEM_TIME, system_time()),
        (field::TICK_COUNT, time / u64::from(TICK)),
    ];
    for (at, time) in times {
        put(at, &time.to_le_bytes());
        put(at + 8, &time.to_le_bytes()[4..]);
    }
    put(field::QPC_FREQUENCY, &FREQUENCY.to_le_bytes());
    let root: Vec<u8> = r"C:\Windows"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    put(field::NT_SYSTEM_ROOT, &root);
    page
}
