//! A chip in a reader's field: takes time as on the air, counts, and behaves as badly as it is told to.

use std::time::Duration;

use clap::ValueEnum;
use sallyport_emrtd::{
    chip::{Behavior, BitRate, Chip},
    issue::Document,
};
use sallyport_hardware::simulator::vpcd::Card;

/// The rates of ISO/IEC 14443-4.
pub(crate) const RATES: [(u32, BitRate); 4] =
    [(106, BitRate::Kbit106), (212, BitRate::Kbit212), (424, BitRate::Kbit424), (848, BitRate::Kbit848)];

/// How a chip misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// It hides that it has PACE.
    Downgrade,
    /// It gives only a few bytes a read.
    ShortReads,
    /// After some commands it says nothing more.
    Silent,
    /// After some commands it answers with random bytes.
    Garbage,
    /// After some commands it answers with lengths that lead far beyond the answer.
    Hostile,
    /// After some bytes it is gone.
    Gone,
}

/// A document's chip; `after` says when a fault begins.
pub(crate) fn chip(mut document: Document, basic_access: bool, extended: usize, fault: Option<(Fault, usize)>) -> Chip {
    let mut behavior =
        Behavior { basic_access, extended_bytes_max: (extended > 0).then_some(extended), ..Behavior::default() };
    match fault {
        Some((Fault::Downgrade, _)) => {
            document.files.card_access = None;
            behavior.basic_access = true;
        }
        Some((Fault::ShortReads, _)) => behavior.read_bytes_max = Some(16),
        Some((Fault::Silent, after)) => behavior.silent_after = Some(after),
        Some((Fault::Garbage, after)) => behavior.garbage_after = Some(after),
        Some((Fault::Hostile, after)) => behavior.hostile_after = Some(after),
        Some((Fault::Gone, after)) => behavior.gone_after_bytes = Some(after),
        None => {}
    }
    Chip::new(document.files, document.secrets, behavior, &mut rand::rng())
}

/// A chip in the field.
pub(crate) struct InField {
    chip: Chip,
    /// Answers as late as at this rate.
    rate: Option<BitRate>,
    /// Time on the air, in the order of [`RATES`].
    pub(crate) air_us: [u64; RATES.len()],
}

impl InField {
    pub(crate) fn new(chip: Chip, rate: Option<BitRate>) -> Self {
        Self { chip, rate, air_us: [0; RATES.len()] }
    }
}

impl Card for InField {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.chip.transmit(command);
        for (total, (_, rate)) in self.air_us.iter_mut().zip(RATES) {
            *total += rate.air_time_us(command.len(), answer.len());
        }
        if let Some(rate) = self.rate {
            std::thread::sleep(Duration::from_micros(rate.air_time_us(command.len(), answer.len())));
        }
        answer
    }

    fn reset(&mut self) {
        self.chip.reset();
    }
}
