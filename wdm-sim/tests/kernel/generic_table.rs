//! Generic tables, of both kinds, against a model.

use std::collections::BTreeMap;
use std::ptr::{null_mut, with_exposed_provenance_mut};

use proptest::prelude::*;
use wdm_sim::Rule;
use wdm_sys::{NonPagedPool, PVOID};

use crate::support::{call, in_kernel, machine, only};

/// The routines for one kind.
macro_rules! kind {
    ($module:ident: $initialize:ident $insert:ident $delete:ident $lookup:ident $enumerate:ident
        $enumerate_without:ident $get:ident $number:ident $empty:ident) => {
        mod $module {
            use wdm_sys::PVOID;

            unsafe extern "system" {
                fn $initialize(
                    table: PVOID,
                    compare: PVOID,
                    allocate: PVOID,
                    free: PVOID,
                    context: PVOID,
                );
                fn $insert(table: PVOID, element: PVOID, size: u32, new: *mut u8) -> PVOID;
                fn $delete(table: PVOID, element: PVOID) -> u8;
                fn $lookup(table: PVOID, element: PVOID) -> PVOID;
                fn $enumerate(table: PVOID, restart: u8) -> PVOID;
                fn $enumerate_without(table: PVOID, key: *mut usize) -> PVOID;
                fn $get(table: PVOID, index: u32) -> PVOID;
                fn $number(table: PVOID) -> u32;
                fn $empty(table: PVOID) -> u8;
            }

            pub(super) const ROUTINES: super::Routines = super::Routines {
                initialize: $initialize,
                insert: $insert,
                delete: $delete,
                lookup: $lookup,
                enumerate: $enumerate,
                enumerate_without: $enumerate_without,
                get: $get,
                number: $number,
                empty: $empty,
            };
        }
    };
}

kind! {
    avl: RtlInitializeGenericTableAvl RtlInsertElementGenericTableAvl
        RtlDeleteElementGenericTableAvl RtlLookupElementGenericTableAvl
        RtlEnumerateGenericTableAvl RtlEnumerateGenericTableWithoutSplayingAvl
        RtlGetElementGenericTableAvl RtlNumberGenericTableElementsAvl
        RtlIsGenericTableEmptyAvl
}
kind! {
    splay: RtlInitializeGenericTable RtlInsertElementGenericTable
        RtlDeleteElementGenericTable RtlLookupElementGenericTable
        RtlEnumerateGenericTable RtlEnumerateGenericTableWithoutSplaying
        RtlGetElementGenericTable RtlNumberGenericTableElements
        RtlIsGenericTableEmpty
}

#[derive(Clone, Copy)]
struct Routines {
    initialize: unsafe extern "system" fn(PVOID, PVOID, PVOID, PVOID, PVOID),
    insert: unsafe extern "system" fn(PVOID, PVOID, u32, *mut u8) -> PVOID,
    delete: unsafe extern "system" fn(PVOID, PVOID) -> u8,
    lookup: unsafe extern "system" fn(PVOID, PVOID) -> PVOID,
    enumerate: unsafe extern "system" fn(PVOID, u8) -> PVOID,
    enumerate_without: unsafe extern "system" fn(PVOID, *mut usize) -> PVOID,
    get: unsafe extern "system" fn(PVOID, u32) -> PVOID,
    number: unsafe extern "system" fn(PVOID) -> u32,
    empty: unsafe extern "system" fn(PVOID) -> u8,
}

const KINDS: [Routines; 2] = [avl::ROUTINES, splay::ROUTINES];

/// A key and a value; the key counts.
type Element = [u32; 2];

unsafe extern "system" fn compare(_: PVOID, a: *const Element, b: *const Element) -> i32 {
    // SAFETY: the table passes elements.
    let a = unsafe { (*a)[0] };
    // SAFETY: as above.
    let b = unsafe { (*b)[0] };
    match a.cmp(&b) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Greater => 1,
        std::cmp::Ordering::Equal => 2,
    }
}

unsafe extern "system" fn allocate(_: PVOID, size: u32) -> PVOID {
    call!(ExAllocatePoolWithTag(NonPagedPool, size.into(), 1))
}

unsafe extern "system" fn free(_: PVOID, block: PVOID) {
    call!(ExFreePoolWithTag(block, 1));
}

struct Table {
    memory: Box<[u64; 16]>,
    routines: Routines,
}

/// Calls a routine for a table that lives.
macro_rules! on {
    ($table:ident.$routine:ident($($argument:expr),*)) => {{
        let place: PVOID = $table.memory.as_mut_ptr().cast();
        // SAFETY: the table and the arguments live as long as the call.
        unsafe { ($table.routines.$routine)(place, $($argument),*) }
    }};
}

impl Table {
    fn new(routines: Routines) -> Self {
        let mut table = Self {
            memory: Box::new([0; 16]),
            routines,
        };
        let functions = [
            compare as *const (),
            allocate as *const (),
            free as *const (),
        ];
        let [compare, allocate, free] =
            functions.map(|it| with_exposed_provenance_mut(it.expose_provenance()));
        on!(table.initialize(compare, allocate, free, null_mut()));
        table
    }

    fn insert(&mut self, mut element: Element) -> (Element, bool) {
        let mut new = 7;
        let found = on!(self.insert((&raw mut element).cast(), 8, &raw mut new));
        (read(found).expect("there is memory"), new == 1)
    }

    fn delete(&mut self, key: u32) -> bool {
        let mut key = [key, 0];
        on!(self.delete((&raw mut key).cast())) == 1
    }

    fn lookup(&mut self, key: u32) -> Option<Element> {
        let mut key = [key, 0];
        read(on!(self.lookup((&raw mut key).cast())))
    }

    fn all(&mut self) -> Vec<Element> {
        let mut key = 0;
        std::iter::from_fn(|| read(on!(self.enumerate_without(&raw mut key)))).collect()
    }
}

fn read(element: PVOID) -> Option<Element> {
    let element = element.cast::<Element>();
    // SAFETY: null, or an element of a table.
    (!element.is_null()).then(|| unsafe { element.read() })
}

proptest! {
    // Each case builds two machines.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_table_is_a_sorted_map(changes in prop::collection::vec((any::<bool>(), 0..16_u32, any::<u32>()), 0..60)) {
        for routines in KINDS {
            let machine = machine();
            in_kernel(&machine, || {
                let mut model = BTreeMap::new();
                let mut table = Table::new(routines);
                for (insert, key, value) in changes.iter().copied() {
                    if insert {
                        let new = !model.contains_key(&key);
                        let value = *model.entry(key).or_insert(value);
                        assert_eq!(table.insert([key, value]), ([key, value], new));
                    } else {
                        assert_eq!(table.delete(key), model.remove(&key).is_some());
                    }
                    assert_eq!(table.lookup(key), model.get(&key).map(|&value| [key, value]));
                }
                let all: Vec<Element> = model.iter().map(|(&key, &value)| [key, value]).collect();
                assert_eq!(table.all(), all);
                assert_eq!(on!(table.number()) as usize, all.len());
                assert_eq!(on!(table.empty()) == 1, all.is_empty());
                assert_eq!(read(on!(table.get(1))), all.get(1).copied());
                // Elements can go while they are enumerated.
                let mut seen = Vec::new();
                let mut next = read(on!(table.enumerate(1)));
                while let Some(element) = next {
                    seen.push(element);
                    assert!(table.delete(element[0]));
                    next = read(on!(table.enumerate(0)));
                }
                assert_eq!(seen, all);
            });
            let report = machine.report();
            prop_assert_eq!(report.findings, []);
            prop_assert_eq!(report.counters.pool_allocations, report.counters.pool_frees);
        }
    }
}

#[test]
fn a_table_that_was_not_initialised_is_found() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut table = Table {
            memory: Box::new([0; 16]),
            routines: avl::ROUTINES,
        };
        assert_eq!(table.lookup(1), None);
    });
    only(
        &machine.report().findings,
        Rule::Parameter,
        "RtlLookupElementGenericTableAvl",
    );
}

#[test]
fn without_memory_nothing_is_inserted() {
    let machine = machine();
    machine.fail_allocation(1);
    in_kernel(&machine, || {
        let mut table = Table::new(avl::ROUTINES);
        let mut element = [1, 2];
        let mut new = 7;
        assert!(on!(table.insert((&raw mut element).cast(), 8, &raw mut new)).is_null());
        assert_eq!((new, table.lookup(1)), (0, None));
    });
}
