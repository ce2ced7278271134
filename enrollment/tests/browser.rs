//! The web admin in a real browser: headless Chromium, driven over WebDriver, against the real service.
//!
//! Screenshots lie in `target/screenshots/`. Skips loudly where nets or faces are missing.
#![allow(clippy::unwrap_used)]

#[path = "../../gate-controller/tests/chromium/mod.rs"]
mod chromium;
mod world;

use fantoccini::{Client, Locator};
use jiff::{Timestamp, ToSpan as _};
use sallyport_privacy::{
    audit::{Act, Deed, Signer, Trail},
    memory::Locked,
};
use sallyport_protocol::{
    CrossingId, CrossingRecord, Door, DoorMovement, DoorMovementKind, EnrollmentPage, EpochId, GateHealth, GateMode,
    OfficerChoice, OfficerDecision, Outcome, Reason, RecordBatch, TokenKind, TrailHead, paths,
};
use sallyport_wording::LANGUAGES;
use serde_json::json;
use ureq::Agent;

use chromium::{Driver, click, shown, type_in, until};
use world::{CARD, NAME, World, assets, equipped, face};

/// Takes a picture, and checks that nothing reaches out of the window sideways.
async fn shoot(client: &Client, name: &str) {
    until(client, name, "return document.documentElement.scrollWidth <= innerWidth", vec![]).await;
    chromium::shoot(client, &format!("admin-{name}")).await;
}

/// The trail, searched and verified; then the gate whose trail was cut.
async fn shown_and_acknowledged(client: &Client, world: &World) {
    client.goto(&format!("{}/admin/audit", world.admin)).await.unwrap();
    choose(client, "act", "suspend").await;
    click(client, "#look").await;
    shown(client, "Card lost or stolen").await;
    until(client, "found", "return document.querySelectorAll('tbody tr').length === 1", vec![]).await;
    click(client, "#check").await;
    shown(client, "Whole: no entry was altered").await;
    shoot(client, "audit").await;
    client.goto(&format!("{}/admin/gates", world.admin)).await.unwrap();
    shown(client, "The gate’s audit trail is shorter than it was.").await;
    shoot(client, "gates-alarm").await;
    choose(client, "why", "settled").await;
    client.find(Locator::Css("form[action$=acknowledge] button")).await.unwrap().click().await.unwrap();
    shown(client, "compared with what it is now").await;
}

/// Chooses in a list.
async fn choose(client: &Client, name: &str, value: &str) {
    let list = client.find(Locator::Css(&format!("select[name={name}]"))).await.unwrap();
    list.select_by_value(value).await.unwrap();
}

fn at(path: &str) -> String {
    std::fs::canonicalize(path).unwrap().to_str().unwrap().to_owned()
}

/// Two gates, one of them heard of, and crossings of all kinds.
fn life_at_the_gates(world: &World) -> Agent {
    let gate = world.gate("gate-1");
    world.gate("gate-2");
    let id: sallyport_protocol::GateId = "gate-1".parse().unwrap();
    let movement = |door, movement, at_ms| DoorMovement { door, movement, at_ms };
    let records = [
        (Outcome::Accepted, TokenKind::TravelDocument, vec![Reason::FaceMatchedChip], None),
        (Outcome::Accepted, TokenKind::TrustedTravelerCard, vec![Reason::FaceMatchedEnrollment], None),
        (Outcome::Refused, TokenKind::TravelDocument, vec![Reason::PaHashMismatch], None),
        (Outcome::SentToDesk, TokenKind::TravelDocument, vec![Reason::AgeBelowMinimum], None),
        (
            Outcome::RefusedByOfficer,
            TokenKind::TravelDocument,
            vec![Reason::OfficerRefused, Reason::FaceScoreBelowThreshold],
            Some("not the person on the portrait"),
        ),
    ];
    let now = Timestamp::now();
    let records = records.into_iter().enumerate().map(|(number, (outcome, token, reasons, note))| CrossingRecord {
        crossing: CrossingId::random(),
        gate: id.clone(),
        began: now - (number as i64 * 60 + 12).seconds(),
        ended: now - (number as i64 * 60).seconds(),
        token,
        issuer: (token == TokenKind::TravelDocument).then(|| "UTO".to_owned()),
        enrollment: None,
        outcome,
        reasons,
        officer: note.map(|note| OfficerDecision {
            officer: "ole".into(),
            choice: OfficerChoice::Refuse,
            note: note.into(),
            at_ms: 9_000,
        }),
        measurement: None,
        timeline: Vec::new(),
        doors: if outcome == Outcome::Refused {
            Vec::new()
        } else {
            vec![
                movement(Door::Entry, DoorMovementKind::OpenOrdered, 2_000),
                movement(Door::Entry, DoorMovementKind::Opened, 2_300),
                movement(Door::Entry, DoorMovementKind::Passed, 4_100),
                movement(Door::Entry, DoorMovementKind::Closed, 5_200),
                movement(Door::Exit, DoorMovementKind::Opened, 8_900),
                movement(Door::Exit, DoorMovementKind::Closed, 11_600),
            ]
        },
    });
    let batch = RecordBatch { records: records.collect() };
    assert_eq!(gate.post(format!("{}{}", world.gates, paths::RECORDS)).send_json(batch).unwrap().status(), 200);
    let mut health = alive(world, &gate, vec![Reason::CameraUnavailable], 1, None);
    // A gate whose audit trail was cut.
    let (log, head) = (world.path("gate-1.log"), world.path("gate-1.head"));
    let signer = Signer::new(Locked::from(&[1; 32]));
    let key = signer.verifier().to_string();
    let trail = Trail::join(&log, &head, signer).unwrap();
    let heads: Vec<String> = (0..3)
        .map(|_| {
            trail.append(&Deed::new("ana", Act::LogIn, "officer-station"), now).unwrap();
            trail.last().unwrap().unwrap().to_string()
        })
        .collect();
    for checkpoint in [&heads[2], &heads[1]] {
        health.trail = Some(TrailHead { key: key.clone(), checkpoint: checkpoint.clone() });
        let told = gate.post(format!("{}{}", world.gates, paths::HEALTH)).send_json(&health).unwrap();
        assert_eq!(told.status(), 204);
    }
    gate
}

/// The gate says what it has.
fn alive(world: &World, gate: &Agent, troubles: Vec<Reason>, revision: u64, epoch: Option<EpochId>) -> GateHealth {
    let health = GateHealth {
        gate: "gate-1".parse().unwrap(),
        software: env!("CARGO_PKG_VERSION").into(),
        mode: GateMode::InService,
        troubles,
        records_waiting: 3,
        revision,
        epoch,
        trail: None,
    };
    assert_eq!(gate.post(format!("{}{}", world.gates, paths::HEALTH)).send_json(&health).unwrap().status(), 204);
    health
}

/// The gate takes over all changes, and says so.
fn hears_of_it(world: &World, gate: &Agent) {
    let asked = gate.get(format!("{}{}?since=0", world.gates, paths::ENROLLMENTS)).call();
    let page = asked.unwrap().body_mut().read_to_string().unwrap();
    let page: EnrollmentPage = serde_json::from_str(&page).unwrap();
    assert!(!page.more && page.removed.len() == 1);
    alive(world, gate, Vec::new(), page.revision, Some(page.epoch));
}

#[actix_web::test]
async fn staff_enroll_find_suspend_and_delete_in_a_browser() {
    let Some(driver) = Driver::start().filter(|_| equipped()) else { return };
    let mut world = World::new();
    world.start();
    let gate = life_at_the_gates(&world);
    let (profile, faces) = (tempfile::tempdir().unwrap(), assets().join("faces"));
    let client = driver.browser(profile.path(), false).await;
    client.set_window_size(1280, 900).await.unwrap();

    client.goto(&format!("{}/admin/enrollments", world.admin)).await.unwrap();
    shown(&client, "Log in to continue").await;
    type_in(&client, "[name=name]", "admin").await;
    type_in(&client, "[name=password]", "wrong").await;
    click(&client, "#log-in").await;
    shown(&client, "Name or password is wrong").await;
    shoot(&client, "login").await;
    type_in(&client, "[name=name]", "admin").await;
    type_in(&client, "[name=password]", &world.password).await;
    click(&client, "#log-in").await;
    shown(&client, "Nobody is enrolled yet").await;
    shoot(&client, "empty").await;

    click(&client, "#new").await;
    shown(&client, "consents").await;
    type_in(&client, "[name=name]", NAME).await;
    type_in(&client, "[name=card]", "04:a1:b2:c3:d4:e5:f6").await;
    click(&client, "#consent-face").await;
    let truncated = profile.path().join("truncated.jpg");
    let whole = face("obama.jpg");
    std::fs::write(&truncated, &whole[..whole.len() / 3]).unwrap();
    type_in(&client, "[name=photograph]", truncated.to_str().unwrap()).await;
    shoot(&client, "new").await;
    click(&client, "#enroll").await;
    shown(&client, "The file is cut short").await;
    shoot(&client, "new-refused").await;
    type_in(&client, "[name=photograph]", &at(faces.join("obama.jpg").to_str().unwrap())).await;
    click(&client, "#enroll").await;
    shown(&client, "Enrolled. No picture was kept.").await;
    shown(&client, CARD).await;
    shoot(&client, "enrollment").await;

    with_fingers(&client, profile.path()).await;
    with_consents(&client).await;

    click(&client, "#suspend").await;
    until(&client, "a reason is asked for", "return document.querySelector('[name=why]').matches(':invalid')", vec![])
        .await;
    choose(&client, "why", "lost-card").await;
    click(&client, "#suspend").await;
    shown(&client, "Suspended. Gates refer this card").await;
    choose(&client, "why", "settled").await;
    click(&client, "#resume").await;
    shown(&client, "Resumed.").await;
    type_in(&client, "#photograph", &at(faces.join("obama2.jpg").to_str().unwrap())).await;
    click(&client, "#consent-to-face").await;
    click(&client, "#take").await;
    shown(&client, "The old code is worthless now").await;
    until(&client, "version 3", "return document.querySelector('#version').innerText === '3'", vec![]).await;

    let staff = world.staff("admin", &world.password);
    for (name, card, picture) in [
        ("山田 太郎", "04AA11BB", "biden.jpg"),
        ("ليلى حداد", "04AA11CC", "obama2.jpg"),
        ("Zoë Ångström", "04AA11DD", "obama.jpg"),
    ] {
        assert_eq!(staff.enroll(name, card, &face(picture)).0, 303);
    }
    client.goto(&format!("{}/admin/enrollments", world.admin)).await.unwrap();
    shown(&client, "山田").await;
    shoot(&client, "list").await;
    click(&client, "#asking").await;
    until(&client, "asked for", "return document.querySelectorAll('tbody tr').length === 1", vec![]).await;
    shown(&client, NAME).await;
    shoot(&client, "list-asking").await;
    click(&client, ".filters a").await;
    shown(&client, "山田").await;
    type_in(&client, "[name=search]", "zoë").await;
    click(&client, "#search").await;
    until(&client, "found", "return document.querySelectorAll('tbody tr').length === 1", vec![]).await;
    for (page, sign) in [("gates", "Silent"), ("crossings", "PA_HASH_MISMATCH")] {
        client.goto(&format!("{}/admin/{page}", world.admin)).await.unwrap();
        let sign = if page == "gates" { "Not heard of yet" } else { sign };
        shown(&client, sign).await;
        shoot(&client, page).await;
    }

    shown_and_acknowledged(&client, &world).await;

    for (language, _) in LANGUAGES {
        for page in ["crossings", "enrollments/new", "gates", "audit", "enrollments"] {
            client.goto(&format!("{}/admin/{page}", world.admin)).await.unwrap();
            click(&client, &format!("footer button[value={language}]")).await;
            let set = "const root = document.documentElement; return root.lang === arguments[0] \
                && root.dir === arguments[1] && location.pathname === arguments[2] \
                && root.innerText.split('\\n').every((line) => line.trim() !== '…')";
            let direction = if *language == "ar" { "rtl" } else { "ltr" };
            until(&client, language, set, vec![json!(language), json!(direction), json!(format!("/admin/{page}"))])
                .await;
            shoot(&client, &format!("{}-{language}", page.replace('/', "-"))).await;
        }
    }
    click(&client, "footer button[value=en]").await;
    shown(&client, "Enroll a traveler").await;

    client.find(Locator::LinkText(NAME)).await.unwrap().click().await.unwrap();
    shown(&client, "Version of the face’s code").await;
    click(&client, "#delete").await;
    shown(&client, "Delete this enrollment?").await;
    shoot(&client, "delete").await;
    choose(&client, "why", "data-subject-request").await;
    click(&client, "#confirm").await;
    shown(&client, "Deleted. Gates forget it").await;
    let gone = "return !document.querySelector('main').innerText.includes(arguments[0])";
    until(&client, "gone", gone, vec![json!(NAME)]).await;
    let deletion = client.current_url().await.unwrap().path().to_owned();
    hears_of_it(&world, &gate);
    for (language, _) in LANGUAGES {
        for (page, name) in [(deletion.as_str(), "deletion"), ("/admin/deletions", "deletions")] {
            client.goto(&format!("{}{page}", world.admin)).await.unwrap();
            click(&client, &format!("footer button[value={language}]")).await;
            let set = "const root = document.documentElement; return root.lang === arguments[0] \
                && location.pathname === arguments[1] && !root.innerText.includes('…\\n')";
            until(&client, language, set, vec![json!(language), json!(page)]).await;
            shoot(&client, &format!("{name}-{language}")).await;
        }
    }
    click(&client, "footer button[value=en]").await;
    client.goto(&format!("{}/admin/enrollments", world.admin)).await.unwrap();
    click(&client, "#deletions").await;
    shown(&client, "1 / 2").await;
    click(&client, "#log-out").await;
    until(&client, "logged out", "return Boolean(document.querySelector('#log-in'))", vec![]).await;
    client.close().await.unwrap();
    in_the_dark(&driver, &world).await;
    assert_eq!(world.stop(), Some(0));
}

/// Impressions of fingers: a poor one is refused with what to do, good ones are added, and all are taken anew.
async fn with_fingers(client: &Client, folder: &std::path::Path) {
    let fingers = assets().join("fingers");
    let good = |name: &str| at(fingers.join(name).to_str().unwrap());
    let blank = folder.join("blank.pgm");
    std::fs::write(&blank, [&b"P5 300 300 255\n"[..], &[200; 90_000]].concat()).unwrap();
    type_in(client, "#impression", blank.to_str().unwrap()).await;
    click(client, "#consent-to-fingers").await;
    click(client, "#add-fingers").await;
    shown(client, "The picture shows no finger.").await;
    shoot(client, "fingers-refused").await;
    type_in(client, "#impression", &good("p1_1.png")).await;
    click(client, "#consent-to-fingers").await;
    click(client, "#add-fingers").await;
    shown(client, "The impressions were taken").await;
    shown(client, "/ 100").await;
    shown(client, "Right index finger × 1").await;
    shoot(client, "fingers-taken").await;
    type_in(client, "#impression", &good("p2_1.png")).await;
    click(client, "#anew").await;
    click(client, "#add-fingers").await;
    until(client, "anew", "return document.querySelector('#version-of-fingers').innerText === '2'", vec![]).await;
}

/// The consents of an enrollment with face and fingers: one is renewed for a few days, one withdrawn and given again.
async fn with_consents(client: &Client) {
    client.set_window_size(1280, 2000).await.unwrap();
    click(client, "#ask-fingers-trusted-traveler").await;
    let soon = (Timestamp::now() + (20 * 24).hours()).strftime("%Y-%m-%d").to_string();
    let set = "document.querySelector('#until-fingers-trusted-traveler').value = arguments[0]; return true";
    until(client, "the day", set, vec![json!(soon)]).await;
    shoot(client, "consent-renewing").await;
    click(client, "#agreed-fingers-trusted-traveler").await;
    click(client, "#give-fingers-trusted-traveler").await;
    shown(client, "The consent was written down.").await;
    shown(client, "A consent ends within 30 days.").await;
    click(client, "#withdraw-face-trusted-traveler").await;
    shown(client, "Withdraw this consent?").await;
    shoot(client, "consent-withdrawing").await;
    click(client, "#confirm").await;
    shown(client, "The consent is withdrawn and its codes are destroyed.").await;
    for language in ["fr", "ar", "en"] {
        click(client, &format!("footer button[value={language}]")).await;
        let set = "return document.documentElement.lang === arguments[0]";
        until(client, language, set, vec![json!(language)]).await;
        let open = "document.querySelector('#consents > details').open = true; return true";
        until(client, "earlier ones", open, vec![]).await;
        shoot(client, &format!("consents-{language}")).await;
    }
    client.set_window_size(1280, 900).await.unwrap();
}

/// Dark, and as narrow as a telephone.
async fn in_the_dark(driver: &Driver, world: &World) {
    let profile = tempfile::tempdir().unwrap();
    let client = driver.browser(profile.path(), true).await;
    client.goto(&format!("{}/admin", world.admin)).await.unwrap();
    type_in(&client, "[name=name]", "admin").await;
    type_in(&client, "[name=password]", &world.password).await;
    click(&client, "#log-in").await;
    shown(&client, "Zoë").await;
    for (shape, width, height) in [("wide", 1280, 900), ("narrow", 500, 900)] {
        client.set_window_size(width, height).await.unwrap();
        for page in ["enrollments", "enrollments/new", "gates", "crossings"] {
            client.goto(&format!("{}/admin/{page}", world.admin)).await.unwrap();
            shoot(&client, &format!("dark-{shape}-{}", page.replace('/', "-"))).await;
        }
    }
    client.close().await.unwrap();
}
