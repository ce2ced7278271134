//! Thresholds of this net, named by the false match rate that they stand for.

use serde::{Deserialize, Serialize};

/// A false match rate for which this net's threshold is known. Policies name the rate and never a raw score, whose
/// meaning changes with the net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fmr {
    /// One impostor comparison of a hundred matches.
    #[serde(rename = "1e-2")]
    OneInHundred,
    /// One of a thousand.
    #[serde(rename = "1e-3")]
    OneInThousand,
    /// One of ten thousand.
    #[serde(rename = "1e-4")]
    OneInTenThousand,
    /// One of a hundred thousand.
    #[serde(rename = "1e-5")]
    OneInHundredThousand,
}

impl Fmr {
    /// Every rate, the most lenient first.
    pub const ALL: &'static [Self] =
        &[Self::OneInHundred, Self::OneInThousand, Self::OneInTenThousand, Self::OneInHundredThousand];

    /// The rate itself.
    pub const fn rate(self) -> f64 {
        match self {
            Self::OneInHundred => 1e-2,
            Self::OneInThousand => 1e-3,
            Self::OneInTenThousand => 1e-4,
            Self::OneInHundredThousand => 1e-5,
        }
    }
}

/// Least cosine that matches at this rate.
///
/// From `matcher-eval faces` over 2,127 photographs of 1,228 people (part of Labeled Faces in the Wild): 2,445 genuine
/// and 2,254,305 impostor comparisons, so that about 22 impostors stand behind the strictest threshold. Those people
/// are no travelers and those cameras no gate's: calibrate anew at the location.
pub const fn threshold(fmr: Fmr) -> f32 {
    match fmr {
        Fmr::OneInHundred => 0.2911,
        Fmr::OneInThousand => 0.3605,
        Fmr::OneInTenThousand => 0.4189,
        Fmr::OneInHundredThousand => 0.4710,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn stricter_rates_have_higher_thresholds_and_their_names_are_the_rates() {
        for pair in Fmr::ALL.windows(2) {
            assert!(pair[0].rate() > pair[1].rate() && threshold(pair[0]) < threshold(pair[1]), "{pair:?}");
        }
        for &fmr in Fmr::ALL {
            let name = serde_json::to_value(fmr).unwrap();
            assert_eq!(name.as_str().unwrap().parse::<f64>().unwrap(), fmr.rate());
            assert_eq!(serde_json::from_value::<Fmr>(name).unwrap(), fmr);
        }
        assert!(serde_json::from_str::<Fmr>("0.36").is_err());
    }
}
