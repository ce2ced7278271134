//! The inspection procedure (Doc 9303-11, 7.1): what is done with a chip, in which order.

use rand::rngs::StdRng;
use zeroize::Zeroizing;

use super::{
    Access, AccessKey, AccessPolicy, ExtendedLength, Groups, NotDone, Options, Proof, Reading, Stage, TerminalError,
    access::{self, PaceFailure},
    files::{self, File, Found, Manner, Suspect},
    line::Session,
    proofs::{self, Binding},
};
use crate::{
    access::pace::{ChipProof, Offer, PaceError, Password, terminal::Established},
    apdu::SHORT_RESPONSE_BYTES_MAX,
    asn1::oid,
    cms::SignedData,
    eac::terminal_authentication,
    lds::{AtrInfo, group_of_tag},
    passive,
    security_info::{Mapping, PaceProtocol, SecurityInfo, SecurityInfos},
    tlv,
};

/// DG3 and DG4 open to Terminal Authentication only (Doc 9303-11, 7.1): read last, so that a refusal costs nothing.
const SENSITIVE: [u8; 2] = [3, 4];
const DG14: u8 = 14;
const DG15: u8 = 15;
/// How often PACE is tried, in the same variant first (Doc 9303-11, 4.4: a failure may have been the field's).
const PACE_TRIES: usize = 3;

/// One reading, begun anew where the chip breaks the channel over something that can be done without.
pub(super) async fn inspect(
    session: Session,
    key: AccessKey,
    options: Options,
    random: StdRng,
) -> Result<Reading, TerminalError> {
    let manner = match options.extended_length {
        _ if options.cautious => Manner::cautious(),
        ExtendedLength::Probe => Manner::new(options.response_bytes_max),
        _ => Manner::new(SHORT_RESPONSE_BYTES_MAX),
    };
    let mut procedure = Procedure {
        session,
        key,
        options,
        random,
        manner,
        suspect: None,
        without_com: false,
        reading: Reading::default(),
        announced: None,
        chip_identifier: Zeroizing::default(),
    };
    loop {
        match (procedure.run().await, procedure.suspect.take()) {
            (Ok(()), _) => break,
            // Each of them is given up once, and no file is asked for after it was refused, so this ends.
            (Err(error @ TerminalError::Secure { .. }), Some(suspect)) => procedure.concede(suspect, error)?,
            (Err(error), _) => return Err(error),
        }
    }
    procedure.reading.commands = procedure.session.commands;
    Ok(procedure.reading)
}

struct Procedure {
    session: Session,
    key: AccessKey,
    options: Options,
    random: StdRng,
    manner: Manner,
    /// What the chip would have stumbled over if the channel broke now.
    suspect: Option<Suspect>,
    /// The chip does not give EF.COM.
    without_com: bool,
    reading: Reading,
    /// What EF.CardAccess says; empty for a chip without it.
    announced: Option<Announced>,
    /// What Terminal Authentication knows the chip by.
    chip_identifier: Zeroizing<Vec<u8>>,
}

enum Announced {
    /// No PACE.
    Nothing,
    /// PACE, in these variants, the best first.
    Pace(Vec<Offer>),
}

impl Procedure {
    /// Prepares another try without the suspect, or gives the error back.
    fn concede(&mut self, suspect: Suspect, error: TerminalError) -> Result<(), TerminalError> {
        let unprotected =
            matches!(error, TerminalError::Secure { source: crate::secure::SecureError::Unprotected(_), .. });
        match suspect {
            Suspect::ChipAuthentication => self.reading.chip_authentication = Proof::Failed(error.to_string()),
            _ if !unprotected => return Err(error),
            Suspect::ActiveAuthentication => self.reading.active_authentication = Proof::Failed(error.to_string()),
            Suspect::TerminalAuthentication => self.reading.terminal_authentication = Proof::Failed(error.to_string()),
            suspect => self.manner.concede(suspect),
        }
        self.session.channel = None;
        self.forget_channel();
        Ok(())
    }

    /// What was shown on a channel says nothing of the next one: another chip may have taken the place.
    fn forget_channel(&mut self) {
        let reading = &mut self.reading;
        let bound = [&mut reading.chip_authentication, &mut reading.terminal_authentication];
        reading.chip_authentication_mapping = Proof::default();
        for proof in bound.into_iter().filter(|proof| proof.passed()) {
            *proof = Proof::default();
        }
        reading.contents.card_security = None;
        self.chip_identifier.clear();
    }

    async fn run(&mut self) -> Result<(), TerminalError> {
        self.session.enter(Stage::Selecting);
        self.open().await?;
        if self.reading.contents.com.is_empty() && !self.without_com {
            self.session.enter(Stage::Com);
            // EF.SOD lists the groups, too, and chips without EF.COM are met.
            match self.optional(File::COM).await? {
                Some(file) => self.reading.contents.com = file,
                None => (self.without_com, self.suspect) = (true, Some(Suspect::Refusal)),
            }
        }
        if self.reading.contents.sod.is_empty() {
            self.session.enter(Stage::Sod);
            self.reading.contents.sod = self.security_object().await?;
        }
        let groups = self.groups()?;
        if groups.contains(&DG14) {
            self.group(DG14).await?;
            self.judge_mapping();
            self.authenticate_chip().await?;
        }
        if groups.contains(&DG15) {
            self.group(DG15).await?;
            self.authenticate_actively().await?;
        }
        for group in groups {
            self.group(group).await?;
        }
        Ok(())
    }

    // --- opening

    /// PACE where the chip announces it and policy lets it, else BAC. Ends in the eMRTD application.
    async fn open(&mut self) -> Result<(), TerminalError> {
        let policy = self.options.access;
        let offers = match self.announced().await? {
            Announced::Pace(offers) if policy != AccessPolicy::BacOnly => Some(offers.clone()),
            _ => None,
        };
        if let Some(offers) = offers {
            self.session.enter(Stage::Access);
            match self.pace(offers).await {
                Ok(()) => return access::select_application(&mut self.session).await,
                Err(error @ TerminalError::PaceFailed(_)) if policy != AccessPolicy::BacAllowed => return Err(error),
                Err(TerminalError::PaceFailed(_)) => self.session.channel = None,
                Err(error) => return Err(error),
            }
        } else if policy == AccessPolicy::PaceOnly {
            return Err(TerminalError::NotOffered("PACE"));
        }
        access::select_application(&mut self.session).await?;
        self.session.enter(Stage::Access);
        let opened = access::basic(&mut self.session, &self.key, &mut self.random).await?;
        self.reading.access = if opened { Access::Bac } else { Access::Open };
        if let AccessKey::Mrz(key) = &self.key {
            self.chip_identifier = terminal_authentication::identifier_after_bac(key).to_vec().into();
        }
        Ok(())
    }

    /// What the chip says of itself before it is opened. Read once: a chip that says something else at another try would
    /// only be harder to understand.
    async fn announced(&mut self) -> Result<&Announced, TerminalError> {
        if self.announced.is_none() {
            let mut first = true;
            let card_access = loop {
                match self.optional(File::CARD_ACCESS).await? {
                    Some(file) if is_set(&file) => break Some(file),
                    // Some chips start in their application, where EF.CVCA has the same identifier.
                    _ if first => access::select_master_file(&mut self.session).await?,
                    other => break other,
                }
                first = false;
            };
            if let Some(file) = card_access {
                if self.options.extended_length == ExtendedLength::Announced
                    && !self.options.cautious
                    && let Some(info) = self.optional(File::ATR_INFO).await?
                {
                    self.manner.response_bytes = announced_response_bytes(&info)
                        .map_or(self.manner.response_bytes, |most| most.min(self.options.response_bytes_max));
                    self.reading.contents.atr_info = Some(info);
                }
                // One that cannot be read may announce PACE: then it did, in a form that is not defined.
                self.announced = Some(match SecurityInfos::parse(&file) {
                    Ok(infos) if !infos.announces_pace() => Announced::Nothing,
                    Ok(infos) => Announced::Pace(Offer::all(&infos)),
                    // Zeros, where a chip without PACE has the file nonetheless.
                    Err(_) if !is_set(&file) => Announced::Nothing,
                    Err(_) => Announced::Pace(Vec::new()),
                });
                self.reading.contents.card_access = Some(file);
            } else {
                self.announced = Some(Announced::Nothing);
            }
        } else {
            access::select_master_file(&mut self.session).await?;
        }
        Ok(self.announced.get_or_insert(Announced::Nothing))
    }

    async fn pace(&mut self, offers: Vec<Offer>) -> Result<(), TerminalError> {
        let mut failure = PaceError::NoOffer;
        // The best twice: it may have been the field. Then the next.
        let tries = offers.first().into_iter().chain(&offers).take(PACE_TRIES);
        for offer in tries {
            let password = match &self.key {
                AccessKey::Mrz(key) => Password::of_mrz(key),
                AccessKey::Can(can) => Password::of_can(can),
            };
            match access::pace(&mut self.session, offer.clone(), password, &mut self.random).await {
                Ok(established) => return self.established(offer, established).await,
                Err(PaceFailure::Pace(PaceError::WrongPassword { .. })) => {
                    return Err(TerminalError::AccessDenied("PACE showed that the chip has another"));
                }
                Err(PaceFailure::Pace(error)) => failure = error,
                Err(PaceFailure::Terminal(error)) => return Err(error),
            }
        }
        Err(TerminalError::PaceFailed(failure.to_string()))
    }

    async fn established(&mut self, offer: &Offer, established: Established) -> Result<(), TerminalError> {
        self.session.channel = Some(crate::secure::Channel::new(established.keys));
        self.chip_identifier = established.chip_key.into();
        self.reading.access = Access::Pace { protocol: offer.protocol, parameter_id: offer.parameter_id };
        if let Some(proof) = established.chip_proof {
            self.session.enter(Stage::CardSecurity);
            self.reading.contents.card_security = self.optional(File::CARD_SECURITY).await?;
            self.reading.chip_authentication_mapping = self.mapping_proof(&proof, offer);
        }
        Ok(())
    }

    fn mapping_proof(&self, proof: &ChipProof, offer: &Offer) -> Proof {
        let Some(file) = &self.reading.contents.card_security else {
            return Proof::Failed("the chip does not give EF.CardSecurity".into());
        };
        // Whether the file is authentic is for passive authentication to say.
        let infos = SignedData::parse(file, oid::SECURITY_OBJECT)
            .ok()
            .and_then(|signed| SecurityInfos::parse(signed.content()).ok());
        match infos.map(|infos| proof.verify(&infos, offer.parameter_id)) {
            Some(Ok(_)) => Proof::Passed,
            Some(Err(error)) => Proof::Failed(error.to_string()),
            None => Proof::Failed("EF.CardSecurity is malformed".into()),
        }
    }

    // --- files

    async fn optional(&mut self, file: File) -> Result<Option<Vec<u8>>, TerminalError> {
        Ok(match files::read(&mut self.session, &mut self.manner, file, &mut self.suspect).await? {
            Found::File(mut bytes) => Some(std::mem::take(&mut *bytes)),
            Found::Refused(_) => None,
        })
    }

    async fn security_object(&mut self) -> Result<Vec<u8>, TerminalError> {
        match files::read(&mut self.session, &mut self.manner, File::SOD, &mut self.suspect).await? {
            Found::File(mut bytes) => Ok(std::mem::take(&mut *bytes)),
            Found::Refused(status) => Err(self.session.refused(status)),
        }
    }

    /// Reads a group unless it is there already, or notes that the chip does not give it.
    async fn group(&mut self, group: u8) -> Result<(), TerminalError> {
        if self.reading.contents.groups.contains_key(&group) || self.reading.refused.contains_key(&group) {
            return Ok(());
        }
        self.session.enter(Stage::Group(group));
        match files::read(&mut self.session, &mut self.manner, File::group(group), &mut self.suspect).await? {
            Found::File(mut bytes) => {
                self.reading.contents.groups.insert(group, std::mem::take(&mut *bytes));
            }
            Found::Refused(status) => {
                self.reading.refused.insert(group, status);
                self.suspect = Some(Suspect::Refusal);
                // It is there: EF.COM or EF.SOD lists it. A copy hides what it would be asked by.
                let proof = match group {
                    DG14 if self.options.chip_authentication => &mut self.reading.chip_authentication,
                    DG15 if self.options.active_authentication => &mut self.reading.active_authentication,
                    _ => return Ok(()),
                };
                *proof = Proof::NotDone(NotDone::Withheld);
            }
        }
        Ok(())
    }

    /// The groups to read: of those that EF.COM lists, and those that EF.SOD signs, which a clone cannot hide.
    fn groups(&self) -> Result<Vec<u8>, TerminalError> {
        let contents = &self.reading.contents;
        let listed = tlv::expect(&contents.com, 0x60).and_then(|(value, _)| tlv::find(value, 0x5C));
        let mut present: Vec<u8> = listed.unwrap_or_default().iter().filter_map(|&tag| group_of_tag(tag)).collect();
        present.extend(passive::signed_groups(&contents.sod).unwrap_or_default());
        if present.is_empty() {
            return Err(self.session.protocol("neither EF.COM nor EF.SOD lists data groups"));
        }
        let wanted = match &self.options.groups {
            Groups::These(wanted) => wanted,
            Groups::All => &present,
        };
        let (first, last): (Vec<u8>, Vec<u8>) = wanted.iter().partition(|group| !SENSITIVE.contains(group));
        let mut groups = Vec::new();
        for group in [DG14, DG15].into_iter().chain(first).chain(last) {
            if present.contains(&group) && !groups.contains(&group) {
                groups.push(group);
            }
        }
        Ok(groups)
    }

    // --- proofs

    fn security_infos(&self) -> Option<SecurityInfos> {
        SecurityInfos::parse_dg14(self.reading.contents.groups.get(&DG14)?).ok()
    }

    /// A chip whose DG14 announces chip authentication mapping and that was opened otherwise has not shown its key: a copy
    /// refuses that variant, or does not announce it where nobody signs.
    fn judge_mapping(&mut self) {
        let maps = |protocol: PaceProtocol| protocol.mapping == Mapping::ChipAuthentication;
        let Some(infos) = self.security_infos() else { return };
        let announced = |info: &SecurityInfo| matches!(info, SecurityInfo::Pace { protocol, .. } if maps(*protocol));
        let waived = matches!(self.options.access, AccessPolicy::BacOnly | AccessPolicy::BacAllowed);
        self.reading.chip_authentication_mapping = match self.reading.access {
            Access::Pace { protocol, .. } if maps(protocol) => return,
            _ if !infos.0.iter().any(announced) => return,
            Access::Bac if waived => Proof::NotDone(NotDone::NotWanted),
            _ if !Offer::all(&infos).iter().any(|offer| maps(offer.protocol)) => Proof::NotDone(NotDone::Unsupported),
            _ => Proof::NotDone(NotDone::Withheld),
        };
    }

    async fn authenticate_chip(&mut self) -> Result<(), TerminalError> {
        let Some(infos) = self.security_infos() else { return Ok(()) };
        if !self.options.chip_authentication {
            self.reading.chip_authentication = Proof::NotDone(NotDone::NotWanted);
        }
        // Not again if it broke the channel. A chip that opened without any is asked, too: a clone may have done so lest
        // it be asked.
        if self.reading.chip_authentication != Proof::default() {
            return Ok(());
        }
        self.suspect = Some(Suspect::ChipAuthentication);
        let done = proofs::chip_authentication(&mut self.session, &self.manner, &infos, &mut self.random).await?;
        self.reading.chip_authentication = done.proof;
        self.suspect = None;
        match done.terminal_key {
            Some(terminal_key) => self.authenticate_terminal(&infos, &terminal_key).await,
            None => Ok(()),
        }
    }

    async fn authenticate_terminal(&mut self, infos: &SecurityInfos, terminal_key: &[u8]) -> Result<(), TerminalError> {
        let offered = infos.0.iter().find_map(|info| match info {
            SecurityInfo::TerminalAuthentication { cvca_file, .. } => Some(*cvca_file),
            _ => None,
        });
        let Some(cvca_file) = offered else { return Ok(()) };
        if self.options.terminal_authentication.is_none() {
            self.reading.terminal_authentication = Proof::NotDone(NotDone::NotWanted);
        }
        if self.reading.terminal_authentication != Proof::default() {
            return Ok(());
        }
        let file = cvca_file.map_or(File::CVCA, |(identifier, short)| File { identifier, short: short.unwrap_or(0) });
        let authorities = match self.optional(file).await? {
            Some(file) => terminal_authentication::read_ef_cvca(&file).map_err(|error| error.to_string()),
            None => Err("the chip does not give EF.CVCA, which names the authorities that it trusts".into()),
        };
        self.suspect = Some(Suspect::TerminalAuthentication);
        // Taken only now: a channel that breaks over EF.CVCA must not cost the credentials.
        let Some(credentials) = self.options.terminal_authentication.take() else { return Ok(()) };
        let proof = match authorities {
            Err(error) => Ok(Proof::Failed(error)),
            Ok(authorities) => {
                let binding = Binding { chip_identifier: &self.chip_identifier, terminal_key };
                let (session, manner) = (&mut self.session, &self.manner);
                let (credentials, today) = (&credentials.credentials, credentials.today);
                proofs::terminal_authentication(session, manner, credentials, today, &authorities, binding).await
            }
        };
        self.options.terminal_authentication = Some(credentials);
        self.reading.terminal_authentication = proof?;
        self.suspect = None;
        Ok(())
    }

    async fn authenticate_actively(&mut self) -> Result<(), TerminalError> {
        let Some(dg15) = self.reading.contents.groups.get(&DG15) else { return Ok(()) };
        if !self.options.active_authentication {
            self.reading.active_authentication = Proof::NotDone(NotDone::NotWanted);
        }
        if self.reading.active_authentication != Proof::NotDone(NotDone::NotOffered) {
            return Ok(());
        }
        let announced = self.security_infos().and_then(|infos| proofs::announced_hash(&infos));
        self.suspect = Some(Suspect::ActiveAuthentication);
        let proof = proofs::active_authentication(&mut self.session, dg15, announced, &mut self.random).await?;
        self.reading.active_authentication = proof;
        self.suspect = None;
        Ok(())
    }
}

/// Whether it may be SecurityInfos.
fn is_set(file: &[u8]) -> bool {
    file.first() == Some(&0x31)
}

/// The longest response that EF.ATR/INFO announces, beyond the short form.
fn announced_response_bytes(atr_info: &[u8]) -> Option<usize> {
    let info = AtrInfo::parse(atr_info).ok()?;
    let most = match info.extended_length {
        Some(lengths) => usize::try_from(lengths.response_bytes_max).ok()?,
        // It can, and does not say how much: a refusal will.
        None => info.capabilities.filter(|capabilities| capabilities.extended_length).map(|_| usize::MAX)?,
    };
    (most > SHORT_RESPONSE_BYTES_MAX).then_some(most)
}
