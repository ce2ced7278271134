#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

// Doc 9303-4, appendix B; Doc 9303-5, appendix B; Doc 9303-6, appendix B.
const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
const TODAY: CivilDate = CivilDate { year: 2026, month: 11, day: 24 };

#[test]
fn the_published_specimens_parse() {
    for (text, format, number) in
        [(TD3, Format::Td3, "L898902C3"), (TD1, Format::Td1, "D23145890"), (TD2, Format::Td2, "D23145890")]
    {
        let mrz = Mrz::parse(text).unwrap();
        assert_eq!((mrz.format, mrz.document_number.as_str()), (format, number));
        assert_eq!((mrz.surname.as_str(), mrz.given_names.as_str()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!((mrz.issuer.as_str(), mrz.sex), ("UTO", 'F'));
        assert_eq!(age_on(mrz.birth.as_birth(TODAY).unwrap(), TODAY), 52);
    }
    assert_eq!(*Mrz::parse(TD3).unwrap().compose_td3().unwrap(), TD3);
}

#[test]
fn the_key_is_that_of_the_worked_examples() {
    // Doc 9303-11, appendix D.2: TD2 with a short number, TD1 with a long one.
    assert_eq!(Mrz::parse(TD3).unwrap().key().information(), "L898902C3674081221204159");
    let long = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";
    let mrz = Mrz::parse(long).unwrap();
    assert_eq!(mrz.document_number, "D23145890734");
    assert_eq!(mrz.key().information(), "D23145890734934071279507122");
}

#[test]
fn each_wrong_check_digit_is_named() {
    let flip = |at: usize| {
        let mut bytes = TD3.as_bytes().to_vec();
        bytes[45 + at] = if bytes[45 + at] == b'0' { b'1' } else { b'0' };
        Mrz::parse(std::str::from_utf8(&bytes).unwrap()).unwrap_err()
    };
    assert_eq!(flip(9), MrzError::CheckDigit(Field::DocumentNumber));
    assert_eq!(flip(19), MrzError::CheckDigit(Field::Birth));
    assert_eq!(flip(27), MrzError::CheckDigit(Field::Expiry));
    assert_eq!(flip(42), MrzError::CheckDigit(Field::Optional));
    assert_eq!(flip(43), MrzError::CheckDigit(Field::Composite));
    assert!(matches!(Mrz::parse("P<UTO"), Err(MrzError::Shape(_))));
    assert_eq!(Mrz::parse(&TD3.replace("ANNA", "AnNA")).unwrap_err(), MrzError::Character { line: 1 });
}

#[test]
fn dates_find_their_century_and_may_be_unknown() {
    let birth = |year| MrzDate::known(year, 11, 25).as_birth(TODAY).unwrap().year;
    assert_eq!((birth(25), birth(26), birth(74)), (2025, 1926, 1974));
    assert_eq!(MrzDate::known(30, 1, 1).as_expiry(TODAY).unwrap().year, 2030);
    assert_eq!(MrzDate::parse("74<<<<", Field::Birth).unwrap().as_birth(TODAY), None);
    assert!(MrzDate::parse("741312", Field::Birth).is_err());
}

proptest! {
    #[test]
    fn random_text_never_panics(text in "[A-Z0-9<]{44}\n[A-Z0-9<]{44}|[A-Z0-9<]{30}\n[A-Z0-9<]{30}\n[A-Z0-9<]{30}|\\PC{0,90}") {
        let _ = Mrz::parse(&text);
    }
}
