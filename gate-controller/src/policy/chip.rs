//! What a location demands of a document's chip: how it is opened, and whether it must prove that it is the issued one.

use serde::{Deserialize, Serialize};

/// How chips are opened (Doc 9303-11, 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChipAccess {
    /// PACE where the chip announces it, and BAC only for chips that announce none. A failed PACE stays failed: whoever
    /// disturbs it gains nothing.
    #[default]
    PaceElseBac,
    /// PACE only: chips without it are referred.
    Pace,
    /// BAC also after a PACE that failed, for documents whose PACE is known to be faulty.
    BacAllowed,
}

/// Whether a chip must prove that it is the one that was issued, and no clone of its files: by Chip Authentication, by
/// PACE with Chip Authentication Mapping, or by Active Authentication (Doc 9303-11, 6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChipGenuineness {
    /// A chip whose signed data announce a proof must give it; one that never had any passes.
    #[default]
    WhenOffered,
    /// Every chip must give one: those that offer none are referred.
    Required,
    /// No proof is asked for.
    Off,
}
