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
    assert_eq!(staff.get(&one.replace("enrollments", "%65nrollments")).0, 200, "noted under this name, too");
    assert_eq!(staff.submit_because(&format!("{one}/suspend"), "lost-card").0, 303);
    assert_eq!(staff.submit_because(&format!("{one}/delete"), "I felt like it").0, 422);
    assert_eq!(staff.get(&format!("{one}/export")).0, 303, "nothing is given out for a link");

    let (status, exported) = staff.submit_because(&format!("{one}/export"), "data-subject-request");
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
    assert_eq!(told, ["create", "view", "view", "suspend", "view", "export"]);

    let observer = text(&world.command(&["account", "add", "sam"]).stdout);
    let password = observer.trim().strip_prefix("password of sam: ").unwrap();
    let other = world.staff("sam", password);
    let refused = other.submit_because(&format!("{one}/export"), "investigation");
    assert_eq!(refused.0, 403, "staff look, and only administrators export");
    assert_eq!(other.get("/admin/audit").0, 403);
    let wrong = other.post("/admin/login", &[("name", "hunter2-typed-as-a-name"), ("password", "x")]);
    assert_eq!(wrong.1, "/admin?login=wrong");
    assert_eq!(staff.submit_because(&format!("{one}/delete"), "consent-withdrawn").0, 303);
    assert_eq!(staff.get(&one).0, 404);
    let (status, page) = staff.get(&format!("/admin/audit?act=&who=&since=&until=&person={id}&check=yes"));
    assert!(status == 200 && page.contains("Whole: no entry was altered") && !page.contains(NAME), "{page}");
    let rows: Vec<_> = page.split("data-entry=").skip(1).collect();
    assert!(rows.len() == 12 && rows[3].contains("Consent was withdrawn"), "newest first: {page}");
    assert_eq!(world.stop(), Some(0));

    let whole = verified(&world);
    assert!(whole.status.success() && text(&whole.stdout).starts_with("whole: "), "{}", text(&whole.stderr));
    let of_sam = ["log_in web-admin", "export investigation", "fail answer", "audit web-admin", "fail answer"];
    assert_eq!(acts(&world, &["--who", "sam"]), of_sam);
    let of_the_person = acts(&world, &["--person", &id]);
    let wanted = [
        "create answer",
        "view look",
        "view look",
        "suspend lost-card",
        "view look",
        "export data-subject-request",
        "export investigation",
        "fail answer",
        "delete consent-withdrawn",
        "view look",
        "fail answer",
        "audit web-admin",
        "audit command-line",
    ];
    assert_eq!(of_the_person, wanted, "after the deletion, too");
    let why = acts(&world, &["--person", &id, "--why", "investigation", "--act", "audit"]);
    assert_eq!(why, ["audit web-admin", "audit command-line", "audit investigation"]);
    // What was done at the command line is told as well, and by whom.
    let console = sallyport_privacy::audit::operator();
    let acts_there =
        ["initialize command-line", "add_account command-line", "audit command-line", "audit investigation"];
    assert_eq!(acts(&world, &["--who", &console]), acts_there);
    assert_eq!(acts(&world, &["--what", "sam"]), ["add_account command-line"]);
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
fn commands_beside_a_running_service_are_noted_and_need_the_root_key() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let staff = world.staff("admin", &world.password);
    let done = |arguments: &[&str]| {
        let said = world.command(arguments);
        assert!(said.status.success(), "{arguments:?}: {}", text(&said.stderr));
    };
    let out = world.path("gate-1");
    done(&["gate", "add", "gate-1", "--out", out.to_str().unwrap()]);
    done(&["account", "add", "sam"]);
    assert_eq!(staff.get("/admin/crossings").0, 200);
    done(&["account", "reset", "sam"]);
    done(&["account", "remove", "sam"]);
    assert!(!world.command(&["account", "remove", "sam"]).status.success());
    done(&["gate", "remove", "gate-1"]);
    done(&["key", "rotate"]);
    fs::write(world.path("new"), "another horse battery").unwrap();
    done(&["key", "passphrase", "--new-passphrase-file", world.path("new").to_str().unwrap()]);
    let mut wrong = world.prepared(&["account", "add", "eve"]);
    let wrong = wrong.env("SALLYPORT_PASSPHRASE", "wrong horse battery").output().unwrap();
    assert!(!wrong.status.success() && text(&wrong.stderr).contains("does not open"), "{}", text(&wrong.stderr));
    let console = sallyport_privacy::audit::operator();
    let wanted = [
        "initialize command-line",
        "admit command-line",
        "add_account command-line",
        "reset_account command-line",
        "remove_account command-line",
        "remove_account command-line",
        "fail command-line",
        "dismiss command-line",
        "rotate command-line",
        "passphrase command-line",
    ];
    assert_eq!(acts(&world, &["--who", &console]), wanted);
    assert_eq!(acts(&world, &["--what", "gate-1"]), ["admit command-line", "dismiss command-line"]);
    assert_eq!(acts(&world, &["--act", "search"]), ["search crossings"], "staff's acts between them");
    assert_eq!(world.stop(), Some(0));
    assert!(verified(&world).status.success());
    // What was written beside the service and cut off is missed by a command, which then does nothing.
    let log = world.path("data/audit/audit.log");
    let trail = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = trail.lines().collect();
    fs::write(&log, lines[..lines.len() - 2].join("\n") + "\n").unwrap();
    let mut refused = world.prepared(&["account", "add", "eve"]);
    let refused = refused.env("SALLYPORT_PASSPHRASE", "another horse battery").output().unwrap();
    assert!(text(&refused.stderr).contains("its end was cut off"), "{}", text(&refused.stderr));
    assert!(!fs::read_to_string(world.path("data/accounts.toml")).unwrap().contains("eve"));
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
