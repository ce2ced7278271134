//! The reader's side: a token to what policy needs to know, and the face that it vouches for.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sallyport_emrtd::{
    ChipContents, Mrz,
    mrz::{CivilDate, MrzError},
    passive::{self, Outcome, TrustStore},
    terminal::{self, AccessKey, Options, Progress, ReadError, Reading, Terminal},
};
use sallyport_hardware::document::{DocumentReader, ReaderError, Token};
use sallyport_matcher::{
    Image,
    face::{FaceSample, Source},
};
use sallyport_privacy::template::{Code, FingerCode};
use sallyport_protocol::{CardNumber, CrossingId, EnrollmentForGate, Reason, Stage, TokenKind};

use super::{
    Input,
    chip::{self, Authentic},
    engine::Engine,
    evidence::{Evidence, Fingers, Jpeg, Reference},
};
use crate::{
    cache::Cache,
    policy::{DocumentFacts, EnrollmentFacts, Factor, Policy},
    sync::KeyRing,
    transaction::{Event, Problem},
};

const WAIT: Duration = Duration::from_millis(100);
/// How long the machine may take to want a document read.
const ANSWER: Duration = Duration::from_millis(200);
/// A document that was laid down too early is offered to the machine this often.
const OFFER_EVERY: Duration = Duration::from_secs(1);
/// The reading ends this long before the machine gives it up, so that its own reason is told.
const EARLIER: Duration = Duration::from_millis(500);
const UNAVAILABLE_RETRY: Duration = Duration::from_millis(500);

/// Reader, trust and cache of one gate.
pub(super) struct DocumentStation {
    pub reader: Box<dyn DocumentReader>,
    pub trust: TrustStore,
    pub cache: Option<Arc<Cache>>,
    pub keys: Arc<KeyRing>,
    pub engine: Arc<Engine>,
    pub evidence: Arc<Evidence>,
    pub policy: Policy,
    pub inputs: Sender<Input>,
    /// Since when something lies there that the machine was told of and did not want yet.
    pub unread_since: Option<Instant>,
    /// The crossing in which a chip fell silent; there it is read with caution at the next attempt.
    pub silent_in: Option<CrossingId>,
}

impl DocumentStation {
    /// Watches the reader and reads on order, until the supervisor is gone.
    pub(super) fn run(&mut self, orders: &Receiver<CrossingId>) {
        let mut order = orders.try_recv().ok();
        loop {
            if let Some(crossing) = order.take() {
                self.unread_since = None;
                let result = self.read(crossing);
                self.tell(Event::DocumentRead { crossing, result });
            }
            // Once told of a document, the machine answers at once, if it wants it read at all.
            let patience = if self.watch() { ANSWER } else { Duration::ZERO };
            order = match orders.recv_timeout(patience) {
                Ok(crossing) => Some(crossing),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Whether something lies there to be read: newly laid down, or laid down while the gate was busy with another.
    fn watch(&mut self) -> bool {
        match self.reader.wait(WAIT) {
            Ok(laid) => {
                self.tell(Event::Equipment { reason: Reason::ReaderUnavailable, works: true });
                let waits = self.unread_since.is_some_and(|since| since.elapsed() >= OFFER_EVERY);
                if !laid && waits && !self.reader.is_present() {
                    self.unread_since = None;
                    return false;
                }
                if laid || waits {
                    self.unread_since = Some(Instant::now());
                    self.tell(Event::DocumentPresented { crossing: CrossingId::random() });
                }
                return laid || waits;
            }
            Err(ReaderError::Unavailable { .. }) => {
                self.tell(Event::Equipment { reason: Reason::ReaderUnavailable, works: false });
                thread::sleep(UNAVAILABLE_RETRY);
            }
            Err(error) => tracing::debug!("{error}"),
        }
        false
    }

    fn tell(&self, event: Event) {
        let _ = self.inputs.send(event.into());
    }

    fn read(&mut self, crossing: CrossingId) -> Result<DocumentFacts, Problem> {
        let patience = Duration::from_millis(self.policy.document_ms);
        let deadline = Instant::now() + patience.saturating_sub(EARLIER);
        match self.reader.identify(patience / 2).map_err(|error| reader_problem(&error))? {
            Token::Card { uid } => self.card(crossing, &uid),
            Token::Document { zone } => self.passport(crossing, &zone, deadline),
        }
    }

    // --- travel documents

    fn passport(&mut self, crossing: CrossingId, zone: &str, deadline: Instant) -> Result<DocumentFacts, Problem> {
        let printed = Mrz::parse(zone).map_err(|error| mrz_problem(&error))?;
        self.tell(Event::StageReached { crossing, stage: Stage::Document });
        let reading = self.chip(crossing, &printed, deadline)?;
        self.tell(Event::StageReached { crossing, stage: Stage::Authentication });
        let now = Timestamp::now();
        let signed = self.authenticate(&reading, &printed, now.as_second())?;
        let contents = &reading.contents;
        // Only now: an image decoder is not shown what nobody signed.
        let (sample, portrait) = self.portrait(contents)?;
        self.evidence.lay(crossing, Reference::Portrait(sample.template), Some(portrait));
        Ok(facts_of(&signed, now))
    }

    fn chip(&mut self, crossing: CrossingId, printed: &Mrz, deadline: Instant) -> Result<Box<Reading>, Problem> {
        let key = AccessKey::Mrz(printed.key());
        let cautious = self.silent_in.take() == Some(crossing);
        let orders = Options { cautious, ..chip::orders(&self.policy) };
        let mut terminal = Terminal::with_options(key, orders, &mut rand::rng());
        let (reader, inputs, evidence) = (&mut self.reader, &self.inputs, &self.evidence);
        let mut last = None;
        let mut observe = |progress: Progress| {
            // A reading that is begun anew, around something the chip stumbles over, is not shown as going back.
            let percent = Some(chip::percent(progress)).max(last);
            if let Some(percent) = percent.filter(|_| percent != last) {
                let _ = inputs.send(Input::Progress { crossing, percent });
            }
            last = percent;
        };
        let mut transmit = |command: &[u8]| {
            // A chip that answers byte by byte must not hold the reader for the next traveler.
            if Instant::now() > deadline || !evidence.is_of(crossing) {
                return Err(ReaderError::NoAnswer);
            }
            reader.transmit(command).map(|mut answer| std::mem::take(&mut *answer))
        };
        let read = terminal::read(&mut terminal, &mut transmit, &mut observe);
        if let Err(ReadError::Line(ReaderError::NoAnswer)) = read {
            self.silent_in = Some(crossing);
        }
        let reading = read.map_err(|error| match error {
            ReadError::Line(error) => reader_problem(&error),
            ReadError::Terminal(error) => chip::chip_problem(&error),
        })?;
        tracing::debug!(
            access = ?reading.access,
            chip_authentication = ?reading.chip_authentication,
            mapping = ?reading.chip_authentication_mapping,
            active_authentication = ?reading.active_authentication,
            refused = ?reading.refused,
            commands = reading.commands,
            "the chip is read"
        );
        chip::refused(&reading).map_or(Ok(reading), Err)
    }

    /// Whether the issuer signed what was read, whether it is what is printed, and whether the chip is the issued one.
    fn authenticate(&self, reading: &Reading, printed: &Mrz, at_unix_s: i64) -> Result<Mrz, Problem> {
        let contents = &reading.contents;
        let report = passive::inspect(contents, &self.trust, at_unix_s);
        for (check, outcome) in report.results.iter().filter(|(_, outcome)| *outcome != Outcome::Passed) {
            tracing::debug!(check = check.code(), reason = outcome.reason_code(), "passive authentication");
        }
        let verified = report.summary().map_err(|error| chip::passive_problem(&error))?;
        tracing::debug!(groups = ?verified.groups, "the document is authentic");
        let signed = contents.dg1().map_err(|error| Problem::because(Reason::ChipProtocolError, &error))?;
        if signed != *printed {
            return Err(Reason::ChipMrzMismatch.into());
        }
        let card_security = contents
            .card_security
            .as_ref()
            .map(|file| passive::verify_card_security(file, &self.trust, at_unix_s, Some(&signed)).map(drop));
        let authentic = Authentic { signed: &report.signed_groups, groups: &verified.groups, card_security };
        // A clone is one, however it was opened.
        let doubt = chip::doubt(self.policy.chip_genuineness, reading, &authentic);
        doubt.or_else(|| chip::downgrade(self.policy.chip_access, reading)).map_or(Ok(signed), Err)
    }

    fn portrait(&self, contents: &ChipContents) -> Result<(FaceSample, Jpeg), Problem> {
        let engine = self.engine.get().map_err(|error| Problem::because(Reason::MatcherUnavailable, &error))?;
        let unusable = |error: &dyn std::fmt::Display| Problem::because(Reason::ChipPortraitUnusable, error);
        let portraits = contents.dg2().map_err(|error| unusable(&error))?;
        let portrait = portraits.first().ok_or_else(|| unusable(&"no portrait"))?;
        let image = Image::decode(&portrait.bytes).map_err(|error| unusable(&error))?;
        let sample = engine.template(&image, Source::Portrait).map_err(|error| unusable(&error))?;
        // Encoded anew, so that the officer's browser is not shown a stranger's file either.
        Ok((sample, image.encode_jpeg().map_err(|error| unusable(&error))?))
    }

    // --- cards

    fn card(&self, crossing: CrossingId, uid: &[u8]) -> Result<DocumentFacts, Problem> {
        self.tell(Event::StageReached { crossing, stage: Stage::Document });
        let card = CardNumber::from_uid(uid).map_err(|_| Problem::from(Reason::CardUnknown))?;
        let facts = |enrollment| DocumentFacts {
            token: TokenKind::TrustedTravelerCard,
            document_type: None,
            issuer: None,
            birth: None,
            expiry: None,
            enrollment,
        };
        let Some(cache) = &self.cache else { return Ok(facts(None)) };
        let Some(enrollment) = cache.find(&card).map_err(|error| corrupt(&error))? else { return Ok(facts(None)) };
        let state = cache.state().map_err(|error| corrupt(&error))?;
        if self.keys.generation() != Some(state.key_generation) {
            return Err(Problem::because(Reason::EnrollmentCacheStale, &"the enrollment's key is not here yet"));
        }
        let fingers = self.fingers(&enrollment)?;
        let face = match self.face(&enrollment) {
            Err(problem) if fingers.is_some() => {
                tracing::warn!(reason = %problem.reason, "the enrollment's face cannot be compared, its fingers can");
                None
            }
            other => other?,
        };
        let facts = facts(Some(EnrollmentFacts {
            id: enrollment.id,
            status: enrollment.status,
            expires: enrollment.expires,
            synced: state.synced.unwrap_or(Timestamp::UNIX_EPOCH),
            face: face.is_some(),
            fingers: fingers.is_some(),
        }));
        self.evidence.lay_enrollment(crossing, face, fingers);
        Ok(facts)
    }

    /// The face, where it is enrolled and may be asked for.
    fn face(&self, enrollment: &EnrollmentForGate) -> Result<Option<Reference>, Problem> {
        let (Some(model), Some(code), true) =
            (&enrollment.model, &enrollment.code, self.policy.card_factor.takes(Factor::Face))
        else {
            return Ok(None);
        };
        let engine = self.engine.get().map_err(|error| Problem::because(Reason::MatcherUnavailable, &error))?;
        if model != engine.model() {
            return Err(Problem::because(Reason::EnrollmentCacheStale, &"the enrollment's net is not here yet"));
        }
        let code = Code::from_bytes(code.expose_bytes()).map_err(|error| corrupt(&error))?;
        let projection = self.keys.projection(enrollment).ok_or(Reason::EnrollmentCacheStale)?;
        Ok(Some(Reference::Enrollment(Box::new(code), projection)))
    }

    /// The fingers, where they are enrolled, may be asked for and were read by extractors that this gate has.
    fn fingers(&self, enrollment: &EnrollmentForGate) -> Result<Option<Fingers>, Problem> {
        if enrollment.fingers.is_empty() || !self.policy.card_factor.takes(Factor::Finger) {
            return Ok(None);
        }
        let extraction = self.policy.finger_extraction;
        // Without extractors the sensor's station reports the trouble, and no finger is asked for.
        let Ok(engine) = self.engine.fingers(extraction) else { return Ok(None) };
        let own = |name: &str| extraction.extractors().iter().any(|&kind| engine.extractors.of(kind).name() == name);
        let projection = self.keys.finger_projection(enrollment).ok_or(Reason::EnrollmentCacheStale)?;
        let mut enrolled = Vec::new();
        for finger in
            enrollment.fingers.iter().filter(|finger| own(&finger.extractor) && !finger.impressions.is_empty())
        {
            let codes = finger.impressions.iter().map(|code| FingerCode::from_bytes(code.expose_bytes()));
            enrolled
                .push((finger.extractor.clone(), codes.collect::<Result<_, _>>().map_err(|error| corrupt(&error))?));
        }
        Ok((!enrolled.is_empty()).then_some(Fingers { projection, enrolled }))
    }
}

fn corrupt(error: &dyn std::fmt::Display) -> Problem {
    Problem::because(Reason::StoreCorrupt, error)
}

fn facts_of(mrz: &Mrz, now: Timestamp) -> DocumentFacts {
    let today = TimeZone::UTC.to_datetime(now).date();
    let today = CivilDate { year: today.year().into(), month: today.month() as u8, day: today.day() as u8 };
    let civil = |date: CivilDate| {
        let first = Date::new(date.year.try_into().ok()?, date.month.try_into().ok()?, 1).ok()?;
        // An unknown day of expiry is read as the 31st: the month's last.
        first.with().day(first.days_in_month().min(date.day.try_into().ok()?)).build().ok()
    };
    DocumentFacts {
        token: TokenKind::TravelDocument,
        document_type: Some(mrz.document_code.clone()),
        issuer: Some(mrz.issuer.clone()),
        birth: mrz.birth.as_birth(today).and_then(civil),
        expiry: mrz.expiry.as_expiry(today).and_then(civil),
        enrollment: None,
    }
}

fn reader_problem(error: &ReaderError) -> Problem {
    let reason = match error {
        ReaderError::Unavailable { .. } => Reason::ReaderUnavailable,
        ReaderError::Removed | ReaderError::NoAnswer => Reason::ChipNotResponding,
        ReaderError::ZoneUnreadable(_) => Reason::MrzUnreadable,
        _ => Reason::DocumentUnreadable,
    };
    Problem::because(reason, error)
}

fn mrz_problem(error: &MrzError) -> Problem {
    let reason = match error {
        MrzError::CheckDigit(_) => Reason::MrzCheckDigitWrong,
        _ => Reason::MrzUnreadable,
    };
    Problem::because(reason, error)
}
