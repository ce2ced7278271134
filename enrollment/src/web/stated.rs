//! Why staff do what they do to somebody's data: one of a few words, which the audit trail keeps. Free text could hold
//! anything, and nothing in the trail is ever deleted.

use std::{fmt, str::FromStr};

use actix_web::{
    HttpMessage as _,
    dev::{Payload, ServiceRequest},
    web::{Bytes, BytesMut, Query},
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

/// Longest form that states a reason, in bytes: a token, the reason, and a few fields.
const FORM_BYTES_MAX: usize = 4_096;

/// A reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedReason {
    /// The person asked for it.
    DataSubjectRequest,
    /// The person withdrew consent.
    ConsentWithdrawn,
    /// The person takes part no longer.
    Ended,
    /// The card was lost or stolen.
    LostCard,
    /// Codes or keys fell, or may have fallen, into other hands.
    Compromised,
    /// The person is enrolled twice.
    Duplicate,
    /// Something is looked into.
    Investigation,
    /// What was the matter is settled.
    Settled,
    /// Something was entered wrongly.
    Mistake,
}

impl StatedReason {
    /// All there are, as forms list them.
    pub const ALL: &'static [Self] = &[
        Self::DataSubjectRequest,
        Self::ConsentWithdrawn,
        Self::Ended,
        Self::LostCard,
        Self::Compromised,
        Self::Duplicate,
        Self::Investigation,
        Self::Settled,
        Self::Mistake,
    ];

    /// The word in forms and in the trail; its wording is the message `why-` and this.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataSubjectRequest => "data-subject-request",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::Ended => "ended",
            Self::LostCard => "lost-card",
            Self::Compromised => "compromised",
            Self::Duplicate => "duplicate",
            Self::Investigation => "investigation",
            Self::Settled => "settled",
            Self::Mistake => "mistake",
        }
    }
}

impl fmt::Display for StatedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StatedReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.iter().copied().find(|reason| reason.name() == text);
        let all = || Self::ALL.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", ");
        named.ok_or_else(|| format!("`{text}` is no reason: use one of {}", all()))
    }
}

#[derive(Deserialize)]
struct Form {
    why: String,
}

/// Reads the reason out of a form, and leaves the form to the handler as it was. `None` if none is stated, or no form is
/// there.
pub(super) async fn stated(request: &mut ServiceRequest) -> Option<StatedReason> {
    let (mut payload, mut body) = (request.take_payload(), BytesMut::new());
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if body.len() > FORM_BYTES_MAX {
            return None;
        }
    }
    let body = body.freeze();
    request.set_payload(again(body.clone()));
    reason_in(&body)
}

fn reason_in(form: &[u8]) -> Option<StatedReason> {
    let form = Query::<Form>::from_query(std::str::from_utf8(form).ok()?).ok()?;
    form.why.parse().ok()
}

fn again(body: Bytes) -> Payload {
    Payload::Stream { payload: Box::pin(stream::once(async { Ok(body) })) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reason_is_one_of_the_list_and_nothing_else() {
        assert_eq!(reason_in(b"token=00&why=lost-card"), Some(StatedReason::LostCard));
        for none in [&b""[..], b"token=00", b"why=", b"why=because", b"why=lost-card&why=ended", b"\xff", b"{}"] {
            assert_eq!(reason_in(none), None, "{none:?}");
        }
        for reason in StatedReason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(*reason));
        }
        let advice = "because".parse::<StatedReason>().unwrap_err();
        assert!(advice.contains("lost-card") && advice.contains("mistake"), "{advice}");
    }
}
