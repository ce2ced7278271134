//! The screens in a real browser: headless Chromium, driven over WebDriver, against a scripted supervisor.
//!
//! Screenshots lie in `target/screenshots/`.
#![allow(clippy::unwrap_used)]

mod chromium;

use std::{path::Path, sync::Arc};

use actix_web::{App, HttpServer, rt};
use fantoccini::{Client, Locator, key::Key};
use sallyport_gate::{
    audit::GateAudit,
    screens::{Seam, Station, configure, texts},
    view::*,
};
use sallyport_privacy::keys::RootKey;
use sallyport_protocol::{CrossingId, Door, GateMode, Measurement, OfficerChoice, Outcome, Reason, Stage, TokenKind};
use sallyport_wording::LANGUAGES;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use chromium::{Driver, PATIENCE, shoot, until};

struct Known;

impl Accounts for Known {
    fn verify(&self, name: &str, password: &str) -> Result<Role, AccountError> {
        if (name, password) == ("ana", "right") { Ok(Role::Officer) } else { Err(AccountError::Wrong) }
    }

    fn standing(&self, _: &str) -> Result<Option<[u8; 32]>, AccountError> {
        Ok(Some([7; 32]))
    }
}

struct Supervisor {
    traveler: watch::Sender<TravelerView>,
    gate: watch::Sender<GateView>,
    orders: mpsc::Receiver<OfficerOrder>,
    desk: Arc<ReferralDesk>,
    _data: tempfile::TempDir,
    address: String,
    server: actix_web::dev::ServerHandle,
}

fn audit(data: &Path) -> GateAudit {
    let root = RootKey::create(&data.join("root.key"), "correct horse battery").unwrap();
    GateAudit::start(data, Arc::new(root), |_| {}).unwrap()
}

fn serve() -> Supervisor {
    let now = jiff::Timestamp::now();
    let gate = GateView {
        gate: "gate-1".parse().unwrap(),
        mode: GateMode::InService,
        serves: true,
        stage: None,
        entry: DoorView::Closed,
        exit: DoorView::Closed,
        crossing: None,
        since: now,
        troubles: Vec::new(),
        link: LinkState::Connected,
        records_waiting: 3,
        referral: None,
        recent: vec![
            RecentCrossing {
                time: now,
                outcome: Outcome::Accepted,
                reasons: vec![Reason::FaceMatchedChip],
                duration_ms: 9400,
                token: TokenKind::TravelDocument,
            },
            RecentCrossing {
                time: now,
                outcome: Outcome::Refused,
                reasons: vec![Reason::PaHashMismatch],
                duration_ms: 3100,
                token: TokenKind::TravelDocument,
            },
        ],
    };
    let (traveler, traveler_seen) = watch::channel(TravelerView::of(TravelerInstruction::PresentDocument));
    let (gate, gate_seen) = watch::channel(gate);
    let (order, orders) = mpsc::channel(4);
    let (desk, data) = (Arc::new(ReferralDesk::new()), tempfile::tempdir().unwrap());
    let seam = Seam {
        traveler: traveler_seen,
        gate: gate_seen,
        orders: order,
        referral: desk.clone(),
        accounts: Arc::new(Known),
        audit: audit(data.path()),
        language: "en".into(),
        simulated: false,
        others: [("gate-2".parse().unwrap(), "https://gate-2.example:8480".to_owned())].into(),
    };
    let station = Station::new(seam).unwrap();
    let server = HttpServer::new(move || App::new().configure(|config| configure(config, station.clone())))
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
    let address = format!("http://{}", server.addrs().first().unwrap());
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    Supervisor { traveler, gate, orders, desk, _data: data, address, server: handle }
}

/// Nothing is cut off or reaches out of the window, and only one pictogram shows.
const FITS: &str = r#"
    const cut = [...document.querySelectorAll("h1, .hint, .reason, nav button, .pictogram svg")].filter((element) => {
        if (element.hidden || !element.getClientRects().length) return false;
        const box = element.getBoundingClientRect();
        return box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1
            || element.scrollWidth > element.clientWidth + 2;
    });
    const words = document.querySelector(".words").getBoundingClientRect();
    const bar = document.querySelector("nav").getBoundingClientRect();
    if (words.bottom > bar.top + 1) cut.push(document.querySelector(".words"));
    const pictures = document.querySelectorAll("[data-pictogram]:not([hidden])").length;
    return cut.map((element) => element.outerHTML.slice(0, 80)).concat(pictures === 1 ? [] : [`${pictures} pictograms`]);
"#;

#[actix_web::test]
async fn the_traveler_screen_shows_every_instruction_in_every_language() {
    let Some(driver) = Driver::start() else { return };
    let profile = tempfile::tempdir().unwrap();
    let supervisor = serve();
    let client = driver.browser(profile.path(), true).await;
    for (shape, width, height) in [("upright", 800, 1280), ("landscape", 1280, 800)] {
        client.set_window_size(width, height).await.unwrap();
        client.goto(&format!("{}/traveler", supervisor.address)).await.unwrap();
        for (language, _) in LANGUAGES {
            until(&client, "language bar", "return document.querySelectorAll('nav button').length === 6", vec![]).await;
            client.find(Locator::Css(&format!("nav button[lang={language}]"))).await.unwrap().click().await.unwrap();
            let direction = if *language == "ar" { "rtl" } else { "ltr" };
            let set =
                "const root = document.documentElement; return root.lang === arguments[0] && root.dir === arguments[1]";
            until(&client, "lang and dir", set, vec![json!(language), json!(direction)]).await;
            let texts = texts::load().unwrap();
            for &instruction in TravelerInstruction::ALL {
                let progress = (instruction == TravelerInstruction::KeepDocument).then_some(60);
                supervisor.traveler.send_replace(TravelerView { progress, ..TravelerView::of(instruction) });
                let text = &texts.of(language).unwrap()[&format!("traveler-{}", instruction.name())];
                let shown = "return document.querySelector('h1').textContent === arguments[0]";
                until(&client, instruction.name(), shown, vec![json!(text)]).await;
                let cut = client.execute(FITS, vec![]).await.unwrap();
                shoot(&client, &format!("traveler-{shape}-{language}-{}", instruction.name())).await;
                assert_eq!(cut, json!([]), "{shape} {language} {}", instruction.name());
            }
            // Reasons stand in place of the hint: the longest of them below the longest instruction.
            let texts = texts.of(language).unwrap();
            let of = |reason: Reason| &texts[&format!("reason-{reason}-traveler")];
            let reason = Reason::ALL.iter().copied().max_by_key(|&reason| of(reason).chars().count()).unwrap();
            let to = |instruction: TravelerInstruction| &texts[&format!("traveler-{}", instruction.name())];
            let all = TravelerInstruction::ALL.iter().copied();
            let instruction = all.max_by_key(|&instruction| to(instruction).chars().count()).unwrap();
            supervisor.traveler.send_replace(TravelerView { reason: Some(reason), ..TravelerView::of(instruction) });
            let shown = "return document.querySelector('h1').textContent === arguments[0] \
                && document.querySelector('#reason').textContent === arguments[1]";
            until(&client, reason.code(), shown, vec![json!(to(instruction)), json!(of(reason))]).await;
            let cut = client.execute(FITS, vec![]).await.unwrap();
            shoot(&client, &format!("traveler-{shape}-{language}-reason")).await;
            assert_eq!(cut, json!([]), "{shape} {language} {reason}");
        }
    }
    supervisor.traveler.send_replace(TravelerView::of(TravelerInstruction::GoThrough));
    let through = "return document.body.dataset.instruction === 'go-through'";
    until(&client, "the gate works", through, vec![]).await;
    supervisor.server.stop(false).await;
    let out = "return document.body.dataset.instruction === 'out-of-service'";
    until(&client, "the controller is gone", out, vec![]).await;
    client.close().await.unwrap();
}

#[actix_web::test]
async fn an_officer_sees_a_referral_and_decides_it() {
    let Some(driver) = Driver::start() else { return };
    let profile = tempfile::tempdir().unwrap();
    let mut supervisor = serve();
    let client = driver.browser(profile.path(), false).await;
    client.set_window_size(1440, 1000).await.unwrap();
    client.goto(&format!("{}/officer", supervisor.address)).await.unwrap();
    let ready = "return document.querySelector('#log-in')?.textContent.length > 0";
    until(&client, "login form", ready, vec![]).await;
    shoot(&client, "officer-login").await;
    log_in(&client, "wrong").await;
    until(&client, "refusal", "return document.querySelector('#fault')?.hidden === false", vec![]).await;
    shoot(&client, "officer-login-wrong").await;
    log_in(&client, "right").await;
    until(&client, "gate card", "return document.querySelectorAll('.gate').length === 1", vec![]).await;
    let linked = "const link = document.querySelector('#others a'); \
        return link?.textContent === 'gate-2' && link.href === 'https://gate-2.example:8480/officer'";
    until(&client, "a link to the other gate", linked, vec![]).await;
    shoot(&client, "officer-idle").await;

    let crossing = CrossingId::random();
    supervisor.desk.lay(crossing, None, Some(portrait(210)), Some(portrait(150)));
    supervisor.gate.send_modify(|gate| {
        gate.stage = Some(Stage::Referral);
        gate.troubles = vec![Reason::CentreUnreachable];
        gate.link = LinkState::Offline;
        gate.referral = Some(referral(crossing));
    });
    let seen = "return ['reference', 'probe'].every((id) => document.getElementById(id).naturalWidth > 0)";
    until(&client, "both images", seen, vec![]).await;
    let inside = "return document.documentElement.scrollWidth <= innerWidth";
    for (language, _) in LANGUAGES {
        let choose = "const s = document.querySelector('#language'); s.value = arguments[0]; \
            s.dispatchEvent(new Event('change')); return true";
        client.execute(choose, vec![json!(language)]).await.unwrap();
        let chosen = "return document.documentElement.lang === arguments[0]";
        until(&client, "language", chosen, vec![json!(language)]).await;
        shoot(&client, &format!("officer-referral-{language}")).await;
        until(&client, "nothing reaches out of the window", inside, vec![]).await;
    }

    client.find(Locator::Css("#refuse")).await.unwrap().click().await.unwrap();
    let missing = "return document.querySelector('#note-missing').hidden === false";
    until(&client, "a reason is asked for", missing, vec![]).await;
    assert!(supervisor.orders.try_recv().is_err(), "no order without a reason");
    client.find(Locator::Css("h1")).await.unwrap().click().await.unwrap();
    let keys = "document.activeElement.blur(); \
        for (const key of ['4', 'r']) dispatchEvent_(key); \
        function dispatchEvent_(key) { document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); } \
        return true";
    client.execute(keys, vec![]).await.unwrap();
    let order = rt::time::timeout(PATIENCE, supervisor.orders.recv()).await.unwrap().unwrap();
    assert_eq!(order.officer, "ana");
    let Order::Decide { crossing: decided, choice, note } = order.order else { panic!("{:?}", order.order) };
    assert_eq!((decided, choice), (crossing, OfficerChoice::Refuse));
    assert!(!note.is_empty());
    supervisor.desk.clear();
    supervisor.gate.send_modify(|gate| gate.referral = None);
    order.reply.send(Ok(())).unwrap();
    let gone = "return document.querySelector('#referral').hidden && !document.querySelector('#probe').src";
    until(&client, "the referral and its images are gone", gone, vec![]).await;
    let image = format!("{}/officer/image/{crossing}/probe", supervisor.address);
    let fetched = client
        .execute_async("fetch(arguments[0]).then((answer) => arguments[1](answer.status))", vec![json!(image)])
        .await
        .unwrap();
    assert_eq!(fetched, json!(404));

    let open_door = Locator::Css("button[data-door=entry]");
    client.find(open_door).await.unwrap().click().await.unwrap();
    client.find(Locator::Css("#confirm button[value=no]")).await.unwrap().click().await.unwrap();
    until(&client, "canceled without a reason", "return !document.querySelector('#confirm').open", vec![]).await;
    client.find(open_door).await.unwrap().click().await.unwrap();
    client.find(Locator::Css("#confirm-note")).await.unwrap().send_keys("wheelchair").await.unwrap();
    client.find(Locator::Css("#confirm-yes")).await.unwrap().click().await.unwrap();
    let order = rt::time::timeout(PATIENCE, supervisor.orders.recv()).await.unwrap().unwrap();
    assert_eq!(order.order, Order::OpenDoor { door: Door::Entry, note: "wheelchair".into() });
    order.reply.send(Err(OrderRefused::Interlock)).unwrap();
    let refused = "return document.querySelector('#message').classList.contains('alert')";
    until(&client, "the refusal shows as one", refused, vec![]).await;
    shoot(&client, "officer-order-refused").await;

    client.find(Locator::Css("button[data-mode=held]")).await.unwrap().click().await.unwrap();
    until(&client, "confirmation", "return document.querySelector('#confirm').open", vec![]).await;
    shoot(&client, "officer-confirm").await;
    client.find(Locator::Css("#confirm-yes")).await.unwrap().click().await.unwrap();
    let order = rt::time::timeout(PATIENCE, supervisor.orders.recv()).await.unwrap().unwrap();
    assert_eq!(order.order, Order::SetMode { mode: GateMode::Held });
    order.reply.send(Ok(())).unwrap();
    client.find(Locator::Css("#log-out")).await.unwrap().click().await.unwrap();
    until(&client, "logged out", "return Boolean(document.querySelector('#log-in'))", vec![]).await;
    client.close().await.unwrap();
    supervisor.server.stop(false).await;
}

async fn log_in(client: &Client, password: &str) {
    client.find(Locator::Css("[name=name]")).await.unwrap().send_keys("ana").await.unwrap();
    let field = client.find(Locator::Css("[name=password]")).await.unwrap();
    field.send_keys(&format!("{password}{}", Key::Enter)).await.unwrap();
}

/// A drawn portrait: no real face belongs into a test.
fn portrait(blue: u8) -> Zeroizing<Vec<u8>> {
    use opencv::{core, imgcodecs, imgproc, prelude::*};
    let shade = |b: u8, g: u8, r: u8| core::Scalar::new(b.into(), g.into(), r.into(), 0.0);
    let mut image = core::Mat::new_rows_cols_with_default(500, 400, core::CV_8UC3, shade(blue, 200, 190)).unwrap();
    for (x, y, width, height, color) in
        [(200, 560, 190, 170, shade(90, 60, 40)), (200, 230, 105, 140, shade(150, 180, 220))]
    {
        let (center, axes) = (core::Point::new(x, y), core::Size::new(width, height));
        imgproc::ellipse(&mut image, center, axes, 0.0, 0.0, 360.0, color, -1, imgproc::LINE_AA, 0).unwrap();
    }
    let mut jpeg = core::Vector::new();
    imgcodecs::imencode(".jpg", &image, &mut jpeg, &core::Vector::new()).unwrap();
    Zeroizing::new(jpeg.to_vec())
}

fn referral(crossing: CrossingId) -> ReferralView {
    let now = jiff::Timestamp::now();
    ReferralView {
        crossing,
        reasons: vec![Reason::FaceScoreBelowThreshold, Reason::DocumentExpired],
        measurement: Some(Measurement { score: 0.287, threshold: 0.363 }),
        stage: Stage::Biometric,
        waiting_since: now,
        decide_before: Some(now + jiff::SignedDuration::from_secs(90)),
        has_reference: true,
        has_probe: true,
        facts: ReferralFacts {
            token: TokenKind::TravelDocument,
            document_type: Some("P".into()),
            issuer: Some("UTO".into()),
            age_years: Some(42),
            expiry: Some("2025-03-31".into()),
            detail: None,
        },
    }
}
