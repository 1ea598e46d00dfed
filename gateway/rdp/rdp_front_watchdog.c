/* The clock over the handshake. FreeRDP's TLS accept and NLA block inside one call, so only another
 * thread can end them: it shuts the socket down and the blocked call fails. Knows nothing of
 * RDP. */
#include "gateway/rdp/rdp_front.h"

#include <sys/socket.h>

static gpointer watch(gpointer data)
{
	struct rdp_watchdog *dog = data;

	g_mutex_lock(&dog->lock);
	while (!dog->stop) {
		if (!dog->deadline_us) {
			g_cond_wait(&dog->changed, &dog->lock);
		} else if (!g_cond_wait_until(&dog->changed, &dog->lock,
					      (gint64)dog->deadline_us) &&
			   dog->deadline_us && g_get_monotonic_time() >= (gint64)dog->deadline_us) {
			dog->deadline_us = 0;
			session_end(dog->session, END_DEADLINE, "RDP handshake took too long");
			shutdown(dog->socket_fd, SHUT_RDWR);
		}
	}
	g_mutex_unlock(&dog->lock);
	return NULL;
}

void rdp_watchdog_start(struct rdp_watchdog *dog, struct session *session, int socket_fd)
{
	g_mutex_init(&dog->lock);
	g_cond_init(&dog->changed);
	dog->session = session;
	dog->socket_fd = socket_fd;
	dog->stop = false;
	dog->thread = g_thread_new("rdp-watchdog", watch, dog);
}

void rdp_watchdog_arm(struct rdp_watchdog *dog, uint32_t milliseconds)
{
	g_mutex_lock(&dog->lock);
	dog->deadline_us =
		milliseconds ? (uint64_t)g_get_monotonic_time() + milliseconds * UINT64_C(1000) : 0;
	g_cond_signal(&dog->changed);
	g_mutex_unlock(&dog->lock);
}

void rdp_watchdog_stop(struct rdp_watchdog *dog)
{
	g_mutex_lock(&dog->lock);
	dog->stop = true;
	g_cond_signal(&dog->changed);
	g_mutex_unlock(&dog->lock);
	g_thread_join(dog->thread);
	g_mutex_clear(&dog->lock);
	g_cond_clear(&dog->changed);
}
