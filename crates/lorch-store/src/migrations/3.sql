-- Who carries a run of a plan out. The token grows with every owner, so that an owner who was taken for
-- dead can record nothing when it wakes.
CREATE TABLE plan_run_leases (
    plan_run INTEGER PRIMARY KEY REFERENCES plan_runs (plan_run),
    token INTEGER NOT NULL CHECK (token >= 1),
    owner_id TEXT,
    host TEXT,
    pid INTEGER,
    process TEXT,
    expires_at TEXT
) STRICT;

-- What happened in a run of a plan, in order: canonical JSON, and the hash of it chained to the one
-- before.
CREATE TABLE plan_run_audit (
    plan_run INTEGER NOT NULL REFERENCES plan_runs (plan_run),
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    entry TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (plan_run, sequence)
) STRICT, WITHOUT ROWID;

-- What people want of a run, in order; heeded or ignored by whoever carries it out.
CREATE TABLE plan_run_commands (
    command INTEGER PRIMARY KEY,
    plan_run INTEGER NOT NULL REFERENCES plan_runs (plan_run),
    kind TEXT NOT NULL CHECK (kind IN ('pause', 'resume', 'rollback', 'cancel')),
    given_by TEXT NOT NULL,
    given_at TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('heeded', 'ignored'))
) STRICT;

CREATE INDEX open_commands ON plan_run_commands (plan_run) WHERE outcome IS NULL;

-- The asset that is being acted on, from before the act until its outcome is recorded: after a crash it
-- may have been acted on, and is first.
ALTER TABLE plan_runs ADD COLUMN acting TEXT;
