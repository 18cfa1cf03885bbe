//! The owned string.

use core::fmt;
use core::ops::Deref;

use crate::{PoolVec, Result, UnicodeStr};

/// An owned string in non-paged pool, which grows fallibly.
///
/// ```
/// # use wdm_sim::Machine;
/// # let machine = Machine::builder().build()?;
/// # let process = machine.process("example"); let _thread = process.enter();
/// use wdm_safe::{UnicodeString, unicode};
///
/// let mut path = UnicodeString::try_from_str(unicode!(r"\Registry"))?;
/// path.try_push_component(unicode!("Machine"))?;
/// assert_eq!(&*path, unicode!(r"\Registry\Machine"));
/// # drop(path);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct UnicodeString(PoolVec<u16>);

impl UnicodeString {
    /// An empty string; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(PoolVec::new())
    }

    /// A copy of a string. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory.
    pub fn try_from_str(text: &UnicodeStr) -> Result<Self> {
        let mut copy = Self::new();
        copy.try_push_str(text)?;
        Ok(copy)
    }

    /// Appends a string. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory; the string is unchanged then.
    pub fn try_push_str(&mut self, text: &UnicodeStr) -> Result<()> {
        self.0.try_extend_from_slice(text.units())
    }

    /// Appends a backslash, unless the path ends in one, and a component. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory.
    pub fn try_push_component(&mut self, component: &UnicodeStr) -> Result<()> {
        const BACKSLASH: u16 = b'\\' as u16;
        self.0.try_reserve(component.len().saturating_add(1))?;
        if self.0.last() != Some(&BACKSLASH) {
            self.0.try_push(BACKSLASH)?;
        }
        self.try_push_str(component)
    }
}

impl From<PoolVec<u16>> for UnicodeString {
    fn from(units: PoolVec<u16>) -> Self {
        Self(units)
    }
}

impl Deref for UnicodeString {
    type Target = UnicodeStr;

    fn deref(&self) -> &UnicodeStr {
        UnicodeStr::new(&self.0)
    }
}

impl fmt::Display for UnicodeString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Debug for UnicodeString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
