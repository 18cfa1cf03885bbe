//! A callback object: a driver's value behind the COM interfaces that its type has the traits for (U1).
//!
//! The interfaces of an object are fixed places in it, `SLOTS` of them after `IUnknown`'s. `offers!` says once for each
//! kind of object which trait fills which place, with which interface. Whether a type has the trait is asked at compile time:
//! [`Probe`] has a constant of the same name twice, in an inherent implementation under the trait's bound and in a trait
//! that all types have, and Rust prefers the first where its bound holds. That needs a type without parameters, so it
//! happens in the macros that drivers call (`device_callback!`, `queue_callback!`).

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{NonNull, with_exposed_provenance_mut};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use windows_core::{
    ComObject, ComObjectInner, GUID, HRESULT, IUnknown, IUnknown_Vtbl, IUnknownImpl, Interface,
};

use super::E_POINTER;

/// How many interfaces an object has room for.
const SLOTS: usize = 11;

const E_NOINTERFACE: HRESULT = HRESULT(0x8000_4002_u32 as i32);
const E_NOTIMPL: HRESULT = HRESULT(0x8000_4001_u32 as i32);

/// An interface that `T` offers at place `SLOT` of an object of kind `F`.
pub struct Offer<T, F, const SLOT: usize> {
    entry: Entry,
    of: PhantomData<fn(T, F)>,
}

/// The same, with its type forgotten.
#[derive(Clone, Copy)]
struct Entry {
    iid: GUID,
    table: *const c_void,
}

// SAFETY: the table is a constant.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

impl<T, F, const SLOT: usize> Offer<T, F, SLOT> {
    /// # Safety
    /// The table was made for `Object<T, F>` and the offset of `SLOT`.
    pub(super) const unsafe fn new<I: Interface>(table: &'static I::Vtable) -> Self {
        let entry = Entry {
            iid: I::IID,
            table: core::ptr::from_ref(table).cast(),
        };
        Offer {
            entry,
            of: PhantomData,
        }
    }

    const fn entry(offer: &Option<Self>) -> Option<Entry> {
        match offer {
            Some(offer) => Some(offer.entry),
            None => None,
        }
    }
}

/// All that `T` offers in an object of kind `F`.
pub struct Offers<T, F> {
    entries: [Option<Entry>; SLOTS],
    of: PhantomData<fn(T, F)>,
}

impl<T, F> Offers<T, F> {
    /// Each place with the offer that is made for it.
    #[allow(clippy::too_many_arguments)]
    #[must_use]
    pub const fn new(
        a: Option<Offer<T, F, 0>>,
        b: Option<Offer<T, F, 1>>,
        c: Option<Offer<T, F, 2>>,
        d: Option<Offer<T, F, 3>>,
        e: Option<Offer<T, F, 4>>,
        f: Option<Offer<T, F, 5>>,
        g: Option<Offer<T, F, 6>>,
        h: Option<Offer<T, F, 7>>,
        i: Option<Offer<T, F, 8>>,
        j: Option<Offer<T, F, 9>>,
        k: Option<Offer<T, F, 10>>,
    ) -> Self {
        let entries = [
            Offer::entry(&a),
            Offer::entry(&b),
            Offer::entry(&c),
            Offer::entry(&d),
            Offer::entry(&e),
            Offer::entry(&f),
            Offer::entry(&g),
            Offer::entry(&h),
            Offer::entry(&i),
            Offer::entry(&j),
            Offer::entry(&k),
        ];
        Offers {
            entries,
            of: PhantomData,
        }
    }

    /// One interface, at the first place.
    pub(super) const fn one(offer: Offer<T, F, 0>) -> Self {
        Offers::new(
            Some(offer),
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
        )
    }

    /// Two interfaces, at the first two places.
    pub(super) const fn two(first: Offer<T, F, 0>, second: Offer<T, F, 1>) -> Self {
        Offers::new(
            Some(first),
            Some(second),
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
        )
    }

    /// Whether one of these places is filled.
    #[must_use]
    pub const fn has_one_of(&self, slots: &[usize]) -> bool {
        let mut index = 0;
        while index < slots.len() {
            if self.entries[slots[index]].is_some() {
                return true;
            }
            index += 1;
        }
        false
    }
}

/// Where `offers!` asks what a type implements.
pub struct Probe<T, F>(PhantomData<fn(T, F)>);

/// The table of a kind of objects: for each place its name, the trait that fills it, and the interface.
macro_rules! offers {
    ($kind:ident, $absent:ident { $($slot:literal $name:ident: $callback:path => $interface:ident,)+ }) => {
        /// What a type without the trait offers at a place: nothing.
        pub trait $absent {
            /// The kind of objects.
            type Kind;
            /// The type that is asked about.
            type Type;
            $(
                /// Nothing.
                const $name: Option<$crate::border::object::Offer<Self::Type, Self::Kind, $slot>> = None;
            )+
        }

        impl<T> $absent for $crate::border::object::Probe<T, $kind> {
            type Kind = $kind;
            type Type = T;
        }

        $(
            impl<T: $callback + 'static> $crate::border::object::Probe<T, $kind> {
                /// The interface, as the type has the trait.
                pub const $name: Option<$crate::border::object::Offer<T, $kind, $slot>> = {
                    type Table = <$interface as windows_core::Interface>::Vtable;
                    let table = &Table::new::<$crate::border::object::Object<T, $kind>, { -1 - $slot }>();
                    // SAFETY: made for this place of this object, which is one pointer behind IUnknown's.
                    Some(unsafe { $crate::border::object::Offer::new::<$interface>(table) })
                };
            }
        )+
    };
}
pub(crate) use offers;

/// How many objects and locks there are, for `DllCanUnloadNow`.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// One of them.
pub(super) struct Live;

impl Live {
    pub(super) fn new() -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Live
    }

    pub(super) fn count() -> usize {
        LIVE.load(Ordering::Acquire)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Release);
    }
}

/// A callback object of kind `F`. It lives in an [`Arc`], whose count is the COM reference count.
///
/// # Invariants
/// Its address is that of an `Arc<Self>`, which was exposed. A filled slot's table is the entry's of that place.
#[repr(C)]
pub(crate) struct Object<T, F> {
    identity: &'static IUnknown_Vtbl,
    slots: [*const c_void; SLOTS],
    offers: [Option<Entry>; SLOTS],
    live: Live,
    kind: PhantomData<fn(F)>,
    value: T,
}

impl<T: 'static, F: 'static> Object<T, F> {
    const IDENTITY: &'static IUnknown_Vtbl = &IUnknown_Vtbl::new::<Self, 0>();

    /// Puts a value behind the interfaces that its type offers.
    pub(super) fn create(value: T, offers: &Offers<T, F>) -> IUnknown {
        let entries = offers.entries;
        let object: Arc<Self> = Arc::new(Object {
            identity: Self::IDENTITY,
            slots: entries.map(|entry| entry.map_or(core::ptr::null(), |entry| entry.table)),
            offers: entries,
            live: Live::new(),
            kind: PhantomData,
            value,
        });
        let object = Arc::into_raw(object);
        // INVARIANT: the address of an Arc, exposed here.
        object.expose_provenance();
        // SAFETY: the first field is IUnknown's table for this type; the Arc's reference goes along.
        unsafe { IUnknown::from_raw(object.cast_mut().cast()) }
    }

    /// The driver's value.
    pub(super) fn value(&self) -> &T {
        &self.value
    }

    /// One of the object's interfaces.
    pub(super) fn interface<I: Interface>(&self) -> Option<I> {
        let mut pointer = core::ptr::null_mut();
        // SAFETY: both pointers are valid.
        let found = unsafe { self.QueryInterface(&I::IID, &raw mut pointer) };
        found.ok().ok()?;
        // SAFETY: what QueryInterface gave under this IID, with its reference.
        Some(unsafe { I::from_raw(pointer) })
    }

    /// The object's address with the provenance that its interfaces need.
    fn exposed(&self) -> *mut Self {
        with_exposed_provenance_mut(core::ptr::from_ref(self).addr())
    }
}

impl<T: 'static, F: 'static> IUnknownImpl for Object<T, F> {
    type Impl = T;

    fn get_impl(&self) -> &T {
        &self.value
    }

    fn get_impl_mut(&mut self) -> &mut T {
        &mut self.value
    }

    fn into_inner(self) -> T {
        self.value
    }

    unsafe fn QueryInterface(&self, iid: *const GUID, interface: *mut *mut c_void) -> HRESULT {
        if iid.is_null() || interface.is_null() {
            return E_POINTER;
        }
        // SAFETY: not null, and COM's callers pass a valid IID.
        let iid = unsafe { *iid };
        let place = if iid == IUnknown::IID {
            Some(0)
        } else {
            let of = |entry: &Option<Entry>| entry.is_some_and(|entry| entry.iid == iid);
            self.offers.iter().position(of).map(|slot| 1 + slot)
        };
        let found = match place {
            Some(place) => {
                self.AddRef();
                self.exposed()
                    .cast::<*mut c_void>()
                    .wrapping_add(place)
                    .cast()
            }
            None => core::ptr::null_mut(),
        };
        // SAFETY: not null, and COM's callers pass a place for a pointer.
        unsafe { interface.write(found) };
        if found.is_null() {
            E_NOINTERFACE
        } else {
            HRESULT(0)
        }
    }

    fn AddRef(&self) -> u32 {
        let object = self.exposed();
        // SAFETY: the address of a living Arc, by the invariant.
        unsafe { Arc::increment_strong_count(object) };
        count(object)
    }

    unsafe fn Release(object: *mut Self) -> u32 {
        let object: *mut Self = with_exposed_provenance_mut(object.addr());
        let left = count(object) - 1;
        // SAFETY: the address of a living Arc, by the invariant; the caller gives its reference up.
        unsafe { Arc::decrement_strong_count(object) };
        left
    }

    fn is_reference_count_one(&self) -> bool {
        count(self.exposed()) == 1
    }

    unsafe fn GetTrustLevel(&self, _value: *mut i32) -> HRESULT {
        E_NOTIMPL
    }

    fn to_object(&self) -> ComObject<T>
    where
        T: ComObjectInner<Outer = Self>,
    {
        self.AddRef();
        // SAFETY: the address of a reference is not null.
        let object = unsafe { NonNull::new_unchecked(self.exposed()) };
        // SAFETY: a living object, with the reference of the line above.
        unsafe { ComObject::from_raw(object) }
    }
}

/// How many references there are; another thread may be changing that.
fn count<T, F>(object: *mut Object<T, F>) -> u32 {
    // SAFETY: called by methods of a living object, which is in an Arc; the count stays as it is.
    let object = ManuallyDrop::new(unsafe { Arc::from_raw(object.cast_const()) });
    u32::try_from(Arc::strong_count(&object)).unwrap_or(u32::MAX)
}
