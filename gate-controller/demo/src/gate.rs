//! The gate's pages, used as traveler and officer use them.

use std::{sync::Mutex, time::Duration};

use anyhow::{Context as _, bail, ensure};
use sallyport_protocol::{CrossingId, CrossingRecord, GateMode, OfficerChoice};
use serde_json::{Value, json};
use ureq::Agent;

use crate::world::wait_for;

/// The pages of one gate.
pub struct GatePages {
    agent: Agent,
    address: String,
    /// The logged-in officer's token.
    token: Mutex<Option<String>>,
}

impl GatePages {
    /// The pages at this address.
    pub fn new(address: &str) -> Self {
        let agent = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .new_agent();
        Self { agent, address: address.to_owned(), token: Mutex::new(None) }
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut response =
            self.agent.get(format!("{}{path}", self.address)).call().with_context(|| format!("ask for {path}"))?;
        ensure!(response.status().is_success(), "{path} answered {}", response.status());
        response.body_mut().read_json().with_context(|| format!("understand {path}"))
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let mut request = self.agent.post(format!("{}{path}", self.address)).header("origin", &self.address);
        if let Some(token) = self.token.lock().ok().and_then(|token| token.clone()) {
            request = request.header("x-sallyport-token", token);
        }
        let mut response = request.send_json(body).with_context(|| format!("send {path}"))?;
        if !response.status().is_success() {
            let why = response.body_mut().read_to_string().unwrap_or_default();
            bail!("{path} answered {}: {why}", response.status());
        }
        Ok(())
    }

    /// What traveler and officers see now.
    pub fn state(&self) -> anyhow::Result<Value> {
        self.get("/simulation/state")
    }

    /// Whether the gate takes a traveler now.
    pub fn is_in_service(&self) -> anyhow::Result<bool> {
        let state = self.state()?;
        Ok(state["traveler"]["instruction"] == "present_document" && state["gate"]["crossing"].is_null())
    }

    /// Waits until the gate takes a traveler.
    pub fn await_service(&self) -> anyhow::Result<()> {
        wait_for("the gate to be in service", || Ok(self.is_in_service()?.then_some(())))
    }

    /// Waits until the gate agrees with the enrollment service.
    pub fn await_connected(&self) -> anyhow::Result<()> {
        wait_for("the link to the enrollment service", || {
            Ok((self.state()?["gate"]["link"] == "connected").then_some(()))
        })
    }

    /// Records that the gate has not sent yet.
    pub fn records_waiting(&self) -> anyhow::Result<u64> {
        self.state()?["gate"]["records_waiting"].as_u64().context("no count of records")
    }

    /// Lays a document down while the camera sees this scene.
    pub fn present(&self, document: &str, scene: &str) -> anyhow::Result<()> {
        self.post("/simulation/present", &json!({ "document": document, "scene": scene }))
    }

    /// Lays a card down while the camera sees this scene and this finger lies on the sensor.
    pub fn present_with_finger(&self, document: &str, scene: &str, finger: &str) -> anyhow::Result<()> {
        self.post("/simulation/present", &json!({ "document": document, "scene": scene, "finger": finger }))
    }

    /// Takes whatever lies there away.
    pub fn take_away(&self) -> anyhow::Result<()> {
        self.post("/simulation/remove", &json!({}))
    }

    /// Gives the simulated turnstile an order.
    pub fn turnstile(&self, order: &str) -> anyhow::Result<()> {
        self.post("/simulation/turnstile", &json!({ "order": order }))
    }

    /// The last finished crossings, oldest first.
    pub fn records(&self) -> anyhow::Result<Vec<CrossingRecord>> {
        serde_json::from_value(self.get("/simulation/records")?).context("understand the records")
    }

    /// Logs the officer in.
    pub fn log_in(&self, password: &str) -> anyhow::Result<()> {
        let answer = self
            .agent
            .post(format!("{}/officer/login", self.address))
            .header("origin", &self.address)
            .send_form([("name", "officer"), ("password", password)])
            .context("log the officer in")?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        ensure!(location == Some("/officer"), "the officer's login was refused");
        let token = self.get("/officer/session")?["token"].as_str().context("no token in the session")?.to_owned();
        if let Ok(mut known) = self.token.lock() {
            *known = Some(token);
        }
        Ok(())
    }

    /// The crossing that waits for an officer, with its decisive reason.
    pub fn referral(&self) -> anyhow::Result<Option<Value>> {
        Ok(Some(self.state()?["gate"]["referral"].clone()).filter(|referral| !referral.is_null()))
    }

    /// Whether the officer's station shows this picture of the waiting crossing.
    pub fn has_picture(&self, crossing: CrossingId, which: &str) -> anyhow::Result<bool> {
        let address = format!("{}/officer/image/{crossing}/{which}", self.address);
        let mut response = self.agent.get(address).call().context("ask for a picture")?;
        Ok(response.status().is_success() && response.body_mut().read_to_vec()?.starts_with(&[0xFF, 0xD8]))
    }

    /// Decides the waiting crossing.
    pub fn decide(&self, crossing: CrossingId, choice: OfficerChoice, note: &str) -> anyhow::Result<()> {
        self.post("/officer/decide", &json!({ "crossing": crossing, "choice": choice, "note": note }))
    }

    /// Sets the mode.
    pub fn set_mode(&self, mode: GateMode) -> anyhow::Result<()> {
        self.post("/officer/mode", &json!({ "mode": mode }))
    }

    /// Opens a door by hand.
    pub fn open_door(&self, door: &str, note: &str) -> anyhow::Result<()> {
        self.post("/officer/door", &json!({ "door": door, "note": note }))
    }
}
