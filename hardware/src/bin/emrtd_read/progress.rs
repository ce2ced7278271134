//! How far the reading is, on a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};

use sallyport_emrtd::terminal::{self, Stage};

const WIDTH: usize = 30;

/// A line that is overwritten.
pub(crate) struct Progress {
    shown: bool,
    line: String,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { shown: !quiet && stderr().is_terminal(), line: String::new() }
    }

    pub(crate) fn show(&mut self, now: terminal::Progress) {
        if !self.shown {
            return;
        }
        let line = line(now);
        if line != self.line {
            // A terminal that went away is no reason to stop.
            let _ = write!(stderr(), "\r\x1B[K{line}");
            let _ = stderr().flush();
            self.line = line;
        }
    }

    pub(crate) fn end(&mut self) {
        if !self.line.is_empty() {
            let _ = write!(stderr(), "\r\x1B[K");
        }
    }
}

fn line(now: terminal::Progress) -> String {
    let stage = match now.stage {
        Stage::Selecting => "looking for the application".to_owned(),
        Stage::Access => "opening the chip".to_owned(),
        Stage::CardSecurity => "EF.CardSecurity".to_owned(),
        Stage::Com => "EF.COM".to_owned(),
        Stage::Sod => "EF.SOD".to_owned(),
        Stage::ChipAuthentication => "Chip Authentication".to_owned(),
        Stage::TerminalAuthentication => "Terminal Authentication".to_owned(),
        Stage::ActiveAuthentication => "Active Authentication".to_owned(),
        Stage::Group(group) => format!("DG{group}"),
        stage => format!("{stage:?}"),
    };
    if now.bytes_total == 0 {
        return stage;
    }
    let done = (now.bytes_read.min(now.bytes_total) * WIDTH) / now.bytes_total;
    let bar: String = (0..WIDTH).map(|at| if at < done { '#' } else { '.' }).collect();
    format!("{stage:<16} [{bar}] {} of {} bytes", now.bytes_read, now.bytes_total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_with_the_bytes() {
        let at = |bytes_read| line(terminal::Progress { stage: Stage::Group(2), bytes_read, bytes_total: 18_000 });
        assert_eq!(at(0), format!("DG2              [{}] 0 of 18000 bytes", ".".repeat(30)));
        assert_eq!(at(9_000), format!("DG2              [{}{}] 9000 of 18000 bytes", "#".repeat(15), ".".repeat(15)));
        assert_eq!(at(18_000), format!("DG2              [{}] 18000 of 18000 bytes", "#".repeat(30)));
    }
}
