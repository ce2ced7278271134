//! Reads the document on the first PC/SC reader that holds one, by a library that is not ours, and prints each file as
//! a line of its name and its bytes in hexadecimal.
//!
//! foreign-read emrtd|dmrtd NUMBER BIRTH EXPIRY [GROUP...]      by BAC; dates as YYMMDD
//! foreign-read dmrtd-pace NUMBER BIRTH EXPIRY [GROUP...]       by PACE with the printed zone
//! foreign-read dmrtd-can CAN [GROUP...]                        by PACE with the card access number
//!
//! With FOREIGN_CSCA set to a certificate's file dmrtd does passive authentication, and with DG15 active authentication.

use std::{env, error::Error, fs};

use chrono::NaiveDate;
use dmrtd::{
    auth::passive::{self, DataGroup, TrustAnchor},
    com::{TransceiveError, Transceiver},
    lds::{
        df1::{efcom::EfCOM, efsod::EfSOD},
        ef::ElementaryFile as _,
    },
    passport::Passport,
    proto::{can_key::CanKey, dba_key::DBAKey},
};
use pcsc::{Card, Context, Protocols, Scope, ShareMode};

struct Reader(Card);

impl Transceiver for Reader {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, TransceiveError> {
        let mut buffer = vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
        let answer = self.0.transmit(command, &mut buffer).map_err(|error| TransceiveError::new(error.to_string()))?;
        Ok(answer.to_vec())
    }
}

fn card() -> Result<Card, Box<dyn Error>> {
    let context = Context::establish(Scope::User)?;
    for reader in context.list_readers_owned()? {
        if let Ok(card) = context.connect(&reader, ShareMode::Shared, Protocols::ANY) {
            return Ok(card);
        }
    }
    Err("no reader holds a document".into())
}

fn tell(name: &str, file: &[u8]) {
    println!("{name} {}", hex::encode_upper(file));
}

fn read_with_emrtd(number: &str, birth: &str, expiry: &str, groups: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut chip = emrtd::EmrtdComms::new(card()?);
    chip.select_emrtd_application()?;
    chip.establish_bac_session_keys(emrtd::other_mrz(number, birth, expiry)?.as_bytes())?;
    let named = groups.iter().map(|&group| (format!("DG{group}"), [1, group]));
    for (name, identifier) in [("COM".to_owned(), [1, 0x1E]), ("SOD".to_owned(), [1, 0x1D])].into_iter().chain(named) {
        chip.select_ef(&identifier, &name, true)?;
        tell(&name, &chip.read_data_from_ef(true)?);
    }
    Ok(())
}

fn date(text: &str) -> Result<NaiveDate, Box<dyn Error>> {
    Ok(NaiveDate::parse_from_str(text, "%y%m%d")?)
}

fn read_with_dmrtd(mut passport: Passport<Reader>, groups: &[u8]) -> Result<(), Box<dyn Error>> {
    let com: EfCOM = passport.read_ef_com()?;
    tell("COM", com.to_bytes());
    let sod: EfSOD = passport.read_ef_sod()?;
    tell("SOD", sod.to_bytes());
    let mut files = Vec::new();
    for &group in groups {
        let file = passport.api_mut();
        file.select_emrtd_application()?;
        // Short identifiers of the groups are their numbers (Doc 9303-10, table 38).
        let file = file.read_file_by_sfi(group)?;
        tell(&format!("DG{group}"), &file);
        files.push((group, file));
    }
    if groups.contains(&15) {
        passport.verify_active_authentication(&[1, 2, 3, 4, 5, 6, 7, 8])?;
        println!("ACTIVE genuine");
    }
    if let Some(path) = env::var_os("FOREIGN_CSCA") {
        let anchor = TrustAnchor::from_certificate(&fs::read(path)?)?;
        let groups: Vec<_> = files.iter().map(|(number, bytes)| DataGroup { number: *number, bytes }).collect();
        let verified = passive::verify(sod.to_bytes(), &groups, &[anchor])?;
        println!("PASSIVE {}", if verified.is_authentic() { "authentic" } else { "unverified" });
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let groups = |rest: &[&str]| rest.iter().map(|group| group.parse()).collect::<Result<Vec<u8>, _>>();
    match arguments.as_slice() {
        ["emrtd", number, birth, expiry, rest @ ..] => read_with_emrtd(number, birth, expiry, &groups(rest)?),
        ["dmrtd", number, birth, expiry, rest @ ..] => {
            let mut passport = Passport::new(Reader(card()?));
            passport.start_session(DBAKey::new(*number, date(birth)?, date(expiry)?, false)?)?;
            read_with_dmrtd(passport, &groups(rest)?)
        }
        ["dmrtd-pace", number, birth, expiry, rest @ ..] => {
            let mut passport = Passport::new(Reader(card()?));
            let access = passport.read_ef_card_access()?;
            passport.start_session_pace(DBAKey::new(*number, date(birth)?, date(expiry)?, true)?, &access)?;
            read_with_dmrtd(passport, &groups(rest)?)
        }
        ["dmrtd-can", can, rest @ ..] => {
            let mut passport = Passport::new(Reader(card()?));
            let access = passport.read_ef_card_access()?;
            passport.start_session_pace(CanKey::new(can)?, &access)?;
            read_with_dmrtd(passport, &groups(rest)?)
        }
        _ => Err("see the head of main.rs for the arguments".into()),
    }
}
