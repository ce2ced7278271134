//! Sessions of officers and staff, and the throttling of logins: both in memory only, gone with the process.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A session without any input ends after this.
pub const IDLE_MAX: Duration = Duration::from_secs(15 * 60);
/// Any session ends after this: one shift.
pub const AGE_MAX: Duration = Duration::from_secs(12 * 3600);

/// What a session rests on: see [`super::Accounts::standing`].
pub type Standing = [u8; 32];

/// Who is logged in, with a role `R` of the application's own.
#[derive(Debug, Clone)]
pub struct Login<R> {
    /// The login name.
    pub name: String,
    /// What the account may do.
    pub role: R,
    /// The token that each request that changes something must carry (against cross-site request forgery).
    pub token: String,
}

struct Session<R> {
    login: Login<R>,
    standing: Standing,
    began: Instant,
    active: Instant,
}

/// The sessions in progress, by the SHA-256 of their identifiers: looking one up by hash leaks no timing of the
/// identifier itself.
pub struct Sessions<R>(Mutex<HashMap<[u8; 32], Session<R>>>);

impl<R> Default for Sessions<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R: Clone> Sessions<R> {
    /// Begins a session and gives its identifier: 256 random bits in hexadecimal.
    pub fn begin(&self, name: &str, role: R, standing: Standing, now: Instant) -> String {
        let identifier = random_token();
        let login = Login { name: name.to_owned(), role, token: random_token() };
        let mut sessions = self.locked();
        sessions.retain(|_, session| session.alive(now));
        sessions.insert(digest(&identifier), Session { login, standing, began: now, active: now });
        identifier
    }

    /// Who holds this identifier, if the session has not expired and the account still is what it was at the login, by
    /// its `standing` now. Looking does not prolong it.
    pub fn find<E>(
        &self,
        identifier: &str,
        now: Instant,
        standing: impl FnOnce(&str) -> Result<Option<Standing>, E>,
    ) -> Option<Login<R>> {
        let key = digest(identifier);
        let found = self.locked().get(&key).filter(|session| session.alive(now)).map(|s| (s.login.clone(), s.standing));
        let login = found.and_then(|(login, at_login)| match standing(&login.name) {
            Ok(standing) => (standing == Some(at_login)).then_some(login),
            // Accounts that cannot be read end no session: people are needed most when something fails.
            Err(_) => Some(login),
        });
        if login.is_none() {
            self.locked().remove(&key);
        }
        login
    }

    /// Notes that somebody is there.
    pub fn touch(&self, identifier: &str, now: Instant) {
        if let Some(session) = self.locked().get_mut(&digest(identifier)).filter(|session| session.alive(now)) {
            session.active = now;
        }
    }

    /// Ends a session.
    pub fn end(&self, identifier: &str) {
        self.locked().remove(&digest(identifier));
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session<R>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Session<R> {
    fn alive(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.active) < IDLE_MAX && now.saturating_duration_since(self.began) < AGE_MAX
    }
}

impl<R> Login<R> {
    /// Whether the request carries this session's token, compared in constant time.
    pub fn carries(&self, token: Option<&str>) -> bool {
        token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(self.token.as_bytes())))
    }
}

/// Whether a browser says that a request comes from our own page, by its `Origin` and `Host` headers. A request that
/// does not say is not: every browser of the last years sends `Origin` with each POST (Fetch standard, 4.5).
pub fn same_origin(origin: Option<&str>, host: Option<&str>, secure: bool) -> bool {
    let (Some(origin), Some(host)) = (origin, host) else { return false };
    let scheme = if secure { "https" } else { "http" };
    origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")) == Some(host)
}

fn random_token() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

fn digest(identifier: &str) -> [u8; 32] {
    Sha256::digest(identifier.as_bytes()).into()
}

/// Failed logins of one account that are free of delay.
const ACCOUNT_FREE: u32 = 5;
/// Failed logins from one address that are free of delay: several people share a station.
const ADDRESS_FREE: u32 = 20;
/// The first delay; it doubles with each further failure.
const DELAY_FIRST: Duration = Duration::from_secs(10);
/// The longest delay. After as long without an attempt, everything is forgotten.
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);
/// Names and addresses remembered at most, so that a flood of invented names fills no memory.
const REMEMBERED_MAX: usize = 10_000;

struct Failures {
    count: u32,
    last: Instant,
}

/// Slows down guessing, by account and by address.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<String, Failures>>);

impl Throttle {
    /// Whether an attempt may be made now. If so it counts as failed until [`Throttle::succeeded`], so that
    /// attempts made at the same time do not slip through together.
    pub fn admit(&self, account: &str, address: &str, now: Instant) -> bool {
        let keys = [(account_key(account), ACCOUNT_FREE), (address_key(address), ADDRESS_FREE)];
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, known| now.saturating_duration_since(known.last) < DELAY_MAX);
        let free = keys.iter().all(|(key, free)| {
            failures.get(key).is_none_or(|known| now.saturating_duration_since(known.last) >= known.delay(*free))
        });
        if !free || failures.len() >= REMEMBERED_MAX {
            return false;
        }
        for (key, _) in keys {
            let known = failures.entry(key).or_insert(Failures { count: 0, last: now });
            known.count = known.count.saturating_add(1);
            known.last = now;
        }
        true
    }

    /// Takes back what [`Throttle::admit`] counted; the account starts anew, the address only loses this one.
    pub fn succeeded(&self, account: &str, address: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&account_key(account));
        if let Some(known) = failures.get_mut(&address_key(address)) {
            known.count = known.count.saturating_sub(1);
        }
    }
}

impl Failures {
    fn delay(&self, free: u32) -> Duration {
        match self.count.checked_sub(free) {
            None => Duration::ZERO,
            Some(over) => DELAY_FIRST.saturating_mul(2_u32.saturating_pow(over)).min(DELAY_MAX),
        }
    }
}

fn account_key(account: &str) -> String {
    format!("account {}", account.to_lowercase())
}

/// Whoever has one IPv6 address has the 2^64 of its network (RFC 6177, 2), so these count as one.
fn address_key(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(wide)) if wide.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = wide.segments();
            format!("from {a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(narrow) => format!("from {}", narrow.to_canonical()),
        Err(_) => format!("from {address}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Clone, Copy)]
    enum Role {
        Officer,
    }

    const STANDING: Standing = [7; 32];

    fn stands(_: &str) -> Result<Option<Standing>, ()> {
        Ok(Some(STANDING))
    }

    #[test]
    fn a_session_ends_by_idleness_by_age_and_by_logging_out() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        let id = sessions.begin("ana", Role::Officer, STANDING, start);
        assert_eq!(id.len(), 64);
        assert_eq!(sessions.find(&id, start + IDLE_MAX / 2, stands).unwrap().name, "ana");
        assert!(sessions.find(&id, start + IDLE_MAX, stands).is_none(), "idle");

        let id = sessions.begin("ana", Role::Officer, STANDING, start);
        let mut now = start;
        while now < start + AGE_MAX {
            sessions.touch(&id, now);
            now += IDLE_MAX / 2;
        }
        assert!(sessions.find(&id, now, stands).is_none(), "age");

        let id = sessions.begin("ana", Role::Officer, STANDING, start);
        sessions.end(&id);
        assert!(sessions.find(&id, start, stands).is_none(), "logged out");
        assert!(sessions.find("", start, stands).is_none());
    }

    #[test]
    fn a_session_ends_with_its_account_or_its_password_but_not_with_a_disk() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let id = sessions.begin("ana", Role::Officer, STANDING, now);
        assert!(sessions.find(&id, now, |_| Err("the disk")).is_some());
        assert!(sessions.find(&id, now, stands).is_some());
        assert!(sessions.find(&id, now, |name| Ok::<_, ()>((name != "ana").then_some(STANDING))).is_none());
        assert!(sessions.find(&id, now, stands).is_none(), "ended for good");
        let id = sessions.begin("ana", Role::Officer, STANDING, now);
        assert!(sessions.find(&id, now, |_| Ok::<_, ()>(Some([8; 32]))).is_none(), "another password");
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for guess in 0..ADDRESS_FREE {
            assert!(throttle.admit(&format!("name{guess}"), &format!("2001:db8:0:1::{guess:x}"), start));
        }
        assert!(!throttle.admit("fresh", "2001:db8:0:1:ffff::1", start));
        assert!(throttle.admit("fresh", "2001:db8:0:2::1", start), "another network");
    }

    #[test]
    fn a_token_must_match_whole() {
        let sessions = Sessions::default();
        let id = sessions.begin("ana", Role::Officer, STANDING, Instant::now());
        let login = sessions.find(&id, Instant::now(), stands).unwrap();
        assert!(login.carries(Some(&login.token)));
        assert!(!login.carries(Some(&login.token[1..])));
        assert!(!login.carries(None));
    }

    #[test]
    fn only_our_own_page_is_of_the_same_origin() {
        let host = Some("gate:8443");
        assert!(same_origin(Some("https://gate:8443"), host, true));
        for other in ["http://gate:8443", "https://gate", "https://gate:84433", "https://evil", "null", ""] {
            assert!(!same_origin(Some(other), host, true), "{other}");
        }
        assert!(!same_origin(None, host, true));
        assert!(!same_origin(Some("https://gate:8443"), None, true));
    }

    #[test]
    fn guessing_one_account_is_slowed_down_and_time_heals() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for _ in 0..ACCOUNT_FREE {
            assert!(throttle.admit("ana", "10.0.0.1", start));
        }
        assert!(!throttle.admit("ANA", "10.0.0.2", start), "another spelling from elsewhere");
        assert!(throttle.admit("ben", "10.0.0.2", start), "another account");
        assert!(throttle.admit("ana", "10.0.0.2", start + DELAY_FIRST));
        assert!(!throttle.admit("ana", "10.0.0.2", start + DELAY_FIRST * 2), "the delay doubled");
        throttle.succeeded("ana", "10.0.0.2");
        assert!(throttle.admit("ana", "10.0.0.2", start + DELAY_FIRST * 2));
    }

    #[test]
    fn guessing_many_accounts_from_one_address_is_slowed_down() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for guess in 0..ADDRESS_FREE {
            assert!(throttle.admit(&format!("name{guess}"), "10.0.0.1", start));
        }
        assert!(!throttle.admit("fresh", "10.0.0.1", start));
        assert!(!throttle.admit("fresh", "::ffff:10.0.0.1", start), "the same, written as IPv6");
        assert!(throttle.admit("fresh", "10.0.0.2", start));
    }
}
