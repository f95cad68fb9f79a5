//! Texts that keep the rule of an identifier, and texts that break it in one way each.
//!
//! Written by hand from the rules, not derived from the patterns that they judge.

/// Texts that are one, and texts that are none, the most telling first, of what `title` names; `None` where only the length
/// matters.
pub(super) fn texts(title: &str) -> Option<(Vec<String>, Vec<String>)> {
    let listed = |valid: &[&str], invalid: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Some((owned(valid), owned(invalid)))
    };
    match title {
        "task id" => listed(
            &["T-0000", "T-9999"],
            &[
                "",
                "T-004",
                "T-00420",
                "t-0042",
                "T_0042",
                "T-00a2",
                " T-0042",
                "T-0042\n",
                "T-००४२",
            ],
        ),
        "snapshot id" => Some(hexadecimal("snap-", 12)),
        "command id" => Some(hexadecimal("cmd-", 8)),
        "event id" => Some(hexadecimal("evt-", 8)),
        "digest" => Some(hexadecimal("sha256:", 64)),
        "idempotency key" => Some(hexadecimal("ik:", 64)),
        "agent run id" => listed(
            &["run-00000000-000000-00000000", "run-99999999-999999-ffffffff"],
            &[
                "",
                "run-20251020-140818-4f9f29a",
                "run-20251020-140818-4f9f29a11",
                "run-20251020-140818-4F9F29A1",
                "run-20251020-140818-4f9f29g1",
                "run-2025102a-140818-4f9f29a1",
                "run-20251020-14081x-4f9f29a1",
                "run-2025102-1408180-4f9f29a1",
                "RUN-20251020-140818-4f9f29a1",
                "run-20251020_140818-4f9f29a1",
                "run-20251020-140818-4f9f29a1\n",
            ],
        ),
        "run id" => listed(
            &["00000000000000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"],
            &[
                "",
                "01KADE3Q6BZ5T8V0X2Y4W6R9S",
                "01KADE3Q6BZ5T8V0X2Y4W6R9SNN",
                "81KADE3Q6BZ5T8V0X2Y4W6R9SN",
                "01kade3q6bz5t8v0x2y4w6r9sn",
                "01KADE3Q6BZ5T8V0X2Y4W6R9SI",
                "01KADE3Q6BZ5T8V0X2Y4W6R9SL",
                "01KADE3Q6BZ5T8V0X2Y4W6R9SO",
                "01KADE3Q6BZ5T8V0X2Y4W6R9SU",
                "01KADE3Q6BZ5T8V0X2Y4W6R9SN\n",
            ],
        ),
        "UUID" => listed(
            &["00000000-0000-0000-0000-000000000000", "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF"],
            &[
                "",
                "550e8400e29b41d4a716446655440000",
                "550e8400-e29b-41d4-a716-44665544000",
                "550e8400-e29b-41d4-a716-4466554400000",
                "550e8400-e29b-41d4-a716-44665544000g",
                "550e840-0e29b-41d4-a716-446655440000",
                "{550e8400-e29b-41d4-a716-446655440000}",
                "550e8400-e29b-41d4-a716-446655440000\n",
            ],
        ),
        "job id" => Some(with_lengths(
            &["a", "_", "0", "A.b-c_d"],
            &["", "a..b", ".a", "-a", "a/b", "a b", "é", "a\n"],
            128,
        )),
        "step id" => Some(with_lengths(
            &["a", "_", "A-b_c9"],
            &["", "envelope", "9a", "-a", "a.b", "a/b", "run_id", "started_at", "a\n", "é"],
            64,
        )),
        "step of an instance" => Some(with_lengths(
            &["a", "a/b/c", "_/A-9", "envelopes"],
            &["", "envelope", "/a", "a/", "a//b", "a/9", "a.b", "a/run_id", "started_at/a", "a\n"],
            64,
        )),
        "operation" => {
            let (mut valid, mut invalid) = with_lengths(&[], &[], 64);
            let named = |texts: &mut Vec<String>| {
                texts.iter_mut().for_each(|text| *text = format!("compute.{text}"));
            };
            named(&mut valid);
            named(&mut invalid);
            let (more, wrong) = listed(
                &["write.a", "write.upsert_2"],
                &["", "write", "write.", "write.Upsert", "write.2", "write._a", "delete.a"],
            )?;
            valid.extend(more);
            invalid.extend(wrong);
            invalid.extend(["xwrite.a", "write.a.b", "job.runs", "write.a\n"].map(str::to_owned));
            Some((valid, invalid))
        }
        "path in a workspace" => listed(
            &["a", "src/auth.rs", ".hidden", "a/...", "a b/é", "..a/b.."],
            &[
                "", "..", "/a", "a/", "a//b", ".", "./a", "a/.", "a/../b", "a\u{0}", "a\nb",
                "a\u{7f}", "a\u{9f}b",
            ],
        ),
        "timestamp" => Some(timestamps()),
        _ => None,
    }
}

/// A prefix and so many lower-case hexadecimal digits.
fn hexadecimal(prefix: &str, count: usize) -> (Vec<String>, Vec<String>) {
    let with = |digits: String| format!("{prefix}{digits}");
    let valid = vec![with("0".repeat(count)), with("f".repeat(count)), with("9".repeat(count))];
    let almost = "a".repeat(count - 1);
    let invalid = vec![
        String::new(),
        with(almost.clone()),
        with(format!("{almost}aa")),
        with(format!("{almost}A")),
        with(format!("{almost}g")),
        with(format!("{almost}a\n")),
        with(format!(" {almost}")),
        format!("{almost}a"),
        format!("{}{almost}a", prefix.to_uppercase()),
    ];
    (valid, invalid)
}

/// The texts, and one of the greatest length and one that is longer; all of them ASCII.
fn with_lengths(valid: &[&str], invalid: &[&str], most: usize) -> (Vec<String>, Vec<String>) {
    let owned = |texts: &[&str], length| {
        let texts = texts.iter().map(|text| (*text).to_owned());
        texts.chain([("a".repeat(length))]).collect()
    };
    (owned(valid, most), owned(invalid, most + 1))
}

fn timestamps() -> (Vec<String>, Vec<String>) {
    let last_days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let day = |month: usize, day: u32| format!("2025-{month:02}-{day:02}T00:00:00Z");
    let months = || last_days.into_iter().enumerate().map(|(index, last)| (index + 1, last));
    let valid = [
        "2025-10-20T14:08:18.1Z",
        "2025-10-20T14:08:18.123456789Z",
        "2025-10-20T10:08:18-04:00",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59+23:59",
        "2024-02-29T00:00:00Z",
        "2000-02-29T00:00:00Z",
        "2025-10-20T14:08:18-00:00",
    ];
    let invalid = [
        "",
        "2025-10-20",
        "2025-10-20T14:08:18",
        "2025-10-20T14:08Z",
        "2025-10-20 14:08:18Z",
        "2025-10-20t14:08:18Z",
        "2025-10-20T14:08:18z",
        "2025-10-20T14:08:18.Z",
        "2025-10-20T14:08:18,5Z",
        "2025-10-20T14:08:18.1234567890Z",
        "2025-10-20T24:00:00Z",
        "2025-10-20T14:60:00Z",
        "2025-10-20T14:08:60Z",
        "2025-10-20T14:08:18+24:00",
        "2025-10-20T14:08:18+02:60",
        "2025-10-20T14:08:18+0200",
        "2025-10-20T14:08:18+02",
        "2025-00-20T14:08:18Z",
        "2025-13-20T14:08:18Z",
        "2025-1-2T14:08:18Z",
        "1900-02-29T00:00:00Z",
        "12025-10-20T14:08:18Z",
        "-025-10-20T14:08:18Z",
        "2025-10-20T14:08:18Z\n",
        " 2025-10-20T14:08:18Z",
    ];
    let owned = |text: &str| text.to_owned();
    (
        months().map(|(month, last)| day(month, last)).chain(valid.map(owned)).collect(),
        months()
            .flat_map(|(month, last)| [day(month, last + 1), day(month, 0)])
            .chain(invalid.map(owned))
            .collect(),
    )
}
