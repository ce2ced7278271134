//! Keys of card-verifiable certificates and their signatures (TR-03110-3, A.7.3, D.3).

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcGroupRef, EcKey, EcPoint, PointConversionForm},
    pkey::{Id, PKey, Private, Public},
    rsa::{Padding, Rsa},
    sign::{RsaPssSaltlen, Signer, Verifier},
};
use zeroize::Zeroizing;

use super::CvcError;
use crate::{
    asn1::OBJECT_IDENTIFIER,
    crypto::{ecdsa, hash::HashAlgorithm},
    tlv::{self, Tlv},
};

/// id-TA, 0.4.0.127.0.7.2.2.2; kind of key and number of the algorithm follow.
const TERMINAL_AUTHENTICATION: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 2, 2, 2];
/// The largest modulus accepted; TR-03110-3, A.7.3.1 knows up to 3072 bits.
const MODULUS_BYTES_MAX: usize = 1024;
/// The largest public exponent accepted, so that no key costs much time to use.
const EXPONENT_BYTES_MAX: usize = 8;
/// The largest field accepted: NIST P-521.
const FIELD_BYTES_MAX: usize = 66;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS; the salt is as long as the hash.
    RsaPss,
    /// ECDSA in plain format.
    Ecdsa,
}

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureAlgorithm {
    /// How it signs.
    pub scheme: SignatureScheme,
    /// Over which hash.
    pub hash: HashAlgorithm,
}

impl SignatureAlgorithm {
    /// With the two last arcs of their object identifiers.
    const ALL: [(Self, [u8; 2]); 11] = {
        use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        use SignatureScheme::{Ecdsa, RsaPkcs1, RsaPss};
        const fn algorithm(scheme: SignatureScheme, hash: HashAlgorithm) -> SignatureAlgorithm {
            SignatureAlgorithm { scheme, hash }
        }
        [
            (algorithm(RsaPkcs1, Sha1), [1, 1]),
            (algorithm(RsaPkcs1, Sha256), [1, 2]),
            (algorithm(RsaPss, Sha1), [1, 3]),
            (algorithm(RsaPss, Sha256), [1, 4]),
            (algorithm(RsaPkcs1, Sha512), [1, 5]),
            (algorithm(RsaPss, Sha512), [1, 6]),
            (algorithm(Ecdsa, Sha1), [2, 1]),
            (algorithm(Ecdsa, Sha224), [2, 2]),
            (algorithm(Ecdsa, Sha256), [2, 3]),
            (algorithm(Ecdsa, Sha384), [2, 4]),
            (algorithm(Ecdsa, Sha512), [2, 5]),
        ]
    };

    /// All algorithms that certificates may name.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().map(|(algorithm, _)| algorithm)
    }

    fn parse(oid: &[u8]) -> Result<Self, CvcError> {
        let arcs = oid.strip_prefix(TERMINAL_AUTHENTICATION);
        let found = Self::ALL.into_iter().find(|(_, own)| arcs == Some(&own[..])).map(|(algorithm, _)| algorithm);
        found.ok_or(CvcError::Malformed("an unknown signature algorithm"))
    }

    /// The object identifier's value; `None` for what no certificate can name, such as PSS over SHA-384.
    pub fn oid(self) -> Option<Vec<u8>> {
        let (_, arcs) = Self::ALL.into_iter().find(|&(algorithm, _)| algorithm == self)?;
        Some([TERMINAL_AUTHENTICATION, &arcs].concat())
    }
}

/// Explicit parameters of a curve over a prime field, each number big-endian.
#[derive(Clone, PartialEq, Eq)]
pub struct DomainParameters {
    prime: Vec<u8>,
    a: Vec<u8>,
    b: Vec<u8>,
    generator: Vec<u8>,
    order: Vec<u8>,
    cofactor: Vec<u8>,
}

impl DomainParameters {
    /// Those of this group.
    pub fn of(group: &EcGroupRef) -> Result<Self, CvcError> {
        let generator = group.generator_opt().ok_or(CvcError::Key("its curve has no generator"))?;
        let mut context = BigNumContext::new()?;
        let [mut prime, mut a, mut b] = [BigNum::new()?, BigNum::new()?, BigNum::new()?];
        let [mut order, mut cofactor] = [BigNum::new()?, BigNum::new()?];
        group.components_gfp(&mut prime, &mut a, &mut b, &mut context)?;
        group.order(&mut order, &mut context)?;
        group.cofactor(&mut cofactor, &mut context)?;
        let width = ecdsa::coordinate_bytes(group) as i32;
        Ok(Self {
            prime: prime.to_vec_padded(width)?,
            a: a.to_vec_padded(width)?,
            b: b.to_vec_padded(width)?,
            generator: generator.to_bytes(group, PointConversionForm::UNCOMPRESSED, &mut context)?,
            order: order.to_vec(),
            cofactor: cofactor.to_vec(),
        })
    }

    fn group(&self) -> Result<EcGroup, CvcError> {
        let wrong = |_| CvcError::Key("its domain parameters are no curve");
        let mut context = BigNumContext::new().map_err(wrong)?;
        let number = |bytes: &[u8]| BigNum::from_slice(bytes).map_err(wrong);
        let (prime, a, b) = (number(&self.prime)?, number(&self.a)?, number(&self.b)?);
        let mut group = EcGroup::from_components(prime, a, b, &mut context).map_err(wrong)?;
        let generator = EcPoint::from_bytes(&group, &self.generator, &mut context).map_err(wrong)?;
        group.set_generator(generator, number(&self.order)?, number(&self.cofactor)?).map_err(wrong)?;
        Ok(group)
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { parameters: Option<DomainParameters>, point: Vec<u8> },
}

/// The public key that a certificate carries. One on a curve may leave out the parameters: then they are its issuer's.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: SignatureAlgorithm,
    material: Material,
}

impl PublicKey {
    /// Reads the public key object's value.
    pub(super) fn parse(value: &[u8]) -> Result<Self, CvcError> {
        let (oid, rest) = tlv::expect(value, OBJECT_IDENTIFIER)?;
        let algorithm = SignatureAlgorithm::parse(oid)?;
        let objects = tlv::all(rest)?;
        let tags: Vec<u16> = objects.iter().map(|object| object.tag).collect();
        let value = |at: usize| objects.get(at).map(|object: &Tlv<'_>| object.value.to_vec()).unwrap_or_default();
        let material = match (algorithm.scheme, &tags[..]) {
            (SignatureScheme::RsaPkcs1 | SignatureScheme::RsaPss, [0x81, 0x82]) => {
                Material::Rsa { modulus: value(0), exponent: value(1) }
            }
            (SignatureScheme::Ecdsa, [0x86]) => Material::Ec { parameters: None, point: value(0) },
            (
                SignatureScheme::Ecdsa,
                [0x81, 0x82, 0x83, 0x84, 0x85, 0x86] | [0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87],
            ) => {
                let cofactor = if tags.len() == 7 { value(6) } else { vec![1] };
                let [prime, a, b, generator, order] = std::array::from_fn(value);
                let parameters = DomainParameters { prime, a, b, generator, order, cofactor };
                Material::Ec { parameters: Some(parameters), point: value(5) }
            }
            _ => return Err(CvcError::Malformed("a public key lacks parts or has them in disorder")),
        };
        let limits_hold = match &material {
            Material::Rsa { modulus, exponent } => {
                modulus.len() <= MODULUS_BYTES_MAX && exponent.len() <= EXPONENT_BYTES_MAX
            }
            Material::Ec { parameters, point } => {
                let numbers = parameters.iter().flat_map(|p| [&p.prime, &p.a, &p.b, &p.order, &p.cofactor]);
                let points = parameters.iter().map(|p| &p.generator).chain([point]);
                numbers.into_iter().all(|number| number.len() <= FIELD_BYTES_MAX)
                    && points
                        .into_iter()
                        .all(|point| point.first() == Some(&4) && point.len() <= 2 * FIELD_BYTES_MAX + 1)
            }
        };
        if limits_hold { Ok(Self { algorithm, material }) } else { Err(CvcError::Key("it is out of all proportion")) }
    }

    /// The public key object's value.
    pub(super) fn value(&self) -> Vec<u8> {
        let mut out = tlv::object(OBJECT_IDENTIFIER, &self.algorithm.oid().unwrap_or_default());
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                tlv::push(&mut out, 0x81, modulus);
                tlv::push(&mut out, 0x82, exponent);
            }
            Material::Ec { parameters, point } => {
                if let Some(parameters) = parameters {
                    let DomainParameters { prime, a, b, generator, order, .. } = parameters;
                    for (tag, number) in (0x81..).zip([prime, a, b, generator, order]) {
                        tlv::push(&mut out, tag, number);
                    }
                }
                tlv::push(&mut out, 0x86, point);
                if let Some(parameters) = parameters {
                    tlv::push(&mut out, 0x87, &parameters.cofactor);
                }
            }
        }
        out
    }

    /// How it signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Without domain parameters, as documents verifiers' and terminals' certificates carry it.
    pub fn without_parameters(mut self) -> Self {
        if let Material::Ec { parameters, .. } = &mut self.material {
            *parameters = None;
        }
        self
    }

    /// The key to verify with; where it lacks domain parameters, with its issuer's.
    pub fn complete(&self, issuer: Option<&VerifyingKey>) -> Result<VerifyingKey, CvcError> {
        let wrong = |_| CvcError::Key("OpenSSL refuses it");
        let (key, parameters) = match &self.material {
            Material::Rsa { modulus, exponent } => {
                let number = |bytes: &[u8]| BigNum::from_slice(bytes).map_err(wrong);
                let rsa = Rsa::from_public_components(number(modulus)?, number(exponent)?).map_err(wrong)?;
                (Half::Rsa(PKey::from_rsa(rsa).map_err(wrong)?), None)
            }
            Material::Ec { parameters, point } => {
                let inherited = issuer.and_then(|issuer| issuer.parameters.as_ref());
                let parameters = parameters.as_ref().or(inherited).ok_or(CvcError::ParametersMissing)?;
                let group = parameters.group()?;
                let mut context = BigNumContext::new().map_err(wrong)?;
                let point = EcPoint::from_bytes(&group, point, &mut context).map_err(wrong)?;
                let key = EcKey::from_public_key(&group, &point).map_err(wrong)?;
                (Half::Ec(key), Some(parameters.clone()))
            }
        };
        Ok(VerifyingKey { algorithm: self.algorithm, key, parameters })
    }
}

enum Half {
    Rsa(PKey<Public>),
    Ec(EcKey<Public>),
}

/// A public key ready to verify with.
pub struct VerifyingKey {
    algorithm: SignatureAlgorithm,
    key: Half,
    parameters: Option<DomainParameters>,
}

impl VerifyingKey {
    /// How it signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Whether the signature over the message was made with this key's other half.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let SignatureAlgorithm { scheme, hash } = self.algorithm;
        match &self.key {
            Half::Ec(key) => ecdsa::verify(key, &hash.of(&[message]), signature),
            Half::Rsa(key) => {
                let verified = || {
                    let mut verifier = Verifier::new(hash.message_digest(), key)?;
                    if scheme == SignatureScheme::RsaPss {
                        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                    }
                    verifier.verify_oneshot(signature, message)
                };
                verified().unwrap_or(false)
            }
        }
    }
}

/// A private key that signs certificates or challenges.
pub struct SigningKey {
    algorithm: SignatureAlgorithm,
    key: PKey<Private>,
}

impl SigningKey {
    /// This RSA or EC key, used so.
    pub fn new(algorithm: SignatureAlgorithm, key: PKey<Private>) -> Result<Self, CvcError> {
        let fits = match key.id() {
            Id::RSA => algorithm.scheme != SignatureScheme::Ecdsa,
            Id::EC => algorithm.scheme == SignatureScheme::Ecdsa,
            _ => false,
        };
        if !fits || algorithm.oid().is_none() {
            return Err(CvcError::Key("it does not sign with this algorithm"));
        }
        Ok(Self { algorithm, key })
    }

    /// A private key in DER (PKCS #8, or the traditional form of its kind).
    pub fn from_der(algorithm: SignatureAlgorithm, der: &[u8]) -> Result<Self, CvcError> {
        let key = PKey::private_key_from_der(der).map_err(|_| CvcError::Key("it is no private key in DER"))?;
        Self::new(algorithm, key)
    }

    /// The key in DER (PKCS #8).
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, CvcError> {
        Ok(Zeroizing::new(self.key.private_key_to_pkcs8()?))
    }

    /// How it signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Its other half, with domain parameters.
    pub fn public_key(&self) -> Result<PublicKey, CvcError> {
        let material = if let Ok(key) = self.key.rsa() {
            Material::Rsa { modulus: key.n().to_vec(), exponent: key.e().to_vec() }
        } else {
            let key = self.key.ec_key()?;
            let parameters = Some(DomainParameters::of(key.group())?);
            Material::Ec { parameters, point: ecdsa::public_point(&key)? }
        };
        Ok(PublicKey { algorithm: self.algorithm, material })
    }

    /// Whether the public key is this key's other half, and names the same algorithm.
    pub fn matches(&self, public: &PublicKey) -> bool {
        self.public_key().is_ok_and(|own| own.without_parameters() == public.clone().without_parameters())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CvcError> {
        let SignatureAlgorithm { scheme, hash } = self.algorithm;
        if scheme == SignatureScheme::Ecdsa {
            let key = self.key.ec_key()?;
            return Ok(ecdsa::sign(&key, &hash.of(&[message]))?);
        }
        let mut signer = Signer::new(hash.message_digest(), &self.key)?;
        if scheme == SignatureScheme::RsaPss {
            signer.set_rsa_padding(Padding::PKCS1_PSS)?;
            signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        Ok(signer.sign_oneshot_to_vec(message)?)
    }
}
