//! Commands and responses (ISO/IEC 7816-4, 5.1): short and extended form.

use zeroize::{Zeroize, Zeroizing};

/// Command data that fits the short form.
pub const SHORT_DATA_BYTES_MAX: usize = 255;
/// Response data that fits the short form.
pub const SHORT_RESPONSE_BYTES_MAX: usize = 256;
/// Command data that fits the extended form.
pub const EXTENDED_DATA_BYTES_MAX: usize = 65_535;
/// Response data that fits the extended form.
pub const EXTENDED_RESPONSE_BYTES_MAX: usize = 65_536;

/// Status words that this crate knows (ISO/IEC 7816-4, 5.6).
pub mod status {
    /// All is well.
    pub const OK: u16 = 0x9000;
    /// The file ended before Le bytes.
    pub const END_OF_FILE: u16 = 0x6282;
    /// Verification failed.
    pub const VERIFICATION_FAILED: u16 = 0x6300;
    /// Wrong length.
    pub const WRONG_LENGTH: u16 = 0x6700;
    /// Secure messaging is not supported here.
    pub const SECURE_MESSAGING_NOT_SUPPORTED: u16 = 0x6882;
    /// The last command of a chain was expected.
    pub const LAST_OF_CHAIN_EXPECTED: u16 = 0x6883;
    /// The security status does not suffice.
    pub const SECURITY_STATUS: u16 = 0x6982;
    /// Conditions of use are not satisfied.
    pub const CONDITIONS: u16 = 0x6985;
    /// No file is selected.
    pub const NO_FILE: u16 = 0x6986;
    /// Data objects of secure messaging are missing.
    pub const SECURE_OBJECTS_MISSING: u16 = 0x6987;
    /// Data objects of secure messaging are wrong.
    pub const SECURE_OBJECTS_WRONG: u16 = 0x6988;
    /// The data field is wrong.
    pub const WRONG_DATA: u16 = 0x6A80;
    /// No such file.
    pub const FILE_NOT_FOUND: u16 = 0x6A82;
    /// P1 or P2 is wrong.
    pub const WRONG_PARAMETERS: u16 = 0x6A86;
    /// What the data refer to is not there.
    pub const REFERENCE_NOT_FOUND: u16 = 0x6A88;
    /// The offset lies outside the file.
    pub const WRONG_OFFSET: u16 = 0x6B00;
    /// The instruction is not supported.
    pub const INSTRUCTION_NOT_SUPPORTED: u16 = 0x6D00;
    /// The class is not supported.
    pub const CLASS_NOT_SUPPORTED: u16 = 0x6E00;
}

/// A command.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// Class, instruction, P1, P2.
    pub header: [u8; 4],
    /// Command data, at most [`EXTENDED_DATA_BYTES_MAX`] bytes.
    pub data: Vec<u8>,
    /// Expected length of the response's data: 1..=[`EXTENDED_RESPONSE_BYTES_MAX`].
    pub expected: Option<usize>,
}

/// Without the data: they may be a name or a proof.
impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Command({}, {} bytes, Le {:?})", hex::encode_upper(self.header), self.data.len(), self.expected)
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl Command {
    /// A command without data and without an expected response.
    pub fn new(header: [u8; 4]) -> Self {
        Self { header, data: Vec::new(), expected: None }
    }

    /// With these data.
    pub fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    /// With this length of the response expected.
    pub fn expecting(mut self, bytes: usize) -> Self {
        self.expected = Some(bytes);
        self
    }

    /// Whether it needs the extended form.
    pub fn is_extended(&self) -> bool {
        self.data.len() > SHORT_DATA_BYTES_MAX || self.expected.is_some_and(|bytes| bytes > SHORT_RESPONSE_BYTES_MAX)
    }

    /// The command's bytes, in short form where that suffices.
    pub fn bytes(&self) -> Vec<u8> {
        self.encode(self.is_extended())
    }

    pub(crate) fn encode(&self, extended: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len() + 9);
        out.extend_from_slice(&self.header);
        // A length of zero stands for the greatest (ISO/IEC 7816-4, 5.1); truncation does just that.
        if extended {
            out.push(0);
            if !self.data.is_empty() {
                out.extend_from_slice(&(self.data.len() as u16).to_be_bytes());
                out.extend_from_slice(&self.data);
            }
            out.extend(self.expected.iter().flat_map(|&bytes| (bytes as u16).to_be_bytes()));
        } else {
            if !self.data.is_empty() {
                out.push(self.data.len() as u8);
                out.extend_from_slice(&self.data);
            }
            out.extend(self.expected.map(|bytes| bytes as u8));
        }
        out
    }

    /// Reads a command of either form.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&header, body) = bytes.split_first_chunk::<4>()?;
        let greatest = |value: usize, instead: usize| if value == 0 { instead } else { value };
        let short = |byte: u8| greatest(usize::from(byte), SHORT_RESPONSE_BYTES_MAX);
        let extended = |bytes: [u8; 2]| greatest(usize::from(u16::from_be_bytes(bytes)), EXTENDED_RESPONSE_BYTES_MAX);
        let (data, expected): (&[u8], _) = match body {
            [] => (&[], None),
            [length] => (&[], Some(short(*length))),
            [0, high, low] => (&[], Some(extended([*high, *low]))),
            [0, high, low, rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
                match rest {
                    [] => (data, None),
                    [high, low] => (data, Some(extended([*high, *low]))),
                    _ => return None,
                }
            }
            [length, rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(*length))?;
                match rest {
                    [] => (data, None),
                    [length] => (data, Some(short(*length))),
                    _ => return None,
                }
            }
        };
        Some(Self { header, data: data.to_vec(), expected })
    }
}

/// A response: data and status word.
pub struct Response {
    /// Response data.
    pub data: Zeroizing<Vec<u8>>,
    /// Status word.
    pub status: u16,
}

impl Response {
    /// Whether the status is `9000`.
    pub fn is_ok(&self) -> bool {
        self.status == status::OK
    }
}

/// Response data and status word.
pub fn split_status(response: &[u8]) -> Option<(&[u8], u16)> {
    response.split_last_chunk::<2>().map(|(data, status)| (data, u16::from_be_bytes(*status)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_case_of_the_standard_in_both_forms() {
        let header = [0, 0xB0, 1, 2];
        for (command, short, extended) in [
            (Command::new(header), "00B00102", None),
            (Command::new(header).expecting(256), "00B0010200", Some("00B00102000100")),
            (Command::new(header).data([7]), "00B001020107", Some("00B0010200000107")),
            (Command::new(header).data([7]).expecting(8), "00B00102010708", Some("00B00102000001070008")),
        ] {
            assert_eq!(hex::encode_upper(command.bytes()), short);
            assert!(Command::parse(&command.bytes()).unwrap() == command);
            if let Some(extended) = extended {
                assert_eq!(hex::encode_upper(command.encode(true)), extended);
                assert!(Command::parse(&command.encode(true)).unwrap() == command);
            }
        }
        let most = Command::new(header).expecting(EXTENDED_RESPONSE_BYTES_MAX);
        assert_eq!(hex::encode_upper(most.bytes()), "00B00102000000");
        assert!(Command::parse(&most.bytes()).unwrap() == most);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(data in prop::collection::vec(any::<u8>(), 0..700), expected in prop::option::of(1usize..=65_536)) {
            let command = Command { header: [0x8C, 0xA4, 4, 0x0C], data, expected };
            prop_assert!(Command::parse(&command.bytes()).unwrap() == command);
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Command::parse(&bytes);
        }
    }
}
