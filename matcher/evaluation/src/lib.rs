//! What evaluations are made of, for others who need the same: attacks as the cameras of a totem would see them, portraits
//! as chips hold them.

pub mod attack;
pub mod passport;
