/* Who is logged on, as the target says ([MS-RDPBCGR] 2.2.10.1). Windows has no other words for what
 * stands on an ordinary desktop: titles of windows come with RemoteApp alone. It must not decide by
 * them: the target may say anything. */
#include "gateway/rdp/rdp_back_internal.h"

#include "gateway/session/session.h"

#include <freerdp/session.h>

static BOOL note_logon(rdpContext *context, UINT32 type, void *data)
{
	const logon_info *info = data;

	if ((type != INFO_TYPE_LOGON && type != INFO_TYPE_LOGON_LONG) || info == NULL ||
	    info->username == NULL)
		return TRUE;
	bool has_domain = info->domain != NULL && info->domain[0] != '\0';
	g_autofree char *text =
		g_strdup_printf("%s%s%s, session %u", has_domain ? info->domain : "",
				has_domain ? "\\" : "", info->username, info->sessionId);
	session_title(rdp_back_of(context)->session, "logon", text);
	return TRUE;
}

void rdp_logon_register(struct rdp_back *back)
{
	rdp_back_context(back)->update->SaveSessionInfo = note_logon;
}
