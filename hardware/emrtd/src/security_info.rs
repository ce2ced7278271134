//! SecurityInfos (Doc 9303-11, 9.2): which protocols a chip speaks, as EF.CardAccess, DG14 and EF.CardSecurity list
//! them.

use crate::{
    asn1::{INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET},
    crypto::{
        group::{Agreement, Group, GroupError, PublicKey},
        suite::Suite,
    },
    tlv::{self, TlvError},
};

/// bsi-de, 0.4.0.127.0.7, and its arc `protocols smartcard`, 2.2.
const SMARTCARD: [u8; 7] = [0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02];
/// Below it: id-PK, id-TA, id-CA, id-PACE.
const PUBLIC_KEY: u8 = 1;
const TERMINAL_AUTHENTICATION: u8 = 2;
const CHIP_AUTHENTICATION: u8 = 3;
const PACE: u8 = 4;
/// id-icao-mrtd-security-aaProtocolObject, 2.23.136.1.1.5.
const ACTIVE_AUTHENTICATION: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x05];

/// Keys of one chip that are decoded: to judge parameters that are written out takes time.
const CHIP_KEYS_MAX: usize = 4;

/// How PACE maps the nonce to a generator (Doc 9303-11, 4.4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mapping {
    /// Generic mapping: a key agreement.
    Generic,
    /// Integrated mapping: a hash to the group.
    Integrated,
    /// Chip authentication mapping: generic mapping with a proof that the chip is genuine.
    ChipAuthentication,
}

/// A variant of PACE (Doc 9303-11, 9.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaceProtocol {
    /// How the nonce is mapped.
    pub mapping: Mapping,
    /// The key agreement.
    pub agreement: Agreement,
    /// Block cipher of the nonce, the tokens and the channel.
    pub suite: Suite,
}

/// The last two arcs of an object identifier below id-PACE.
const MAPPINGS: [(u8, Mapping, Agreement); 5] = [
    (1, Mapping::Generic, Agreement::Dh),
    (2, Mapping::Generic, Agreement::Ecdh),
    (3, Mapping::Integrated, Agreement::Dh),
    (4, Mapping::Integrated, Agreement::Ecdh),
    (6, Mapping::ChipAuthentication, Agreement::Ecdh),
];

fn suite_of_arc(arc: u8) -> Option<Suite> {
    Suite::ALL.get(usize::from(arc).checked_sub(1)?).copied()
}

fn arc_of_suite(suite: Suite) -> u8 {
    match suite {
        Suite::TripleDes => 1,
        Suite::Aes128 => 2,
        Suite::Aes192 => 3,
        Suite::Aes256 => 4,
    }
}

fn agreement_of_arc(arc: u8) -> Option<Agreement> {
    match arc {
        1 => Some(Agreement::Dh),
        2 => Some(Agreement::Ecdh),
        _ => None,
    }
}

fn arc_of_agreement(agreement: Agreement) -> u8 {
    match agreement {
        Agreement::Dh => 1,
        Agreement::Ecdh => 2,
    }
}

fn smartcard(arcs: &[u8]) -> Vec<u8> {
    [&SMARTCARD[..], arcs].concat()
}

impl PaceProtocol {
    /// All of them: chip authentication mapping only with AES and on curves.
    pub fn all() -> impl Iterator<Item = Self> {
        MAPPINGS.into_iter().flat_map(|(_, mapping, agreement)| {
            Suite::ALL
                .into_iter()
                .filter(move |&suite| mapping != Mapping::ChipAuthentication || suite != Suite::TripleDes)
                .map(move |suite| Self { mapping, agreement, suite })
        })
    }

    /// Reads the content of an object identifier.
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        let [PACE, mapping, suite] = *oid.strip_prefix(&SMARTCARD)? else { return None };
        let (_, mapping, agreement) = MAPPINGS.into_iter().find(|(arc, ..)| *arc == mapping)?;
        let protocol = Self { mapping, agreement, suite: suite_of_arc(suite)? };
        Self::all().any(|known| known == protocol).then_some(protocol)
    }

    /// The content of its object identifier.
    pub fn oid(&self) -> Vec<u8> {
        smartcard(&[PACE, self.mapping_arc(), arc_of_suite(self.suite)])
    }

    fn mapping_arc(&self) -> u8 {
        let same = |(_, mapping, agreement): &&(u8, Mapping, Agreement)| {
            (*mapping, *agreement) == (self.mapping, self.agreement)
        };
        // Chip authentication mapping over a finite field is not defined; the arc is the one nobody understands.
        MAPPINGS.iter().find(same).map_or(0, |(arc, ..)| *arc)
    }
}

/// A variant of Chip Authentication (Doc 9303-11, 9.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChipAuthenticationProtocol {
    /// The key agreement.
    pub agreement: Agreement,
    /// Block cipher of the channel.
    pub suite: Suite,
}

impl ChipAuthenticationProtocol {
    /// Reads the content of an object identifier.
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        let [CHIP_AUTHENTICATION, agreement, suite] = *oid.strip_prefix(&SMARTCARD)? else { return None };
        Some(Self { agreement: agreement_of_arc(agreement)?, suite: suite_of_arc(suite)? })
    }

    /// The content of its object identifier.
    pub fn oid(&self) -> Vec<u8> {
        smartcard(&[CHIP_AUTHENTICATION, arc_of_agreement(self.agreement), arc_of_suite(self.suite)])
    }
}

/// One thing that a chip says about its protocols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityInfo {
    /// PACE is there (9.2.3).
    Pace {
        /// The variant.
        protocol: PaceProtocol,
        /// Version, 2 at present.
        version: u64,
        /// The standardized domain parameters, or the identifier of those in a [`SecurityInfo::PaceDomainParameters`].
        parameter_id: Option<u64>,
    },
    /// Proprietary domain parameters for PACE (9.2.3).
    PaceDomainParameters {
        /// How the nonce is mapped.
        mapping: Mapping,
        /// The key agreement.
        agreement: Agreement,
        /// Its AlgorithmIdentifier; read it with [`Group::from_algorithm_identifier`].
        algorithm: Vec<u8>,
        /// Tells several apart.
        parameter_id: Option<u64>,
    },
    /// Chip Authentication is there (9.2.5).
    ChipAuthentication {
        /// The variant.
        protocol: ChipAuthenticationProtocol,
        /// Version, 1 for passports.
        version: u64,
        /// Which key it uses, where there are several.
        key_id: Option<u64>,
    },
    /// A public key for Chip Authentication or chip authentication mapping (9.2.6).
    ChipAuthenticationPublicKey {
        /// The key agreement.
        agreement: Agreement,
        /// Its SubjectPublicKeyInfo; read it with [`PublicKey::from_public_key_info`].
        public_key: Vec<u8>,
        /// Tells several apart.
        key_id: Option<u64>,
    },
    /// Terminal Authentication is there (9.2.7).
    TerminalAuthentication {
        /// Version, 1 for passports.
        version: u64,
        /// Where EF.CVCA is, if elsewhere than at its standard place: file identifier, and its short form.
        cvca_file: Option<(u16, Option<u8>)>,
    },
    /// Active Authentication by ECDSA (9.2.4).
    ActiveAuthentication {
        /// Version, 1.
        version: u64,
        /// The content of the signature algorithm's object identifier.
        signature_algorithm: Vec<u8>,
    },
    /// Something else, or one of the above in another form.
    Other {
        /// The content of its object identifier.
        oid: Vec<u8>,
        /// All of its bytes.
        der: Vec<u8>,
    },
}

/// The SecurityInfos of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityInfos(pub Vec<SecurityInfo>);

impl SecurityInfos {
    /// Reads the SET that is EF.CardAccess, the value of DG14 (behind its tag 6E), or the content of EF.CardSecurity.
    /// What follows the SET is not looked at: some chips fill the file with zeros.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlvError> {
        let (set, _) = tlv::expect(bytes, SET)?;
        let infos = tlv::objects(set).map(|object| {
            let object = object?;
            let (value, _) = tlv::expect(object.whole, SEQUENCE)?;
            let (oid, rest) = tlv::expect(value, OBJECT_IDENTIFIER)?;
            // One that is malformed must not keep a traveler from the protocols that are well described.
            let known = SecurityInfo::parse(oid, rest).ok().flatten();
            Ok(known.unwrap_or_else(|| SecurityInfo::Other { oid: oid.to_vec(), der: object.whole.to_vec() }))
        });
        infos.collect::<Result<_, _>>().map(Self)
    }

    /// Reads EF.DG14.
    pub fn parse_dg14(file: &[u8]) -> Result<Self, TlvError> {
        Self::parse(tlv::expect(file, 0x6E)?.0)
    }

    /// Writes the SET, in DER's order.
    pub fn to_der(&self) -> Vec<u8> {
        let mut infos: Vec<Vec<u8>> = self.0.iter().map(SecurityInfo::to_der).collect();
        infos.sort();
        tlv::object(SET, &infos.concat())
    }

    /// Whether PACE is announced, even in a form that cannot be used. Then BAC in its place would be a downgrade.
    pub fn announces_pace(&self) -> bool {
        self.0.iter().any(|info| match info {
            SecurityInfo::Pace { .. } | SecurityInfo::PaceDomainParameters { .. } => true,
            SecurityInfo::Other { oid, .. } => {
                oid.strip_prefix(&SMARTCARD).is_some_and(|arcs| arcs.starts_with(&[PACE]))
            }
            _ => false,
        })
    }

    /// The Chip Authentication public keys, with their identifiers, as far as they can be used; no more than a chip can
    /// have.
    pub fn chip_authentication_keys(&self) -> impl Iterator<Item = (Option<u64>, Result<PublicKey, GroupError>)> {
        let keys = self.0.iter().filter_map(|info| match info {
            SecurityInfo::ChipAuthenticationPublicKey { public_key, key_id, .. } => Some((*key_id, public_key)),
            _ => None,
        });
        keys.take(CHIP_KEYS_MAX).map(|(key_id, public_key)| (key_id, PublicKey::from_public_key_info(public_key)))
    }
}

impl SecurityInfo {
    fn parse(oid: &[u8], rest: &[u8]) -> Result<Option<Self>, TlvError> {
        let objects = tlv::all(rest)?;
        let integer = |at: usize| objects.get(at).filter(|object| object.tag == INTEGER).and_then(|o| number(o.value));
        let whole =
            |at: usize| objects.get(at).filter(|object| object.tag == SEQUENCE).map(|object| object.whole.to_vec());
        // An identifier that is there must be readable: taken for absent, it would name another key.
        let identifier = |at: usize| match objects.get(at) {
            None => Some(None),
            Some(_) => integer(at).map(Some),
        };
        if oid == ACTIVE_AUTHENTICATION {
            let algorithm = objects.get(1).filter(|object| object.tag == OBJECT_IDENTIFIER);
            return Ok(integer(0).zip(algorithm).map(|(version, algorithm)| Self::ActiveAuthentication {
                version,
                signature_algorithm: algorithm.value.to_vec(),
            }));
        }
        if let Some(protocol) = PaceProtocol::from_oid(oid) {
            return Ok(integer(0).zip(identifier(1)).map(|(version, parameter_id)| Self::Pace {
                protocol,
                version,
                parameter_id,
            }));
        }
        if let Some(protocol) = ChipAuthenticationProtocol::from_oid(oid) {
            return Ok(integer(0).zip(identifier(1)).map(|(version, key_id)| Self::ChipAuthentication {
                protocol,
                version,
                key_id,
            }));
        }
        Ok(match oid.strip_prefix(&SMARTCARD) {
            Some([PACE, arc]) => {
                let Some((_, mapping, agreement)) = MAPPINGS.into_iter().find(|(known, ..)| known == arc) else {
                    return Ok(None);
                };
                whole(0).zip(identifier(1)).map(|(algorithm, parameter_id)| Self::PaceDomainParameters {
                    mapping,
                    agreement,
                    algorithm,
                    parameter_id,
                })
            }
            Some([PUBLIC_KEY, arc]) => {
                let Some(agreement) = agreement_of_arc(*arc) else { return Ok(None) };
                whole(0).zip(identifier(1)).map(|(public_key, key_id)| Self::ChipAuthenticationPublicKey {
                    agreement,
                    public_key,
                    key_id,
                })
            }
            Some([TERMINAL_AUTHENTICATION]) => match (integer(0), objects.get(1)) {
                (Some(version), None) => Some(Self::TerminalAuthentication { version, cvca_file: None }),
                (Some(version), Some(file)) => {
                    file_id(file.whole)?.map(|file| Self::TerminalAuthentication { version, cvca_file: Some(file) })
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// Writes it.
    pub fn to_der(&self) -> Vec<u8> {
        let optional = |id: &Option<u64>| id.map(write_integer).unwrap_or_default();
        let (oid, rest) = match self {
            Self::Pace { protocol, version, parameter_id } => {
                (protocol.oid(), [write_integer(*version), optional(parameter_id)].concat())
            }
            Self::PaceDomainParameters { mapping, agreement, algorithm, parameter_id } => {
                let protocol = PaceProtocol { mapping: *mapping, agreement: *agreement, suite: Suite::Aes128 };
                let oid = smartcard(&[PACE, protocol.mapping_arc()]);
                (oid, [algorithm.clone(), optional(parameter_id)].concat())
            }
            Self::ChipAuthentication { protocol, version, key_id } => {
                (protocol.oid(), [write_integer(*version), optional(key_id)].concat())
            }
            Self::ChipAuthenticationPublicKey { agreement, public_key, key_id } => {
                let oid = smartcard(&[PUBLIC_KEY, arc_of_agreement(*agreement)]);
                (oid, [public_key.clone(), optional(key_id)].concat())
            }
            Self::TerminalAuthentication { version, cvca_file } => {
                let file = cvca_file.map(|(file, short)| {
                    let short = short.map(|short| tlv::object(OCTET_STRING, &[short])).unwrap_or_default();
                    tlv::constructed(SEQUENCE, &[&tlv::object(OCTET_STRING, &file.to_be_bytes()), &short])
                });
                let oid = smartcard(&[TERMINAL_AUTHENTICATION]);
                (oid, [write_integer(*version), file.unwrap_or_default()].concat())
            }
            Self::ActiveAuthentication { version, signature_algorithm } => {
                let algorithm = tlv::object(OBJECT_IDENTIFIER, signature_algorithm);
                (ACTIVE_AUTHENTICATION.to_vec(), [write_integer(*version), algorithm].concat())
            }
            Self::Other { der, .. } => return der.clone(),
        };
        tlv::constructed(SEQUENCE, &[&tlv::object(OBJECT_IDENTIFIER, &oid), &rest])
    }

    /// A key for Chip Authentication as it is written: its group decides the agreement.
    pub fn of_public_key(key: &PublicKey, public_key_info: Vec<u8>, key_id: Option<u64>) -> Self {
        Self::ChipAuthenticationPublicKey { agreement: key.group().agreement(), public_key: public_key_info, key_id }
    }

    /// Proprietary domain parameters for PACE as they are written.
    pub fn of_parameters(group: &Group, mapping: Mapping, algorithm: Vec<u8>, parameter_id: Option<u64>) -> Self {
        Self::PaceDomainParameters { mapping, agreement: group.agreement(), algorithm, parameter_id }
    }
}

/// FileID: file identifier and, perhaps, its short form.
fn file_id(der: &[u8]) -> Result<Option<(u16, Option<u8>)>, TlvError> {
    let (value, _) = tlv::expect(der, SEQUENCE)?;
    let (file, rest) = tlv::expect(value, OCTET_STRING)?;
    let short = if rest.is_empty() { None } else { Some(tlv::expect(rest, OCTET_STRING)?.0) };
    Ok(match (file, short) {
        (&[high, low], None) => Some((u16::from_be_bytes([high, low]), None)),
        (&[high, low], Some(&[short])) => Some((u16::from_be_bytes([high, low]), Some(short))),
        _ => None,
    })
}

/// A non-negative INTEGER of at most eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    let significant = bytes.iter().skip_while(|&&byte| byte == 0);
    let fits = !bytes.is_empty() && significant.clone().count() <= 8;
    fits.then(|| significant.fold(0u64, |value, &byte| value << 8 | u64::from(byte)))
}

fn write_integer(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take_while(|&&byte| byte == 0).count().min(7);
    let mut content = bytes[skip..].to_vec();
    if content.first().is_some_and(|&first| first >= 0x80) {
        content.insert(0, 0);
    }
    tlv::object(INTEGER, &content)
}

#[cfg(test)]
mod tests;
