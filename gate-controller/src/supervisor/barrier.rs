//! The turnstile's line: commands out, events in, a heartbeat, and a new attempt whenever the line is lost.

use std::{
    sync::mpsc::{Receiver, Sender, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use sallyport_hardware::barrier::{Barrier, BarrierError, Command, Event as Seen};

use super::Input;
use crate::transaction::Event;

/// The turnstile closes by itself after four times as long.
const HEARTBEAT: Duration = Duration::from_millis(500);
const RECONNECT_AFTER: Duration = Duration::from_millis(500);
const LISTEN: Duration = Duration::from_millis(10);

/// Opens the line.
pub type Connect = dyn Fn() -> Result<Box<dyn Barrier>, BarrierError> + Send;

/// Serves the line until the supervisor is gone. The heartbeat goes on only while `is_alive`.
pub(super) fn run(
    connect: &Connect,
    commands: &Receiver<Command>,
    inputs: &Sender<Input>,
    is_alive: &dyn Fn() -> bool,
) {
    let mut said = String::new();
    loop {
        match connect() {
            Ok(mut barrier) => {
                said.clear();
                tracing::info!("the turnstile's line is open");
                let _ = inputs.send(Event::BarrierRestored.into());
                let end = serve(&mut *barrier, commands, inputs, is_alive);
                let Err(error) = end else { return };
                tracing::error!("{error}");
                if inputs.send(Event::BarrierLost.into()).is_err() {
                    return;
                }
            }
            Err(error) => {
                let text = error.to_string();
                if said != text {
                    tracing::error!("{text}");
                    said = text;
                }
            }
        }
        thread::sleep(RECONNECT_AFTER);
        // Orders for a line that was lost are void: the machine begins anew.
        loop {
            match commands.try_recv() {
                Ok(_) => {}
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }
}

/// `Ok` when the supervisor is gone.
fn serve(
    barrier: &mut dyn Barrier,
    commands: &Receiver<Command>,
    inputs: &Sender<Input>,
    is_alive: &dyn Fn() -> bool,
) -> Result<(), BarrierError> {
    let mut beat = Instant::now();
    loop {
        match commands.try_recv() {
            Ok(command) => send(barrier, command, inputs)?,
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) => {
                if beat.elapsed() >= HEARTBEAT && is_alive() {
                    beat = Instant::now();
                    send(barrier, Command::Status, inputs)?;
                }
                if let Some(event) = barrier.receive(LISTEN)? {
                    let _ = inputs.send(Event::Barrier(event).into());
                }
            }
        }
    }
}

fn send(barrier: &mut dyn Barrier, command: Command, inputs: &Sender<Input>) -> Result<(), BarrierError> {
    match barrier.send(command) {
        // The machine must know at once, whether the device refused it or never saw it.
        Err(error @ (BarrierError::Interlock | BarrierError::RefusedByDevice)) => {
            tracing::error!("{command:?}: {error}");
            let _ = inputs.send(Event::Barrier(Seen::Interlock).into());
            Ok(())
        }
        other => other,
    }
}
