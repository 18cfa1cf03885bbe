//! U1: what `QueryInterface` finds is made for the type of the context.

use umdf_callback::callback::PnpCallback;
use umdf_callback::{DeviceCallback, device_callback};

pub struct Context;
pub struct Other;

impl PnpCallback for Context {}

device_callback!(Context);

impl DeviceCallback for Other {
    const OFFERS: umdf_callback::__private::DeviceOffers<Self> = Context::OFFERS; //~ ERROR: mismatched types
}
