//! The on-gate controller: decisions at the door.
//!
//! * [`transaction`]: the crossing machine, without I/O; [`policy`]: what this location admits.
//! * [`supervisor`]: joins the machine to the devices; [`journal`]: what it writes before a door moves.
//! * [`sync`] and [`cache`]: the enrollment service, and what the gate keeps of it.
//! * [`screens`] and [`server`]: traveler screen and officer station, over the seam of [`view`].
//! * [`accounts`] and [`audit`]: officers, and what they did.
//! * [`config`]: the one TOML file; [`simulation`]: crossings by hand with simulated devices.

pub mod accounts;
pub mod audit;
pub mod cache;
pub mod chip_fingers;
pub mod config;
pub mod journal;
pub mod policy;
pub mod screens;
pub mod server;
pub mod simulation;
pub mod supervisor;
pub mod sync;
pub mod transaction;
pub mod view;
