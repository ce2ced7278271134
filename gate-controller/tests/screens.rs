//! The screens' server side, in process: who may see and order what.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use actix_web::{
    App,
    body::{BodySize, MessageBody, to_bytes},
    dev::ServiceResponse,
    http::{StatusCode, header},
    test::{TestRequest, call_service, init_service},
};
use sallyport_gate::{
    audit::GateAudit,
    screens::{Seam, Station, configure},
    server::Server,
    supervisor::Input,
    view::*,
};
use sallyport_privacy::{
    audit::{Query, search_file, verify_file},
    keys::RootKey,
};
use sallyport_protocol::{CrossingId, EnrollmentId, GateMode, OfficerChoice};
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

const ORIGIN: &str = "http://localhost:8080";

/// Patience, not a measurement.
const PATIENCE: Duration = Duration::from_secs(30);

struct Known;

impl Accounts for Known {
    fn verify(&self, name: &str, password: &str) -> Result<Role, AccountError> {
        match (name, password) {
            ("ana", "right") => Ok(Role::Officer),
            ("ole", "right") => Ok(Role::Observer),
            _ => Err(AccountError::Wrong),
        }
    }

    fn standing(&self, _: &str) -> Result<Option<[u8; 32]>, AccountError> {
        Ok(Some([7; 32]))
    }
}

struct Supervisor {
    traveler: watch::Sender<TravelerView>,
    _gate: watch::Sender<GateView>,
    orders: mpsc::Receiver<OfficerOrder>,
    desk: Arc<ReferralDesk>,
    data: tempfile::TempDir,
}

impl Supervisor {
    /// Entries of the gate's trail: who did what to what, and why.
    fn told(&self) -> Vec<String> {
        let found = search_file(self.data.path(), Query::default(), None).unwrap_or_default();
        let line = |line: &str| {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", text("who"), text("act"), text("what"), text("why"))
        };
        found.lines().map(line).collect()
    }

    fn await_told(&self, entries: usize) -> Vec<String> {
        let began = Instant::now();
        while self.told().len() < entries && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
        }
        self.told()
    }
}

fn audit(data: &Path) -> GateAudit {
    let root = RootKey::create(&data.join("root.key"), "correct horse battery").unwrap();
    GateAudit::start(data, Arc::new(root), |_| {}).unwrap()
}

fn station() -> (Station, Supervisor) {
    station_of(Arc::new(Known))
}

fn station_of(accounts: Arc<dyn Accounts>) -> (Station, Supervisor) {
    let gate = GateView {
        gate: "gate-1".parse().unwrap(),
        mode: GateMode::InService,
        serves: true,
        stage: None,
        entry: DoorView::Closed,
        exit: DoorView::Closed,
        crossing: None,
        since: "2026-01-01T00:00:00Z".parse().unwrap(),
        troubles: Vec::new(),
        link: LinkState::Connected,
        records_waiting: 0,
        referral: None,
        recent: Vec::new(),
    };
    let (traveler, traveler_seen) = watch::channel(TravelerView::of(TravelerInstruction::PresentDocument));
    let (_gate, gate_seen) = watch::channel(gate);
    let (order, orders) = mpsc::channel(4);
    let (desk, data) = (Arc::new(ReferralDesk::new()), tempfile::tempdir().unwrap());
    let seam = Seam {
        traveler: traveler_seen,
        gate: gate_seen,
        orders: order,
        referral: desk.clone(),
        accounts,
        audit: audit(data.path()),
        language: "fr".into(),
        simulated: false,
        others: std::collections::BTreeMap::default(),
    };
    (Station::new(seam).unwrap(), Supervisor { traveler, _gate, orders, desk, data })
}

macro_rules! app {
    ($station:expr) => {
        init_service(App::new().configure(|config| configure(config, $station.clone()))).await
    };
}

fn post(path: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header((header::ORIGIN, ORIGIN))
        .insert_header((header::HOST, "localhost:8080"))
        .peer_addr("127.0.0.1:1000".parse().unwrap())
}

// Macros, since the type of the service's request has no name in actix-web.
macro_rules! log_in {
    ($app:expr, $name:expr, $password:expr) => {
        call_service($app, post("/officer/login").set_form([("name", $name), ("password", $password)]).to_request())
            .await
    };
}

macro_rules! session {
    ($app:expr, $name:expr) => {{
        let answer = log_in!($app, $name, "right");
        assert_eq!(location(&answer), "/officer");
        let cookie = answer.response().cookies().next().unwrap().into_owned();
        let asked = TestRequest::get().uri("/officer/session").cookie(cookie.clone()).to_request();
        let body = to_bytes(call_service($app, asked).await.into_body()).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(told["name"], $name);
        (cookie, told["token"].as_str().unwrap().to_owned())
    }};
}

fn location(answer: &ServiceResponse) -> &str {
    answer.headers().get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn a_login_sets_a_strict_cookie_and_a_wrong_one_sets_none() {
    let (station, _supervisor) = station();
    let app = app!(station);
    let answer = log_in!(&app, "ana", "right");
    let cookie = answer.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/officer"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    for (name, password) in [("ana", "wrong"), ("nobody", "right"), ("", "")] {
        let answer = log_in!(&app, name, password);
        assert_eq!(location(&answer), "/officer?login=wrong");
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
    }
}

#[actix_web::test]
async fn guessing_is_throttled_even_with_the_right_password_at_last() {
    let (station, _supervisor) = station();
    let app = app!(station);
    for _ in 0..5 {
        assert_eq!(location(&log_in!(&app, "ana", "wrong")), "/officer?login=wrong");
    }
    assert_eq!(location(&log_in!(&app, "ana", "right")), "/officer?login=throttled");
    assert_eq!(location(&log_in!(&app, "ole", "right")), "/officer");
}

#[actix_web::test]
async fn a_login_from_another_origin_or_from_none_is_refused() {
    let (station, _supervisor) = station();
    let app = app!(station);
    let form = [("name", "ana"), ("password", "right")];
    for origin in [Some("http://evil.example"), Some("null"), None] {
        let mut request = TestRequest::post().uri("/officer/login").insert_header((header::HOST, "localhost:8080"));
        if let Some(origin) = origin {
            request = request.insert_header((header::ORIGIN, origin));
        }
        let answer = call_service(&app, request.set_form(form).to_request()).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin:?}");
    }
}

#[actix_web::test]
async fn an_order_needs_session_token_role_and_note() {
    let (station, mut supervisor) = station();
    let app = app!(station);
    let crossing = CrossingId::random();
    let body = |note: &str| serde_json::json!({ "crossing": crossing, "choice": "refuse", "note": note });
    let decide = || post("/officer/decide");
    let none = call_service(&app, decide().set_json(body("x")).to_request()).await;
    assert_eq!(none.status(), StatusCode::UNAUTHORIZED);

    let (cookie, token) = session!(&app, "ana");
    let with = |token: &str| decide().cookie(cookie.clone()).insert_header(("x-sallyport-token", token.to_owned()));
    let forged = call_service(&app, decide().cookie(cookie.clone()).set_json(body("x")).to_request()).await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN, "without a token");
    let wrong = call_service(&app, with("00").set_json(body("x")).to_request()).await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN, "with a wrong token");
    let silent = call_service(&app, with(&token).set_json(body("  ")).to_request()).await;
    assert_eq!(silent.status(), StatusCode::UNPROCESSABLE_ENTITY, "without a reason");

    let (observer, observer_token) = session!(&app, "ole");
    let request = decide().cookie(observer).insert_header(("x-sallyport-token", observer_token));
    let looking = call_service(&app, request.set_json(body("x")).to_request()).await;
    assert_eq!(looking.status(), StatusCode::FORBIDDEN, "an observer");
    assert!(supervisor.orders.try_recv().is_err(), "nothing of this reached the supervisor");

    let answering = async {
        let order = supervisor.orders.recv().await.unwrap();
        assert_eq!(order.officer, "ana");
        let expected = Order::Decide { crossing, choice: OfficerChoice::Refuse, note: "not him".into() };
        assert_eq!(order.order, expected);
        order.reply.send(Err(OrderRefused::NoSuchReferral)).unwrap();
    };
    let request = with(&token).set_json(body(" not him ")).to_request();
    let (answer, ()) = tokio::join!(call_service(&app, request), answering);
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let told = to_bytes(answer.into_body()).await.unwrap();
    assert_eq!(told, r#"{"refused":"no_such_referral"}"#);
}

#[actix_web::test]
async fn emergency_release_cannot_be_ordered_from_a_screen() {
    let (station, mut supervisor) = station();
    let app = app!(station);
    let (cookie, token) = session!(&app, "ana");
    let request = post("/officer/mode").cookie(cookie).insert_header(("x-sallyport-token", token));
    let answer = call_service(&app, request.set_json(serde_json::json!({ "mode": "released" })).to_request()).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(supervisor.orders.try_recv().is_err());
}

#[actix_web::test]
async fn images_need_a_session_and_are_gone_with_the_referral_and_the_login() {
    let (station, supervisor) = station();
    let app = app!(station);
    let crossing = CrossingId::random();
    supervisor.desk.lay(crossing, None, Some(Zeroizing::new(vec![0xFF, 0xD8, 1])), None);
    let get = || TestRequest::get().uri(&format!("/officer/image/{crossing}/reference"));
    assert_eq!(call_service(&app, get().to_request()).await.status(), StatusCode::UNAUTHORIZED);

    let (cookie, token) = session!(&app, "ana");
    let answer = call_service(&app, get().cookie(cookie.clone()).to_request()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers().get(header::CACHE_CONTROL).unwrap(), "no-store");
    assert_eq!(to_bytes(answer.into_body()).await.unwrap(), vec![0xFF, 0xD8, 1]);
    let probe = TestRequest::get().uri(&format!("/officer/image/{crossing}/probe")).cookie(cookie.clone());
    assert_eq!(call_service(&app, probe.to_request()).await.status(), StatusCode::NOT_FOUND);

    supervisor.desk.clear();
    let answer = call_service(&app, get().cookie(cookie.clone()).to_request()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "gone with the referral");

    supervisor.desk.lay(crossing, None, Some(Zeroizing::new(vec![1])), None);
    let out = post("/officer/logout").cookie(cookie.clone()).insert_header(("x-sallyport-token", token));
    assert_eq!(call_service(&app, out.to_request()).await.status(), StatusCode::NO_CONTENT);
    let answer = call_service(&app, get().cookie(cookie).to_request()).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "gone with the login");
}

#[actix_web::test]
async fn what_officers_do_is_in_the_gates_trail_before_it_is_done() {
    let (station, mut supervisor) = station();
    let app = app!(station);
    assert_eq!(location(&log_in!(&app, "ana", "wrong")), "/officer?login=wrong");
    let (cookie, token) = session!(&app, "ana");
    let (crossing, person) = (CrossingId::random(), EnrollmentId::random());
    supervisor.desk.lay(crossing, Some(person), Some(Zeroizing::new(vec![1])), Some(Zeroizing::new(vec![2])));
    for which in ["reference", "probe", "probe"] {
        let asked = TestRequest::get().uri(&format!("/officer/image/{crossing}/{which}")).cookie(cookie.clone());
        assert_eq!(call_service(&app, asked.to_request()).await.status(), StatusCode::OK);
    }
    let order = |path: &str, body: serde_json::Value| {
        let request = post(path).cookie(cookie.clone()).insert_header(("x-sallyport-token", token.clone()));
        request.set_json(body).to_request()
    };
    let decide = |choice: &str| serde_json::json!({ "crossing": crossing, "choice": choice, "note": "tall Ana Silva" });
    for (path, body, answer) in [
        ("/officer/decide", decide("accept"), Ok(())),
        ("/officer/decide", decide("refuse"), Err(OrderRefused::NoSuchReferral)),
        ("/officer/mode", serde_json::json!({ "mode": "closed" }), Ok(())),
        ("/officer/door", serde_json::json!({ "door": "exit", "note": "wheelchair" }), Ok(())),
    ] {
        let before = supervisor.told().len();
        let answering = async {
            let order = supervisor.orders.recv().await.unwrap();
            let noted = supervisor.told().len();
            order.reply.send(answer).unwrap();
            noted
        };
        let (_, noted) = tokio::join!(call_service(&app, order(path, body)), answering);
        assert!(noted > before, "{path}: noted before the machine hears of it");
    }
    let out = post("/officer/logout").cookie(cookie.clone()).insert_header(("x-sallyport-token", token.clone()));
    assert_eq!(call_service(&app, out.to_request()).await.status(), StatusCode::NO_CONTENT);

    let mut told = supervisor.await_told(10);
    let wanted = [
        "service start - opened",
        "ana log_in_refused - officer-station",
        "ana log_in - officer-station",
        &format!("ana view {crossing} officer-station"),
        &format!("ana accept {crossing} referral"),
        &format!("ana refuse {crossing} referral"),
        &format!("ana fail {crossing} refused"),
        "ana set_mode closed officer",
        "ana open exit by-hand",
        "ana log_out - officer-station",
    ];
    // That an order was refused is noted while the next one is.
    told[6..8].sort_by_key(|line| line.contains("set_mode"));
    assert_eq!(told, wanted);
    assert!(verify_file(supervisor.data.path(), None, None).unwrap().to_string().contains("nothing is cut off"));
    let log = fs::read_to_string(supervisor.data.path().join("audit/audit.log")).unwrap();
    assert!(!log.contains("Silva") && !log.contains("wheelchair") && !log.contains(&person.to_string()));
    let root = RootKey::open(&supervisor.data.path().join("root.key"), "correct horse battery").unwrap();
    let found = search_file(supervisor.data.path(), Query::default(), Some((&root, person.as_bytes()))).unwrap();
    assert_eq!(found.lines().count(), 4, "the view and the decisions");
}

#[actix_web::test]
async fn with_a_full_disk_doors_still_open_and_nobody_is_accepted() {
    let (station, mut supervisor) = station();
    assert_eq!(supervisor.await_told(1).len(), 1);
    let (folder, away) = (supervisor.data.path().join("audit"), supervisor.data.path().join("away"));
    fs::rename(&folder, &away).unwrap();
    fs::write(&folder, "what stands in the way").unwrap();
    let app = app!(station);
    let (cookie, token) = session!(&app, "ana");
    let crossing = CrossingId::random();
    supervisor.desk.lay(crossing, None, Some(Zeroizing::new(vec![1])), None);
    let asked = TestRequest::get().uri(&format!("/officer/image/{crossing}/reference")).cookie(cookie.clone());
    assert_eq!(call_service(&app, asked.to_request()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let order = |path: &str, body: serde_json::Value| {
        let request = post(path).cookie(cookie.clone()).insert_header(("x-sallyport-token", token.clone()));
        request.set_json(body).to_request()
    };
    let accept = serde_json::json!({ "crossing": crossing, "choice": "accept", "note": "x" });
    let refused = call_service(&app, order("/officer/decide", accept)).await;
    let told = to_bytes(refused.into_body()).await.unwrap();
    assert_eq!(told, r#"{"refused":"equipment","reason":"AUDIT_NOT_WRITTEN"}"#);
    assert!(supervisor.orders.try_recv().is_err(), "the machine heard nothing of it");

    let began = Instant::now();
    let answering = async {
        supervisor.orders.recv().await.unwrap().reply.send(Ok(())).unwrap();
        began.elapsed()
    };
    let open = serde_json::json!({ "door": "entry", "note": "let out" });
    let (opened, after) = tokio::join!(call_service(&app, order("/officer/door", open)), answering);
    assert_eq!(opened.status(), StatusCode::NO_CONTENT);
    assert!(after < Duration::from_secs(2), "{after:?}");

    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    let told = supervisor.await_told(3);
    let wanted = ["service start - opened", "ana log_in - officer-station", "ana open entry by-hand"];
    assert_eq!(told, wanted, "what was done is noted late, what was not is not");
    assert!(verify_file(supervisor.data.path(), None, None).is_ok());
}

#[actix_web::test]
async fn every_page_forbids_foreign_and_inline_content() {
    let (station, _supervisor) = station();
    let app = app!(station);
    for path in ["/traveler", "/officer", "/screens/assets/traveler.js", "/screens/texts/ar"] {
        let answer = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers().get(header::CACHE_CONTROL).unwrap(), "no-store");
        let body = String::from_utf8(to_bytes(answer.into_body()).await.unwrap().to_vec()).unwrap();
        for forbidden in ["<style", " style=", "onclick=", "http://", "https://"] {
            assert!(!body.contains(forbidden), "{forbidden} in {path}");
        }
    }
    for path in ["/simulation/page", "/screens/assets/none.js", "/screens/texts/xx"] {
        let answer = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn the_default_language_is_the_gates_own() {
    let (station, _supervisor) = station();
    let app = app!(station);
    let answer = call_service(&app, TestRequest::get().uri("/screens/texts/default").to_request()).await;
    let told: serde_json::Value = serde_json::from_slice(&to_bytes(answer.into_body()).await.unwrap()).unwrap();
    assert_eq!((&told["language"], &told["direction"]), (&"fr".into(), &"ltr".into()));
    assert_eq!(told["languages"].as_array().unwrap().len(), 6);
}

#[actix_web::test]
async fn the_first_event_is_the_present_view_then_each_change_and_no_more_without_supervisor() {
    let (station, supervisor) = station();
    let app = app!(station);
    let answer = call_service(&app, TestRequest::get().uri("/traveler/events").to_request()).await;
    let mut body = Box::pin(answer.into_body());
    assert_eq!(body.size(), BodySize::Stream);
    let first = next(&mut body).await.unwrap();
    assert!(first.starts_with("event: view\ndata: {") && first.contains("present_document"), "{first}");
    supervisor.traveler.send(TravelerView::of(TravelerInstruction::LeaveNow)).unwrap();
    assert!(next(&mut body).await.unwrap().contains("leave_now"));
    assert_eq!(next(&mut body).await.unwrap(), "event: beat\ndata:\n\n");
    drop(supervisor);
    assert!(next(&mut body).await.is_none(), "the supervisor is gone, and so is the view");
    let again = call_service(&app, TestRequest::get().uri("/traveler/events").to_request()).await;
    assert_eq!(again.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn officers_events_need_a_session() {
    let (station, _supervisor) = station();
    let app = app!(station);
    let answer = call_service(&app, TestRequest::get().uri("/officer/events").to_request()).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let (cookie, _) = session!(&app, "ole");
    let answer = call_service(&app, TestRequest::get().uri("/officer/events").cookie(cookie).to_request()).await;
    assert!(next(&mut Box::pin(answer.into_body())).await.unwrap().contains("gate-1"));
}

async fn next<B: MessageBody>(body: &mut std::pin::Pin<Box<B>>) -> Option<String>
where
    B::Error: std::fmt::Debug,
{
    let bytes = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

#[actix_web::test]
async fn a_session_ends_when_its_account_is_removed_or_given_another_password() {
    use sallyport_gate::accounts::FileAccounts;
    let folder = tempfile::tempdir().unwrap();
    let accounts = sallyport_privacy::accounts::Accounts::at(folder.path().join("accounts.toml"));
    let (station, _supervisor) = station_of(Arc::new(FileAccounts(accounts.clone())));
    let app = app!(station);
    let mut password = accounts.add("ana", "officer").unwrap();
    for change in ["reset", "remove"] {
        let answer = log_in!(&app, "ana", password.as_str());
        let cookie = answer.response().cookies().next().unwrap().into_owned();
        let asked = || TestRequest::get().uri("/officer/session").cookie(cookie.clone()).to_request();
        assert_eq!(call_service(&app, asked()).await.status(), StatusCode::OK);
        match change {
            "reset" => password = accounts.reset("ana").unwrap(),
            _ => accounts.remove("ana").unwrap(),
        }
        assert_eq!(call_service(&app, asked()).await.status(), StatusCode::UNAUTHORIZED, "{change}");
    }
    assert_eq!(location(&log_in!(&app, "ana", password.as_str())), "/officer?login=wrong");
}

/// Streams are held for as long as somebody likes, without a login: they must not use up the gate's descriptors.
#[test]
fn a_crowd_is_served_in_turn() {
    const AT_ONCE: usize = 128;
    let (station, _supervisor) = station();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (inputs, told) = channel();
    Server { listen, tls: None, station, simulation: None, inputs }.start().unwrap();
    assert!(matches!(told.recv().unwrap(), Input::Aside { there: false, .. }), "it listens");
    let visitor = |_| {
        let mut stream = TcpStream::connect(listen).unwrap();
        stream.write_all(b"GET /traveler/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream.set_nonblocking(true).unwrap();
        stream
    };
    let crowd: Vec<TcpStream> = (0..AT_ONCE + 40).map(visitor).collect();
    let answered = |stream: &TcpStream| matches!(stream.peek(&mut [0]), Ok(1));
    let wait_for = |crowd: &[TcpStream], count: usize| {
        let began = Instant::now();
        loop {
            let served = crowd.iter().filter(|stream| answered(stream)).count();
            if served >= count {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{served} of {count} are served");
            thread::sleep(Duration::from_millis(20));
        }
    };
    wait_for(&crowd, AT_ONCE);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(crowd.iter().filter(|stream| answered(stream)).count(), AT_ONCE);
    let (served, waiting): (Vec<_>, Vec<_>) = crowd.into_iter().partition(answered);
    drop(served);
    wait_for(&waiting, waiting.len());
}
