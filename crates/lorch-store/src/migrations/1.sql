-- Documents as canonical JSON, each under the digest of its text.
CREATE TABLE blobs (
    blob INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL
) STRICT;

-- One row a run: its record, and the instance that it is pinned to.
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    job_id TEXT NOT NULL,
    job_def_sha256 TEXT NOT NULL,
    envelope TEXT NOT NULL,
    started_at TEXT NOT NULL,
    instance INTEGER NOT NULL REFERENCES blobs (blob)
) STRICT;

CREATE TABLE attempts (
    run INTEGER NOT NULL REFERENCES runs (run),
    attempt_n INTEGER NOT NULL CHECK (attempt_n >= 1),
    status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
    started_at TEXT NOT NULL,
    completed_at TEXT,
    PRIMARY KEY (run, attempt_n),
    CHECK ((status = 'running') = (completed_at IS NULL))
) STRICT, WITHOUT ROWID;

-- What came of a step in the attempt that began it. A step without a row is pending; what completed
-- or was skipped in one attempt holds in all later ones and has no row there. Rows are small and in
-- the order in which they are written, so that a commit touches few pages.
CREATE TABLE outcomes (
    run INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    attempt_n INTEGER NOT NULL,
    step_id TEXT NOT NULL,
    -- Not with IN, for which SQLite would build a table at every write.
    status TEXT NOT NULL CHECK (
        status = 'running' OR status = 'completed' OR status = 'failed' OR status = 'skipped'
    ),
    started_at TEXT,
    completed_at TEXT,
    manifest INTEGER REFERENCES blobs (blob),
    output INTEGER REFERENCES blobs (blob),
    error TEXT,
    PRIMARY KEY (run, position, attempt_n),
    FOREIGN KEY (run, attempt_n) REFERENCES attempts (run, attempt_n),
    CHECK ((status = 'completed') = (output IS NOT NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL)),
    CHECK (status NOT IN ('running', 'completed') OR manifest IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- Who owns a run. The token grows with every owner; a row without an owner was given back.
CREATE TABLE leases (
    run INTEGER PRIMARY KEY REFERENCES runs (run),
    token INTEGER NOT NULL CHECK (token >= 1),
    owner_id TEXT,
    host TEXT,
    pid INTEGER,
    process TEXT,
    expires_at TEXT
) STRICT;

-- For people: the outcomes with the names and digests that the documents have.
CREATE VIEW steps AS
SELECT
    runs.run_id, outcomes.attempt_n, outcomes.position, outcomes.step_id, outcomes.status,
    outcomes.started_at, outcomes.completed_at, manifests.digest AS manifest_ref,
    outputs.digest AS output_ref, outcomes.error
FROM outcomes
JOIN runs USING (run)
LEFT JOIN blobs AS manifests ON manifests.blob = outcomes.manifest
LEFT JOIN blobs AS outputs ON outputs.blob = outcomes.output;
