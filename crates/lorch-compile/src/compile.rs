//! Compiles a definition, from each of the forms in which it comes and to each that is wanted.

use lorch_types::Digest;
use lorch_types::diagnostic::Diagnostic;
use lorch_types::job::{InstanceHead, InstanceWriter, JobInstance};
use lorch_types::json::View;
use lorch_types::pointer::Pointer;

use crate::bindings::{Bindings, Payload};
use crate::contract::SchemaOf;
use crate::definition::{Definition, Draft, Head, read_draft, read_head};
use crate::inputs::Inputs;
#[cfg(doc)]
use crate::inputs::{CTX_FILE, PAYLOAD_FILE};
use crate::job_run::Library;
use crate::limits::Budget;
use crate::output::Output;
use crate::report::Report;
use crate::steps::{Decided, Frame};

/// What compiling gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The compiled job.
    pub instance: JobInstance,
    /// What is right, but probably not what was meant.
    pub warnings: Vec<Diagnostic>,
}

/// What compiling to text gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledText {
    /// The compiled job, as [`JobInstance::write_json`] writes it.
    pub text: String,
    /// What is right, but probably not what was meant.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles `definition` to the fixed list of its steps.
///
/// A diagnostic without a file is about the definition; others name [`PAYLOAD_FILE`], [`CTX_FILE`] or
/// the file of a nested job.
///
/// # Errors
/// Everything that is wrong, with the warnings.
pub fn compile(definition: &Definition, inputs: &Inputs<'_>) -> Result<Compiled, Vec<Diagnostic>> {
    let Definition { job, sha256 } = definition;
    compile_to_instance(job.into(), sha256.clone(), inputs, Report::default())
}

/// Reads and compiles the definition that `document` is.
///
/// Where its structure is wrong, the steps that can be read are compiled all the same, so that the
/// mistakes in their references and conditions are said at once too. It is [`compile`] for a whole
/// definition.
///
/// # Errors
/// Everything that is wrong, with the warnings.
pub fn compile_document<'d>(
    document: impl Into<View<'d>>,
    inputs: &Inputs<'_>,
) -> Result<Compiled, Vec<Diagnostic>> {
    let (draft, sha256, report) = draft_of(document.into())?;
    compile_to_instance(draft, sha256, inputs, report)
}

/// The same to the text of the instance.
///
/// Step by step, so that nothing of a step is kept but its text, as long as nothing is wrong. When
/// something is, everything is read first, to say what is wrong in the order of [`compile_document`].
///
/// # Errors
/// Everything that is wrong, with the warnings.
pub fn compile_to_text<'d>(
    document: impl Into<View<'d>>,
    inputs: &Inputs<'_>,
) -> Result<CompiledText, Vec<Diagnostic>> {
    let document = document.into();
    if let Some(compiled) = step_by_step(document, inputs) {
        return Ok(compiled);
    }
    let Compiled { instance, warnings } = compile_document(document, inputs)?;
    let mut text = String::new();
    instance.write_json(&mut text);
    Ok(CompiledText { text, warnings })
}

/// The text of the instance, if nothing is wrong.
fn step_by_step(document: View<'_>, inputs: &Inputs<'_>) -> Option<CompiledText> {
    let (head, steps) = read_head(document)?;
    let begin = InstanceHead {
        job_id: &head.job_id,
        job_version: &head.version,
        job_def_sha256: &Digest::of_view(document),
        compiled_at: inputs.compiled_at,
    };
    let mut writer = InstanceWriter::new(&begin, steps.len());
    let output = Output::Text(&mut writer);
    let mut all_right = false;
    let warnings = compile_job(&head, &[], inputs, Report::default(), output, |compiler, frame| {
        all_right = compiler.steps_as_read(steps, frame);
    });
    let warnings = warnings.ok().filter(|_| all_right)?;
    Some(CompiledText { text: writer.finish(), warnings })
}

/// What can be read of `document`, its digest, and a report of what cannot be read.
fn draft_of(document: View<'_>) -> Result<(Draft<'_>, Digest, Report), Vec<Diagnostic>> {
    let mut report = Report::default();
    match read_draft(document, &mut report) {
        Some(draft) => Ok((draft, Digest::of_view(document), report)),
        None => Err(report.finish().err().unwrap_or_default()),
    }
}

fn compile_to_instance(
    draft: Draft<'_>,
    sha256: Digest,
    inputs: &Inputs<'_>,
    report: Report,
) -> Result<Compiled, Vec<Diagnostic>> {
    let Draft { head, steps, places, names } = draft;
    let mut instance = JobInstance {
        job_id: head.job_id.clone(),
        job_version: head.version.clone(),
        job_def_sha256: sha256,
        compiled_at: inputs.compiled_at,
        steps: Vec::with_capacity(steps.len()),
    };
    let output = Output::Instance(&mut instance);
    let warnings = compile_job(&head, &places, inputs, report, output, |compiler, frame| {
        compiler.steps(steps, names, frame);
    })?;
    Ok(Compiled { instance, warnings })
}

/// Compiles a job, whose steps are left to `compile_steps` and taken by `output`; `places` says where
/// they stand, and `report` has what is wrong with the rest of it.
///
/// # Errors
/// Everything that is wrong, with the warnings.
fn compile_job(
    head: &Head<'_>,
    places: &[usize],
    inputs: &Inputs<'_>,
    report: Report,
    output: Output<'_>,
    compile_steps: impl FnOnce(&mut Compiler<'_>, &Frame<'_>),
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut compiler = Compiler {
        report,
        budget: Budget::new(inputs.limits),
        library: Library::new(inputs.definitions),
        output,
        filled: String::new(),
        inlined: 0,
        stopped: false,
    };
    let ctx_schema = compiler.schema(head.ctx_schema, SchemaOf::Ctx, None);
    let payload_schema = compiler.schema(head.payload_schema, SchemaOf::Payload, None);
    let ctx = ctx_schema.as_ref().map(|schema| schema.with_defaults(inputs.ctx));
    let payload = payload_schema.as_ref().map(|schema| schema.with_defaults(inputs.payload));
    let ctx = ctx.as_deref().unwrap_or(inputs.ctx);
    let payload = payload.as_deref().unwrap_or(inputs.payload);
    compiler.check(ctx_schema.as_ref(), ctx, inputs.ctx, SchemaOf::Ctx, None);
    compiler.check(payload_schema.as_ref(), payload, inputs.payload, SchemaOf::Payload, None);

    let frame = Frame {
        job_id: &head.job_id,
        file: None,
        places,
        prefix: None,
        bindings: Bindings { ctx, payload: Payload::given(payload) },
        skipped: false,
        continue_on_error: None,
        phase_id: None,
        around: None,
        depth: 0,
        decided: Decided::default(),
    };
    compile_steps(&mut compiler, &frame);
    compiler.warn_of_unused(&frame, inputs.payload);
    if !compiler.report.has_errors()
        && let Err(problem) = compiler.budget.check(&compiler.output)
    {
        compiler.report.add("the job", problem.into_error(Pointer::root()));
    }
    compiler.report.finish()
}

/// What is threaded through compiling one definition and the jobs nested in it.
pub(crate) struct Compiler<'a> {
    pub(crate) report: Report,
    pub(crate) budget: Budget,
    pub(crate) library: Library<'a>,
    pub(crate) output: Output<'a>,
    /// Where a template is filled in; kept, so that its memory is.
    pub(crate) filled: String,
    /// How many `job.run` steps have been put to their jobs.
    pub(crate) inlined: usize,
    /// Whether going on is of no use: a limit is exceeded.
    pub(crate) stopped: bool,
}
