//! Live views by server-sent events: the newest view at once, then each change, and a beat every second.

use std::{convert::Infallible, time::Duration};

use actix_web::{HttpResponse, http::header, web::Bytes};
use futures_util::stream;
use serde::Serialize;
use tokio::{sync::watch, time};

/// A page that hears nothing for three of these takes the line as lost.
const BEAT: Duration = Duration::from_secs(1);

/// Streams a watch channel for as long as `allowed` says so and its supervisor lives.
pub(super) fn stream_views<T, F>(mut views: watch::Receiver<T>, allowed: F) -> HttpResponse
where
    T: Serialize + Send + Sync + 'static,
    F: Fn() -> bool + 'static,
{
    if views.has_changed().is_err() {
        return HttpResponse::ServiceUnavailable().insert_header((header::CACHE_CONTROL, "no-store")).finish();
    }
    views.mark_changed();
    let events = stream::unfold((views, allowed), |(mut views, allowed)| async move {
        let changed = time::timeout(BEAT, views.changed()).await;
        if !allowed() {
            return None;
        }
        let event = match changed {
            Err(_) => Bytes::from_static(b"event: beat\ndata:\n\n"),
            Ok(Err(_)) => return None, // the supervisor is gone: the page must not believe the last view
            Ok(Ok(())) => {
                let view = serde_json::to_string(&*views.borrow_and_update()).ok()?;
                Bytes::from(format!("event: view\ndata: {view}\n\n"))
            }
        };
        Some((Ok::<_, Infallible>(event), (views, allowed)))
    });
    super::secured(HttpResponse::Ok()).content_type("text/event-stream; charset=utf-8").streaming(events)
}
