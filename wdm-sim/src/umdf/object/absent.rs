//! Methods that the simulator does not have.

use umdf_callback::HRESULT;
use umdf_callback::raw::Raw;
use windows_core::Interface;

/// What a method returns that the simulator does not have.
pub(crate) trait Absent {
    fn absent() -> Self;
}

impl Absent for () {
    fn absent() {}
}

impl Absent for HRESULT {
    fn absent() -> Self {
        crate::umdf::codes::E_NOTIMPL
    }
}

impl<I: Interface> Absent for Raw<I> {
    fn absent() -> Self {
        Raw::NULL
    }
}

impl<T> Absent for *mut T {
    fn absent() -> Self {
        std::ptr::null_mut()
    }
}

impl Absent for windows_core::BOOL {
    fn absent() -> Self {
        false.into()
    }
}

macro_rules! absent_numbers {
    ($($type:ty),*) => {
        $(
            impl Absent for $type {
                fn absent() -> Self {
                    0
                }
            }
        )*
    };
}

absent_numbers!(u8, u32, i32, usize);

/// Methods that the simulator does not have: a finding says so.
macro_rules! absent {
    ($interface:literal: $($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        $(
            unsafe fn $name(&self, $(_: $argument),*) $(-> $result)? {
                const METHOD: &str = concat!($interface, "::", stringify!($name));
                let rule = $crate::umdf::verifier::Rule::NotSimulated;
                self.base.finding(rule, METHOD, "this method is not simulated");
                $crate::umdf::object::Absent::absent()
            }
        )*
    };
}
pub(crate) use absent;
