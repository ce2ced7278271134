//! The on-gate controller: decisions at the door.

pub mod policy;
pub mod screens;
pub mod transaction;
pub mod view;
