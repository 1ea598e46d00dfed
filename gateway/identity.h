/** What the gateway shows to viewers: its certificate (with its chain) and the private key, read
 *  from files and found to belong together. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** Longest PEM file of either kind: it goes to each session in one message. */
#define IDENTITY_PEM_MAX_BYTES 16384u

/** Both texts on success: `ret_certificate_pem` is g_free'd, `ret_private_key_pem` secret_free'd.
 *  False and an error that names the file:
 *  CONFIG_ERROR_READ when one cannot be read or is not PEM, CONFIG_ERROR_INVALID when the key is
 *  not the certificate's. */
bool identity_load(const char *certificate_file, const char *private_key_file,
		   char **ret_certificate_pem, char **ret_private_key_pem, GError **error);

/** Whether RDP viewers of any age take this key (PEM). False: it is not RSA, which mstsc
 *  before Windows 10 does not. */
bool identity_suits_rdp(const char *private_key_pem);
