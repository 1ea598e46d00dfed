/** Carries out what supervisors order by a row in the database: hears the notification, takes the
 *  waiting commands of this node and ends the sessions.
 *  Main loop only. */
#pragma once

#include "gateway/broker/broker.h"

struct command_listener;

/** `tools` must outlive it, and its lookups must hand their results to the broker. Commands that
 *  came while nobody listened are looked for at every connect. */
struct command_listener *command_listener_create(const struct broker_tools *tools);
void command_listener_destroy(struct command_listener *listener); /**< NULL is fine */
