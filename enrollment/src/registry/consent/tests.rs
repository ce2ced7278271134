//! Consents by themselves, and with the codes that rest on them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::ToSpan as _;
use proptest::prelude::*;
use sallyport_protocol::{EnrollmentForGate, FingerPosition};

use super::*;
use crate::{
    config::Kept,
    registry::{
        FingerImpression, Only, Over,
        tests::{applicant, embedding, given, impression, keys, now, of, opened},
    },
};

const FACE: Purpose = Purpose::FaceTrustedTraveler;
const FINGERS: Purpose = Purpose::FingersTrustedTraveler;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn finger() -> [FingerImpression; 1] {
    [impression(FingerPosition::RightIndex, 1)]
}

/// Somebody with a face and a finger, who consented to both.
fn enrolled(registry: &Registry) -> EnrollmentId {
    registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &finger(), "bo", now()).unwrap()
}

fn for_gate(registry: &Registry) -> EnrollmentForGate {
    registry.changes(0, None, 10).unwrap().changed.remove(0)
}

fn missing<T>(result: Result<T, RegistryError>, purpose: Purpose) -> bool {
    matches!(result, Err(RegistryError::Consent(ConsentError::Missing(of))) if of == purpose)
}

#[test]
fn nothing_is_taken_that_nobody_consented_to() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
    let consents = |purposes: &[Purpose]| Applicant {
        consents: purposes.iter().map(|&purpose| given(purpose, None)).collect(),
        ..applicant("Ana", "04A1B2C3")
    };
    let values = embedding(1);
    let face = || Some(of(&values));
    assert!(missing(registry.enroll(consents(&[]), face(), &[], "bo", now()), FACE));
    assert!(missing(registry.enroll(consents(&[FINGERS]), face(), &[], "bo", now()), FACE));
    assert!(missing(registry.enroll(consents(&[FACE]), face(), &finger(), "bo", now()), FINGERS));
    assert_eq!(registry.list("", Only::All, now(), 10).unwrap().1, 0);
    let ana = registry.enroll(consents(&[FACE]), face(), &[], "bo", now()).unwrap();
    assert!(missing(registry.add_fingers(ana, &finger(), false, "bo", now()), FINGERS));
    registry.give_consent(ana, given(FINGERS, None), "cy", now()).unwrap();
    registry.add_fingers(ana, &finger(), false, "bo", now()).unwrap();

    let consent = registry.get(ana).unwrap().consents.last(FINGERS).unwrap().clone();
    assert_eq!((consent.given_to.as_str(), consent.given_at, consent.wording), ("cy", now(), FINGERS.wording()));
    assert_eq!((consent.language.as_deref(), consent.until), (Some("en"), at("2027-02-01T00:00:00Z")));
}

#[test]
fn withdrawing_destroys_the_codes_of_that_purpose_alone_and_gates_hear_of_it() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
    let ana = enrolled(&registry);
    let later = now() + 24.hours();
    registry.withdraw_consent(ana, FACE, "cy", later).unwrap();
    let enrollment = registry.get(ana).unwrap();
    assert!(!enrollment.has_face() && enrollment.model.is_none() && enrollment.photographed_at.is_none());
    assert_eq!((enrollment.version, enrollment.finger_version, enrollment.fingers().len()), (2, 1, 1));
    let withdrawn = enrollment.consents.last(FACE).unwrap().withdrawn.clone().unwrap();
    assert_eq!((withdrawn.at, withdrawn.by.as_str()), (later, "cy"));
    assert!(missing(registry.rephotograph(ana, of(&embedding(1)), "bo", later), FACE));
    assert!(missing(registry.withdraw_consent(ana, FACE, "cy", later), FACE), "only once");
    let told = for_gate(&registry);
    assert_eq!((told.version, told.code.is_none(), told.face_until), (2, true, Some(later)));
    assert_eq!((told.fingers.len(), told.fingers_until), (1, Some(at("2027-02-01T00:00:00Z"))));
    // Not by a clock that is set back either.
    assert!(missing(registry.rephotograph(ana, of(&embedding(1)), "bo", now()), FACE));

    registry.withdraw_consent(ana, FINGERS, "cy", later).unwrap();
    let told = for_gate(&registry);
    assert!(told.code.is_none() && told.fingers.is_empty() && told.fingers_until == Some(later));
    assert_eq!(registry.get(ana).unwrap().consents.none_since(later), Some(later));

    // The person comes back: what was agreed to before stays to be seen.
    registry.give_consent(ana, given(FACE, None), "bo", later).unwrap();
    registry.rephotograph(ana, of(&embedding(1)), "bo", later).unwrap();
    let consents = registry.get(ana).unwrap().consents;
    let of_the_face: Vec<_> = consents.history().filter(|consent| consent.purpose == FACE).collect();
    assert_eq!(of_the_face.iter().map(|consent| consent.withdrawn.is_some()).collect::<Vec<_>>(), [false, true]);
    assert!(for_gate(&registry).code.is_some() && for_gate(&registry).version == 3);
}

#[test]
fn what_was_revoked_and_is_consented_to_no_longer_is_not_waited_for() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
    let ana = enrolled(&registry);
    registry.revoke(ana, now()).unwrap();
    registry.withdraw_consent(ana, FACE, "cy", now()).unwrap();
    let waits = registry.get(ana).unwrap().revoked.unwrap();
    assert_eq!((waits.face, waits.fingers), (false, true));
    registry.add_fingers(ana, &finger(), false, "bo", now()).unwrap();
    assert!(registry.get(ana).unwrap().revoked.is_none() && !for_gate(&registry).revoked);
}

#[test]
fn a_consent_ends_by_itself_and_no_later_than_enrollment_and_policy_allow() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys).with_consent_days_max(60);
    let ana = enrolled(&registry);
    let give = |last_day| registry.give_consent(ana, given(FACE, Some(last_day)), "bo", now());
    let until = || registry.get(ana).unwrap().consents.last(FACE).unwrap().until;
    assert_eq!(until(), at("2026-05-01T00:00:00Z"), "sixty days, since nothing else was said");
    let too_long = give("2026-05-01");
    assert!(matches!(too_long, Err(RegistryError::Consent(ConsentError::TooLong { latest })) if latest == until()));
    give("2026-04-30").unwrap();
    give("2026-03-20").unwrap();
    assert_eq!(until(), at("2026-03-21T00:00:00Z"), "the last one counts, though it is shorter");
    let (before, after) = (at("2026-03-20T23:59:59Z"), at("2026-03-21T00:00:00Z"));
    let consents = registry.get(ana).unwrap().consents;
    assert!(consents.valid(FACE, before).is_some() && consents.valid(FACE, after).is_none());
    assert!(consents.last(FACE).unwrap().ends_soon(now()) && consents.needs_asking(now()));
    assert!(!consents.last(FINGERS).unwrap().ends_soon(now()), "sixty days are not soon");

    assert_eq!(registry.unconsented(before).unwrap(), []);
    assert_eq!(registry.unconsented(after).unwrap(), [ana]);
    assert_eq!(registry.forget_unconsented(ana, after).unwrap(), [FACE]);
    assert_eq!(registry.forget_unconsented(ana, after).unwrap(), [], "nothing is left to do");
    let told = for_gate(&registry);
    assert_eq!((told.code.is_none(), told.version, told.fingers.len()), (true, 2, 1));
    let over = registry.give_consent(ana, given(FACE, None), "bo", at("2027-02-01T00:00:00Z"));
    assert!(matches!(over, Err(RegistryError::Consent(ConsentError::Over))));
}

#[test]
fn who_consents_to_nothing_is_deleted_a_few_days_later_and_others_after_their_last_day() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
    let ana = enrolled(&registry);
    let (kept, seven_days) = (Kept::default(), (7 * 24).hours());
    let over = |now| registry.over(&kept, now).unwrap();
    registry.withdraw_consent(ana, FACE, "cy", now()).unwrap();
    assert_eq!(over(now() + (100 * 24).hours()), [], "the fingers are left");
    let withdrawn = now() + (10 * 24).hours();
    registry.withdraw_consent(ana, FINGERS, "cy", withdrawn).unwrap();
    assert_eq!(over(withdrawn + seven_days), []);
    assert_eq!(over(withdrawn + seven_days + 1.second()), [(ana, Over::NoConsent)]);
    registry.give_consent(ana, given(FACE, None), "bo", withdrawn).unwrap();
    assert_eq!(over(withdrawn + seven_days + 1.second()), [], "came back in time");

    // What ended with the enrollment alone is kept as long as other enrollments that ended.
    let ended = at("2027-02-01T00:00:00Z");
    assert_eq!(over(ended + (30 * 24).hours()), []);
    assert_eq!(over(ended + (30 * 24).hours() + 1.second()), [(ana, Over::Ended)]);
    // A damaged record says no date.
    registry.store.apply(vec![registry.store.seal(ENROLLMENTS, ana.as_bytes(), &"damaged").unwrap()]).unwrap();
    assert_eq!(over(ended + (900 * 24).hours()), []);
}

#[test]
fn earlier_consents_are_kept_up_to_a_bound() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
    let ana = enrolled(&registry);
    for minute in 0..40_i64 {
        registry.give_consent(ana, given(FACE, None), "bo", now() + minute.minutes()).unwrap();
    }
    let consents = registry.get(ana).unwrap().consents;
    assert_eq!(consents.history().filter(|consent| consent.purpose == FACE).count(), KEPT_OF_A_PURPOSE);
    assert_eq!(consents.last(FACE).unwrap().given_at, now() + 39.minutes());
    assert!(consents.valid(FINGERS, now()).is_some(), "however many others there are");
}

#[test]
fn a_list_names_those_who_have_to_be_asked() {
    let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
    let listed = |only| -> Vec<String> {
        let (listed, _) = registry.list("", only, now(), 10).unwrap();
        listed.into_iter().map(|one| one.enrollment.unwrap().name.as_str().to_owned()).collect()
    };
    let values = embedding(1);
    for (name, card) in [("Ana", "04A1B2C3"), ("Ben", "04A1B2C4"), ("Cy", "04A1B2C5")] {
        let id = registry.enroll(applicant(name, card), Some(of(&values)), &[], "bo", now()).unwrap();
        registry.withdraw_consent(id, FINGERS, "bo", now()).unwrap();
        match name {
            "Ben" => registry.give_consent(id, given(FACE, Some("2026-03-29")), "bo", now()).unwrap(),
            "Cy" => registry.withdraw_consent(id, FACE, "bo", now()).unwrap(),
            _ => {}
        }
    }
    assert_eq!(listed(Only::ConsentAsking), ["Ben", "Cy"]);
    assert_eq!(listed(Only::All).len(), 3);
}

#[test]
fn the_one_consent_of_an_earlier_version_becomes_one_a_purpose() {
    let sample = include_str!("samples/one-consent.json");
    let read: Enrollment = serde_json::from_str(sample).unwrap();
    let (face, fingers) = (read.consents.last(FACE).unwrap(), read.consents.last(FINGERS).unwrap());
    assert_eq!((face.given_to.as_str(), face.given_at), ("bo", at("2026-03-01T12:00:00Z")));
    assert_eq!((fingers.given_to.as_str(), fingers.given_at), ("cy", at("2026-05-01T12:00:00Z")));
    for consent in [face, fingers] {
        assert_eq!((consent.until, consent.wording, consent.withdrawn.is_some()), (read.expires, 1, false));
    }
    // Written anew, it says the same in the new way, and only there.
    let written = serde_json::to_value(&read).unwrap();
    assert!(written.get("consent").is_none() && written["consents"][0]["purpose"] == "face-trusted-traveler");
    let again: Enrollment = serde_json::from_value(written).unwrap();
    assert_eq!(again.consents, read.consents);

    let mut without_fingers: serde_json::Value = serde_json::from_str(sample).unwrap();
    without_fingers["fingers"] = serde_json::json!([]);
    let read: Enrollment = serde_json::from_value(without_fingers).unwrap();
    assert!(read.consents.last(FACE).is_some() && read.consents.last(FINGERS).is_none());

    // What nobody consented to is sent nowhere.
    let mut without_any: serde_json::Value = serde_json::from_str(sample).unwrap();
    without_any.as_object_mut().unwrap().remove("consent");
    let told = serde_json::from_value::<Enrollment>(without_any).unwrap().for_gate(1);
    assert!(told.code.is_none() && told.fingers.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    /// A consent that lasts so many days.
    Give(Purpose, u16),
    Withdraw(Purpose),
    Photograph(u8),
    Finger(u8, bool),
    /// So many hours pass.
    Wait(u8),
    /// What is over is ended, as each day.
    End,
}

fn step() -> impl Strategy<Value = Step> {
    let purpose = prop::sample::select(Purpose::ALL.to_vec());
    prop_oneof![
        3 => (purpose.clone(), 0u16..4).prop_map(|(purpose, days)| Step::Give(purpose, days)),
        2 => purpose.prop_map(Step::Withdraw),
        2 => any::<u8>().prop_map(Step::Photograph),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(number, anew)| Step::Finger(number, anew)),
        3 => (1u8..60).prop_map(Step::Wait),
        1 => Just(Step::End),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A second account of who agreed to what until when, kept beside the registry.
    #[test]
    fn no_sequence_leaves_a_code_without_a_consent(steps in prop::collection::vec(step(), 1..30)) {
        let (_folder, keys) = keys();
    let registry = opened(&Arc::default(), &keys);
        let ana = enrolled(&registry);
        let (mut clock, ends) = (now(), at("2027-02-01T00:00:00Z"));
        let mut agreed = [Some(ends), Some(ends)];
        // The version whose codes are held, and the last one whose codes were destroyed.
        let (mut in_use, mut burned) = ([Some(1), Some(1)], [0, 0]);
        for step in steps {
            let valid = agreed.map(|until| until.is_some_and(|until| until > clock));
            match step {
                Step::Give(purpose, days) => {
                    let last_day = Expiry::in_days(days, clock);
                    let given = Given { last_day: Some(last_day), ..given(purpose, None) };
                    registry.give_consent(ana, given, "bo", clock).unwrap();
                    agreed[purpose as usize] = Some(last_day.timestamp());
                }
                Step::Withdraw(purpose) => {
                    let withdrawn = registry.withdraw_consent(ana, purpose, "bo", clock);
                    prop_assert_eq!(withdrawn.is_ok(), valid[purpose as usize]);
                    if withdrawn.is_ok() {
                        agreed[purpose as usize] = None;
                    }
                }
                Step::Photograph(number) => {
                    let taken = registry.rephotograph(ana, of(&embedding(number)), "bo", clock);
                    prop_assert_eq!(taken.is_ok(), valid[0]);
                }
                Step::Finger(number, anew) => {
                    let impressions = [impression(FingerPosition::LeftIndex, number)];
                    match registry.add_fingers(ana, &impressions, anew, "bo", clock) {
                        Ok(()) | Err(RegistryError::EnoughImpressions(_)) => prop_assert!(valid[1]),
                        refused => prop_assert!(missing(refused, FINGERS) && !valid[1]),
                    }
                }
                Step::Wait(hours) => clock += i64::from(hours).hours(),
                Step::End => {
                    for id in registry.unconsented(clock).unwrap() {
                        prop_assert!(!registry.forget_unconsented(id, clock).unwrap().is_empty());
                    }
                    prop_assert_eq!(registry.unconsented(clock).unwrap(), []);
                }
            }
            let ended = matches!(step, Step::End);
            let (held, told) = (registry.get(ana).unwrap(), for_gate(&registry));
            let valid = agreed.map(|until| until.is_some_and(|until| until > clock));
            let until = [told.face_until, told.fingers_until];
            for (at, &purpose) in Purpose::ALL.iter().enumerate() {
                // One that was withdrawn left nothing; one that ended by itself leaves nothing once the day's work is done.
                prop_assert!(!held.holds_codes(purpose) || agreed[at].is_some());
                prop_assert!(!held.holds_codes(purpose) || valid[at] || !ended);
                // Gates know the end even before that.
                prop_assert_eq!(until[at].is_some_and(|until| until > clock), valid[at]);
            }
            let held = [held.has_face().then_some(held.version), (!held.fingers.is_empty()).then_some(held.finger_version)];
            for at in 0..2 {
                if let (Some(before), true) = (in_use[at], in_use[at] != held[at]) {
                    burned[at] = before;
                }
                prop_assert!(held[at].is_none_or(|version| version > burned[at]), "no seed is used again");
                in_use[at] = held[at];
            }
        }
    }
}
