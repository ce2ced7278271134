//! PEM (RFC 7468): base64 between lines that say what it is.

use super::TrustError;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The blocks of a PEM file: label and content.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<(String, Vec<u8>)>, TrustError> {
    let text = String::from_utf8_lossy(text);
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = line.strip_prefix(BEGIN).and_then(|line| line.strip_suffix(DASHES)) {
            open = Some((label, String::new()));
        } else if line.starts_with(END) {
            let (label, base64) = open.take().ok_or(TrustError::Pem("an END without its BEGIN"))?;
            blocks.push((label.to_owned(), base64_bytes(&base64).ok_or(TrustError::Pem("what is no base64"))?));
        } else if let Some((_, base64)) = &mut open {
            base64.push_str(line);
        }
    }
    if open.is_some() || blocks.is_empty() {
        return Err(TrustError::Pem("a BEGIN without its END"));
    }
    Ok(blocks)
}

/// Decodes base64, white space left out.
pub(super) fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    openssl::base64::decode_block(&text).ok()
}
