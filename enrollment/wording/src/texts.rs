//! Messages of six languages, resolved once from Fluent sources.

use std::collections::BTreeMap;

use fluent_bundle::{FluentBundle, FluentResource};
use unic_langid::LanguageIdentifier;

/// The languages, in the order in which a screen offers them, with their own names.
pub const LANGUAGES: &[(&str, &str)] =
    &[("en", "English"), ("fr", "Français"), ("es", "Español"), ("ar", "العربية"), ("zh", "中文"), ("ja", "日本語")];

/// The direction of a language's script, as HTML's `dir` wants it.
pub fn direction(language: &str) -> &'static str {
    if language == "ar" { "rtl" } else { "ltr" }
}

/// Why texts could not be loaded: a fault in a Fluent file, found when a program starts.
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
    /// Loads every message of these (language, Fluent source) pairs. No identifier may occur twice in a language.
    pub fn load(sources: &[(&str, &str)]) -> Result<Self, TextError> {
        let fault = |language: &str, fault| TextError { language: language.to_owned(), fault };
        let known = |language: &str| LANGUAGES.iter().any(|(of, _)| *of == language);
        if let Some((language, _)) = sources.iter().find(|(language, _)| !known(language)) {
            return Err(fault(language, "it is none of the languages of the screens".to_owned()));
        }
        let mut languages = BTreeMap::new();
        for (language, _) in LANGUAGES {
            let own = sources.iter().filter(|(of, _)| of == language).map(|(_, source)| *source);
            languages.insert((*language).to_owned(), resolve(language, own).map_err(|why| fault(language, why))?);
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

    #[test]
    fn messages_of_several_sources_come_together() {
        let texts =
            Texts::load(&[("fr", "# Une note.\na = un\n"), ("fr", "b = deux\n    fois\n"), ("en", "a = one\n")]);
        let texts = texts.unwrap();
        assert_eq!(texts.of("fr").unwrap()["a"], "un");
        assert_eq!(texts.of("fr").unwrap()["b"], "deux\nfois");
        assert_eq!(texts.of("en").unwrap().len(), 1);
        assert!(texts.of("ja").unwrap().is_empty());
        assert!(texts.of("de").is_none());
    }

    #[test]
    fn a_broken_file_is_named() {
        for broken in ["x = { $missing }\n", "x = { other }\n", "x =\n", "x = {\n", "x = once\nx = twice\n"] {
            let error = Texts::load(&[("fr", broken)]).unwrap_err();
            assert!(error.to_string().contains("locales/fr"), "{broken}: {error}");
        }
        assert!(Texts::load(&[("en", "wait = once\n"), ("en", "wait = twice\n")]).is_err());
        assert!(Texts::load(&[("de", "wait = warten\n")]).unwrap_err().to_string().contains("`de`"));
    }

    #[test]
    fn only_arabic_runs_from_the_right() {
        let from_right = LANGUAGES.iter().filter(|(language, _)| direction(language) == "rtl");
        assert_eq!(from_right.map(|(language, _)| *language).collect::<Vec<_>>(), ["ar"]);
    }
}
