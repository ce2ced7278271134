//! Forms with a photograph or impressions of a finger: read into memory, never into a file.

use std::collections::BTreeMap;

use actix_multipart::{Multipart, MultipartError};
use futures_util::TryStreamExt as _;
use sallyport_matcher::FILE_BYTES_MAX;
use zeroize::Zeroizing;

use crate::registry::{FingerprintError, IMPRESSIONS_MAX, PortraitError};

/// Longest text in a field, in bytes.
const TEXT_BYTES_MAX: usize = 1_024;
/// Most fields in a form.
const FIELDS_MAX: usize = 16;
/// Of a picture that is too large, so much is read and dropped, so that the browser hears our answer.
const DRAINED_BYTES_MAX: usize = 4 * FILE_BYTES_MAX;
/// Room for a picture to begin with.
const ROOM_BYTES: usize = 256 << 10;

/// The name of the field that holds the photograph.
const PHOTOGRAPH: &str = "photograph";
/// The name of the fields that hold an impression each.
const IMPRESSION: &str = "impression";

/// Why a form cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum UploadError {
    /// More of it than any of our forms has.
    #[error("the form is larger than any of ours")]
    TooLarge,
    /// No form, or the connection broke.
    #[error("the form cannot be read: {0}")]
    Form(String),
}

impl From<MultipartError> for UploadError {
    fn from(error: MultipartError) -> Self {
        Self::Form(error.to_string())
    }
}

/// What a form brought.
pub(super) struct Upload {
    texts: BTreeMap<String, String>,
    /// The photograph's file, zeroed when dropped.
    pub(super) photograph: Result<Zeroizing<Vec<u8>>, PortraitError>,
    /// The files of impressions, zeroed when dropped; those that are empty are left out.
    pub(super) impressions: Result<Vec<Zeroizing<Vec<u8>>>, FingerprintError>,
}

impl Upload {
    /// Reads a form to its end.
    pub(super) async fn read(mut form: Multipart) -> Result<Self, UploadError> {
        let mut upload =
            Self { texts: BTreeMap::new(), photograph: Err(PortraitError::Missing), impressions: Ok(Vec::new()) };
        let mut fields = 0;
        while let Some(mut field) = form.try_next().await? {
            fields += 1;
            if fields > FIELDS_MAX {
                return Err(UploadError::TooLarge);
            }
            let name = field.name().unwrap_or_default().to_owned();
            if name == PHOTOGRAPH {
                upload.photograph = match picture(&mut field).await? {
                    Picture::Whole(file) => Ok(file),
                    Picture::Empty => Err(PortraitError::Missing),
                    Picture::TooLarge => Err(PortraitError::TooLarge),
                };
                continue;
            }
            if name == IMPRESSION {
                match (picture(&mut field).await?, &mut upload.impressions) {
                    (Picture::Whole(_), Ok(files)) if files.len() == IMPRESSIONS_MAX => {
                        return Err(UploadError::TooLarge);
                    }
                    (Picture::Whole(file), Ok(files)) => files.push(file),
                    (Picture::TooLarge, impressions) => *impressions = Err(FingerprintError::TooLarge),
                    _ => {}
                }
                continue;
            }
            let text = field.bytes(TEXT_BYTES_MAX).await.map_err(|_| UploadError::TooLarge)??;
            upload.texts.insert(name, String::from_utf8_lossy(&text).into_owned());
        }
        Ok(upload)
    }

    /// The text of a field; empty if it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

/// What a field for a file brought.
enum Picture {
    Whole(Zeroizing<Vec<u8>>),
    /// No file was chosen.
    Empty,
    TooLarge,
}

async fn picture(field: &mut actix_multipart::Field) -> Result<Picture, UploadError> {
    let mut file = Zeroizing::new(Vec::with_capacity(ROOM_BYTES));
    let mut length = 0usize;
    while let Some(chunk) = field.try_next().await? {
        length = length.saturating_add(chunk.len());
        if length > DRAINED_BYTES_MAX {
            return Err(UploadError::TooLarge);
        }
        if length <= FILE_BYTES_MAX {
            append(&mut file, &chunk);
        }
    }
    Ok(match length {
        0 => Picture::Empty,
        _ if length > FILE_BYTES_MAX => Picture::TooLarge,
        _ => Picture::Whole(file),
    })
}

/// Appends without leaving a copy behind: a vector that grows by itself does not zero what it leaves.
fn append(file: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    if file.capacity() - file.len() < chunk.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity((file.len() + chunk.len()) * 2));
        larger.extend_from_slice(file);
        *file = larger;
    }
    file.extend_from_slice(chunk);
}
