//! The demonstration: every part as a real process, and what it should show.
//!
//! * [`documents`]: passports, cards and scenes, issued anew for every run; [`chips`]: the passports' chips, and clones.
//! * [`world`]: the folder, the configurations and the processes; [`stop`]: their end by a signal.
//! * [`gate`] and [`admin`]: the pages of gate and service, used as their users use them.
//! * [`crossings`]: the crossings with what must come of each; [`report`]: their time lines.

pub mod admin;
pub mod chips;
pub mod crossings;
pub mod documents;
pub mod gate;
pub mod process;
pub mod report;
mod scenes;
pub mod stop;
pub mod world;
