/** Who is at the other end of an accepted socket, as text. */
#pragma once

#include <sys/socket.h>

struct address {
	char text[64]; /**< "192.0.2.7:51234" or "[2001:db8::1]:51234": for records */
	/** what limits count by: the IPv4 address, or the IPv6 /64 network
	 *  ("2001:db8::/64"), because one owner has all of it */
	char source[64];
};

/** Fills `ret` from a socket address; IPv4-mapped IPv6 counts as IPv4. Other families give "?". */
void address_describe(const struct sockaddr_storage *from, struct address *ret);
