/** From an accepted connection to a session: counts it in, reads an RDP viewer's first message,
 *  chooses the door. Main loop only. */
#pragma once

#include "gateway/broker/broker.h"
#include "gateway/peek.h"

struct doors;

/** `broker` and `tools` are borrowed and must outlive it. */
struct doors *doors_create(struct broker *broker, const struct broker_tools *tools);
/** Closes what has not become a session yet. */
void doors_close(struct doors *doors);
/** After doors_close, and after the jobs it may have pushed. NULL is fine. */
void doors_destroy(struct doors *doors);

/** For listener_create: `user_data` is the struct doors. */
void doors_rdp(int fd, const struct address *from, void *user_data);
void doors_vnc(int fd, const struct address *from, void *user_data);

enum door_choice { DOOR_CHOICE_TLS, DOOR_CHOICE_NLA, DOOR_CHOICE_ASK };

/** Which door an RDP viewer gets. A viewer that offers NLA and TLS is always given NLA by FreeRDP's
 *  server role, and NLA works with one-time tickets only, so it must not be offered
 *  to people with a password:
 *    - no NLA in the request: TLS;
 *    - NLA but no TLS: NLA, nothing else is left;
 *    - the preconnection blob says "ticket" (our .rdp files): NLA;
 *    - the cookie names somebody: NLA when a ticket waits for that name (ASK: the
 *      database knows), else TLS.
 *  Nothing of this is authenticated and nothing depends on it but the form of the login. */
enum door_choice door_choose(const struct peek_request *request);
