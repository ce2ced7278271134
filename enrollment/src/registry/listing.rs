//! Enrollments in a list.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;
use sallyport_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{ENROLLMENTS, Enrollment, Registry, RegistryError};

/// An enrollment in a list: damaged ones are listed as such and do not hide the others.
#[derive(Debug)]
pub struct Listed {
    /// Its identifier, if even that is readable.
    pub id: Option<EnrollmentId>,
    /// The enrollment, unless its record is damaged.
    pub enrollment: Result<Enrollment, StoreError>,
}

/// Which enrollments are listed. Damaged ones always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those whose codes were revoked and not all taken anew.
    Revoked,
    /// Those whose consent ends soon, or which have none any more.
    ConsentAsking,
}

impl Only {
    fn takes(self, enrollment: &Enrollment, now: Timestamp) -> bool {
        match self {
            Self::All => true,
            Self::Revoked => enrollment.revoked.is_some(),
            Self::ConsentAsking => enrollment.consents.needs_asking(now),
        }
    }
}

impl Registry {
    /// Enrollments whose name or card number holds all words of `search`, by name, damaged ones first. Names are
    /// sealed, so all records are read; at most `limit` are given, and how many there are.
    pub fn list(
        &self,
        search: &str,
        only: Only,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Listed>, usize), RegistryError> {
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let (mut damaged, mut found) = (Vec::new(), BTreeMap::new());
        let mut count = 0usize;
        self.each::<Enrollment>(ENROLLMENTS, |key, record| {
            let id = <[u8; 16]>::try_from(key).ok().map(EnrollmentId::from_bytes);
            match record {
                Ok(enrollment) if !enrollment.holds(&words) || !only.takes(&enrollment, now) => {}
                Ok(enrollment) => {
                    count += 1;
                    found.insert((enrollment.name.as_str().to_lowercase(), key.to_vec()), enrollment);
                    if found.len() > limit {
                        found.pop_last();
                    }
                }
                Err(error) => {
                    count += 1;
                    let shown = id.map_or_else(|| "?".to_owned(), |id| id.to_string());
                    tracing::error!(enrollment = %shown, %error, "damaged record");
                    damaged.push(Listed { id, enrollment: Err(error) });
                }
            }
            true
        })?;
        let sound =
            found.into_values().map(|enrollment| Listed { id: Some(enrollment.id), enrollment: Ok(enrollment) });
        damaged.extend(sound);
        damaged.truncate(limit);
        Ok((damaged, count))
    }
}
