-- What is disposed of every minute is found without reading the whole table, and so is what still hangs on it.
CREATE INDEX access_tokens_by_grant ON access_tokens (grant_id);
CREATE INDEX authorizations_by_answer ON authorizations (answered_at, created_at);
CREATE INDEX grants_by_code_end ON grants (code_expires_at);
CREATE INDEX grants_revoked ON grants (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX openings_by_report ON openings (reported_at);
CREATE INDEX passes_by_end ON passes (not_after);
CREATE INDEX passes_by_visit ON passes (visit_id);
CREATE INDEX refresh_families_by_end ON refresh_families (ends_at);
CREATE INDEX refresh_families_by_idle_end ON refresh_families (idle_until);
CREATE INDEX visits_by_end ON visits (ends_at);
