//! The inspection procedure (Doc 9303-11, 7.1): what is done with a chip, in which order.

use rand::rngs::StdRng;

use super::{
    Access, AccessKey, ExtendedLength, Groups, Options, Reading, Stage, TerminalError, access,
    files::{self, File, Found, Manner, Suspect},
    line::Session,
};
use crate::{apdu::SHORT_RESPONSE_BYTES_MAX, lds::group_of_tag, secure::SecureError, tlv};

/// DG3 and DG4 open to Terminal Authentication only (Doc 9303-11, 7.1): read last, so that a refusal costs nothing.
const SENSITIVE: [u8; 2] = [3, 4];

/// One reading, begun anew where the chip breaks the channel over something that can be done without.
pub(super) async fn inspect(
    mut session: Session,
    key: AccessKey,
    options: Options,
    mut random: StdRng,
) -> Result<Reading, TerminalError> {
    let mut reading = Reading::default();
    let mut manner = Manner::new(match options.extended_length {
        ExtendedLength::Probe => options.response_bytes_max,
        _ => SHORT_RESPONSE_BYTES_MAX,
    });
    loop {
        let mut suspect = None;
        let mut attempt =
            Attempt { session: &mut session, key: &key, options: &options, manner: &mut manner, reading: &mut reading };
        match (attempt.run(&mut random, &mut suspect).await, suspect) {
            // Each of them is given up once, and no file is asked for after it was refused, so this ends.
            (Err(TerminalError::Secure { source: SecureError::Unprotected(_), .. }), Some(suspect)) => {
                manner.concede(suspect);
                session.channel = None;
            }
            (Err(error), _) => return Err(error),
            (Ok(()), _) => break,
        }
    }
    reading.commands = session.commands;
    Ok(reading)
}

struct Attempt<'a> {
    session: &'a mut Session,
    key: &'a AccessKey,
    options: &'a Options,
    manner: &'a mut Manner,
    reading: &'a mut Reading,
}

impl Attempt<'_> {
    async fn run(&mut self, random: &mut StdRng, suspect: &mut Option<Suspect>) -> Result<(), TerminalError> {
        self.session.enter(Stage::Selecting);
        access::select_application(self.session).await?;
        self.session.enter(Stage::Access);
        self.reading.access =
            if access::basic(self.session, self.key, random).await? { Access::Bac } else { Access::Open };
        if self.reading.contents.com.is_empty() {
            self.reading.contents.com = std::mem::take(&mut *self.required(Stage::Com, File::COM, suspect).await?);
        }
        if self.reading.contents.sod.is_empty() {
            self.reading.contents.sod = std::mem::take(&mut *self.required(Stage::Sod, File::SOD, suspect).await?);
        }
        for group in self.groups()? {
            self.group(group, suspect).await?;
        }
        Ok(())
    }

    async fn required(
        &mut self,
        stage: Stage,
        file: File,
        suspect: &mut Option<Suspect>,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, TerminalError> {
        self.session.enter(stage);
        match files::read(self.session, self.manner, file, suspect).await? {
            Found::File(bytes) => Ok(bytes),
            Found::Refused(status) => Err(self.session.refused(status)),
        }
    }

    /// Reads a group unless it is there already, or notes that the chip does not give it.
    async fn group(&mut self, group: u8, suspect: &mut Option<Suspect>) -> Result<(), TerminalError> {
        if self.reading.contents.groups.contains_key(&group) || self.reading.refused.contains_key(&group) {
            return Ok(());
        }
        self.session.enter(Stage::Group(group));
        match files::read(self.session, self.manner, File::group(group), suspect).await? {
            Found::File(mut bytes) => {
                self.reading.contents.groups.insert(group, std::mem::take(&mut *bytes));
            }
            Found::Refused(status) => {
                self.reading.refused.insert(group, status);
                *suspect = Some(Suspect::Refusal);
            }
        }
        Ok(())
    }

    /// The groups to read, of those that EF.COM lists.
    fn groups(&self) -> Result<Vec<u8>, TerminalError> {
        let unlisted = || self.session.protocol("EF.COM lists no data groups");
        let (value, _) = tlv::expect(&self.reading.contents.com, 0x60).map_err(|_| unlisted())?;
        let tags = tlv::find(value, 0x5C).map_err(|_| unlisted())?;
        let present: Vec<u8> = tags.iter().filter_map(|&tag| group_of_tag(tag)).collect();
        let wanted = match &self.options.groups {
            Groups::These(wanted) => wanted,
            Groups::All => &present,
        };
        let (first, last): (Vec<u8>, Vec<u8>) = wanted.iter().partition(|group| !SENSITIVE.contains(group));
        let mut groups = Vec::new();
        for group in [14, 15].into_iter().chain(first).chain(last) {
            if present.contains(&group) && !groups.contains(&group) {
                groups.push(group);
            }
        }
        Ok(groups)
    }
}
