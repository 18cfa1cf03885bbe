//! Generic tables: elements of a driver's, in the order of its own comparison.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlinitializegenerictableavl>
//! and its neighbours. The two kinds, splay trees and AVL trees, differ in their structures only. A
//! driver sees to it that nobody changes a table while another uses it.

use std::mem::offset_of;
use std::ptr::{null_mut, with_exposed_provenance_mut};
use std::sync::Arc;

use wdm_sys::{BOOLEAN, PVOID};

use crate::call::{self, Code};
use crate::exports::exports;
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

/// The bytes in front of an element: `RTL_BALANCED_LINKS`; `RTL_SPLAY_LINKS` and a list entry.
const AVL_HEADER: u32 = 0x20;
const SPLAY_HEADER: u32 = 0x28;

/// `GenericLessThan`, `GenericGreaterThan`.
const LESS: i32 = 0;
const GREATER: i32 = 1;

/// The functions and the context of a table, which both kinds end with.
#[repr(C)]
#[derive(Clone, Copy)]
struct Routines {
    compare: usize,
    allocate: usize,
    free: usize,
    context: usize,
}

/// `RTL_AVL_TABLE`.
#[repr(C)]
struct AvlTable {
    _root: [usize; 4],
    _ordered: usize,
    _which: u32,
    count: u32,
    _depth: u32,
    _restart: usize,
    _deletions: u32,
    routines: Routines,
}

/// `RTL_GENERIC_TABLE`.
#[repr(C)]
struct SplayTable {
    _root: usize,
    _list: [usize; 2],
    _ordered: usize,
    _which: u32,
    count: u32,
    routines: Routines,
}

const _: () = {
    assert!(offset_of!(AvlTable, count) == 0x2C);
    assert!(offset_of!(AvlTable, routines) == 0x48);
    assert!(size_of::<AvlTable>() == 0x68);
    assert!(offset_of!(SplayTable, count) == 0x24);
    assert!(offset_of!(SplayTable, routines) == 0x28);
    assert!(size_of::<SplayTable>() == 0x48);
};

/// What kind of table a routine is for.
#[derive(Clone, Copy)]
struct Kind {
    size: usize,
    count: usize,
    routines: usize,
    header: u32,
}

const AVL: Kind = Kind {
    size: size_of::<AvlTable>(),
    count: offset_of!(AvlTable, count),
    routines: offset_of!(AvlTable, routines),
    header: AVL_HEADER,
};

const SPLAY: Kind = Kind {
    size: size_of::<SplayTable>(),
    count: offset_of!(SplayTable, count),
    routines: offset_of!(SplayTable, routines),
    header: SPLAY_HEADER,
};

/// Defines the routines for one kind of table.
macro_rules! tables {
    ($(
        $kind:ident:
        $initialize:ident $insert:ident $delete:ident $lookup:ident $enumerate:ident
        $enumerate_without:ident $get:ident $number:ident $empty:ident
    )*) => {
        exports! {$(
            /// Initialises a table, which is empty.
            [undeclared]
            fn $initialize(table: PVOID, compare: PVOID, allocate: PVOID, free: PVOID, context: PVOID) {
                let thread = current(CALL);
                let [compare, allocate, free, context] =
                    [compare, allocate, free, context].map(|it| it.expose_provenance());
                let routines = Routines { compare, allocate, free, context };
                // SAFETY: the caller gave memory for a table.
                unsafe { initialize(&thread, $kind, table, routines) };
            }

            /// Adds a copy of an element, unless there is one that equals it; gives the one that is
            /// in the table then, NULL if there is no memory. `new`, if given, says which it was.
            [undeclared]
            fn $insert(table: PVOID, element: PVOID, size: u32, new: *mut BOOLEAN) -> PVOID {
                // SAFETY: the caller gave a table, an element and a place.
                unsafe { insert(Access::new(CALL, $kind, table), element, size, new) }
            }

            /// Deletes the element that equals one; says whether there was one.
            [undeclared]
            fn $delete(table: PVOID, element: PVOID) -> BOOLEAN {
                // SAFETY: the caller gave a table and an element.
                unsafe { delete(Access::new(CALL, $kind, table), element) }
            }

            /// The element that equals one; NULL if there is none.
            [undeclared]
            fn $lookup(table: PVOID, element: PVOID) -> PVOID {
                // SAFETY: as above.
                unsafe { lookup(Access::new(CALL, $kind, table), element) }
            }

            /// The first element, or the one behind that of the last call; NULL at the end.
            [undeclared]
            fn $enumerate(table: PVOID, restart: BOOLEAN) -> PVOID {
                let access = Access::new(CALL, $kind, table);
                let next = access.with(|table| {
                    let index = if restart != 0 { 0 } else { table.next };
                    table.next = index + 1;
                    table.elements.get(index).copied()
                });
                access.element(next.flatten())
            }

            /// The first element if the key is NULL, or the one behind the last; NULL at the end. The
            /// key is where the caller is.
            [undeclared]
            fn $enumerate_without(table: PVOID, key: *mut usize) -> PVOID {
                let access = Access::new(CALL, $kind, table);
                // SAFETY: the caller gave a key.
                let index = unsafe { key.read() };
                // SAFETY: as above.
                unsafe { key.write(index + 1) };
                access.element(access.elements().get(index).copied())
            }

            /// The element with an index, from 0 on; NULL if there is none.
            [undeclared]
            fn $get(table: PVOID, index: u32) -> PVOID {
                let access = Access::new(CALL, $kind, table);
                access.element(access.elements().get(index as usize).copied())
            }

            /// The number of elements.
            [undeclared]
            fn $number(table: PVOID) -> u32 {
                Access::new(CALL, $kind, table).elements().len() as u32
            }

            /// Whether there are no elements.
            [undeclared]
            fn $empty(table: PVOID) -> BOOLEAN {
                Access::new(CALL, $kind, table).elements().is_empty().into()
            }
        )*}
    };
}

tables! {
    AVL: RtlInitializeGenericTableAvl RtlInsertElementGenericTableAvl
        RtlDeleteElementGenericTableAvl RtlLookupElementGenericTableAvl
        RtlEnumerateGenericTableAvl RtlEnumerateGenericTableWithoutSplayingAvl
        RtlGetElementGenericTableAvl RtlNumberGenericTableElementsAvl
        RtlIsGenericTableEmptyAvl
    SPLAY: RtlInitializeGenericTable RtlInsertElementGenericTable
        RtlDeleteElementGenericTable RtlLookupElementGenericTable
        RtlEnumerateGenericTable RtlEnumerateGenericTableWithoutSplaying
        RtlGetElementGenericTable RtlNumberGenericTableElements
        RtlIsGenericTableEmpty
}

/// A call about a table.
struct Access {
    thread: std::rc::Rc<Thread>,
    call: &'static str,
    kind: Kind,
    table: PVOID,
}

impl Access {
    fn new(call: &'static str, kind: Kind, table: PVOID) -> Self {
        let thread = current(call);
        thread.require_irql(irql::DISPATCH_LEVEL, call);
        Self {
            thread,
            call,
            kind,
            table,
        }
    }

    /// Does something with the table; one that was not initialised is a finding.
    fn with<T>(&self, body: impl FnOnce(&mut crate::generic_tables::Table) -> T) -> Option<T> {
        let tables = &self.thread.kernel().generic_tables;
        let result = tables.with(self.table.addr(), body);
        if result.is_none() {
            let detail = "the table is not initialised";
            self.thread.finding(Rule::Parameter, self.call, detail);
        }
        result
    }

    fn elements(&self) -> Arc<Vec<usize>> {
        let elements = self.with(|table| Arc::clone(&table.elements));
        elements.unwrap_or_default()
    }

    /// The element behind a header.
    fn element(&self, header: Option<usize>) -> PVOID {
        header.map_or(null_mut(), |header| {
            with_exposed_provenance_mut(header + self.kind.header as usize)
        })
    }

    fn code(&self, address: usize) -> Code {
        Code {
            address,
            caller: self.thread.caller(),
        }
    }

    /// # Safety
    /// The table is initialised.
    unsafe fn routines(&self) -> Routines {
        let routines = self.table.cast::<u8>().wrapping_add(self.kind.routines);
        // SAFETY: by this function's contract.
        unsafe { routines.cast::<Routines>().read() }
    }

    /// Where an element is, or where it would be.
    ///
    /// # Safety
    /// The table is initialised, and its comparison takes the element.
    unsafe fn find(&self, elements: &[usize], element: PVOID) -> Result<usize, usize> {
        let (mut low, mut high) = (0, elements.len());
        if elements.is_empty() {
            return Err(0);
        }
        // SAFETY: a table with elements is initialised.
        let compare = self.code(unsafe { self.routines() }.compare);
        while low < high {
            let middle = low + (high - low) / 2;
            let other = self.element(Some(elements[middle]));
            // SAFETY: as above.
            match unsafe {
                call::generic_compare(&self.thread, compare, self.table, element, other)
            } {
                LESS => high = middle,
                GREATER => low = middle + 1,
                _ => return Ok(middle),
            }
        }
        Err(low)
    }

    /// Changes the list, and the count that the structure shows.
    ///
    /// # Safety
    /// The table is initialised.
    unsafe fn change(&self, body: impl FnOnce(&mut Vec<usize>, &mut usize)) {
        let count = self.with(|table| {
            body(Arc::make_mut(&mut table.elements), &mut table.next);
            table.elements.len()
        });
        let place = self.table.cast::<u8>().wrapping_add(self.kind.count);
        // SAFETY: by this function's contract.
        unsafe { place.cast::<u32>().write(count.unwrap_or_default() as u32) };
    }
}

/// # Safety
/// There is memory for a table, and the functions are the driver's.
unsafe fn initialize(thread: &Thread, kind: Kind, table: PVOID, routines: Routines) {
    // SAFETY: by this function's contract.
    unsafe { table.cast::<u8>().write_bytes(0, kind.size) };
    let place = table.cast::<u8>().wrapping_add(kind.routines);
    // SAFETY: as above.
    unsafe { place.cast::<Routines>().write(routines) };
    let driver = thread.caller().driver;
    thread
        .kernel()
        .generic_tables
        .initialize(table.addr(), driver);
}

/// # Safety
/// The element has that size, and the table's comparison takes it; `new` is null or a place.
unsafe fn insert(access: Access, element: PVOID, size: u32, new: *mut BOOLEAN) -> PVOID {
    let tell = |is_new: bool| {
        if !new.is_null() {
            // SAFETY: by this function's contract.
            unsafe { new.write(is_new.into()) };
        }
    };
    tell(false);
    if access.with(|_| ()).is_none() {
        return null_mut();
    }
    let elements = access.elements();
    // SAFETY: the table is initialised, and by this function's contract.
    let at = match unsafe { access.find(&elements, element) } {
        Ok(at) => return access.element(Some(elements[at])),
        Err(at) => at,
    };
    drop(elements);
    // SAFETY: as above.
    let allocate = access.code(unsafe { access.routines() }.allocate);
    let whole = size + access.kind.header;
    // SAFETY: as above.
    let header = unsafe { call::generic_allocate(&access.thread, allocate, access.table, whole) };
    if header.is_null() {
        return null_mut();
    }
    // SAFETY: the driver's function gave that many bytes.
    unsafe {
        header
            .cast::<u8>()
            .write_bytes(0, access.kind.header as usize)
    };
    let header = header.expose_provenance();
    let copy = access.element(Some(header));
    // SAFETY: as above; the element has that size.
    unsafe { copy.cast::<u8>().copy_from(element.cast(), size as usize) };
    // SAFETY: the table is initialised.
    unsafe { access.change(|elements, _| elements.insert(at, header)) };
    tell(true);
    copy
}

/// # Safety
/// The table's comparison takes the element.
unsafe fn delete(access: Access, element: PVOID) -> BOOLEAN {
    let elements = access.elements();
    // SAFETY: by this function's contract; a table with elements is initialised.
    let Ok(at) = (unsafe { access.find(&elements, element) }) else {
        return 0;
    };
    let header = elements[at];
    drop(elements);
    let remove = |elements: &mut Vec<usize>, next: &mut usize| {
        elements.remove(at);
        // An enumeration goes on behind the element that was before.
        *next -= usize::from(at < *next);
    };
    // SAFETY: as above.
    unsafe { access.change(remove) };
    // SAFETY: as above.
    let free = access.code(unsafe { access.routines() }.free);
    let block = with_exposed_provenance_mut(header);
    // SAFETY: as above; the block came from the driver's other function.
    unsafe { call::generic_free(&access.thread, free, access.table, block) };
    1
}

/// # Safety
/// As for [`delete`].
unsafe fn lookup(access: Access, element: PVOID) -> PVOID {
    let elements = access.elements();
    // SAFETY: by this function's contract; a table with elements is initialised.
    let found = unsafe { access.find(&elements, element) };
    access.element(found.ok().map(|at| elements[at]))
}
