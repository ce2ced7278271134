//! How far gates' audit trails have come, as they say themselves. A gate's trail is signed with the gate's own key, so whoever
//! owns a gate can write another history; but not one that agrees with the check-points that are remembered here.

use jiff::{SignedDuration, Timestamp};
use sallyport_privacy::audit::{Checkpoint, Verifier};
use sallyport_protocol::{GateId, TrailHead};
use sallyport_store::{Change, SealedStore, StoreError};
use serde::{Deserialize, Serialize};

const TRAILS: &str = "gate-trails";
/// Keys are the gate, 0, and a check-point's number.
const CHECK_POINTS: &str = "gate-check-points";
/// How far apart in time check-points are that are kept for good, about 200 bytes each; the last one is kept besides. What was
/// written in between can be rewritten by the gate's owner until the next is kept.
const KEPT_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How many are read at a time.
const CHUNK: usize = 500;

/// What is wrong with what a gate says of its trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrailAlarm {
    /// Fewer entries than before.
    #[error("its audit trail is shorter than it was")]
    Cut,
    /// As many entries, and other ones.
    #[error("its audit trail is not what it was")]
    Rewritten,
    /// Another key.
    #[error("its audit trail is signed with another key than before")]
    OtherKey,
    /// No signature of that key, or nothing that can be read.
    #[error("what it says of its audit trail is not signed by it")]
    Unsigned,
}

/// What is remembered of a gate's trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateTrail {
    /// The last head that agreed with those before it.
    pub head: TrailHead,
    /// Its number.
    pub entries: u64,
    /// When a check-point was last kept for good.
    kept: Timestamp,
    /// What is wrong, and since when; it stays until somebody acknowledges it.
    pub alarm: Option<(TrailAlarm, Timestamp)>,
    /// What the gate has said last since then.
    strange: Option<TrailHead>,
}

/// What becomes of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Onward(Checkpoint),
    Nothing,
    Alarm(TrailAlarm),
}

fn parse(said: &TrailHead) -> Option<(Verifier, Checkpoint)> {
    let (key, checkpoint): (Verifier, Checkpoint) = (said.key.parse().ok()?, said.checkpoint.parse().ok()?);
    key.accepts(&checkpoint).then_some((key, checkpoint))
}

fn heard(known: Option<&TrailHead>, said: &TrailHead) -> Heard {
    let Some((key, now)) = parse(said) else { return Heard::Alarm(TrailAlarm::Unsigned) };
    let Some((known_key, before)) = known.and_then(parse) else { return Heard::Onward(now) };
    if key != known_key {
        Heard::Alarm(TrailAlarm::OtherKey)
    } else if now.n < before.n {
        Heard::Alarm(TrailAlarm::Cut)
    } else if now.n > before.n {
        Heard::Onward(now)
    } else if now.agrees_with(&before) {
        Heard::Nothing
    } else {
        Heard::Alarm(TrailAlarm::Rewritten)
    }
}

/// The gates' trails over a store.
#[derive(Debug)]
pub struct Trails(SealedStore);

impl Trails {
    /// The trails in this store.
    pub fn new(store: SealedStore) -> Self {
        Self(store)
    }

    /// Takes what a gate says of its trail. An alarm is logged when it is raised; until it is acknowledged, nothing that the
    /// gate says takes the place of what is remembered.
    pub fn hear(&self, gate: &GateId, said: &TrailHead, now: Timestamp) -> Result<(), StoreError> {
        let known = self.of(gate)?;
        let trail = match (heard(known.as_ref().map(|known| &known.head), said), known) {
            (_, Some(known)) if known.alarm.is_some() => GateTrail { strange: Some(said.clone()), ..known },
            (Heard::Nothing, _) => return Ok(()),
            (Heard::Onward(checkpoint), known) => return self.go_on(gate, said, checkpoint, known, now),
            (Heard::Alarm(alarm), known) => {
                tracing::error!(%gate, "{alarm}: find out who owns that gate, and verify its trail with the check-points kept here");
                // Of a gate that never said anything right, there is nothing to remember.
                let Some(known) = known else { return Ok(()) };
                GateTrail { alarm: Some((alarm, now)), strange: Some(said.clone()), ..known }
            }
        };
        self.0.apply(vec![self.0.seal(TRAILS, gate.as_str().as_bytes(), &trail)?])
    }

    fn go_on(
        &self,
        gate: &GateId,
        said: &TrailHead,
        checkpoint: Checkpoint,
        known: Option<GateTrail>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kept = known.map(|known| known.kept).filter(|kept| now.duration_since(*kept) < KEPT_EVERY);
        let trail = GateTrail {
            head: said.clone(),
            entries: checkpoint.n,
            kept: kept.unwrap_or(now),
            alarm: None,
            strange: None,
        };
        let mut changes = vec![self.0.seal(TRAILS, gate.as_str().as_bytes(), &trail)?];
        if kept.is_none() {
            changes.push(self.0.seal(CHECK_POINTS, &key(gate, checkpoint.n), &said.checkpoint)?);
        }
        self.0.apply(changes)
    }

    /// What is remembered of a gate's trail.
    pub fn of(&self, gate: &GateId) -> Result<Option<GateTrail>, StoreError> {
        self.0.get(TRAILS, gate.as_str().as_bytes())
    }

    /// The check-points that are kept of a gate's trail, one a line, oldest first: for `gate audit verify --head`.
    pub fn check_points(&self, gate: &GateId) -> Result<String, StoreError> {
        let mut lines = Vec::new();
        for at in self.kept(gate)? {
            lines.extend(self.0.get::<String>(CHECK_POINTS, &at)?);
        }
        let last = self.of(gate)?.map(|trail| trail.head.checkpoint);
        lines.extend(last.filter(|last| lines.last() != Some(last)));
        Ok(lines.iter().map(|line| format!("{line}\n")).collect())
    }

    /// Takes for right what the gate says now: its trail was begun anew with somebody's knowledge. What was kept of the
    /// former one is forgotten.
    pub fn acknowledge(&self, gate: &GateId) -> Result<(), StoreError> {
        if self.of(gate)?.is_none_or(|trail| trail.alarm.is_none()) {
            return Ok(());
        }
        let mut changes: Vec<_> =
            self.kept(gate)?.into_iter().map(|key| Change::Remove { tree: CHECK_POINTS, key }).collect();
        changes.push(Change::Remove { tree: TRAILS, key: gate.as_str().as_bytes().to_vec() });
        self.0.apply(changes)
    }

    fn kept(&self, gate: &GateId) -> Result<Vec<Vec<u8>>, StoreError> {
        let (prefix, mut found) = (prefix(gate), Vec::new());
        let mut after = prefix.clone();
        loop {
            let chunk = self.0.keys(CHECK_POINTS, Some(&after), CHUNK)?;
            let own = chunk.iter().take_while(|key| key.starts_with(&prefix)).cloned();
            let before = found.len();
            found.extend(own);
            match found.last() {
                Some(last) if found.len() - before == CHUNK => after = last.clone(),
                _ => return Ok(found),
            }
        }
    }
}

fn prefix(gate: &GateId) -> Vec<u8> {
    [gate.as_str().as_bytes(), &[0]].concat()
}

fn key(gate: &GateId, n: u64) -> Vec<u8> {
    [&prefix(gate)[..], &n.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use sallyport_privacy::{
        audit::{Act, Deed, Signer, Trail},
        memory::Locked,
        vault::Vault,
    };
    use sallyport_store::MemoryStore;

    use super::*;

    struct World {
        folder: tempfile::TempDir,
        trails: Trails,
        gate: GateId,
    }

    impl World {
        fn new() -> Self {
            let store = SealedStore::new(Arc::new(MemoryStore::new()), Vault::new(&[7; 32]));
            let (trails, gate) = (Trails::new(store), "gate-1".parse().unwrap());
            Self { folder: tempfile::tempdir().unwrap(), trails, gate }
        }

        /// A trail of so many entries, and its head.
        fn head(&self, name: &str, seed: u8, entries: u64) -> TrailHead {
            let (log, head) = (self.folder.path().join(name), self.folder.path().join(format!("{name}.head")));
            let signer = Signer::new(Locked::from(&[seed; 32]));
            let key = signer.verifier().to_string();
            let trail = Trail::join(&log, &head, signer).unwrap();
            while trail.last().unwrap().is_none_or(|last| last.n < entries) {
                trail.append(&Deed::new(name, Act::LogIn, "test"), Timestamp::now()).unwrap();
            }
            TrailHead { key, checkpoint: trail.last().unwrap().unwrap().to_string() }
        }

        fn hear(&self, said: &TrailHead, minute: i64) -> Option<TrailAlarm> {
            let at = Timestamp::from_second(60 * minute).unwrap();
            self.trails.hear(&self.gate, said, at).unwrap();
            self.trails.of(&self.gate).unwrap()?.alarm.map(|(alarm, _)| alarm)
        }
    }

    #[test]
    fn a_trail_that_grows_is_followed_and_check_points_are_kept_now_and_then() {
        let world = World::new();
        assert_eq!(world.trails.check_points(&world.gate).unwrap(), "");
        let heads: Vec<_> = (1..=4).map(|n| world.head("a", 1, n)).collect();
        for (minute, head) in [(0, 0), (1, 0), (1, 1), (10, 2), (11, 3)] {
            assert_eq!(world.hear(&heads[head], minute), None);
        }
        assert_eq!(world.trails.of(&world.gate).unwrap().unwrap().entries, 4);
        let kept = world.trails.check_points(&world.gate).unwrap();
        let wanted = [0, 2, 3].map(|head: usize| format!("{}\n", heads[head].checkpoint)).concat();
        assert_eq!(kept, wanted, "the first, one ten minutes later, and the last");
        assert_eq!(world.trails.of(&"gate-11".parse().unwrap()).unwrap(), None);
    }

    #[test]
    fn whatever_is_not_the_same_trail_going_on_raises_an_alarm_that_stays() {
        let longer = World::new().head("b", 1, 3);
        for (name, seed, entries, alarm) in [
            ("b", 1, 1, TrailAlarm::Cut),
            ("b", 1, 2, TrailAlarm::Rewritten),
            ("a", 2, 2, TrailAlarm::OtherKey),
            ("a", 2, 3, TrailAlarm::OtherKey),
        ] {
            let world = World::new();
            let first = world.head("a", 1, 2);
            assert_eq!(world.hear(&first, 0), None);
            let other = World::new().head(name, seed, entries);
            assert_eq!(world.hear(&other, 1), Some(alarm));
            assert_eq!(world.hear(&longer, 20), Some(alarm), "a longer one afterwards makes nothing good");
            assert_eq!(world.trails.check_points(&world.gate).unwrap(), format!("{}\n", first.checkpoint));
            world.trails.acknowledge(&world.gate).unwrap();
            assert_eq!(world.trails.check_points(&world.gate).unwrap(), "");
            assert_eq!(world.hear(&longer, 21), None);
            world.trails.acknowledge(&world.gate).unwrap();
            assert_eq!(world.trails.of(&world.gate).unwrap().unwrap().entries, 3, "nothing to acknowledge");
        }
    }

    #[test]
    fn what_is_not_signed_is_no_head() {
        let world = World::new();
        let head = world.head("a", 1, 2);
        let forged = TrailHead { checkpoint: head.checkpoint.replacen("C 2", "C 3", 1), ..head.clone() };
        let garbage = TrailHead { key: "key".into(), checkpoint: "C".into() };
        assert_eq!(world.hear(&forged, 0), None);
        assert!(world.trails.of(&world.gate).unwrap().is_none(), "nothing to compare with yet");
        assert_eq!(world.hear(&head, 0), None);
        assert_eq!(world.hear(&forged, 1), Some(TrailAlarm::Unsigned));
        assert_eq!(world.hear(&garbage, 1), Some(TrailAlarm::Unsigned));
    }
}
