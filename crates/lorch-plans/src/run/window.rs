//! When anything may be done to assets: a maintenance window, in its own time zone.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use lorch_types::plan::MaintenanceWindow;
use lorch_types::{SmolStr, Timestamp};

/// A maintenance window.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    bounds: Bounds,
    zone: TimeZone,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bounds {
    /// From one time of every day until another, which may be one of the next day.
    Daily(Time, Time),
    /// Once.
    Once(Timestamp, Timestamp),
}

/// A maintenance window that says no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// Its bounds are no times.
    #[error(
        "the maintenance window from `{start}` to `{end}` is none: both are times of the day that \
         differ, such as `22:00` and `02:00`, or both moments, the first before the second"
    )]
    Bounds {
        /// Where it begins.
        start: SmolStr,
        /// Where it ends.
        end: SmolStr,
    },
    /// There is no such time zone.
    #[error("there is no time zone `{0}`: they have IANA names, such as `Europe/Berlin`")]
    Zone(SmolStr),
}

impl Window {
    /// The window that a task says.
    ///
    /// # Errors
    /// When it says no time.
    pub fn of(window: &MaintenanceWindow) -> Result<Self, InvalidWindow> {
        let zone = match window.timezone.as_deref() {
            None => TimeZone::UTC,
            Some(name) => {
                TimeZone::get(name).map_err(|_| InvalidWindow::Zone(SmolStr::new(name)))?
            }
        };
        let (start, end) = (window.start.as_str(), window.end.as_str());
        let daily = time(start).zip(time(end)).filter(|(start, end)| start != end);
        let once = start.parse().ok().zip(end.parse().ok());
        let once = once
            .filter(|(start, end): &(Timestamp, Timestamp)| start.unix_nanos() < end.unix_nanos());
        let bounds = match (daily, once) {
            (Some((start, end)), _) => Bounds::Daily(start, end),
            (None, Some((start, end))) => Bounds::Once(start, end),
            (None, None) => {
                let (start, end) = (window.start.clone(), window.end.clone());
                return Err(InvalidWindow::Bounds { start, end });
            }
        };
        Ok(Self { bounds, zone })
    }

    /// Whether anything may be done at a moment; the end itself is outside.
    pub fn is_open(&self, now: Timestamp) -> bool {
        match self.bounds {
            Bounds::Once(start, end) => {
                (start.unix_nanos()..end.unix_nanos()).contains(&now.unix_nanos())
            }
            Bounds::Daily(start, end) => {
                let Ok(moment) = jiff::Timestamp::from_millisecond(now.unix_millis()) else {
                    return false;
                };
                let time = moment.to_zoned(self.zone.clone()).time();
                if start < end { start <= time && time < end } else { start <= time || time < end }
            }
        }
    }
}

/// A time of the day, written as `02:00`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i8>().ok().filter(|_| is_two)
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: &str, end: &str, zone: Option<&str>) -> Result<Window, InvalidWindow> {
        let timezone = zone.map(SmolStr::new);
        Window::of(&MaintenanceWindow { start: start.into(), end: end.into(), timezone })
    }

    #[track_caller]
    fn check(start: &str, end: &str, zone: Option<&str>, moments: &[(&str, bool)]) {
        let window = window(start, end, zone).unwrap();
        for (moment, is_open) in moments {
            assert_eq!(window.is_open(moment.parse().unwrap()), *is_open, "{moment}");
        }
    }

    #[test]
    fn a_window_is_open_by_the_clock_of_its_zone() {
        let night = [
            ("2026-07-01T01:59:59Z", false),
            ("2026-07-01T02:00:00Z", true),
            ("2026-07-01T03:59:59.999Z", true),
            ("2026-07-01T04:00:00Z", false),
        ];
        check("02:00", "04:00", None, &night);
        let over_midnight = [
            ("2026-07-01T21:59:59Z", false),
            ("2026-07-01T22:00:00Z", true),
            ("2026-07-02T01:59:59Z", true),
            ("2026-07-02T02:00:00Z", false),
        ];
        check("22:00", "02:00", None, &over_midnight);
        // Two hours before UTC in summer, one in winter.
        let berlin = [
            ("2026-07-01T00:00:00Z", true),
            ("2026-07-01T02:00:00Z", false),
            ("2026-12-01T00:00:00Z", false),
            ("2026-12-01T01:00:00Z", true),
        ];
        check("02:00", "04:00", Some("Europe/Berlin"), &berlin);
        // On the day when the clock is put forward there is no 02:30.
        let gap = [("2026-03-29T00:59:59Z", false), ("2026-03-29T01:00:00Z", false)];
        check("02:00", "03:00", Some("Europe/Berlin"), &gap);
        let once = [
            ("2026-07-01T07:59:59Z", false),
            ("2026-07-01T08:00:00Z", true),
            ("2026-07-01T10:00:00Z", false),
            ("2026-07-02T09:00:00Z", false),
        ];
        check("2026-07-01T10:00:00+02:00", "2026-07-01T12:00:00+02:00", None, &once);
    }

    #[test]
    fn what_says_no_time_is_refused() {
        for (start, end) in [
            ("2:00", "04:00"),
            ("02:00", "24:00"),
            ("02:00", "02:00"),
            ("02:00", "2026-07-01T10:00:00Z"),
            ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00Z"),
            ("", ""),
            ("-1:00", "04:00"),
        ] {
            let refused = window(start, end, None).unwrap_err().to_string();
            assert!(refused.contains("is none"), "{refused}");
        }
        let refused = window("02:00", "04:00", Some("Europe/Nowhere")).unwrap_err().to_string();
        assert!(refused.contains("no time zone `Europe/Nowhere`"), "{refused}");
    }
}
