//! Acts of the command line: noted in the audit trail before they are done, as those of staff are.

use anyhow::Result;
use sallyport_privacy::{
    audit::{Act, Deed, operator},
    keys::RootKey,
};
use sallyport_protocol::EnrollmentId;

use crate::{audit::Audit, config::Config};

/// Why something is done at the command line, unless a better reason is stated.
pub const COMMAND_LINE: &str = "command-line";

/// To what, or to whose data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of<'a> {
    /// All of it.
    Everything,
    /// A gate or an account, by its name.
    Thing(&'a str),
    /// A person.
    Person(EnrollmentId),
}

/// Notes what somebody at the command line ([`operator`]) is about to do and why, does it, and notes if it failed. What cannot
/// be noted is not done. The service may run meanwhile.
pub fn noted<T>(
    config: &Config,
    root: &RootKey,
    act: Act,
    of: Of<'_>,
    why: &str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let (audit, who) = (Audit::join(config, root)?, operator());
    let deed = Deed::new(&who, act, why);
    let deed = match of {
        Of::Everything => deed,
        Of::Thing(name) => deed.to(name),
        Of::Person(id) => Deed { whose: Some(audit.ledger().pseudonym(id.as_bytes())), ..deed },
    };
    audit.ledger().noted(&deed, work)
}
