//! The central enrollment service: people, enrollments, gates, records, web admin.
//!
//! * [`registry`]: who is enrolled. Photographs come in, protected codes stay.
//! * [`gates`]: which gates there are, what they report.
//! * [`api`]: what gates ask for, over mutual TLS.
//! * [`web`]: what staff do, in a browser.
//! * [`vaults`], [`audit`]: keys and records, and who did what to them.
//! * [`erasure`], [`copies`], [`proof`]: a person is deleted everywhere, copies included, and what can be stated of it.
//! * [`setup`], [`serve`]: the binary's commands; [`console`]: how they are noted.

pub mod api;
pub mod audit;
pub mod config;
pub mod console;
pub mod copies;
pub mod erasure;
pub mod gates;
pub mod proof;
pub mod registry;
pub mod serve;
pub mod setup;
pub mod vaults;
pub mod web;
