-- What people asked for. The document is the task as it was last given.
CREATE TABLE tasks (
    task INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('created', 'parsing', 'planned', 'failed')),
    document INTEGER NOT NULL REFERENCES blobs (blob),
    recorded_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- The revision grows with every change, so that whoever decided on an older one is refused.
CREATE TABLE plans (
    plan INTEGER PRIMARY KEY,
    plan_id TEXT NOT NULL UNIQUE,
    task INTEGER NOT NULL REFERENCES tasks (task),
    document INTEGER NOT NULL REFERENCES blobs (blob),
    state TEXT NOT NULL CHECK (state IN (
        'draft', 'validated', 'awaiting_approval', 'approved', 'rejected', 'superseded'
    )),
    revision INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0),
    reason TEXT,
    superseded_by INTEGER REFERENCES plans (plan),
    recorded_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX plans_of_task ON plans (task);

-- Two plans of one task would do the same twice.
CREATE UNIQUE INDEX open_plans ON plans (task) WHERE state IN ('awaiting_approval', 'approved');

-- Executions of plans. Their run ids are UUIDs; the runs of jobs are in `runs`.
CREATE TABLE plan_runs (
    plan_run INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    plan INTEGER NOT NULL REFERENCES plans (plan),
    state TEXT NOT NULL CHECK (state IN (
        'queued', 'executing', 'paused', 'completed', 'rolled_back', 'failed'
    )),
    initiated_by TEXT NOT NULL,
    started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX runs_of_plan ON plan_runs (plan);

-- Who approved what, and what it was bound to. An approval is open until it is used or withdrawn, and
-- can be only one of the two; the database itself refuses a second open one of the same person.
CREATE TABLE approvals (
    approval INTEGER PRIMARY KEY,
    plan INTEGER NOT NULL REFERENCES plans (plan),
    nonce TEXT NOT NULL UNIQUE,
    approver TEXT NOT NULL,
    role TEXT NOT NULL,
    plan_digest TEXT NOT NULL,
    task_digest TEXT NOT NULL,
    environment TEXT NOT NULL,
    policies TEXT NOT NULL,
    approved_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    comment TEXT,
    justification TEXT,
    incident_id TEXT,
    used_by INTEGER REFERENCES plan_runs (plan_run),
    withdrawn_at TEXT,
    CHECK (used_by IS NULL OR withdrawn_at IS NULL),
    CHECK ((justification IS NULL) = (incident_id IS NULL))
) STRICT;

CREATE UNIQUE INDEX open_approvals ON approvals (plan, approver)
    WHERE used_by IS NULL AND withdrawn_at IS NULL;

-- What happened to a plan, in order: canonical JSON, and the hash of it chained to the one before.
CREATE TABLE plan_audit (
    plan INTEGER NOT NULL REFERENCES plans (plan),
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    entry TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (plan, sequence)
) STRICT, WITHOUT ROWID;
