-- The pictures of pages that a phone was handed before its yes, by digest only.
CREATE TABLE pictures (
    approval_id TEXT NOT NULL REFERENCES approvals (approval_id), -- purpose: the approval they were shown for; retention: 10 years (evidence); seen by: auditor, the worker it is about
    document BIGINT NOT NULL, -- purpose: which document, from 1; retention: 10 years; seen by: auditor, the worker it is about
    page BIGINT NOT NULL, -- purpose: which page, from 1; retention: 10 years; seen by: auditor, the worker it is about
    sha256 BYTEA NOT NULL, -- purpose: says afterwards which picture was shown; retention: 10 years; seen by: auditor, the worker it is about
    size BIGINT NOT NULL, -- purpose: how many bytes the picture has; retention: 10 years; seen by: auditor, the worker it is about
    handed_at BIGINT NOT NULL, -- purpose: when the phone was first handed it; retention: 10 years; seen by: auditor, the worker it is about
    PRIMARY KEY (approval_id, document, page, sha256)
);

-- What is disposed of every minute is found without reading ten years of approvals.
CREATE INDEX approvals_with_starts ON approvals (expires_at) WHERE LENGTH(browser_hash) > 0;
CREATE INDEX approvals_with_reason ON approvals (decided_at) WHERE reason IS NOT NULL;
