//! Block ciphers of BAC, PACE, Chip Authentication and secure messaging: 3DES and AES, each with its MAC and its key
//! derivation (Doc 9303-11, 9.7 and 9.8.6).

use aes::{Aes128, Aes192, Aes256};
use cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
    common::BlockSizeUser,
};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// A block cipher with its MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// 3DES with two keys in CBC mode; retail MAC.
    TripleDes,
    /// AES with a key of 128 bits in CBC mode; CMAC.
    Aes128,
    /// AES with a key of 192 bits in CBC mode; CMAC.
    Aes192,
    /// AES with a key of 256 bits in CBC mode; CMAC.
    Aes256,
}

/// What a derived key is for (Doc 9303-11, 9.7.1: the counter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Encryption in secure messaging.
    Encryption = 1,
    /// MAC in secure messaging.
    Mac = 2,
    /// Encryption of PACE's nonce with a password.
    Password = 3,
}

/// A key of [`Suite::key_bytes`] bytes.
pub type Key = Zeroizing<Vec<u8>>;

impl Suite {
    /// All suites.
    pub const ALL: [Self; 4] = [Self::TripleDes, Self::Aes128, Self::Aes192, Self::Aes256];

    /// Bytes of a block; also of secure messaging's send sequence counter.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::TripleDes => 8,
            _ => 16,
        }
    }

    /// Bytes of a key.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Derives a key from a shared secret, a seed or a password (Doc 9303-11, 9.7.1).
    pub fn derive_key(self, secret: &[u8], purpose: Purpose) -> Key {
        let counter = (purpose as u32).to_be_bytes();
        let mut digest = Zeroizing::new(match self {
            Self::TripleDes | Self::Aes128 => {
                Sha1::new().chain_update(secret).chain_update(counter).finalize().to_vec()
            }
            Self::Aes192 | Self::Aes256 => Sha256::new().chain_update(secret).chain_update(counter).finalize().to_vec(),
        });
        digest[self.key_bytes()..].zeroize();
        digest.truncate(self.key_bytes());
        if self == Self::TripleDes {
            for byte in digest.iter_mut() {
                // DES keys carry odd parity in the lowest bit.
                *byte = (*byte & 0xFE) | u8::from((*byte & 0xFE).count_ones().is_multiple_of(2));
            }
        }
        digest
    }

    /// CBC without padding: whole blocks of `data` are encrypted; `iv` is one block.
    pub fn encrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::TripleDes => encrypt_with::<TdesEde2>(key, iv, data),
            Self::Aes128 => encrypt_with::<Aes128>(key, iv, data),
            Self::Aes192 => encrypt_with::<Aes192>(key, iv, data),
            Self::Aes256 => encrypt_with::<Aes256>(key, iv, data),
        }
    }

    /// The inverse of [`Suite::encrypt`].
    pub fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::TripleDes => decrypt_with::<TdesEde2>(key, iv, data),
            Self::Aes128 => decrypt_with::<Aes128>(key, iv, data),
            Self::Aes192 => decrypt_with::<Aes192>(key, iv, data),
            Self::Aes256 => decrypt_with::<Aes256>(key, iv, data),
        }
    }

    /// The MAC of 8 bytes: retail MAC, which pads by itself (ISO/IEC 9797-1 algorithm 3, padding method 2), or CMAC
    /// (NIST SP 800-38B) truncated.
    pub fn mac(self, key: &[u8], data: &[u8]) -> [u8; 8] {
        match self {
            Self::TripleDes => retail_mac(key, data),
            Self::Aes128 => truncated_cmac::<Cmac<Aes128>>(key, data),
            Self::Aes192 => truncated_cmac::<Cmac<Aes192>>(key, data),
            Self::Aes256 => truncated_cmac::<Cmac<Aes256>>(key, data),
        }
    }

    /// Adds `80 00 ..` up to whole blocks (ISO/IEC 9797-1, padding method 2).
    pub fn pad(self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        let block = self.block_bytes();
        let mut padded = Zeroizing::new(Vec::with_capacity(data.len() + block));
        padded.extend_from_slice(data);
        padded.push(0x80);
        let whole = padded.len().next_multiple_of(block);
        padded.resize(whole, 0);
        padded
    }
}

/// What [`Suite::pad`] padded; `None` if it is not padded so.
pub fn unpad(data: &[u8]) -> Option<&[u8]> {
    let end = data.iter().rposition(|&byte| byte != 0)?;
    (data.get(end) == Some(&0x80)).then(|| data.split_at(end).0)
}

// Keys come from `derive_key` and vectors from block sizes of the same suite; another length would be our own mistake.
const LENGTHS: &str = "key and vector have the suite's lengths";

fn encrypt_with<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>>
where
    C: BlockCipherEncrypt + KeyInit + BlockSizeUser,
{
    let mut cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).expect(LENGTHS);
    let mut out = Zeroizing::new(data.to_vec());
    for block in out.chunks_exact_mut(C::block_size()) {
        if let Ok(block) = <&mut Array<u8, _>>::try_from(block) {
            cipher.encrypt_block(block);
        }
    }
    out
}

fn decrypt_with<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>>
where
    C: BlockCipherDecrypt + KeyInit + BlockSizeUser,
{
    let mut cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).expect(LENGTHS);
    let mut out = Zeroizing::new(data.to_vec());
    for block in out.chunks_exact_mut(C::block_size()) {
        if let Ok(block) = <&mut Array<u8, _>>::try_from(block) {
            cipher.decrypt_block(block);
        }
    }
    out
}

fn truncated_cmac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> [u8; 8] {
    let mac = <M as KeyInit>::new_from_slice(key).expect(LENGTHS).chain_update(data).finalize().into_bytes();
    let mut out = [0; 8];
    out.copy_from_slice(&mac[..8]);
    out
}

fn retail_mac(key: &[u8], data: &[u8]) -> [u8; 8] {
    let (first, second) = key.split_at(8);
    let cipher = |half: &[u8]| <&Array<u8, _>>::try_from(half).map(Des::new);
    let mut state = Array::from([0u8; 8]);
    if let (Ok(first), Ok(second)) = (cipher(first), cipher(second)) {
        for block in Suite::TripleDes.pad(data).chunks_exact(8) {
            for (byte, input) in state.iter_mut().zip(block) {
                *byte ^= input;
            }
            first.encrypt_block(&mut state);
        }
        second.decrypt_block(&mut state);
        first.encrypt_block(&mut state);
    }
    state.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    // NIST SP 800-38A, F.2.1, F.2.3, F.2.5: CBC-AES, first block.
    #[test]
    fn aes_in_cbc_mode_is_that_of_nist() {
        let iv = bytes("000102030405060708090a0b0c0d0e0f");
        let plain = bytes("6bc1bee22e409f96e93d7e117393172a");
        for (suite, key, cipher) in [
            (Suite::Aes128, "2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"),
            (Suite::Aes192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "4f021db243bc633d7178183a9fa071e8"),
            (
                Suite::Aes256,
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
            ),
        ] {
            assert_eq!(hex::encode(&suite.encrypt(&bytes(key), &iv, &plain)[..]), cipher);
            assert_eq!(suite.decrypt(&bytes(key), &iv, &bytes(cipher))[..], plain);
        }
    }

    // NIST SP 800-38B, D.1 and D.3: CMAC of 16 bytes (the values are those of RFC 4493, 4 and its AES-256 sibling).
    #[test]
    fn cmac_is_that_of_nist() {
        let message = bytes("6bc1bee22e409f96e93d7e117393172a");
        let mac = |suite: Suite, key: &str, message: &[u8]| hex::encode(suite.mac(&bytes(key), message));
        assert_eq!(mac(Suite::Aes128, "2b7e151628aed2a6abf7158809cf4f3c", &message), "070a16b46b4d4144");
        assert_eq!(mac(Suite::Aes128, "2b7e151628aed2a6abf7158809cf4f3c", &[]), "bb1d6929e9593728");
        let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        assert_eq!(mac(Suite::Aes256, key, &message), "28a7023f452e8f82");
        let key = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
        assert_eq!(mac(Suite::Aes192, key, &message), "9e99a7bf31e71090");
    }

    // Doc 9303-11, appendix D.1: keys from a seed.
    #[test]
    fn keys_are_derived_as_in_the_worked_example() {
        let seed = bytes("239AB9CB282DAF66231DC5A4DF6BFBAE");
        let key = |purpose| hex::encode_upper(&Suite::TripleDes.derive_key(&seed, purpose)[..]);
        assert_eq!(key(Purpose::Encryption), "AB94FDECF2674FDFB9B391F85D7F76F2");
        assert_eq!(key(Purpose::Mac), "7962D9ECE03D1ACD4C76089DCE131543");
    }

    #[test]
    fn padding_comes_off_and_nothing_else_does() {
        for suite in Suite::ALL {
            for length in 0..40 {
                let data = vec![0x80; length];
                let padded = suite.pad(&data);
                assert!(padded.len().is_multiple_of(suite.block_bytes()) && padded.len() > length);
                assert_eq!(unpad(&padded).unwrap(), data);
            }
        }
        for wrong in [&[][..], &[0, 0], &[1, 0, 0], &[0x80, 1]] {
            assert!(unpad(wrong).is_none());
        }
    }
}
