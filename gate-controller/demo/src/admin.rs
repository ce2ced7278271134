//! The web admin, used as staff use it: forms over HTTP.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use sallyport_protocol::{CrossingId, EnrollmentId};
use ureq::{Agent, Body, RequestBuilder, http::Response, typestate::WithBody, unversioned::multipart::Form};

/// A logged-in member of staff.
pub struct Admin {
    agent: Agent,
    /// Such as `http://127.0.0.1:8444/admin`.
    address: String,
    origin: String,
}

impl Admin {
    /// Logs the administrator in.
    pub fn log_in(address: &str, password: &str) -> anyhow::Result<Self> {
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        let admin = Self { agent, address: address.to_owned(), origin: address.trim_end_matches("/admin").to_owned() };
        let answer = admin
            .agent
            .post(format!("{address}/login"))
            .header("origin", &admin.origin)
            .send_form([("name", "admin"), ("password", password)])
            .context("log the administrator in")?;
        ensure!(answer.status().is_redirection(), "the administrator's login answered {}", answer.status());
        admin.page("/enrollments")?;
        Ok(admin)
    }

    /// A page's text.
    pub fn page(&self, path: &str) -> anyhow::Result<String> {
        let mut response =
            self.agent.get(format!("{}{path}", self.address)).call().with_context(|| format!("ask for {path}"))?;
        ensure!(response.status().is_success(), "{path} answered {}", response.status());
        response.body_mut().read_to_string().with_context(|| format!("read {path}"))
    }

    /// Enrolls a trusted traveler with a photograph, impressions of the right index finger, or both.
    pub fn enroll(
        &self,
        name: &str,
        card: &str,
        photograph: Option<&Path>,
        impressions: &[&Path],
    ) -> anyhow::Result<()> {
        let token = self.token()?;
        let expires = TimeZone::UTC.to_datetime(Timestamp::now()).date() + 2.years();
        let expires = expires.to_string();
        let mut fields = Form::new()
            .text("token", &token)
            .text("name", name)
            .text("card", card)
            .text("expires", &expires)
            .text("position", "right-index");
        if let Some(photograph) = photograph {
            fields = fields.text("consent-face", "yes");
            fields = fields.file("photograph", photograph).context("read the photograph")?;
        }
        if !impressions.is_empty() {
            fields = fields.text("consent-fingers", "yes");
        }
        for impression in impressions {
            fields = fields.file("impression", impression).context("read the impression")?;
        }
        self.sent("/enrollments", |request| request.send(fields))
    }

    /// Takes a new photograph of the one whose card this is.
    pub fn photograph(&self, card: &str, photograph: &Path) -> anyhow::Result<()> {
        let list = self.page(&format!("/enrollments?search={card}"))?;
        let mut links = list.split("href=\"/admin/enrollments/").filter_map(|link| link.split_once('"'));
        let id: Option<EnrollmentId> = links.find_map(|(id, _)| id.parse().ok());
        let id = id.context("nobody has this card")?;
        let token = self.token()?;
        let fields = Form::new().text("token", &token).file("photograph", photograph).context("read the photograph")?;
        self.sent(&format!("/enrollments/{id}/photograph"), |request| request.send(fields))
    }

    /// Revokes the codes of everybody.
    pub fn revoke_all(&self) -> anyhow::Result<()> {
        let token = self.token()?;
        self.sent("/revoke", |request| request.send_form([("token", token.as_str()), ("why", "compromised")]))
    }

    /// Whether all gates have heard of the last change of an enrollment.
    pub fn gates_agree(&self) -> anyhow::Result<bool> {
        let page = self.page("/gates")?;
        let (_, numbers) = page.split_once("Enrollments up to</dt><dd><bdi>").context("no gate was heard of")?;
        let (has, last) =
            numbers.split_once("</bdi>").and_then(|(pair, _)| pair.split_once(" / ")).context("no numbers")?;
        Ok(has == last)
    }

    fn token(&self) -> anyhow::Result<String> {
        let form = self.page("/enrollments/new")?;
        let token = form.split_once("name=\"token\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        Ok(token.context("the form has no token")?.0.to_owned())
    }

    /// Sends a form, which must be answered by another page.
    fn sent(
        &self,
        path: &str,
        send: impl FnOnce(RequestBuilder<WithBody>) -> Result<Response<Body>, ureq::Error>,
    ) -> anyhow::Result<()> {
        let request = self.agent.post(format!("{}{path}", self.address)).header("origin", &self.origin);
        let mut answer = send(request).with_context(|| format!("send {path}"))?;
        if !answer.status().is_redirection() {
            let page = answer.body_mut().read_to_string().unwrap_or_default();
            let why = page.split("role=\"alert\"").nth(1).unwrap_or(&page);
            anyhow::bail!("{path} answered {}: {}", answer.status(), why.chars().take(300).collect::<String>());
        }
        Ok(())
    }

    /// Whether the service has the record of this crossing.
    pub fn has_crossing(&self, crossing: CrossingId) -> anyhow::Result<bool> {
        Ok(self.page("/crossings")?.contains(&crossing.to_string()))
    }
}
