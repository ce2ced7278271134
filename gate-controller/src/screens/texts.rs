//! What the screens say: their own messages and those of the reasons.

use sallyport_wording::{REASONS, TextError, Texts};

const SOURCES: &[(&str, &str)] = &[
    ("en", include_str!("../../locales/en/screens.ftl")),
    ("fr", include_str!("../../locales/fr/screens.ftl")),
    ("es", include_str!("../../locales/es/screens.ftl")),
    ("ar", include_str!("../../locales/ar/screens.ftl")),
    ("zh", include_str!("../../locales/zh/screens.ftl")),
    ("ja", include_str!("../../locales/ja/screens.ftl")),
];

/// Loads every text of the screens.
pub fn load() -> Result<Texts, TextError> {
    Texts::load(&[SOURCES, REASONS].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_wording::LANGUAGES;

    use super::*;
    use crate::view::TravelerInstruction;

    #[test]
    fn every_language_has_the_same_messages_and_none_is_empty() {
        let texts = load().unwrap();
        let english: Vec<_> = texts.of("en").unwrap().keys().collect();
        assert!(english.len() > 100);
        for (language, _) in LANGUAGES {
            let messages = texts.of(language).unwrap();
            assert_eq!(messages.keys().collect::<Vec<_>>(), english, "{language}");
            assert!(messages.values().all(|text| !text.trim().is_empty()), "{language}");
        }
    }

    #[test]
    fn no_language_is_left_in_english() {
        let texts = load().unwrap();
        let english = texts.of("en").unwrap();
        for (language, _) in LANGUAGES.iter().skip(1) {
            let messages = texts.of(language).unwrap();
            for name in english.keys().filter(|name| name.starts_with("traveler-")) {
                assert_ne!(messages[name], english[name], "{language} {name}");
            }
        }
    }

    #[test]
    fn every_instruction_has_a_text_and_a_hint() {
        let texts = load().unwrap();
        for instruction in TravelerInstruction::ALL {
            for id in [format!("traveler-{}", instruction.name()), format!("traveler-{}-hint", instruction.name())] {
                assert!(texts.of("en").unwrap().contains_key(&id), "{id}");
            }
        }
    }
}
