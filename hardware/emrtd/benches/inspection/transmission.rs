//! What a reading costs on the air: commands, bytes, and the time that they take at each bit rate (the chip's own
//! computing left out).

use std::convert::Infallible;

use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    chip::{Behavior, BitRate, Chip},
    crypto::{group::Agreement, suite::Suite},
    issue::{AgreementKey, Authority, Document, DocumentProfile},
    security_info::{Mapping, PaceProtocol},
    terminal::{self, ExtendedLength, Options, Terminal},
};

use crate::documents::{NOW, dg2, key, zone};

const RATES: [BitRate; 4] = [BitRate::Kbit106, BitRate::Kbit212, BitRate::Kbit424, BitRate::Kbit848];
const P_256: u8 = 12;

/// What went to and fro.
#[derive(Default)]
struct Traffic {
    commands: usize,
    bytes: usize,
    time_us: [u64; RATES.len()],
}

/// Prints the table of EF.COM, EF.SOD, DG1 and a DG2 of 20 kB.
pub(crate) fn print() {
    let short = Behavior::default;
    let extended = |most| Behavior { extended_bytes_max: Some(most), ..Behavior::default() };
    println!(
        "\n| Opened by | Length | Commands | Bytes | 106 kbit/s | 212 kbit/s | 424 kbit/s | 848 kbit/s |\n\
         |---|---|---:|---:|---:|---:|---:|---:|"
    );
    for (protocol, pace) in [("BAC, 3DES", false), ("PACE GM and Chip Authentication, P-256, AES-128", true)] {
        for (length, behavior) in
            [("short", short()), ("extended to 2 kB", extended(2_048)), ("extended to 64 kB", extended(65_535))]
        {
            let Traffic { commands, bytes, time_us } = traffic(document(pace), behavior);
            let times: Vec<String> = time_us.iter().map(|us| format!("{:.2} s", *us as f64 / 1e6)).collect();
            println!("| {protocol} | {length} | {commands} | {bytes} | {} |", times.join(" | "));
        }
    }
    println!();
}

fn document(pace: bool) -> Document {
    let zone = zone();
    let mut profile = DocumentProfile::plain(&zone, dg2());
    if pace {
        let suite = Suite::Aes128;
        profile.pace = vec![(PaceProtocol { mapping: Mapping::Generic, agreement: Agreement::Ecdh, suite }, P_256)];
        let random = &mut StdRng::seed_from_u64(1);
        profile.genuineness.agreement = vec![AgreementKey::generate(P_256, None, &[suite], random).unwrap()];
    }
    let signer = Authority::csca("UT", NOW).unwrap().document_signer("UT", NOW, 90).unwrap();
    signer.issue_document(profile).unwrap()
}

fn traffic(Document { files, secrets }: Document, behavior: Behavior) -> Traffic {
    let options = Options { extended_length: ExtendedLength::Probe, ..Options::default() };
    let mut chip = Chip::new(files, secrets, behavior, &mut rand::rng());
    let mut terminal = Terminal::with_options(key(), options, &mut rand::rng());
    let mut traffic = Traffic::default();
    let mut transmit = |command: &[u8]| {
        let answer = chip.transmit(command);
        traffic.commands += 1;
        traffic.bytes += command.len() + answer.len();
        for (time_us, rate) in traffic.time_us.iter_mut().zip(RATES) {
            *time_us += rate.air_time_us(command.len(), answer.len());
        }
        Ok::<_, Infallible>(answer)
    };
    terminal::read(&mut terminal, &mut transmit, &mut |_| {}).unwrap();
    traffic
}
