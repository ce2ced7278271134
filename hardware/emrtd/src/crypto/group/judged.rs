//! Explicit domain parameters without a number that were found sound before. Every document of a country brings the same,
//! and to judge a field of 2048 bits takes as long as the rest of an inspection.

use std::sync::{Mutex, PoisonError};

use super::{Group, GroupError};

/// Whoever brings more than these has them judged each time.
const KEPT_MAX: usize = 16;

/// AlgorithmIdentifiers, for the same numbers mean another thing by another algorithm; the latest last.
static SOUND: Mutex<Vec<(Vec<u8>, Group)>> = Mutex::new(Vec::new());

/// The group of this AlgorithmIdentifier, as it was judged before or as `judge` does.
pub(super) fn once(algorithm: &[u8], judge: impl FnOnce() -> Result<Group, GroupError>) -> Result<Group, GroupError> {
    let sound = || SOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, group)) = sound().iter().find(|(known, _)| known == algorithm) {
        return Ok(group.clone());
    }
    let group = judge()?;
    // Numbered ones are known again without any judgment.
    if group.id().is_none() {
        let mut sound = sound();
        if sound.len() == KEPT_MAX {
            sound.remove(0);
        }
        sound.push((algorithm.to_vec(), group.clone()));
    }
    Ok(group)
}
