//! Any bytes as a file of accounts: accounts with a standing, or a typed error. No password is verified: that is slow by
//! design, and takes what the file says of it from the library.
#![no_main]

use std::fs;

use sallyport_privacy::accounts::{AccountError, Accounts, same_origin};

thread_local! {
    // In memory, where there is such a folder: what is fuzzed is no disk.
    static FOLDER: Option<tempfile::TempDir> =
        tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).ok();
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let Some(folder) = folder else { unreachable!("there is room") };
        let accounts = Accounts::at(folder.path().join("accounts.toml"));
        assert!(fs::write(accounts.path(), bytes).is_ok());
        match accounts.standing("ana") {
            Ok(standing) => assert_eq!(accounts.standing("ana").ok(), Some(standing)),
            Err(AccountError::Format { why, .. }) => assert!(!why.is_empty()),
            Err(error) => assert!(std::str::from_utf8(bytes).is_err(), "{error}"),
        }
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        let (origin, host) = text.split_once('\n').unwrap_or((text, text));
        let _ = (same_origin(Some(origin), Some(host), true), same_origin(Some(origin), None, false));
    }
});
