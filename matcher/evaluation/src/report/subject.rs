//! What was compared, in words.

/// What the pictures show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subject {
    /// Faces of people.
    #[default]
    Face,
    /// Fingers, each of which stands for a person.
    Finger,
}

impl Subject {
    /// What there are many of.
    pub(crate) fn many(self) -> &'static str {
        match self {
            Self::Face => "people",
            Self::Finger => "fingers",
        }
    }

    /// One of them.
    pub(crate) fn one(self) -> &'static str {
        match self {
            Self::Face => "person",
            Self::Finger => "finger",
        }
    }

    /// What the report is about.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Face => "Accuracy of face comparison",
            Self::Finger => "Accuracy of finger comparison",
        }
    }

    /// How intervals are made.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Face => "bootstrap over people",
            Self::Finger => "bootstrap over fingers",
        }
    }

    /// What to do when nothing is genuine.
    pub(crate) fn genuine_remedy(self) -> &'static str {
        match self {
            Self::Face => "give at least one person two pictures that show a face",
            Self::Finger => "give at least one finger more impressions than are enrolled",
        }
    }

    /// What to do when nobody is an impostor.
    pub(crate) fn impostor_remedy(self) -> &'static str {
        match self {
            Self::Face => "give pictures of at least two people",
            Self::Finger => "give pictures of at least two fingers",
        }
    }
}
