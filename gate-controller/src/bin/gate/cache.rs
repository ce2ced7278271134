//! Opens the gate's cache, whatever its disk looks like.

use std::{
    sync::{Arc, mpsc::Sender},
    thread,
};

use jiff::SignedDuration;
use sallyport_gate::{
    cache::{Cache, CachePlace},
    config::Config,
    supervisor::{Display, Input},
    view::TravelerInstruction,
};
use sallyport_privacy::{keys::Keys, vault::SystemClock};
use sallyport_protocol::Reason;
use sallyport_store::{StoreError, UpkeepError};

use crate::run::RETRY_AFTER;

/// The cache of a gate that has an enrollment service, as soon as it can be opened; what is wrong with it is told. Without
/// a service there is none, and what an earlier one left is destroyed.
pub(crate) fn open(config: &Config, keys: &Keys, display: &Display, sender: &Sender<Input>) -> Option<Arc<Cache>> {
    let hours = |hours: u32| SignedDuration::from_hours(i64::from(hours));
    let place = CachePlace {
        data: &config.data,
        keys,
        clock: Arc::new(SystemClock),
        rotate_every: hours(config.keys.rotate_hours.get()),
        keep: hours(config.policy.cache_h),
    };
    loop {
        let opened = if config.centre.is_some() {
            place.open().map(Some)
        } else {
            place.destroy().map(|there| {
                if there {
                    tracing::warn!("there is no [centre] any longer: the enrollments that it gave are destroyed");
                }
                None
            })
        };
        match opened {
            Ok(None) => return None,
            Ok(Some((cache, damage))) => {
                if let Some(error) = damage {
                    tracing::error!("the cache was destroyed, and is fetched anew: {}", what_happened(&error));
                    let _ = sender.send(Input::CacheDamaged);
                }
                return Some(Arc::new(cache));
            }
            Err(error) => {
                tracing::error!("{error}");
                let full = matches!(error, UpkeepError::Store(StoreError::Full { .. }));
                let reason = if full { Reason::DiskFull } else { Reason::StoreCorrupt };
                display.show(TravelerInstruction::OutOfService, Some(reason));
                thread::sleep(RETRY_AFTER);
            }
        }
    }
}

/// The store's own words advise how to save records. Here nothing has to be saved.
fn what_happened(error: &UpkeepError) -> String {
    match error {
        UpkeepError::Store(StoreError::RolledBack { .. }) => {
            "an older copy was in its place; find out who wrote to this gate's disk".to_owned()
        }
        UpkeepError::Store(StoreError::Disagrees) => {
            "records were taken out, brought in or put back; find out who wrote to this gate's disk".to_owned()
        }
        UpkeepError::Store(StoreError::Corrupt { why, .. } | StoreError::Damaged { why, .. }) => why.clone(),
        other => other.to_string(),
    }
}
