//! Any bytes at all: the loader returns, within its bounds, and speaks in one line.

use std::ptr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::Driver;
use crate::loader::{Image, Inspection, LoadError, LoadOptions, MAX_IMAGE_SIZE, Module};

/// Parses, inspects and maps; runs nothing.
fn exercise(bytes: &[u8]) -> Result<(), LoadError> {
    let image = Image::parse("any.sys", bytes)?;
    assert!(image.size() as u64 <= MAX_IMAGE_SIZE);
    let summary = Inspection::of(&image);
    let options = LoadOptions {
        allow_writable_code: true,
    };
    let module = Module::load(&image, options, &|_, _| Some(ptr::dangling()))?;
    assert_eq!(summary.not_loadable, None);
    for rva in [0, 0x1000, 0x1001, module.size() - 1, module.size()] {
        let address = module.base() + rva;
        assert_eq!(module.contains(address), module.locate(address).is_some());
        let _ = module.function_at(address);
    }
    Ok(())
}

fn check(bytes: &[u8]) {
    if let Err(error) = exercise(bytes) {
        let message = error.to_string();
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_handled(bytes in vec(any::<u8>(), 0..2048)) {
        check(&bytes);
    }

    #[test]
    fn arbitrary_bytes_after_sound_headers_are_handled(bytes in vec(any::<u8>(), 0..4096)) {
        let mut file = Driver::with_everything().build();
        let start = 0x400.min(file.len());
        for (old, new) in file[start..].iter_mut().zip(bytes) {
            *old = new;
        }
        check(&file);
    }

    #[test]
    fn mutated_images_are_handled(
        // Most of what matters is in the first bytes of the headers and of each section.
        changes in vec((any::<prop::sample::Index>(), 0..96_usize, any::<u8>()), 1..8),
        interesting in vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            0_u32, 1, 7, 0xfff, 0x1000, 0x6fff, 0x7000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
        ])), 0..4),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut file = Driver::with_everything().build();
        let blocks = file.len() / 0x200;
        for (block, offset, value) in changes {
            file[block.index(blocks) * 0x200 + offset] = value;
        }
        for (word, value) in interesting {
            let at = word.index(0x400 / 4) * 4;
            file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        check(&file);
    }
}
