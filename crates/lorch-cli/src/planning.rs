//! What the commands about plans share: the workspace as plans are judged by it, and their documents.

use std::path::Path;

use anyhow::Context;
use lorch_plans::{
    Budget, Contract, Desk, Entry, Evidence, Judgement, Parallel, Policies, check_person, judge,
    validate_task,
};
use lorch_store::Store;
use lorch_types::diagnostic::{Color, Diagnostic, Source, render};
use lorch_types::json::{Limits, Value, from_value};
use lorch_types::plan::{Metric, Metrics, Plan, PlanId, Task, UserId};
use lorch_types::{Kind, SmolStr};
use lorch_validate::validate_document;

use crate::cli::Global;
use crate::exit::{Failure, Outcome};
use crate::input::read_source;
use crate::machinery::evaluator;
use crate::site::{Site, shown};
use crate::terminal::{Stream, print_line, tell};
use crate::verdict::unreadable;

/// The folder of a workspace in which its packs are.
pub(crate) const POLICIES: &str = "policies";

/// A workspace, as plans are judged by it.
#[derive(Debug)]
pub(crate) struct Planning {
    site: Site,
    policies: Policies,
    metrics: Metrics,
    color: Color,
    for_programs: bool,
}

impl Planning {
    /// That of the command line.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let site = Site::find(global)?;
        let mut metrics = Metrics::built_in();
        for (metric, of) in &site.config.metrics {
            metrics
                .declare(metric.clone(), *of)
                .context("[metrics] in lorch.toml")
                .map_err(Failure::Usage)?;
        }
        // Without a probe these two are measured all the same: by the assets, and by what could be done.
        let known = [Metric::HTTP_200, Metric::ERROR_RATE];
        let all: Vec<Metric> = metrics.iter().map(|(metric, _)| metric.clone()).collect();
        let is_measured = |it: &Metric| known.contains(it) || site.config.probes.contains_key(it);
        for metric in all.into_iter().filter(|metric| !is_measured(metric)) {
            metrics.leave_unmeasured(metric);
        }
        let policies = Policies::new(Some(site.root.join(POLICIES)), Budget::default())
            .evaluated_by(evaluator());
        Ok(Self {
            site,
            policies,
            metrics,
            color: global.color.on(Stream::Error),
            for_programs: false,
        })
    }

    /// The same; what is wrong with a document is told to a program if `it_is_one`: on standard output,
    /// as JSON.
    pub(crate) fn for_programs(self, it_is_one: bool) -> Self {
        Self { for_programs: it_is_one, ..self }
    }

    /// The store, which is made when there is none.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        self.site.store()
    }

    /// The store, if anything was ever recorded.
    pub(crate) fn existing_store(&self) -> Result<Option<Store>, Failure> {
        self.site.existing_store()
    }

    /// The store, in which plans are recorded.
    pub(crate) fn store_with_plans(&self) -> Result<Store, Failure> {
        self.existing_store()?.ok_or_else(|| {
            let path = shown(&self.site.store_path());
            Failure::usage(format!("no plan was submitted here: there is no `{path}`"))
        })
    }

    /// What decisions about plans need.
    pub(crate) fn desk<'a>(&'a self, store: &'a Store) -> Desk<'a> {
        let Self { policies, metrics, .. } = self;
        Desk { store, policies, tools: &self.site.config.tools, metrics }
    }

    /// The workspace.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// The metrics that there are.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How many assets are acted on at the same time.
    pub(crate) fn parallel(&self) -> Parallel<'_> {
        let config = &self.site.config;
        Parallel { tools: &config.tools, most: config.execution.max_parallel }
    }

    fn limits(&self) -> Limits {
        self.site.limits()
    }

    /// The task at `path`, which has a `task_spec`; what is wrong with it is told.
    pub(crate) fn task(&self, path: &Path) -> Result<(Source, Task), Failure> {
        let (source, task) = self.asked(path)?;
        if task.task_spec.is_none() {
            let name = path.display();
            return Err(Failure::work(format!(
                "`{name}` has no `task_spec`: there is nothing to judge a plan by"
            )));
        }
        Ok((source, task))
    }

    /// The task at `path`, whether or not it was understood already; what is wrong with it is told.
    pub(crate) fn asked(&self, path: &Path) -> Result<(Source, Task), Failure> {
        let source = read_source(path, self.limits())?;
        let verdict = validate_document(&source, Some(Kind::Task), self.limits());
        if !verdict.is_valid() {
            let found: Vec<Diagnostic> =
                verdict.findings.into_iter().map(|finding| finding.diagnostic).collect();
            return Err(self.told(&found, &source)?);
        }
        let value = self.value_of(&source)?;
        let task: Task = from_value(&value).map_err(Failure::work)?;
        Ok((source, task))
    }

    /// Refuses a task of which no plan could be right; what is wrong with it is told.
    pub(crate) fn refuse_unsound(&self, contract: &Contract<'_>, source: &Source) -> Outcome {
        let found = validate_task(contract, &self.metrics);
        if found.is_empty() {
            return Ok(());
        }
        let placed = found.into_iter().map(|it| it.in_file(SmolStr::from(&source.name)));
        let placed: Vec<Diagnostic> = placed.collect();
        tell(&render(&placed, std::slice::from_ref(source), self.color));
        Err(Failure::Reported)
    }

    /// The plan at `path`, whatever is wrong with it.
    pub(crate) fn plan(&self, path: &Path) -> Result<(Source, Value), Failure> {
        let source = read_source(path, self.limits())?;
        let value = self.value_of(&source)?;
        Ok((source, value))
    }

    /// The plan that `name` names: by its id one that is recorded, otherwise that of a file.
    pub(crate) fn named(&self, name: &Path) -> Result<Plan, Failure> {
        let id = name.to_str().and_then(|name| name.parse::<PlanId>().ok());
        match id {
            Some(id) => Ok(self.store_with_plans()?.plan(&id)?.plan),
            None => {
                let (_, value) = self.plan(name)?;
                from_value(&value)
                    .with_context(|| format!("`{}` is no plan", name.display()))
                    .map_err(Failure::Work)
            }
        }
    }

    /// The plan of this id and its task, as they are recorded.
    pub(crate) fn recorded(&self, name: &Path) -> Result<(Plan, Task), Failure> {
        let id = name.to_str().and_then(|name| name.parse::<PlanId>().ok()).ok_or_else(|| {
            let name = name.display();
            Failure::usage(format!("`{name}` is no id of a plan: --task says what a file is for"))
        })?;
        let store = self.store_with_plans()?;
        let plan = store.plan(&id)?.plan;
        let task = store.task(&plan.task_id)?.task;
        Ok((plan, task))
    }

    fn value_of(&self, source: &Source) -> Result<Value, Failure> {
        match source.read(self.limits()) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.told(&[error.diagnostic()], source)?),
        }
    }

    /// Tells what is wrong with a document that nothing can be judged by; this is the failure.
    fn told(&self, found: &[Diagnostic], source: &Source) -> Result<Failure, Failure> {
        let sources = std::slice::from_ref(source);
        if self.for_programs {
            print_line(Value::Object(unreadable(found, sources)?))?;
        } else {
            tell(&render(found, sources, self.color));
        }
        Ok(Failure::Reported)
    }

    /// Judges a plan without recording it; what is recorded already speaks for it.
    pub(crate) fn judge(&self, plan: &Value, task: &Task) -> Result<Judgement, Failure> {
        let contract =
            Contract::of(task).ok_or_else(|| Failure::work("the task has no `task_spec`"))?;
        if let (Ok(plan), Some(store)) = (from_value::<Plan>(plan), self.existing_store()?) {
            return Ok(self.desk(&store).judge(Entry::Admit, &plan, contract, &[])?);
        }
        let shared = (&self.site.config.tools, &self.metrics);
        Ok(judge(plan, contract, shared, &self.policies, Evidence::default())?)
    }
}

/// Who a person says that they are, or the user of this terminal.
pub(crate) fn who(given: Option<&UserId>) -> Result<UserId, Failure> {
    let user = || {
        let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        user.and_then(|user| user.parse().ok())
    };
    let unknown = || Failure::usage("it is not known who you are: say it with --as NAME");
    let who = given.cloned().or_else(user).ok_or_else(unknown)?;
    check_person(&who).map_err(Failure::usage)?;
    Ok(who)
}
