-- An approval is bound to what the tools of its plan are. One of before is bound to nothing of that, and holds
-- no longer.
ALTER TABLE approvals ADD COLUMN tools_digest TEXT;
