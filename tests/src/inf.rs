//! INF files, as far as those of UMDF 1 drivers are looked at: what they tell Windows to install must be what the driver is.
//! Pages: install/general-syntax-rules-for-inf-files, wdf/specifying-wdf-directives-in-inf-files.

/// An INF file: sections of lines, in which names are the same in either case.
#[derive(Debug)]
pub struct Inf {
    sections: Vec<(String, Vec<Line>)>,
}

/// A line: `key = value,value`, or values alone.
#[derive(Debug)]
struct Line {
    key: Option<String>,
    values: Vec<String>,
}

/// What an INF tells the framework of a UMDF 1 driver, and Windows of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UmdfDriver {
    /// The class of the driver callback object, without the braces.
    pub clsid: String,
    /// The name of the DLL.
    pub file: String,
    /// The version of the framework: major, minor, service.
    pub version: [u32; 3],
}

impl Inf {
    /// Reads a file's text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut sections: Vec<(String, Vec<Line>)> = Vec::new();
        for line in text.lines() {
            let line = without_comment(line).trim();
            if let Some(name) = line.strip_prefix('[') {
                let name = name.strip_suffix(']').unwrap_or(name);
                sections.push((name.to_owned(), Vec::new()));
            } else if let Some((_, lines)) = sections.last_mut()
                && !line.is_empty()
            {
                lines.push(Line::parse(line));
            }
        }
        Inf { sections }
    }

    /// The lines of a section, which may stand in several places.
    fn lines(&self, section: &str) -> impl Iterator<Item = &Line> {
        let is = move |(name, _): &&(String, _)| name.eq_ignore_ascii_case(section);
        self.sections.iter().filter(is).flat_map(|(_, lines)| lines)
    }

    /// The values of a key, or why there are none.
    ///
    /// # Errors
    /// One line that names both.
    pub fn values(&self, section: &str, key: &str) -> Result<&[String], String> {
        let mut lines = self.lines(section);
        let is = |line: &&Line| {
            line.key
                .as_ref()
                .is_some_and(|k| k.eq_ignore_ascii_case(key))
        };
        let found = lines.find(is);
        found
            .map(|line| line.values.as_slice())
            .ok_or_else(|| format!("there is no {key} in [{section}]"))
    }

    /// The one value of a key, with strings put in.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn value(&self, section: &str, key: &str) -> Result<String, String> {
        match self.values(section, key)? {
            [value] => Ok(self.with_strings(value)),
            values => Err(format!("{key} in [{section}] has {} values", values.len())),
        }
    }

    /// A value with `%name%` replaced by the string of that name. Numbers are folders, and stay.
    fn with_strings(&self, value: &str) -> String {
        let mut text = value.to_owned();
        for line in self.lines("Strings") {
            if let (Some(key), Some(string)) = (&line.key, line.values.first()) {
                text = text.replace(&format!("%{key}%"), string);
            }
        }
        text
    }

    /// The section that installs the INF's device: its manufacturer's first model's.
    fn install(&self) -> Result<String, String> {
        let first = |section: &str| {
            let line = self.lines(section).next();
            let line = line.ok_or_else(|| format!("[{section}] is missing or empty"))?;
            Ok::<_, String>(line.values.as_slice())
        };
        let models = match first("Manufacturer")? {
            [models] => models.clone(),
            [models, platform] => format!("{models}.{platform}"),
            _ => return Err("[Manufacturer] is not for one platform".to_owned()),
        };
        match first(&models)? {
            [install, _hardware] => Ok(format!("{install}.NT")),
            _ => Err(format!("[{models}] names no section and hardware")),
        }
    }

    /// Follows the sections from the device to its driver, as setup does.
    ///
    /// # Errors
    /// One line that says what is missing or does not fit together.
    pub fn umdf_driver(&self) -> Result<UmdfDriver, String> {
        let install = &self.install()?;
        self.check_reflector(install)?;
        let wdf = format!("{install}.Wdf");
        let [service, section] = self.values(&wdf, "UmdfService")? else {
            return Err("UmdfService names a service and its section".to_owned());
        };
        if self.value(&wdf, "UmdfServiceOrder")? != *service {
            return Err(format!("UmdfServiceOrder does not name {service}"));
        }
        let clsid = self.value(section, "DriverCLSID")?;
        let clsid = clsid.strip_prefix('{').and_then(|id| id.strip_suffix('}'));
        let binary = self.value(section, "ServiceBinary")?;
        let file = binary
            .strip_prefix(r"%12%\UMDF\")
            .ok_or_else(|| format!("{binary} is not in the folder of UMDF's drivers"))?;
        self.check_copied(install, file)?;
        Ok(UmdfDriver {
            clsid: clsid.ok_or("DriverCLSID has no braces")?.to_owned(),
            file: file.to_owned(),
            version: version(&self.value(section, "UmdfLibraryVersion")?)?,
        })
    }

    /// That a file is copied from the package to the folder of UMDF's drivers.
    fn check_copied(&self, install: &str, file: &str) -> Result<(), String> {
        self.values("SourceDisksFiles", file)?;
        let list = self.value(install, "CopyFiles")?;
        let is = |line: &Line| line.key.is_none() && line.values.first().is_some_and(|v| v == file);
        if !self.lines(&list).any(is) {
            return Err(format!("[{list}] does not name {file}"));
        }
        let to = self.values("DestinationDirs", &list)?;
        if to != ["12", "UMDF"] {
            return Err(format!("[{list}] goes to {}", to.join(",")));
        }
        Ok(())
    }

    /// That the reflector is the device's service. Page: wdf/adding-the-reflector.
    fn check_reflector(&self, install: &str) -> Result<(), String> {
        let services = format!("{install}.Services");
        let [name, flags, section] = self.values(&services, "AddService")? else {
            return Err("AddService names a service, flags and its section".to_owned());
        };
        if !name.eq_ignore_ascii_case("WUDFRd") {
            return Err(format!("the device's service is {name}, not the reflector"));
        }
        let bits = flags
            .strip_prefix("0x")
            .map(|hex| u32::from_str_radix(hex, 16));
        if !bits.is_some_and(|bits| bits.is_ok_and(|bits| bits & 2 != 0)) {
            return Err(format!("flags {flags} do not make it the device's"));
        }
        let binary = self.value(section, "ServiceBinary")?;
        if !binary.eq_ignore_ascii_case(r"%12%\WUDFRd.sys") {
            return Err(format!("the reflector is not {binary}"));
        }
        Ok(())
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let (key, values) = match split(line, '=').as_slice() {
            [key, rest @ ..] if !rest.is_empty() => (Some(unquoted(key)), rest.join("=")),
            _ => (None, line.to_owned()),
        };
        let values = split(&values, ',');
        Line {
            key,
            values: values.iter().map(|value| unquoted(value)).collect(),
        }
    }
}

/// A line up to its comment.
fn without_comment(line: &str) -> &str {
    let parts = split(line, ';');
    &line[..parts.first().map_or(0, |part| part.len())]
}

/// Splits at a separator that is not within quotation marks.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches('"').to_owned()
}

/// `<major>.<minor>.<service>`
fn version(text: &str) -> Result<[u32; 3], String> {
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    let parts = parts.and_then(|parts| parts.try_into().ok());
    parts.ok_or_else(|| format!("{text} is not a version such as 1.11.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
        [Version] ; of the driver
        Signature = "$Windows NT$"
        [manufacturer]
        %Maker% = Models,NTamd64.10.0
        [Models.NTamd64.10.0]
        "a; device" = Thing,Root\Thing
        [Thing.NT]
        CopyFiles=Copy
        [Copy]
        thing.dll
        [DestinationDirs]
        Copy=12,UMDF
        [SourceDisksFiles]
        thing.dll = 1,,
        [Thing.NT.Services]
        AddService = WUDFRd,0x000001fa,Reflector
        [Reflector]
        ServiceBinary = %12%\WUDFRd.sys
        [Thing.NT.Wdf]
        UmdfService = Thing,Driver
        UmdfServiceOrder = Thing
        [Driver]
        UmdfLibraryVersion = 1.9.0
        DriverCLSID = {86558c6f-b762-4ec5-934c-411bd1cad4fa}
        ServiceBinary = "%12%\UMDF\%File%"
        [Strings]
        Maker = "Somebody = nobody"
        File = thing.dll
    "#;

    fn driver(text: &str) -> Result<UmdfDriver, String> {
        Inf::parse(text).umdf_driver()
    }

    #[test]
    fn a_sound_file_says_what_the_driver_is() {
        let sound = UmdfDriver {
            clsid: "86558c6f-b762-4ec5-934c-411bd1cad4fa".to_owned(),
            file: "thing.dll".to_owned(),
            version: [1, 9, 0],
        };
        assert_eq!(driver(SOUND), Ok(sound));
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        let faults = [
            (
                "[Models.NTamd64.10.0]",
                "[Models]",
                "[Models.NTamd64.10.0] is missing or empty",
            ),
            (
                "0x000001fa",
                "0x000001f8",
                "flags 0x000001f8 do not make it the device's",
            ),
            (
                "AddService = WUDFRd",
                "AddService = Thing",
                "the device's service is Thing, not the reflector",
            ),
            (
                "Order = Thing",
                "Order = Other",
                "UmdfServiceOrder does not name Thing",
            ),
            (
                r"%12%\UMDF\%",
                r"%12%\%",
                r"%12%\thing.dll is not in the folder of UMDF's drivers",
            ),
            ("Copy=12,UMDF", "Copy=12", "[Copy] goes to 12"),
            ("[Copy]", "[Move]", "[Copy] does not name thing.dll"),
            (
                "thing.dll = 1",
                "other.dll = 1",
                "there is no thing.dll in [SourceDisksFiles]",
            ),
            ("1.9.0", "1.9", "1.9 is not a version such as 1.11.0"),
            (
                "DriverCLSID = {",
                "DriverCLSID = ",
                "DriverCLSID has no braces",
            ),
        ];
        for (sound, faulty, fault) in faults {
            assert!(SOUND.contains(sound), "{sound}");
            assert_eq!(driver(&SOUND.replace(sound, faulty)), Err(fault.to_owned()));
        }
    }
}
