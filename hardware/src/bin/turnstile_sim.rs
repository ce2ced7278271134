//! `turnstile-sim`: the simulated turnstile on a pseudo-terminal, as a process of its own.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::{fs::symlink, net::UnixListener},
    },
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use clap::Parser;
use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    pty::openpty,
    sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
    unistd::ttyname,
};
use sallyport_hardware::{
    barrier::Door,
    simulator::turnstile::{Happening, Settings, Turnstile},
};

/// A simulated turnstile: two doors behind a serial line.
///
/// Orders on the control socket, one a line: `unplug`, `plug`, `fire on|off`, `obstacle entry|exit`, `clear`,
/// `walk entry|exit`, `people`, `nobody`, `status`.
#[derive(Parser)]
struct Arguments {
    /// Where to put the link to the serial device.
    #[arg(long)]
    link: PathBuf,
    /// Where to log every movement, as JSON lines.
    #[arg(long)]
    log: PathBuf,
    /// Unix socket for orders.
    #[arg(long)]
    control: Option<PathBuf>,
    /// How long after a door has opened somebody walks through, in milliseconds.
    #[arg(long, default_value_t = 400)]
    walk_ms: u64,
    /// Nobody walks by themselves.
    #[arg(long)]
    no_walk: bool,
}

/// Master and slave; the slave stays open so that a controller may come, be killed and come again. Not
/// `serialport`'s own pair: that keeps a lock on the slave, against which no controller could open it.
struct Cable {
    master: File,
    _slave: OwnedFd,
}

impl Cable {
    fn plug(link: &Path) -> anyhow::Result<Self> {
        let pair = openpty(None, None).context("no pseudo-terminal to be had")?;
        let mut mode = tcgetattr(&pair.slave).context("pseudo-terminal")?;
        cfmakeraw(&mut mode);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &mode).context("pseudo-terminal")?;
        fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).context("pseudo-terminal")?;
        let path = ttyname(&pair.slave).context("the pseudo-terminal has no path")?;
        remove(link)?;
        symlink(&path, link).with_context(|| format!("link {} to {}", link.display(), path.display()))?;
        Ok(Self { master: File::from(pair.master), _slave: pair.slave })
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

struct Log {
    file: File,
    began: Instant,
}

impl Log {
    fn write(&mut self, happening: Happening) -> anyhow::Result<()> {
        let mut line = serde_json::to_value(happening)?;
        let wall = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
        line["ms"] = (self.began.elapsed().as_millis() as u64).into();
        line["unix_ms"] = wall.into();
        // One write a line, so that readers see whole lines.
        self.file.write_all(format!("{line}\n").as_bytes()).context("write the log")
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let file = OpenOptions::new().create(true).append(true).open(&arguments.log);
    let mut log = Log { file: file.with_context(|| format!("open {}", arguments.log.display()))?, began };
    let control = arguments.control.as_deref().map(listen).transpose()?;
    let walk_ms = (!arguments.no_walk).then_some(arguments.walk_ms);
    let mut turnstile = Turnstile::new(Settings { walk_ms, ..Settings::default() }, 0);
    let mut cable = Some(Cable::plug(&arguments.link)?);
    let mut buffer = [0; 256];
    loop {
        let now_ms = began.elapsed().as_millis() as u64;
        let input = match &mut cable {
            Some(cable) => match cable.master.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => 0,
                Err(error) => return Err(error).context("read the pseudo-terminal"),
            },
            None => 0,
        };
        if input == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        let (out, happenings) = turnstile.advance(now_ms, &buffer[..input]);
        for happening in happenings {
            log.write(happening)?;
        }
        if let Some(cable) = &mut cable {
            // A controller that was killed leaves the line's buffer full: what it does not read is lost, as on a wire.
            let _ = cable.master.write(&out);
        }
        if let Some(listener) = &control
            && let Ok((mut connection, _)) = listener.accept()
        {
            connection.set_nonblocking(false)?;
            connection.set_read_timeout(Some(Duration::from_millis(200)))?;
            let mut line = String::new();
            let _ = BufReader::new(&connection).read_line(&mut line);
            let answer = match obey(line.trim(), &mut turnstile, &mut cable, &arguments, now_ms) {
                Ok(text) => text,
                Err(error) => format!("error: {error:#}"),
            };
            let _ = writeln!(connection, "{answer}");
        }
    }
}

fn listen(path: &Path) -> anyhow::Result<UnixListener> {
    remove(path)?;
    let listener = UnixListener::bind(path).with_context(|| format!("listen on {}", path.display()))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn obey(
    order: &str,
    turnstile: &mut Turnstile,
    cable: &mut Option<Cable>,
    arguments: &Arguments,
    now_ms: u64,
) -> anyhow::Result<String> {
    match order {
        "unplug" => {
            *cable = None;
            remove(&arguments.link)?;
        }
        "plug" => *cable = Some(Cable::plug(&arguments.link)?),
        "fire on" | "fire off" => turnstile.set_fire(now_ms, order == "fire on"),
        "obstacle entry" => turnstile.set_obstacle(Door::Entry, true),
        "obstacle exit" => turnstile.set_obstacle(Door::Exit, true),
        "clear" => Door::BOTH.into_iter().for_each(|door| turnstile.set_obstacle(door, false)),
        "walk entry" => turnstile.walk(now_ms, Door::Entry),
        "walk exit" => turnstile.walk(now_ms, Door::Exit),
        "people" => turnstile.set_walk(Some(arguments.walk_ms)),
        "nobody" => turnstile.set_walk(None),
        "status" => return Ok(format!("{:?}", turnstile.status())),
        _ => bail!("unknown order `{order}`: see --help"),
    }
    Ok("ok".to_owned())
}
