//! The set of live objects.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Body, Object, ObjectRef, Stage};
use crate::machine::{DriverId, Kernel};

/// The address of the object with serial number 0: in the upper half, where no host maps memory for
/// programs.
const BASE: usize = 0xFFFF_A000_0001_0000;
/// The distance between two objects' addresses.
const STRIDE: usize = 16;
/// How many serial numbers a host thread takes at a time.
const BLOCK: usize = 256;
const SHARDS: usize = 64;

/// The next free block of serial numbers. Objects of all machines share the numbers, so an object
/// of one machine is unknown to another.
static NEXT_BLOCK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The serial numbers that this host thread may hand out: the next one, and the end.
    static SERIALS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

fn next_serial() -> usize {
    SERIALS.with(|serials| {
        let (mut next, mut end) = serials.get();
        if next == end {
            next = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
            end = next + BLOCK;
        }
        serials.set((next + 1, end));
        next
    })
}

/// Addresses are unique and evenly spread already.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(usize::from(byte));
        }
    }
    fn write_usize(&mut self, value: usize) {
        let mixed = (self.0 ^ (value / STRIDE) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

type Shard = HashMap<usize, Arc<Object>, BuildHasherDefault<AddressHasher>>;

/// A shard on cache lines of its own, so that threads that use different shards do not meet.
#[derive(Default)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

/// All objects of a machine.
pub(crate) struct Manager {
    shards: Box<[Padded]>,
}

impl Default for Manager {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Padded::default()).collect(),
        }
    }
}

impl Manager {
    /// Makes an object with one reference, which the caller gets.
    pub(crate) fn create<'k>(&self, kernel: &'k Kernel, body: Body) -> ObjectRef<'k> {
        self.create_at(kernel, BASE + next_serial() * STRIDE, body)
    }

    /// Makes an object whose address is that of the memory that drivers see of it, with one reference,
    /// which the caller gets.
    pub(crate) fn create_at<'k>(
        &self,
        kernel: &'k Kernel,
        address: usize,
        body: Body,
    ) -> ObjectRef<'k> {
        let object = Arc::new(Object {
            address,
            pointer_count: AtomicI64::new(1),
            handle_count: AtomicI64::new(0),
            stage: AtomicU8::new(Stage::Live as u8),
            held_by_drivers: Mutex::new(Vec::new()),
            body,
        });
        self.shard(address).insert(address, Arc::clone(&object));
        ObjectRef::adopt(kernel, object)
    }

    /// The object at an address, in whatever stage, without a reference to it. `None` for any
    /// pointer that is no object of this machine (any more).
    pub(crate) fn find(&self, address: usize) -> Option<Arc<Object>> {
        self.shard(address).get(&address).cloned()
    }

    /// Whether an object of some machine had this address: tells a stale pointer from a wrong one.
    pub(crate) fn was_object(address: usize) -> bool {
        address
            .checked_sub(BASE)
            .is_some_and(|offset| offset / STRIDE < NEXT_BLOCK.load(Ordering::Relaxed))
    }

    /// References a live object by its address.
    pub(crate) fn reference<'k>(
        &self,
        kernel: &'k Kernel,
        address: usize,
    ) -> Option<ObjectRef<'k>> {
        let object = self.find(address)?;
        object
            .try_reference()
            .then(|| ObjectRef::adopt(kernel, object))
    }

    /// Gives back a reference that a driver owns, unless the object's handles need all that are
    /// left; says whether it did.
    pub(crate) fn give_back(
        &self,
        kernel: &Kernel,
        object: &Arc<Object>,
        driver: DriverId,
    ) -> bool {
        let take_one = |count| (count > object.handle_count()).then(|| count - 1);
        let Ok(before) =
            object
                .pointer_count
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, take_one)
        else {
            return false;
        };
        object.note_driver_reference(driver, -1);
        if before == 1 {
            self.close(kernel, object);
        }
        true
    }

    /// Gives a reference back; the last one closes the object on this thread.
    pub(super) fn release(&self, kernel: &Kernel, object: &Arc<Object>) {
        if object.pointer_count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close(kernel, object);
        }
    }

    /// Runs the delete procedure of an object whose last reference is gone, and forgets it.
    fn close(&self, kernel: &Kernel, object: &Arc<Object>) {
        object.stage.store(Stage::Closing as u8, Ordering::Release);
        match object.body() {
            Body::Key(_) => crate::cm::close_key_object(kernel, object),
            Body::Transaction(transaction) => transaction.last_handle_closed(),
            Body::Device(file) => file.close(kernel),
            Body::Callback(_)
            | Body::Thread(_)
            | Body::Process(_)
            | Body::Event(_)
            | Body::File(_)
            | Body::Driven(_) => {}
            Body::TransactionManager(_) | Body::ResourceManager(_) | Body::Enlistment(_) => {}
        }
        object.stage.store(Stage::Closed as u8, Ordering::Release);
        self.shard(object.address).remove(&object.address);
    }

    /// All objects, for checks that look at everything.
    pub(crate) fn all(&self) -> Vec<Arc<Object>> {
        self.shards
            .iter()
            .flat_map(|shard| lock(shard).values().cloned().collect::<Vec<_>>())
            .collect()
    }

    fn shard(&self, address: usize) -> MutexGuard<'_, Shard> {
        // A host thread's objects have neighbouring serial numbers, so they share a shard, and two
        // threads rarely use the same one.
        let block = address.wrapping_sub(BASE) / STRIDE / BLOCK;
        lock(&self.shards[block % SHARDS])
    }
}

fn lock(shard: &Padded) -> MutexGuard<'_, Shard> {
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}
