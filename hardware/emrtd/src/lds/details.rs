//! DG11 and DG12: further details of person and document; DG16: persons to notify (Doc 9303-10, 4.7.11, 4.7.12 and
//! 4.7.16).
//!
//! Everything here is optional, and issuers differ in what they write: the tag list is not relied upon, and an object
//! that is not known is passed over.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    ChipContents, LdsError, group_tag,
    text::{self, FullDate, FullTime, PersonName, TaggedWriter, names, parts},
};
use crate::tlv;

/// DG11. Zeroed on drop, and printed without content.
#[derive(PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop)]
pub struct PersonalDetails {
    /// The holder's name in full and in national characters.
    pub name: Option<PersonName>,
    /// Other names.
    pub other_names: Vec<PersonName>,
    /// Personal number.
    pub personal_number: String,
    /// Date of birth.
    pub birth: Option<FullDate>,
    /// Place of birth, part by part.
    pub place_of_birth: Vec<String>,
    /// Permanent address, part by part.
    pub address: Vec<String>,
    /// Telephone.
    pub telephone: String,
    /// Profession.
    pub profession: String,
    /// Title.
    pub title: String,
    /// Personal summary.
    pub summary: String,
    /// An image of a proof of citizenship.
    pub proof_of_citizenship: Vec<u8>,
    /// Numbers of other valid travel documents.
    pub other_documents: Vec<String>,
    /// Custody information.
    pub custody: String,
}

impl fmt::Debug for PersonalDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalDetails(..)")
    }
}

impl PersonalDetails {
    /// Reads the value of DG11.
    fn read(group: &[u8]) -> Result<Self, LdsError> {
        let wrong = |source| LdsError::Tlv { group: 11, source };
        let mut details = Self::default();
        details.other_names = names(group, 0x5F0F).map_err(wrong)?;
        for object in tlv::objects(group) {
            let object = object.map_err(wrong)?;
            let value = object.value;
            match object.tag {
                0x5F0E => details.name = Some(text::name(value)),
                0x5F10 => details.personal_number = text::text(value),
                0x5F2B => details.birth = FullDate::read(value),
                0x5F11 => details.place_of_birth = parts(value),
                0x5F42 => details.address = parts(value),
                0x5F12 => details.telephone = text::text(value),
                0x5F13 => details.profession = text::text(value),
                0x5F14 => details.title = text::text(value),
                0x5F15 => details.summary = text::text(value),
                0x5F16 => details.proof_of_citizenship = value.to_vec(),
                0x5F17 => details.other_documents = parts(value),
                0x5F18 => details.custody = text::text(value),
                _ => {}
            }
        }
        Ok(details)
    }

    /// Writes EF.DG11.
    pub fn file(&self) -> Vec<u8> {
        let mut writer = TaggedWriter::default();
        if let Some(name) = &self.name {
            writer.put_name(0x5F0E, name);
        }
        writer.put_names(0x5F0F, &self.other_names);
        writer.put_text(0x5F10, &self.personal_number);
        if let Some(birth) = self.birth {
            writer.put_text(0x5F2B, &birth.write());
        }
        writer.put_text(0x5F11, &self.place_of_birth.join("<"));
        writer.put_text(0x5F42, &self.address.join("<"));
        writer.put_text(0x5F12, &self.telephone);
        writer.put_text(0x5F13, &self.profession);
        writer.put_text(0x5F14, &self.title);
        writer.put_text(0x5F15, &self.summary);
        if !self.proof_of_citizenship.is_empty() {
            writer.put(0x5F16, &self.proof_of_citizenship);
        }
        writer.put_text(0x5F17, &self.other_documents.join("<"));
        writer.put_text(0x5F18, &self.custody);
        writer.file(group_tag(11).unwrap_or_default())
    }
}

/// DG12. Zeroed on drop, and printed without content.
#[derive(PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop)]
pub struct DocumentDetails {
    /// Issuing authority.
    pub authority: String,
    /// Date of issue.
    pub issued: Option<FullDate>,
    /// Other persons in the document.
    pub other_persons: Vec<PersonName>,
    /// Endorsements and observations.
    pub endorsements: String,
    /// Tax and exit requirements.
    pub tax_exit: String,
    /// An image of the document's front.
    pub front: Vec<u8>,
    /// An image of its back.
    pub rear: Vec<u8>,
    /// When it was personalized.
    #[zeroize(skip)]
    pub personalized: Option<FullTime>,
    /// The serial number of the system that did it.
    pub personalization_system: String,
}

impl fmt::Debug for DocumentDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentDetails(..)")
    }
}

impl DocumentDetails {
    /// Reads the value of DG12.
    fn read(group: &[u8]) -> Result<Self, LdsError> {
        let wrong = |source| LdsError::Tlv { group: 12, source };
        let mut details = Self::default();
        details.other_persons = names(group, 0x5F1A).map_err(wrong)?;
        for object in tlv::objects(group) {
            let object = object.map_err(wrong)?;
            let value = object.value;
            match object.tag {
                0x5F19 => details.authority = text::text(value),
                0x5F26 => details.issued = FullDate::read(value),
                0x5F1B => details.endorsements = text::text(value),
                0x5F1C => details.tax_exit = text::text(value),
                0x5F1D => details.front = value.to_vec(),
                0x5F1E => details.rear = value.to_vec(),
                0x5F55 => details.personalized = FullTime::read(value),
                0x5F56 => details.personalization_system = text::text(value),
                _ => {}
            }
        }
        Ok(details)
    }

    /// Writes EF.DG12.
    pub fn file(&self) -> Vec<u8> {
        let mut writer = TaggedWriter::default();
        writer.put_text(0x5F19, &self.authority);
        if let Some(issued) = self.issued {
            writer.put_text(0x5F26, &issued.write());
        }
        writer.put_names(0x5F1A, &self.other_persons);
        writer.put_text(0x5F1B, &self.endorsements);
        writer.put_text(0x5F1C, &self.tax_exit);
        for (tag, image) in [(0x5F1D, &self.front), (0x5F1E, &self.rear)] {
            if !image.is_empty() {
                writer.put(tag, image);
            }
        }
        if let Some(personalized) = self.personalized {
            writer.put_text(0x5F55, &personalized.write());
        }
        writer.put_text(0x5F56, &self.personalization_system);
        writer.file(group_tag(12).unwrap_or_default())
    }
}

/// One person of DG16. Zeroed on drop, and printed without content.
#[derive(PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop)]
pub struct PersonToNotify {
    /// When this was written down.
    pub recorded: Option<FullDate>,
    /// Name.
    pub name: PersonName,
    /// Telephone.
    pub telephone: String,
    /// Address, part by part.
    pub address: Vec<String>,
}

impl fmt::Debug for PersonToNotify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonToNotify(..)")
    }
}

/// How many persons DG16 has tags for: A1 to AF (Doc 9303-10, table 80).
pub const PERSONS_TO_NOTIFY_MAX: usize = 15;

impl PersonToNotify {
    fn read(template: &[u8]) -> Result<Self, LdsError> {
        let mut person = Self::default();
        for object in tlv::objects(template) {
            let object = object.map_err(|source| LdsError::Tlv { group: 16, source })?;
            match object.tag {
                0x5F50 => person.recorded = FullDate::read(object.value),
                0x5F51 => person.name = text::name(object.value),
                0x5F52 => person.telephone = text::text(object.value),
                0x5F53 => person.address = parts(object.value),
                _ => {}
            }
        }
        Ok(person)
    }
}

/// Writes EF.DG16 of these persons; those beyond [`PERSONS_TO_NOTIFY_MAX`] have no tag and are left out.
pub fn dg16_file(persons: &[PersonToNotify]) -> Vec<u8> {
    let persons = &persons[..persons.len().min(PERSONS_TO_NOTIFY_MAX)];
    let mut group = tlv::object(0x02, &[persons.len() as u8]);
    for (tag, person) in (0xA1u16..).zip(persons) {
        // No tag list here: the objects are all there are.
        let mut template = Vec::new();
        if let Some(recorded) = person.recorded {
            tlv::push(&mut template, 0x5F50, recorded.write().as_bytes());
        }
        tlv::push(&mut template, 0x5F51, person.name.write().as_bytes());
        for (tag, text) in [(0x5F52, &person.telephone), (0x5F53, &person.address.join("<"))] {
            if !text.is_empty() {
                tlv::push(&mut template, tag, text.as_bytes());
            }
        }
        tlv::push(&mut group, tag, &template);
    }
    tlv::object(group_tag(16).unwrap_or_default(), &group)
}

impl ChipContents {
    /// Further details of the person.
    pub fn dg11(&self) -> Result<PersonalDetails, LdsError> {
        PersonalDetails::read(self.group(11)?)
    }

    /// Further details of the document.
    pub fn dg12(&self) -> Result<DocumentDetails, LdsError> {
        DocumentDetails::read(self.group(12)?)
    }

    /// Persons to notify.
    pub fn dg16(&self) -> Result<Vec<PersonToNotify>, LdsError> {
        let mut persons = Vec::new();
        for object in tlv::objects(self.group(16)?) {
            let object = object.map_err(|source| LdsError::Tlv { group: 16, source })?;
            if (0xA1..=0xAF).contains(&object.tag) {
                persons.push(PersonToNotify::read(object.value)?);
            }
        }
        Ok(persons)
    }
}

#[cfg(test)]
mod tests;
