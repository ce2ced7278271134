//! Every request of staff is written into the audit trail before it is answered, here and not in each handler, so that none
//! can forget it. What fails afterwards is written down, too. What is done to a person's data on somebody's word needs a
//! reason that staff state; a request without one goes no further.

use actix_web::{
    HttpMessage as _, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::{self, Data, Query},
};
use sallyport_privacy::{
    accounts::Login,
    audit::{self, Act, AuditError},
};
use sallyport_protocol::{EnrollmentId, GateId};
use serde::Deserialize;

use super::{
    Desk, Role,
    pages::{FaultPage, Section, rendered},
    session,
    stated::stated,
};

/// The account of what the service does by itself.
pub const SERVICE: &str = audit::SERVICE;

/// What was noted of a request before it came to its handler.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted {
    /// The trail's entry.
    pub(super) entry: u64,
    /// Its reason.
    pub(super) why: &'static str,
}

/// What a request is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    act: Act,
    of: Of,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    Everybody,
    Person(EnrollmentId),
    Gate(GateId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// What is done says why.
    Known(&'static str),
    /// Staff choose a reason from a list.
    Stated,
}

/// What the trail says of a request; `None`: nothing is done to anybody's data. Whatever is sent for a person or a gate and is
/// not named here needs a stated reason.
fn asked(method: &Method, path: &str, query: &str) -> Option<Asked> {
    let mut parts = path.strip_prefix("/admin/")?.split('/');
    let (section, id, deed) = (parts.next()?, parts.next(), parts.next());
    let post = method == Method::POST;
    let (act, why) = match (section, id, deed) {
        ("logout", None, None) if post => (Act::LogOut, Why::Known("web-admin")),
        ("crossings", None, None) => (Act::Search, Why::Known("crossings")),
        ("audit", None, None) => (Act::Audit, Why::Known("web-admin")),
        ("revoke", None, None) if post => (Act::Revoke, Why::Stated),
        ("deletions", None, None) => (Act::Search, Why::Known("deletions")),
        ("deletions", Some(_), Some("certificate")) => (Act::Export, Why::Known("deletion-certificate")),
        ("deletions", Some(_), None) => (Act::View, Why::Known("deletion")),
        ("gates", Some(_), Some(_)) if post => (Act::Acknowledge, Why::Stated),
        ("enrollments", None, None) if post => (Act::Create, Why::Known("enroll")),
        ("enrollments", None, None) => (Act::Search, Why::Known("enrollments")),
        ("enrollments", Some("new"), None) => return None,
        ("enrollments", Some(_), Some("photograph")) if post => (Act::Change, Why::Known("photograph")),
        ("enrollments", Some(_), Some("fingers")) if post => (Act::Change, Why::Known("fingers")),
        ("enrollments", Some(_), Some("consent")) if post => (Act::Change, Why::Known("consent-given")),
        ("enrollments", Some(_), Some("withdraw")) if post => (Act::Change, Why::Known("consent-withdrawn")),
        ("enrollments", Some(_), Some(deed)) if post => {
            let act = match deed {
                "export" => Act::Export,
                "delete" => Act::Delete,
                "suspend" => Act::Suspend,
                "resume" => Act::Resume,
                "revoke" => Act::Revoke,
                _ => Act::Change,
            };
            (act, Why::Stated)
        }
        ("enrollments", Some(_), _) => (Act::View, Why::Known("look")),
        _ => return None,
    };
    let of = match section {
        "enrollments" | "deletions" => id.and_then(|id| id.parse().ok()).map_or(Of::Everybody, Of::Person),
        "gates" => id.and_then(|id| id.parse().ok()).map_or(Of::Everybody, Of::Gate),
        "audit" => looked_for(query).map_or(Of::Everybody, Of::Person),
        _ => Of::Everybody,
    };
    Some(Asked { act, of, why })
}

/// The person whose entries are looked for in the trail.
fn looked_for(query: &str) -> Option<EnrollmentId> {
    #[derive(Deserialize)]
    struct LookedFor {
        person: String,
    }
    Query::<LookedFor>::from_query(query).ok()?.person.trim().parse().ok()
}

/// Who was enrolled, as the answer to it says.
fn enrolled(location: &str) -> Option<EnrollmentId> {
    location.strip_prefix("/admin/enrollments/")?.split('?').next()?.parse().ok()
}

/// Notes what staff ask for, then lets it happen. What cannot be noted does not happen.
pub async fn audited<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    // The path as routes see it: `%65nrollments` is `enrollments`.
    let asked = asked(request.method(), request.match_info().as_str(), request.query_string());
    let (Some(asked), Some(login), Some(desk)) =
        (asked, session::login_of(request.request()), request.app_data::<Data<Desk>>().cloned())
    else {
        // Of somebody who is not logged in, handlers do nothing.
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let why = match asked.why {
        Why::Known(why) => why,
        Why::Stated => match stated(&mut request).await {
            Some(reason) => reason.name(),
            None => return Ok(refused(request, &desk, login, StatusCode::UNPROCESSABLE_ENTITY, "fault-why")),
        },
    };
    let (act, whose) = (asked.act, asked.whose());
    let (service, who) = (desk.0.service.clone(), login.name.clone());
    let noted = web::block(move || match &asked.of {
        Of::Gate(gate) => service.audit.note_of(&who, act, gate.as_str(), why),
        _ => service.audit.note(&who, act, whose, why),
    });
    let entry = match noted.await.map_err(|error| error.to_string()).and_then(told) {
        Ok(entry) => entry,
        Err(error) => {
            tracing::error!(%error, "a request of staff cannot be noted, and so is not done");
            return Ok(refused(request, &desk, login, StatusCode::INTERNAL_SERVER_ERROR, "fault-store"));
        }
    };
    request.extensions_mut().insert(Noted { entry, why });
    let who = login.name.clone();
    let response = next.call(request).await?;
    let follow_up = match followed(act, whose, response.response()) {
        Some((act, whose)) => {
            let service = desk.0.service.clone();
            web::block(move || service.audit.follow_up(entry, &who, act, whose, "answer")).await
        }
        None => Ok(()),
    };
    if follow_up.is_err() {
        tracing::error!(entry, "what became of a request cannot be noted: the service stops");
    }
    Ok(response.map_into_left_body())
}

fn told(noted: Result<u64, AuditError>) -> Result<u64, String> {
    noted.map_err(|error| error.to_string())
}

fn refused<B: MessageBody>(
    request: ServiceRequest,
    desk: &Desk,
    login: Login<Role>,
    status: StatusCode,
    text: &'static str,
) -> ServiceResponse<EitherBody<B>> {
    let page = desk.page(request.request(), Some(login), Section::Other);
    let response = rendered(status, &FaultPage { page, text });
    request.into_response(response.map_into_right_body())
}

impl Asked {
    fn whose(&self) -> Option<EnrollmentId> {
        match self.of {
            Of::Person(id) => Some(id),
            Of::Everybody | Of::Gate(_) => None,
        }
    }
}

/// What an answer adds to what was noted before it.
fn followed<B>(
    act: Act,
    whose: Option<EnrollmentId>,
    response: &HttpResponse<B>,
) -> Option<(Act, Option<EnrollmentId>)> {
    if response.status().is_client_error() || response.status().is_server_error() {
        return Some((Act::Fail, whose));
    }
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let created = location.filter(|_| act == Act::Create).and_then(enrolled);
    created.map(|id| (Act::Create, Some(id)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_done_to_data_is_told_from_what_is_not_and_whether_somebody_must_say_why() {
        let id = EnrollmentId::random();
        let of = |method: &Method, path: &str| asked(method, path, "").map(|asked| (asked.act, asked.of, asked.why));
        let (one, person) = (format!("/admin/enrollments/{id}"), Of::Person(id));
        let (get, post) = (&Method::GET, &Method::POST);
        let deed = |deed: &str| of(post, &format!("{one}/{deed}"));
        let look = Some((Act::View, person.clone(), Why::Known("look")));
        assert_eq!(of(get, &one), look);
        assert_eq!(of(get, &format!("{one}/delete")), look, "only asked");
        assert_eq!(of(get, &format!("{one}/export")), look, "nothing is given out for asking");
        assert_eq!(deed("photograph"), Some((Act::Change, person.clone(), Why::Known("photograph"))));
        for (path, act) in [
            ("delete", Act::Delete),
            ("suspend", Act::Suspend),
            ("resume", Act::Resume),
            ("export", Act::Export),
            ("revoke", Act::Revoke),
            ("something-new", Act::Change),
        ] {
            assert_eq!(deed(path), Some((act, person.clone(), Why::Stated)), "{path}");
        }
        assert_eq!(of(get, &format!("{one}/withdraw")), look, "only asked");
        assert_eq!(deed("consent"), Some((Act::Change, person.clone(), Why::Known("consent-given"))));
        assert_eq!(deed("withdraw"), Some((Act::Change, person.clone(), Why::Known("consent-withdrawn"))));
        let deletion = format!("/admin/deletions/{id}");
        assert_eq!(of(get, &deletion), Some((Act::View, person.clone(), Why::Known("deletion"))));
        let certificate = Some((Act::Export, person.clone(), Why::Known("deletion-certificate")));
        assert_eq!(of(get, &format!("{deletion}/certificate")), certificate);
        assert_eq!(of(post, "/admin/revoke"), Some((Act::Revoke, Of::Everybody, Why::Stated)));
        let all = |act, why| Some((act, Of::Everybody, Why::Known(why)));
        assert_eq!(of(post, "/admin/enrollments"), all(Act::Create, "enroll"));
        assert_eq!(of(get, "/admin/enrollments"), all(Act::Search, "enrollments"));
        assert_eq!(of(get, "/admin/audit"), all(Act::Audit, "web-admin"));
        let gate = Of::Gate("gate-1".parse().unwrap());
        assert_eq!(of(post, "/admin/gates/gate-1/acknowledge"), Some((Act::Acknowledge, gate, Why::Stated)));
        for nothing in ["/", "/admin", "/admin/enrollments/new", "/admin/assets/admin.css", "/admin/gates"] {
            assert_eq!(of(get, nothing), None, "{nothing}");
        }
        let about = asked(get, "/admin/audit", &format!("act=view&person={id}")).unwrap();
        assert_eq!((about.of.clone(), about.whose()), (person, Some(id)));
        assert_eq!(enrolled(&format!("/admin/enrollments/{id}?done=enrolled")), Some(id));
        assert_eq!(enrolled("/admin/enrollments?done=deleted"), None);
    }
}
