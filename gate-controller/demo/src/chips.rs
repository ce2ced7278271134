//! Chips of the demonstration's passports: how they are opened and how they prove themselves; and clones of them.

use std::path::Path;

use anyhow::Context as _;
use sallyport_emrtd::{
    Mrz,
    crypto::{group::Agreement, hash::HashAlgorithm, suite::Suite},
    issue::{ActiveKey, AgreementKey, Authority, Curve, Document, DocumentProfile, Genuineness, KeyKind, Parameters},
    security_info::{Mapping, PaceProtocol},
};

/// BrainpoolP256r1 among the standardized domain parameters (Doc 9303-11, 9.5.1): what many passports have.
const BRAINPOOL_P256R1: u8 = 13;

/// How a chip proves that it is the issued one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Not at all; BAC opens it.
    None,
    /// By Active Authentication; BAC opens it.
    ActiveAuthentication,
    /// By Chip Authentication; PACE opens it.
    ChipAuthentication,
    /// While PACE opens it, by Chip Authentication Mapping.
    Mapping,
}

impl Proof {
    fn pace(self) -> Option<Mapping> {
        match self {
            Self::None | Self::ActiveAuthentication => None,
            Self::ChipAuthentication => Some(Mapping::Generic),
            Self::Mapping => Some(Mapping::ChipAuthentication),
        }
    }

    /// Fresh keys for it.
    fn keys(self) -> anyhow::Result<Genuineness> {
        let mut genuineness = Genuineness::default();
        match self {
            Self::None => {}
            Self::ActiveAuthentication => {
                let kind = KeyKind::Ec { curve: Curve::NistP256, parameters: Parameters::Explicit };
                genuineness.active = Some(ActiveKey::generate(kind, HashAlgorithm::Sha256)?);
            }
            Self::ChipAuthentication | Self::Mapping => {
                let key = AgreementKey::generate(BRAINPOOL_P256R1, None, &[Suite::Aes128], &mut rand::rng())?;
                genuineness.agreement.push(key);
            }
        }
        Ok(genuineness)
    }
}

/// A passport with this portrait, its chip opened and proven so.
pub fn issue(signer: &Authority, mrz: &Mrz, dg2: Vec<u8>, proof: Proof) -> anyhow::Result<Document> {
    let pace = |mapping| (PaceProtocol { mapping, agreement: Agreement::Ecdh, suite: Suite::Aes128 }, BRAINPOOL_P256R1);
    let profile = DocumentProfile {
        pace: proof.pace().map(pace).into_iter().collect(),
        genuineness: proof.keys()?,
        ..DocumentProfile::plain(mrz, dg2)
    };
    Ok(signer.issue_document(profile)?)
}

/// Puts what can be read from a document onto another chip: all but its private keys. A bold one tries with keys of its
/// own instead.
pub fn clone(original: &Path, clone: &Path, own_keys: Option<Proof>) -> anyhow::Result<()> {
    let (zone, mut document) = Document::load(original).context("read the document to clone")?;
    document.secrets.genuineness = own_keys.map_or(Ok(Genuineness::default()), Proof::keys)?;
    document.save(clone, &zone).with_context(|| format!("write {}", clone.display()))
}
