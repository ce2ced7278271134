//! The checks of passive authentication, each for itself.

use super::{Check, NotDone, Outcome, PassiveError, Report, country::signs_for, security_object::SecurityObject};
use crate::{
    asn1::{dotted, oid},
    certificate::Certificate,
    cms::{CmsError, Signature, SignedData},
    lds::{ChipContents, group_of_tag},
    mrz::Mrz,
    tlv,
    trust::{Entry, TrustStore},
};

/// What is asked of the chain above a signature, in the order in which a failure counts.
const CHAIN: [Check; 13] = [
    Check::SignerChain,
    Check::SignerValidity,
    Check::SignerUsage,
    Check::SignerRevocation,
    Check::CscaValidity,
    Check::CscaUsage,
    Check::CscaRevocation,
    Check::Country,
    Check::DocumentType,
    Check::Identifiers,
    Check::SigningTime,
    Check::CscaKeyPeriod,
    Check::Deviations,
];

/// Checks a document's files at this time (seconds since 1970), everything that can be checked whatever fails.
pub fn inspect(contents: &ChipContents, trust: &TrustStore, at_unix_s: i64) -> Report {
    let mut report = Report::new(at_unix_s);
    let zone = contents.dg1().ok();
    let object = match SecurityObject::parse(&contents.sod) {
        Ok(object) => object,
        Err(error) => {
            report.add(Check::Signature, Err(error));
            let groups: Vec<Check> = contents.groups.keys().map(|&group| Check::GroupHash(group)).collect();
            report.not_done(&groups, &NotDone::NoSecurityObject);
            report.not_done(&CHAIN, &NotDone::NoSecurityObject);
            report.not_done(&[Check::GroupList], &NotDone::NoSecurityObject);
            return report;
        }
    };
    report.signed_groups = object.groups();
    report.lds_version = object.lds_version.clone();
    let signature = verify_signature(&object.signed, trust, &mut report);
    for (&group, file) in &contents.groups {
        let verified = object.verify_hash(group, file);
        if verified.is_ok() {
            report.authentic_groups.push(group);
        }
        report.add(Check::GroupHash(group), verified);
    }
    let unread = report.signed_groups.iter().filter(|group| !contents.groups.contains_key(group));
    let unread: Vec<Check> = unread.map(|&group| Check::GroupHash(group)).collect();
    report.not_done(&unread, &NotDone::NotRead);
    chain(signature, trust, zone.as_ref(), &mut report);
    let group_list = group_list(&contents.com, &report.signed_groups);
    report.add(Check::GroupList, group_list);
    report
}

/// Checks EF.CardSecurity (BSI TR-03110-3, A.1.2.5) like EF.SOD; gives its SecurityInfos too, if its signature holds.
/// They count only if the report's summary is good: a key for PACE-CAM is bound to the document by it.
pub fn inspect_card_security(
    file: &[u8],
    trust: &TrustStore,
    at_unix_s: i64,
    zone: Option<&Mrz>,
) -> (Report, Option<Vec<u8>>) {
    let mut report = Report::new(at_unix_s);
    let signed = match SignedData::parse(file, oid::SECURITY_OBJECT) {
        Ok(signed) => signed,
        Err(error) => {
            report.add(Check::Signature, Err(PassiveError::CardSecurity(error)));
            report.not_done(&CHAIN, &NotDone::NoSecurityObject);
            return (report, None);
        }
    };
    let signature = verify_signature(&signed, trust, &mut report);
    chain(signature, trust, zone, &mut report);
    (report, signature.map(|_| signed.content().to_vec()))
}

fn verify_signature<'a>(signed: &'a SignedData, trust: &'a TrustStore, report: &mut Report) -> Option<Signature<'a>> {
    match signed.verify(&|identifier| trust.signer(identifier)) {
        Ok(signature) => {
            report.signer = Some(signature.signer.subject().to_string());
            report.signing_time_unix_s = signature.signing_time_unix_s;
            report.add(Check::Signature, Outcome::Passed);
            Some(signature)
        }
        Err(error) => {
            report.add(Check::Signature, Err(PassiveError::from(error)));
            None
        }
    }
}

/// All that is asked of the certificates above a signature that holds.
fn chain(signature: Option<Signature<'_>>, trust: &TrustStore, zone: Option<&Mrz>, report: &mut Report) {
    let Some(signature) = signature else {
        return report.not_done(&CHAIN, &NotDone::NoSigner);
    };
    let (signer, at) = (signature.signer, report.at_unix_s);
    let path = trust.path(signer, at);
    let unknown = || PassiveError::CscaUnknown { issuer: signer.issuer().to_string() };
    report.add(Check::SignerChain, path.as_ref().map(|_| ()).map_err(|_| unknown()));
    let path = path.unwrap_or_default();
    report.path = path.iter().map(|entry| entry.certificate.subject().to_string()).collect();
    // Without an anchor, nothing that the signer's certificate says of itself is worth more than the signer.
    let valid = signer.validity().contains(at);
    let expired = || PassiveError::SignerExpired { signer: signer.subject().to_string() };
    report.add(Check::SignerValidity, if valid { Ok(()) } else { Err(expired()) });
    report.add(Check::SignerUsage, signer_usage(signer));
    let above = |check: &dyn Fn(&[&Entry]) -> Outcome| {
        if path.is_empty() { Outcome::NotDone(NotDone::NoCsca) } else { check(&path) }
    };
    report.add(Check::SignerRevocation, above(&|_| signer_revocation(signer, trust, at)));
    report.add(Check::CscaValidity, above(&|path| csca_validity(path, at)));
    report.add(Check::CscaUsage, above(&csca_usage));
    report.add(Check::CscaRevocation, above(&|path| csca_revocation(path, trust, at)));
    report.add(Check::Country, above(&|path| country(signer, path, zone)));
    report.add(Check::DocumentType, document_type(signer, zone));
    report.add(Check::Identifiers, above(&|path| identifiers(signer, path)));
    report.add(Check::SigningTime, signing_time(&signature));
    report.add(Check::CscaKeyPeriod, above(&|path| csca_key_period(signer, path)));
    report.add(Check::Deviations, above(&|_| deviations(signer, trust, zone)));
}

/// Purposes that a CSCA also certifies keys for, by the beginnings of their identifiers: all of ICAO's, which are lists,
/// visas, stamps and seals, and servers and clients on the net.
const OTHER_PURPOSES: [&[u8]; 3] = [oid::ICAO_SECURITY, oid::SERVER_AUTHENTICATION, oid::CLIENT_AUTHENTICATION];

/// Digital signatures, and no other purpose: who signs a master list or a visa's seal must not make documents (Doc
/// 9303-12, 7.1.1 and table 6: the certificate of a document signer names no purpose).
fn signer_usage(signer: &Certificate) -> Outcome {
    let extensions = signer.extensions();
    let wrong = |why: String| Outcome::Failed(PassiveError::SignerUsage { signer: signer.subject().to_string(), why });
    if let Some(kind) = extensions.unknown_critical.first() {
        return wrong(format!("has a critical extension {} that is not understood", dotted(kind)));
    }
    let other = |purpose: &&Vec<u8>| OTHER_PURPOSES.iter().any(|beginning| purpose.starts_with(beginning));
    if let Some(purpose) = extensions.purposes.iter().find(other) {
        return wrong(format!("is for another purpose, {}", dotted(purpose)));
    }
    if extensions.authority == Some(true) {
        return wrong("is a certification authority's".into());
    }
    match extensions.key_usage {
        None => Outcome::NotDone(NotDone::NoExtension("keyUsage")),
        Some(usage) if usage.digital_signature() => Outcome::Passed,
        Some(_) => wrong("is not for digital signatures".into()),
    }
}

fn signer_revocation(signer: &Certificate, trust: &TrustStore, at_unix_s: i64) -> Outcome {
    revocation(signer, trust, at_unix_s).unwrap_or_else(|since_unix_s| {
        Outcome::Failed(PassiveError::SignerRevoked { signer: signer.subject().to_string(), since_unix_s })
    })
}

/// A CSCA that revokes itself is believed: whoever holds its key gains nothing by that.
fn csca_revocation(path: &[&Entry], trust: &TrustStore, at_unix_s: i64) -> Outcome {
    let mut worst = Outcome::Passed;
    for entry in path {
        match revocation(&entry.certificate, trust, at_unix_s) {
            Ok(Outcome::Passed) => {}
            Ok(outcome) => worst = outcome,
            Err(since_unix_s) => {
                let csca = entry.certificate.subject().to_string();
                return Outcome::Failed(PassiveError::CscaRevoked { csca, since_unix_s });
            }
        }
    }
    worst
}

/// Since when a certificate is revoked, as an error; else whether a current list says that it is not.
fn revocation(certificate: &Certificate, trust: &TrustStore, at_unix_s: i64) -> Result<Outcome, i64> {
    let lists = trust.crls_for(certificate);
    // An old list still revokes, and so does one of another key by the same name.
    if let Some(since_unix_s) = lists.iter().find_map(|list| list.revoked_since(certificate.serial())) {
        return Err(since_unix_s);
    }
    let issuer = certificate.issuer().to_string();
    let Some(newest) = lists.iter().max_by_key(|list| list.this_update_unix_s()) else {
        return Ok(Outcome::NotDone(NotDone::NoRevocationList { issuer }));
    };
    match newest.next_update_unix_s() {
        Some(until_unix_s) if until_unix_s < at_unix_s => {
            Ok(Outcome::NotDone(NotDone::RevocationListStale { issuer, until_unix_s }))
        }
        _ => Ok(Outcome::Passed),
    }
}

fn csca_validity(path: &[&Entry], at_unix_s: i64) -> Outcome {
    let expired = path.iter().find(|entry| !entry.certificate.validity().contains(at_unix_s));
    expired.map_or(Outcome::Passed, |entry| {
        Outcome::Failed(PassiveError::CscaExpired { csca: entry.certificate.subject().to_string() })
    })
}

fn csca_usage(path: &[&Entry]) -> Outcome {
    let mut worst = Outcome::Passed;
    for entry in path {
        let extensions = entry.certificate.extensions();
        let allowed = extensions.authority != Some(false)
            && extensions.key_usage.is_none_or(|usage| usage.certificate_signing())
            && extensions.unknown_critical.is_empty();
        if !allowed {
            return Outcome::Failed(PassiveError::CscaUsage { csca: entry.certificate.subject().to_string() });
        }
        // The oldest CSCAs have no extensions; somebody vouches for them.
        if extensions.authority.is_none() {
            worst = Outcome::NotDone(NotDone::NoExtension("basicConstraints"));
        }
    }
    worst
}

/// Doc 9303-12, 7.1.1: the country of the signer is that of its CSCA, and both are the issuer's of the zone.
fn country(signer: &Certificate, path: &[&Entry], zone: Option<&Mrz>) -> Outcome {
    let Some(zone) = zone else { return Outcome::NotDone(NotDone::NoZone) };
    let csca = path.first().and_then(|entry| entry.certificate.country());
    // What a signer's certificate lacks, its issuer's says.
    let countries = [signer.country().or_else(|| csca.clone()), csca];
    for country in countries.map(Option::unwrap_or_default) {
        if !signs_for(&country, &zone.issuer) {
            return Outcome::Failed(PassiveError::CountryMismatch { signer: country, issuer: zone.issuer.clone() });
        }
    }
    Outcome::Passed
}

/// A single letter in the list allows every code that begins with it.
fn document_type(signer: &Certificate, zone: Option<&Mrz>) -> Outcome {
    let Some(allowed) = &signer.extensions().document_types else {
        return Outcome::NotDone(NotDone::NoExtension("documentTypeList"));
    };
    let Some(zone) = zone else { return Outcome::NotDone(NotDone::NoZone) };
    let code = zone.document_code.trim_end_matches('<').to_uppercase();
    let fits = |allowed: &String| *allowed == code || (allowed.len() == 1 && code.starts_with(allowed.as_str()));
    if allowed.iter().any(fits) {
        return Outcome::Passed;
    }
    Outcome::Failed(PassiveError::SignerNotForThisDocumentType { document: code, allowed: allowed.join(", ") })
}

/// Names and key identifiers of each certificate against its issuer's. The signatures hold already.
fn identifiers(signer: &Certificate, path: &[&Entry]) -> Outcome {
    let mut below = signer;
    for entry in path {
        let issuer = &entry.certificate;
        let wrong = |what| {
            let certificate = below.subject().to_string();
            Outcome::Failed(PassiveError::Identifiers { certificate, what })
        };
        if below.issuer().key() != issuer.subject().key() {
            return wrong("issuer's name");
        }
        let keys = (&below.extensions().authority_key, &issuer.extensions().subject_key);
        if let (Some(named), Some(own)) = keys
            && named != own
        {
            return wrong("issuer's key identifier");
        }
        below = issuer;
    }
    Outcome::Passed
}

fn signing_time(signature: &Signature<'_>) -> Outcome {
    let Some(time) = signature.signing_time_unix_s else { return Outcome::NotDone(NotDone::NoSigningTime) };
    let period = signature.signer.extensions().private_key_usage;
    if signature.signer.validity().contains(time) && period.is_none_or(|period| period.contains(time)) {
        return Outcome::Passed;
    }
    Outcome::Failed(PassiveError::SignedOutOfPeriod { signer: signature.signer.subject().to_string() })
}

/// A signer's validity may begin some time before it was certified, so its first day is the earliest that can be.
fn csca_key_period(signer: &Certificate, path: &[&Entry]) -> Outcome {
    let Some(csca) = path.first().map(|entry| &entry.certificate) else { return Outcome::NotDone(NotDone::NoCsca) };
    let Some(period) = csca.extensions().private_key_usage else {
        return Outcome::NotDone(NotDone::NoExtension("privateKeyUsagePeriod"));
    };
    if period.contains(signer.validity().from_unix_s) {
        return Outcome::Passed;
    }
    Outcome::Failed(PassiveError::SignedOutOfPeriod { signer: csca.subject().to_string() })
}

fn deviations(signer: &Certificate, trust: &TrustStore, zone: Option<&Mrz>) -> Outcome {
    let country = signer.country();
    let lists: Vec<_> = trust
        .deviation_lists()
        .iter()
        .filter(|list| list.signer().is_some_and(|it| it.country.is_some() && it.country == country))
        .collect();
    if lists.is_empty() {
        return Outcome::NotDone(NotDone::NoDeviationList);
    }
    let told: Vec<String> = lists
        .iter()
        .flat_map(|list| list.of(signer, zone))
        .map(|description| description.text.clone().unwrap_or_else(|| dotted(&description.kind)))
        .collect();
    if told.is_empty() { Outcome::Passed } else { Outcome::Failed(PassiveError::Deviation(told.join("; "))) }
}

/// EF.COM against the groups that were signed (Doc 9303-10, 4.6.1).
fn group_list(com: &[u8], signed: &[u8]) -> Outcome {
    let tags = tlv::expect(com, 0x60).and_then(|(value, _)| tlv::find(value, 0x5C));
    let Ok(tags) = tags else { return Outcome::NotDone(NotDone::NoCom) };
    let mut listed: Vec<u8> = tags.iter().filter_map(|&tag| group_of_tag(tag)).collect();
    listed.sort_unstable();
    listed.dedup();
    if listed == signed {
        return Outcome::Passed;
    }
    let unsigned = listed.iter().copied().filter(|group| !signed.contains(group)).collect();
    let unlisted = signed.iter().copied().filter(|group| !listed.contains(group)).collect();
    Outcome::Failed(PassiveError::GroupList { unsigned, unlisted })
}

impl From<CmsError> for PassiveError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::SignatureInvalid => Self::SignatureInvalid,
            error => Self::SecurityObject(error),
        }
    }
}
