-- What goes with a way to a target: when an idle session ends, what its viewer reads, whether keys are recorded, how well pictures are.
ALTER TABLE access_grant
	ADD idle_limit_s integer NOT NULL DEFAULT 0 CHECK (idle_limit_s BETWEEN 0 AND 86400), -- 0: none
	ADD banner text NOT NULL DEFAULT '' CHECK (length(banner) <= 500 AND banner !~ '[[:cntrl:]]'),
	ADD record_keys boolean NOT NULL DEFAULT true,
	ADD quality text NOT NULL DEFAULT '' CHECK (quality IN ('', 'evidence', 'standard', 'economy')); -- '': the recorder's own setting
