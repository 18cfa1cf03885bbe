//! Bitmaps.

use std::ptr::null_mut;

use proptest::prelude::*;

use crate::support::on;

#[repr(C)]
struct Bitmap {
    size: u32,
    words: *mut u32,
}

unsafe extern "system" {
    fn RtlInitializeBitMap(bitmap: *mut Bitmap, words: *mut u32, size: u32);
    fn RtlSetBits(bitmap: *mut Bitmap, first: u32, count: u32);
    fn RtlClearBits(bitmap: *mut Bitmap, first: u32, count: u32);
    fn RtlTestBit(bitmap: *mut Bitmap, bit: u32) -> u8;
    fn RtlNumberOfSetBits(bitmap: *mut Bitmap) -> u32;
    fn RtlFindClearBitsAndSet(bitmap: *mut Bitmap, count: u32, hint: u32) -> u32;
    fn RtlAreBitsClear(bitmap: *mut Bitmap, first: u32, count: u32) -> u8;
}

proptest! {
    #[test]
    fn a_bitmap_is_a_row_of_bits(
        size in 1..80_u32,
        changes in prop::collection::vec((any::<bool>(), 0..90_u32, 0..40_u32), 0..8),
        count in 1..20_u32,
        hint in 0..90_u32,
    ) {
        let mut words = [0_u32; 3];
        let mut bitmap = Bitmap { size: 0, words: null_mut() };
        let bitmap = &raw mut bitmap;
        on!(RtlInitializeBitMap(bitmap, words.as_mut_ptr(), size));
        let mut model = vec![false; size as usize];
        for (set, first, count) in changes {
            match set {
                true => on!(RtlSetBits(bitmap, first, count)),
                false => on!(RtlClearBits(bitmap, first, count)),
            }
            let bits = model.iter_mut().skip(first as usize).take(count as usize);
            bits.for_each(|bit| *bit = set);
        }
        let bits: Vec<bool> = (0..size).map(|bit| on!(RtlTestBit(bitmap, bit)) == 1).collect();
        prop_assert_eq!(&bits, &model);
        let set = model.iter().filter(|&&bit| bit).count();
        prop_assert_eq!(on!(RtlNumberOfSetBits(bitmap)) as usize, set);
        let fits = |first: usize| {
            let row = model.get(first..first + count as usize);
            row.is_some_and(|row| !row.contains(&true))
        };
        let hint_counts = if hint < size { hint as usize } else { 0 };
        let places = (hint_counts..size as usize).chain(0..hint_counts);
        let expected = places.into_iter().find(|&first| fits(first));
        let found = on!(RtlFindClearBitsAndSet(bitmap, count, hint));
        prop_assert_eq!(found, expected.map_or(u32::MAX, |first| first as u32));
        if found != u32::MAX {
            prop_assert_eq!(on!(RtlAreBitsClear(bitmap, found, 1)), 0);
            prop_assert_eq!(on!(RtlNumberOfSetBits(bitmap)) as usize, set + count as usize);
        }
    }
}
