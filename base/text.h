/** Texts of strangers, made fit to be shown. Any thread. */
#pragma once

/** What can be seen of a text: bytes that are not UTF-8, control characters and such as turn the
 *  direction of writing are replaced, so that no name can move what stands around it. g_free it. */
char *text_clean(const char *text);
