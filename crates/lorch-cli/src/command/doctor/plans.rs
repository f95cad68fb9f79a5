//! Whether plans can be drafted, and whether anybody is told that one waits.

use lorch_backends::{Environment, can_sign};
use lorch_types::agent::AgentType;

use super::{Finding, program};
use crate::amount::counted;
use crate::notify::LOG;
use crate::site::{CONFIG_FILE, Site};

/// Whether a webhook is told that a plan or a run waits, and could be until now.
pub(super) fn webhook(site: &Site) -> Vec<Finding> {
    let Some(notify) = &site.config.notify else {
        let fix = format!("add `[notify]` with `url` and `secret_env` to {CONFIG_FILE}");
        let words = "no webhook is told when a plan or a run of one waits for a person".to_owned();
        return has_plans(site).then_some(Finding::Note(words, fix)).into_iter().collect();
    };
    let (url, secret) = (notify.url.origin(), notify.secret_env.as_str());
    let told = match can_sign(notify, &Environment::process()) {
        Ok(()) => Finding::Good(format!("{url} is told what waits, signed with {secret}")),
        Err(error) => Finding::Note(
            format!("{url} is told nothing: {}", error.message),
            format!("export {secret}=…"),
        ),
    };
    [Some(told), undelivered(site)].into_iter().flatten().collect()
}

fn undelivered(site: &Site) -> Option<Finding> {
    let log = std::fs::read(site.root.join(LOG)).ok()?;
    let lines = log.iter().filter(|byte| **byte == b'\n').count();
    let fix = format!("`{LOG}` says why; move it away when they are dealt with");
    let notices = counted(lines as u64, "notice");
    (lines > 0).then(|| Finding::Note(format!("{notices} could not be delivered"), fix))
}

/// Who drafts plans.
pub(super) fn planner(site: &Site) -> Option<Finding> {
    const PLANNER: AgentType = AgentType::Orchestration;
    let agent = site.config.agents.get(PLANNER);
    let model = site.config.llm.as_ref();
    Some(match (agent, model) {
        (Some(agent), _) => match program(site, PLANNER, agent) {
            Finding::Good(_) => {
                Finding::Good(format!("the {} agent drafts plans", PLANNER.as_str()))
            }
            Finding::Note(..) | Finding::Bad(..) => Finding::Note(
                format!("the {} agent, which is to draft plans, is not there", PLANNER.as_str()),
                match model {
                    Some(_) => "`--planner llm` asks the language model of `[llm]`".to_owned(),
                    None => format!("put `[agents.{}]` right", PLANNER.as_str()),
                },
            ),
        },
        (None, Some(llm)) => match &llm.model {
            Some(model) => {
                Finding::Good(format!("`{model}` of {} drafts plans", llm.base_url.origin()))
            }
            None => Finding::Note(
                "the language model cannot draft plans: `[llm]` says no `model`".to_owned(),
                format!("add `model` to `[llm]` of {CONFIG_FILE}"),
            ),
        },
        (None, None) => {
            let fix = format!("add `[agents.orchestration]` or `[llm]` to {CONFIG_FILE}");
            let words = "nobody could draft plans".to_owned();
            return has_plans(site).then_some(Finding::Note(words, fix));
        }
    })
}

/// A workspace may have jobs and tasks only.
fn has_plans(site: &Site) -> bool {
    site.config.tools.names().next().is_some()
}
