//! Card-verifiable certificates (TR-03110-3, C and D; Doc 9303-12, 7.2): what a country verifying CA, its document
//! verifiers and their inspection systems show to a chip, so that it opens DG3 and DG4.

use openssl::error::ErrorStack;

use crate::tlv::{self, TlvError};

mod chain;
mod fields;
mod key;
#[cfg(test)]
mod tests;

pub use chain::{Certified, is_accurate};
pub use fields::{Authorization, Date, Reference, Rights, Role, TerminalType};
pub use key::{DomainParameters, PublicKey, SignatureAlgorithm, SignatureScheme, SigningKey, VerifyingKey};

const CERTIFICATE: u16 = 0x7F21;
const BODY: u16 = 0x7F4E;
const PROFILE: u16 = 0x5F29;
const AUTHORITY_REFERENCE: u16 = 0x42;
const PUBLIC_KEY: u16 = 0x7F49;
const HOLDER_REFERENCE: u16 = 0x5F20;
const HOLDER_AUTHORIZATION: u16 = 0x7F4C;
const EFFECTIVE: u16 = 0x5F25;
const EXPIRATION: u16 = 0x5F24;
const EXTENSIONS: u16 = 0x65;
const SIGNATURE: u16 = 0x5F37;

/// Why a certificate is not accepted, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CvcError {
    /// It is not built as TR-03110 describes.
    #[error("the certificate is malformed: {0}; ask its issuer for another")]
    Malformed(&'static str),
    /// Its key cannot be used.
    #[error("the certificate's key cannot be used: {0}")]
    Key(&'static str),
    /// Its key is on a curve that neither it nor its issuer's certificate describes.
    #[error("the certificate's key lacks domain parameters: verify it below the CVCA certificate that has them")]
    ParametersMissing,
    /// It names another authority.
    #[error("`{holder}` was issued by `{authority}`, not by `{expected}`: present the chain in order")]
    OtherAuthority {
        /// Its holder.
        holder: Reference,
        /// Its issuer.
        authority: Reference,
        /// The issuer it was verified below.
        expected: Reference,
    },
    /// Its signature is wrong.
    #[error("the signature on the certificate of `{0}` is wrong: it was altered, or its issuer's key is another one")]
    SignatureInvalid(Reference),
    /// It expired.
    #[error("the certificate of `{holder}` expired after {expiration}: fetch a new one from its issuer")]
    Expired {
        /// Its holder.
        holder: Reference,
        /// Its last day.
        expiration: Date,
    },
    /// Its issuer may not issue such certificates.
    #[error("`{0}` was issued by a holder that may not issue it: CVCA, document verifier, terminal is the order")]
    Role(Reference),
    /// OpenSSL refused.
    #[error("the certificate could not be made: {0}")]
    OpenSsl(String),
}

impl From<TlvError> for CvcError {
    fn from(_: TlvError) -> Self {
        Self::Malformed("its TLV structure is broken")
    }
}

impl From<ErrorStack> for CvcError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// What a certificate says.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// CAR: the key that signed it.
    pub authority: Reference,
    /// The certified key.
    pub key: PublicKey,
    /// CHR: that key's name.
    pub holder: Reference,
    /// CHAT: what the holder is and may do.
    pub authorization: Authorization,
    /// The first day.
    pub effective: Date,
    /// The last day.
    pub expiration: Date,
}

/// A certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    contents: Contents,
    /// The body object, which is signed as it stands.
    body: Vec<u8>,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate, as files hold it.
    pub fn parse(bytes: &[u8]) -> Result<Self, CvcError> {
        let (value, rest) = tlv::expect(bytes, CERTIFICATE)?;
        if !rest.is_empty() {
            return Err(CvcError::Malformed("bytes follow it"));
        }
        Self::parse_command_data(value)
    }

    /// Reads body and signature, as PSO: Verify Certificate carries them.
    pub fn parse_command_data(data: &[u8]) -> Result<Self, CvcError> {
        let (body, rest) = tlv::read(data)?;
        if body.tag != BODY {
            return Err(CvcError::Malformed("it has no body"));
        }
        let (signature, rest) = tlv::expect(rest, SIGNATURE)?;
        if !rest.is_empty() {
            return Err(CvcError::Malformed("bytes follow its signature"));
        }
        Ok(Self { contents: Contents::parse(body.value)?, body: body.whole.to_vec(), signature: signature.to_vec() })
    }

    /// Issues a certificate.
    pub fn issue(contents: Contents, key: &SigningKey) -> Result<Self, CvcError> {
        let body = tlv::object(BODY, &contents.value());
        let signature = key.sign(&body)?;
        Ok(Self { contents, body, signature })
    }

    /// What it says.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// CHR: its holder's name.
    pub fn holder(&self) -> &Reference {
        &self.contents.holder
    }

    /// CAR: its issuer's name.
    pub fn authority(&self) -> &Reference {
        &self.contents.authority
    }

    /// Whether it is signed with its own key, as a CVCA's first certificate is.
    pub fn is_self_signed(&self) -> bool {
        self.contents.authority == self.contents.holder
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verify(&self.body, &self.signature)
    }

    /// Data of PSO: Verify Certificate (Doc 9303-11, 7.1.5.2).
    pub fn command_data(&self) -> Vec<u8> {
        [&self.body[..], &tlv::object(SIGNATURE, &self.signature)].concat()
    }

    /// As files hold it.
    pub fn to_bytes(&self) -> Vec<u8> {
        tlv::object(CERTIFICATE, &self.command_data())
    }
}

impl Contents {
    fn parse(value: &[u8]) -> Result<Self, CvcError> {
        let (profile, rest) = tlv::expect(value, PROFILE)?;
        if profile != [0] {
            return Err(CvcError::Malformed("its profile is not version 1"));
        }
        let (authority, rest) = tlv::expect(rest, AUTHORITY_REFERENCE)?;
        let (key, rest) = tlv::expect(rest, PUBLIC_KEY)?;
        let (holder, rest) = tlv::expect(rest, HOLDER_REFERENCE)?;
        let (authorization, rest) = tlv::expect(rest, HOLDER_AUTHORIZATION)?;
        let (effective, rest) = tlv::expect(rest, EFFECTIVE)?;
        let (expiration, rest) = tlv::expect(rest, EXPIRATION)?;
        // Extensions stay in the signed body; none of them concerns the eMRTD application.
        if !rest.is_empty() && !tlv::expect(rest, EXTENSIONS)?.1.is_empty() {
            return Err(CvcError::Malformed("unknown objects follow its dates"));
        }
        Ok(Self {
            authority: Reference::parse(authority)?,
            key: PublicKey::parse(key)?,
            holder: Reference::parse(holder)?,
            authorization: Authorization::parse(authorization)?,
            effective: Date::parse(effective)?,
            expiration: Date::parse(expiration)?,
        })
    }

    fn value(&self) -> Vec<u8> {
        let mut out = tlv::object(PROFILE, &[0]);
        tlv::push(&mut out, AUTHORITY_REFERENCE, self.authority.as_bytes());
        tlv::push(&mut out, PUBLIC_KEY, &self.key.value());
        tlv::push(&mut out, HOLDER_REFERENCE, self.holder.as_bytes());
        tlv::push(&mut out, HOLDER_AUTHORIZATION, &self.authorization.value());
        tlv::push(&mut out, EFFECTIVE, &self.effective.digits());
        tlv::push(&mut out, EXPIRATION, &self.expiration.digits());
        out
    }
}
