//! The web admin: what staff do, in a browser, without any script.
//!
//! Pages are rendered here and escaped by default; forms are plain forms. Every request that changes something comes
//! from a session, from our own page, and with the session's token.

mod audited;
mod consent;
mod deletions;
mod enrollments;
mod fingers;
mod fleet;
mod pages;
mod renewal;
mod rights;
mod session;
mod stated;
mod trail;
mod upload;

use std::{fmt, str::FromStr, sync::Arc};

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
    web::{self, Data, ServiceConfig},
};
use sallyport_privacy::accounts::{Login, Sessions, Throttle};
use sallyport_store::StoreError;
use sallyport_wording::{LANGUAGES, REASONS, TextError, Texts};
use serde::Serialize;

pub use self::{
    audited::{SERVICE, audited},
    stated::StatedReason,
};
use self::{
    pages::{FaultPage, Page, Section},
    session::Staff,
    upload::Upload,
};
use crate::{
    registry::{ConsentError, RegistryError},
    serve::Service,
};

/// Nothing from elsewhere, no script at all, in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

const SOURCES: &[(&str, &str)] = &[
    ("en", include_str!("../../locales/en/admin.ftl")),
    ("fr", include_str!("../../locales/fr/admin.ftl")),
    ("es", include_str!("../../locales/es/admin.ftl")),
    ("ar", include_str!("../../locales/ar/admin.ftl")),
    ("zh", include_str!("../../locales/zh/admin.ftl")),
    ("ja", include_str!("../../locales/ja/admin.ftl")),
];

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Enrolls, suspends, takes new photographs, looks.
    Staff,
    /// That, and deletes.
    Admin,
}

impl Role {
    /// The name in the accounts file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Staff, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no role: use staff or admin"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The web admin over a service. Make one and clone it for every worker: sessions are shared by clones.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

struct Shared {
    service: Arc<Service>,
    texts: Texts,
    language: &'static str,
    sessions: Sessions<Role>,
    throttle: Throttle,
}

impl Desk {
    /// The web admin, starting in this language; fails if a Fluent file is faulty.
    pub fn new(service: Arc<Service>, language: &str) -> Result<Self, TextError> {
        let texts = Texts::load(&[SOURCES, REASONS].concat())?;
        let language = known_language(language).unwrap_or("en");
        let (sessions, throttle) = Default::default();
        Ok(Self(Arc::new(Shared { service, texts, language, sessions, throttle })))
    }

    fn page(&self, request: &HttpRequest, login: Option<Login<Role>>, section: Section) -> Page<'_> {
        let chosen = request.cookie(session::LANGUAGE_COOKIE).and_then(|cookie| known_language(cookie.value()));
        Page::new(&self.0.texts, chosen.unwrap_or(self.0.language), here(request), login, section)
    }

    /// The page that says why something was not done.
    fn fault(&self, request: &HttpRequest, login: Login<Role>, status: StatusCode, text: &'static str) -> HttpResponse {
        let page = self.page(request, Some(login), Section::Other);
        pages::rendered(status, &FaultPage { page, text })
    }

    /// A form that staff sent from our own page; else the page that says why it is refused.
    async fn received(&self, request: &HttpRequest, staff: &Staff, form: Multipart) -> Result<Upload, HttpResponse> {
        let upload = Upload::read(form).await.map_err(|error| {
            tracing::warn!(%error, "a form was refused");
            self.fault(request, staff.0.clone(), StatusCode::BAD_REQUEST, "fault-form")
        })?;
        match staff.sent(request, upload.text("token")) {
            true => Ok(upload),
            false => Err(self.fault(request, staff.0.clone(), StatusCode::FORBIDDEN, "fault-forbidden")),
        }
    }

    fn failed(&self, request: &HttpRequest, login: Login<Role>, error: &RegistryError) -> HttpResponse {
        let (status, text) = fault_of(error);
        if status.is_server_error() {
            tracing::error!(%error, account = %login.name, "a request of staff failed");
        }
        self.fault(request, login, status, text)
    }
}

/// Status and message of what went wrong.
fn fault_of(error: &RegistryError) -> (StatusCode, &'static str) {
    match error {
        RegistryError::Unknown(_) => (StatusCode::NOT_FOUND, "fault-missing"),
        RegistryError::CardTaken(_) => (StatusCode::UNPROCESSABLE_ENTITY, "fault-card-taken"),
        RegistryError::NoFactor => (StatusCode::UNPROCESSABLE_ENTITY, "fault-no-factor"),
        RegistryError::Consent(ConsentError::Missing(_)) => (StatusCode::UNPROCESSABLE_ENTITY, "fault-consent-missing"),
        RegistryError::Consent(ConsentError::TooLong { .. }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "fault-consent-long")
        }
        RegistryError::Consent(_) => (StatusCode::UNPROCESSABLE_ENTITY, "fault-consent-over"),
        RegistryError::EnoughImpressions(_) => (StatusCode::UNPROCESSABLE_ENTITY, "fault-finger-enough"),
        RegistryError::Template(_) => (StatusCode::UNPROCESSABLE_ENTITY, "portrait-failed"),
        RegistryError::Store(StoreError::Full { .. }) => (StatusCode::INSUFFICIENT_STORAGE, "fault-full"),
        RegistryError::Store(StoreError::Corrupt { .. }) => (StatusCode::INTERNAL_SERVER_ERROR, "fault-damaged"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "fault-store"),
    }
}

fn known_language(wanted: &str) -> Option<&'static str> {
    LANGUAGES.iter().map(|(language, _)| *language).find(|language| *language == wanted)
}

/// The page to return to when the language has been chosen: the answer to a form is not asked for again.
fn here(request: &HttpRequest) -> String {
    match request.method() {
        &actix_web::http::Method::GET => request.uri().to_string(),
        _ => "/admin".to_owned(),
    }
}

/// Adds the web admin to a server.
pub fn configure(config: &mut ServiceConfig, desk: Desk) {
    config
        .app_data(Data::new(desk))
        .route("/", web::get().to(|| see_other("/admin")))
        .route("/admin/assets/admin.css", web::get().to(style))
        .configure(session::configure)
        .configure(rights::configure)
        .configure(consent::configure)
        .configure(renewal::configure)
        .configure(deletions::configure)
        .configure(enrollments::configure)
        .configure(fleet::configure)
        .configure(trail::configure)
        .default_service(web::to(|| see_other("/admin")));
}

async fn style() -> HttpResponse {
    let mut builder = secured(HttpResponse::Ok());
    // The one thing that may be kept: it belongs to nobody.
    builder.insert_header((header::CACHE_CONTROL, "max-age=300"));
    builder.content_type("text/css; charset=utf-8").body(include_str!("../../assets/admin.css"))
}

async fn see_other(location: &'static str) -> HttpResponse {
    redirect(location)
}

fn redirect(location: &str) -> HttpResponse {
    secured(HttpResponse::SeeOther()).insert_header((header::LOCATION, location)).finish()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    use sallyport_privacy::audit::Act;

    #[test]
    fn every_language_says_everything() {
        let texts = Texts::load(SOURCES).unwrap();
        let english = texts.of("en").unwrap();
        for (language, _) in LANGUAGES {
            let messages = texts.of(language).unwrap();
            assert_eq!(messages.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language}");
            assert!(messages.values().all(|text| !text.trim().is_empty()), "{language}");
            if *language != "en" {
                let same: Vec<_> = messages.iter().filter(|(name, text)| english[*name] == **text).collect();
                assert!(same.len() <= 4, "{language} was left in English: {same:?}");
            }
        }
    }

    /// Messages that templates and sources name by a literal.
    fn named_messages(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named_messages(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for part in text.split(".t(\"").skip(1) {
                found.insert(part.split('"').next().unwrap().to_owned());
            }
            for literal in text.split('"').filter(|literal| !literal.contains(['\n', ' ', '/'])) {
                if ["portrait-", "fault-", "done-", "login-", "finger-"]
                    .iter()
                    .any(|of| literal.starts_with(of) && literal != *of)
                {
                    found.insert(literal.to_owned());
                }
            }
        }
    }

    #[test]
    fn every_message_that_is_named_exists() {
        let texts = Texts::load(&[SOURCES, REASONS].concat()).unwrap();
        let mut named = BTreeSet::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["templates", "src/web", "src/registry"] {
            named_messages(&root.join(folder), &mut named);
        }
        assert!(named.len() > 60, "{named:?}");
        named.extend(Act::ALL.iter().map(|act| format!("act-{}", act.to_string().replace('_', "-"))));
        named.extend(StatedReason::ALL.iter().map(|reason| format!("why-{reason}")));
        for name in named {
            assert!(texts.of("en").unwrap().contains_key(&name), "no message `{name}`");
        }
    }
}
