//! Impressions of fingers: read from forms, judged at once, kept as protected codes only.

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path},
};
use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    Desk, consent,
    enrollments::{blocking, missing, show_one},
    fault_of, redirect, secured,
    session::Staff,
};
use crate::registry::{FingerImpression, FingerprintError, Fingerprints, Purpose, RegistryError};

/// Most characters of a list of qualities in an address.
const QUALITIES_CHARS_MAX: usize = 40;

/// An impression that was not taken, and with it none of its form.
#[derive(Debug, thiserror::Error)]
#[error("impression {number}: {error}")]
pub(super) struct Refused {
    /// From 1, in the order of the form.
    pub(super) number: usize,
    pub(super) error: FingerprintError,
}

impl Refused {
    /// The message that tells what to do.
    pub(super) fn text(&self) -> &'static str {
        self.error.text()
    }

    /// 0 to 100, where it was measured.
    pub(super) fn quality(&self) -> Option<u8> {
        self.error.quality()
    }

    /// Whether the finger itself is poor, so that another one is welcome.
    pub(super) fn offers_another(&self) -> bool {
        matches!(self.error, FingerprintError::Poor { .. })
    }
}

/// Reads all impressions of one finger.
pub(super) fn read(
    fingerprints: &Fingerprints,
    position: &str,
    files: Result<Vec<Zeroizing<Vec<u8>>>, FingerprintError>,
) -> Result<Vec<FingerImpression>, Refused> {
    let first = |error| Refused { number: 1, error };
    let files = files.map_err(first)?;
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let position = position.parse().map_err(|error| first(FingerprintError::Position(error)))?;
    let read = |(at, file)| fingerprints.read(position, file).map_err(|error| Refused { number: at + 1, error });
    files.into_iter().enumerate().map(read).collect()
}

/// Qualities as the address of the next page carries them.
pub(super) fn qualities(impressions: &[FingerImpression]) -> String {
    impressions.iter().map(|impression| impression.quality.to_string()).collect::<Vec<_>>().join(",")
}

/// The qualities in an address; nothing else is shown.
pub(super) fn shown_qualities(text: Option<&str>) -> Vec<u8> {
    let text = text.filter(|text| text.len() <= QUALITIES_CHARS_MAX).unwrap_or_default();
    text.split(',').filter_map(|quality| quality.parse().ok().filter(|quality| *quality <= 100)).collect()
}

#[derive(Debug, thiserror::Error)]
enum AddError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Adds impressions of one finger, or takes all fingers anew.
pub(super) async fn add(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Multipart,
) -> HttpResponse {
    let upload = match desk.received(&request, &staff, form).await {
        Ok(upload) => upload,
        Err(refused) => return refused,
    };
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let now = Timestamp::now();
    let given = match consent::given_with(&request, &desk, &upload, Purpose::FingersTrustedTraveler, now) {
        Ok(given) => given,
        Err(fault) => {
            return show_one(&request, &desk, staff, id, StatusCode::UNPROCESSABLE_ENTITY, fault.into()).await;
        }
    };
    let (service, by, json) = (desk.0.service.clone(), staff.0.name.clone(), wants_json(&request));
    let added = blocking(move || {
        let anew = upload.text("anew") == "yes";
        let position = upload.text("position").to_owned();
        let impressions = read(&service.fingerprints, &position, upload.impressions)?;
        if impressions.is_empty() {
            return Err(AddError::Refused(Refused { number: 1, error: FingerprintError::Missing }));
        }
        given.map_or(Ok(()), |given| service.registry.give_consent(id, given, &by, now))?;
        service.registry.add_fingers(id, &impressions, anew, &by, now)?;
        Ok(impressions)
    });
    match added.await {
        Ok(impressions) if json => {
            let taken = impressions.iter().map(|one| json!({ "position": one.position, "quality": one.quality }));
            secured(HttpResponse::Ok()).json(json!({ "taken": taken.collect::<Vec<_>>() }))
        }
        Ok(impressions) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, "fingers taken");
            let qualities = qualities(&impressions);
            redirect(&format!("/admin/enrollments/{id}?done=fingers&quality={qualities}"))
        }
        Err(AddError::Refused(refused)) if json => {
            let advice = desk.page(&request, None, super::Section::Other).t(refused.text()).to_owned();
            let body = json!({
                "refused": {
                    "impression": refused.number, "quality": refused.quality(), "why": refused.text(), "advice": advice,
                    "another_finger": refused.offers_another(),
                },
            });
            secured(HttpResponse::UnprocessableEntity()).json(body)
        }
        Err(AddError::Refused(refused)) => {
            show_one(&request, &desk, staff, id, StatusCode::UNPROCESSABLE_ENTITY, refused.into()).await
        }
        Err(AddError::Registry(error @ (RegistryError::EnoughImpressions(_) | RegistryError::Consent(_)))) => {
            let (status, text) = fault_of(&error);
            show_one(&request, &desk, staff, id, status, text.into()).await
        }
        Err(AddError::Registry(error)) => desk.failed(&request, staff.0, &error),
    }
}

/// Whether a program asks, and not a browser.
fn wants_json(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    accepted.is_some_and(|accepted| accepted.split(',').any(|kind| kind.trim().starts_with("application/json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_qualities_are_shown() {
        assert_eq!(shown_qualities(Some("78,81,100")), [78, 81, 100]);
        assert_eq!(shown_qualities(Some("101,-1,x,<b>,7")), [7]);
        assert!(shown_qualities(Some(&"1,".repeat(30))).is_empty());
        assert!(shown_qualities(None).is_empty());
    }
}
