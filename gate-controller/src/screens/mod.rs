//! The traveler screen, the officer station and, with simulated devices, the page for crossings by hand.
//!
//! Everything is embedded; no page loads anything from elsewhere. Pages are static and live: their texts come from
//! `/screens/texts/<language>`, their views by server-sent events.

mod events;
mod officer;
pub mod texts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header,
    web::{self, Data, Path, ServiceConfig},
};
use sallyport_privacy::accounts::{Sessions, Throttle};
use sallyport_protocol::{CrossingId, GateId};
use sallyport_wording::{LANGUAGES, TextError, Texts, direction};
use serde_json::json;
use tokio::sync::{mpsc, watch};

pub(crate) use self::officer::same_origin;
use crate::{
    audit::GateAudit,
    view::{Accounts, GateView, OfficerOrder, ReferralDesk, Role, TravelerView},
};

/// Nothing from elsewhere, no inline script, framed only by our own simulation page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; form-action 'self'; base-uri 'none'";

/// What the supervisor gives the screens.
pub struct Seam {
    /// What the traveler sees.
    pub traveler: watch::Receiver<TravelerView>,
    /// What officers see.
    pub gate: watch::Receiver<GateView>,
    /// Takes officers' orders.
    pub orders: mpsc::Sender<OfficerOrder>,
    /// The images of the referral in progress.
    pub referral: Arc<ReferralDesk>,
    /// Officers' accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Where their acts are noted.
    pub audit: GateAudit,
    /// The language in which the traveler screen starts and to which it returns.
    pub language: String,
    /// Whether devices are simulated, and so `/simulation/page` is there.
    pub simulated: bool,
    /// Other gates, each with the address of its screens.
    pub others: BTreeMap<GateId, String>,
}

/// The screens of one gate. Make one and clone it for every worker: sessions are shared by clones.
#[derive(Clone)]
pub struct Station(Arc<Shared>);

struct Shared {
    seam: Seam,
    texts: Texts,
    sessions: Sessions<Role>,
    throttle: Throttle,
    looked: Mutex<Looked>,
}

/// Who saw the pictures of which crossing: that is noted once.
#[derive(Default)]
struct Looked {
    crossing: Option<CrossingId>,
    officers: BTreeSet<String>,
}

impl Station {
    /// The screens over this seam; fails if a Fluent file is faulty.
    pub fn new(seam: Seam) -> Result<Self, TextError> {
        let texts = texts::load()?;
        let (sessions, throttle, looked) = Default::default();
        Ok(Self(Arc::new(Shared { seam, texts, sessions, throttle, looked })))
    }
}

/// Adds the screens to a server.
pub fn configure(config: &mut ServiceConfig, station: Station) {
    let simulated = station.0.seam.simulated;
    config
        .app_data(Data::new(station))
        .route("/traveler", web::get().to(|| page(include_str!("../../assets/traveler.html"))))
        .route("/traveler/events", web::get().to(traveler_events))
        .route("/screens/texts/{language}", web::get().to(texts_of))
        .route("/screens/assets/{name}", web::get().to(asset));
    officer::configure(config);
    if simulated {
        config.route("/simulation/page", web::get().to(|| page(include_str!("../../assets/simulation.html"))));
    }
}

/// The headers of every answer.
fn secured(mut builder: HttpResponseBuilder) -> HttpResponseBuilder {
    builder
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"));
    builder
}

async fn page(html: &'static str) -> HttpResponse {
    secured(HttpResponse::Ok()).content_type("text/html; charset=utf-8").body(html)
}

async fn asset(name: Path<String>) -> HttpResponse {
    const CSS: &str = "text/css; charset=utf-8";
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let (kind, body) = match name.as_str() {
        "base.css" => (CSS, include_str!("../../assets/base.css")),
        "traveler.css" => (CSS, include_str!("../../assets/traveler.css")),
        "officer.css" => (CSS, include_str!("../../assets/officer.css")),
        "page.js" => (SCRIPT, include_str!("../../assets/page.js")),
        "traveler.js" => (SCRIPT, include_str!("../../assets/traveler.js")),
        "login.js" => (SCRIPT, include_str!("../../assets/login.js")),
        "officer.js" => (SCRIPT, include_str!("../../assets/officer.js")),
        "simulation.js" => (SCRIPT, include_str!("../../assets/simulation.js")),
        _ => return secured(HttpResponse::NotFound()).finish(),
    };
    secured(HttpResponse::Ok()).content_type(kind).body(body)
}

async fn texts_of(station: Data<Station>, language: Path<String>) -> HttpResponse {
    let wanted = match language.as_str() {
        "default" => station.0.seam.language.as_str(),
        other => other,
    };
    match station.0.texts.of(wanted) {
        Some(messages) => secured(HttpResponse::Ok()).json(json!({
            "language": wanted,
            "direction": direction(wanted),
            "languages": LANGUAGES,
            "texts": messages,
        })),
        None => secured(HttpResponse::NotFound()).finish(),
    }
}

async fn traveler_events(station: Data<Station>) -> HttpResponse {
    events::stream_views(station.0.seam.traveler.clone(), || true)
}

/// How long a page waits for the machine to answer an order.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
