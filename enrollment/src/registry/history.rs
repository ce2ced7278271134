//! Which revisions belong to this store's own history.
//!
//! A store that is restored from a backup gives the same numbers to other changes, and a gate that went on from there
//! would miss what happened in between: a suspension, say. So every start of the service begins an epoch of a random
//! name, and the store remembers at which revision: a gate's revision is ours if its epoch is, and had come so far.

use sallyport_protocol::EpochId;
use sallyport_store::{Change, SealedStore, StoreError};
use serde::{Deserialize, Serialize};

pub(super) const EPOCHS: &str = "epochs";
/// Epochs remembered. A gate that was away for longer begins anew.
const EPOCHS_MAX: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct Epoch {
    id: EpochId,
    /// The last revision when it began.
    from: u64,
}

/// The epochs of a store, the last one being the present.
pub(super) struct History(Vec<Epoch>);

impl History {
    /// Begins an epoch after this revision. One that cannot be written down serves for this run; gates that heard of it
    /// begin anew after the next start.
    pub(super) fn begin(store: &SealedStore, last: u64) -> Result<Self, StoreError> {
        let (mut known, mut keys) = (Vec::new(), Vec::new());
        for (key, epoch) in store.scan::<Epoch>(EPOCHS, None, usize::MAX)? {
            match epoch {
                Ok(epoch) => known.push(epoch),
                // Where it began is unknown, and so where those before it ended.
                Err(error) => {
                    tracing::error!(%error, "damaged record of an epoch: gates of earlier ones begin anew");
                    known.clear();
                }
            }
            keys.push(key);
        }
        let epoch = Epoch { id: EpochId::random(), from: last };
        let newest = keys.last().and_then(|key| Some(u64::from_be_bytes(key[..].try_into().ok()?)));
        let next = newest.map_or(0, |newest| newest.saturating_add(1));
        let over = (keys.len() + 1).saturating_sub(EPOCHS_MAX);
        let mut changes = vec![store.seal(EPOCHS, &next.to_be_bytes(), &epoch)?];
        changes.extend(keys.drain(..over).map(|key| Change::Remove { tree: EPOCHS, key }));
        if let Err(error) = store.apply(changes) {
            tracing::warn!(%error, "the start of this run cannot be noted: gates begin anew after the next one");
        }
        known.push(epoch);
        Ok(Self(known))
    }

    /// The present epoch.
    pub(super) fn present(&self) -> EpochId {
        // There is always one: it began when this was made.
        self.0.last().map_or(EpochId::from_bytes([0; 16]), |epoch| epoch.id)
    }

    /// Whether this revision of this epoch is one of ours; `last` is our last.
    pub(super) fn holds(&self, epoch: Option<EpochId>, revision: u64, last: u64) -> bool {
        if revision == 0 {
            return true;
        }
        let Some(at) = self.0.iter().position(|known| Some(known.id) == epoch) else { return false };
        revision <= self.0.get(at + 1).map_or(last, |next| next.from)
    }
}
