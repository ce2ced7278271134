//! Presentation attack detection (ISO/IEC 30107-1): whether the face before the cameras is a head and no picture of one.
//!
//! Independent cues look at every frame; each comes to a score of its own or to none. One that speaks clearly against a
//! living face is enough for an officer to be asked. What this proves is in `matcher-eval pad`: gross attacks with pictures
//! and screens are told from heads by geometry. It is no evaluation in the sense of ISO/IEC 30107-3, which needs real
//! instruments before real cameras, and three-dimensional masks are beyond it.

mod flow;
mod homography;
mod net;
mod planar;
mod recent;
mod relief;
mod texture;
mod views;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub(super) use self::net::AttackNet;
pub use self::views::Motion;
use self::{net::TrainedNet, planar::PlanarMotion, relief::FacialRelief, texture::ScreenTexture, views::Views};
use super::{Detection, FaceError};
use crate::Image;

/// One look at the traveler's face.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Which camera of the totem.
    pub camera: u8,
    /// When, by the clock of the attempt, in milliseconds.
    pub taken_ms: u64,
    /// The frame.
    pub image: &'a Image,
    /// The face in it.
    pub detection: &'a Detection,
}

/// A cue's name, as policies and officers read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CueName {
    /// A flat picture seen by two cameras obeys one homography, a head does not.
    PlanarMotion,
    /// A nose moves against the face around it when seen from two cameras; bent paper has none.
    FacialRelief,
    /// The pixel grid of a screen leaves narrow peaks in the picture's spectrum.
    ScreenTexture,
    /// A net that was trained on faces and on pictures of them.
    TrainedNet,
}

impl fmt::Display for CueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlanarMotion => "planar motion",
            Self::FacialRelief => "missing facial relief",
            Self::ScreenTexture => "screen texture",
            Self::TrainedNet => "trained net",
        })
    }
}

/// What one cue has seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// How much speaks against a living face, in the cue's own unit.
    pub score: f32,
    /// Whether a low score of this cue shows a living face, or merely no attack of this kind.
    pub vouches: bool,
}

/// One independent way to tell a head from a picture of one.
pub trait Cue: Send {
    /// Its name.
    fn name(&self) -> CueName;

    /// Takes a look: at the frame, and at how the face's points moved to it from other views. What is kept of it for the
    /// next is zeroed when dropped.
    fn look(&mut self, view: &View<'_>, motions: &[Motion]) -> Result<(), FaceError>;

    /// What is known, once enough was seen.
    fn evidence(&self) -> Option<Evidence>;

    /// Forgets everything: somebody else is there.
    fn forget(&mut self);
}

/// From where on a cue speaks against a living face. Set between the heads and the attacks of
/// `matcher-eval pad --people 40`; its rates over others are in the read-me file. Rendered heads are no travelers: set them anew
/// by real ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PadPolicy {
    /// Greatest score of planar motion for a head: the part of the change of shape between two views that one homography
    /// explains.
    pub planar_motion_max: f32,
    /// Greatest lack of facial relief for a head: 1 less the motion of the nose against the face between two cameras, in
    /// tenths of the distance of the eyes. 0.7 is a nose that stands 5 mm over the face, seen 20 degrees apart.
    pub facial_relief_max: f32,
    /// Greatest height of a peak in the spectrum over its surroundings, in natural logarithms of amplitude.
    pub screen_texture_max: f32,
    /// Greatest probability of an attack for a head, as a net tells it, where the folder of nets holds one. Each net has
    /// a threshold of its own; a half is where most were trained to decide.
    pub trained_net_max: f32,
}

impl Default for PadPolicy {
    fn default() -> Self {
        Self { planar_motion_max: 0.60, facial_relief_max: 0.70, screen_texture_max: 3.0, trained_net_max: 0.5 }
    }
}

impl PadPolicy {
    /// The threshold of this cue.
    pub fn threshold(&self, cue: CueName) -> f32 {
        match cue {
            CueName::PlanarMotion => self.planar_motion_max,
            CueName::FacialRelief => self.facial_relief_max,
            CueName::ScreenTexture => self.screen_texture_max,
            CueName::TrainedNet => self.trained_net_max,
        }
    }
}

/// What all cues together say.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// A cue shows a living face, and none speaks against it.
    Genuine,
    /// Too little was seen.
    Undecided,
    /// A cue speaks against a living face.
    Suspected {
        /// Which.
        cue: CueName,
        /// Its score.
        score: f32,
        /// The policy's threshold.
        threshold: f32,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genuine => f.write_str("a living face"),
            Self::Undecided => f.write_str("no cue came to a verdict"),
            Self::Suspected { cue, score, threshold } => {
                write!(f, "{cue} {score:.2}, at most {threshold:.2} for a head")
            }
        }
    }
}

/// All cues over one traveler.
pub struct Liveness {
    policy: PadPolicy,
    views: Views,
    cues: Vec<Box<dyn Cue>>,
}

impl Liveness {
    /// The cues that come with the matcher.
    pub fn new(policy: &PadPolicy) -> Self {
        Self::with(
            policy,
            vec![Box::<PlanarMotion>::default(), Box::<FacialRelief>::default(), Box::<ScreenTexture>::default()],
        )
    }

    /// The same and this net's, if there is one.
    pub(super) fn and(mut self, net: Option<&Arc<AttackNet>>) -> Self {
        self.cues.extend(net.map(|net| -> Box<dyn Cue> { Box::new(TrainedNet::new(net.clone())) }));
        self
    }

    /// These cues and no other.
    pub fn with(policy: &PadPolicy, cues: Vec<Box<dyn Cue>>) -> Self {
        Self { policy: policy.clone(), views: Views::default(), cues }
    }

    /// Lets every cue look.
    pub fn look(&mut self, view: &View<'_>) -> Result<(), FaceError> {
        let motions = self.views.look(view)?;
        self.cues.iter_mut().try_for_each(|cue| cue.look(view, &motions))
    }

    /// What the cues say so far. Of several that speak against a living face the first is named: what is flat has no
    /// relief, either.
    pub fn verdict(&self) -> Verdict {
        let mut vouched = false;
        for (cue, evidence) in self.evidence() {
            let Some(Evidence { score, vouches }) = evidence else { continue };
            let threshold = self.policy.threshold(cue);
            if score > threshold {
                return Verdict::Suspected { cue, score, threshold };
            }
            // A score that is no number speaks for nobody.
            vouched |= vouches && score <= threshold;
        }
        if vouched { Verdict::Genuine } else { Verdict::Undecided }
    }

    /// Each cue's evidence, for reports.
    pub fn evidence(&self) -> Vec<(CueName, Option<Evidence>)> {
        self.cues.iter().map(|cue| (cue.name(), cue.evidence())).collect()
    }

    /// Forgets everything: somebody else is there.
    pub fn forget(&mut self) {
        self.views.forget();
        self.cues.iter_mut().for_each(|cue| cue.forget());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(CueName, Option<Evidence>);

    impl Cue for Says {
        fn name(&self) -> CueName {
            self.0
        }
        fn look(&mut self, _: &View<'_>, _: &[Motion]) -> Result<(), FaceError> {
            Ok(())
        }
        fn evidence(&self) -> Option<Evidence> {
            self.1
        }
        fn forget(&mut self) {
            self.1 = None;
        }
    }

    fn verdict(planar: Option<f32>, texture: Option<f32>) -> Verdict {
        let policy = PadPolicy { planar_motion_max: 0.5, screen_texture_max: 2.0, ..PadPolicy::default() };
        let says = |name, score: Option<f32>, vouches| -> Box<dyn Cue> {
            Box::new(Says(name, score.map(|score| Evidence { score, vouches })))
        };
        let cues = vec![says(CueName::PlanarMotion, planar, true), says(CueName::ScreenTexture, texture, false)];
        Liveness::with(&policy, cues).verdict()
    }

    #[test]
    fn one_cue_is_enough_against_and_only_geometry_speaks_for_a_living_face() {
        let suspected = |cue, score, threshold| Verdict::Suspected { cue, score, threshold };
        assert_eq!(verdict(None, None), Verdict::Undecided);
        assert_eq!(verdict(None, Some(1.0)), Verdict::Undecided, "no screen is not yet a head");
        assert_eq!(verdict(Some(0.5), Some(1.0)), Verdict::Genuine);
        assert_eq!(verdict(Some(0.5), Some(2.5)), suspected(CueName::ScreenTexture, 2.5, 2.0));
        assert_eq!(verdict(Some(0.9), Some(2.1)), suspected(CueName::PlanarMotion, 0.9, 0.5));
        assert_eq!(verdict(Some(f32::NAN), None), Verdict::Undecided);
    }
}
