//! Plans: whether one may be put before a person, who has approved it, and whether it may be carried
//! out.
//!
//! In reading order: a [`Contract`] is what a task demands of its plans. [`validate`] judges a plan by
//! it, purely, and [`validate_task`] what is wrong with the task itself: its schema, what [`Policies`] say against it, and the rules of `safety`, which looks
//! through conditions by `conditions`; a [`Score`] has its reasons. A [`Desk`] is what decisions need:
//! [`submit`] puts a plan before those who may [`approve`] or [`reject`] it, and [`execute`] looks at
//! every [`Clause`] of its approvals once more. [`begin`] and [`carry_out`] are
//! the rest of its way: phase by phase, with health checks and rollback. [`worst_cases`], [`simulate`] and [`diff`] are for whoever decides;
//! [`draft`] has a [`Planner`] write a plan, and believes nothing of it;
//! [`document`] says what has become of a plan, and [`first_broken`] whether its audit log is whole.

mod approval;
mod approve;
mod audit;
mod bound;
mod conditions;
mod contract;
mod desk;
mod diff;
mod document;
mod draft;
mod error;
mod execute;
mod finding;
mod policy;
mod run;
mod safety;
mod score;
mod simulate;
mod submit;
mod validate;
mod worst_case;

pub use approval::{Clause, MOST_VALID, MOST_VALID_BREAK_GLASS};
pub use approve::{ApprovalRequest, Approved, approve, check_person, reject};
pub use audit::first_broken;
pub use bound::{Bound, plan_digest, task_digest};
pub use contract::Contract;
pub use desk::{Desk, Judgement, judge, last_approved};
pub use diff::{Difference, diff};
pub use document::document;
pub use draft::{
    Because, Correction, Draft, DraftError, DraftFailure, Held, MOST_CORRECTIONS, NoAnswer, Order,
    Planner, Prompt, Question, Said, Unread, draft, read_answer,
};
pub use error::PlanError;
pub use execute::{Permit, execute};
pub use finding::{Rule, TASK_FILE};
pub use policy::{
    Budget, Case, CaseOutcome, DEFAULT_POLICY, Entry, Evaluator, InvalidCase, Must, Pack,
    PackError, PackName, PackRule, PackVerdict, Policies, PolicyFault, PolicyInput, Proof, Verdict,
    Verdicts, policy_worker, shipped,
};
pub use run::{
    Act, Checkup, Clock, Course, Direction, Executor, Hands, InvalidWindow, Machine, Next,
    OutOfPlace, Pace, Parallel, PauseReason, Round, RunEnding, RunError, Stage, Stopped,
    SystemClock, Terms, Timeline, Verdict as RunVerdict, Window, begin, carry_out, run_document,
    said_of, unfinished, verdict,
};
pub use safety::validate_task;
pub use score::{Evidence, Part, Score};
pub use simulate::{Ending, InvalidOdds, Odds, Simulation, Tally, Unreadable, simulate};
pub use submit::{Change, Submission, TASK_CHANGED, submit};
pub use validate::{Setting, Validation, validate};
pub use worst_case::{WorstCase, worst_cases};
