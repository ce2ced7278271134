//! The other side of extended access: a country verifying CA with a document verifier, who certify inspection systems.
//! For tests and demonstrations.

use super::{Curve, IssueError, KeyKind, Parameters, SigningKey as IssuingKey};
use crate::{
    crypto::hash::HashAlgorithm,
    eac::cvc::{
        Authorization, Certificate, Contents, Date, Reference, Rights, Role, SignatureAlgorithm, SignatureScheme,
        SigningKey,
    },
};

const DAY_S: i64 = 86_400;
/// As authorities usually certify (TR-03139): three years for a CVCA, three months for a verifier.
const CVCA_DAYS: i64 = 1095;
const VERIFIER_DAYS: i64 = 90;
/// The first generation of each key.
const SEQUENCE: &str = "00001";

/// A CVCA and its domestic document verifier, with their keys.
pub struct TerminalAuthority {
    country: String,
    cvca: Certificate,
    cvca_key: SigningKey,
    verifier: Certificate,
    verifier_key: SigningKey,
}

impl TerminalAuthority {
    /// Of this country (two letters), with fresh keys on NIST P-256, from now on; terminals get no more than these
    /// rights.
    pub fn new(country: &str, now_unix_s: i64, rights: Rights) -> Result<Self, IssueError> {
        let (cvca_key, verifier_key) = (new_key()?, new_key()?);
        let name = |mnemonic| Reference::new(country, mnemonic, SEQUENCE);
        let cvca = Certificate::issue(
            Contents {
                authority: name("CVCA")?,
                key: cvca_key.public_key()?,
                holder: name("CVCA")?,
                authorization: Authorization::inspection(Role::Cvca, rights),
                effective: Date::from_unix_s(now_unix_s),
                expiration: Date::from_unix_s(now_unix_s + CVCA_DAYS * DAY_S),
            },
            &cvca_key,
        )?;
        let verifier = Certificate::issue(
            Contents {
                authority: name("CVCA")?,
                key: verifier_key.public_key()?.without_parameters(),
                holder: name("DV")?,
                authorization: Authorization::inspection(Role::DomesticVerifier, rights),
                effective: Date::from_unix_s(now_unix_s),
                expiration: Date::from_unix_s(now_unix_s + VERIFIER_DAYS * DAY_S),
            },
            &cvca_key,
        )?;
        Ok(Self { country: country.to_owned(), cvca, cvca_key, verifier, verifier_key })
    }

    /// The CVCA's certificate, for chips to trust.
    pub fn cvca(&self) -> &Certificate {
        &self.cvca
    }

    /// The verifier's certificate, for terminals to show.
    pub fn verifier(&self) -> &Certificate {
        &self.verifier
    }

    /// Certifies a new inspection system with these rights, for so many days.
    pub fn terminal(
        &self,
        mnemonic: &str,
        rights: Rights,
        now_unix_s: i64,
        days: u16,
    ) -> Result<(Certificate, SigningKey), IssueError> {
        let key = new_key()?;
        let contents = Contents {
            authority: self.verifier.holder().clone(),
            key: key.public_key()?.without_parameters(),
            holder: Reference::new(&self.country, mnemonic, SEQUENCE)?,
            authorization: Authorization::inspection(Role::Terminal, rights),
            effective: Date::from_unix_s(now_unix_s),
            expiration: Date::from_unix_s(now_unix_s + i64::from(days) * DAY_S),
        };
        Ok((Certificate::issue(contents, &self.verifier_key)?, key))
    }

    /// The next generation of the CVCA: its key, certified by this one.
    pub fn link(&self, sequence: &str, now_unix_s: i64) -> Result<(Certificate, SigningKey), IssueError> {
        let key = new_key()?;
        let contents = Contents {
            key: key.public_key()?,
            holder: Reference::new(&self.country, "CVCA", sequence)?,
            effective: Date::from_unix_s(now_unix_s),
            expiration: Date::from_unix_s(now_unix_s + CVCA_DAYS * DAY_S),
            ..self.cvca.contents().clone()
        };
        Ok((Certificate::issue(contents, &self.cvca_key)?, key))
    }
}

fn new_key() -> Result<SigningKey, IssueError> {
    let key = IssuingKey::generate(KeyKind::Ec { curve: Curve::NistP256, parameters: Parameters::Named })?;
    let algorithm = SignatureAlgorithm { scheme: SignatureScheme::Ecdsa, hash: HashAlgorithm::Sha256 };
    Ok(SigningKey::new(algorithm, key.key)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::eac::{cvc::Certified, terminal_authentication::Credentials};

    #[test]
    fn a_terminal_of_the_authority_reads_what_it_may_until_it_expires() {
        const NOW_UNIX_S: i64 = 1_790_000_000;
        let authority = TerminalAuthority::new("UT", NOW_UNIX_S, Rights::READ_DG3.with(Rights::READ_DG4)).unwrap();
        let (terminal, key) = authority.terminal("GATE1", Rights::READ_DG3, NOW_UNIX_S, 30).unwrap();
        let (today, later) = (Date::from_unix_s(NOW_UNIX_S), Date::from_unix_s(NOW_UNIX_S + 31 * DAY_S));
        let trust_point = Certified::trust_point(authority.cvca()).unwrap();
        let verifier = trust_point.certify(authority.verifier(), today).unwrap();
        let certified = verifier.certify(&terminal, today).unwrap();
        assert_eq!(certified.authorization, Authorization::inspection(Role::Terminal, Rights::READ_DG3));
        assert!(verifier.certify(&terminal, later).is_err());
        let credentials = Credentials::new(vec![authority.verifier().clone(), terminal], vec![key]);
        assert!(credentials.path(&[authority.cvca().holder().clone()], today).is_ok());
        let (link, _) = authority.link("00002", NOW_UNIX_S).unwrap();
        assert_eq!(trust_point.certify(&link, today).unwrap().holder.as_bytes(), b"UTCVCA00002");
    }
}
