//! The central enrollment service: people, enrollments, gates, records, web admin.
//!
//! * [`registry`]: who is enrolled. Photographs come in, protected codes stay.
//! * [`gates`]: which gates there are, what they report.
//! * [`api`]: what gates ask for, over mutual TLS.
//! * [`web`]: what staff do, in a browser.
//! * [`vaults`], [`audit`]: keys and records, and who did what to them.
//! * [`setup`], [`serve`]: the binary's commands; [`console`]: how they are noted.

pub mod api;
pub mod audit;
pub mod config;
pub mod console;
pub mod gates;
pub mod registry;
pub mod serve;
pub mod setup;
pub mod vaults;
pub mod web;
