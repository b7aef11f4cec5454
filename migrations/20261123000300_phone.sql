-- Log-ins that a service asks a known person for, digits that are typed from a screen, and how often somebody has tried.
ALTER TABLE approvals ADD COLUMN directed_at BIGINT; -- purpose: set: a service asked this person, and the number of its screen goes with the yes; retention: 10 years; seen by: auditor, the worker it is about
ALTER TABLE approvals ADD COLUMN code_mac BYTEA; -- purpose: finds it by the eight digits on its screen, stored nowhere; retention: until it is taken; seen by: nobody
ALTER TABLE approvals ADD COLUMN code_until BIGINT; -- purpose: the digits are refused after this; retention: until it is taken; seen by: nobody

CREATE UNIQUE INDEX approvals_by_code ON approvals (code_mac) WHERE code_mac IS NOT NULL;
CREATE INDEX approvals_directed ON approvals (affiliation_id, expires_at) WHERE directed_at IS NOT NULL;

-- Tries of short codes, counted for each phone or browser by itself, so that nobody's mistakes lock others out.
CREATE TABLE attempts (
    purpose TEXT NOT NULL, -- purpose: which code was tried; retention: 1 hour after the window; seen by: nobody
    bucket BYTEA NOT NULL, -- purpose: digest of the phone or browser that tried; retention: 1 hour after the window; seen by: nobody
    tries BIGINT NOT NULL, -- purpose: how often in this window; retention: 1 hour after the window; seen by: nobody
    until BIGINT NOT NULL, -- purpose: when counting begins anew; retention: 1 hour after the window; seen by: nobody
    PRIMARY KEY (purpose, bucket)
);

-- A code that the person has set, which a service must bring when it asks for the person (CIBA user_code).
CREATE TABLE asking_codes (
    affiliation_id TEXT NOT NULL PRIMARY KEY REFERENCES affiliations (affiliation_id), -- purpose: whose code it is; retention: until the person takes it away; seen by: the worker it is about
    code_mac BYTEA NOT NULL, -- purpose: compares what a service brings, stored nowhere; retention: until the person takes it away; seen by: nobody
    set_at BIGINT NOT NULL -- purpose: when it was set; retention: until the person takes it away; seen by: the worker it is about
);
