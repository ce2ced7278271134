#![allow(clippy::unwrap_used)]
use super::*;
use crate::tlv::TlvError;
use proptest::prelude::*;

fn name(surname: &str, given_names: &str) -> PersonName {
    PersonName { surname: surname.into(), given_names: given_names.into() }
}

#[test]
fn names_in_other_scripts_and_lists_of_them_are_read() {
    let mut details = PersonalDetails::default();
    details.name = Some(name("Эрикссон", "Анна Мария"));
    details.other_names = vec![name("ابو بكر", ""), name("Smith Jones", "Susie")];
    details.personal_number = "199".into();
    details.birth = Some(FullDate::known(1974, 8, 12));
    details.place_of_birth = vec!["Utopia".into(), "中央".into()];
    let read = ChipContents::of(11, details.file()).dg11().unwrap();
    assert!(read == details);
    assert_eq!(
        format!("{read:?} {:?} {:?}", read.name, read.birth),
        "PersonalDetails(..) Some(PersonName(..)) Some(FullDate(..))"
    );
}

/// Doc 9303-10, tables 71 and 72, by hand: tag list, name, other names behind their count, a date of digits.
#[test]
fn the_layout_is_that_of_table_71() {
    let mut details = PersonalDetails::default();
    details.name = Some(name("SMITH", "JOHN"));
    details.other_names = vec![name("A", "B")];
    details.birth = Some(FullDate { year: Some(1974), month: None, day: None });
    let tags = [0x5C, 6, 0x5F, 0x0E, 0x5F, 0x0F, 0x5F, 0x2B];
    let objects: Vec<u8> = [
        &tags[..],
        &[0x5F, 0x0E, 11],
        b"SMITH<<JOHN",
        &[0xA0, 10, 2, 1, 1, 0x5F, 0x0F, 4],
        b"A<<B",
        &[0x5F, 0x2B, 8],
        b"19740000",
    ]
    .concat();
    assert_eq!(details.file(), [&[0x6B, objects.len() as u8][..], &objects].concat());
}

#[test]
fn dates_are_of_ascii_or_packed_digits() {
    let known = FullDate::known(1974, 8, 12);
    for value in [&b"19740812"[..], &[0x19, 0x74, 0x08, 0x12]] {
        assert!(FullDate::read(value) == Some(known));
    }
    let year = FullDate { year: Some(1974), month: None, day: None };
    for value in [&b"19740000"[..], b"1974<<<<", &[0x19, 0x74, 0, 0]] {
        assert!(FullDate::read(value) == Some(year));
    }
    for value in [&b""[..], b"1974081", b"197408120", b"19741312", b"19740832", &[0x19, 0x74, 0x0A, 0x12], b"1974 812"]
    {
        assert!(FullDate::read(value).is_none(), "{value:?}");
    }
    let time = FullTime { date: known, hour: 13, minute: 5, second: 59 };
    for value in [&b"19740812130559"[..], &[0x19, 0x74, 0x08, 0x12, 0x13, 0x05, 0x59]] {
        assert!(FullTime::read(value) == Some(time));
    }
    assert!(FullTime::read(b"19740812240000").is_none());
}

/// What issuers write beside the standard: names without a list around them or without fillers, text that is no UTF-8.
#[test]
fn what_occurs_in_the_field_is_read() {
    let group = [
        tlv::object(0x5F0E, b"ANNA MARIA ERIKSSON"),
        tlv::object(0x5F0F, b"MUSTER<<ERIKA"),
        tlv::object(0x5F13, &[b'M', 0xFC, b'l', b'l', b'e', b'r']),
        tlv::object(0x5F7F, b"unknown"),
    ]
    .concat();
    let read = ChipContents::of(11, tlv::object(0x6B, &group)).dg11().unwrap();
    assert!(read.name == Some(name("ANNA MARIA ERIKSSON", "")));
    assert!(read.other_names == [name("MUSTER", "ERIKA")]);
    assert_eq!(read.profession, "Müller");
    let cut = ChipContents::of(11, tlv::object(0x6B, &group[..group.len() - 1]));
    assert!(matches!(cut.dg11(), Err(LdsError::Tlv { group: 11, source: TlvError::Truncated { .. } })));
}

#[test]
fn no_more_persons_are_written_than_have_tags() {
    let persons: Vec<PersonToNotify> = (0..20).map(|_| PersonToNotify::default()).collect();
    let read = ChipContents::of(16, dg16_file(&persons)).dg16().unwrap();
    assert_eq!(read.len(), PERSONS_TO_NOTIFY_MAX);
}

prop_compose! {
    fn person_names()(
        surname in "[A-Zа-я]{1,12}( [A-Z]{1,5})?",
        given_names in "([A-Zα-ω]{1,12}( [A-Z]{1,5})?)?",
    ) -> PersonName {
        PersonName { surname, given_names }
    }
}

prop_compose! {
    fn dates()(
        year in 1u16..10_000,
        month in prop::option::of(1u8..=12),
        day in prop::option::of(1u8..=31),
    ) -> FullDate {
        FullDate { year: Some(year), month, day }
    }
}

fn lines() -> impl Strategy<Value = String> {
    "([a-z0-9ü一]([a-z ,]{0,30}[a-z])?)?"
}

fn lists() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z0-9ü一]{1,10}", 0..4)
}

fn images() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

prop_compose! {
    fn personal()(
        (name, other_names) in (prop::option::of(person_names()), prop::collection::vec(person_names(), 0..4)),
        birth in prop::option::of(dates()),
        (place_of_birth, address, other_documents) in (lists(), lists(), lists()),
        texts in prop::array::uniform6(lines()),
        proof_of_citizenship in images(),
    ) -> PersonalDetails {
        let [personal_number, telephone, profession, title, summary, custody] = texts;
        PersonalDetails {
            name,
            other_names,
            personal_number,
            birth,
            place_of_birth,
            address,
            telephone,
            profession,
            title,
            summary,
            proof_of_citizenship,
            other_documents,
            custody,
        }
    }
}

prop_compose! {
    fn document()(
        issued in prop::option::of(dates()),
        other_persons in prop::collection::vec(person_names(), 0..4),
        texts in prop::array::uniform4(lines()),
        (front, rear) in (images(), images()),
        personalized in prop::option::of((dates(), 0u8..24, 0u8..60, 0u8..60)),
    ) -> DocumentDetails {
        let [authority, endorsements, tax_exit, personalization_system] = texts;
        let personalized = personalized.map(|(date, hour, minute, second)| FullTime { date, hour, minute, second });
        DocumentDetails {
            authority,
            issued,
            other_persons,
            endorsements,
            tax_exit,
            front,
            rear,
            personalized,
            personalization_system,
        }
    }
}

prop_compose! {
    fn person()(
        recorded in prop::option::of(dates()),
        name in person_names(),
        telephone in lines(),
        address in lists(),
    ) -> PersonToNotify {
        PersonToNotify { recorded, name, telephone, address }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        personal in personal(),
        document in document(),
        persons in prop::collection::vec(person(), 0..5),
    ) {
        prop_assert!(ChipContents::of(11, personal.file()).dg11().unwrap() == personal);
        prop_assert!(ChipContents::of(12, document.file()).dg12().unwrap() == document);
        prop_assert!(ChipContents::of(16, dg16_file(&persons)).dg16().unwrap() == persons);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for (group, tag) in [(11, 0x6B), (12, 0x6C), (16, 0x70)] {
            let contents = ChipContents::of(group, tlv::object(tag, &bytes));
            let _ = (contents.dg11(), contents.dg12(), contents.dg16());
        }
    }
}
