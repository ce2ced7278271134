//! Transliteration of national characters (Doc 9303-3, 4.6 and 6).

mod table;

use zeroize::Zeroizing;

use table::{ARABIC, CYRILLIC, CYRILLIC_BY_LANGUAGE, CYRILLIC_UKRAINIAN_FIRST, LATIN};

/// The language of a name in Cyrillic, where its letters differ (Doc 9303-3, 6 B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Language {
    /// None of the others, such as Russian.
    #[default]
    Other,
    /// Belarusian.
    Belarusian,
    /// Bulgarian.
    Bulgarian,
    /// Macedonian.
    Macedonian,
    /// Serbian.
    Serbian,
    /// Ukrainian.
    Ukrainian,
}

/// Which of several recommended transliterations of Ä, Å, Ñ, Ö and Ü an issuer writes (Doc 9303-3, 6 A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LatinStyle {
    /// `AE AA N OE UE`.
    #[default]
    Expanded,
    /// `A A N O U`.
    Plain,
    /// `AE AA NXX OE UXX`.
    Marked,
}

/// How an issuer transliterates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transliteration {
    /// The language of names in Cyrillic.
    pub language: Language,
    /// The choice among recommended Latin letters.
    pub latin: LatinStyle,
}

/// The name components of one identifier are collected letter by letter.
struct Component<'a> {
    rules: &'a Transliteration,
    text: Zeroizing<String>,
    /// What the letter before was transliterated to: a shadda doubles it.
    last: Zeroizing<String>,
    at_start: bool,
}

impl Transliteration {
    /// An identifier as the zone writes it, its components parted by single fillers; `None` where a character has no
    /// transliteration. Digits have none: names hold no numbers (Doc 9303-3, 4.6).
    pub fn identifier(&self, text: &str) -> Option<Zeroizing<String>> {
        let letters = composed(text);
        let mut component = Component {
            rules: self,
            text: Zeroizing::new(String::with_capacity(text.len() * 2)),
            last: Zeroizing::default(),
            at_start: true,
        };
        for (at, &letter) in letters.iter().enumerate() {
            let after = letters.get(at + 1..).unwrap_or_default();
            match letter {
                // A hyphen parts components, and so does a comma (Doc 9303-3, 4.6).
                '<' | '-' | ',' | '\u{2010}'..='\u{2015}' | '\u{60C}' => component.end(),
                letter if letter.is_whitespace() => component.end(),
                // Apostrophes that Unicode has among the letters.
                '\u{2B9}'..='\u{2BF}' => {}
                letter => component.push(letter, after)?,
            }
        }
        while component.text.ends_with('<') {
            component.text.pop();
        }
        Some(component.text)
    }

    /// Every letter of this style that Latin letters have beside A to Z.
    fn latin(&self, letter: char) -> Option<&'static str> {
        Some(match (letter, self.latin) {
            ('Ä' | 'Å', LatinStyle::Plain) => "A",
            ('Ö', LatinStyle::Plain) => "O",
            ('Ü', LatinStyle::Plain) => "U",
            ('Ñ', LatinStyle::Marked) => "NXX",
            ('Ü', LatinStyle::Marked) => "UXX",
            _ => found(LATIN, letter)?,
        })
    }

    fn cyrillic(&self, letter: char, first: bool) -> Option<&'static str> {
        if self.language == Language::Ukrainian
            && first
            && let Some(text) = found(CYRILLIC_UKRAINIAN_FIRST, letter)
        {
            return Some(text);
        }
        let exception = CYRILLIC_BY_LANGUAGE
            .iter()
            .find(|(language, exception, _)| *language == self.language && *exception == letter);
        exception.map(|&(_, _, text)| text).or_else(|| found(CYRILLIC, letter))
    }
}

impl Component<'_> {
    fn end(&mut self) {
        if !self.at_start {
            self.text.push('<');
        }
        self.at_start = true;
        self.last.clear();
    }

    fn push(&mut self, letter: char, after: &[char]) -> Option<()> {
        const TEH_MARBUTA: char = '\u{629}';
        const SHADDA: char = '\u{651}';
        if letter == SHADDA {
            // The letter is doubled, its escape is not: FXDZDZXAH (Doc 9303-3, 6 C, footnote 3).
            let doubled = Zeroizing::new(self.last.trim_start_matches('X').to_owned());
            self.text.push_str(&doubled);
            return Some(());
        }
        let mut upper = letter.to_uppercase();
        if letter == TEH_MARBUTA {
            let ends =
                after.iter().take_while(|next| next.is_alphabetic()).all(|&next| found(ARABIC, next) == Some(""));
            return self.write(if ends { "XAH" } else { "XTA" });
        }
        upper.try_for_each(|letter| {
            if letter.is_ascii_uppercase() {
                return self.write(letter.encode_utf8(&mut [0; 4]));
            }
            let text = self
                .rules
                .latin(letter)
                .or_else(|| self.rules.cyrillic(letter, self.at_start))
                .or_else(|| found(ARABIC, letter));
            match text {
                Some("") => Some(()),
                Some(text) => self.write(text),
                // An apostrophe joins what it parts, and all other punctuation is left out; marks on letters too.
                None if !letter.is_alphanumeric() => Some(()),
                None => None,
            }
        })
    }

    fn write(&mut self, text: &str) -> Option<()> {
        self.text.push_str(text);
        self.last.clear();
        self.last.push_str(text);
        self.at_start = false;
        Some(())
    }
}

fn found(table: &[(char, &'static str)], letter: char) -> Option<&'static str> {
    table.binary_search_by_key(&letter, |&(key, _)| key).ok().and_then(|at| table.get(at)).map(|&(_, text)| text)
}

/// The characters, with the letters that keep a trace of their mark put together: a name may come decomposed.
fn composed(text: &str) -> Zeroizing<Vec<char>> {
    let mut letters: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(text.len()));
    for letter in text.chars() {
        let before = letters.last().map(char::to_ascii_uppercase);
        let together = match (before, letter) {
            (Some('A'), '\u{308}') => Some('Ä'),
            (Some('O'), '\u{308}') => Some('Ö'),
            (Some('U'), '\u{308}') => Some('Ü'),
            (Some('A'), '\u{30A}') => Some('Å'),
            (Some('N'), '\u{303}') => Some('Ñ'),
            (_, '\u{300}'..='\u{36F}') => continue,
            _ => None,
        };
        match (together, letters.last_mut()) {
            (Some(together), Some(last)) => *last = together,
            _ => letters.push(letter),
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        Transliteration::default().identifier(text).unwrap().to_string()
    }

    fn in_language(language: Language, text: &str) -> String {
        Transliteration { language, ..Default::default() }.identifier(text).unwrap().to_string()
    }

    #[test]
    fn tables_are_sorted_and_hold_letters_of_the_zone_alone() {
        for table in [LATIN, CYRILLIC, CYRILLIC_UKRAINIAN_FIRST, ARABIC] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
            assert!(table.iter().all(|(_, text)| text.bytes().all(|byte| byte.is_ascii_uppercase())));
        }
    }

    #[test]
    fn punctuation_is_that_of_clause_4_6() {
        assert_eq!(written("D'Artagnan"), "DARTAGNAN");
        assert_eq!(written("Marie-Elise"), "MARIE<ELISE");
        assert_eq!(written("Anna, Maria"), "ANNA<MARIA");
        assert_eq!(written(" J. R. ’s  "), "J<R<S");
        assert_eq!(in_language(Language::Ukrainian, "Лукʼян"), "LUKIAN");
        assert_eq!(Transliteration::default().identifier("Anna 2"), None);
        assert_eq!(Transliteration::default().identifier("王"), None);
    }

    #[test]
    fn latin_letters_are_those_of_table_a() {
        // Doc 9303-3, appendix B.4.1: Térèsa CAÑON.
        let marked = Transliteration { latin: LatinStyle::Marked, ..Default::default() };
        assert_eq!(*marked.identifier("CAÑON").unwrap(), "CANXXON");
        assert_eq!(*marked.identifier("Müller").unwrap(), "MUXXLLER");
        assert_eq!(written("Térèsa"), "TERESA");
        assert_eq!(written("Müßig Ångström Øre Þór Łódź Ĳssel"), "MUESSIG<AANGSTROEM<OERE<THOR<LODZ<IJSSEL");
        assert_eq!(written("Mu\u{308}ller Te\u{301}re\u{300}sa"), "MUELLER<TERESA");
        let plain = Transliteration { latin: LatinStyle::Plain, ..Default::default() };
        assert_eq!(*plain.identifier("Jäger Öst Über Ñandú Åse").unwrap(), "JAGER<OST<UBER<NANDU<ASE");
    }

    #[test]
    fn cyrillic_letters_are_those_of_table_b() {
        assert_eq!(written("Юрий Щербаков"), "IURII<SHCHERBAKOV");
        assert_eq!(in_language(Language::Bulgarian, "Щерев"), "SHTEREV");
        assert_eq!(in_language(Language::Ukrainian, "Їжакевич Григорій Юрій"), "YIZHAKEVYCH<HRYHORII<YURII");
        assert_eq!(in_language(Language::Serbian, "Живковић Шћепан"), "ZIVKOVIC<SCEPAN");
        assert_eq!(in_language(Language::Macedonian, "Ќосев Ѓорѓи Џајков"), "KJOSEV<GJORGJI<DJAJKOV");
        assert_eq!(in_language(Language::Belarusian, "Ёсіф Гаўрыла"), "IOSIF<HAURYLA");
    }

    #[test]
    fn arabic_letters_are_those_of_table_c() {
        // Doc 9303-3, appendix B.5.7.
        assert_eq!(written("ابو بكر محمد بن زكريا الرازي"), "ABW<BKR<MXHMD<BN<ZKRYA<ALRAZY");
        // Doc 9303-3, 6 C, footnotes 2 and 3: teh marbuta at the end of a component and elsewhere; shadda doubles.
        assert_eq!(written("\u{641}\u{627}\u{637}\u{645}\u{629}"), "FAXTTMXAH");
        assert_eq!(written("\u{639}\u{628}\u{651}\u{627}\u{633}"), "EBBAS");
        assert_eq!(written("\u{641}\u{636}\u{651}\u{629}"), "FXDZDZXAH");
        assert_eq!(written("\u{629}\u{628}"), "XTAB");
    }

    proptest! {
        #[test]
        fn any_text_becomes_letters_and_single_fillers_or_nothing(text in "\\PC{0,40}") {
            if let Some(text) = Transliteration::default().identifier(&text) {
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'<'));
                prop_assert!(!text.contains("<<") && !text.starts_with('<') && !text.ends_with('<'));
            }
        }
    }
}
