-- Of which type its plan is and where it is carried out, so that runs are counted without reading plans.
ALTER TABLE plan_runs ADD COLUMN plan_type TEXT;
ALTER TABLE plan_runs ADD COLUMN environment TEXT;

UPDATE plan_runs SET plan_type = (
    SELECT json_extract(text, '$.type') FROM plans JOIN blobs ON blob = document
    WHERE plans.plan = plan_runs.plan
);
UPDATE plan_runs SET environment = approvals.environment
FROM approvals WHERE approvals.used_by = plan_runs.plan_run;

CREATE INDEX runs_of_kind ON plan_runs (plan_type, environment, state);
