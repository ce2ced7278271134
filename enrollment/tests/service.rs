//! The real binary: its commands, its gates' side over mutual TLS, its web admin over HTTP, its end and its return.
#![allow(clippy::unwrap_used)]

mod world;

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sallyport_link::{Authority, Usage};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, Source},
    finger::{CylinderVectors, Extractor as _, FingerImage, Resolution, extract::RidgeExtractor},
};
use sallyport_privacy::{
    keys::ApplicationKey,
    template::{Code, FingerCode, FingerProjection, protect},
};
use sallyport_protocol::{
    ApplicationKeyGrant, CrossingId, CrossingRecord, EnrollmentPage, EnrollmentStatus, GateHealth, GateMode, Outcome,
    Reason, RecordBatch, RecordReceipt, TokenKind, paths,
};
use serde_json::json;
use ureq::Agent;

use world::{CARD, NAME, PATIENCE, World, assets, changes, equipped, face, finger, get, text};

fn post(gate: &Agent, world: &World, path: &str, message: &impl serde::Serialize) -> (u16, String) {
    let mut answer = gate.post(format!("{}{path}", world.gates)).send_json(message).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn record(gate: &str) -> CrossingRecord {
    let ended = Timestamp::now();
    CrossingRecord {
        crossing: CrossingId::random(),
        gate: gate.parse().unwrap(),
        began: ended,
        ended,
        token: TokenKind::TravelDocument,
        issuer: Some("UTO".into()),
        enrollment: None,
        outcome: Outcome::Refused,
        reasons: vec![Reason::PaHashMismatch],
        officer: None,
        measurement: None,
        timeline: Vec::new(),
        doors: Vec::new(),
    }
}

#[test]
fn commands_refuse_what_is_wrong_and_say_what_to_do() {
    let world = World::new();
    let refused = |arguments: &[&str], advice: &str| {
        let output = world.command(arguments);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(advice), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    };
    let root = fs::read(world.path("data/root.json")).unwrap();
    refused(&["init"], "nothing in it was changed");
    assert_eq!(fs::read(world.path("data/root.json")).unwrap(), root);
    world.gate("gate-1");
    refused(&["gate", "add", "gate-1", "--out", "elsewhere"], "remove it first");
    refused(&["gate", "add", "Gate 1", "--out", "elsewhere"], "a-z");
    refused(&["gate", "remove", "gate-2"], "enrollment gate add");
    refused(&["account", "add", "admin"], "account reset");
    refused(&["account", "reset", "nobody"], "account add");
    refused(&["account", "add", "eve", "--role", "boss"], "staff or admin");
    let wrong = world.prepared(&["run"]).env("SALLYPORT_PASSPHRASE", "wrong, but long enough").output().unwrap();
    assert!(text(&wrong.stderr).contains("passphrase is wrong"), "{}", text(&wrong.stderr));
    fs::write(world.path("enrollment.toml"), "[admin]\nplain_http = true\n").unwrap();
    refused(&["run"], "127.0.0.1");
    fs::write(world.path("enrollment.toml"), "port = 3\n").unwrap();
    refused(&["run"], "enrollment config");
    fs::remove_file(world.path("enrollment.toml")).unwrap();
    refused(&["run"], "enrollment config >");
}

#[test]
fn only_admitted_gates_over_tls_1_3_are_answered() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let gate = world.gate("gate-1");
    let grant: ApplicationKeyGrant = get(&gate, &world, paths::APPLICATION_KEY).unwrap();
    assert_eq!((grant.application.as_str(), grant.generation), ("trusted-traveler", 2));

    let nobody = world.client(None);
    assert_eq!(get::<ApplicationKeyGrant>(&nobody, &world, paths::APPLICATION_KEY).unwrap_err().0, 0);
    let rogue = Authority::create().unwrap().issue("gate-1", &[], Usage::Both).unwrap();
    let rogue = world.client(Some((rogue.certificate_pem.as_bytes(), rogue.key_pem.as_bytes())));
    assert_eq!(get::<ApplicationKeyGrant>(&rogue, &world, paths::APPLICATION_KEY).unwrap_err().0, 0);
    assert!(speaks_tls(&world, &rustls::version::TLS13) && !speaks_tls(&world, &rustls::version::TLS12));

    // The service's own certificate is of the authority too, but of no gate.
    let own = ["server.crt", "server.key"].map(|file| fs::read(world.path("data").join(file)).unwrap());
    let own = world.client(Some((&own[0], &own[1])));
    assert_eq!(get::<ApplicationKeyGrant>(&own, &world, paths::APPLICATION_KEY).unwrap_err().0, 0);

    let (status, said) = get::<EnrollmentPage>(&gate, &world, "/api/v2/gate/enrollments?since=0").unwrap_err();
    assert!(status == 404 && said.contains("version 1"), "{said}");
    let (status, said) = get::<EnrollmentPage>(&gate, &world, &format!("{}?since=7", paths::ENROLLMENTS)).unwrap_err();
    assert!(status == 409 && said.contains("ask from 0"), "{said}");
    assert_eq!(get::<EnrollmentPage>(&gate, &world, &format!("{}?since=x", paths::ENROLLMENTS)).unwrap_err().0, 400);

    // The connection is open still, and yet: removed is refused, and added anew is another certificate.
    assert!(world.command(&["gate", "remove", "gate-1"]).status.success());
    assert_eq!(get::<ApplicationKeyGrant>(&gate, &world, paths::APPLICATION_KEY).unwrap_err().0, 403);
    let anew = world.gate("gate-1");
    assert_eq!(get::<ApplicationKeyGrant>(&gate, &world, paths::APPLICATION_KEY).unwrap_err().0, 403);
    assert!(get::<ApplicationKeyGrant>(&anew, &world, paths::APPLICATION_KEY).is_ok());
    assert_eq!(world.stop(), Some(0));
}

/// Whether the gates' side goes on with a handshake of this version.
fn speaks_tls(world: &World, version: &'static rustls::SupportedProtocolVersion) -> bool {
    use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::ring, pki_types::ServerName};
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut socket = std::net::TcpStream::connect(world.gates.strip_prefix("https://").unwrap()).unwrap();
    // We trust nobody, so that a handshake which goes on ends with our own complaint about the certificate.
    let ended = client.complete_io(&mut socket).unwrap_err().to_string();
    ended.contains("certificate")
}

#[test]
fn records_are_kept_once_for_their_own_gate_and_through_a_kill() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let (one, two) = (world.gate("gate-1"), world.gate("gate-2"));
    let batch = RecordBatch { records: vec![record("gate-1"), record("gate-1")] };
    let ids: Vec<_> = batch.records.iter().map(|record| record.crossing).collect();
    for _ in 0..2 {
        let (status, receipt) = post(&one, &world, paths::RECORDS, &batch);
        assert_eq!(status, 200, "{receipt}");
        assert_eq!(serde_json::from_str::<RecordReceipt>(&receipt).unwrap().stored, ids);
    }
    let (status, said) = post(&two, &world, paths::RECORDS, &batch);
    assert!(status == 422 && said.contains("gate-2"), "{said}");
    let mut stolen = batch.clone();
    stolen.records.iter_mut().for_each(|record| record.gate = "gate-2".parse().unwrap());
    assert_eq!(post(&two, &world, paths::RECORDS, &stolen).0, 422);
    let (status, said) = post(&one, &world, paths::RECORDS, &json!({ "records": [{ "crossing": 3 }] }));
    assert!(status == 400 && said.contains("newer"), "{said}");
    let filler = "x".repeat(5 << 20);
    assert_eq!(post(&one, &world, paths::RECORDS, &json!({ "records": [], "filler": filler })).0, 400);

    let mut health = GateHealth {
        gate: "gate-1".parse().unwrap(),
        software: "0.1.0".into(),
        mode: GateMode::InService,
        troubles: vec![Reason::CameraUnavailable],
        records_waiting: 2,
        revision: 0,
        epoch: None,
        trail: None,
    };
    assert_eq!(post(&one, &world, paths::HEALTH, &health).0, 204);
    health.gate = "gate-2".parse().unwrap();
    assert_eq!(post(&one, &world, paths::HEALTH, &health).0, 422);

    world.kill();
    world.start();
    let staff = world.staff("admin", &world.password);
    let (_, page) = staff.get("/admin/crossings");
    assert_eq!(page.matches("PA_HASH_MISMATCH").count(), 2);
    let (_, page) = staff.get("/admin/gates");
    assert!(page.contains("gate-2") && page.contains("CAMERA_UNAVAILABLE"));
    assert_eq!(world.stop(), Some(0));
}

#[test]
fn staff_enroll_gates_hear_of_it_and_nothing_lies_in_the_clear() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let gate = world.gate("gate-1");
    let staff = world.staff("admin", &world.password);
    let photograph = face("obama.jpg");
    let (status, location) = staff.enroll(NAME, CARD, &photograph);
    assert_eq!(status, 303, "{location}");
    let one = location.split_once('?').unwrap().0.to_owned();

    // The gate's code is the one that it would make of that face itself.
    let grant: ApplicationKeyGrant = get(&gate, &world, paths::APPLICATION_KEY).unwrap();
    let key = ApplicationKey::received(grant.key[..].try_into().unwrap(), grant.generation);
    let page = changes(&gate, &world, None);
    let [enrolled] = &page.changed[..] else { panic!("{page:?}") };
    assert_eq!((enrolled.card.as_str(), enrolled.version, enrolled.status), (CARD, 1, EnrollmentStatus::Active));
    let engine = FaceEngine::load(&assets().join("models")).unwrap();
    let template = |file: &[u8]| engine.template(&Image::decode(file).unwrap(), Source::Portrait).unwrap().template;
    let (same, other) = (template(&photograph), template(&face("obama2.jpg")));
    let code = Code::from_bytes(enrolled.code.as_ref().unwrap().expose_bytes()).unwrap();
    let seed = key.enrollment_seed(enrolled.id.as_bytes(), 1);
    assert_eq!(protect(same.values(), &seed).unwrap().distance(&code), 0);
    assert!(protect(other.values(), &seed).unwrap().similarity(&code) > 0.5);
    assert!(protect(template(&face("biden.jpg")).values(), &seed).unwrap().similarity(&code) < 0.4);

    let embedding: Vec<u8> = same.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    let base64 = serde_json::to_string(&enrolled.code).unwrap();
    let secrets: [(&str, &[u8]); 6] = [
        ("photograph", &photograph[photograph.len() / 2..][..64]),
        ("embedding", &embedding[..32]),
        ("code", &code.expose_bytes()[..32]),
        ("code as base64", &base64.as_bytes()[1..40]),
        ("name", NAME.as_bytes()),
        ("card", CARD.as_bytes()),
    ];
    let searched = search(&world.path("data"), &secrets);
    assert!(searched.contains("db") && searched.len() >= 8, "{searched:?}");

    // Suspended, photographed anew, resumed: each a revision; the old code is worthless.
    assert_eq!(staff.submit(&format!("{one}/suspend")).0, 303);
    let suspended = changes(&gate, &world, Some(&page));
    assert_eq!((suspended.changed[0].status, suspended.revision), (EnrollmentStatus::Suspended, page.revision + 1));
    assert_eq!(staff.upload(&format!("{one}/photograph"), &[], &face("obama2.jpg")).0, 303);
    assert_eq!(staff.submit(&format!("{one}/resume")).0, 303);
    let renewed = changes(&gate, &world, Some(&suspended));
    assert_eq!((renewed.changed[0].version, renewed.changed[0].status), (2, EnrollmentStatus::Active));
    let new_code = Code::from_bytes(renewed.changed[0].code.as_ref().unwrap().expose_bytes()).unwrap();
    assert!(new_code.similarity(&code).abs() < 0.2, "{}", new_code.similarity(&code));

    // Acknowledged is kept, whatever happens to the process.
    world.kill();
    world.start();
    let again = changes(&gate, &world, None);
    assert_eq!((again.revision, again.changed[0].version), (renewed.revision, 2));
    assert_eq!(again.changed[0].code.as_ref().unwrap().expose_bytes(), new_code.expose_bytes());
    let staff = world.staff("admin", &world.password);
    let deleted = format!("{}?done=deleted", one.replace("enrollments", "deletions"));
    assert_eq!(staff.submit(&format!("{one}/delete")), (303, deleted));
    let gone = changes(&gate, &world, Some(&again));
    assert_eq!((gone.changed.len(), gone.removed.len(), gone.revision), (0, 1, again.revision + 1));
    assert_eq!(staff.get(&one).0, 404);
    search(&world.path("data"), &secrets);
    let log = world.log();
    assert!(!log.contains(NAME) && !log.contains(CARD) && !log.contains(&world.password), "{log}");
    assert_eq!(world.stop(), Some(0));
}

/// Looks for each of these in every file of a folder; gives the files' names.
fn search(folder: &Path, secrets: &[(&str, &[u8])]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(search(&path, secrets));
            continue;
        }
        let mut bytes = Vec::new();
        fs::File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
        for (what, secret) in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == *secret);
            assert!(!found, "the {what} lies in the clear in {}", path.display());
        }
        names.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names
}

#[test]
fn fingers_are_judged_at_once_kept_as_codes_and_taken_anew() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let gate = world.gate("gate-1");
    let staff = world.staff("admin", &world.password);
    let [first, second, other] = ["p1_1.png", "p1_2.png", "p2_1.png"].map(finger);
    let fields = [("name", NAME), ("card", CARD), ("expires", "2099-12-31"), ("consent-fingers", "yes")];
    let of = |position| [&fields[..], &[("position", position)]].concat();
    let (status, page) = staff.upload_fingers("/admin/enrollments", &of("right-toe"), &[&first], false);
    assert!(status == 422 && page.contains("Choose which finger it is"), "{status} {page}");
    let (status, location) = staff.upload_fingers("/admin/enrollments", &of("right-index"), &[&first], false);
    assert!(status == 303 && location.contains("done=enrolled&quality="), "{status} {location}");
    let one = location.split_once('?').unwrap().0.to_owned();
    let (_, page) = staff.get(&location);
    assert!(page.contains("/ 100") && page.contains("Right index finger") && !page.contains("<img"), "{page}");
    assert!(staff.get("/admin/enrollments").1.contains("Fingers <bdi>1</bdi>"));

    // The gate's codes are those that it would make of that finger itself.
    let grant: ApplicationKeyGrant = get(&gate, &world, paths::APPLICATION_KEY).unwrap();
    let key = ApplicationKey::received(grant.key[..].try_into().unwrap(), grant.generation);
    let page = changes(&gate, &world, None);
    let [enrolled] = &page.changed[..] else { panic!("{page:?}") };
    assert!(enrolled.code.is_none() && enrolled.model.is_none() && enrolled.finger_version == 1);
    let projection = FingerProjection::new(&key.enrollment_seed(enrolled.id.as_bytes(), 1));
    let probe = |file: &[u8]| {
        let image = FingerImage::decode(file, Resolution::OfFileOr(500.0)).unwrap();
        projection.probe(CylinderVectors::new(&RidgeExtractor.extract(&image).unwrap()).iter()).unwrap()
    };
    let code = |page: &EnrollmentPage| {
        let fingers = page.changed[0].fingers.iter();
        let own = fingers.filter(|codes| codes.extractor == RidgeExtractor.name()).flat_map(|codes| &codes.impressions);
        own.map(|code| FingerCode::from_bytes(code.expose_bytes()).unwrap()).collect::<Vec<_>>()
    };
    let codes = code(&page);
    assert_eq!(codes[0].expose_bytes(), probe(&first).code().expose_bytes());
    assert!(probe(&second).similarity(&codes[0]) > 2.0 * probe(&other).similarity(&codes[0]));

    // A poor impression is refused with what to do, and with it all of its form.
    let (blank, add) = ([&b"P5 300 300 255\n"[..], &[200; 90_000]].concat(), format!("{one}/fingers"));
    let index = [("position", "right-index")];
    let (status, refusal) = staff.upload_fingers(&add, &index, &[&second, &blank], true);
    let refusal: serde_json::Value = serde_json::from_str(&refusal).unwrap();
    assert_eq!((status, &refusal["refused"]["impression"]), (422, &2.into()));
    assert_eq!(refusal["refused"]["why"], "fault-finger-blank");
    for (what, file, message) in [
        ("text", &b"this is no picture"[..], "This file is no picture of a finger"),
        ("cut short", &first[..first.len() / 2], "damaged or cut short"),
        ("too large", &vec![0xFF; (16 << 20) + 1], "The file is too large"),
        ("none", b"", "There is no impression"),
    ] {
        let (status, page) = staff.upload_fingers(&add, &index, &[file], false);
        assert!(status == 422 && page.contains(message), "{what}: {status} {page}");
    }
    assert_eq!(code(&changes(&gate, &world, None)).len(), 1, "nothing of that was taken");

    let (status, taken) = staff.upload_fingers(&add, &index, &[&second], true);
    let taken: serde_json::Value = serde_json::from_str(&taken).unwrap();
    assert!(status == 200 && taken["taken"][0]["quality"].as_u64().unwrap() >= 50, "{taken}");
    assert_eq!(code(&changes(&gate, &world, None)).len(), 2);
    let anew = [&index[..], &[("anew", "yes")]].concat();
    assert_eq!(staff.upload_fingers(&add, &anew, &[&first], false).0, 303);
    let renewed = changes(&gate, &world, None);
    let codes = code(&renewed);
    assert_eq!((renewed.changed[0].finger_version, codes.len()), (2, 1));
    assert!(probe(&first).similarity(&codes[0]) < 0.2, "the same finger under the old seed");

    search(
        &world.path("data"),
        &[("finger", &first[first.len() / 2..][..64]), ("code", &codes[0].expose_bytes()[..32])],
    );
    assert_eq!(world.stop(), Some(0));
}

#[test]
fn every_wrong_entry_has_its_own_message_and_nothing_is_enrolled() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let staff = world.staff("admin", &world.password);
    let good = face("obama.jpg");
    let blank = png(&vec![128; 300 * 300 * 3], 300);
    let noise: Vec<u8> = (0..300 * 300 * 3).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let pictures: [(&str, &[u8], &str); 6] = [
        ("none", b"", "Choose a photograph, or impressions of a finger, or both"),
        ("text", b"this is no picture", "This file is no picture"),
        ("truncated", &good[..good.len() / 2], "The file is cut short"),
        ("blank", &blank, "The picture is blank"),
        ("no face", &png(&noise, 300), "No face was found"),
        ("too large", &vec![0xFF; (16 << 20) + 1], "The photograph is too large"),
    ];
    for (what, picture, message) in pictures {
        let (status, page) = staff.enroll(NAME, CARD, picture);
        assert!(status == 422 && page.contains(message), "{what}: {status} {page}");
        assert!(page.contains(NAME) && page.contains(CARD), "{what}: what was typed is gone");
    }
    let fields = |name, card, expires, consent| {
        [("name", name), ("card", card), ("expires", expires), ("consent-face", consent)]
    };
    for (wrong, message) in [
        (fields("", CARD, "2099-12-31", "yes"), "Enter the name"),
        (fields(NAME, "12", "2099-12-31", "yes"), "This is no card number"),
        (fields(NAME, CARD, "2020-12-31", "yes"), "This day has passed"),
        (fields(NAME, CARD, "tomorrow", "yes"), "This is no date"),
        (fields(NAME, CARD, "2099-12-31", "no"), "Without consent"),
    ] {
        let (status, page) = staff.upload("/admin/enrollments", &wrong, &good);
        assert!(status == 422 && page.contains(message), "{status} {page}");
    }
    assert!(staff.get("/admin/enrollments").1.contains("Nobody is enrolled yet"));

    assert_eq!(staff.enroll("<b>Zoë</b>", CARD, &good).0, 303);
    let (status, page) = staff.enroll("Somebody", CARD, &good);
    assert!(status == 422 && page.contains("belongs to another enrollment"), "{page}");
    let (_, page) = staff.get("/admin/enrollments?search=zo%C3%AB");
    assert!(page.contains("&#60;b&#62;Zoë") && !page.contains("<b>Zoë"), "{page}");
    assert!(staff.get("/admin/enrollments?search=nobody").1.contains("Nobody found"));
}

/// A picture in a format that is trivial to write: PNG is not, so this is PNG by way of stored (not compressed) blocks.
fn png(rgb: &[u8], side: usize) -> Vec<u8> {
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1)))
        })
    }
    fn chunk(file: &mut Vec<u8>, kind: &[u8], data: &[u8]) {
        file.extend((data.len() as u32).to_be_bytes());
        let body = [kind, data].concat();
        file.extend(&body);
        file.extend(crc(&body).to_be_bytes());
    }
    let raw: Vec<u8> = rgb.chunks(side * 3).flat_map(|row| [&[0u8][..], row].concat()).collect();
    let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let mut zlib = vec![0x78, 0x01];
    let mut blocks = raw.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        zlib.push(u8::from(blocks.peek().is_none()));
        zlib.extend((block.len() as u16).to_le_bytes());
        zlib.extend((!(block.len() as u16)).to_le_bytes());
        zlib.extend(block);
    }
    zlib.extend(((b << 16) | a).to_be_bytes());
    let side = (side as u32).to_be_bytes();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &[&side[..], &side, &[8, 2, 0, 0, 0]].concat());
    chunk(&mut file, b"IDAT", &zlib);
    chunk(&mut file, b"IEND", b"");
    file
}

#[test]
fn the_web_admin_trusts_no_stranger() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    let made = world.command(&["account", "add", "eve"]);
    let said = text(&made.stdout);
    let password = said.trim().strip_prefix("password of eve: ").unwrap().to_owned();
    world.start();
    let admin = world.staff("admin", &world.password);
    let (_, location) = admin.enroll(NAME, CARD, &face("obama.jpg"));
    let one = location.split_once('?').unwrap().0.to_owned();

    let eve = world.staff("eve", &password);
    let token = eve.token();
    let form = [("token", token.as_str()), ("why", "lost-card")];
    let elsewhere = eve.post_from("https://evil.example", &format!("{one}/suspend"), &form);
    assert_eq!(elsewhere, 403, "from another page");
    assert_eq!(eve.post(&format!("{one}/suspend"), &[("token", "guessed"), ("why", "mistake")]).0, 403);
    assert_eq!(eve.post(&format!("{one}/suspend"), &[("why", "mistake")]).0, 400);
    for why in [&[("token", token.as_str())][..], &[("token", &token), ("why", "")], &[("token", &token), ("why", "x")]]
    {
        let (status, page) = eve.post(&format!("{one}/suspend"), why);
        assert!(status == 422 && page.contains("choose a reason"), "{status}: {page}");
    }
    assert_eq!(eve.submit(&format!("{one}/delete")).0, 403, "only admin deletes");
    assert_eq!(eve.post_from(&world.admin, &format!("{one}/suspend"), &form), 303);
    assert_eq!(eve.post("/admin/logout", &[("token", &token)]), (303, "/admin".to_owned()));
    for path in ["/admin/enrollments", "/admin/gates", "/admin/crossings", one.as_str()] {
        assert_eq!(eve.get(path), (303, "/admin?login=needed".to_owned()), "{path}");
    }
    assert_eq!(eve.post(&format!("{one}/resume"), &[("token", &token)]).0, 303, "sent to the login page");
    assert!(admin.get(&one).1.contains("id=\"resume\""), "still suspended");

    for _ in 0..5 {
        let wrong = eve.post("/admin/login", &[("name", "eve"), ("password", "wrong")]);
        assert_eq!(wrong.1, "/admin?login=wrong");
    }
    let right = eve.post("/admin/login", &[("name", "eve"), ("password", &password)]);
    assert_eq!(right.1, "/admin?login=throttled", "even the right one, after too many");
    for back in ["https://evil.example/", "//evil.example", "/admin/\\evil", "/elsewhere"] {
        let sent = eve.post("/admin/language", &[("language", "fr"), ("back", back)]);
        assert_eq!(sent, (303, "/admin".to_owned()), "{back}");
    }
    assert!(eve.get("/admin").1.contains("Mot de passe"));
}

#[test]
fn a_port_in_use_is_waited_for() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    world.configure(&taken.local_addr().unwrap().to_string(), "127.0.0.1:0");
    world.launch();
    let began = Instant::now();
    while !world.log().contains("port in use") {
        assert!(began.elapsed() < PATIENCE, "{}", world.log());
        thread::sleep(Duration::from_millis(50));
    }
    let address = taken.local_addr().unwrap();
    drop(taken);
    world.await_ready();
    assert_eq!(world.gates, format!("https://{address}"));
    assert_eq!(world.stop(), Some(0));
}

#[test]
fn sessions_end_with_their_account_or_its_password() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let mut said = world.command(&["account", "add", "eve"]);
    for change in ["reset", "remove"] {
        let password = text(&said.stdout).trim().strip_prefix("password of eve: ").unwrap().to_owned();
        let eve = world.staff("eve", &password);
        assert_eq!(eve.get("/admin/enrollments").0, 200);
        said = world.command(&["account", change, "eve"]);
        assert!(said.status.success(), "{}", text(&said.stderr));
        assert_eq!(eve.get("/admin/enrollments"), (303, "/admin?login=needed".to_owned()), "{change}");
    }
    assert_eq!(world.staff("admin", &world.password).get("/admin/enrollments").0, 200);
    let nobody = world.command(&["account", "remove", "eve"]);
    assert!(text(&nobody.stderr).contains("account add"), "{}", text(&nobody.stderr));
}

#[test]
fn a_damaged_store_is_waited_for() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    let mode = fs::metadata(world.path("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the store's folder is its owner's alone");
    world.start();
    assert_eq!(world.stop(), Some(0));
    fs::write(world.path("data/store/db"), b"this is no store".repeat(4096)).unwrap();
    world.launch();
    let began = Instant::now();
    while !world.log().contains("restore it from a backup") {
        assert!(began.elapsed() < PATIENCE, "{}", world.log());
        thread::sleep(Duration::from_millis(50));
    }
    fs::rename(world.path("data/store"), world.path("aside")).unwrap();
    world.await_ready();
    assert_eq!(world.stop(), Some(0));
}
