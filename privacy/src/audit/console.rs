//! Who sits at a command line.

use nix::unistd::{Uid, User, getuid};

/// In whose name a command acts: the login name of the process's real user, such as `ana@console`; of somebody who became
/// root by `sudo`, `ana/root@console`.
///
/// It is a statement and not a proof: the kernel vouches for the user, nobody for what root says in `SUDO_USER`; and whoever
/// may read the root key can write any trail.
pub fn operator() -> String {
    let user = getuid();
    let name = login_name(user);
    let before = std::env::var("SUDO_USER").ok().filter(|_| user.is_root());
    match before.filter(|before| *before != name && is_login_name(before)) {
        Some(before) => format!("{before}/{name}@console"),
        None => format!("{name}@console"),
    }
}

/// The name in the user database; one that has none is told by its number.
fn login_name(user: Uid) -> String {
    let found = User::from_uid(user).ok().flatten().map(|user| user.name);
    found.filter(|name| is_login_name(name)).unwrap_or_else(|| format!("uid-{user}"))
}

/// Short enough for two of them, and of the characters that useradd(8) takes.
fn is_login_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$');
    (1..=24).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_always_sits_there_and_under_a_name_that_can_be_noted() {
        let (who, number) = (operator(), login_name(Uid::from_raw(3_999_999_999)));
        assert!(who.ends_with("@console") && who.len() <= 64, "{who}");
        assert_eq!(number, "uid-3999999999");
        assert!(is_login_name("ana.silva") && is_login_name("svc$"));
        for strange in ["", "ana silva", "ana\nroot", "\u{202e}", &"a".repeat(25)] {
            assert!(!is_login_name(strange), "{strange:?}");
        }
    }
}
