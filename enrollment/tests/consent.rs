//! Consent, over the running service: asked for a purpose at a time, withdrawn, ended by time, and what gates hear of it.
#![allow(clippy::unwrap_used)]

mod world;

use std::{fs, thread, time::Instant};

use jiff::{Timestamp, ToSpan as _};
use sallyport_enrollment::{
    config::Config,
    registry::{Applicant, Embedding, Expiry, Given, PersonName, Purpose, Registry},
    setup,
    vaults::Vaults,
};
use sallyport_privacy::template::EMBEDDING_LENGTH;
use sallyport_protocol::{EnrollmentForGate, EnrollmentId, EnrollmentPage, paths};
use sallyport_store::Opening;
use ureq::Agent;
use world::{CARD, NAME, PASSPHRASE, PATIENCE, Staff, World, equipped, face, finger, text};

const FACE: &str = "face-trusted-traveler";
const FINGERS: &str = "fingers-trusted-traveler";

/// What a gate that begins anew hears.
fn heard(gate: &Agent, world: &World) -> Vec<EnrollmentForGate> {
    let mut answer = gate.get(format!("{}{}?since=0", world.gates, paths::ENROLLMENTS)).call().unwrap();
    let page: EnrollmentPage = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    page.changed
}

fn withdraw(staff: &Staff, one: &str, purpose: &str) -> (u16, String) {
    staff.post(&format!("{one}/withdraw"), &[("token", &staff.token()), ("purpose", purpose)])
}

/// Why what was done to a person was done, as the trail tells.
fn whys(world: &World, id: &str) -> Vec<String> {
    let data = world.path("data");
    let found = world.command(&["audit", "search", data.to_str().unwrap(), "--person", id]);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let told = text(&found.stdout);
    let entries = told.lines().filter(|line| !line.is_empty());
    entries
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["why"].as_str().unwrap().into())
        .collect()
}

#[test]
fn each_consent_is_withdrawn_by_itself_and_its_codes_are_gone_at_once() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let gate = world.gate("gate-1");
    let added = text(&world.command(&["account", "add", "sam"]).stdout);
    let staff = world.staff("sam", added.trim().strip_prefix("password of sam: ").unwrap());
    let one = staff.enroll(NAME, CARD, &face("obama.jpg")).1.split_once('?').unwrap().0.to_owned();
    let id = one.rsplit('/').next().unwrap().to_owned();

    // Fingers need a consent of their own, which then covers further ones.
    let (add, index) = (format!("{one}/fingers"), [("position", "right-index")]);
    let (status, page) = staff.upload_fingers(&add, &index, &[&finger("p1_1.png")], false);
    assert!(status == 422 && page.contains("There is no valid consent"), "{status} {page}");
    let soon = (Timestamp::now() + (10 * 24).hours()).strftime("%Y-%m-%d").to_string();
    let agreed = [&index[..], &[("consent", "yes"), ("consent-until", &soon)]].concat();
    assert_eq!(staff.upload_fingers(&add, &agreed, &[&finger("p1_1.png")], false).0, 303);
    assert_eq!(staff.upload_fingers(&add, &index, &[&finger("p1_2.png")], false).0, 303);
    let (_, page) = staff.get(&one);
    assert!(page.contains("A consent ends within 30 days") && page.contains(&soon), "{page}");
    assert!(staff.get("/admin/enrollments?only=consent-asking").1.contains(NAME));

    // Renewed to a later day, and too late a day refused.
    let give = |until: &str| {
        let fields = [("token", &*staff.token()), ("purpose", FINGERS), ("consent", "yes"), ("consent-until", until)];
        staff.post(&format!("{one}/consent"), &fields)
    };
    let (status, page) = give("2099-12-31");
    assert!(status == 422 && page.contains("no longer than the service allows"), "{status} {page}");
    assert!(give("2020-12-31").1.contains("This day has passed"));
    assert_eq!(give("").0, 303, "as late as may be");
    assert!(!staff.get("/admin/enrollments?only=consent-asking").1.contains(NAME));

    let before = heard(&gate, &world);
    assert!(before[0].code.is_some() && before[0].fingers.iter().all(|codes| codes.impressions.len() == 2));
    assert!(before[0].face_until.unwrap() > Timestamp::now() + (1_825 * 24).hours(), "five years");
    assert_eq!(staff.post(&format!("{one}/withdraw"), &[("token", "none"), ("purpose", FACE)]).0, 403);
    assert!(staff.get(&format!("{one}/withdraw?purpose={FACE}")).1.contains("are destroyed at once"));
    assert_eq!(withdraw(&staff, &one, FACE), (303, format!("{one}?done=withdrawn")));
    assert_eq!(withdraw(&staff, &one, FACE).0, 422, "there is none any more");
    let after = heard(&gate, &world);
    assert!(after[0].code.is_none() && after[0].version == before[0].version + 1 && after[0].fingers.len() == 2);
    assert!(after[0].face_until.unwrap() <= Timestamp::now());
    let (status, page) = staff.upload(&format!("{one}/photograph"), &[], &face("obama.jpg"));
    assert!(status == 422 && page.contains("There is no valid consent"), "{status} {page}");

    assert!(staff.get(&format!("{one}/withdraw?purpose={FINGERS}")).1.contains("This is the last consent"));
    assert_eq!(withdraw(&staff, &one, FINGERS).0, 303);
    let nothing = heard(&gate, &world);
    assert!(nothing[0].code.is_none() && nothing[0].fingers.is_empty());
    assert!(staff.get(&one).1.contains("consents to nothing any more"));
    let agreed = [("consent", "yes"), ("consent-until", soon.as_str())];
    assert_eq!(staff.upload(&format!("{one}/photograph"), &agreed, &face("obama.jpg")).0, 303);
    assert!(heard(&gate, &world)[0].code.is_some());

    let (_, exported) = world.staff("admin", &world.password).submit(&format!("{one}/export"));
    let held: serde_json::Value = serde_json::from_str(&exported).unwrap();
    let consents = held["enrollment"]["consents"].as_array().unwrap();
    let told = |one: &serde_json::Value| (one["purpose"].as_str().unwrap().to_owned(), one["withdrawn"]["by"] == "sam");
    let wanted = [(FACE, true), (FINGERS, false), (FINGERS, true), (FACE, false)];
    assert_eq!(consents.iter().map(told).collect::<Vec<_>>(), wanted.map(|(purpose, by)| (purpose.to_owned(), by)));
    assert_eq!(world.stop(), Some(0));
    let whys = whys(&world, &id);
    assert_eq!(whys.iter().filter(|why| *why == "consent-withdrawn").count(), 4, "{whys:?}");
    assert_eq!(whys.iter().filter(|why| *why == "consent-given").count(), 3, "{whys:?}");
}

/// Somebody who was enrolled a long time ago, in the records of a service that does not run.
fn enrolled_long_ago(world: &World) -> EnrollmentId {
    let config = Config::read(&world.path("enrollment.toml")).unwrap();
    let keys = setup::open_keys(&config, PASSPHRASE).unwrap();
    let opened = Vaults::open(&config, &keys, Opening::AsLeft, Timestamp::now()).unwrap();
    let registry = Registry::open(opened.registry, &keys).unwrap();
    let then = Timestamp::now() - (100 * 24).hours();
    let day = |days| Expiry::in_days(days, then);
    let applicant = Applicant {
        name: PersonName::try_from(NAME.to_owned()).unwrap(),
        card: CARD.parse().unwrap(),
        expires: day(200),
        consents: vec![Given { purpose: Purpose::FaceTrustedTraveler, last_day: Some(day(97)), language: "en".into() }],
    };
    let values: Vec<f32> = (0..EMBEDDING_LENGTH).map(|at| (at as f32).sin()).collect();
    registry.enroll(applicant, Some(Embedding { model: "net", values: &values }), &[], "bo", then).unwrap()
}

#[test]
fn what_ended_while_the_service_was_away_is_destroyed_when_it_starts() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    let id = enrolled_long_ago(&world);
    world.start();
    let gate = world.gate("gate-1");
    until("the code is destroyed", || heard(&gate, &world).iter().all(|one| one.code.is_none() && one.version == 2));
    let (status, page) = world.staff("admin", &world.password).get(&format!("/admin/enrollments/{id}"));
    assert!(status == 200 && page.contains("consents to nothing any more"), "there are some days left to ask: {page}");
    assert_eq!(world.stop(), Some(0));
    assert_eq!(whys(&world, &id.to_string()), ["consent-ended", "look", "command-line"], "this search is noted, too");

    let config = fs::read_to_string(world.path("enrollment.toml")).unwrap();
    fs::write(world.path("enrollment.toml"), config + "[retention]\nunconsented_enrollments_days = 1\n").unwrap();
    world.start();
    let staff = world.staff("admin", &world.password);
    until("it is deleted", || staff.get(&format!("/admin/enrollments/{id}")).0 == 404);
    assert!(heard(&gate, &world).is_empty());
    assert_eq!(world.stop(), Some(0));
    assert!(whys(&world, &id.to_string()).contains(&"no-consent".to_owned()));
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what}: not in time");
        thread::sleep(std::time::Duration::from_millis(50));
    }
}
