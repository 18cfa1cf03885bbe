//! Sequences of calls that nobody thought of: from fixed seeds, over few names, so that they meet.
//!
//! Keys are not renamed: Wine 8.0 loses the sibling of one that moves up one place in the order of
//! names, and its server dies of that later. No case has such a rename.

use registry_probe::Call;

use super::{
    ALL, CASE_INSENSITIVE, CREATE_LINK, Case, OPEN_LINK, READ, REG_BINARY, REG_LINK, Script,
    VOLATILE, bytes,
};

const SEEDS: u64 = 40;
const LENGTH: usize = 150;

pub(super) fn cases() -> Vec<Case> {
    let case = |seed| {
        Script::case(&format!("random/{seed}"), |s| {
            let mut random = Random(seed);
            for _ in 0..LENGTH {
                step(s, &mut random);
            }
        })
    };
    (1..=SEEDS).map(case).collect()
}

/// Steele, Lea and Flood's SplitMix64: the same numbers everywhere and always.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u32 {
        (self.next() % end) as u32
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

fn step(s: &mut Script, random: &mut Random) {
    let slot = random.below(6);
    // The case's own key stays as it is.
    let other = 1 + random.below(5);
    let name = random.pick(&["a", "B", "b", "cc", r"a\b", r"B\cc", r"a\b\cc", "link", ""]);
    // Names of an even length and data: else each answer differs by what aligns the data.
    let value = random.pick(&["xx", "XX", "yyyy", "Zz", ""]);
    match random.below(24) {
        0..=4 => {
            let options = random.pick(&[0, 0, 0, VOLATILE]);
            let access = random.pick(&[ALL, ALL, ALL, READ]);
            s.create_with(
                other,
                Some(slot),
                name,
                access,
                CASE_INSENSITIVE,
                options,
                None,
            );
        }
        5..=6 => {
            let access = random.pick(&[ALL, ALL, READ]);
            let attributes = random.pick(&[CASE_INSENSITIVE, CASE_INSENSITIVE | OPEN_LINK]);
            s.open_with(other, Some(slot), name, access, attributes);
        }
        7 => s.close(other),
        8..=9 => s.delete(other),
        10 => s.flush(slot),
        11..=13 => {
            let size = random.pick(&[1, 4, 7]);
            let data: Vec<u8> = (0..size).map(|_| random.next() as u8).collect();
            s.set(slot, value, REG_BINARY, &data);
        }
        14 => s.delete_value(slot, value),
        15..=16 => s.query(slot, value),
        17..=18 => {
            let index = random.below(4);
            s.enumerate(slot, index);
        }
        19 => {
            let class = random.pick(&[0, 2, 3, 4]);
            s.query_key(slot, class);
        }
        20 => {
            let size = random.below(40);
            s.push(Call::QueryValueKey {
                slot,
                // Wine answers in the case that it is asked in.
                name: random.pick(&["yyyy", "Zz", ""]).into(),
                class: random.pick(&[0, 1, 2]),
                size,
            });
        }
        21 => s.create_option(other, slot, "link", CREATE_LINK),
        _ => {
            let target = random.pick(&["a", "b", r"a\b", "link"]);
            let target = format!(r"{}\{target}", s.path());
            s.set(other, "SymbolicLinkValue", REG_LINK, &bytes(&target));
        }
    }
}
