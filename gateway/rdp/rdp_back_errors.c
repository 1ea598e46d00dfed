/* What FreeRDP's error numbers mean for a session. Knows no connection. Which number a wrong
 * password gives was seen with freerdp-shadow; what Windows sends stands in [MS-RDPBCGR] 2.2.5.1.1
 * and [MS-CSSP] 2.2.1 (NTSTATUS, mapped by FreeRDP). */
#include "gateway/rdp/rdp_back_errors.h"

#include <freerdp/error.h>
#include <glib.h>

static const struct rdp_back_error errors[] = {
	/* Getting there */
	{FREERDP_ERROR_CONNECT_FAILED, END_TARGET_UNREACHABLE, "connection to the target failed"},
	{FREERDP_ERROR_CONNECT_TRANSPORT_FAILED, END_TARGET_UNREACHABLE,
	 "target closed the connection"},
	{FREERDP_ERROR_CONNECT_ACTIVATION_TIMEOUT, END_TARGET_UNREACHABLE,
	 "target did not finish the connection sequence in time"},
	{FREERDP_ERROR_CONNECT_CANCELLED, END_TARGET_UNREACHABLE, "connecting was given up"},
	{FREERDP_ERROR_TLS_CONNECT_FAILED, END_TARGET_PROTOCOL, "TLS handshake failed"},
	{FREERDP_ERROR_SECURITY_NEGO_CONNECT_FAILED, END_TARGET_PROTOCOL,
	 "target offers neither TLS nor NLA"},
	{FREERDP_ERROR_MCS_CONNECT_INITIAL_ERROR, END_TARGET_PROTOCOL,
	 "target refused the connection settings"},
	{FREERDP_ERROR_PRE_CONNECT_FAILED, END_FAULT, "the connection could not be prepared"},
	{FREERDP_ERROR_POST_CONNECT_FAILED, END_TARGET_PROTOCOL, "the desktop could not be set up"},

	/* Logging in */
	{FREERDP_ERROR_AUTHENTICATION_FAILED, END_TARGET_LOGIN, "target refused the login"},
	{FREERDP_ERROR_CONNECT_LOGON_FAILURE, END_TARGET_LOGIN, "wrong account or password"},
	{FREERDP_ERROR_CONNECT_WRONG_PASSWORD, END_TARGET_LOGIN, "wrong password"},
	{FREERDP_ERROR_CONNECT_NO_OR_MISSING_CREDENTIALS, END_TARGET_LOGIN,
	 "account or password is missing"},
	{FREERDP_ERROR_CONNECT_PASSWORD_EXPIRED, END_TARGET_LOGIN, "password has expired"},
	{FREERDP_ERROR_CONNECT_PASSWORD_CERTAINLY_EXPIRED, END_TARGET_LOGIN,
	 "password has expired"},
	{FREERDP_ERROR_CONNECT_PASSWORD_MUST_CHANGE, END_TARGET_LOGIN, "password must be changed"},
	{FREERDP_ERROR_CONNECT_CLIENT_REVOKED, END_TARGET_LOGIN, "account is revoked"},
	{FREERDP_ERROR_CONNECT_KDC_UNREACHABLE, END_TARGET_LOGIN,
	 "target insists on Kerberos, which is not spoken to targets"},
	{FREERDP_ERROR_CONNECT_ACCOUNT_DISABLED, END_TARGET_LOGIN, "account is disabled"},
	{FREERDP_ERROR_CONNECT_ACCOUNT_RESTRICTION, END_TARGET_LOGIN, "account is restricted"},
	{FREERDP_ERROR_CONNECT_ACCOUNT_LOCKED_OUT, END_TARGET_LOGIN, "account is locked"},
	{FREERDP_ERROR_CONNECT_ACCOUNT_EXPIRED, END_TARGET_LOGIN, "account has expired"},
	{FREERDP_ERROR_CONNECT_LOGON_TYPE_NOT_GRANTED, END_TARGET_LOGIN,
	 "account may not log in through remote desktop"},
	{FREERDP_ERROR_CONNECT_ACCESS_DENIED, END_TARGET_LOGIN, "access denied"},
	{FREERDP_ERROR_INSUFFICIENT_PRIVILEGES, END_TARGET_LOGIN,
	 "account may not log in through remote desktop"},
	{FREERDP_ERROR_SERVER_INSUFFICIENT_PRIVILEGES, END_TARGET_LOGIN,
	 "account may not log in through remote desktop"},
	{FREERDP_ERROR_SERVER_FRESH_CREDENTIALS_REQUIRED, END_TARGET_LOGIN,
	 "target does not take stored credentials"},
	{FREERDP_ERROR_LOGON_TIMEOUT, END_TARGET_LOGIN, "login took the target too long"},

	/* Leaving */
	{FREERDP_ERROR_RPC_INITIATED_DISCONNECT, END_TARGET_CLOSED,
	 "disconnected by an administrator of the target"},
	{FREERDP_ERROR_RPC_INITIATED_LOGOFF, END_TARGET_CLOSED,
	 "logged off by an administrator of the target"},
	{FREERDP_ERROR_IDLE_TIMEOUT, END_TARGET_CLOSED, "idle limit of the target"},
	{FREERDP_ERROR_DISCONNECTED_BY_OTHER_CONNECTION, END_TARGET_CLOSED,
	 "another connection took the desktop over"},
	{FREERDP_ERROR_OUT_OF_MEMORY, END_TARGET_CLOSED, "target is out of memory"},
	{FREERDP_ERROR_SERVER_DENIED_CONNECTION, END_TARGET_CLOSED, "target denied the connection"},
	{FREERDP_ERROR_RPC_INITIATED_DISCONNECT_BY_USER, END_TARGET_CLOSED,
	 "disconnected at the target"},
	{FREERDP_ERROR_LOGOFF_BY_USER, END_TARGET_CLOSED, "logged off"},
};

/* [MS-RDPBCGR] 2.2.5.1.1: from here on the codes say that a PDU of ours or theirs was wrong; 0x100
 * to 0x10A are about licences. */
#define ERRINFO_FIRST_PROTOCOL 0x10C9u
#define ERRINFO_LAST_PROTOCOL 0x1195u
#define ERRINFO_LAST_LICENCE 0x10Au
#define ERROR_CLASS(code) ((code) >> 16)
#define ERROR_TYPE(code) ((code)&0xFFFFu)

static const struct rdp_back_error closed = {0, END_TARGET_CLOSED, "target ended the session"};
static const struct rdp_back_error licence = {0, END_TARGET_CLOSED,
					      "target's licence server refused"};
static const struct rdp_back_error protocol = {0, END_TARGET_PROTOCOL,
					       "target reported a protocol error"};
static const struct rdp_back_error unreachable = {0, END_TARGET_UNREACHABLE,
						  "connection to the target failed"};

static const struct rdp_back_error *error_of_class(uint32_t code)
{
	uint32_t type = ERROR_TYPE(code);

	if (ERROR_CLASS(code) == FREERDP_ERROR_CONNECT_CLASS)
		return &unreachable;
	if (ERROR_CLASS(code) != FREERDP_ERROR_ERRINFO_CLASS)
		return &closed;
	if (type >= ERRINFO_FIRST_PROTOCOL && type <= ERRINFO_LAST_PROTOCOL)
		return &protocol;
	if (type >= ERRINFO_LICENSE_INTERNAL && type <= ERRINFO_LAST_LICENCE)
		return &licence;
	return &closed;
}

const struct rdp_back_error *rdp_back_error(uint32_t code)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(errors); i++)
		if (errors[i].code == code)
			return &errors[i];
	return error_of_class(code);
}
