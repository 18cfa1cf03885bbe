//! The loader's memory stays within a bound, whatever the file says.
//!
//! A test binary of its own, because it counts every allocation of its thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wdm_sim::loader::{Image, Inspection, MAX_IMAGE_SIZE};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(change: isize) {
    let live = LIVE.get() + change;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promises about both are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Peak of what the loader allocates for a file, in bytes.
fn peak(file: &[u8]) -> u64 {
    let before = LIVE.get();
    PEAK.set(before);
    drop(Image::parse("greedy.sys", file).map(|image| Inspection::of(&image)));
    (PEAK.get() - before) as u64
}

/// A PE32+ header with one section of `raw` and with `size_of_image`; `directories` are (index,
/// RVA, size).
fn image(size_of_image: u32, raw: &[u8], directories: &[(usize, u32, u32)]) -> Vec<u8> {
    let mut file = vec![0; 0x400];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    let word = |value: u32| value.to_le_bytes();
    put(0, b"MZ");
    put(0x3c, &word(0x40));
    put(0x40, b"PE\0\0");
    put(0x44, &word(0x1_8664)); // x86_64, one section
    put(0x54, &word(0x0022_00f0)); // characteristics, size of the optional header
    put(0x58, &word(0x20b));
    put(0x58 + 24, &0x1_4000_0000_u64.to_le_bytes());
    put(0x58 + 32, &word(0x1000));
    put(0x58 + 56, &word(size_of_image));
    put(0x58 + 60, &word(0x400));
    put(0x58 + 68, &word(1)); // native
    put(0x58 + 108, &word(16));
    for &(index, rva, size) in directories {
        put(0x58 + 112 + index * 8, &word(rva));
        put(0x58 + 116 + index * 8, &word(size));
    }
    let section = 0x58 + 0xf0;
    put(section, b".data");
    put(section + 8, &word(size_of_image.saturating_sub(0x1000)));
    put(section + 12, &word(0x1000));
    put(section + 16, &word(raw.len() as u32));
    put(section + 20, &word(0x400));
    put(section + 36, &word(0xc000_0040));
    file.extend_from_slice(raw);
    file
}

const MIB: u64 = 1024 * 1024;

#[test]
fn an_image_is_allocated_once() {
    let peak = peak(&image(MAX_IMAGE_SIZE as u32, &[0; 16], &[]));
    assert!(
        (MAX_IMAGE_SIZE..MAX_IMAGE_SIZE + MIB).contains(&peak),
        "{peak}"
    );
}

#[test]
fn a_size_above_the_limit_allocates_nothing() {
    assert!(peak(&image(u32::MAX, &[0; 16], &[])) < MIB);
    assert!(peak(&image(MAX_IMAGE_SIZE as u32 + 1, &[0; 16], &[])) < MIB);
}

#[test]
fn descriptors_that_share_one_long_table_are_bounded() {
    // Descriptors that all name the same lookup table, whose every entry names the same long name.
    let (name, table) = (0x1000 + 0x100_0000, 0x1000 + 0x80_0000);
    let mut raw = vec![0; 0x100_0000];
    for descriptor in raw[..0x10_0000].chunks_exact_mut(20) {
        descriptor[..4].copy_from_slice(&u32::to_le_bytes(table));
        descriptor[12..16].copy_from_slice(&u32::to_le_bytes(name));
        descriptor[16..20].copy_from_slice(&u32::to_le_bytes(0x1000));
    }
    for entry in raw[0x80_0000..].chunks_exact_mut(8) {
        entry.copy_from_slice(&u64::from(name).to_le_bytes());
    }
    let end = raw.len() - 8;
    raw[end..].fill(0);
    raw.extend([b'x'; 512]);
    raw.push(0);
    let file = image(0x200_0000, &raw, &[(1, 0x1000, 40)]);
    let refusal = Image::parse("a.sys", &file)
        .expect_err("too many")
        .to_string();
    assert!(refusal.contains("more than 16384 entries"), "{refusal}");
    let peak = peak(&file);
    assert!(peak < 32 * MIB + 16 * MIB, "{peak}");
}

#[test]
fn relocations_and_unwind_entries_are_bounded() {
    let mut raw = vec![0; 0x200_0000];
    let block = u32::to_le_bytes(raw.len() as u32);
    raw[4..8].copy_from_slice(&block);
    for entry in raw[8..].chunks_exact_mut(2) {
        entry.copy_from_slice(&0xa008_u16.to_le_bytes());
    }
    raw[..4].copy_from_slice(&0x1000_u32.to_le_bytes());
    let size = raw.len() as u32;
    let file = image(0x300_0000, &raw, &[(5, 0x1000, size)]);
    let refusal = Image::parse("a.sys", &file)
        .expect_err("too many")
        .to_string();
    assert!(refusal.contains("more than 1048576 entries"), "{refusal}");
    let relocated = peak(&file);
    assert!(relocated < 0x300_0000 + 16 * MIB, "{relocated}");

    for entry in raw.chunks_exact_mut(12) {
        entry[..4].copy_from_slice(&0x1000_u32.to_le_bytes());
        entry[4..8].copy_from_slice(&0x1001_u32.to_le_bytes());
        entry[8..].copy_from_slice(&0x1000_u32.to_le_bytes());
    }
    let file = image(0x300_0000, &raw, &[(3, 0x1000, 12 * 2_000_000)]);
    let refusal = Image::parse("a.sys", &file)
        .expect_err("too many")
        .to_string();
    assert!(refusal.contains("more than 1048576 entries"), "{refusal}");
    let unwound = peak(&file);
    assert!(unwound < 0x300_0000 + 16 * MIB, "{unwound}");
}
