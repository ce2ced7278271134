//! Writing a zone, check digits computed.

use zeroize::Zeroizing;

use super::{
    Field, Mrz, MrzError, Transliteration, check_digit,
    layout::{DOCUMENT_CODE, ISSUER, Layout, Span},
    name,
};

impl Mrz {
    /// Writes the zone in its format: names are transliterated (Doc 9303-3, 6) and, where they are too long, truncated.
    pub fn compose(&self) -> Result<Zeroizing<String>, MrzError> {
        self.compose_with(&Transliteration::default())
    }

    /// Writes the zone with the transliteration that the issuer has chosen.
    pub fn compose_with(&self, transliteration: &Transliteration) -> Result<Zeroizing<String>, MrzError> {
        let layout = Layout::of(self.format);
        let mut page = Page::new(layout);
        let identifier = |text: &str| transliteration.identifier(text).ok_or(MrzError::Untransliterable(Field::Name));
        page.put(DOCUMENT_CODE, &fit(&self.document_code, DOCUMENT_CODE.width(), Field::DocumentCode)?);
        page.put(ISSUER, &fit(&self.issuer, ISSUER.width(), Field::Issuer)?);
        page.put(
            layout.name,
            &name::field(&identifier(&self.surname)?, &identifier(&self.given_names)?, layout.name.width()),
        );
        self.put_number(layout, &mut page)?;
        page.put(layout.nationality, &fit(&self.nationality, layout.nationality.width(), Field::Nationality)?);
        for (date, span, field) in
            [(self.birth, layout.birth, Field::Birth), (self.expiry, layout.expiry, Field::Expiry)]
        {
            let text = date.text().ok_or(MrzError::DoesNotFit { field, width: span.width() })?;
            page.put_checked(span, &Zeroizing::new(text), span.digit());
        }
        page.put(layout.sex, self.sex_text()?);
        if let Some(digit) = layout.optional_digit {
            page.put_checked(layout.optional, &page.read(layout.optional), digit);
        }
        match layout.optional_second {
            Some(span) => page.put(span, &fit(&self.optional_second, span.width(), Field::Optional)?),
            None if self.optional_second.is_empty() => {}
            None => return Err(MrzError::DoesNotFit { field: Field::Optional, width: layout.optional.width() }),
        }
        if let Some((digit, spans)) = layout.composite {
            let over: Zeroizing<String> =
                Zeroizing::new(spans.iter().map(|&span| page.read(span).to_string()).collect());
            page.put(digit, check_digit(&over).encode_utf8(&mut [0; 4]));
        }
        Ok(page.text())
    }

    /// Writes the two lines of a TD3 (Doc 9303-4, 4.2.2), whatever format the zone was read in.
    pub fn compose_td3(&self) -> Result<Zeroizing<String>, MrzError> {
        if self.format == super::Format::Td3 {
            return self.compose();
        }
        Mrz {
            format: super::Format::Td3,
            document_code: self.document_code.clone(),
            issuer: self.issuer.clone(),
            surname: self.surname.clone(),
            given_names: self.given_names.clone(),
            document_number: self.document_number.clone(),
            nationality: self.nationality.clone(),
            birth: self.birth,
            sex: self.sex,
            expiry: self.expiry,
            optional: self.optional.clone(),
            optional_second: self.optional_second.clone(),
        }
        .compose()
    }

    /// The number with its check digit, and the optional data; a number too long for its field goes on there.
    fn put_number(&self, layout: &Layout, page: &mut Page) -> Result<(), MrzError> {
        let span = layout.number;
        let number = fit(&self.document_number, usize::MAX, Field::DocumentNumber)?;
        if number.len() <= span.width() {
            page.put_checked(span, &Zeroizing::new(format!("{:<<1$}", *number, span.width())), span.digit());
            page.put(layout.optional, &fit(&self.optional, layout.optional.width(), Field::Optional)?);
            return Ok(());
        }
        let refused = MrzError::DoesNotFit { field: Field::DocumentNumber, width: span.width() };
        let (first, rest) = number.split_at_checked(span.width()).ok_or(refused.clone())?;
        // The first filler ends the number, so that none may stand in what continues.
        if !layout.long_number || rest.contains('<') {
            return Err(refused);
        }
        page.put(span, first);
        page.put(span.digit(), "<");
        let continued = Zeroizing::new(format!("{rest}{}<", check_digit(&number)));
        let width = layout.optional.width().checked_sub(continued.len()).ok_or(refused)?;
        let optional = fit(&self.optional, width, Field::Optional)?;
        page.put(layout.optional, &Zeroizing::new(format!("{}{}", *continued, *optional)));
        Ok(())
    }

    /// `X` of the visual zone is a filler here (Doc 9303-4, 4.2.2 note f).
    fn sex_text(&self) -> Result<&'static str, MrzError> {
        match self.sex {
            'M' | 'm' => Ok("M"),
            'F' | 'f' => Ok("F"),
            '<' | 'X' | 'x' | ' ' => Ok("<"),
            _ => Err(MrzError::DoesNotFit { field: Field::Sex, width: 1 }),
        }
    }
}

/// Codes and numbers: letters and digits, anything between them a filler.
fn fit(text: &str, width: usize, field: Field) -> Result<Zeroizing<String>, MrzError> {
    let text = Zeroizing::new(text.to_ascii_uppercase().replace([' ', '-', '\''], "<"));
    if text.len() > width || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'<') {
        return Err(MrzError::DoesNotFit { field, width });
    }
    Ok(text)
}

/// Lines of fillers, to be written on.
struct Page {
    bytes: Zeroizing<Vec<u8>>,
    width: usize,
}

impl Page {
    fn new(layout: &Layout) -> Self {
        Self { bytes: Zeroizing::new(vec![b'<'; layout.lines * layout.width]), width: layout.width }
    }

    fn put(&mut self, span: Span, text: &str) {
        let from = span.line * self.width + span.from;
        for (place, byte) in self.bytes.iter_mut().skip(from).zip(text.bytes().take(span.width())) {
            *place = byte;
        }
    }

    fn put_checked(&mut self, span: Span, text: &str, digit: Span) {
        self.put(span, text);
        self.put(digit, check_digit(text).encode_utf8(&mut [0; 4]));
    }

    fn read(&self, span: Span) -> Zeroizing<String> {
        let from = span.line * self.width + span.from;
        Zeroizing::new(self.bytes.iter().skip(from).take(span.width()).map(|&byte| char::from(byte)).collect())
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.bytes.len() + 2));
        for (at, &byte) in self.bytes.iter().enumerate() {
            if at > 0 && at % self.width == 0 {
                text.push('\n');
            }
            text.push(char::from(byte));
        }
        text
    }
}
