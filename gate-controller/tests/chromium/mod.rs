//! Headless Chromium, driven over WebDriver: shared by every test of pages.
//!
//! Skips loudly where `chromedriver` is not installed.

#![allow(dead_code)] // each test program uses a part of it

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long the browser may take for one step before the test fails: patience, not a measurement.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running `chromedriver`, ended with its owner.
pub(crate) struct Driver(Child, u16);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Driver {
    /// Starts it on a free port; `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => Some(Self(child, port)),
            Err(error) => {
                eprintln!("SKIPPED: nothing was tried in a browser: chromedriver does not start ({error})");
                None
            }
        }
    }

    /// A browser with this profile folder.
    pub(crate) async fn browser(&self, profile: &Path, dark: bool) -> Client {
        let mut flags = vec![
            "--headless".to_owned(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--disable-dev-shm-usage".into(),
            "--force-prefers-reduced-motion".into(),
            format!("--user-data-dir={}", profile.display()),
        ];
        if dark {
            flags.push("--blink-settings=preferredColorScheme=0".into());
        }
        if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            flags.push("--no-sandbox".into());
        }
        let wanted = json!({ "goog:chromeOptions": { "args": flags } });
        let address = format!("http://127.0.0.1:{}", self.1);
        let began = Instant::now();
        loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            match builder.capabilities(wanted.as_object().unwrap().clone()).connect(&address).await {
                Ok(client) => return client,
                Err(error) if began.elapsed() > PATIENCE => panic!("no browser: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

/// Waits until a script says true, whatever page is there meanwhile.
pub(crate) async fn until(client: &Client, what: &str, script: &str, arguments: Vec<Value>) {
    let began = Instant::now();
    while !matches!(client.execute(script, arguments.clone()).await, Ok(Value::Bool(true))) {
        assert!(began.elapsed() < PATIENCE, "{what}: {}", client.source().await.unwrap());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Waits until the page's main part shows this text.
pub(crate) async fn shown(client: &Client, text: &str) {
    let script = "return document.querySelector('main').innerText.includes(arguments[0])";
    until(client, text, script, vec![json!(text)]).await;
}

/// Types into the field at this selector.
pub(crate) async fn type_in(client: &Client, css: &str, text: &str) {
    client.find(Locator::Css(css)).await.unwrap().send_keys(text).await.unwrap();
}

/// Clicks what is at this selector.
pub(crate) async fn click(client: &Client, css: &str) {
    client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
}

/// Puts a picture of the window into `target/screenshots/`.
pub(crate) async fn shoot(client: &Client, name: &str) {
    // The test's program lies in `target/<profile>/deps/`.
    let program = std::env::current_exe().unwrap();
    let folder = program.ancestors().nth(3).unwrap().join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), client.screenshot().await.unwrap()).unwrap();
}
