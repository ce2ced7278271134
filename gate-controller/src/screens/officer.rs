//! The officer station: logging in, seeing, deciding.

use std::{sync::PoisonError, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::{StatusCode, header},
    web::{self, Bytes, Data, Form, Json, Path, ServiceConfig},
};
use sallyport_privacy::{
    accounts::{self, Login},
    audit::Act,
};
use sallyport_protocol::{CrossingId, Door, GateMode, OfficerChoice, Reason};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::oneshot, time};
use zeroize::Zeroizing;

use super::{ANSWER_WITHIN, Station, events, page, secured};
use crate::{
    audit::{GateDeed, NotNoted, Weight},
    view::{AccountError, OfficerOrder, Order, OrderRefused, ReferralImage, Role},
};

const COOKIE: &str = "sallyport_officer";
/// The header in which the page's script sends its session's token.
const TOKEN_HEADER: &str = "x-sallyport-token";
/// Why somebody logs in or out, or looks, in the audit trail.
const STATION: &str = "officer-station";
/// Longest reason accepted, in characters.
const NOTE_CHARS_MAX: usize = 500;
/// Longest name and password accepted, in bytes: hashing must not become a way to keep the gate busy.
const CREDENTIAL_BYTES_MAX: usize = 256;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/officer", web::get().to(station_page))
        .route("/officer/login", web::post().to(login))
        .route("/officer/logout", web::post().to(logout))
        .route("/officer/session", web::get().to(session))
        .route("/officer/alive", web::post().to(alive))
        .route("/officer/events", web::get().to(live))
        .route("/officer/image/{crossing}/{which}", web::get().to(image))
        .route("/officer/decide", web::post().to(decide))
        .route("/officer/mode", web::post().to(set_mode))
        .route("/officer/door", web::post().to(open_door));
}

async fn station_page(request: HttpRequest, station: Data<Station>) -> HttpResponse {
    match station.login_of(&request) {
        Some(_) => page(include_str!("../../assets/officer.html")).await,
        None => page(include_str!("../../assets/login.html")).await,
    }
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn login(request: HttpRequest, station: Data<Station>, form: Form<Credentials>) -> HttpResponse {
    if !same_origin(&request) {
        return secured(HttpResponse::Forbidden()).finish();
    }
    let Credentials { name, password } = form.into_inner();
    let password = Zeroizing::new(password);
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > CREDENTIAL_BYTES_MAX || password.len() > CREDENTIAL_BYTES_MAX {
        return back_to_login("wrong");
    }
    // The peer's own address: headers that a proxy might add can be forged by anyone.
    let address = request.peer_addr().map_or_else(String::new, |address| address.ip().to_string());
    if !station.0.throttle.admit(&name, &address, Instant::now()) {
        tracing::warn!(account = %name, %address, "login throttled");
        return back_to_login("throttled");
    }
    let accounts = station.0.seam.accounts.clone();
    let asked = name.clone();
    let verified = web::block(move || {
        let standing = accounts.standing(&asked)?;
        let role = accounts.verify(&asked, &password)?;
        Ok((role, standing.ok_or(AccountError::Wrong)?))
    })
    .await;
    match verified {
        Ok(Ok((role, standing))) => {
            station.0.throttle.succeeded(&name, &address);
            // Somebody who must open a door gets in, whatever the disk does.
            let _ = station.0.seam.audit.noted(&GateDeed::new(&name, Act::LogIn, STATION), Weight::Safety).await;
            if let Some(old) = request.cookie(COOKIE) {
                station.0.sessions.end(old.value());
            }
            let identifier = station.0.sessions.begin(&name, role, standing, Instant::now());
            tracing::info!(officer = %name, "logged in");
            secured(HttpResponse::SeeOther())
                .insert_header((header::LOCATION, "/officer"))
                .cookie(session_cookie(&request, identifier))
                .finish()
        }
        Ok(Err(AccountError::Wrong)) => {
            tracing::warn!(account = %name, %address, "login failed");
            // What was typed may be a password: only names of accounts are written down.
            let known = matches!(station.0.seam.accounts.standing(&name), Ok(Some(_)));
            let who = if known { &name } else { "unknown" };
            station.0.seam.audit.note(GateDeed::new(who, Act::LogInRefused, STATION));
            back_to_login("wrong")
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "accounts unavailable");
            back_to_login("unavailable")
        }
        Err(_) => back_to_login("unavailable"),
    }
}

fn back_to_login(why: &str) -> HttpResponse {
    secured(HttpResponse::SeeOther()).insert_header((header::LOCATION, format!("/officer?login={why}"))).finish()
}

fn session_cookie(request: &HttpRequest, identifier: String) -> Cookie<'static> {
    Cookie::build(COOKIE, identifier)
        .path("/officer")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(request.app_config().secure())
        .finish()
}

async fn logout(request: HttpRequest, station: Data<Station>) -> HttpResponse {
    match station.authorize(&request) {
        Ok(login) => station.0.seam.audit.note(GateDeed::new(&login.name, Act::LogOut, STATION)),
        Err(why) => return refused(why),
    }
    if let Some(cookie) = request.cookie(COOKIE) {
        station.0.sessions.end(cookie.value());
    }
    let mut gone = session_cookie(&request, String::new());
    gone.make_removal();
    secured(HttpResponse::NoContent()).cookie(gone).finish()
}

async fn session(request: HttpRequest, station: Data<Station>) -> HttpResponse {
    match station.login_of(&request) {
        Some(Login { name, role, token }) => {
            let others = &station.0.seam.others;
            secured(HttpResponse::Ok()).json(json!({ "name": name, "role": role, "token": token, "others": others }))
        }
        None => secured(HttpResponse::Unauthorized()).finish(),
    }
}

async fn alive(request: HttpRequest, station: Data<Station>) -> HttpResponse {
    match station.authorize(&request) {
        Ok(_) => secured(HttpResponse::NoContent()).finish(),
        Err(why) => refused(why),
    }
}

async fn live(request: HttpRequest, station: Data<Station>) -> HttpResponse {
    let Some(identifier) = request.cookie(COOKIE).filter(|_| station.login_of(&request).is_some()) else {
        return secured(HttpResponse::Unauthorized()).finish();
    };
    let views = station.0.seam.gate.clone();
    events::stream_views(views, move || station.login_by(identifier.value()).is_some())
}

async fn image(request: HttpRequest, station: Data<Station>, path: Path<(CrossingId, ReferralImage)>) -> HttpResponse {
    let Some(login) = station.login_of(&request) else {
        return secured(HttpResponse::Unauthorized()).finish();
    };
    let (crossing, which) = path.into_inner();
    match station.0.seam.referral.image(crossing, which) {
        Some(_) if station.noted_look(&login.name, crossing).await.is_err() => {
            secured(HttpResponse::ServiceUnavailable()).finish()
        }
        // The body owns the copy, which is zeroed when the last byte has been handed to the socket.
        Some(jpeg) => secured(HttpResponse::Ok()).content_type("image/jpeg").body(Bytes::from_owner(jpeg)),
        None => secured(HttpResponse::NotFound()).finish(),
    }
}

#[derive(Deserialize)]
struct Decision {
    crossing: CrossingId,
    choice: OfficerChoice,
    note: String,
}

async fn decide(request: HttpRequest, station: Data<Station>, decision: Json<Decision>) -> HttpResponse {
    let Decision { crossing, choice, note } = decision.into_inner();
    match checked(&note) {
        Some(note) => station.order(&request, Order::Decide { crossing, choice, note }).await,
        None => note_missing(),
    }
}

#[derive(Deserialize)]
struct ModeWanted {
    mode: GateMode,
}

async fn set_mode(request: HttpRequest, station: Data<Station>, wanted: Json<ModeWanted>) -> HttpResponse {
    match wanted.mode {
        // Only the fire input releases the doors.
        GateMode::Released => secured(HttpResponse::UnprocessableEntity()).json(json!({ "refused": "not_now" })),
        mode => station.order(&request, Order::SetMode { mode }).await,
    }
}

#[derive(Deserialize)]
struct DoorWanted {
    door: Door,
    note: String,
}

async fn open_door(request: HttpRequest, station: Data<Station>, wanted: Json<DoorWanted>) -> HttpResponse {
    let DoorWanted { door, note } = wanted.into_inner();
    match checked(&note) {
        Some(note) => station.order(&request, Order::OpenDoor { door, note }).await,
        None => note_missing(),
    }
}

fn checked(note: &str) -> Option<String> {
    let note = note.trim();
    (!note.is_empty() && note.chars().count() <= NOTE_CHARS_MAX).then(|| note.to_owned())
}

fn note_missing() -> HttpResponse {
    secured(HttpResponse::UnprocessableEntity()).json(json!({ "refused": "note_missing" }))
}

impl Station {
    fn login_of(&self, request: &HttpRequest) -> Option<Login<Role>> {
        self.login_by(request.cookie(COOKIE)?.value())
    }

    fn login_by(&self, identifier: &str) -> Option<Login<Role>> {
        self.0.sessions.find(identifier, Instant::now(), |name| self.0.seam.accounts.standing(name))
    }

    /// A request that changes something: from a session, from our own page, with the session's token.
    fn authorize(&self, request: &HttpRequest) -> Result<Login<Role>, StatusCode> {
        let login = self.login_of(request).ok_or(StatusCode::UNAUTHORIZED)?;
        let token = request.headers().get(TOKEN_HEADER).and_then(|value| value.to_str().ok());
        if !same_origin(request) || !login.carries(token) {
            return Err(StatusCode::FORBIDDEN);
        }
        if let Some(cookie) = request.cookie(COOKIE) {
            self.0.sessions.touch(cookie.value(), Instant::now());
        }
        Ok(login)
    }

    /// Notes that an officer is about to see the pictures of a crossing, unless that is noted already.
    async fn noted_look(&self, officer: &str, crossing: CrossingId) -> Result<(), NotNoted> {
        {
            let mut looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.crossing != Some(crossing) {
                (looked.crossing, looked.officers) = (Some(crossing), Default::default());
            }
            if looked.officers.contains(officer) {
                return Ok(());
            }
        }
        let deed = GateDeed::new(officer, Act::View, STATION).on(crossing, self.0.seam.referral.enrollment(crossing));
        self.0.seam.audit.noted(&deed, Weight::Needed).await?;
        let mut looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.crossing == Some(crossing) {
            looked.officers.insert(officer.to_owned());
        }
        Ok(())
    }

    async fn order(&self, request: &HttpRequest, order: Order) -> HttpResponse {
        let login = match self.authorize(request) {
            Ok(login) => login,
            Err(why) => return refused(why),
        };
        if login.role != Role::Officer {
            return refused(StatusCode::FORBIDDEN);
        }
        let whose = match &order {
            Order::Decide { crossing, .. } => self.0.seam.referral.enrollment(*crossing),
            _ => None,
        };
        let (deed, weight) = GateDeed::ordered(&login.name, &order, whose);
        let Ok(entry) = self.0.seam.audit.noted(&deed, weight).await else {
            let unwritten = OrderRefused::Equipment { reason: Reason::AuditNotWritten };
            return secured(HttpResponse::Conflict()).json(unwritten);
        };
        let (reply, answer) = oneshot::channel();
        let order = OfficerOrder { officer: login.name, order, reply };
        let sent_and_answered = async {
            self.0.seam.orders.send(order).await.ok()?;
            answer.await.ok()
        };
        match time::timeout(ANSWER_WITHIN, sent_and_answered).await {
            Ok(Some(Ok(()))) => secured(HttpResponse::NoContent()).finish(),
            Ok(Some(Err(refused))) => {
                self.0.seam.audit.failed(entry, deed, "refused");
                secured(HttpResponse::Conflict()).json(refused)
            }
            Ok(None) | Err(_) => {
                self.0.seam.audit.failed(entry, deed, "no-answer");
                secured(HttpResponse::GatewayTimeout()).json(OrderRefused::NoAnswer)
            }
        }
    }
}

fn refused(why: StatusCode) -> HttpResponse {
    secured(HttpResponse::build(why)).json(json!({ "refused": "forbidden" }))
}

pub(crate) fn same_origin(request: &HttpRequest) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    accounts::same_origin(text(header::ORIGIN), text(header::HOST), request.app_config().secure())
}
