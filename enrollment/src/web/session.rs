//! Logging in and out, and choosing a language.

use std::{
    future::{Ready, ready},
    time::Instant,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::{StatusCode, header},
    web::{self, Data, Form, Query, ServiceConfig},
};
use sallyport_privacy::{
    accounts::{AccountError, Login, same_origin},
    audit::Act,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    Desk, Role, known_language,
    pages::{LoginPage, Section, rendered},
    redirect, secured,
};

const COOKIE: &str = "sallyport_admin";
pub(super) const LANGUAGE_COOKIE: &str = "sallyport_language";
/// Longest name and password accepted, in bytes: hashing must not become a way to keep the service busy.
const CREDENTIAL_BYTES_MAX: usize = 256;
/// Where staff begin.
const HOME: &str = "/admin/enrollments";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/admin", web::get().to(home))
        .route("/admin/login", web::post().to(log_in))
        .route("/admin/logout", web::post().to(log_out))
        .route("/admin/language", web::post().to(choose_language));
}

/// Somebody who is logged in. A request of anybody else is answered with the way to the login page.
pub(super) struct Staff(pub(super) Login<Role>);

impl Staff {
    /// Whether a form was sent from our own page, with the session's token.
    pub(super) fn sent(&self, request: &HttpRequest, token: &str) -> bool {
        self.0.carries(Some(token)) && !from_elsewhere(request)
    }
}

/// The session has ended, or there was none.
#[derive(Debug, thiserror::Error)]
#[error("log in first")]
pub(super) struct LoginNeeded;

impl ResponseError for LoginNeeded {
    fn status_code(&self) -> StatusCode {
        StatusCode::SEE_OTHER
    }

    fn error_response(&self) -> HttpResponse {
        redirect("/admin?login=needed")
    }
}

impl FromRequest for Staff {
    type Error = LoginNeeded;
    type Future = Ready<Result<Self, LoginNeeded>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(login_of(request).map(Self).ok_or(LoginNeeded))
    }
}

pub(super) fn login_of(request: &HttpRequest) -> Option<Login<Role>> {
    let desk = request.app_data::<Data<Desk>>()?;
    let (cookie, now) = (request.cookie(COOKIE)?, Instant::now());
    let login = desk.0.sessions.find(cookie.value(), now, |name| desk.0.service.accounts.standing(name))?;
    desk.0.sessions.touch(cookie.value(), now);
    Some(login)
}

/// Whether a browser says that a request comes from another page than ours. Programs do not say.
fn from_elsewhere(request: &HttpRequest) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    request.headers().contains_key(header::ORIGIN)
        && !same_origin(text(header::ORIGIN), text(header::HOST), request.app_config().secure())
}

#[derive(Deserialize)]
struct Why {
    login: Option<String>,
}

async fn home(request: HttpRequest, desk: Data<Desk>, why: Query<Why>) -> HttpResponse {
    if login_of(&request).is_some() {
        return redirect(HOME);
    }
    let fault = match why.login.as_deref() {
        Some("wrong") => Some("login-wrong"),
        Some("throttled") => Some("login-throttled"),
        Some("unavailable") => Some("login-unavailable"),
        Some("needed") => Some("login-needed"),
        _ => None,
    };
    rendered(StatusCode::OK, &LoginPage { page: desk.page(&request, None, Section::Other), fault })
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn log_in(request: HttpRequest, desk: Data<Desk>, form: Form<Credentials>) -> HttpResponse {
    let Credentials { name, password } = form.into_inner();
    let password = Zeroizing::new(password);
    if from_elsewhere(&request) {
        return secured(HttpResponse::Forbidden()).finish();
    }
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > CREDENTIAL_BYTES_MAX || password.len() > CREDENTIAL_BYTES_MAX {
        return back_to_login("wrong");
    }
    // The peer's own address: headers that a proxy might add can be forged by anyone.
    let address = request.peer_addr().map_or_else(String::new, |address| address.ip().to_string());
    if !desk.0.throttle.admit(&name, &address, Instant::now()) {
        tracing::warn!(account = %name, %address, "login throttled");
        return back_to_login("throttled");
    }
    let (service, asked) = (desk.0.service.clone(), name.clone());
    let verified = web::block(move || {
        let standing = service.accounts.standing(&asked)?;
        let role = service.accounts.verify(&asked, &password)?;
        Ok((role, standing.ok_or(AccountError::Wrong)?))
    });
    match verified.await.map(|verified| verified.map(|(role, standing)| (role.parse::<Role>(), standing))) {
        Ok(Ok((Ok(role), standing))) => {
            desk.0.throttle.succeeded(&name, &address);
            if noted(&desk, &name, Act::LogIn).await.is_err() {
                return back_to_login("unavailable");
            }
            if let Some(old) = request.cookie(COOKIE) {
                desk.0.sessions.end(old.value());
            }
            let identifier = desk.0.sessions.begin(&name, role, standing, Instant::now());
            tracing::info!(account = %name, "logged in");
            secured(HttpResponse::SeeOther())
                .insert_header((header::LOCATION, HOME))
                .cookie(cookie(&request, COOKIE, identifier))
                .finish()
        }
        Ok(Err(AccountError::Wrong)) => {
            tracing::warn!(account = %name, %address, "login failed");
            // What was typed may be a password: only names of accounts are written down.
            let known = matches!(desk.0.service.accounts.standing(&name), Ok(Some(_)));
            let _ = noted(&desk, if known { &name } else { "unknown" }, Act::LogInRefused).await;
            back_to_login("wrong")
        }
        Ok(Ok((Err(error), _))) => {
            tracing::error!(account = %name, %error, "account of another role");
            back_to_login("unavailable")
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "accounts unavailable");
            back_to_login("unavailable")
        }
        Err(_) => back_to_login("unavailable"),
    }
}

/// Writes a login into the audit trail; a failure is logged.
async fn noted(desk: &Data<Desk>, name: &str, act: Act) -> Result<(), ()> {
    let (service, who) = (desk.0.service.clone(), name.to_owned());
    let noted = web::block(move || service.audit.note(&who, act, None, "web-admin")).await.map_err(|_| ())?;
    noted.map(drop).map_err(|error| tracing::error!(%error, "a login cannot be noted"))
}

fn back_to_login(why: &str) -> HttpResponse {
    redirect(&format!("/admin?login={why}"))
}

fn cookie(request: &HttpRequest, name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/admin")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(request.app_config().secure())
        .finish()
}

/// A form that says nothing but that it is ours.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
}

async fn log_out(request: HttpRequest, desk: Data<Desk>, staff: Staff, form: Form<Token>) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    if let Some(cookie) = request.cookie(COOKIE) {
        desk.0.sessions.end(cookie.value());
    }
    let mut gone = cookie(&request, COOKIE, String::new());
    gone.make_removal();
    secured(HttpResponse::SeeOther()).insert_header((header::LOCATION, "/admin")).cookie(gone).finish()
}

#[derive(Deserialize)]
struct LanguageChoice {
    language: String,
    back: String,
}

async fn choose_language(request: HttpRequest, choice: Form<LanguageChoice>) -> HttpResponse {
    let Some(language) = known_language(&choice.language).filter(|_| !from_elsewhere(&request)) else {
        return redirect("/admin");
    };
    // Only our own pages: never a way to send somebody elsewhere.
    let ours = choice.back.starts_with("/admin")
        && choice.back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !choice.back.contains("//");
    let mut kept = cookie(&request, LANGUAGE_COOKIE, language.to_owned());
    kept.set_max_age(Duration::days(365));
    secured(HttpResponse::SeeOther())
        .insert_header((header::LOCATION, if ours { choice.back.as_str() } else { "/admin" }))
        .cookie(kept)
        .finish()
}
