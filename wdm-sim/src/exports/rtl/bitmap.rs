//! Bitmaps.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitializebitmap> and
//! its neighbours. A driver sees to it that nobody changes a bitmap while another uses it.

use wdm_sys::BOOLEAN;

use crate::exports::exports;

/// `RTL_BITMAP`: how many bits there are, and where.
#[repr(C)]
pub(super) struct Bitmap {
    size: u32,
    words: *mut u32,
}

/// What is found where nothing is.
const NONE: u32 = u32::MAX;

exports! {
    /// Initialises a bitmap; its bits stay as they are.
    [undeclared]
    fn RtlInitializeBitMap(bitmap: *mut Bitmap, words: *mut u32, size: u32) {
        // SAFETY: the caller gave memory for a bitmap; so for all routines here.
        unsafe { bitmap.write(Bitmap { size, words }) };
    }

    /// Sets a bit.
    [undeclared]
    fn RtlSetBit(bitmap: *mut Bitmap, bit: u32) {
        // SAFETY: as above.
        unsafe { fill(bitmap, bit, 1, true) };
    }

    /// Clears a bit.
    [undeclared]
    fn RtlClearBit(bitmap: *mut Bitmap, bit: u32) {
        // SAFETY: as above.
        unsafe { fill(bitmap, bit, 1, false) };
    }

    /// Whether a bit is set.
    [undeclared]
    fn RtlTestBit(bitmap: *mut Bitmap, bit: u32) -> BOOLEAN {
        // SAFETY: as above.
        BOOLEAN::from(unsafe { get(bitmap, bit) })
    }

    /// Sets all bits.
    [undeclared]
    fn RtlSetAllBits(bitmap: *mut Bitmap) {
        // SAFETY: as above.
        unsafe { fill(bitmap, 0, u32::MAX, true) };
    }

    /// Clears all bits.
    [undeclared]
    fn RtlClearAllBits(bitmap: *mut Bitmap) {
        // SAFETY: as above.
        unsafe { fill(bitmap, 0, u32::MAX, false) };
    }

    /// Sets `count` bits from `first` on.
    [undeclared]
    fn RtlSetBits(bitmap: *mut Bitmap, first: u32, count: u32) {
        // SAFETY: as above.
        unsafe { fill(bitmap, first, count, true) };
    }

    /// Clears `count` bits from `first` on.
    [undeclared]
    fn RtlClearBits(bitmap: *mut Bitmap, first: u32, count: u32) {
        // SAFETY: as above.
        unsafe { fill(bitmap, first, count, false) };
    }

    /// Whether `count` bits from `first` on are set.
    [undeclared]
    fn RtlAreBitsSet(bitmap: *mut Bitmap, first: u32, count: u32) -> BOOLEAN {
        // SAFETY: as above.
        BOOLEAN::from(count > 0 && unsafe { are(bitmap, first, count, true) })
    }

    /// Whether `count` bits from `first` on are clear.
    [undeclared]
    fn RtlAreBitsClear(bitmap: *mut Bitmap, first: u32, count: u32) -> BOOLEAN {
        // SAFETY: as above.
        BOOLEAN::from(count > 0 && unsafe { are(bitmap, first, count, false) })
    }

    /// How many bits are set.
    [undeclared]
    fn RtlNumberOfSetBits(bitmap: *mut Bitmap) -> u32 {
        // SAFETY: as above.
        unsafe { number(bitmap, true) }
    }

    /// How many bits are clear.
    [undeclared]
    fn RtlNumberOfClearBits(bitmap: *mut Bitmap) -> u32 {
        // SAFETY: as above.
        unsafe { number(bitmap, false) }
    }

    /// The first of `count` clear bits in a row, from a hint on and then from the beginning;
    /// 0xFFFFFFFF if there are none.
    [undeclared]
    fn RtlFindClearBits(bitmap: *mut Bitmap, count: u32, hint: u32) -> u32 {
        // SAFETY: as above.
        unsafe { find(bitmap, count, hint, false) }
    }

    /// The first of `count` set bits in a row, as for clear ones.
    [undeclared]
    fn RtlFindSetBits(bitmap: *mut Bitmap, count: u32, hint: u32) -> u32 {
        // SAFETY: as above.
        unsafe { find(bitmap, count, hint, true) }
    }

    /// Finds clear bits, and sets them.
    [undeclared]
    fn RtlFindClearBitsAndSet(bitmap: *mut Bitmap, count: u32, hint: u32) -> u32 {
        // SAFETY: as above.
        let found = unsafe { find(bitmap, count, hint, false) };
        if found != NONE {
            // SAFETY: as above.
            unsafe { fill(bitmap, found, count, true) };
        }
        found
    }

    /// Finds set bits, and clears them.
    [undeclared]
    fn RtlFindSetBitsAndClear(bitmap: *mut Bitmap, count: u32, hint: u32) -> u32 {
        // SAFETY: as above.
        let found = unsafe { find(bitmap, count, hint, true) };
        if found != NONE {
            // SAFETY: as above.
            unsafe { fill(bitmap, found, count, false) };
        }
        found
    }
}

/// # Safety
/// `bitmap` leads to a bitmap.
unsafe fn size(bitmap: *mut Bitmap) -> u32 {
    // SAFETY: by this function's contract.
    unsafe { (*bitmap).size }
}

/// # Safety
/// `bitmap` leads to a bitmap whose words are there.
unsafe fn get(bitmap: *mut Bitmap, bit: u32) -> bool {
    // SAFETY: by this function's contract.
    let Bitmap { size, words } = unsafe { bitmap.read() };
    if bit >= size {
        return false;
    }
    // SAFETY: as above; the bit is one of the bitmap's.
    let word = unsafe { words.wrapping_add(bit as usize / 32).read() };
    word >> (bit % 32) & 1 != 0
}

/// Sets or clears bits; those beyond the end are left alone.
///
/// # Safety
/// As for [`get`].
unsafe fn fill(bitmap: *mut Bitmap, first: u32, count: u32, value: bool) {
    // SAFETY: by this function's contract.
    let Bitmap { size, words } = unsafe { bitmap.read() };
    for bit in first..first.saturating_add(count).min(size) {
        let word = words.wrapping_add(bit as usize / 32);
        // SAFETY: as above; the bit is one of the bitmap's.
        let old = unsafe { word.read() };
        let mask = 1 << (bit % 32);
        // SAFETY: as above.
        unsafe { word.write(if value { old | mask } else { old & !mask }) };
    }
}

/// # Safety
/// As for [`get`].
unsafe fn are(bitmap: *mut Bitmap, first: u32, count: u32, value: bool) -> bool {
    // SAFETY: by this function's contract.
    let size = unsafe { size(bitmap) };
    let end = first.checked_add(count).filter(|&end| end <= size);
    // SAFETY: as above.
    end.is_some_and(|end| (first..end).all(|bit| unsafe { get(bitmap, bit) } == value))
}

/// # Safety
/// As for [`get`].
unsafe fn number(bitmap: *mut Bitmap, value: bool) -> u32 {
    // SAFETY: by this function's contract.
    let bits = 0..unsafe { size(bitmap) };
    // SAFETY: as above.
    bits.filter(|&bit| unsafe { get(bitmap, bit) } == value)
        .count() as u32
}

/// # Safety
/// As for [`get`].
unsafe fn find(bitmap: *mut Bitmap, count: u32, hint: u32, value: bool) -> u32 {
    // SAFETY: by this function's contract.
    let size = unsafe { size(bitmap) };
    let hint = if hint < size { hint } else { 0 };
    // What the hint asks for is looked for first.
    let mut places = (hint..size).chain(0..hint);
    // SAFETY: as above.
    places
        .find(|&first| unsafe { are(bitmap, first, count, value) })
        .unwrap_or(NONE)
}
