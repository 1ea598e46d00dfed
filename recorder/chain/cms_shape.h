/** The form of a CMS message where OpenSSL takes several for the same. Private to
 *  recorder/chain. */
#pragma once

#include <openssl/cms.h>
#include <stdbool.h>
#include <stddef.h>

/** One DER object, nothing behind it: SignedData version 1 with the digest algorithm SHA-256, no
 *  content and no revocation lists, one SignerInfo version 1 without unsigned attributes (RFC 5652
 *  5.1 and 5.3). What lies inside certificates and signed attributes is not looked at. */
bool cms_shape_message(const unsigned char *der, size_t length);

/** SHA-256 and ecdsa-with-SHA256, both without parameters or with NULL, and signed attributes that
 *  say the content is data. */
bool cms_shape_signer(CMS_SignerInfo *signer);
