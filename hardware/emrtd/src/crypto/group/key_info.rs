//! Domain parameters and public keys as AlgorithmIdentifier and SubjectPublicKeyInfo (RFC 5280, 4.1.1.2 and 4.1.2.7;
//! RFC 5480 and BSI TR-03111, 5.1 for curves; X9.42 as in RFC 3279, 2.3.3, and PKCS #3 for finite fields).

use openssl::bn::BigNum;

use super::{Group, GroupError, PublicKey, Structure, judged, parameters::CurveParameters};
use crate::{
    asn1::{
        self, BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE,
        oid::{EC_PUBLIC_KEY, PRIME_FIELD},
    },
    tlv::{self, Tlv, TlvError},
};

/// id-ecDH, 1.3.132.1.12.
const EC_DH: &[u8] = &[0x2B, 0x81, 0x04, 0x01, 0x0C];
/// dhpublicnumber of X9.42, 1.2.840.10046.2.1.
const DH_PUBLIC_NUMBER: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3E, 0x02, 0x01];
/// dhKeyAgreement of PKCS #3, 1.2.840.113549.1.3.1.
const DH_KEY_AGREEMENT: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x03, 0x01];
/// standardizedDomainParameters, 0.4.0.127.0.7.1.2.
const STANDARDIZED: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02];

/// Object identifiers of the named curves.
const NAMED_CURVES: [(u8, &[u8]); 11] = [
    (8, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x01]),
    (9, &[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x03]),
    (10, &[0x2B, 0x81, 0x04, 0x00, 0x21]),
    (11, &[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x05]),
    (12, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]),
    (13, &[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07]),
    (14, &[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x09]),
    (15, &[0x2B, 0x81, 0x04, 0x00, 0x22]),
    (16, &[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B]),
    (17, &[0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0D]),
    (18, &[0x2B, 0x81, 0x04, 0x00, 0x23]),
];

/// How domain parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterForm {
    /// By their number in Doc 9303-11, 9.5.1.
    Standardized,
    /// A curve by its object identifier; a finite field explicitly.
    Named,
    /// In full, as Doc 9303-11, 9.4 has it for curves of chips.
    Explicit,
}

impl From<TlvError> for GroupError {
    fn from(_: TlvError) -> Self {
        Self::Parameters("their ASN.1 structure is broken")
    }
}

impl Group {
    /// Reads an AlgorithmIdentifier.
    pub fn from_algorithm_identifier(der: &[u8]) -> Result<Self, GroupError> {
        judged::once(der, || Self::judge(der))
    }

    fn judge(der: &[u8]) -> Result<Self, GroupError> {
        let (value, _) = tlv::expect(der, SEQUENCE)?;
        let (oid, parameters) = tlv::expect(value, OBJECT_IDENTIFIER)?;
        let (parameters, _) = tlv::read(parameters)?;
        match oid {
            EC_PUBLIC_KEY | EC_DH => curve(parameters),
            DH_PUBLIC_NUMBER => field(parameters, true),
            DH_KEY_AGREEMENT => field(parameters, false),
            STANDARDIZED => Self::standardized_by(parameters),
            _ => Err(GroupError::Parameters("their algorithm is neither ECDH nor DH")),
        }
    }

    fn standardized_by(number: Tlv<'_>) -> Result<Self, GroupError> {
        match (number.tag, number.value) {
            (INTEGER, [id]) => Self::standardized(*id),
            _ => Err(GroupError::Parameters("the number of standardized parameters is not a small integer")),
        }
    }

    /// Writes an AlgorithmIdentifier. Parameters that have no number or name are written explicitly.
    pub fn algorithm_identifier(&self, form: ParameterForm) -> Result<Vec<u8>, GroupError> {
        let named = self.id().and_then(|id| NAMED_CURVES.iter().find(|(known, _)| *known == id));
        let (oid, parameters) = match (&self.0.structure, form, self.id(), named) {
            (_, ParameterForm::Standardized, Some(id), _) => (STANDARDIZED, tlv::object(INTEGER, &[id])),
            (_, ParameterForm::Named, _, Some((_, curve))) => (EC_PUBLIC_KEY, tlv::object(OBJECT_IDENTIFIER, curve)),
            (Structure::Elliptic { a, b, .. }, ..) => {
                let octets = |number: &BigNum| -> Result<Vec<u8>, GroupError> {
                    Ok(tlv::object(OCTET_STRING, &number.to_vec_padded(self.0.prime.num_bytes())?))
                };
                let parts = [
                    tlv::object(INTEGER, &[1]),
                    tlv::constructed(
                        SEQUENCE,
                        &[&tlv::object(OBJECT_IDENTIFIER, PRIME_FIELD), &integer(&self.0.prime)],
                    ),
                    tlv::constructed(SEQUENCE, &[&octets(a)?, &octets(b)?]),
                    tlv::object(OCTET_STRING, &self.generator()?),
                    integer(&self.0.order),
                    tlv::object(INTEGER, &[1]),
                ];
                (EC_PUBLIC_KEY, tlv::object(SEQUENCE, &parts.concat()))
            }
            (Structure::Field { generator, subgroup: true }, ..) => {
                let parts = [integer(&self.0.prime), integer(generator), integer(&self.0.order)];
                (DH_PUBLIC_NUMBER, tlv::object(SEQUENCE, &parts.concat()))
            }
            (Structure::Field { generator, subgroup: false }, ..) => {
                (DH_KEY_AGREEMENT, tlv::object(SEQUENCE, &[integer(&self.0.prime), integer(generator)].concat()))
            }
        };
        Ok(tlv::constructed(SEQUENCE, &[&tlv::object(OBJECT_IDENTIFIER, oid), &parameters]))
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub fn from_public_key_info(der: &[u8]) -> Result<Self, GroupError> {
        let (value, _) = tlv::expect(der, SEQUENCE)?;
        let (algorithm, rest) = tlv::read(value)?;
        let group = Group::from_algorithm_identifier(algorithm.whole)?;
        let (bits, _) = tlv::expect(rest, BIT_STRING)?;
        let [0, key @ ..] = bits else {
            return Err(GroupError::PublicKey("it is no whole number of bytes"));
        };
        match group.0.structure {
            Structure::Elliptic { .. } if matches!(key.first(), Some(2 | 3)) => group.decompress(key),
            Structure::Elliptic { .. } => group.decode(key),
            // The integer's DER encoding (RFC 3279, 2.3.3).
            Structure::Field { .. } => group.decode(tlv::expect(key, INTEGER)?.0),
        }
    }

    /// Writes a SubjectPublicKeyInfo.
    pub fn public_key_info(&self, form: ParameterForm) -> Result<Vec<u8>, GroupError> {
        let key = match self.group.0.structure {
            Structure::Elliptic { .. } => self.encoded.clone(),
            Structure::Field { .. } => integer(&BigNum::from_slice(&self.encoded)?),
        };
        let bits = tlv::object(BIT_STRING, &[&[0], &key[..]].concat());
        Ok(tlv::constructed(SEQUENCE, &[&self.group.algorithm_identifier(form)?, &bits]))
    }
}

/// Named or explicit; what the issuer inherits elsewhere cannot be known here.
fn curve(parameters: Tlv<'_>) -> Result<Group, GroupError> {
    match parameters.tag {
        OBJECT_IDENTIFIER => {
            let named = NAMED_CURVES.iter().find(|(_, oid)| *oid == parameters.value);
            Group::standardized(named.ok_or(GroupError::Parameters("the named curve is not known"))?.0)
        }
        // Seen in EF.CardAccess: the number in place of the curve.
        INTEGER => Group::standardized_by(parameters),
        SEQUENCE => explicit_curve(parameters.value),
        _ => Err(GroupError::Parameters("the curve is neither named nor explicit")),
    }
}

/// ECParameters without seed, hash and, where it is missing, cofactor.
fn explicit_curve(value: &[u8]) -> Result<Group, GroupError> {
    let (_version, rest) = tlv::expect(value, INTEGER)?;
    let (field, rest) = tlv::expect(rest, SEQUENCE)?;
    let (coefficients, rest) = tlv::expect(rest, SEQUENCE)?;
    let (generator, rest) = tlv::expect(rest, OCTET_STRING)?;
    let (order, _) = tlv::expect(rest, INTEGER)?;
    let (field_type, prime) = tlv::expect(field, OBJECT_IDENTIFIER)?;
    if field_type != PRIME_FIELD {
        return Err(GroupError::Parameters("the curve is not over a prime field"));
    }
    let (prime, _) = tlv::expect(prime, INTEGER)?;
    let (a, b) = tlv::expect(coefficients, OCTET_STRING)?;
    let (b, _) = tlv::expect(b, OCTET_STRING)?;
    Group::explicit_curve(CurveParameters {
        prime: BigNum::from_slice(prime)?,
        a: BigNum::from_slice(a)?,
        b: BigNum::from_slice(b)?,
        generator,
        order: BigNum::from_slice(order)?,
    })
}

/// X9.42: p, g, q and more; PKCS #3: p, g and perhaps the length of private keys.
fn field(parameters: Tlv<'_>, has_order: bool) -> Result<Group, GroupError> {
    if parameters.tag == INTEGER {
        return Group::standardized_by(parameters);
    }
    let (prime, rest) = tlv::expect(parameters.whole, SEQUENCE).and_then(|(value, _)| tlv::expect(value, INTEGER))?;
    let (generator, rest) = tlv::expect(rest, INTEGER)?;
    let third = tlv::expect(rest, INTEGER).ok().map(|(value, _)| value);
    let (prime, generator) = (BigNum::from_slice(prime)?, BigNum::from_slice(generator)?);
    if has_order {
        let order = third.ok_or(GroupError::Parameters("the order of the generator is missing"))?;
        return Group::explicit_field(prime, generator, Some(BigNum::from_slice(order)?), None);
    }
    let private_bits = third.map(|value| value.iter().fold(0u32, |n, &byte| n.saturating_mul(256) | u32::from(byte)));
    Group::explicit_field(prime, generator, None, private_bits.and_then(|bits| u16::try_from(bits).ok()))
}

fn integer(number: &BigNum) -> Vec<u8> {
    asn1::integer(&number.to_vec())
}
