//! What a reading gave.

use std::collections::BTreeMap;

use crate::{
    lds::ChipContents,
    security_info::{PaceProtocol, SecurityInfo, SecurityInfos},
};

/// What a terminal read from a chip, and what the chip proved meanwhile.
#[derive(Debug, Default)]
pub struct Reading {
    /// The files.
    pub contents: ChipContents,
    /// How the chip was opened.
    pub access: Access,
    /// Chip Authentication with a key of DG14: counts only if passive authentication covers DG14.
    pub chip_authentication: Proof,
    /// Active Authentication with the key of DG15: counts only if passive authentication covers DG15.
    pub active_authentication: Proof,
    /// Chip Authentication Mapping with a key of EF.CardSecurity: counts only if that file is authentic.
    pub chip_authentication_mapping: Proof,
    /// Terminal Authentication.
    pub terminal_authentication: Proof,
    /// Groups that the chip has but did not give, with its status word.
    pub refused: BTreeMap<u8, u16>,
    /// Commands sent.
    pub commands: usize,
}

impl Reading {
    /// Whether the signed DG14 announces PACE and the unsigned EF.CardAccess did not announce the same, or the chip was
    /// opened by a variant or with domain parameters that only EF.CardAccess names: somebody between terminal and chip,
    /// or a clone, wants a weaker protocol (Doc 9303-11, 4.2). Counts if passive authentication covers DG14, without
    /// which nothing can be said.
    pub fn is_downgraded(&self) -> bool {
        let Some(signed) = self.contents.groups.get(&14).and_then(|file| SecurityInfos::parse_dg14(file).ok()) else {
            return false;
        };
        let announced = self.contents.card_access.as_deref().and_then(|file| SecurityInfos::parse(file).ok());
        let announced = announced.unwrap_or_default();
        let is_pace = |info: &&SecurityInfo| {
            matches!(info, SecurityInfo::Pace { .. } | SecurityInfo::PaceDomainParameters { .. })
        };
        let used = |info: &SecurityInfo| match (info, self.access) {
            (
                SecurityInfo::Pace { protocol, parameter_id, .. },
                Access::Pace { protocol: used, parameter_id: number },
            ) => (*protocol, *parameter_id) == (used, number),
            _ => false,
        };
        let mut signed_pace = signed.0.iter().filter(is_pace).peekable();
        let offered_otherwise =
            signed_pace.peek().is_some() && matches!(self.access, Access::Pace { .. }) && !signed.0.iter().any(used);
        offered_otherwise || signed_pace.any(|info| !announced.0.contains(info))
    }
}

/// How a chip was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// It gave its files without any protocol.
    #[default]
    Open,
    /// Basic Access Control.
    Bac,
    /// Password Authenticated Connection Establishment.
    Pace {
        /// The variant.
        protocol: PaceProtocol,
        /// The number of the domain parameters.
        parameter_id: Option<u64>,
    },
}

/// How one proof went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The chip holds the private key.
    Passed,
    /// It does not, or did not show it.
    Failed(String),
    /// The proof was not asked for.
    NotDone(NotDone),
}

/// Why a proof was not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotDone {
    /// The chip does not offer it.
    NotOffered,
    /// The terminal was told not to.
    NotWanted,
    /// The chip has it and does not give it, the group with its key or the variant of PACE: as a copy would that lacks the
    /// key.
    Withheld,
    /// Other algorithms than those of the standard.
    Unsupported,
}

impl Default for Proof {
    fn default() -> Self {
        Self::NotDone(NotDone::NotOffered)
    }
}

impl Proof {
    /// Whether the chip showed that it holds the key.
    pub fn passed(&self) -> bool {
        *self == Self::Passed
    }

    /// Whether the chip was asked and did not show it.
    pub fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}
