//! Issuing for tests and demonstrations: a CSCA, document signers and passports whose files a real terminal accepts.

mod authority;
mod document;
mod folder;
mod genuineness;
mod key;
mod sod;
mod terminals;

use std::{io, path::PathBuf};

pub use authority::{Authority, Profile, Role};
pub use document::{Document, DocumentProfile};
pub use folder::{load, save};
pub use genuineness::{ActiveKey, AgreementKey, Genuineness, TerminalTrust};
pub use key::{Curve, KeyKind, Parameters, SigningKey};
use openssl::error::ErrorStack;
pub use sod::{SignedDataProfile, SodProfile};
pub use terminals::TerminalAuthority;

use crate::{
    asn1::Asn1Error,
    crypto::group::GroupError,
    eac::cvc::CvcError,
    genuineness::active::ActiveError,
    lds::{self, ImageFormat},
    mrz::MrzError,
};

/// Why issuing failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// OpenSSL refused.
    #[error("key or certificate could not be made: {0}")]
    OpenSsl(#[from] ErrorStack),
    /// What was put in makes no certificate.
    #[error("the certificate would be malformed: {0}")]
    Asn1(#[from] Asn1Error),
    /// The zone cannot be written.
    #[error(transparent)]
    Mrz(#[from] MrzError),
    /// A key of Active Authentication cannot be used so.
    #[error(transparent)]
    Active(#[from] ActiveError),
    /// A key of Chip Authentication cannot be used.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A card-verifiable certificate cannot be made or trusted.
    #[error(transparent)]
    CardVerifiable(#[from] CvcError),
    /// A key's group has no number to save it by.
    #[error("a key of Chip Authentication is not in a standardized group and cannot be saved: generate it in one")]
    NotStandardized,
    /// A file of a simulated document cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of a simulated document holds something else.
    #[error("{} does not hold {what}: issue the document again", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
}

/// The portrait of a document.
#[derive(Debug, Clone, Copy)]
pub struct Portrait<'a> {
    /// The image file.
    pub image: &'a [u8],
    /// How it is coded.
    pub format: ImageFormat,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

impl Portrait<'_> {
    /// EF.DG2 with this portrait; put into [`crate::chip::ChipFiles`] after signing, it makes a forged document.
    pub fn dg2(&self) -> Vec<u8> {
        lds::write_dg2(self.image, self.format, self.width, self.height)
    }
}
