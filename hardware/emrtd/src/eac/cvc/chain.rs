//! Chains of certificates, as a chip validates them (Doc 9303-11, 7.1.4.3; TR-03110-3, 2.5).

use std::sync::Arc;

use super::{Authorization, Certificate, CvcError, Date, Reference, Rights, Role, VerifyingKey};

/// A holder whose certificate was verified, or a trust point: what a chip keeps of it.
#[derive(Clone)]
pub struct Certified {
    /// The name of the key.
    pub holder: Reference,
    /// The key.
    pub key: Arc<VerifyingKey>,
    /// Role, and the rights that all certificates above it grant, too.
    pub authorization: Authorization,
    /// The first day.
    pub effective: Date,
    /// The last day.
    pub expiration: Date,
}

impl Certified {
    /// A trust point: a self-signed CVCA certificate that somebody vouches for. Its signature is checked, its dates
    /// are not.
    pub fn trust_point(certificate: &Certificate) -> Result<Self, CvcError> {
        let contents = certificate.contents();
        if contents.authorization.role != Role::Cvca || !certificate.is_self_signed() {
            return Err(CvcError::Role(contents.holder.clone()));
        }
        let key = contents.key.complete(None)?;
        if !certificate.is_signed_by(&key) {
            return Err(CvcError::SignatureInvalid(contents.holder.clone()));
        }
        Ok(Self::of(certificate, key, contents.authorization.rights))
    }

    fn of(certificate: &Certificate, key: VerifyingKey, rights: Rights) -> Self {
        let contents = certificate.contents();
        Self {
            holder: contents.holder.clone(),
            key: Arc::new(key),
            authorization: Authorization { rights, ..contents.authorization },
            effective: contents.effective,
            expiration: contents.expiration,
        }
    }

    /// Verifies a certificate that this holder issued, on this day. Only link certificates of the CVCA may have
    /// expired.
    pub fn certify(&self, certificate: &Certificate, today: Date) -> Result<Self, CvcError> {
        let contents = certificate.contents();
        let holder = || contents.holder.clone();
        if contents.authority != self.holder {
            return Err(CvcError::OtherAuthority {
                holder: holder(),
                authority: contents.authority.clone(),
                expected: self.holder.clone(),
            });
        }
        if !certificate.is_signed_by(&self.key) {
            return Err(CvcError::SignatureInvalid(holder()));
        }
        let (above, below) = (self.authorization, contents.authorization);
        let in_order = match above.role {
            Role::Cvca => below.role == Role::Cvca || below.role.is_verifier(),
            Role::DomesticVerifier | Role::ForeignVerifier => below.role == Role::Terminal,
            Role::Terminal => false,
        };
        if !in_order || above.terminal != below.terminal {
            return Err(CvcError::Role(holder()));
        }
        let is_link = below.role == Role::Cvca;
        if !is_link && contents.expiration < today {
            return Err(CvcError::Expired { holder: holder(), expiration: contents.expiration });
        }
        // A verifier's certificate may not outlive the trust it rests on (Doc 9303-11, 7.1.4.3.4: disabled trust points).
        if below.role.is_verifier() && self.expiration < today {
            return Err(CvcError::Expired { holder: self.holder.clone(), expiration: self.expiration });
        }
        // The new CVCA key stands in the old one's place; below it rights only shrink.
        let rights = if is_link { below.rights } else { above.rights & below.rights };
        Ok(Self::of(certificate, contents.key.complete(Some(&self.key))?, rights))
    }
}

/// Whether a chip believes the effective date of a certificate issued by this holder (Doc 9303-11, 7.1.4.3.3).
pub fn is_accurate(issuer: &Certified) -> bool {
    matches!(issuer.authorization.role, Role::Cvca | Role::DomesticVerifier)
}
