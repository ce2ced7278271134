//! Extended access control: card-verifiable certificates and Terminal Authentication (Doc 9303-11, 7.1; TR-03110).

pub mod cvc;
pub mod terminal_authentication;
