//! What the service proves and forgets: the audit trail, all that is held on a person, keys that are rotated or in a token.
#![allow(clippy::unwrap_used)]

mod world;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    thread,
    time::Duration,
};

use world::{CARD, NAME, PASSPHRASE, World, equipped, face};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn verified(world: &World) -> Output {
    let program = env!("CARGO_BIN_EXE_enrollment");
    Command::new(program).args(["audit", "verify"]).arg(world.path("data")).output().unwrap()
}

/// Acts that the trail tells of an account, or of a person.
fn acts(world: &World, narrowed: &[&str]) -> Vec<String> {
    let data = world.path("data");
    let arguments = [&["audit", "search", data.to_str().unwrap()], narrowed].concat();
    let found = world.command(&arguments);
    assert!(found.status.success(), "{}", text(&found.stderr));
    let act = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        format!("{} {}", entry["act"].as_str().unwrap(), entry["why"].as_str().unwrap())
    };
    text(&found.stdout).lines().filter(|line| !line.is_empty()).map(act).collect()
}

#[test]
fn every_act_of_staff_is_in_the_trail_and_nobodys_name_is() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let staff = world.staff("admin", &world.password);
    let (status, location) = staff.enroll(NAME, CARD, &face("obama.jpg"));
    assert_eq!(status, 303, "{location}");
    let one = location.split_once('?').unwrap().0.to_owned();
    let id = one.rsplit('/').next().unwrap().to_owned();
    assert_eq!(staff.get(&one).0, 200);
    assert_eq!(staff.submit(&format!("{one}/suspend")).0, 303);

    let (status, exported) = staff.get(&format!("{one}/export"));
    let held: serde_json::Value = serde_json::from_str(&exported).unwrap();
    assert_eq!((status, held["enrollment"]["name"].as_str()), (200, Some(NAME)));
    let consent = &held["enrollment"]["consents"][0];
    assert_eq!(
        (consent["purpose"].as_str(), consent["given_to"].as_str()),
        (Some("face-trusted-traveler"), Some("admin"))
    );
    assert!(
        held["enrollment"]["code"].as_str().unwrap().len() > 500 && held["crossings"].as_array().unwrap().is_empty()
    );
    let told: Vec<_> = held["audit"].as_array().unwrap().iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(told, ["create", "view", "change", "export"]);

    let observer = text(&world.command(&["account", "add", "sam"]).stdout);
    let password = observer.trim().strip_prefix("password of sam: ").unwrap();
    let other = world.staff("sam", password);
    assert_eq!(other.get(&format!("{one}/export")).0, 403, "staff look, and only administrators export");
    let wrong = other.post("/admin/login", &[("name", "hunter2-typed-as-a-name"), ("password", "x")]);
    assert_eq!(wrong.1, "/admin?login=wrong");
    assert_eq!(staff.submit(&format!("{one}/delete")).0, 303);
    assert_eq!(staff.get(&one).0, 404);
    assert_eq!(world.stop(), Some(0));

    let whole = verified(&world);
    assert!(whole.status.success() && text(&whole.stdout).starts_with("whole: "), "{}", text(&whole.stderr));
    assert_eq!(acts(&world, &["--who", "sam"]), ["log_in web-admin", "export data-subject-request", "fail answer"]);
    let of_the_person = acts(&world, &["--person", &id]);
    let wanted = [
        "create answer",
        "view look",
        "change suspend",
        "export data-subject-request",
        "export data-subject-request",
        "fail answer",
        "delete delete",
        "view look",
        "fail answer",
    ];
    assert_eq!(of_the_person, wanted, "after the deletion, too");
    assert_eq!(acts(&world, &["--act", "log_in_refused"]), ["log_in_refused web-admin"]);
    let log = world.path("data/audit/audit.log");
    let trail = fs::read_to_string(&log).unwrap();
    for secret in [NAME, CARD, id.as_str(), "hunter2", world.password.as_str(), password] {
        assert!(!trail.contains(secret), "{secret}");
    }

    fs::write(&log, trail.replace("\"sam\"", "\"ana\"")).unwrap();
    let altered = verified(&world);
    assert!(!altered.status.success() && text(&altered.stderr).contains("was changed"), "{}", text(&altered.stderr));
    let lines: Vec<&str> = trail.lines().collect();
    fs::write(&log, lines[..lines.len() - 4].join("\n") + "\n").unwrap();
    let cut = verified(&world);
    assert!(!cut.status.success() && text(&cut.stderr).contains("its end was cut off"), "{}", text(&cut.stderr));
    // The service says so, too, keeps the evidence, and goes on.
    world.start();
    assert!(world.log().contains("its end was cut off") && world.log().contains("audit-damaged-"));
    assert_eq!(world.stop(), Some(0));
    assert!(verified(&world).status.success());
}

#[test]
fn records_outlive_a_rotation_and_are_not_put_back_by_stealth() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let staff = world.staff("admin", &world.password);
    let one = staff.enroll(NAME, CARD, &face("obama.jpg")).1;
    let one = one.split_once('?').unwrap().0.to_owned();
    fs::write(world.path("passphrase"), PASSPHRASE).unwrap();
    let mut rotate = world.prepared(&["key", "rotate", "--passphrase-file", "passphrase"]);
    let rotated = rotate.env_remove("SALLYPORT_PASSPHRASE").output().unwrap();
    assert!(text(&rotated.stderr).contains("Generation 2"), "{}", text(&rotated.stderr));
    assert_eq!(world.stop(), Some(0));
    copied(&world.path("data/records"), &world.path("backup"));
    world.start();
    assert_eq!(world.staff("admin", &world.password).get(&one).0, 200);
    assert_eq!(world.staff("admin", &world.password).submit(&format!("{one}/delete")).0, 303);
    assert_eq!(world.stop(), Some(0));

    fs::remove_dir_all(world.path("data/records")).unwrap();
    copied(&world.path("backup"), &world.path("data/records"));
    world.launch();
    while !world.log().contains("an older copy was put in its place") {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(world.stop(), Some(0));
    world.launch_as(&["run", "--restored"]);
    world.await_ready();
    assert_eq!(acts(&world, &["--act", "restore"]), ["restore told-to"]);
    // A record came back that does not open, since its key was destroyed with the person's deletion; and so it went again.
    let staff = world.staff("admin", &world.password);
    let list = staff.get("/admin/enrollments").1;
    assert!(list.contains("Nobody is enrolled yet") && staff.get(&one).0 == 404, "{list}");
    assert_eq!(world.stop(), Some(0));
}

#[test]
fn a_token_holds_the_root_key() {
    let module = Path::new("/usr/lib/softhsm/libsofthsm2.so");
    if !equipped() || !module.exists() {
        eprintln!("SKIPPED: a root key in a token, since softhsm2 or assets are missing");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (configuration, tokens) = (folder.path().join("softhsm2.conf"), folder.path().join("tokens"));
    fs::create_dir(&tokens).unwrap();
    fs::write(&configuration, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    let environment = vec![("SOFTHSM2_CONF".to_owned(), configuration)];
    let mut made = Command::new("softhsm2-util");
    made.args(["--init-token", "--free", "--label", "enrollment", "--so-pin", "12345678", "--pin", PASSPHRASE]);
    let made = made.envs(environment.iter().cloned()).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let more = format!("[keys]\nmodule = {module:?}\ntoken = \"enrollment\"\n");
    let mut world = World::with(folder, more, environment);
    assert!(!world.path("data/root.json").exists() && !world.path("data/keys").exists());
    let again = world.command(&["init"]);
    assert!(text(&again.stderr).contains("is a data folder already"), "{}", text(&again.stderr));
    world.start();
    let staff = world.staff("admin", &world.password);
    let (status, location) = staff.enroll(NAME, CARD, &face("obama.jpg"));
    assert_eq!(status, 303, "{location}");
    let rotated = world.command(&["key", "rotate"]);
    assert!(text(&rotated.stderr).contains("Generation 2"), "{}", text(&rotated.stderr));
    let passphrase = world.command(&["key", "passphrase", "--new-passphrase-file", "enrollment.toml"]);
    assert!(text(&passphrase.stderr).contains("change its PIN"), "{}", text(&passphrase.stderr));
    world.kill();
    world.start();
    let one = location.split_once('?').unwrap().0;
    assert!(world.staff("admin", &world.password).get(one).1.contains(NAME));
    assert_eq!(world.stop(), Some(0));
    let mut wrong = world.prepared(&["run"]);
    let wrong = wrong.env("SALLYPORT_PASSPHRASE", "another horse").output().unwrap();
    assert!(text(&wrong.stderr).contains("does not take the PIN"), "{}", text(&wrong.stderr));
}

fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}
