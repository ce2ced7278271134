//! What EF.CardAccess offers for PACE, and the choice among it (Doc 9303-11, 4.4.1 and 9.2.3).

use super::PaceError;
use crate::{
    crypto::group::{Agreement, Group},
    security_info::{Mapping, PaceProtocol, SecurityInfo, SecurityInfos},
};

/// The version of PACE that passports have.
const VERSION: u64 = 2;
/// Numbers of domain parameters below it are standardized or reserved.
const PROPRIETARY_FROM: u64 = 32;
/// Variants looked at, and those of them whose domain parameters are written out: to judge such parameters takes
/// time, and nobody has signed EF.CardAccess.
const VARIANTS_MAX: usize = 64;
const PROPRIETARY_MAX: usize = 4;

/// One variant of PACE with its domain parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The variant.
    pub protocol: PaceProtocol,
    /// The domain parameters.
    pub group: Group,
    /// Their number, for MSE:Set AT.
    pub parameter_id: Option<u64>,
}

impl Offer {
    /// All offers that can be used, the best first: chip authentication mapping proves a genuine chip in passing, curves
    /// are faster than fields, then the stronger cipher and the larger group.
    pub fn all(infos: &SecurityInfos) -> Vec<Self> {
        let mut proprietary = 0;
        let looked_at = infos.0.iter().filter(|info| match info {
            SecurityInfo::Pace { parameter_id: Some(..PROPRIETARY_FROM), .. } => true,
            SecurityInfo::Pace { .. } => {
                proprietary += 1;
                proprietary <= PROPRIETARY_MAX
            }
            _ => false,
        });
        let mut offers: Vec<Self> = looked_at.take(VARIANTS_MAX).filter_map(|info| Self::of(info, infos)).collect();
        offers.sort_by_key(|offer| {
            let PaceProtocol { mapping, agreement, suite } = offer.protocol;
            let rank = match mapping {
                Mapping::ChipAuthentication => 0,
                Mapping::Generic | Mapping::Integrated => 1,
            };
            (rank, agreement == Agreement::Dh, std::cmp::Reverse((suite, offer.group.field_bytes())))
        });
        offers
    }

    /// The best offer.
    pub fn select(infos: &SecurityInfos) -> Result<Self, PaceError> {
        Self::all(infos).into_iter().next().ok_or(PaceError::NoOffer)
    }

    fn of(info: &SecurityInfo, infos: &SecurityInfos) -> Option<Self> {
        let SecurityInfo::Pace { protocol, version: VERSION, parameter_id } = *info else { return None };
        let group = match parameter_id {
            Some(id) if id < PROPRIETARY_FROM => Group::standardized(u8::try_from(id).ok()?).ok()?,
            _ => Group::from_algorithm_identifier(proprietary(protocol, parameter_id, infos)?).ok()?,
        };
        (group.agreement() == protocol.agreement && usable(protocol, &group)).then_some(Self {
            protocol,
            group,
            parameter_id,
        })
    }
}

/// The AlgorithmIdentifier of the domain parameters with this number; of the only ones, where there is no number.
fn proprietary(protocol: PaceProtocol, id: Option<u64>, infos: &SecurityInfos) -> Option<&[u8]> {
    let mut fitting = infos.0.iter().filter_map(|info| match info {
        SecurityInfo::PaceDomainParameters { mapping, agreement, algorithm, parameter_id }
            if (*mapping, *agreement) == (protocol.mapping, protocol.agreement)
                && (id.is_none() || *parameter_id == id) =>
        {
            Some(algorithm.as_slice())
        }
        _ => None,
    });
    let first = fitting.next();
    if fitting.next().is_some() { None } else { first }
}

/// Integrated mapping to a curve needs p = 3 mod 4, which P-224 has not. A field needs the order of its subgroup (X9.42):
/// EF.CardAccess is not signed, and in a field whose p - 1 has small factors only, logarithms tell the password.
pub(super) fn usable(protocol: PaceProtocol, group: &Group) -> bool {
    group.has_subgroup() && (protocol.mapping != Mapping::Integrated || super::integrated::possible(group))
}
