//! The on-gate controller: decisions at the door.

pub mod view;
