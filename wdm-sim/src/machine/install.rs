//! Service keys: what an INF file or the service control manager writes for a driver.

use std::sync::Arc;

use wdm_sys::{REG_BINARY, REG_DWORD, REG_MULTI_SZ, REG_QWORD, REG_SZ};

use super::{Kernel, Machine};
use crate::registry::{Key, NewKey, to_bytes, wide};
use crate::status::Status;

/// Where services are.
const SERVICES: &str = r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Services";

/// A value of a driver's `Parameters` key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// `REG_SZ`.
    Text(String),
    /// `REG_MULTI_SZ`.
    Texts(Vec<String>),
    /// `REG_DWORD`.
    Number(u32),
    /// `REG_QWORD`.
    LongNumber(u64),
    /// `REG_BINARY`.
    Binary(Vec<u8>),
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Setting {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl<const N: usize> From<[&str; N]> for Setting {
    fn from(texts: [&str; N]) -> Self {
        Self::Texts(texts.iter().map(|&text| text.to_owned()).collect())
    }
}

impl Setting {
    /// Sets a value of a key to it.
    pub(super) fn store(&self, key: &Key, name: &str) -> Result<(), Status> {
        let (kind, data) = self.encode();
        key.set_value(&wide(name), kind, &data)
    }

    /// The type and the data of the registry value.
    fn encode(&self) -> (u32, Vec<u8>) {
        let terminated = |text: &str| to_bytes(&wide(&format!("{text}\0")));
        match self {
            Self::Text(text) => (REG_SZ, terminated(text)),
            Self::Texts(texts) => {
                let mut data: Vec<u8> = texts.iter().flat_map(|text| terminated(text)).collect();
                data.extend_from_slice(&[0, 0]);
                (REG_MULTI_SZ, data)
            }
            Self::Number(number) => (REG_DWORD, number.to_le_bytes().to_vec()),
            Self::LongNumber(number) => (REG_QWORD, number.to_le_bytes().to_vec()),
            Self::Binary(data) => (REG_BINARY, data.clone()),
        }
    }
}

impl Machine {
    /// Writes the service key of a driver, with values below `Parameters`, as an INF file or the
    /// service control manager would. No callback sees it.
    ///
    /// ```
    /// use wdm_sim::{Machine, Setting};
    ///
    /// let machine = Machine::builder().build()?;
    /// machine.install(
    ///     "registry-guard",
    ///     &[("ProtectedKeys", Setting::from([r"\REGISTRY\MACHINE\SYSTEM\Setup"]))],
    /// )?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A status of the registry's, such as for a name that no key can have.
    pub fn install(&self, name: &str, parameters: &[(&str, Setting)]) -> Result<(), Status> {
        let service = service_key(&self.kernel, name)?;
        let (key, _) = service.create_child(&wide("Parameters"), &NewKey::default_of(&service))?;
        for (name, setting) in parameters {
            setting.store(&key, name)?;
        }
        Ok(())
    }
}

impl NewKey<'_> {
    /// A key that can live below `parent`.
    fn default_of(parent: &Key) -> Self {
        Self {
            volatile: parent.is_volatile(),
            ..Self::default()
        }
    }
}

/// Where the image of a driver lies.
pub(super) fn image_path(name: &str) -> String {
    format!(r"\SystemRoot\System32\drivers\{name}.sys")
}

/// The service key of a driver, made if there is none.
pub(super) fn service_key(kernel: &Kernel, name: &str) -> Result<Arc<Key>, Status> {
    let services = kernel.registry.open(&wide(SERVICES), false)?;
    let (key, made) = services.create_child(&wide(name), &NewKey::default_of(&services))?;
    if made {
        let set = |name, setting: Setting| setting.store(&key, name);
        set("Type", Setting::Number(1))?; // SERVICE_KERNEL_DRIVER
        set("Start", Setting::Number(3))?; // SERVICE_DEMAND_START
        set("ErrorControl", Setting::Number(1))?; // SERVICE_ERROR_NORMAL
        set("ImagePath", Setting::Text(image_path(name)))?;
    }
    Ok(key)
}
