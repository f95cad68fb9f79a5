//! What becomes of a phase by its rollback condition and its health.

use lorch_types::plan::Truth;

/// What becomes of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// What was changed is undone.
    RollBack,
    /// It waits for a person.
    Pause(PauseReason),
}

/// Why a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PauseReason {
    /// A health check failed.
    HealthCheckFailed,
    /// It cannot be told whether the assets are well.
    Inconclusive,
    /// A person asked for it.
    Command,
    /// Nothing may happen at this time.
    MaintenanceWindow,
}

/// The verdict on a phase; unknown never passes.
pub fn verdict(rollback: Truth, health: &[Truth]) -> Verdict {
    let all = health.iter().fold(Truth::True, |all, one| all & *one);
    match (rollback, all) {
        (Truth::True, _) => Verdict::RollBack,
        (_, Truth::False) => Verdict::Pause(PauseReason::HealthCheckFailed),
        (Truth::Unknown, _) | (_, Truth::Unknown) => Verdict::Pause(PauseReason::Inconclusive),
        (Truth::False, Truth::True) => Verdict::Pass,
    }
}

impl PauseReason {
    /// All reasons.
    pub const ALL: [Self; 4] =
        [Self::HealthCheckFailed, Self::Inconclusive, Self::Command, Self::MaintenanceWindow];

    /// The reason as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HealthCheckFailed => "health_check_failed",
            Self::Inconclusive => "inconclusive",
            Self::Command => "command",
            Self::MaintenanceWindow => "maintenance_window",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_that_of_the_table() {
        use PauseReason::{HealthCheckFailed, Inconclusive};
        use Truth::{False, True, Unknown};
        for rollback in Truth::ALL {
            for one in Truth::ALL {
                for other in Truth::ALL {
                    let health = [one, other];
                    let expected = match rollback {
                        True => Verdict::RollBack,
                        _ if health.contains(&False) => Verdict::Pause(HealthCheckFailed),
                        Unknown => Verdict::Pause(Inconclusive),
                        _ if health.contains(&Unknown) => Verdict::Pause(Inconclusive),
                        False => Verdict::Pass,
                    };
                    assert_eq!(verdict(rollback, &health), expected, "{rollback} {health:?}");
                }
            }
        }
        assert_eq!(verdict(False, &[]), Verdict::Pass);
        assert_eq!(verdict(Unknown, &[]), Verdict::Pause(Inconclusive));
    }
}
