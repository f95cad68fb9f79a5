//! What is to be asked of an agent next.

use lorch_types::agent::{Action, Command, ExpectedOutput, TaskId};
use lorch_types::json::{Object, Value, from_value};

use super::outcome::Feedback;

/// What a task is about, which all its commands say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The task; for an orchestrating agent the one that stands for the wish itself, `T-0000`.
    pub task_id: TaskId,
    /// What is asked for first: `implement`, or `intake` or `task_discovery` of an orchestrating agent.
    pub first: Action,
    /// Its inputs: what is wanted, as `goal`, and whatever else the agents are to know.
    pub inputs: Object,
    /// The files that a builder should produce.
    pub expected_outputs: Vec<ExpectedOutput>,
}

/// A command before it has ids, a snapshot and a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is asked for.
    pub action: Action,
    /// The parameters of the action.
    pub inputs: Object,
    /// The files that should be produced.
    pub expected_outputs: Vec<ExpectedOutput>,
}

/// What a person said when an orchestrating agent asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) question: String,
    pub(crate) reply: String,
}

impl Reply {
    fn input(&self) -> Object {
        let Self { question, reply } = self;
        [("question", question.as_str()), ("reply", reply.as_str())].into_iter().collect()
    }
}

/// The inputs that come from lorch; a task cannot have inputs of its own with these names.
pub const OWN_INPUTS: [&str; 3] = ["round", "feedback", "replies"];

impl Assignment {
    /// The assignment that the first command of a run was made of.
    pub(crate) fn of_command(command: &Command) -> Self {
        let mut inputs = command.inputs.clone();
        for input in OWN_INPUTS {
            inputs.remove(input);
        }
        Self {
            task_id: command.task_id.clone(),
            first: command.action,
            inputs,
            expected_outputs: command.expected_outputs.clone(),
        }
    }

    /// The task that a proposal of an orchestrating agent describes: its `task_id`, its `goal`, its
    /// `expected_outputs`, and whatever else is an input.
    ///
    /// # Errors
    /// Why it describes none.
    pub(crate) fn proposed(proposal: &Value) -> Result<Self, String> {
        let mut inputs = proposal.as_object().ok_or("it is no object")?.clone();
        let task_id = inputs.remove("task_id").ok_or("it has no `task_id`")?;
        let task_id = from_value(&task_id).map_err(|error| format!("task_id: {error}"))?;
        let outputs = inputs.remove("expected_outputs").unwrap_or_else(|| Value::Array(Vec::new()));
        let expected_outputs =
            from_value(&outputs).map_err(|error| format!("expected_outputs: {error}"))?;
        inputs.get("goal").and_then(Value::as_str).ok_or("it has no `goal`")?;
        OWN_INPUTS.iter().for_each(|input| drop(inputs.remove(input)));
        Ok(Self { task_id, first: Action::Implement, inputs, expected_outputs })
    }

    /// The order for an action in this round.
    pub(crate) fn order(
        &self,
        action: Action,
        round: u64,
        feedback: Option<&Feedback>,
        replies: &[Reply],
    ) -> Order {
        let mut inputs = self.inputs.clone();
        inputs.insert("round", round);
        if !replies.is_empty() {
            let replies = replies.iter().map(|reply| Value::Object(reply.input()));
            inputs.insert("replies", Value::Array(replies.collect()));
        }
        if let Some(feedback) = feedback.filter(|_| round > 1) {
            inputs.insert("feedback", feedback.input());
        }
        let expected_outputs = match action {
            Action::Implement | Action::ImplementChanges => self.expected_outputs.clone(),
            Action::Review | Action::UpdateSpec | Action::Intake | Action::TaskDiscovery => {
                Vec::new()
            }
        };
        Order { action, inputs, expected_outputs }
    }
}
