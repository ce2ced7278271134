//! Writing a zone.

use zeroize::Zeroizing;

use super::{Mrz, MrzError, check_digit};

impl Mrz {
    /// Writes the two lines of a TD3, check digits computed (Doc 9303-4, 4.2.2).
    pub fn compose_td3(&self) -> Result<Zeroizing<String>, MrzError> {
        let fit = |text: &str, width: usize, what: &'static str| {
            let text = text.to_ascii_uppercase().replace([' ', '-', '\''], "<");
            if text.len() > width || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'<') {
                return Err(MrzError::DoesNotFit(what));
            }
            Ok(format!("{text:<<width$}"))
        };
        let mut name = format!("{}<<{}", self.surname, self.given_names);
        name.truncate(39);
        let first =
            [fit(&self.document_code, 2, "document code")?, fit(&self.issuer, 3, "issuer")?, fit(&name, 39, "name")?]
                .concat();
        let number = fit(&self.document_number, 9, "document number")?;
        let (birth, expiry) = (self.birth.text(), self.expiry.text());
        let optional = fit(&self.optional, 14, "optional data")?;
        let with_digit = |field: &str| format!("{field}{}", check_digit(field));
        let (number, birth, expiry, optional) =
            (with_digit(&number), with_digit(&birth), with_digit(&expiry), with_digit(&optional));
        let composite = check_digit(&[number.as_str(), &birth, &expiry, &optional].concat());
        let nationality = fit(&self.nationality, 3, "nationality")?;
        let sex = self.sex;
        Ok(Zeroizing::new(format!("{first}\n{number}{nationality}{birth}{sex}{expiry}{optional}{composite}")))
    }
}
