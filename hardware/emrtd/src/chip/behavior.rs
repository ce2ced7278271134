//! How a simulated chip differs from the ideal one: its limits, its habits, and its faults to order.

/// Bits per second on the air (ISO/IEC 14443-4, 5.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BitRate {
    /// 106 kbit/s, at which every chip starts.
    #[default]
    Kbit106,
    /// 212 kbit/s.
    Kbit212,
    /// 424 kbit/s, usual at gates.
    Kbit424,
    /// 848 kbit/s.
    Kbit848,
}

impl BitRate {
    /// From kilobits per second as they are spoken of: 106, 212, 424, 848.
    pub fn from_kbit_s(kbit_s: u32) -> Option<Self> {
        match kbit_s {
            106 => Some(Self::Kbit106),
            212 => Some(Self::Kbit212),
            424 => Some(Self::Kbit424),
            848 => Some(Self::Kbit848),
            _ => None,
        }
    }

    /// Time on the air for a command and its response, in microseconds: nine bits a byte with parity (ISO/IEC 14443-3,
    /// 6.2.3.1), a prologue and two bytes of checksum for every block of 256 bytes, and a guard time before each answer.
    pub fn air_time_us(self, command_bytes: usize, response_bytes: usize) -> u64 {
        const BLOCK_BYTES: usize = 253;
        const BLOCK_OVERHEAD_BYTES: usize = 3;
        const GUARD_US: u64 = 300;
        // 13.56 MHz / 128, doubled thrice.
        let bits_per_second = 105_937.5
            * match self {
                Self::Kbit106 => 1.0,
                Self::Kbit212 => 2.0,
                Self::Kbit424 => 4.0,
                Self::Kbit848 => 8.0,
            };
        let blocks = |bytes: usize| bytes.div_ceil(BLOCK_BYTES).max(1);
        let blocks = blocks(command_bytes) + blocks(response_bytes);
        let bits = 9 * (command_bytes + response_bytes + blocks * BLOCK_OVERHEAD_BYTES);
        (bits as f64 / bits_per_second * 1e6) as u64 + blocks as u64 * GUARD_US
    }
}

/// How the chip behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behavior {
    /// After this many commands it answers nothing (an empty response).
    pub silent_after: Option<usize>,
    /// It leaves the field after this many bytes of responses: the answer ends there, and nothing follows.
    pub gone_after_bytes: Option<usize>,
    /// After this many commands it answers with lengths that lead far beyond the answer.
    pub hostile_after: Option<usize>,
    /// After this many commands it answers with random bytes.
    pub garbage_after: Option<usize>,
    /// It gives at most this many bytes a read, whatever it is asked for.
    pub read_bytes_max: Option<usize>,
    /// A read of more than this many bytes gives `9000` and no data, as an applet of the field does.
    pub empty_above: Option<usize>,
    /// A read of more than this many bytes silences it until it has left the field.
    pub silent_above: Option<usize>,
    /// Bytes of data that it takes and gives in the extended form; `None`: short form only.
    pub extended_bytes_max: Option<usize>,
    /// Whether files are found by their short identifiers.
    pub short_identifiers: bool,
    /// Whether it tells of a missing file without secure messaging, and keeps the channel.
    pub plain_errors: bool,
    /// Whether any error ends the channel.
    pub errors_end_channel: bool,
    /// Whether BAC opens it.
    pub basic_access: bool,
    /// Whether it needs no access protocol at all.
    pub open: bool,
    /// Groups that it pretends not to have: a clone without keys hides what announces them.
    pub withheld_groups: Vec<u8>,
    /// PACE is announced and breaks off at this step (1 to 4).
    pub pace_fails_at: Option<u8>,
}

impl Default for Behavior {
    /// A chip without extended length that does what the standard says.
    fn default() -> Self {
        Self {
            silent_after: None,
            gone_after_bytes: None,
            hostile_after: None,
            garbage_after: None,
            read_bytes_max: None,
            empty_above: None,
            silent_above: None,
            extended_bytes_max: None,
            short_identifiers: true,
            plain_errors: false,
            errors_end_channel: false,
            basic_access: true,
            open: false,
            withheld_groups: Vec::new(),
            pace_fails_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_on_the_air_is_that_of_the_rate() {
        // A read of 223 bytes: a command of 20 bytes, an answer of about 256.
        let at = |rate: BitRate| rate.air_time_us(20, 256);
        assert!((24_000..27_000).contains(&at(BitRate::Kbit106)), "{}", at(BitRate::Kbit106));
        assert!((3_500..4_500).contains(&at(BitRate::Kbit848)), "{}", at(BitRate::Kbit848));
        assert_eq!(BitRate::from_kbit_s(424), Some(BitRate::Kbit424));
        assert_eq!(BitRate::from_kbit_s(100), None);
    }
}
