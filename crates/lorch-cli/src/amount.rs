//! Counts, sizes and durations as people read them.

/// The number with a comma between thousands: `3,158`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The number and its noun, in the plural unless it is one: `1 row`, `3,158 rows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A size with the unit that leaves one to three digits before the point: `246.5 kB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    UNITS.iter().find(|(unit, _)| bytes >= *unit).map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

/// A duration: `12 ms`, `1.23 s`, `2 min 05 s`, `3 h 12 min`.
pub(crate) fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{:02} s", millis % 1000 / 10),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, counted, duration, size};

    #[test]
    fn numbers_are_grouped() {
        let all = [0, 12, 999, 1000, 3158, 1_234_567].map(count);
        assert_eq!(all, ["0", "12", "999", "1,000", "3,158", "1,234,567"]);
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(0, "row"), "0 rows");
    }

    #[test]
    fn sizes_have_a_unit() {
        let all = [0, 999, 1000, 246_514, 1_050_000, 2_000_000_000].map(size);
        assert_eq!(all, ["0 B", "999 B", "1.0 kB", "246.5 kB", "1.0 MB", "2.0 GB"]);
    }

    #[test]
    fn durations_have_a_unit() {
        let all = [0, 999, 1000, 1234, 59_999, 60_000, 125_000, 11_530_000].map(duration);
        let expected = [
            "0 ms",
            "999 ms",
            "1.00 s",
            "1.23 s",
            "59.99 s",
            "1 min 00 s",
            "2 min 05 s",
            "3 h 12 min",
        ];
        assert_eq!(all, expected);
    }
}
