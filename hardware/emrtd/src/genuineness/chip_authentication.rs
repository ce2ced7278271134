//! Chip Authentication, version 1 (Doc 9303-11, 6.2; TR-03110-1, 3.4): the chip agrees on new session keys with the key
//! whose public half is in DG14. A copy does not hold the private half, so nothing it says on the new channel opens.
//!
//! The steps give and take plain commands. A key of a finite field is longer than a short command carries: the
//! command's driver sends the extended form or chains GENERAL AUTHENTICATE.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    apdu::{Command, SHORT_RESPONSE_BYTES_MAX, status},
    crypto::{
        group::{GroupError, KeyPair, PublicKey},
        suite::Suite,
    },
    secure::{Channel, Keys},
    tlv,
};

pub use crate::security_info::ChipAuthenticationProtocol as Protocol;

/// MSE: Set KAT (Doc 9303-11, 6.2.4.1).
pub const SET_KAT: [u8; 4] = [0, 0x22, 0x41, 0xA6];
/// MSE: Set AT for internal authentication (Doc 9303-11, 6.2.4.2).
pub const SET_AT: [u8; 4] = [0, 0x22, 0x41, 0xA4];
/// GENERAL AUTHENTICATE (Doc 9303-11, 6.2.4.2).
pub const GENERAL_AUTHENTICATE: [u8; 4] = [0, 0x86, 0, 0];

const MECHANISM: u16 = 0x80;
const PRIVATE_KEY_REFERENCE: u16 = 0x84;
const EPHEMERAL_KEY: u16 = 0x91;
const DYNAMIC_DATA: u16 = 0x7C;
const EPHEMERAL_KEY_IN_DYNAMIC_DATA: u16 = 0x80;

/// Why a terminal cannot authenticate the chip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipAuthenticationError {
    /// DG14 offers no key to agree with.
    #[error("DG14 offers no key for Chip Authentication: try Active Authentication")]
    NoKey,
    /// DG14 announces protocols, but no key fits any.
    #[error("DG14 announces Chip Authentication without a key that fits it: treat the chip as not authenticated")]
    NoFittingKey,
    /// The key agreement failed.
    #[error(transparent)]
    Group(#[from] GroupError),
}

/// A ChipAuthenticationInfo (Doc 9303-11, 9.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// What the chip can do.
    pub protocol: Protocol,
    /// With which key, where it has several.
    pub key_id: Option<u64>,
}

/// A ChipAuthenticationPublicKeyInfo (Doc 9303-11, 9.2.6).
#[derive(Debug)]
pub struct OfferedKey {
    /// The key.
    pub key: PublicKey,
    /// Its number, where the chip has several.
    pub id: Option<u64>,
}

/// What the terminal chose of a chip's offer.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// How.
    pub protocol: Protocol,
    /// With which key.
    pub key: &'a PublicKey,
    /// The number to name it by.
    pub key_id: Option<u64>,
}

/// Chooses the strongest suite that DG14 announces a key for. Old documents only carry the key: then it is 3DES
/// (TR-03110-3, A.1.1.1).
pub fn choose<'a>(
    announced: &[Announcement],
    offered: &'a [OfferedKey],
) -> Result<Choice<'a>, ChipAuthenticationError> {
    let default = |offer: &'a OfferedKey| {
        let protocol = Protocol { agreement: offer.key.group().agreement(), suite: Suite::TripleDes };
        Choice { protocol, key: &offer.key, key_id: offer.id }
    };
    if announced.is_empty() {
        return offered.iter().map(default).next().ok_or(ChipAuthenticationError::NoKey);
    }
    let fits = |announcement: &Announcement, offer: &OfferedKey| {
        let same_id = announcement.key_id.is_none() || offer.id.is_none() || announcement.key_id == offer.id;
        same_id && announcement.protocol.agreement == offer.key.group().agreement()
    };
    let candidates = announced.iter().filter_map(|announcement| {
        let offer = offered.iter().find(|offer| fits(announcement, offer))?;
        Some(Choice { protocol: announcement.protocol, key: &offer.key, key_id: announcement.key_id.or(offer.id) })
    });
    // Of equals the first: the order is the issuer's.
    let strongest = candidates.reduce(|best, next| if next.protocol.suite > best.protocol.suite { next } else { best });
    strongest.ok_or(if offered.is_empty() {
        ChipAuthenticationError::NoKey
    } else {
        ChipAuthenticationError::NoFittingKey
    })
}

/// The terminal's side, once its ephemeral key is made.
pub struct Terminal {
    protocol: Protocol,
    key_id: Option<u64>,
    ephemeral: Vec<u8>,
    compressed: Vec<u8>,
    secret: Zeroizing<Vec<u8>>,
}

impl Terminal {
    /// With a fresh ephemeral key.
    pub fn new(choice: Choice<'_>, rng: &mut impl CryptoRng) -> Result<Self, ChipAuthenticationError> {
        Self::with_ephemeral(choice, &KeyPair::generate(choice.key.group(), rng)?)
    }

    /// With this ephemeral key.
    pub fn with_ephemeral(choice: Choice<'_>, ephemeral: &KeyPair) -> Result<Self, ChipAuthenticationError> {
        Ok(Self {
            protocol: choice.protocol,
            key_id: choice.key_id,
            ephemeral: ephemeral.public().encoded().to_vec(),
            compressed: ephemeral.public().compressed(),
            secret: ephemeral.agree(choice.key)?,
        })
    }

    /// The commands to send, in this order, on the present channel: with 3DES MSE: Set KAT alone, with AES MSE: Set AT
    /// and GENERAL AUTHENTICATE. After the last one's `9000` the new channel begins.
    pub fn commands(&self) -> Vec<Command> {
        if self.protocol.suite != Suite::TripleDes {
            return self.two_step_commands();
        }
        let mut data = tlv::object(EPHEMERAL_KEY, &self.ephemeral);
        data.extend_from_slice(&self.key_reference());
        vec![Command::new(SET_KAT).data(data)]
    }

    /// MSE: Set AT and GENERAL AUTHENTICATE also with 3DES: for chips that know no MSE: Set KAT (Doc 9303-11, 8.5).
    pub fn two_step_commands(&self) -> Vec<Command> {
        let mut select = tlv::object(MECHANISM, &self.protocol.oid());
        select.extend_from_slice(&self.key_reference());
        let key = tlv::object(EPHEMERAL_KEY_IN_DYNAMIC_DATA, &self.ephemeral);
        let authenticate = Command::new(GENERAL_AUTHENTICATE).data(tlv::object(DYNAMIC_DATA, &key));
        vec![Command::new(SET_AT).data(select), authenticate.expecting(SHORT_RESPONSE_BYTES_MAX)]
    }

    fn key_reference(&self) -> Vec<u8> {
        self.key_id.map(|id| tlv::object(PRIVATE_KEY_REFERENCE, &identifier_bytes(id))).unwrap_or_default()
    }

    /// The channel on which everything goes from now on. The chip is authenticated by its first response that opens.
    pub fn channel(&self) -> Channel {
        Channel::new(Keys::derive(self.protocol.suite, &self.secret))
    }

    /// The compressed ephemeral key, which Terminal Authentication signs.
    pub fn compressed_key(&self) -> &[u8] {
        &self.compressed
    }
}

/// Big-endian without leading zeros, as chips name their keys.
fn identifier_bytes(id: u64) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    let first = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
    bytes.iter().skip(first).copied().collect()
}

fn identifier(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |id, &byte| id << 8 | u64::from(byte)))
}

/// A key on the chip.
pub struct ChipKey {
    /// The key pair.
    pub pair: KeyPair,
    /// Its number, where the chip has several.
    pub id: Option<u64>,
    /// The suites it may be used for.
    pub suites: Vec<Suite>,
}

/// What MSE: Set AT set on the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    protocol: Protocol,
    key: usize,
}

/// What the chip agreed on with the terminal.
pub struct Agreed {
    /// The channel that takes the old one's place after the response.
    pub channel: Channel,
    /// The terminal's compressed ephemeral key, to which Terminal Authentication binds its rights.
    pub terminal_key: Vec<u8>,
}

/// Chip: MSE: Set KAT. Fails with the status word to answer.
pub fn set_kat(keys: &[ChipKey], data: &[u8]) -> Result<Agreed, u16> {
    let ephemeral = tlv::find(data, EPHEMERAL_KEY).map_err(|_| status::WRONG_DATA)?;
    let key = key_named(keys, tlv::find(data, PRIVATE_KEY_REFERENCE).ok())?;
    agree(keys, key, Suite::TripleDes, ephemeral)
}

/// Chip: MSE: Set AT. Fails with the status word to answer.
pub fn set_at(keys: &[ChipKey], data: &[u8]) -> Result<Selected, u16> {
    let mechanism = tlv::find(data, MECHANISM).map_err(|_| status::WRONG_DATA)?;
    let protocol = Protocol::from_oid(mechanism).ok_or(status::WRONG_DATA)?;
    let key = key_named(keys, tlv::find(data, PRIVATE_KEY_REFERENCE).ok())?;
    let fits = keys.get(key).is_some_and(|key| {
        key.suites.contains(&protocol.suite) && key.pair.public().group().agreement() == protocol.agreement
    });
    if fits { Ok(Selected { protocol, key }) } else { Err(status::WRONG_DATA) }
}

/// Chip: GENERAL AUTHENTICATE after [`set_at`]. Gives the response's data, too.
pub fn general_authenticate(keys: &[ChipKey], selected: Selected, data: &[u8]) -> Result<(Vec<u8>, Agreed), u16> {
    let ephemeral = tlv::expect(data, DYNAMIC_DATA)
        .and_then(|(dynamic, _)| tlv::find(dynamic, EPHEMERAL_KEY_IN_DYNAMIC_DATA))
        .map_err(|_| status::WRONG_DATA)?;
    let agreed = agree(keys, selected.key, selected.protocol.suite, ephemeral)?;
    Ok((tlv::object(DYNAMIC_DATA, &[]), agreed))
}

/// Without a name it is the only key.
fn key_named(keys: &[ChipKey], name: Option<&[u8]>) -> Result<usize, u16> {
    let id = match name {
        Some(name) => Some(identifier(name).ok_or(status::REFERENCE_NOT_FOUND)?),
        None => None,
    };
    let found = match (keys, id) {
        ([_], None) => Some(0),
        (_, None) => None,
        (keys, id) => keys.iter().position(|key| key.id == id),
    };
    found.ok_or(status::REFERENCE_NOT_FOUND)
}

fn agree(keys: &[ChipKey], key: usize, suite: Suite, ephemeral: &[u8]) -> Result<Agreed, u16> {
    let key = keys.get(key).filter(|key| key.suites.contains(&suite)).ok_or(status::REFERENCE_NOT_FOUND)?;
    let terminal = key.pair.public().group().decode(ephemeral).map_err(|_| status::WRONG_DATA)?;
    let secret = key.pair.agree(&terminal).map_err(|_| status::WRONG_DATA)?;
    Ok(Agreed { channel: Channel::new(Keys::derive(suite, &secret)), terminal_key: terminal.compressed() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::{
        crypto::group::{Agreement, Group},
        secure::SecureError,
    };

    fn chip_key(group: u8, id: Option<u64>, rng: &mut StdRng) -> ChipKey {
        let pair = KeyPair::generate(&Group::standardized(group).unwrap(), rng).unwrap();
        ChipKey { pair, id, suites: Suite::ALL.to_vec() }
    }

    fn offer(key: &ChipKey) -> OfferedKey {
        let public = key.pair.public();
        OfferedKey { key: public.group().decode(public.encoded()).unwrap(), id: key.id }
    }

    /// The chip's part: what a driver does with the commands.
    fn run(keys: &[ChipKey], commands: &[Command]) -> Result<Agreed, u16> {
        let mut selected = None;
        for command in commands {
            match command.header {
                SET_KAT => return set_kat(keys, &command.data),
                SET_AT => selected = Some(set_at(keys, &command.data)?),
                GENERAL_AUTHENTICATE => {
                    let (data, agreed) = general_authenticate(keys, selected.unwrap(), &command.data)?;
                    assert_eq!(data, [0x7C, 0]);
                    return Ok(agreed);
                }
                _ => unreachable!(),
            }
        }
        Err(status::CONDITIONS)
    }

    fn talk(mut terminal: Channel, mut chip: Channel) -> Result<(), SecureError> {
        let command = Command::new([0, 0xB0, 0x81, 0]).expecting(4);
        let opened = chip.open_command(&Command::parse(&terminal.protect(&command)).unwrap())?;
        assert!(opened == command);
        let (data, status) = terminal.open(&chip.protect_response(0xB0, b"DG14", 0x9000))?;
        assert_eq!((&data[..], status), (&b"DG14"[..], 0x9000));
        Ok(())
    }

    #[test]
    fn both_sides_agree_in_every_group_and_suite_and_a_clone_does_not() {
        let mut rng = StdRng::seed_from_u64(1);
        for group in [0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18] {
            let genuine = chip_key(group, None, &mut rng);
            let offered = [offer(&genuine)];
            let clone = [chip_key(group, None, &mut rng)];
            let genuine = [genuine];
            let agreement = offered[0].key.group().agreement();
            for suite in Suite::ALL {
                let protocol = Protocol { agreement, suite };
                let choice = choose(&[Announcement { protocol, key_id: None }], &offered).unwrap();
                let terminal = Terminal::new(choice, &mut rng).unwrap();
                assert_eq!(terminal.commands().len(), if suite == Suite::TripleDes { 1 } else { 2 });
                for commands in [terminal.commands(), terminal.two_step_commands()] {
                    let agreed = run(&genuine, &commands).unwrap();
                    assert_eq!(agreed.terminal_key, terminal.compressed_key());
                    talk(terminal.channel(), agreed.channel).unwrap();
                    let agreed = run(&clone, &commands).unwrap();
                    assert_eq!(talk(terminal.channel(), agreed.channel), Err(SecureError::Checksum));
                }
            }
        }
    }

    #[test]
    fn the_strongest_suite_with_a_key_is_chosen_and_the_key_named() {
        let mut rng = StdRng::seed_from_u64(2);
        let keys = [chip_key(12, Some(1), &mut rng), chip_key(13, Some(0xC3), &mut rng)];
        let offered = [offer(&keys[0]), offer(&keys[1])];
        let announce =
            |suite, key_id| Announcement { protocol: Protocol { agreement: Agreement::Ecdh, suite }, key_id };
        let announced = [
            announce(Suite::TripleDes, Some(1)),
            announce(Suite::Aes128, Some(0xC3)),
            announce(Suite::Aes256, Some(7)),
        ];
        let choice = choose(&announced, &offered).unwrap();
        assert_eq!((choice.protocol.suite, choice.key_id), (Suite::Aes128, Some(0xC3)));
        let terminal = Terminal::new(choice, &mut rng).unwrap();
        let commands = terminal.commands();
        assert_eq!(hex::encode_upper(&commands[0].data), "800A04007F000702020302028401C3");
        talk(terminal.channel(), run(&keys, &commands).unwrap().channel).unwrap();
        // Unnamed among two, or unknown.
        assert_eq!(set_at(&keys, &tlv::object(0x80, &choice.protocol.oid())), Err(status::REFERENCE_NOT_FOUND));
        let unknown = [tlv::object(0x80, &choice.protocol.oid()), tlv::object(0x84, &[9])].concat();
        assert_eq!(set_at(&keys, &unknown), Err(status::REFERENCE_NOT_FOUND));
        // A key alone means 3DES; a key that fits nothing means nothing.
        let choice = choose(&[], &offered).unwrap();
        assert_eq!((choice.protocol.suite, choice.key_id), (Suite::TripleDes, Some(1)));
        let other =
            Announcement { protocol: Protocol { agreement: Agreement::Dh, suite: Suite::Aes256 }, key_id: None };
        assert_eq!(choose(&[other], &offered).err(), Some(ChipAuthenticationError::NoFittingKey));
        assert_eq!(choose(&[other], &[]).err(), Some(ChipAuthenticationError::NoKey));
    }

    #[test]
    fn keys_outside_the_group_are_refused() {
        let mut rng = StdRng::seed_from_u64(3);
        for (group, wrong) in [(12, vec![4; 65]), (12, vec![]), (0, vec![1]), (0, vec![0xFF; 128])] {
            let keys = [chip_key(group, None, &mut rng)];
            assert_eq!(set_kat(&keys, &tlv::object(0x91, &wrong)).err(), Some(status::WRONG_DATA));
        }
    }

    proptest! {
        #[test]
        fn hostile_commands_never_panic(data in prop::collection::vec(any::<u8>(), 0..100), id in any::<u64>()) {
            let mut rng = StdRng::seed_from_u64(4);
            let keys = [chip_key(12, None, &mut rng)];
            prop_assert!(set_kat(&keys, &data).is_err());
            let selected = set_at(&keys, &tlv::object(0x80, &Protocol { agreement: Agreement::Ecdh, suite: Suite::Aes128 }.oid())).unwrap();
            prop_assert!(general_authenticate(&keys, selected, &data).is_err());
            let _ = set_at(&keys, &data);
            prop_assert_eq!(identifier(&identifier_bytes(id)), Some(id));
        }
    }
}
