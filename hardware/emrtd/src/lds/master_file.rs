//! Elementary files of the master file that say what a chip is: EF.ATR/INFO and EF.DIR (Doc 9303-10, 3.11.1 and
//! 3.11.2). They stand outside any access protocol and are signed by nobody.

use super::LdsError;
use crate::tlv;

const CAPABILITIES: u16 = 0x47;
const EXTENDED_LENGTH: u16 = 0x7F66;
const ISSUER_DATA: u16 = 0x45;
const PRE_ISSUING_DATA: u16 = 0x46;
const APPLICATION: u16 = 0x61;
const APPLICATION_IDENTIFIER: u16 = 0x4F;
const APPLICATION_LABEL: u16 = 0x50;

/// What the operating system of a chip can do (Doc 9303-10, table 29; ISO/IEC 7816-4, 12.1.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardCapabilities {
    /// Applications are selected by their full name.
    pub select_by_full_name: bool,
    /// Files have short identifiers.
    pub short_identifiers: bool,
    /// Commands may be chained.
    pub command_chaining: bool,
    /// Commands and responses may have extended length.
    pub extended_length: bool,
    /// EF.ATR/INFO says how long they may be.
    pub extended_length_information: bool,
}

/// How long commands and responses may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedLength {
    /// A whole command APDU.
    pub command_bytes_max: u32,
    /// The data of a response, as asked for by Le.
    pub response_bytes_max: u32,
}

/// The content of EF.ATR/INFO.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AtrInfo {
    /// What the chip can do, where it says so.
    pub capabilities: Option<CardCapabilities>,
    /// How long commands and responses may be, where it says so.
    pub extended_length: Option<ExtendedLength>,
    /// The issuer's data.
    pub issuer_data: Vec<u8>,
    /// Of the makers of chip and operating system.
    pub pre_issuing_data: Vec<u8>,
    /// All other objects as they are, one after another.
    pub others: Vec<u8>,
}

impl AtrInfo {
    /// Reads EF.ATR/INFO. Zero bytes behind the last object are what is left of the file.
    pub fn parse(file: &[u8]) -> Result<Self, LdsError> {
        let wrong = |source| LdsError::File { name: "ATR/INFO", source };
        let mut info = Self::default();
        for object in tlv::objects(without_padding(file)) {
            let object = object.map_err(wrong)?;
            match object.tag {
                CAPABILITIES => info.capabilities = read_capabilities(object.value),
                EXTENDED_LENGTH => {
                    let mut numbers = tlv::objects(object.value)
                        .filter_map(Result::ok)
                        .filter(|number| number.tag == 0x02)
                        .map(|number| unsigned(number.value));
                    info.extended_length = match (numbers.next().flatten(), numbers.next().flatten()) {
                        (Some(command_bytes_max), Some(response_bytes_max)) => {
                            Some(ExtendedLength { command_bytes_max, response_bytes_max })
                        }
                        _ => None,
                    };
                }
                ISSUER_DATA => info.issuer_data = object.value.to_vec(),
                PRE_ISSUING_DATA => info.pre_issuing_data = object.value.to_vec(),
                // No tag is zero: the rest of an object that was overwritten.
                0 => {}
                _ => info.others.extend_from_slice(object.whole),
            }
        }
        Ok(info)
    }

    /// Writes EF.ATR/INFO.
    pub fn file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        if let Some(capabilities) = self.capabilities {
            tlv::push(&mut file, CAPABILITIES, &write_capabilities(capabilities));
        }
        for (tag, data) in [(ISSUER_DATA, &self.issuer_data), (PRE_ISSUING_DATA, &self.pre_issuing_data)] {
            if !data.is_empty() {
                tlv::push(&mut file, tag, data);
            }
        }
        if let Some(extended) = self.extended_length {
            let number = |value: u32| {
                let bytes = u64::from(value).to_be_bytes();
                // One byte more than the value needs where its first bit would be a sign.
                let skip = (0..7).find(|&skip| bytes[skip] != 0 || bytes[skip + 1] & 0x80 != 0).unwrap_or(7);
                tlv::object(0x02, &bytes[skip..])
            };
            let numbers = [number(extended.command_bytes_max), number(extended.response_bytes_max)].concat();
            tlv::push(&mut file, EXTENDED_LENGTH, &numbers);
        }
        file.extend_from_slice(&self.others);
        file
    }
}

fn read_capabilities(value: &[u8]) -> Option<CardCapabilities> {
    // One to three bytes; those that are not there claim nothing.
    let &first = value.first()?;
    let third = value.get(2).copied().unwrap_or(0);
    Some(CardCapabilities {
        select_by_full_name: first & 0x80 != 0,
        short_identifiers: first & 0x04 != 0,
        command_chaining: third & 0x80 != 0,
        extended_length: third & 0x40 != 0,
        extended_length_information: third & 0x20 != 0,
    })
}

fn write_capabilities(capabilities: CardCapabilities) -> [u8; 3] {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    [
        bit(capabilities.select_by_full_name, 0x80) | bit(capabilities.short_identifiers, 0x04),
        // Data units of one byte.
        0x01,
        bit(capabilities.command_chaining, 0x80)
            | bit(capabilities.extended_length, 0x40)
            | bit(capabilities.extended_length_information, 0x20),
    ]
}

fn unsigned(value: &[u8]) -> Option<u32> {
    let digits = value.iter().position(|&byte| byte != 0).and_then(|at| value.get(at..)).unwrap_or_default();
    (!value.is_empty() && digits.len() <= 4)
        .then(|| digits.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
}

/// No tag of a file is zero, so that zeros at its end are no objects.
fn without_padding(mut file: &[u8]) -> &[u8] {
    // An object may itself end in zeros: only where an object would begin is a zero padding.
    let mut rest = file;
    while let Ok((object, after)) = tlv::read(rest) {
        if object.tag == 0 {
            break;
        }
        rest = after;
    }
    if rest.iter().all(|&byte| byte == 0) {
        file = &file[..file.len() - rest.len()];
    }
    file
}

/// One application of EF.DIR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The application identifier, such as A0000002471001 for the passport's.
    pub identifier: Vec<u8>,
    /// A label for people, where there is one.
    pub label: Option<String>,
}

/// Reads EF.DIR.
pub fn parse_dir(file: &[u8]) -> Result<Vec<Application>, LdsError> {
    let wrong = |source| LdsError::File { name: "DIR", source };
    let mut applications = Vec::new();
    for template in tlv::objects(without_padding(file)) {
        let template = template.map_err(wrong)?;
        if template.tag != APPLICATION {
            continue;
        }
        let identifier = tlv::find(template.value, APPLICATION_IDENTIFIER).map_err(wrong)?.to_vec();
        let label = tlv::find_optional(template.value, APPLICATION_LABEL).map_err(wrong)?.map(super::text::text);
        applications.push(Application { identifier, label });
    }
    Ok(applications)
}

/// Writes EF.DIR (Doc 9303-10, table 31).
pub fn dir_file(applications: &[Application]) -> Vec<u8> {
    let mut file = Vec::new();
    for application in applications {
        let mut template = tlv::object(APPLICATION_IDENTIFIER, &application.identifier);
        if let Some(label) = &application.label {
            tlv::push(&mut template, APPLICATION_LABEL, label.as_bytes());
        }
        tlv::push(&mut file, APPLICATION, &template);
    }
    file
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// Doc 9303-10, table 29, of a chip whose commands and responses may have 1,000 bytes.
    const ATR_INFO: &[u8] = &[0x47, 3, 0x84, 0x01, 0xE0, 0x7F, 0x66, 8, 2, 2, 0x03, 0xE8, 2, 2, 0x03, 0xE8];

    #[test]
    fn extended_length_is_told_by_the_file() {
        let info = AtrInfo::parse(ATR_INFO).unwrap();
        assert_eq!(
            info.capabilities.unwrap(),
            CardCapabilities {
                select_by_full_name: true,
                short_identifiers: true,
                command_chaining: true,
                extended_length: true,
                extended_length_information: true,
            }
        );
        let lengths = ExtendedLength { command_bytes_max: 1000, response_bytes_max: 1000 };
        assert_eq!(info.extended_length, Some(lengths));
        assert_eq!(info.file(), ATR_INFO);
        // Padding is none of it, but what is cut is noticed.
        assert_eq!(AtrInfo::parse(&[ATR_INFO, &[0; 9]].concat()).unwrap(), info);
        assert!(AtrInfo::parse(&ATR_INFO[..15]).is_err());
        assert_eq!(AtrInfo::parse(&[]).unwrap(), AtrInfo::default());
    }

    #[test]
    fn lengths_that_are_no_numbers_are_not_told() {
        for value in [&[2, 0, 2, 1, 5][..], &[2, 5, 1, 0, 0, 0, 0, 2, 1, 5], &[2, 1, 5], &[2, 9]] {
            let file = tlv::object(EXTENDED_LENGTH, value);
            assert_eq!(AtrInfo::parse(&file).unwrap().extended_length, None);
        }
        let file = tlv::object(EXTENDED_LENGTH, &[2, 3, 0, 0xFF, 0xFF, 2, 4, 0, 1, 0, 0]);
        let lengths = ExtendedLength { command_bytes_max: 65_535, response_bytes_max: 65_536 };
        assert_eq!(AtrInfo::parse(&file).unwrap().extended_length, Some(lengths));
    }

    #[test]
    fn applications_are_those_of_table_31() {
        let applications = [(0x10, 1, Some("eMRTD")), (0x20, 1, None), (0x20, 3, None)].map(|(high, low, label)| {
            Application { identifier: vec![0xA0, 0, 0, 2, 0x47, high, low], label: label.map(str::to_owned) }
        });
        let file = dir_file(&applications);
        assert!(file.starts_with(&[0x61, 16, 0x4F, 7, 0xA0, 0, 0, 2, 0x47, 0x10, 1]));
        assert_eq!(parse_dir(&file).unwrap(), applications);
        assert_eq!(parse_dir(&[&file[..], &[0, 0, 0]].concat()).unwrap(), applications);
        assert!(parse_dir(&file[..file.len() - 1]).is_err());
        assert!(parse_dir(&[0x61, 2, 0x50, 0]).is_err());
    }

    prop_compose! {
        fn infos()(
            capabilities in prop::option::of(any::<[bool; 5]>()),
            lengths in prop::option::of(any::<(u32, u32)>()),
            issuer_data in prop::collection::vec(any::<u8>(), 0..40),
            pre_issuing_data in prop::collection::vec(any::<u8>(), 0..10),
            others in prop::collection::vec((
                prop_oneof![Just(0x43u16), Just(0xE0), Just(0x7F74)],
                prop::collection::vec(any::<u8>(), 0..20),
            ), 0..3),
        ) -> AtrInfo {
            AtrInfo {
                capabilities: capabilities.map(|[full_name, short, chaining, extended, information]| CardCapabilities {
                    select_by_full_name: full_name,
                    short_identifiers: short,
                    command_chaining: chaining,
                    extended_length: extended,
                    extended_length_information: information,
                }),
                extended_length: lengths.map(|(command_bytes_max, response_bytes_max)| {
                    ExtendedLength { command_bytes_max, response_bytes_max }
                }),
                issuer_data,
                pre_issuing_data,
                others: others.iter().flat_map(|(tag, value)| tlv::object(*tag, value)).collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(info in infos(), padding in 0usize..5) {
            let mut file = info.file();
            file.resize(file.len() + padding, 0);
            prop_assert_eq!(AtrInfo::parse(&file).unwrap(), info);
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (AtrInfo::parse(&bytes), parse_dir(&bytes));
        }
    }
}
