//! A whole document from a profile: its files, signed, and what its chip keeps to itself.

use std::collections::BTreeMap;

use super::{Authority, Genuineness, IssueError, SodProfile};
use crate::{
    chip::{ChipFiles, Secrets},
    lds,
    mrz::{Can, Mrz},
    security_info::{Mapping, PaceProtocol, SecurityInfo, SecurityInfos},
};

/// The version of PACE that passports have (Doc 9303-11, 9.2.3).
const PACE_VERSION: u64 = 2;

/// What a document shall be.
pub struct DocumentProfile<'a> {
    /// Its zone.
    pub mrz: &'a Mrz,
    /// EF.DG2: [`super::Portrait::dg2`], or [`lds::dg2_file`] for several faces and other encodings.
    pub dg2: Vec<u8>,
    /// How its EF.SOD is made.
    pub sod: SodProfile,
    /// The variants of PACE, each with the number of its standardized domain parameters.
    pub pace: Vec<(PaceProtocol, u8)>,
    /// The number that opens it by PACE, beside the zone.
    pub can: Option<Can>,
    /// How its chip proves itself, and to whom it opens DG3 and DG4.
    pub genuineness: Genuineness,
    /// Further groups, whole files.
    pub more_groups: BTreeMap<u8, Vec<u8>>,
    /// EF.ATR/INFO.
    pub atr_info: Option<Vec<u8>>,
}

impl<'a> DocumentProfile<'a> {
    /// DG1 and DG2, opened by BAC, with nothing to prove itself by.
    pub fn plain(mrz: &'a Mrz, dg2: Vec<u8>) -> Self {
        Self {
            mrz,
            dg2,
            sod: SodProfile::default(),
            pace: Vec::new(),
            can: None,
            genuineness: Genuineness::default(),
            more_groups: BTreeMap::new(),
            atr_info: None,
        }
    }
}

/// An issued document.
pub struct Document {
    /// What its chip holds.
    pub files: ChipFiles,
    /// What its chip keeps to itself.
    pub secrets: Secrets,
}

impl Authority {
    /// Issues a document: writes its files, announces its protocols in EF.CardAccess and DG14, and signs all groups.
    pub fn issue_document(&self, profile: DocumentProfile<'_>) -> Result<Document, IssueError> {
        let pace: Vec<SecurityInfo> = profile
            .pace
            .iter()
            .map(|&(protocol, id)| SecurityInfo::Pace {
                protocol,
                version: PACE_VERSION,
                parameter_id: Some(u64::from(id)),
            })
            .collect();
        let mut groups = profile.more_groups;
        groups.insert(1, lds::write_dg1(&profile.mrz.compose()?));
        groups.insert(2, profile.dg2);
        groups.extend(profile.genuineness.dg14(&pace)?.map(|file| (14, file)));
        groups.extend(profile.genuineness.dg15().map(|file| (15, file)));
        let sod = self.sign_groups(groups.iter().map(|(&group, file)| (group, file.as_slice())), &profile.sod)?;
        let numbers: Vec<u8> = groups.keys().copied().collect();
        let maps_chip = profile.pace.iter().any(|(protocol, _)| protocol.mapping == Mapping::ChipAuthentication);
        let files = ChipFiles {
            com: lds::write_com(&numbers),
            sod,
            groups,
            card_access: (!pace.is_empty()).then(|| SecurityInfos(pace.clone()).to_der()),
            card_security: maps_chip.then(|| self.card_security(&pace, &profile.genuineness)).transpose()?,
            cvca: profile.genuineness.ef_cvca()?,
            atr_info: profile.atr_info,
            dir: None,
        };
        let secrets = Secrets { key: profile.mrz.key(), can: profile.can, genuineness: profile.genuineness };
        Ok(Document { files, secrets })
    }

    /// EF.CardSecurity with the keys for chip authentication mapping.
    fn card_security(&self, pace: &[SecurityInfo], genuineness: &Genuineness) -> Result<Vec<u8>, IssueError> {
        let mut infos = pace.to_vec();
        for key in &genuineness.agreement {
            infos.extend(key.security_infos()?);
        }
        self.sign_card_security(&SecurityInfos(infos).to_der())
    }
}
