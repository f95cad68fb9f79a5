//! The loop, told in words: what happens, and what the machine wants done after each of it. Every
//! prefix of every story is replayed.

use lorch_types::agent::{
    AgentType, CommandId, CommandKind, CorrelationId, EventId, EventKind, Recipient, Retry,
    ReviewStatus, Sender, WorkspaceVersion,
};
use lorch_types::json::{Limits, from_value, read};
use lorch_types::{NaturalInteger, PositiveInteger, Priority, Timestamp};

use super::*;
use crate::fold::Fold;

const RULES: Rules = Rules { max_rounds: 2, max_attempts: 2 };

/// A message of a story, and what was wanted before it.
struct Said {
    message: Message,
    before: Machine,
}

enum Message {
    Command(Command),
    Event(Event),
}

/// A run in which things happen as they are told.
struct Story {
    fold: Fold,
    said: Vec<Said>,
    trace: Vec<String>,
}

fn assignment() -> Assignment {
    let inputs = read(br#"{"goal":"Add user authentication"}"#, Limits::default()).unwrap();
    let outputs = read(br#"[{"path":"src/auth.rs"}]"#, Limits::default()).unwrap();
    Assignment {
        task_id: "T-0042".parse().unwrap(),
        first: Action::Implement,
        inputs: inputs.as_object().unwrap().clone(),
        expected_outputs: from_value(&outputs).unwrap(),
    }
}

fn payload(text: &str) -> Object {
    read(text.as_bytes(), Limits::default()).unwrap().as_object().unwrap().clone()
}

fn snapshot(number: usize) -> SnapshotId {
    format!("snap-{number:012x}").parse().unwrap()
}

impl Story {
    fn new() -> Self {
        Self::of(assignment())
    }

    fn of(assignment: Assignment) -> Self {
        let fold = Fold::new(RULES, Some(assignment));
        let mut story = Self { fold, said: Vec::new(), trace: Vec::new() };
        story.settle();
        story
    }

    /// Does what can be done without anything happening: sends, and asks.
    fn settle(&mut self) {
        loop {
            let machine = self.fold.machine();
            match machine.next().unwrap() {
                Next::Send(order) => {
                    let short = match order.action {
                        Action::ImplementChanges => "changes",
                        Action::UpdateSpec => "spec",
                        action => action.as_str(),
                    };
                    let round = order.inputs.get("round").unwrap();
                    self.trace.push(format!("{short}{round}"));
                    let field = if order.action == Action::Intake { "replies" } else { "feedback" };
                    let has_more = order.inputs.contains_key(field);
                    assert_eq!(has_more, round.as_u64() > Some(1), "{order:?}");
                    let command = self.command(order);
                    self.say(Message::Command(command));
                }
                Next::SendAgain(before, errors) => {
                    self.trace.push(format!("again({errors})"));
                    let mut command = before.clone();
                    command.message_id = CommandId::of_number(self.number());
                    command.retry.attempt = command.retry.attempt.next().unwrap();
                    self.say(Message::Command(command));
                }
                Next::Ask(question) => {
                    self.trace.push(question.kind.as_str().to_owned());
                    let payload = question.payload();
                    self.own(EventType::NeedsClarification, payload);
                }
                Next::End(end) => {
                    let end = match end {
                        End::Completed => "completed".to_owned(),
                        End::Failed(failure) => failure.code.clone(),
                        End::Aborted => "aborted".to_owned(),
                    };
                    return self.trace.push(end);
                }
                Next::Await(_) | Next::Observe(..) | Next::Decide(_) => return,
            }
        }
    }

    fn number(&self) -> u32 {
        u32::try_from(self.said.len()).unwrap() + 1
    }

    fn command(&self, order: Order) -> Command {
        let Order { action, inputs, expected_outputs } = order;
        let (task_id, snapshot_id) = (assignment().task_id, snapshot(0));
        let key = Command::key(action, &task_id, &snapshot_id, &inputs, &expected_outputs);
        Command {
            kind: CommandKind::Command,
            message_id: CommandId::of_number(self.number()),
            correlation_id: CorrelationId::of_number(u64::from(self.number())),
            task_id,
            idempotency_key: key.unwrap(),
            to: Recipient { agent_type: action.agent_type(), agent_id: None },
            action,
            inputs,
            expected_outputs,
            version: WorkspaceVersion { snapshot_id, specs_hash: None, code_hash: None },
            deadline: Timestamp::unix_epoch(),
            retry: Retry { attempt: NaturalInteger::MIN, max_attempts: PositiveInteger::ONE },
            priority: Priority::MIN,
        }
    }

    fn event(&self, from: AgentType, event: EventType, payload: Object) -> Event {
        let correlation = self.fold.correlation().cloned();
        Event {
            kind: EventKind::Event,
            message_id: EventId::of_number(self.number()),
            correlation_id: correlation.unwrap_or_else(|| CorrelationId::of_number(0)),
            task_id: assignment().task_id,
            from: Sender { agent_type: from, agent_id: None },
            event,
            payload,
            occurred_at: Timestamp::unix_epoch(),
            status: None,
            artifacts: None,
            observed_version: None,
        }
    }

    fn own(&mut self, event: EventType, payload: Object) {
        let event = self.event(AgentType::System, event, payload);
        self.say(Message::Event(event));
    }

    fn say(&mut self, message: Message) -> Heed {
        let before = self.fold.machine().clone();
        let heed = take(&mut self.fold, &message).unwrap();
        self.said.push(Said { message, before });
        heed
    }

    /// Takes an answer of an agent, and what lorch then finds.
    fn answer(&mut self, event: Event, found: impl FnOnce(&mut Observation)) {
        assert_eq!(self.say(Message::Event(event)), Heed::Taken);
        let turn = self.said.len();
        let Some(Next::Observe(..)) = self.fold.machine().next() else { return };
        let mut observation = Observation::empty(snapshot(turn));
        found(&mut observation);
        for part in observation.parts() {
            let mut event =
                self.event(AgentType::System, EventType::ArtifactProduced, part.payload());
            let snapshot_id = part.observation.snapshot_id;
            event.observed_version =
                Some(WorkspaceVersion { snapshot_id, specs_hash: None, code_hash: None });
            self.say(Message::Event(event));
        }
    }

    fn builder(&self, said: &str) -> Event {
        self.event(AgentType::Builder, EventType::BuilderCompleted, payload(said))
    }

    fn reviewer(&self, status: ReviewStatus) -> Event {
        let findings = payload(r#"{"findings":["nothing is checked"]}"#);
        let event = self.event(AgentType::Reviewer, EventType::ReviewCompleted, findings);
        Event { status: Some(status), ..event }
    }

    fn maintainer(&self, event: EventType) -> Event {
        self.event(AgentType::SpecMaintainer, event, Object::new())
    }

    fn reply(&mut self, comment: &str) {
        let question = Some(QuestionKind::NeedsClarification);
        let decision = Decision { question, answer: Answer::Reply, comment: None };
        let silent = self.event(AgentType::System, EventType::UserDecision, decision.payload());
        assert!(self.fold.event(&silent).is_err(), "a reply says something");
        let decision = Decision { comment: Some(comment.to_owned()), ..decision };
        self.own(EventType::UserDecision, decision.payload());
        self.settle();
    }

    fn asked(&self) -> AgentType {
        self.fold.machine().pending().unwrap().action.agent_type()
    }

    fn happens(&mut self, word: &str) {
        const PASS: &str = r#"{"tests":{"status":"pass"}}"#;
        match word {
            "pass" => self.answer(self.builder(PASS), |_| {}),
            "same" => self.answer(self.builder(PASS), |found| found.snapshot_id = snapshot(2)),
            "missing" => self.answer(self.builder(PASS), |found| {
                found.missing.push("src/auth.rs".parse().unwrap());
            }),
            "fail" => self.answer(self.builder(r#"{"tests":{"status":"fail"}}"#), |_| {}),
            "allowed" => {
                let tests = r#"{"tests":{"status":"fail","allowed_failures":true}}"#;
                self.answer(self.builder(tests), |_| {});
            }
            "untested" => self.answer(self.builder("{}"), |_| {}),
            "approved" => self.answer(self.reviewer(ReviewStatus::Approved), |_| {}),
            "changes" => self.answer(self.reviewer(ReviewStatus::ChangesRequested), |_| {}),
            "updated" => self.answer(self.maintainer(EventType::SpecUpdated), |_| {}),
            "unneeded" => self.answer(self.maintainer(EventType::SpecNoChangesNeeded), |_| {}),
            "contradicts" => self.answer(self.maintainer(EventType::SpecChangesRequested), |_| {}),
            "error" | "passing" => {
                let said =
                    format!(r#"{{"code":"llm_call_failed","retriable":{}}}"#, word != "error");
                let event = self.event(self.asked(), EventType::Error, payload(&said));
                self.answer(event, |_| {});
            }
            "late" => {
                let failure = Failure { retriable: true, ..Failure::new("deadline_exceeded", "") };
                self.own(EventType::Error, failure.payload());
            }
            "lost" => {
                self.fold.machine_mut().lose();
            }
            "drift" => {
                self.fold.machine_mut().drift("a file is gone".to_owned(), Object::new());
            }
            answer => {
                let answer = Answer::ALL.into_iter().find(|it| it.as_str() == answer).unwrap();
                let question = match self.fold.machine().next() {
                    Some(Next::Decide(question)) => Some(question.kind),
                    _ => None,
                };
                let decision = Decision { question, answer, comment: None };
                self.own(EventType::UserDecision, decision.payload());
            }
        }
        self.settle();
    }
}

fn take(fold: &mut Fold, message: &Message) -> Result<Heed, OutOfPlace> {
    match message {
        Message::Command(command) => fold.command(command),
        Message::Event(event) => fold.event(event),
    }
}

/// What happens, and what is done in between.
#[track_caller]
fn check(story: &str, expected: &str) {
    let mut told = Story::new();
    for word in story.split(' ').filter(|word| !word.is_empty()) {
        told.happens(word);
    }
    assert_eq!(told.trace.join(" "), expected);
    replay(&told);
}

/// Whoever reads the ledger comes to where the run was, whatever the length of it: to the same state
/// where nothing else happened, and to the same command in any case.
#[track_caller]
fn replay(told: &Story) {
    let mut fold = Fold::new(RULES, Some(assignment()));
    let mut unknowing = Fold::new(RULES, None);
    for Said { message, before } in &told.said {
        let is_untold = matches!(before.state, State::Lost(_)) || asks_about_drift(before);
        if !is_untold {
            assert_eq!(fold.machine(), before);
        }
        if let (Some(Next::Send(order)), Message::Command(command)) = (before.next(), message) {
            assert_eq!((order.action, &order.inputs), (command.action, &command.inputs));
            assert_eq!(fold.machine().next(), Some(Next::Send(order)));
        }
        take(&mut fold, message).unwrap();
        take(&mut unknowing, message).unwrap();
        assert_eq!(unknowing, fold);
    }
    assert_eq!(fold.machine().next(), told.fold.machine().next());
}

fn asks_about_drift(machine: &Machine) -> bool {
    matches!(&machine.state, State::Asking(asked) if asked.question.kind == QuestionKind::ArtifactDrift)
}

#[test]
fn a_task_goes_through_its_stages() {
    check("", "implement1");
    check("pass approved updated", "implement1 review1 spec1 completed");
    check("pass approved unneeded", "implement1 review1 spec1 completed");
    check("allowed approved unneeded", "implement1 review1 spec1 completed");
    check(
        "pass changes pass approved updated",
        "implement1 review1 changes2 review2 spec2 completed",
    );
    check(
        "pass approved contradicts pass approved updated",
        "implement1 review1 spec1 changes2 review2 spec2 completed",
    );
}

#[test]
fn a_task_fails_when_its_tests_do() {
    check("fail", "implement1 tests_failed");
    check("untested", "implement1 tests_failed");
    check("pass changes fail", "implement1 review1 changes2 tests_failed");
}

#[test]
fn what_is_owed_is_asked_for_before_a_review() {
    check("missing pass approved updated", "implement1 changes2 review2 spec2 completed");
    check("missing missing", "implement1 changes2 max_rounds");
}

#[test]
fn work_is_asked_for_again_when_its_answer_is_lost_or_an_error_may_pass() {
    check("lost pass", "implement1 again(0) review1");
    check("lost lost lost lost pass", "implement1 again(0) again(0) again(0) again(0) review1");
    check("passing pass lost approved", "implement1 again(1) review1 again(0) spec1");
    check("passing lost pass", "implement1 again(1) again(1) review1");
    check("late pass", "implement1 again(1) review1");
    check("passing passing", "implement1 again(1) llm_call_failed");
    check("passing late", "implement1 again(1) deadline_exceeded");
    check("passing pass passing approved", "implement1 again(1) review1 again(1) spec1");
    check("error", "implement1 llm_call_failed");
}

#[test]
fn a_person_is_asked_when_rounds_are_used_up() {
    let asked = "implement1 review1 changes2 review2 max_rounds";
    check("pass changes pass changes", asked);
    check("pass changes pass changes accept", &format!("{asked} spec2"));
    check("pass changes pass changes abort", &format!("{asked} aborted"));
    check(
        "pass changes pass changes continue pass changes pass changes",
        &format!("{asked} changes3 review3 changes4 review4 max_rounds"),
    );
    check(
        "pass approved contradicts pass approved contradicts accept",
        "implement1 review1 spec1 changes2 review2 spec2 max_rounds completed",
    );
}

#[test]
fn a_person_is_asked_when_a_builder_comes_back_to_where_it_was() {
    let asked = "implement1 review1 changes2 oscillation";
    check("same changes same", asked);
    check("same changes same continue", &format!("{asked} review2"));
    check("same changes same accept", &format!("{asked} spec2"));
    check("same changes same abort", &format!("{asked} aborted"));
    check("same changes fail", "implement1 review1 changes2 tests_failed");
}

#[test]
fn a_person_is_asked_when_files_drift() {
    let asked = "implement1 review1 artifact_drift";
    check("pass drift", asked);
    check("pass drift accept approved", &format!("{asked} spec1"));
    check(
        "pass changes pass drift accept lost approved",
        "implement1 review1 changes2 review2 artifact_drift again(0) spec2",
    );
    check("pass drift redo pass", &format!("{asked} changes2 review2"));
    check("pass drift abort", &format!("{asked} aborted"));
    // A builder at work may have changed them.
    check("drift pass", "implement1 review1");
}

/// An orchestrating agent asks, is answered, and proposes what a person takes.
#[test]
fn a_wish_becomes_tasks() {
    let mut told = Story::of(Assignment { first: Action::Intake, ..assignment() });
    let said = |told: &Story, event, said: &str| {
        told.event(AgentType::Orchestration, event, payload(said))
    };
    let asks = said(&told, EventType::NeedsClarification, r#"{"question":"For whom?"}"#);
    told.answer(asks, |_| {});
    told.settle();
    told.reply("for all");
    let Message::Command(again) = &told.said.last().unwrap().message else { panic!() };
    let replies = Value::Object(again.inputs.clone()).to_string();
    assert!(replies.contains(r#"[{"question":"For whom?","reply":"for all"}]"#), "{replies}");
    let proposal = r#"{"tasks":[{"task_id":"T-0043","goal":"Greet all","size":"small"}]}"#;
    told.answer(said(&told, EventType::ProposedTasks, proposal), |_| {});
    told.settle();
    assert!(!told.fold.machine().proposed().is_empty());
    told.happens("accept");
    assert_eq!(
        told.trace.join(" "),
        "intake1 needs_clarification intake2 proposed_tasks completed"
    );
    let [task] = told.fold.machine().proposed() else { panic!() };
    assert_eq!(task.task_id.as_str(), "T-0043");
    assert!(task.inputs.contains_key("size") && !task.inputs.contains_key("task_id"));

    for (proposal, reason) in [
        ("{}", "the proposal has no `tasks`"),
        (r#"{"tasks":[{"goal":"x"}]}"#, "tasks[0]: it has no `task_id`"),
        (r#"{"tasks":[{"task_id":"T-1","goal":"x"}]}"#, "tasks[0]: task_id: "),
        (r#"{"tasks":[{"task_id":"T-0001"}]}"#, "tasks[0]: it has no `goal`"),
    ] {
        let mut told = Story::of(Assignment { first: Action::Intake, ..assignment() });
        told.answer(said(&told, EventType::ProposedTasks, proposal), |_| {});
        let Some(Next::End(End::Failed(failure))) = told.fold.machine().next() else { panic!() };
        assert_eq!(failure.code, "invalid_proposal");
        assert!(failure.message.starts_with(reason), "{failure:?}");
    }
}

#[test]
fn a_run_can_be_stopped_at_any_time() {
    check("abort", "implement1 aborted");
    check("pass abort", "implement1 review1 aborted");
    check("pass approved lost abort", "implement1 review1 spec1 again(0) aborted");
}

/// What an agent says that it may not say is recorded and moves nothing.
#[test]
fn what_breaks_the_protocol_is_not_heeded() {
    let mut told = Story::new();
    let builder = told.builder(r#"{"tests":{"status":"pass"}}"#);
    let unheeded = [
        Event {
            from: Sender { agent_type: AgentType::Reviewer, agent_id: None },
            ..builder.clone()
        },
        Event { correlation_id: CorrelationId::of_number(99), ..builder.clone() },
        Event { event: EventType::ReviewCompleted, ..builder.clone() },
        Event { event: EventType::SpecUpdated, ..builder },
    ];
    let before = told.fold.machine().clone();
    for (number, event) in (100..).zip(unheeded) {
        let event = Event { message_id: EventId::of_number(number), ..event };
        let heed = told.say(Message::Event(event));
        assert!(matches!(heed, Heed::Refused(_)), "{heed:?}");
        assert_eq!(*told.fold.machine(), before);
    }
    told.happens("pass");
    let unjudged = Event { status: None, ..told.reviewer(ReviewStatus::Approved) };
    let heed = told.say(Message::Event(unjudged));
    assert!(matches!(&heed, Heed::Refused(reason) if reason.contains("status")), "{heed:?}");
    told.happens("approved");
    assert_eq!(told.trace.join(" "), "implement1 review1 spec1");
    replay(&told);
}

/// Lorch never wrote such a ledger.
#[test]
fn a_ledger_of_another_loop_is_refused() {
    let mut told = Story::new();
    told.happens("pass");
    let Message::Command(first) = &told.said[0].message else { panic!() };
    let mut fold = Fold::new(RULES, None);
    take(&mut fold, &told.said[0].message).unwrap();
    let other = Command { correlation_id: CorrelationId::of_number(77), ..first.clone() };
    let error = fold.command(&other).unwrap_err();
    assert_eq!(error.to_string(), "cmd-00000001: no command comes next");
    let error =
        fold.event(&told.event(AgentType::System, EventType::ArtifactProduced, Object::new()));
    let reason = error.unwrap_err().to_string();
    assert_eq!(reason, "evt-00000005: no `artifact.produced` of lorch itself can stand here");
    let mut late = Fold::new(RULES, None);
    let Message::Command(review) = &told.said[3].message else { panic!() };
    let error = late.command(review).unwrap_err();
    assert_eq!(error.to_string(), "cmd-00000004: it asks for review, and implement comes next");
}
