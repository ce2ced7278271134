//! What is asked of a face besides its score.

use serde::{Deserialize, Serialize};

/// Whether a living face must be seen (presentation attack detection, ISO/IEC 30107-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LivenessRule {
    /// Nothing is asked: an officer stands beside the gate.
    Off,
    /// A face that a cue speaks against is referred. Cues that cannot come to a verdict, such as those of a single camera
    /// before a traveler who does not move, stop nobody.
    #[default]
    WhenSeen,
    /// A face that no cue has shown to be a living one is referred, too.
    Required,
}
