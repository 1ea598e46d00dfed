/* Walks the DER of a CMS message down to what its signature does not cover. It must
 * not judge signatures. */
#include "recorder/chain/cms_shape.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

/* A run of DER objects. A failure sticks: nothing is read after it. */
struct der {
	const unsigned char *at, *end;
	bool failed;
};

/* The content of the next object, which must have this tag. Constructed or not and the form of its
 * length are left to cms_verify.c's is_der. */
static struct der take(struct der *in, int tag, int class)
{
	const unsigned char *at = in->at;
	struct der inner = {.failed = true};
	long length;
	int found_tag, found_class;

	if (in->failed || in->at >= in->end)
		in->failed = true;
	else if ((ASN1_get_object(&at, &length, &found_tag, &found_class, in->end - in->at) &
		  0x80) != 0)
		in->failed = true; /* cut */
	else if (found_tag != tag || found_class != class || length > in->end - at)
		in->failed = true;
	else
		inner = (struct der){at, at + length, false};
	if (!in->failed)
		in->at = inner.end;
	return inner;
}

static struct der take_sequence(struct der *in)
{
	return take(in, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
}

static bool next_is(const struct der *in, unsigned char byte)
{
	return !in->failed && in->at < in->end && *in->at == byte;
}

static bool take_exactly(struct der *in, const void *bytes, size_t length)
{
	if (in->failed || (size_t)(in->end - in->at) < length || memcmp(in->at, bytes, length) != 0)
		in->failed = true;
	else
		in->at += length;
	return !in->failed;
}

static bool at_end(const struct der *in)
{
	return !in->failed && in->at == in->end;
}

static bool signer_shape(struct der set)
{
	static const unsigned char version_1[] = {2, 1, 1};
	struct der info = take_sequence(&set);

	if (!at_end(&set) || !take_exactly(&info, version_1, sizeof version_1))
		return false;
	take_sequence(&info);				    /* who */
	take_sequence(&info);				    /* digest */
	take(&info, 0, V_ASN1_CONTEXT_SPECIFIC);	    /* signed attributes */
	take_sequence(&info);				    /* signature algorithm */
	take(&info, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL); /* signature */
	return at_end(&info);
}

static bool digest_shape(struct der set)
{
	static const unsigned char sha256[] = {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1};
	static const unsigned char null[] = {5, 0};
	struct der algorithm = take_sequence(&set);

	return at_end(&set) && take_exactly(&algorithm, sha256, sizeof sha256) &&
	       (at_end(&algorithm) ||
		(take_exactly(&algorithm, null, sizeof null) && at_end(&algorithm)));
}

static bool signed_data_shape(struct der data)
{
	static const unsigned char version_1[] = {2, 1, 1};
	static const unsigned char detached_data[] = {0x30, 11,	  6,  9, 0x2a, 0x86, 0x48,
						      0x86, 0xf7, 13, 1, 7,    1};

	if (!take_exactly(&data, version_1, sizeof version_1))
		return false;
	struct der digests = take(&data, V_ASN1_SET, V_ASN1_UNIVERSAL);
	if (!digest_shape(digests) || !take_exactly(&data, detached_data, sizeof detached_data))
		return false;
	if (next_is(&data, 0xa0))
		take(&data, 0, V_ASN1_CONTEXT_SPECIFIC); /* certificates */
	struct der signers = take(&data, V_ASN1_SET, V_ASN1_UNIVERSAL);
	return at_end(&data) && signer_shape(signers);
}

bool cms_shape_message(const unsigned char *der, size_t length)
{
	static const unsigned char signed_data[] = {6,	  9,  0x2a, 0x86, 0x48, 0x86,
						    0xf7, 13, 1,    7,	  2};
	struct der all = {der, der + length, false};
	struct der message = take_sequence(&all);
	bool ok = at_end(&all) && take_exactly(&message, signed_data, sizeof signed_data);
	struct der content = take(&message, 0, V_ASN1_CONTEXT_SPECIFIC);
	struct der data = take_sequence(&content);

	ok = ok && at_end(&message) && at_end(&content) && signed_data_shape(data);
	ERR_clear_error();
	return ok;
}

static bool algorithm_is(const X509_ALGOR *algorithm, int nid)
{
	const ASN1_OBJECT *object;
	int parameter;

	X509_ALGOR_get0(&object, &parameter, NULL, algorithm);
	return OBJ_obj2nid(object) == nid &&
	       (parameter == V_ASN1_UNDEF || parameter == V_ASN1_NULL);
}

bool cms_shape_signer(CMS_SignerInfo *signer)
{
	X509_ALGOR *digest = NULL, *signature = NULL;
	const ASN1_OBJECT *type = CMS_signed_get0_data_by_OBJ(
		signer, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, &signature);
	return algorithm_is(digest, NID_sha256) && algorithm_is(signature, NID_ecdsa_with_SHA256) &&
	       type != NULL && OBJ_obj2nid(type) == NID_pkcs7_data;
}
