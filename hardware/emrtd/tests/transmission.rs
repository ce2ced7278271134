//! How many commands a reading takes, and what it survives: limits and habits of chips in the field.
#![allow(clippy::unwrap_used)]

mod support;

use sallyport_emrtd::{
    chip::Behavior,
    terminal::{Access, ExtendedLength, Groups, Options, Reading, TerminalError},
};
use support::{Failure, passport, read_with};

/// Bytes of a portrait whose DG2 is about 20 kB.
const PORTRAIT_BYTES: usize = 20_000;

fn read(behavior: Behavior, options: Options) -> Result<Box<Reading>, Failure> {
    read_with(&passport(PORTRAIT_BYTES), behavior, options)
}

/// Commands that only the groups beyond DG1 take: with DG2 and without.
fn commands_for_portrait(behavior: &Behavior, extended: ExtendedLength) -> (usize, usize) {
    let options = |groups: &[u8]| Options {
        groups: Groups::These(groups.to_vec()),
        extended_length: extended,
        ..Options::default()
    };
    let with = read(behavior.clone(), options(&[1, 2])).unwrap();
    let without = read(behavior.clone(), options(&[1])).unwrap();
    (with.commands - without.commands, with.contents.groups[&2].len())
}

/// The promise: bytes / largest accepted read + 2.
#[test]
fn a_portrait_takes_no_more_commands_than_its_bytes_need() {
    for (behavior, extended, largest) in [
        (Behavior::default(), ExtendedLength::Announced, 231),
        (Behavior { short_identifiers: false, ..Default::default() }, ExtendedLength::Announced, 231),
        (Behavior { read_bytes_max: Some(200), ..Default::default() }, ExtendedLength::Announced, 200),
        (Behavior { empty_above: Some(224), ..Default::default() }, ExtendedLength::Announced, 223),
        (Behavior { extended_bytes_max: Some(1_000), ..Default::default() }, ExtendedLength::Probe, 967),
        (Behavior { extended_bytes_max: Some(65_535), ..Default::default() }, ExtendedLength::Probe, 20_100),
    ] {
        let (commands, bytes) = commands_for_portrait(&behavior, extended);
        assert!(commands <= bytes.div_ceil(largest) + 2, "{commands} commands for {bytes} bytes: {behavior:?}");
    }
}

#[test]
fn habits_of_the_field_do_not_stop_a_reading() {
    let plain = Behavior::default;
    for behavior in [
        Behavior { empty_above: Some(200), ..plain() },
        Behavior { empty_above: Some(200), short_identifiers: false, plain_errors: true, ..plain() },
        Behavior { read_bytes_max: Some(100), ..plain() },
        Behavior { plain_errors: true, short_identifiers: false, ..plain() },
        Behavior { errors_end_channel: true, short_identifiers: false, ..plain() },
        Behavior { open: true, basic_access: false, ..plain() },
    ] {
        for extended_length in [ExtendedLength::Never, ExtendedLength::Announced, ExtendedLength::Probe] {
            let options = Options { extended_length, ..Options::default() };
            let reading = read(behavior.clone(), options).unwrap_or_else(|error| panic!("{error}: {behavior:?}"));
            assert_eq!(reading.contents.groups.len(), 2, "{behavior:?}");
        }
    }
}

/// EF.SOD lists the groups, too.
#[test]
fn a_chip_without_ef_com_is_read() {
    let mut document = passport(600);
    document.files.com = Vec::new();
    for (plain_errors, errors_end_channel) in [(false, false), (true, false), (false, true)] {
        let behavior = Behavior { plain_errors, errors_end_channel, ..Default::default() };
        let reading = read_with(&document, behavior, Options::default()).unwrap();
        assert!(reading.contents.com.is_empty());
        assert_eq!(reading.contents.groups, document.files.groups);
    }
    document.files.sod = sallyport_emrtd::tlv::object(0x77, &[0x30, 0]);
    let refusal = read_with(&document, Behavior::default(), Options::default()).unwrap_err();
    assert!(matches!(refusal, Failure::Terminal(TerminalError::Protocol { .. })), "{refusal}");
}

/// A file of zeros, or with nothing in it, announces no PACE; an EF.CVCA is no EF.CardAccess.
#[test]
fn a_file_that_is_no_ef_cardaccess_stands_in_nobodys_way() {
    for content in [vec![], vec![0; 40], [&[0x42, 14][..], b"UTCVCA00000001", &[0; 20]].concat()] {
        let mut document = passport(600);
        document.files.card_access = Some(content);
        let reading = read_with(&document, Behavior::default(), Options::default()).unwrap();
        assert_eq!((reading.access, reading.contents.groups.len()), (Access::Bac, 2));
    }
    // One that begins as such and cannot be read may have announced PACE.
    let mut document = passport(600);
    document.files.card_access = Some(vec![0x31, 3, 0x30, 9, 6]);
    let refusal = read_with(&document, Behavior::default(), Options::default()).unwrap_err();
    assert!(matches!(refusal, Failure::Terminal(TerminalError::PaceFailed(_))), "{refusal}");
}

/// It cannot tell over what it fell silent; whoever reads it again is careful.
#[test]
fn a_chip_that_falls_silent_over_long_reads_is_read_with_caution() {
    for most in [160, 200, 223] {
        let behavior = Behavior { silent_above: Some(most), ..Behavior::default() };
        assert_eq!(read(behavior.clone(), Options::default()).unwrap_err(), Failure::NoAnswer);
        let reading = read(behavior, Options { cautious: true, ..Options::default() }).unwrap();
        assert_eq!(reading.contents.groups.len(), 2);
    }
}

/// Beyond 32 kB the odd instruction is needed.
#[test]
fn a_file_of_more_than_32_kilobytes_is_read() {
    for behavior in [Behavior::default(), Behavior { extended_bytes_max: Some(4_000), ..Default::default() }] {
        let options = Options { extended_length: ExtendedLength::Probe, ..Options::default() };
        let document = passport(90_000);
        let reading = read_with(&document, behavior, options).unwrap();
        assert_eq!(reading.contents.groups[&2], document.files.groups[&2]);
    }
}

#[test]
fn a_chip_that_leaves_at_any_byte_is_an_error_and_not_a_hang() {
    let document = passport(600);
    let whole = read_with(&document, Behavior::default(), Options::default()).unwrap();
    assert_eq!(whole.contents.groups.len(), 2);
    let mut limit = 0;
    loop {
        let behavior = Behavior { gone_after_bytes: Some(limit), ..Default::default() };
        match read_with(&document, behavior, Options::default()) {
            Ok(_) => break,
            Err(Failure::NoAnswer | Failure::Terminal(_)) => {}
        }
        limit += 1;
    }
    assert!(limit > 1_000, "{limit}");
}

#[test]
fn garbage_at_any_command_is_an_error() {
    let document = passport(600);
    for limit in 0..60 {
        let behavior = Behavior { garbage_after: Some(limit), ..Default::default() };
        match read_with(&document, behavior, Options::default()) {
            Ok(_) => return assert!(limit > 10),
            Err(Failure::NoAnswer | Failure::Terminal(_)) => {}
        }
    }
    panic!("never finished");
}

#[test]
fn a_withheld_group_is_reported_and_the_rest_is_read() {
    for (plain_errors, errors_end_channel) in [(false, false), (true, false), (false, true)] {
        let behavior = Behavior { withheld_groups: vec![1], plain_errors, errors_end_channel, ..Default::default() };
        let reading = read(behavior, Options::default()).unwrap();
        assert_eq!(reading.refused, [(1, 0x6A82)].into());
        assert!(reading.contents.groups.contains_key(&2));
    }
}

#[test]
fn a_chip_without_the_application_is_told_apart() {
    let mut terminal = sallyport_emrtd::terminal::Terminal::new(support::key(), &mut rand::rng());
    let step = sallyport_emrtd::terminal::read(
        &mut terminal,
        &mut |_| Ok::<_, std::convert::Infallible>(vec![0x6A, 0x82]),
        &mut |_| {},
    );
    let error = match step.unwrap_err() {
        sallyport_emrtd::terminal::ReadError::Terminal(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(error, TerminalError::NoApplication(0x6A82));
}
