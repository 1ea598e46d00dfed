/** How the commands are called that `vitrine` lists and vitrine-export runs: the first
 *  members of a struct command. */
#pragma once

#define EXPORT_WORDS                                                                               \
	"export", NULL, "SESSION -o FILE", "Make one signed MP4 of a recording, with its proof"
#define CERTIFICATE_WORDS                                                                          \
	"certificate", NULL, "FILE -o PDF",                                                        \
		"Sum an evidence file up on one page, after verifying it"
#define REDACT_WORDS                                                                               \
	"redact", NULL, "SESSION -o FILE", "Make a signed copy that hides something and says so"
