//! What a card's holder is asked for: something that the person is, besides the card that the person has.

use serde::{Deserialize, Serialize};

/// Something that the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// The face.
    Face,
    /// A finger.
    Finger,
}

/// Which factor a card asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardFactor {
    /// The face only.
    Face,
    /// A finger only.
    Finger,
    /// A finger where fingers are enrolled and the sensor works, and otherwise the face, if that is enrolled; the face
    /// also after fingers that could not be read. A finger that was read and is another's is referred: the second factor
    /// is no second chance.
    #[default]
    FingerElseFace,
}

impl CardFactor {
    /// Whether this factor may be asked for at all.
    pub fn takes(self, factor: Factor) -> bool {
        match self {
            Self::FingerElseFace => true,
            Self::Face => factor == Factor::Face,
            Self::Finger => factor == Factor::Finger,
        }
    }
}
