//! The web admin, used as staff use it: forms over HTTP.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use sallyport_protocol::CrossingId;
use ureq::{Agent, unversioned::multipart::Form};

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
        let form = self.page("/enrollments/new")?;
        let token = form
            .split_once("name=\"token\" value=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .context("the form has no token")?
            .0
            .to_owned();
        let expires = TimeZone::UTC.to_datetime(Timestamp::now()).date() + 2.years();
        let expires = expires.to_string();
        let mut fields = Form::new()
            .text("token", &token)
            .text("name", name)
            .text("card", card)
            .text("expires", &expires)
            .text("position", "right-index")
            .text("consent", "yes");
        if let Some(photograph) = photograph {
            fields = fields.file("photograph", photograph).context("read the photograph")?;
        }
        for impression in impressions {
            fields = fields.file("impression", impression).context("read the impression")?;
        }
        let mut answer = self
            .agent
            .post(format!("{}/enrollments", self.address))
            .header("origin", &self.origin)
            .send(fields)
            .context("send the enrollment")?;
        if !answer.status().is_redirection() {
            let page = answer.body_mut().read_to_string().unwrap_or_default();
            let why = page.split("role=\"alert\"").nth(1).unwrap_or(&page);
            anyhow::bail!("the enrollment answered {}: {}", answer.status(), why.chars().take(300).collect::<String>());
        }
        Ok(())
    }

    /// Whether the service has the record of this crossing.
    pub fn has_crossing(&self, crossing: CrossingId) -> anyhow::Result<bool> {
        Ok(self.page("/crossings")?.contains(&crossing.to_string()))
    }
}
