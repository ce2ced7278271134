//! The enrollment service as a gate sees it, over mutual TLS.

use std::{fs, path::Path, time::Duration};

use sallyport_protocol::{
    ApplicationKeyGrant, EnrollmentPage, EpochId, GateHealth, Reason, RecordBatch, RecordReceipt, paths,
};
use serde::{Serialize, de::DeserializeOwned};
use ureq::{
    Agent,
    tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem},
};
use zeroize::Zeroizing;

use crate::config::Identity;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Most bytes of an answer: a page of codes.
const ANSWER_BYTES_MAX: u64 = 32 << 20;

/// Why the service was not asked, or did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CentreError {
    /// A file of the gate's identity is missing or no PEM file.
    #[error("identity file {path}: {why}; `enrollment gate add` issues it")]
    Identity {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No connection.
    #[error("the enrollment service cannot be reached ({0}): check network, address and both certificates")]
    Unreachable(String),
    /// It refused.
    #[error("the enrollment service answered {status} to {path}: {why}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What was asked.
        path: &'static str,
        /// What it said.
        why: String,
    },
    /// The answer is not understood.
    #[error("the answer to {path} is not understood ({why}): are gate and service of the same version?")]
    Answer {
        /// What was asked.
        path: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl CentreError {
    /// The service answered, and something is wrong with what was sent (400, 413, 422): sent again it would be refused
    /// again.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 413 | 422, .. })
    }

    /// The service does not admit this gate (401, 403).
    pub fn is_dismissal(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403, .. })
    }

    /// The service's history has not what the gate has of it (409).
    pub fn is_of_another_history(&self) -> bool {
        matches!(self, Self::Refused { status: 409, .. })
    }

    /// The reason on the officer's screen.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Unreachable(_) => Reason::CentreUnreachable,
            _ if self.is_dismissal() => Reason::GateNotAdmitted,
            Self::Identity { .. } | Self::Refused { .. } | Self::Answer { .. } => Reason::CentreFault,
        }
    }
}

/// The service.
pub struct Centre {
    agent: Agent,
    url: String,
}

impl Centre {
    /// The service at this address. Nothing is sent yet.
    pub fn new(url: &str, identity: &Identity) -> Result<Self, CentreError> {
        let (certificates, _) = read_pem(&identity.certificate)?;
        let (_, key) = read_pem(&identity.key)?;
        let (authority, _) = read_pem(&identity.authority)?;
        let missing = |path: &Path, what: &str| CentreError::Identity {
            path: path.display().to_string(),
            why: format!("it holds no {what}"),
        };
        let key = key.ok_or_else(|| missing(&identity.key, "private key"))?;
        if authority.is_empty() {
            return Err(missing(&identity.authority, "certificate"));
        }
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .client_cert(Some(ClientCert::new_with_certs(&certificates, key)))
            .root_certs(RootCerts::new_with_certs(&authority))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .build()
            .new_agent();
        Ok(Self { agent, url: url.trim_end_matches('/').to_owned() })
    }

    /// The application key of trusted travelers.
    pub fn application_key(&self) -> Result<ApplicationKeyGrant, CentreError> {
        self.get(paths::APPLICATION_KEY, paths::APPLICATION_KEY)
    }

    /// Changes since this revision of this epoch.
    pub fn enrollments(&self, since: u64, epoch: Option<EpochId>) -> Result<EnrollmentPage, CentreError> {
        let epoch = epoch.map_or_else(String::new, |epoch| format!("&epoch={epoch}"));
        self.get(paths::ENROLLMENTS, &format!("{}?since={since}{epoch}", paths::ENROLLMENTS))
    }

    /// Sends records; tells which are stored.
    pub fn upload(&self, batch: &RecordBatch) -> Result<RecordReceipt, CentreError> {
        let mut response = self.post(paths::RECORDS, batch)?;
        answer(paths::RECORDS, &mut response)
    }

    /// Tells that the gate lives.
    pub fn health(&self, health: &GateHealth) -> Result<(), CentreError> {
        self.post(paths::HEALTH, health).map(drop)
    }

    fn get<T: DeserializeOwned>(&self, path: &'static str, target: &str) -> Result<T, CentreError> {
        let response = self.agent.get(format!("{}{target}", self.url)).call();
        answer(path, &mut accepted(path, response)?)
    }

    fn post(&self, path: &'static str, body: &impl Serialize) -> Result<Response, CentreError> {
        accepted(path, self.agent.post(format!("{}{path}", self.url)).send_json(body))
    }
}

type Response = ureq::http::Response<ureq::Body>;

fn accepted(path: &'static str, response: Result<Response, ureq::Error>) -> Result<Response, CentreError> {
    let mut response = response.map_err(|error| CentreError::Unreachable(error.to_string()))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let why = response.body_mut().with_config().limit(2_000).read_to_string().unwrap_or_default();
    Err(CentreError::Refused { status, path, why })
}

fn answer<T: DeserializeOwned>(path: &'static str, response: &mut Response) -> Result<T, CentreError> {
    // Keys and codes come this way: the text is zeroed once it has been read.
    let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let text = Zeroizing::new(text.map_err(|error| CentreError::Unreachable(error.to_string()))?);
    serde_json::from_slice(&text).map_err(|error| CentreError::Answer { path, why: error.to_string() })
}

fn read_pem(path: &Path) -> Result<(Vec<Certificate<'static>>, Option<PrivateKey<'static>>), CentreError> {
    let failed = |why: String| CentreError::Identity { path: path.display().to_string(), why };
    let text = Zeroizing::new(fs::read(path).map_err(|error| failed(error.to_string()))?);
    let (mut certificates, mut key) = (Vec::new(), None);
    for item in parse_pem(&text) {
        match item.map_err(|error| failed(error.to_string()))? {
            PemItem::Certificate(certificate) => certificates.push(certificate),
            PemItem::PrivateKey(found) => key = Some(found),
            _ => {}
        }
    }
    Ok((certificates, key))
}
