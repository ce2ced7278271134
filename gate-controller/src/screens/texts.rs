//! The screens' texts in six languages, resolved once from the Fluent files.

use std::collections::BTreeMap;

use fluent_bundle::{FluentBundle, FluentResource};
use unic_langid::LanguageIdentifier;

/// The languages of the screens, in the order of the language bar, with their own names.
pub const LANGUAGES: &[(&str, &str)] =
    &[("en", "English"), ("fr", "Français"), ("es", "Español"), ("ar", "العربية"), ("zh", "中文"), ("ja", "日本語")];

const SOURCES: &[(&str, &str)] = &[
    ("en", include_str!("../../locales/en/screens.ftl")),
    ("fr", include_str!("../../locales/fr/screens.ftl")),
    ("es", include_str!("../../locales/es/screens.ftl")),
    ("ar", include_str!("../../locales/ar/screens.ftl")),
    ("zh", include_str!("../../locales/zh/screens.ftl")),
    ("ja", include_str!("../../locales/ja/screens.ftl")),
];

/// Why texts could not be loaded: a fault in a Fluent file, found when the controller starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the texts in `{language}` cannot be loaded: {fault}; correct locales/{language}")]
pub struct TextError {
    language: String,
    fault: String,
}

/// Message identifier to text, by language.
#[derive(Debug, Clone)]
pub struct Texts(BTreeMap<String, BTreeMap<String, String>>);

impl Texts {
    /// Loads the screens' own messages, plus `extra` ones as (language, Fluent source): the reasons.
    pub fn load(extra: &[(&str, &str)]) -> Result<Self, TextError> {
        let mut languages = BTreeMap::new();
        for (language, _) in LANGUAGES {
            let sources = SOURCES.iter().chain(extra).filter(|(of, _)| of == language);
            let messages = resolve(language, sources.map(|(_, source)| *source))
                .map_err(|fault| TextError { language: (*language).to_owned(), fault })?;
            languages.insert((*language).to_owned(), messages);
        }
        Ok(Self(languages))
    }

    /// Every message of a language.
    pub fn of(&self, language: &str) -> Option<&BTreeMap<String, String>> {
        self.0.get(language)
    }
}

fn resolve<'a>(language: &str, sources: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, String>, String> {
    let identifier: LanguageIdentifier = language.parse().map_err(|error| format!("{error}"))?;
    let mut bundle = FluentBundle::new(vec![identifier]);
    // The texts have no arguments, so that marks around them would only disturb comparison and shaping.
    bundle.set_use_isolating(false);
    let mut names = Vec::new();
    for source in sources {
        names.extend(source.lines().filter_map(message_name));
        let resource = FluentResource::try_new(source.to_owned()).map_err(|(_, faults)| format!("{faults:?}"))?;
        bundle.add_resource(resource).map_err(|faults| format!("{faults:?}"))?;
    }
    let mut messages = BTreeMap::new();
    for name in names {
        let message = bundle.get_message(name).ok_or_else(|| format!("`{name}` is not a message"))?;
        let pattern = message.value().ok_or_else(|| format!("`{name}` has no text"))?;
        let mut faults = Vec::new();
        let text = bundle.format_pattern(pattern, None, &mut faults).into_owned();
        if !faults.is_empty() {
            return Err(format!("`{name}`: {faults:?}"));
        }
        messages.insert(name.to_owned(), text);
    }
    Ok(messages)
}

/// The identifier of a message that begins on this line (Fluent syntax 1.0, `Message`).
fn message_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic());
    named.then(|| name.trim_end()).filter(|name| !name.contains(' '))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::view::TravelerInstruction;

    #[test]
    fn every_language_has_the_same_messages_and_none_is_empty() {
        let texts = Texts::load(&[]).unwrap();
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
        let texts = Texts::load(&[]).unwrap();
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
        let texts = Texts::load(&[]).unwrap();
        for instruction in TravelerInstruction::ALL {
            for id in [format!("traveler-{}", instruction.name()), format!("traveler-{}-hint", instruction.name())] {
                assert!(texts.of("en").unwrap().contains_key(&id), "{id}");
            }
        }
    }

    #[test]
    fn a_broken_file_is_named() {
        let error = Texts::load(&[("fr", "reason-x = { $missing }\n")]).unwrap_err();
        assert!(error.to_string().contains("locales/fr"), "{error}");
        assert!(Texts::load(&[("en", "traveler-wait = twice\n")]).is_err());
    }
}
