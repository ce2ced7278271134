//! Every request of staff is written into the audit trail before it is answered, here and not in each handler, so that none
//! can forget it. What fails afterwards is written down, too.

use actix_web::{
    HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::{self, Data},
};
use sallyport_privacy::audit::Act;
use sallyport_protocol::EnrollmentId;

use super::{
    Desk,
    pages::{FaultPage, Section, rendered},
    session,
};

/// The account of what the service does by itself.
pub const SERVICE: &str = "service";

/// What a request is about to do.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    act: Act,
    whose: Option<EnrollmentId>,
    why: &'static str,
}

/// What the trail says of a request; `None`: nothing is done to anybody's data.
fn asked(method: &Method, path: &str) -> Option<Asked> {
    let mut parts = path.strip_prefix("/admin/")?.split('/');
    let (section, id, deed) = (parts.next()?, parts.next(), parts.next());
    let post = method == Method::POST;
    let whose = id.and_then(|id| id.parse::<EnrollmentId>().ok());
    let (act, why) = match (section, id, deed) {
        ("logout", None, None) if post => (Act::LogOut, "web-admin"),
        ("crossings", None, None) => (Act::Search, "crossings"),
        ("revoke", None, None) if post => (Act::Revoke, "all"),
        ("enrollments", None, None) if post => (Act::Create, "enroll"),
        ("enrollments", None, None) => (Act::Search, "enrollments"),
        ("enrollments", Some("new"), None) => return None,
        ("enrollments", Some(_), Some("export")) => (Act::Export, "data-subject-request"),
        ("enrollments", Some(_), Some("delete")) if post => (Act::Delete, "delete"),
        ("enrollments", Some(_), Some("suspend")) if post => (Act::Change, "suspend"),
        ("enrollments", Some(_), Some("resume")) if post => (Act::Change, "resume"),
        ("enrollments", Some(_), Some("revoke")) if post => (Act::Revoke, "revoke"),
        ("enrollments", Some(_), Some("photograph")) if post => (Act::Change, "photograph"),
        ("enrollments", Some(_), Some("fingers")) if post => (Act::Change, "fingers"),
        ("enrollments", Some(_), Some(_)) if post => (Act::Change, "other"),
        ("enrollments", Some(_), _) => (Act::View, "look"),
        _ => return None,
    };
    Some(Asked { act, whose, why })
}

/// Who was enrolled, as the answer to it says.
fn enrolled(location: &str) -> Option<EnrollmentId> {
    location.strip_prefix("/admin/enrollments/")?.split('?').next()?.parse().ok()
}

/// Notes what staff ask for, then lets it happen. What cannot be noted does not happen.
pub async fn audited<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let asked = asked(request.method(), request.path());
    let (Some(asked), Some(login), Some(desk)) =
        (asked, session::login_of(request.request()), request.app_data::<Data<Desk>>().cloned())
    else {
        // Of somebody who is not logged in, handlers do nothing.
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let (service, who) = (desk.0.service.clone(), login.name.clone());
    let Asked { act, whose, why } = asked;
    let noted = web::block(move || service.audit.note(&who, act, whose, why)).await;
    let entry =
        match noted.map_err(|error| error.to_string()).and_then(|noted| noted.map_err(|error| error.to_string())) {
            Ok(entry) => entry,
            Err(error) => {
                tracing::error!(%error, "a request of staff cannot be noted, and so is not done");
                let page = desk.page(request.request(), Some(login), Section::Other);
                let response = rendered(StatusCode::INTERNAL_SERVER_ERROR, &FaultPage { page, text: "fault-store" });
                return Ok(request.into_response(response.map_into_right_body()));
            }
        };
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
    fn what_is_done_to_data_is_told_from_what_is_not() {
        let id = EnrollmentId::random();
        let of = |method: &Method, path: &str| asked(method, path).map(|asked| (asked.act, asked.whose, asked.why));
        let one = format!("/admin/enrollments/{id}");
        assert_eq!(of(&Method::GET, &one), Some((Act::View, Some(id), "look")));
        assert_eq!(of(&Method::GET, &format!("{one}/delete")), Some((Act::View, Some(id), "look")), "only asked");
        assert_eq!(of(&Method::POST, &format!("{one}/delete")), Some((Act::Delete, Some(id), "delete")));
        assert_eq!(of(&Method::POST, &format!("{one}/suspend")), Some((Act::Change, Some(id), "suspend")));
        assert_eq!(of(&Method::GET, &format!("{one}/export")), Some((Act::Export, Some(id), "data-subject-request")));
        assert_eq!(of(&Method::POST, &format!("{one}/something-new")), Some((Act::Change, Some(id), "other")));
        assert_eq!(of(&Method::POST, "/admin/enrollments"), Some((Act::Create, None, "enroll")));
        assert_eq!(of(&Method::GET, "/admin/enrollments"), Some((Act::Search, None, "enrollments")));
        for nothing in ["/", "/admin", "/admin/enrollments/new", "/admin/assets/admin.css", "/admin/gates"] {
            assert_eq!(of(&Method::GET, nothing), None, "{nothing}");
        }
        assert_eq!(enrolled(&format!("/admin/enrollments/{id}?done=enrolled")), Some(id));
        assert_eq!(enrolled("/admin/enrollments?done=deleted"), None);
    }
}
