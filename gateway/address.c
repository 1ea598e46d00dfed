/* Socket addresses as text. It knows nothing of limits. */
#include "gateway/address.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

static void describe_ipv4(const struct in_addr *ip, unsigned port, struct address *ret)
{
	inet_ntop(AF_INET, ip, ret->source, sizeof ret->source);
	g_snprintf(ret->text, sizeof ret->text, "%s:%u", ret->source, port);
}

static void describe_ipv6(const struct sockaddr_in6 *in6, struct address *ret)
{
	char ip[INET6_ADDRSTRLEN];
	struct in6_addr network = in6->sin6_addr;

	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		struct in_addr v4;
		memcpy(&v4, in6->sin6_addr.s6_addr + 12, sizeof v4);
		describe_ipv4(&v4, ntohs(in6->sin6_port), ret);
		return;
	}
	inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof ip);
	g_snprintf(ret->text, sizeof ret->text, "[%s]:%u", ip, ntohs(in6->sin6_port));
	memset(network.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &network, ip, sizeof ip);
	g_snprintf(ret->source, sizeof ret->source, "%s/64", ip);
}

void address_describe(const struct sockaddr_storage *from, struct address *ret)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	g_strlcpy(ret->text, "?", sizeof ret->text);
	g_strlcpy(ret->source, "?", sizeof ret->source);
	if (from->ss_family == AF_INET) {
		memcpy(&in, from, sizeof in);
		describe_ipv4(&in.sin_addr, ntohs(in.sin_port), ret);
	} else if (from->ss_family == AF_INET6) {
		memcpy(&in6, from, sizeof in6);
		describe_ipv6(&in6, ret);
	}
}
