//! The on-gate controller: decisions at the door.

pub mod screens;
pub mod view;
