//! The command line as a whole; each command is a file of its own.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command::{
    agent, check, compile, completions, doctor, init, manifest, migrate, plan, policy, resume, run,
    runs, schema, show, task, validate, worker,
};
use crate::exit::Outcome;
use crate::terminal::ColorChoice;

/// Runs jobs that are described in documents, so that nothing happens twice.
///
/// A job is compiled to a fixed list of steps. Each step is dispatched as a manifest with an
/// idempotency key, and recorded; a run that was interrupted can be resumed.
#[derive(Debug, Parser)]
#[command(name = "lorch", version, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The folder of the workspace; otherwise the nearest one upwards with a `lorch.toml`, or the
    /// working directory.
    #[arg(short = 'C', long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) workspace: Option<PathBuf>,
    /// When to use colours; `auto` heeds `NO_COLOR`.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "auto|always|never",
        help_heading = "Global options"
    )]
    pub(crate) color: ColorChoice,
}

const EXAMPLES: &str = "\
Examples:
  lorch init                                     a workspace with a first job
  lorch check jobs/hello.yaml                    what is wrong with it, before it runs
  lorch run jobs/hello.yaml --set payload.name=Ada
  lorch runs                                     what has run
  lorch show 01KADE3Q6BZ5T8V0X2Y4W6R9SN          what came of it

Exit status: 0 done and valid; 1 the work or the document failed; 2 wrong usage, or a file that
cannot be read; 3 waits for a person; 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Resume(resume::Resume),
    Runs(runs::Runs),
    Show(show::Show),
    Check(check::Check),
    Compile(compile::Compile),
    Manifest(manifest::Manifest),
    Validate(validate::Validate),
    Schema(schema::Schema),
    Migrate(migrate::Migrate),
    Task(task::Task),
    Agent(agent::Agent),
    Plan(plan::Plan),
    Policy(policy::Policy),
    Init(init::Init),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    #[command(hide = true)]
    Worker(worker::Worker),
}

/// `lorch validate` alone: making the other commands takes as long as validating a document.
#[derive(Debug, Parser)]
#[command(name = "lorch")]
struct QuickCli {
    #[command(flatten)]
    global: Global,
    #[command(flatten)]
    arguments: validate::Validate,
}

impl Cli {
    /// What the process was asked to do; help and mistakes in the arguments end it here.
    pub(crate) fn read() -> Self {
        let mut arguments = std::env::args_os();
        let _program = arguments.next();
        let command = arguments.next().filter(|command| command == "validate");
        let quick = command.and_then(|command| {
            QuickCli::try_parse_from(std::iter::once(command).chain(arguments)).ok()
        });
        match quick {
            // Anything out of the ordinary is the full parser's to explain.
            None => Self::parse(),
            Some(QuickCli { global, arguments }) => {
                Self { global, command: Command::Validate(arguments) }
            }
        }
    }

    /// What every command takes.
    pub(crate) fn global(&self) -> &Global {
        &self.global
    }

    /// Does what the command line asks for.
    pub(crate) fn execute(&self) -> Outcome {
        let global = &self.global;
        match &self.command {
            Command::Run(arguments) => run::run(arguments, global),
            Command::Resume(arguments) => resume::resume(arguments, global),
            Command::Runs(arguments) => runs::runs(arguments, global),
            Command::Show(arguments) => show::show(arguments, global),
            Command::Check(arguments) => check::check(arguments, global),
            Command::Compile(arguments) => compile::compile(arguments, global),
            Command::Manifest(arguments) => manifest::manifest(arguments, global),
            Command::Validate(arguments) => validate::validate(arguments, global),
            Command::Schema(arguments) => schema::schema(arguments),
            Command::Migrate(arguments) => migrate::migrate(arguments, global),
            Command::Task(arguments) => task::task(arguments, global),
            Command::Agent(arguments) => agent::agent(arguments, global),
            Command::Plan(arguments) => plan::plan(arguments, global),
            Command::Policy(arguments) => policy::policy(arguments, global),
            Command::Init(arguments) => init::init(arguments, global),
            Command::Doctor(arguments) => doctor::doctor(arguments, global),
            Command::Completions(arguments) => completions::completions(arguments),
            Command::Worker(arguments) => worker::worker(arguments),
        }
    }
}
