-- Documents as canonical JSON, each under the digest of its text.
CREATE TABLE blobs (
    digest TEXT NOT NULL PRIMARY KEY CHECK (digest GLOB 'sha256:*' AND length(digest) = 71),
    text TEXT NOT NULL
) STRICT;

-- One row a run: its record, and the instance that it is pinned to.
CREATE TABLE runs (
    run_id TEXT NOT NULL PRIMARY KEY,
    job_id TEXT NOT NULL,
    job_def_sha256 TEXT NOT NULL,
    envelope TEXT NOT NULL,
    started_at TEXT NOT NULL,
    instance_ref TEXT NOT NULL REFERENCES blobs (digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    attempt_n INTEGER NOT NULL CHECK (attempt_n >= 1),
    status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    started_at TEXT NOT NULL,
    completed_at TEXT,
    PRIMARY KEY (run_id, attempt_n),
    CHECK ((status = 'running') = (completed_at IS NULL))
) STRICT, WITHOUT ROWID;

-- What came of a step in the attempt that began it. A step without a row is pending; what completed
-- or was skipped in one attempt holds in all later ones and has no row there.
CREATE TABLE outcomes (
    run_id TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    attempt_n INTEGER NOT NULL,
    step_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'skipped')),
    started_at TEXT,
    completed_at TEXT,
    manifest_ref TEXT REFERENCES blobs (digest),
    output_ref TEXT REFERENCES blobs (digest),
    error TEXT,
    PRIMARY KEY (run_id, position, attempt_n),
    FOREIGN KEY (run_id, attempt_n) REFERENCES attempts (run_id, attempt_n),
    CHECK ((status = 'completed') = (output_ref IS NOT NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL)),
    CHECK (status NOT IN ('running', 'completed') OR manifest_ref IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER a_step_completes_once BEFORE INSERT ON outcomes
WHEN EXISTS (
    SELECT 1 FROM outcomes
    WHERE run_id = NEW.run_id AND position = NEW.position AND status IN ('completed', 'skipped')
)
BEGIN
    SELECT RAISE(ABORT, 'the step has an outcome that holds');
END;

CREATE TRIGGER an_outcome_that_ended_stays BEFORE UPDATE ON outcomes WHEN OLD.status <> 'running'
BEGIN
    SELECT RAISE(ABORT, 'an outcome that ended never changes');
END;

-- Who owns a run. The token grows with every owner; a row without an owner was given back.
CREATE TABLE leases (
    run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (run_id),
    token INTEGER NOT NULL CHECK (token >= 1),
    owner_id TEXT,
    host TEXT,
    pid INTEGER,
    process TEXT,
    expires_at TEXT
) STRICT, WITHOUT ROWID;
