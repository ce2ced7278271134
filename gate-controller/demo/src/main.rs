//! `sallyport-demo`: whole crossings with simulated devices, each checked; then a gate to play with.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Context as _;
use clap::Parser;
use sallyport_demo::{
    admin::Admin,
    crossings::{CONNECTED, CUT_OFF, Expected},
    documents::{finger, name, scene},
    gate::GatePages,
    report, stop,
    world::{Settings, World, wait_for},
};
use sallyport_protocol::CrossingRecord;

/// Shows Sallyport at work: a gate, its turnstile, its enrollment service, and travelers of every kind.
#[derive(Parser)]
struct Arguments {
    /// End after the crossings; the exit status tells whether each went as it must.
    #[arg(long)]
    headless: bool,
    /// Where everything is put; emptied first, if an earlier demonstration made it.
    #[arg(long, default_value = "var/demo")]
    folder: PathBuf,
    /// Where `make setup` put nets and faces.
    #[arg(long, default_value = "assets")]
    assets: PathBuf,
    /// The first of three ports; others when taken.
    #[arg(long, default_value_t = 8480)]
    port: u16,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    stop::on_signal()?;
    let settings = Settings { port: arguments.port, ..Settings::new(arguments.folder, arguments.assets) };
    println!("Issuing passports, keys and certificates; starting turnstile, enrollment service and gate ...");
    let began = Instant::now();
    let mut world = World::prepare(settings)?;
    world.start_all()?;
    println!("In service after {:.1} s.", began.elapsed().as_secs_f64());
    let gate = world.gate_pages();
    gate.log_in(&world.officer_password)?;

    let mut summary = Summary::default();
    for expected in CONNECTED {
        summary.cross(expected, &gate)?;
    }
    println!("\n== The enrollment service is stopped");
    world.stop_service()?;
    let mut late = Vec::new();
    for expected in CUT_OFF {
        late.push(summary.cross(expected, &gate)?);
    }
    let waiting = gate.records_waiting()?;
    println!("\n== {waiting} records wait; the enrollment service is started again");
    world.start_service()?;
    wait_for("the records to arrive", || Ok((gate.records_waiting()? == 0).then_some(())))?;
    let admin = Admin::log_in(&world.web_admin(), &world.admin_password)?;
    let arrived = late.iter().map(|record| admin.has_crossing(record.crossing)).collect::<anyhow::Result<Vec<_>>>()?;
    summary.line(
        "the records arrive when the service is back",
        "",
        waiting == late.len() as u64 && arrived.iter().all(|&there| there),
    );
    let log = world.turnstile_log()?;
    summary.line("never were both doors open", "", !log.contains("violation") && log.contains("opened"));
    summary.print();
    if arguments.headless {
        world.stop_gate()?;
        world.stop_service()?;
        return Ok(if summary.all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    print_guide(&world);
    stop::wait();
    world.stop_gate()?;
    world.stop_service()?;
    Ok(ExitCode::SUCCESS)
}

/// The crossings so far.
struct Summary {
    lines: Vec<(String, String, bool)>,
    all_well: bool,
}

impl Default for Summary {
    fn default() -> Self {
        Self { lines: Vec::new(), all_well: true }
    }
}

impl Summary {
    fn cross(&mut self, expected: &Expected, gate: &GatePages) -> anyhow::Result<CrossingRecord> {
        println!(
            "\n{}. {} ({} before the camera: {}, on the sensor: {})",
            self.lines.len() + 1,
            expected.what,
            expected.document,
            expected.scene,
            expected.finger.unwrap_or("no finger")
        );
        let record = expected.cross(gate).with_context(|| expected.what.to_owned())?;
        println!("{}", report::time_line(&record));
        let faults = expected.faults(&record);
        for fault in &faults {
            println!("  WRONG: {fault}");
        }
        let seen = format!("{:>6} ms  {}", report::duration_ms(&record), report::name(&record.outcome));
        self.line(expected.what, &seen, faults.is_empty());
        Ok(record)
    }

    fn line(&mut self, what: &str, seen: &str, well: bool) {
        self.all_well &= well;
        self.lines.push((what.to_owned(), seen.to_owned(), well));
    }

    fn print(&self) {
        println!("\n== Summary");
        for (at, (what, seen, well)) in self.lines.iter().enumerate() {
            println!("{:>3}. {}  {what:<52} {seen}", at + 1, if *well { "right" } else { "WRONG" });
        }
    }
}

fn print_guide(world: &World) {
    let screens = world.screens();
    println!(
        "
Still running. Open in a browser on this machine:

  everything side by side  {screens}/simulation/page
  traveler screen          {screens}/traveler
  officer station          {screens}/officer      officer / {}
  web admin                {}      admin / {}

Another crossing by hand: on the first page choose a document (`{}`) and what the camera sees (`{}`),
then press Present. Choose `{}` before the camera for an impostor, and decide at the officer station;
or `{}` for a chip that only copies another;
or the card `{}` with the finger `{}` or `{}`.
Unplug the turnstile or set off the fire input there too.

Logs and data: {}. Ctrl-C ends everything.",
        world.officer_password,
        world.web_admin(),
        world.admin_password,
        name::GENUINE,
        scene::TRAVELER,
        scene::STRANGER,
        name::CLONE,
        name::FINGER_CARD,
        finger::HOLDER,
        finger::STRANGER,
        world.path("").display(),
    );
}
