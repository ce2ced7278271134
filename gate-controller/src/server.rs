//! Serves the screens, and keeps trying when the port is taken: a gate without screens still works.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::{Arc, mpsc::Sender},
    thread,
    time::Duration,
};

use actix_web::{App, HttpServer, web};
use rustls::ServerConfig;
use sallyport_protocol::Reason;

use crate::{
    screens::{self, Station},
    simulation::{self, Simulation},
    supervisor::Input,
};

/// Most connections of each of the two workers: together far below the usual limit of 1,024 descriptors, since the serial
/// line and the accounts must still open when somebody holds all the connections there are.
const WORKER_CONNECTIONS_MAX: usize = 64;
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Longest body accepted, in bytes: orders and logins are short.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The screens' server.
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// TLS; without it plain HTTP, which the configuration allows on a loopback only.
    pub tls: Option<ServerConfig>,
    /// The screens.
    pub station: Station,
    /// The simulated devices' controls.
    pub simulation: Option<Arc<Simulation>>,
    /// Where to tell that the port is taken.
    pub inputs: Sender<Input>,
}

impl Server {
    /// Serves in a thread of its own, for as long as the process lives.
    pub fn start(self) -> std::io::Result<()> {
        thread::Builder::new().name("screens".to_owned()).spawn(move || self.keep_serving()).map(drop)
    }

    fn keep_serving(&self) {
        let told = |there| drop(self.inputs.send(Input::Aside { reason: Reason::PortInUse, there }));
        let mut said = String::new();
        loop {
            let end = actix_web::rt::System::new().block_on(self.serve(|| told(false)));
            let text = match end {
                Ok(()) => "the screens' server ended".to_owned(),
                Err(error) => format!("the screens cannot be served on {}: {error}; is the port taken?", self.listen),
            };
            told(true);
            if said != text {
                tracing::error!("{text}");
                said = text;
            }
            thread::sleep(RETRY_AFTER);
        }
    }

    async fn serve(&self, listening: impl FnOnce()) -> std::io::Result<()> {
        let (station, simulated) = (self.station.clone(), self.simulation.clone());
        let server = HttpServer::new(move || {
            let app = App::new()
                .app_data(web::JsonConfig::default().limit(BODY_BYTES_MAX))
                .app_data(web::FormConfig::default().limit(BODY_BYTES_MAX))
                .configure(|config| screens::configure(config, station.clone()));
            match &simulated {
                Some(simulated) => app.configure(|config| simulation::configure(config, simulated.clone())),
                None => app,
            }
        })
        .workers(2)
        .max_connections(WORKER_CONNECTIONS_MAX)
        .disable_signals();
        let (server, scheme) = match &self.tls {
            Some(tls) => (server.bind_rustls_0_23(self.listen, tls.clone())?, "https"),
            None => (server.bind(self.listen)?, "http"),
        };
        for address in server.addrs() {
            // Whoever started us may have stopped listening; that is no reason to have no screens.
            let _ = writeln!(io::stdout(), "ready: {scheme}://{address}/traveler {scheme}://{address}/officer");
        }
        listening();
        server.run().await
    }
}
