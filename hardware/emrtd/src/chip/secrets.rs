//! What a chip keeps to itself: the passwords that open it and the private keys that prove it genuine.

use crate::{
    issue::Genuineness,
    mrz::{Can, MrzKey},
};

/// A chip's secrets.
pub struct Secrets {
    /// The zone that opens it by BAC and PACE.
    pub key: MrzKey,
    /// The card access number that opens it by PACE.
    pub can: Option<Can>,
    /// Keys of Active and Chip Authentication and of chip authentication mapping, and whom DG3 and DG4 open to.
    pub genuineness: Genuineness,
}

impl From<MrzKey> for Secrets {
    /// Of a chip that proves nothing.
    fn from(key: MrzKey) -> Self {
        Self { key, can: None, genuineness: Genuineness::default() }
    }
}
