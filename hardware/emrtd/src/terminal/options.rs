//! What a terminal is asked to do.

use crate::{
    eac::{cvc::Date, terminal_authentication::Credentials},
    mrz::{Can, MrzKey},
};

/// What opens the chip.
#[derive(Debug, Clone)]
pub enum AccessKey {
    /// The machine readable zone, for BAC and PACE.
    Mrz(MrzKey),
    /// The card access number, for PACE.
    Can(Can),
}

/// Which access protocols are used (Doc 9303-11, 4.2: PACE where the chip supports it).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccessPolicy {
    /// PACE where EF.CardAccess announces it, and then nothing else; BAC for chips without PACE.
    #[default]
    PaceElseBac,
    /// PACE only.
    PaceOnly,
    /// BAC also after PACE failed for another cause than the key: a downgrade that policy takes upon itself.
    BacAllowed,
    /// BAC only, as terminals before PACE did.
    BacOnly,
}

/// Which data groups are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// These, where the chip has them, in this order.
    These(Vec<u8>),
    /// All that the chip has.
    All,
}

/// Whether the extended form is used for reading: fewer, longer answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExtendedLength {
    /// Never: the reader cannot, or the chip is known to fail.
    Never,
    /// Where EF.ATR/INFO announces it (ISO/IEC 7816-4, 12.7.1).
    #[default]
    Announced,
    /// Also unannounced, falling back when the chip refuses. Some chips fall silent instead: remember their issuers.
    Probe,
}

/// What Terminal Authentication is done with.
pub struct TerminalAuthentication {
    /// The terminal's certificates and keys.
    pub credentials: Credentials,
    /// The present day, which the terminal's clock tells.
    pub today: Date,
}

/// What a terminal does with a chip.
pub struct Options {
    /// Which access protocols are used.
    pub access: AccessPolicy,
    /// Which data groups are read.
    pub groups: Groups,
    /// Whether Chip Authentication is done where DG14 offers it.
    pub chip_authentication: bool,
    /// Whether Active Authentication is done where DG15 offers it.
    pub active_authentication: bool,
    /// What DG3 and DG4 are opened with, where the chip has Terminal Authentication.
    pub terminal_authentication: Option<TerminalAuthentication>,
    /// Whether the extended form is used for reading.
    pub extended_length: ExtendedLength,
    /// Whether files are read as every chip of the field accepts it: selected first, a few bytes at a time. For a document
    /// whose chip fell silent over the usual manner, and cannot say over what.
    pub cautious: bool,
    /// Most bytes of a response that the reader can take, status word not counted.
    pub response_bytes_max: usize,
}

impl Default for Options {
    /// DG1 and DG2, and every proof that the chip is genuine which it offers.
    fn default() -> Self {
        Self {
            access: AccessPolicy::default(),
            groups: Groups::These(vec![1, 2]),
            chip_authentication: true,
            active_authentication: true,
            terminal_authentication: None,
            extended_length: ExtendedLength::default(),
            cautious: false,
            response_bytes_max: crate::apdu::EXTENDED_RESPONSE_BYTES_MAX,
        }
    }
}
