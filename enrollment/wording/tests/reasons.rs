//! The reasons' texts: complete, translated, distinct, and short where travelers read them.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use sallyport_protocol::Reason;
use sallyport_wording::{LANGUAGES, REASONS, Texts};

const READERS: [&str; 3] = ["traveler", "officer", "remedy"];

fn messages(texts: &Texts) -> impl Iterator<Item = (&'static str, &BTreeMap<String, String>)> {
    LANGUAGES.iter().map(|(language, _)| (*language, texts.of(language).unwrap()))
}

#[test]
fn every_reason_speaks_to_all_readers_in_every_language_and_nothing_else_does() {
    let texts = Texts::load(REASONS).unwrap();
    let ids = |reason: &Reason| READERS.map(|reader| format!("reason-{reason}-{reader}"));
    let expected: BTreeSet<String> = Reason::ALL.iter().flat_map(ids).collect();
    for (language, messages) in messages(&texts) {
        assert_eq!(messages.keys().cloned().collect::<BTreeSet<_>>(), expected, "{language}");
        for (id, text) in messages {
            assert!(!text.trim().is_empty() && !text.contains('\n'), "{language} {id}");
        }
    }
}

#[test]
fn nothing_is_left_in_english() {
    let texts = Texts::load(REASONS).unwrap();
    let english = texts.of("en").unwrap();
    for (language, messages) in messages(&texts).filter(|(language, _)| *language != "en") {
        for (id, text) in messages {
            assert_ne!(text, &english[id], "{language} {id}");
        }
    }
    // A script of its own is proof against words left over; what stays Latin is a standard's name.
    for language in ["ar", "zh", "ja"] {
        for (id, text) in texts.of(language).unwrap() {
            let latin = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1);
            for word in latin.filter(|word| word.chars().any(|c| c.is_ascii_alphabetic())) {
                assert!(
                    ["ICAO", "Doc", "IC", "PACE", "BAC", "DG1", "DG2", "EF", "SOD", "CSCA"].contains(&word),
                    "{language} {id}: {word}"
                );
            }
        }
    }
}

#[test]
fn officers_can_tell_every_reason_from_every_other() {
    let texts = Texts::load(REASONS).unwrap();
    for (language, messages) in messages(&texts) {
        let mut seen = BTreeMap::new();
        for (id, text) in messages.iter().filter(|(id, _)| id.ends_with("-officer")) {
            assert_eq!(seen.insert(text, id), None, "{language} {id}: {text}");
        }
    }
}

#[test]
fn travelers_texts_are_short_and_spare_them_codes() {
    let texts = Texts::load(REASONS).unwrap();
    for (language, messages) in messages(&texts) {
        let longest = if ["zh", "ja"].contains(&language) { 26 } else { 60 };
        for (id, text) in messages.iter().filter(|(id, _)| id.ends_with("-traveler")) {
            assert!(text.chars().count() <= longest, "{language} {id}: {text}");
            for technical in
                ["DG1", "DG2", "EF.", "CSCA", "ICAO", "OACI", "9303", "chip", "puce", "芯片", "チップ", "الشريحة"]
            {
                assert!(!text.contains(technical), "{language} {id}: {text}");
            }
        }
    }
}
