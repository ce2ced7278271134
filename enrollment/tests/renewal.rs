//! Codes that are revoked, of one person and of all, and made anew: over the real service.
#![allow(clippy::unwrap_used)]

mod world;

use std::{
    thread,
    time::{Duration, Instant},
};

use sallyport_matcher::{
    Image,
    face::{FaceEngine, Fmr, Source},
};
use sallyport_privacy::{
    keys::ApplicationKey,
    template::{Code, Projection},
};
use sallyport_protocol::{ApplicationKeyGrant, EnrollmentForGate, EnrollmentPage, paths};
use ureq::Agent;
use world::{CARD, NAME, PATIENCE, World, changes, equipped, face, get};

/// What a gate has: its enrollments' one code, and the key.
struct Gate {
    agent: Agent,
    page: Option<EnrollmentPage>,
    kept: Option<EnrollmentForGate>,
    grant: Option<ApplicationKeyGrant>,
}

impl Gate {
    /// One synchronization.
    fn sync(&mut self, world: &World) -> &EnrollmentForGate {
        let mut page = changes(&self.agent, world, self.page.as_ref());
        assert!(!page.more && page.removed.is_empty());
        self.kept = page.changed.pop().or(self.kept.take());
        if self.grant.as_ref().is_none_or(|grant| grant.generation != page.key_generation) {
            self.grant = Some(get(&self.agent, world, paths::APPLICATION_KEY).unwrap());
        }
        self.page = Some(page);
        self.kept.as_ref().unwrap()
    }

    fn generation(&self) -> u32 {
        self.grant.as_ref().unwrap().generation
    }
}

fn code(enrollment: &EnrollmentForGate) -> Code {
    Code::from_bytes(enrollment.code.as_ref().unwrap().expose_bytes()).unwrap()
}

#[test]
fn whoever_is_revoked_is_taken_anew_and_what_was_stolen_matches_nothing() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let staff = world.staff("admin", &world.password);
    let (status, location) = staff.enroll(NAME, CARD, &face("obama.jpg"));
    assert_eq!(status, 303, "{location}");
    let one = location.split_once('?').unwrap().0.to_owned();
    let mut gate = Gate { agent: world.gate("gate-1"), page: None, kept: None, grant: None };
    let first = code(gate.sync(&world));
    let before = gate.generation();
    assert!(staff.get("/admin/enrollments?only=revoked").1.contains("Nobody waits to be renewed."));

    // One enrollment.
    assert!(staff.get(&format!("{one}/revoke")).1.contains(NAME));
    assert_eq!(staff.submit(&format!("{one}/revoke")), (303, format!("{one}?done=revoked")));
    assert!(staff.get(&one).1.contains("id=\"to-be-renewed\""));
    assert!(staff.get("/admin/enrollments?only=revoked").1.contains(NAME));
    let revoked = gate.sync(&world);
    assert!(revoked.code.is_none() && revoked.revoked);
    assert_eq!(staff.upload(&format!("{one}/photograph"), &[], &face("obama.jpg")).0, 303);
    assert!(!staff.get(&one).1.contains("id=\"to-be-renewed\""));
    let second = code(gate.sync(&world));
    assert!(!gate.kept.as_ref().unwrap().revoked && gate.generation() == before);
    let alike =
        |one: &Code, other: &Code| 1.0 - 2.0 * one.distance(other) as f32 / (8 * one.expose_bytes().len()) as f32;
    assert!(alike(&first, &second).abs() < 0.1, "the same picture: {}", alike(&first, &second));

    // All, by somebody who is not an administrator, and by one.
    let sam = world.command(&["account", "add", "sam"]);
    let password = world::text(&sam.stdout).trim().strip_prefix("password of sam: ").unwrap().to_owned();
    let sam = world.staff("sam", &password);
    assert_eq!((sam.get("/admin/revoke").0, sam.submit("/admin/revoke").0), (403, 403));
    assert!(gate.sync(&world).code.is_some());
    assert_eq!(staff.get("/admin/revoke").0, 200);
    let done = staff.submit("/admin/revoke");
    assert_eq!(done, (303, "/admin/enrollments?only=revoked&done=revoked-all".to_owned()));
    let revoked = gate.sync(&world);
    assert!(revoked.code.is_none() && revoked.revoked && revoked.key_generation == before + 1);
    assert_eq!(gate.generation(), before + 1);
    let grant = gate.grant.as_ref().unwrap();
    let (id, version) = (gate.kept.as_ref().unwrap().id, gate.kept.as_ref().unwrap().version);
    let key = ApplicationKey::received(grant.key[..].try_into().unwrap(), grant.generation);
    assert_eq!(staff.upload(&format!("{one}/photograph"), &[], &face("obama.jpg")).0, 303);
    let third = code(gate.sync(&world));
    assert!(alike(&second, &third).abs() < 0.1, "the same picture: {}", alike(&second, &third));
    assert_eq!(gate.kept.as_ref().unwrap().version, version + 1, "no seed is used twice");
    let engine = FaceEngine::load(&world::assets().join("models")).unwrap();
    let live = engine.template(&Image::decode(&face("obama2.jpg")).unwrap(), Source::Portrait).unwrap().template;
    let probe = Projection::new(&key.enrollment_seed(id.as_bytes(), version + 1)).probe(live.values()).unwrap();
    let threshold = engine.threshold(Fmr::OneInTenThousand).unwrap();
    assert!(probe.similarity(&third) >= threshold, "the person keeps the face: {}", probe.similarity(&third));
    for stolen in [&first, &second] {
        assert!(probe.similarity(stolen).abs() < 0.1, "{}", probe.similarity(stolen));
    }

    // On the command line while the service is stopped: it goes on with it at its start.
    assert_eq!(world.stop(), Some(0));
    let told = world.command(&["key", "revoke"]);
    assert!(world::text(&told.stderr).contains(&format!("Generation {} of the codes' key", before + 2)));
    world.start();
    let began = Instant::now();
    while gate.sync(&world).code.is_some() {
        assert!(began.elapsed() < PATIENCE, "{}", world.log());
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!((gate.generation(), gate.kept.as_ref().unwrap().key_generation), (before + 2, before + 2));
    assert_eq!(world.stop(), Some(0));
    let keys: Vec<_> =
        std::fs::read_dir(world.path("data/keys")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let of_codes: Vec<_> = keys.iter().filter_map(|name| name.to_str()?.strip_prefix("trusted-traveler-")).collect();
    assert_eq!(of_codes, [format!("{}.key", before + 2)], "those before are destroyed");
}
