//! A crossing's time line as text.

use std::fmt::Write as _;

use sallyport_protocol::{CrossingRecord, DoorMovementKind, Reason};
use serde::Serialize;

/// The name that a value has in records, such as `accepted_by_officer`.
pub fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Reason codes in a row.
pub fn codes(reasons: &[Reason]) -> String {
    reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(" ")
}

/// Milliseconds from beginning to end.
pub fn duration_ms(record: &CrossingRecord) -> i64 {
    record.ended.as_millisecond() - record.began.as_millisecond()
}

/// Stage by stage, then door by door.
pub fn time_line(record: &CrossingRecord) -> String {
    let mut text = String::new();
    let mut doors = record.doors.iter().peekable();
    let mut door_lines = |text: &mut String, until_ms: u64| {
        while let Some(movement) = doors.next_if(|movement| movement.at_ms <= until_ms) {
            let what = match movement.movement {
                DoorMovementKind::OpenOrdered => "ordered open",
                DoorMovementKind::CloseOrdered => "ordered closed",
                DoorMovementKind::Opened => "open",
                DoorMovementKind::Closed => "closed",
                DoorMovementKind::Passed => "somebody walked through",
                DoorMovementKind::Obstructed => "obstructed",
            };
            let _ = writeln!(text, "  {:>7} ms      {} door {what}", movement.at_ms, name(&movement.door));
        }
    };
    for entry in &record.timeline {
        door_lines(&mut text, entry.began_ms.saturating_sub(1));
        let _ = write!(text, "  {:>7} ms  {:<14} {:>6} ms", entry.began_ms, name(&entry.stage), entry.took_ms);
        let _ = writeln!(text, "  {}", codes(&entry.reasons));
        if let Some(detail) = &entry.detail {
            let _ = writeln!(text, "                 ({detail})");
        }
    }
    door_lines(&mut text, u64::MAX);
    if let Some(measurement) = record.measurement {
        let _ = writeln!(text, "  score {:.3}, threshold {:.3}", measurement.score, measurement.threshold);
    }
    if let Some(officer) = &record.officer {
        let _ = writeln!(text, "  officer {}: {} ({})", officer.officer, name(&officer.choice), officer.note);
    }
    let _ = write!(text, "  => {} {}", name(&record.outcome), codes(&record.reasons));
    text
}
