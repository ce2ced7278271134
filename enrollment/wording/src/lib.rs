//! What travelers, officers and staff read, in six languages, from Fluent files.
//!
//! Every part brings its own sources to [`Texts::load`]; the texts of the reasons, which all of them show, are
//! [`REASONS`].

mod texts;

pub use texts::{LANGUAGES, TextError, Texts, direction};

/// The reasons' texts as (language, Fluent source). Every `Reason` of the protocol has three messages, named by
/// its code: `reason-<CODE>-traveler`, `reason-<CODE>-officer` and `reason-<CODE>-remedy`.
pub const REASONS: &[(&str, &str)] = &[
    ("en", include_str!("../locales/en/reasons.ftl")),
    ("fr", include_str!("../locales/fr/reasons.ftl")),
    ("es", include_str!("../locales/es/reasons.ftl")),
    ("ar", include_str!("../locales/ar/reasons.ftl")),
    ("zh", include_str!("../locales/zh/reasons.ftl")),
    ("ja", include_str!("../locales/ja/reasons.ftl")),
];
