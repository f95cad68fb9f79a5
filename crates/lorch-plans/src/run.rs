//! Carrying a plan out: phase by phase, asset by asset, checked, paused and undone by its conditions.
//!
//! A [`Course`] is what a plan says, read once. The [`Machine`] folds the audit log of a run and says
//! what is next; it knows no clock, no store and no assets, so that a run that goes on after a crash is a
//! fold of its log through the machine that the run itself uses. The driver, [`carry_out`], does what is
//! next and records it before it does anything else: acts through `hands`, looks through `probe`.

mod clock;
mod course;
mod driver;
mod entry;
mod hands;
mod machine;
mod parallel;
mod probe;
mod report;
mod start;
mod verdict;
mod watch;
mod window;

pub use clock::{Clock, SystemClock};
pub use course::{Checkup, Course, Stage, Terms};
pub use driver::{Executor, Pace, RunError, Stopped, carry_out};
pub use hands::{Act, Direction, Hands};
pub use machine::{Machine, Next, OutOfPlace, Round, RunEnding};
pub use parallel::Parallel;
pub use report::{Timeline, run_document, said_of};
pub use start::{begin, unfinished};
pub use verdict::{PauseReason, Verdict, verdict};
pub use window::{InvalidWindow, Window};
