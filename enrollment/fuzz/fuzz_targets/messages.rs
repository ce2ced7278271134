//! Any bytes as a message between gate and service: one that reads the same when it is written again, or an error; and any
//! text as a name or a number.
#![no_main]

use sallyport_protocol::{
    ApplicationKeyGrant, CardNumber, CrossingRecord, EnrollmentPage, FingerPosition, GateHealth, GateId, ProtectedCode,
    RecordBatch, RecordReceipt,
};

/// Reads, writes and reads again.
macro_rules! same_again {
    ($bytes:ident as $($message:ty),+) => {$(
        if let Ok(message) = serde_json::from_slice::<$message>($bytes) {
            let Ok(text) = serde_json::to_string(&message) else { panic!("what was read cannot be written") };
            let again = serde_json::from_str::<$message>(&text).and_then(|again| serde_json::to_string(&again));
            assert_eq!(again.ok(), Some(text));
        }
    )+};
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    same_again!(bytes as ApplicationKeyGrant, EnrollmentPage, RecordBatch, RecordReceipt, GateHealth, CrossingRecord);
    if let Ok(code) = serde_json::from_slice::<ProtectedCode>(bytes) {
        assert!((1..=ProtectedCode::BYTES_MAX).contains(&code.expose_bytes().len()));
    }
    if let Ok(grant) = serde_json::from_slice::<ApplicationKeyGrant>(bytes) {
        assert_eq!(grant.key.len(), 32);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(card) = text.parse::<CardNumber>() {
        assert_eq!(card.as_str().parse::<CardNumber>().ok(), Some(card));
    }
    if let Ok(gate) = text.parse::<GateId>() {
        assert_eq!(gate.as_str().parse::<GateId>().ok(), Some(gate));
    }
    if let Ok(finger) = text.parse::<FingerPosition>() {
        assert_eq!(finger.name(), text);
    }
});
