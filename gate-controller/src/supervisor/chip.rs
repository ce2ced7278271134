//! What policy asks of a chip, and what follows from its answers: orders for the terminal, progress, the verdict over its
//! proofs, and a reason for every failure.

use sallyport_emrtd::{
    passive::PassiveError,
    terminal::{AccessPolicy, Groups, NotDone, Options, Progress, Proof, Reading, Stage as ChipStage, TerminalError},
};
use sallyport_protocol::Reason;

use crate::{
    policy::{ChipAccess, ChipGenuineness, Policy},
    transaction::Problem,
};

/// The zone and the portrait.
const ZONE_GROUP: u8 = 1;
const PORTRAIT_GROUP: u8 = 2;
/// The keys of Chip Authentication and of Active Authentication (Doc 9303-10, 4.7.14 and 4.7.15).
const CHIP_AUTHENTICATION_GROUP: u8 = 14;
const ACTIVE_AUTHENTICATION_GROUP: u8 = 15;

/// What the terminal is to do with every chip.
pub(super) fn orders(policy: &Policy) -> Options {
    let prove = policy.chip_genuineness != ChipGenuineness::Off;
    Options {
        access: match policy.chip_access {
            ChipAccess::PaceElseBac => AccessPolicy::PaceElseBac,
            ChipAccess::Pace => AccessPolicy::PaceOnly,
            ChipAccess::BacAllowed => AccessPolicy::BacAllowed,
        },
        groups: Groups::These(vec![ZONE_GROUP, PORTRAIT_GROUP]),
        chip_authentication: prove,
        active_authentication: prove,
        ..Options::default()
    }
}

/// Progress over the whole chip, in percent: the portrait is nearly all of it.
pub(super) fn percent(progress: Progress) -> u8 {
    let within = |from: usize, to: usize| {
        let share = (to - from) * progress.bytes_read / progress.bytes_total.max(1);
        (from + share).min(to) as u8
    };
    match progress.stage {
        ChipStage::Selecting => 0,
        ChipStage::Access => 3,
        ChipStage::CardSecurity => within(6, 8),
        ChipStage::Com => 8,
        ChipStage::Sod => within(9, 16),
        ChipStage::Group(CHIP_AUTHENTICATION_GROUP) => within(16, 18),
        ChipStage::ChipAuthentication => 18,
        ChipStage::TerminalAuthentication => 20,
        ChipStage::Group(ACTIVE_AUTHENTICATION_GROUP) => within(20, 22),
        ChipStage::ActiveAuthentication => 22,
        ChipStage::Group(ZONE_GROUP) => within(24, 26),
        ChipStage::Group(PORTRAIT_GROUP) => within(26, 98),
        _ => 98,
    }
}

/// A group without which nobody crosses, and which the chip does not give.
pub(super) fn refused(reading: &Reading) -> Option<Problem> {
    let (group, status) =
        [ZONE_GROUP, PORTRAIT_GROUP].into_iter().find_map(|group| reading.refused.get_key_value(&group))?;
    Some(Problem::because(Reason::ChipDataRefused, &format_args!("the chip answered {status:04X} for DG{group}")))
}

/// A chip that was opened otherwise than its signed data announce: EF.CardAccess is not signed, and who takes PACE out of
/// it makes every terminal fall back to BAC.
pub(super) fn downgrade(access: ChipAccess, reading: &Reading) -> Option<Problem> {
    (access != ChipAccess::BacAllowed && reading.is_downgraded()).then(|| {
        let why =
            "the signed data (DG14) announce another PACE than EF.CardAccess: somebody may have changed or hidden it";
        Problem::because(Reason::PaceFailed, &why)
    })
}

/// What passive authentication found, as far as proofs rest on it: they count only with keys that the issuer signed.
pub(super) struct Authentic<'a> {
    /// The groups that EF.SOD lists.
    pub signed: &'a [u8],
    /// Those of them that were read and have the signed hashes.
    pub groups: &'a [u8],
    /// EF.CardSecurity, where a proof was made with its key.
    pub card_security: Option<Result<(), PassiveError>>,
}

/// Why this chip counts as a clone, or as one that may be.
pub(super) fn doubt(demand: ChipGenuineness, reading: &Reading, authentic: &Authentic<'_>) -> Option<Problem> {
    if demand == ChipGenuineness::Off {
        return None;
    }
    let (chip, mapping, active) =
        (&reading.chip_authentication, &reading.chip_authentication_mapping, &reading.active_authentication);
    // One that failed outweighs any that passed: a chip has its keys or it has not.
    for (reason, proof) in [
        (Reason::ChipAuthenticationFailed, chip),
        (Reason::ChipAuthenticationFailed, mapping),
        (Reason::ActiveAuthenticationFailed, active),
    ] {
        if let Proof::Failed(why) = proof {
            return Some(Problem::because(reason, why));
        }
    }
    if chip.passed() && authentic.groups.contains(&CHIP_AUTHENTICATION_GROUP)
        || active.passed() && authentic.groups.contains(&ACTIVE_AUTHENTICATION_GROUP)
        || mapping.passed() && authentic.card_security == Some(Ok(()))
    {
        return None;
    }
    let unproven = |why: &dyn std::fmt::Display| Some(Problem::because(Reason::ChipNotProvenGenuine, why));
    if let (true, Some(Err(why))) = (mapping.passed(), &authentic.card_security) {
        return unproven(why);
    }
    if *mapping == Proof::NotDone(NotDone::Withheld) && authentic.groups.contains(&CHIP_AUTHENTICATION_GROUP) {
        return unproven(
            &"the signed data (DG14) announce chip authentication mapping, and the chip opened without it",
        );
    }
    for (group, proof) in [(CHIP_AUTHENTICATION_GROUP, chip), (ACTIVE_AUTHENTICATION_GROUP, active)] {
        if !authentic.signed.contains(&group) {
            continue;
        }
        match proof {
            _ if !authentic.groups.contains(&group) => {
                return unproven(&format_args!("EF.SOD lists DG{group}, which the chip does not give"));
            }
            // DG14 announces more than Chip Authentication, and need not announce that.
            Proof::NotDone(NotDone::NotOffered) => {}
            Proof::NotDone(why) => return unproven(&format_args!("the proof with DG{group} was not done: {why:?}")),
            Proof::Passed | Proof::Failed(_) => {}
        }
    }
    if demand == ChipGenuineness::Required {
        return unproven(&"the document offers no proof, and policy demands one");
    }
    None
}

pub(super) fn chip_problem(error: &TerminalError) -> Problem {
    let reason = match error {
        TerminalError::NoApplication(_) => Reason::DocumentUnreadable,
        TerminalError::AccessDenied(_) => Reason::ChipAccessDenied,
        TerminalError::PaceFailed(_) | TerminalError::NotOffered(_) => Reason::PaceFailed,
        _ => Reason::ChipProtocolError,
    };
    Problem::because(reason, error)
}

pub(super) fn passive_problem(error: &PassiveError) -> Problem {
    let reason = match error {
        // A group that nobody signed was put there by somebody else than the issuer, as a changed one was.
        PassiveError::HashMismatch { .. } | PassiveError::NotSigned(_) => Reason::PaHashMismatch,
        PassiveError::SignatureInvalid => Reason::PaSignatureInvalid,
        PassiveError::CscaUnknown { .. } => Reason::PaCscaUnknown,
        // A chain that ends at no CSCA that counts ends at none; the fact beside it says why.
        PassiveError::CscaExpired { .. } | PassiveError::CscaRevoked { .. } | PassiveError::CscaUsage { .. } => {
            Reason::PaCscaUnknown
        }
        PassiveError::SignerExpired { .. } => Reason::PaSignerExpired,
        PassiveError::SignerRevoked { .. } => Reason::PaSignerRevoked,
        PassiveError::CountryMismatch { .. } => Reason::PaCountryMismatch,
        PassiveError::SignerNotForThisDocumentType { .. } | PassiveError::SignerUsage { .. } => {
            Reason::PaDocumentTypeMismatch
        }
        _ => Reason::PaMalformed,
    };
    Problem::because(reason, error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_emrtd::{
        security_info::{PaceProtocol, SecurityInfo, SecurityInfos},
        terminal::Access,
    };

    use super::*;

    fn reading(groups: &[u8], chip: Proof, active: Proof) -> Reading {
        let mut reading = Reading { chip_authentication: chip, active_authentication: active, ..Reading::default() };
        reading.contents.groups.extend(groups.iter().map(|group| (*group, vec![0])));
        reading
    }

    const fn not_offered() -> Proof {
        Proof::NotDone(NotDone::NotOffered)
    }

    fn failed() -> Proof {
        Proof::Failed("the chip answered in the old channel".to_owned())
    }

    fn verdict(demand: ChipGenuineness, reading: &Reading, signed: &[u8]) -> Option<Reason> {
        let groups: Vec<u8> = reading.contents.groups.keys().copied().filter(|group| signed.contains(group)).collect();
        let authentic = Authentic { signed, groups: &groups, card_security: None };
        doubt(demand, reading, &authentic).map(|problem| problem.reason)
    }

    #[test]
    fn a_clone_is_told_from_a_genuine_chip_and_from_one_that_never_had_a_proof() {
        use ChipGenuineness::{Off, Required, WhenOffered};
        use Reason::{
            ActiveAuthenticationFailed as NoActive, ChipAuthenticationFailed as NoChip,
            ChipNotProvenGenuine as Unproven,
        };
        let unsupported = || Proof::NotDone(NotDone::Unsupported);
        let (all, none): (&[u8], &[u8]) = (&[1, 2, 14, 15], &[1, 2]);
        // What the chip gives, its two proofs; what EF.SOD lists; what follows when offered, and when required.
        for (what, gives, chip, active, signed, offered, required) in [
            ("Chip Authentication", all, Proof::Passed, not_offered(), all, None, None),
            ("Active Authentication", &[1, 2, 15], not_offered(), Proof::Passed, &[1, 2, 15], None, None),
            ("both", all, Proof::Passed, Proof::Passed, all, None, None),
            ("a clone", all, failed(), not_offered(), all, Some(NoChip), Some(NoChip)),
            ("a clone with the other key", all, failed(), Proof::Passed, all, Some(NoChip), Some(NoChip)),
            ("a clone by AA", &[1, 2, 15], not_offered(), failed(), &[1, 2, 15], Some(NoActive), Some(NoActive)),
            ("AA fails where CA passed", all, Proof::Passed, failed(), all, Some(NoActive), Some(NoActive)),
            ("an old document", none, not_offered(), not_offered(), none, None, Some(Unproven)),
            ("DG14 withheld", none, not_offered(), not_offered(), &[1, 2, 14], Some(Unproven), Some(Unproven)),
            ("DG15 withheld", none, not_offered(), not_offered(), &[1, 2, 15], Some(Unproven), Some(Unproven)),
            ("DG14 without a key", &[1, 2, 14], not_offered(), not_offered(), &[1, 2, 14], None, Some(Unproven)),
            ("unknown algorithms", all, unsupported(), not_offered(), all, Some(Unproven), Some(Unproven)),
            ("keys that nobody signed", all, Proof::Passed, Proof::Passed, none, None, Some(Unproven)),
        ] {
            let reading = reading(gives, chip, active);
            assert_eq!(verdict(WhenOffered, &reading, signed), offered, "{what}");
            assert_eq!(verdict(Required, &reading, signed), required, "{what}, required");
            assert_eq!(verdict(Off, &reading, signed), None, "{what}, off");
        }
    }

    #[test]
    fn a_mapping_counts_with_an_authentic_card_security_only() {
        let mut mapped = reading(&[1, 2, 14], not_offered(), not_offered());
        mapped.chip_authentication_mapping = Proof::Passed;
        let verdict = |mapped: &Reading, card_security: Option<Result<(), PassiveError>>| {
            let authentic = Authentic { signed: &[1, 2, 14], groups: &[1, 2, 14], card_security };
            doubt(ChipGenuineness::WhenOffered, mapped, &authentic).map(|problem| problem.reason)
        };
        assert_eq!(verdict(&mapped, Some(Ok(()))), None);
        let forged = Some(Err(PassiveError::SignatureInvalid));
        assert_eq!(verdict(&mapped, forged.clone()), Some(Reason::ChipNotProvenGenuine));
        mapped.chip_authentication = Proof::Passed;
        assert_eq!(verdict(&mapped, forged), None, "another proof with a signed key");
        mapped.chip_authentication_mapping = failed();
        assert_eq!(verdict(&mapped, Some(Ok(()))), Some(Reason::ChipAuthenticationFailed));
        mapped.chip_authentication_mapping = Proof::NotDone(NotDone::Withheld);
        assert_eq!(verdict(&mapped, None), None, "another proof with a signed key");
        mapped.chip_authentication = not_offered();
        assert_eq!(verdict(&mapped, None), Some(Reason::ChipNotProvenGenuine));
    }

    #[test]
    fn whoever_hides_pace_or_its_better_variants_is_found_out() {
        let protocols: Vec<PaceProtocol> = PaceProtocol::all().collect();
        let (better, worse) = (protocols[0], protocols[1]);
        let pace = |protocol| SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(13) };
        let by_pace = |protocol, parameter_id| Access::Pace { protocol, parameter_id };
        let with = |signed: &[SecurityInfo], announced: &[SecurityInfo], access: Access| {
            let mut reading = Reading { access, ..Reading::default() };
            let set = SecurityInfos(signed.to_vec()).to_der();
            let dg14 = [&[0x6E, u8::try_from(set.len()).unwrap()], &set[..]].concat();
            reading.contents.groups.insert(14, dg14);
            reading.contents.card_access = (!announced.is_empty()).then(|| SecurityInfos(announced.to_vec()).to_der());
            let told = downgrade(ChipAccess::PaceElseBac, &reading).map(|problem| problem.reason);
            assert_eq!(downgrade(ChipAccess::BacAllowed, &reading), None);
            told
        };
        let (good, poor) = ([pace(better)], [pace(worse)]);
        assert_eq!(with(&good, &good, by_pace(better, Some(13))), None);
        assert_eq!(with(&good, &poor, by_pace(worse, Some(13))), Some(Reason::PaceFailed));
        assert_eq!(with(&good, &[], Access::Bac), Some(Reason::PaceFailed));
        assert_eq!(with(&[], &[], Access::Bac), None);
        // Older documents announce PACE in EF.CardAccess only.
        assert_eq!(with(&[], &good, by_pace(better, Some(13))), None);
        assert_eq!(downgrade(ChipAccess::PaceElseBac, &Reading::default()), None);
    }

    #[test]
    fn every_failure_of_passive_authentication_has_its_reason() {
        let text = String::new;
        for (error, reason) in [
            (PassiveError::NotSigned(14), Reason::PaHashMismatch),
            (PassiveError::SignatureInvalid, Reason::PaSignatureInvalid),
            (PassiveError::CscaUnknown { issuer: text() }, Reason::PaCscaUnknown),
            (PassiveError::CscaRevoked { csca: text(), since_unix_s: 0 }, Reason::PaCscaUnknown),
            (PassiveError::SignerExpired { signer: text() }, Reason::PaSignerExpired),
            (PassiveError::SignerRevoked { signer: text(), since_unix_s: 0 }, Reason::PaSignerRevoked),
            (PassiveError::CountryMismatch { signer: text(), issuer: text() }, Reason::PaCountryMismatch),
            (
                PassiveError::SignerNotForThisDocumentType { document: text(), allowed: text() },
                Reason::PaDocumentTypeMismatch,
            ),
            (PassiveError::Malformed("cut"), Reason::PaMalformed),
        ] {
            let problem = passive_problem(&error);
            assert_eq!(problem.reason, reason, "{error}");
            assert_eq!(problem.detail, Some(error.to_string()));
        }
    }

    #[test]
    fn only_what_the_crossing_needs_must_not_be_refused() {
        let mut reading = reading(&[1], not_offered(), not_offered());
        reading.refused.insert(14, 0x6982);
        assert_eq!(refused(&reading), None);
        reading.refused.insert(2, 0x6982);
        let problem = refused(&reading);
        assert_eq!(problem.as_ref().map(|problem| problem.reason), Some(Reason::ChipDataRefused));
        assert_eq!(problem.and_then(|problem| problem.detail).as_deref(), Some("the chip answered 6982 for DG2"));
    }

    #[test]
    fn progress_never_goes_back_in_the_order_of_the_reading() {
        let mut last = 0;
        for stage in [
            ChipStage::Selecting,
            ChipStage::Access,
            ChipStage::CardSecurity,
            ChipStage::Com,
            ChipStage::Sod,
            ChipStage::Group(14),
            ChipStage::ChipAuthentication,
            ChipStage::TerminalAuthentication,
            ChipStage::Group(15),
            ChipStage::ActiveAuthentication,
            ChipStage::Group(1),
            ChipStage::Group(2),
        ] {
            for bytes_read in [0, 1, 500, 1_000] {
                let percent = percent(Progress { stage, bytes_read, bytes_total: 1_000 });
                assert!((last..=98).contains(&percent), "{stage:?} {bytes_read}: {percent} after {last}");
                last = percent;
            }
        }
        assert_eq!(last, 98);
    }
}
