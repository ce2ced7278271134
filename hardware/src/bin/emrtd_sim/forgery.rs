//! Forged documents: what is wrong with them is in their files, keys and certificates.

use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use rand::CryptoRng;
use sallyport_emrtd::{
    certificate::{Crl, Validity},
    eac::cvc::{Date, Rights},
    issue::{
        Authority, Document, DocumentProfile, Profile as AuthorityProfile, Role, SodProfile, TerminalAuthority,
        TerminalTrust,
    },
    lds::dg3_file_empty,
    mrz::Mrz,
    trust::{Standing, TrustStore},
};
use zeroize::Zeroizing;

use crate::profile::{Profile, Signing};

const DAY_S: i64 = 86_400;
/// How long a CSCA's certificate is valid.
const CSCA_DAYS: u32 = 5_475;
/// As long as the certificate of its verifier.
const TERMINAL_DAYS: u16 = 90;

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Forgery {
    /// The files of a genuine document on another chip, without its private keys.
    Clone,
    /// A clone that hides the groups which would ask it for a proof.
    SilentClone,
    /// DG2 altered after signing.
    AlteredGroup,
    /// An EF.SOD that was signed over another DG2.
    WrongHash,
    /// The signer's certificate has run out.
    ExpiredSigner,
    /// The signer's certificate was revoked.
    RevokedSigner,
    /// Signed under an authority that nobody trusts, of the same name.
    UnknownAuthority,
}

/// An issued document with the trust that its inspection needs.
pub(crate) struct Issued {
    pub(crate) document: Document,
    pub(crate) trust: TrustStore,
    pub(crate) zone: Zeroizing<String>,
    /// Whom the chip gives fingerprints to.
    pub(crate) terminal: Vec<TerminalFile>,
}

/// The name and content of a certificate or key.
type TerminalFile = (&'static str, Zeroizing<Vec<u8>>);

/// Issues a document of this profile, genuine or not, at this time.
pub(crate) fn issue(
    profile: &Profile,
    base: &Path,
    forgery: Option<Forgery>,
    now: i64,
    rng: &mut impl CryptoRng,
) -> anyhow::Result<Issued> {
    let mrz = profile.mrz()?;
    let csca = csca(profile, &profile.csca_signing()?, now)?;
    let mut signer_profile = authority(profile, Role::DocumentSigner, "DS", profile.authority.signer_days, now)?;
    if forgery == Some(Forgery::ExpiredSigner) {
        signer_profile.validity = Validity { from_unix_s: now - 400 * DAY_S, until_unix_s: now - DAY_S };
    }
    let signing = profile.signer_signing()?;
    let signer = csca.certify(&signer_profile.signing_with(&signing.key, signing.algorithm))?;
    let mut document_profile = document_profile(profile, &mrz, base, rng)?;
    let terminal = if profile.fingers() { fingers(&mut document_profile, profile, now, rng)? } else { Vec::new() };
    let mut document = signer.issue_document(document_profile)?;

    let mut trusted = csca.certificate().clone();
    let mut revoked = None;
    match forgery {
        Some(Forgery::Clone) => document.secrets.genuineness = profile.genuineness(rng)?,
        Some(Forgery::SilentClone) => {
            document.secrets.genuineness = Default::default();
            for group in [14, 15] {
                document.files.groups.remove(&group);
            }
        }
        Some(Forgery::AlteredGroup) => alter(document.files.groups.get_mut(&2))?,
        Some(Forgery::WrongHash) => {
            let mut groups = document.files.groups.clone();
            alter(groups.get_mut(&2))?;
            let sod = SodProfile { hash: profile.hash()?, ..SodProfile::default() };
            document.files.sod =
                signer.sign_groups(groups.iter().map(|(&group, file)| (group, file.as_slice())), &sod)?;
        }
        Some(Forgery::RevokedSigner) => {
            let list = csca.revocation_list(now - DAY_S, Some(now + 90 * DAY_S), &[signer.certificate()])?;
            revoked = Some(Crl::parse(&list)?);
        }
        Some(Forgery::UnknownAuthority) => {
            trusted = self::csca(profile, &profile.csca_signing()?, now)?.certificate().clone();
        }
        Some(Forgery::ExpiredSigner) | None => {}
    }
    let mut trust = TrustStore::default();
    trust.add(trusted, Standing::Anchor, None);
    if let Some(list) = revoked {
        trust.add_crl(list, now).map_err(|why| anyhow::anyhow!("the revocation list: {why}"))?;
    }
    Ok(Issued { document, trust, zone: mrz.compose()?, terminal })
}

fn csca(profile: &Profile, signing: &Signing, now: i64) -> anyhow::Result<Authority> {
    let authority = authority(profile, Role::Csca, "CSCA", CSCA_DAYS, now)?;
    Ok(Authority::self_signed(&authority.signing_with(&signing.key, signing.algorithm))?)
}

fn authority(profile: &Profile, role: Role, kind: &str, days: u32, now: i64) -> anyhow::Result<AuthorityProfile> {
    let country = &profile.authority.country;
    Ok(AuthorityProfile::new(role, country, &format!("{kind} {country}"), now, days)?)
}

fn document_profile<'a>(
    profile: &Profile,
    mrz: &'a Mrz,
    base: &Path,
    rng: &mut impl CryptoRng,
) -> anyhow::Result<DocumentProfile<'a>> {
    Ok(DocumentProfile {
        sod: SodProfile { hash: profile.hash()?, ..SodProfile::default() },
        pace: profile.pace()?,
        can: profile.can()?,
        genuineness: profile.genuineness(rng)?,
        atr_info: profile.atr_info(),
        ..DocumentProfile::plain(mrz, profile.dg2(base)?)
    })
}

/// Puts DG3 into a document, for a terminal whose files are given.
fn fingers(
    document: &mut DocumentProfile<'_>,
    profile: &Profile,
    now: i64,
    rng: &mut impl CryptoRng,
) -> anyhow::Result<Vec<TerminalFile>> {
    let authority = TerminalAuthority::new(&profile.authority.country, now, Rights::READ_DG3)?;
    let (certificate, key) = authority.terminal("GATE1", Rights::READ_DG3, now, TERMINAL_DAYS)?;
    let trust = TerminalTrust::new(authority.cvca().clone(), Date::from_unix_s(now))?;
    document.genuineness.terminals = Some(trust);
    let mut random = [0; 32];
    rng.fill_bytes(&mut random);
    document.more_groups.insert(3, dg3_file_empty(&random));
    Ok(vec![
        ("verifier.cvcert", Zeroizing::new(authority.verifier().to_bytes())),
        ("terminal.cvcert", Zeroizing::new(certificate.to_bytes())),
        ("terminal.der", key.to_der()?),
    ])
}

/// One bit of the image, so that it can still be shown.
fn alter(group: Option<&mut Vec<u8>>) -> anyhow::Result<()> {
    let byte = group.and_then(|file| file.last_mut()).context("the document has no DG2")?;
    *byte ^= 1;
    Ok(())
}
