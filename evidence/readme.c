/* README.txt of an evidence file: for somebody who has nothing but the file and common tools. */
#include "evidence/export_internal.h"

#define ORIGINAL                                                                                   \
	"The file this archive comes from is an ordinary MP4 that any player plays. Behind the "   \
	"pictures, which are\n"                                                                    \
	"byte for byte those that were recorded, it carries this archive.\n"
#define DERIVED                                                                                    \
	"A DERIVED COPY: the pictures are NOT those that were recorded. They were made from "      \
	"them, "                                                                                   \
	"as \"operations\" in\n"                                                                   \
	"manifest.json tells. \"source_sha256\" is the SHA-256 of what they were made from: the "  \
	"video_sha256 of an\n"                                                                     \
	"original export of the same span. The chain here proves what that was; whether the "      \
	"operations were done as\n"                                                                \
	"told is the exporter's word, and can be seen beside the original.\n"

char *export_readme(const struct manifest *m)
{
	return g_strdup_printf(
		"%s\n"
		"\n"
		"Session   %s\n"
		"Span      %.3f s to %.3f s of the recording%s\n"
		"Exported  %s by %s on %s\n"
		"\n"
		"%s"
		"\n"
		"WHAT IS HERE\n"
		"  manifest.json     what the file is, and the SHA-256 of everything in it\n"
		"  manifest.cms      the exporter's signature over manifest.json (CMS, RFC 5652)\n"
		"  chain             what the recorder signed while it recorded, one entry a line\n"
		"  certificate.pem   of the key the recorder signed with\n"
		"  seg-*.jsonl.gz    what happened besides pictures: who, from where, to what, "
		"keys, clipboard;\n"
		"                    gzip -dc shows it\n"
		"  ts-*.tsr          time stamps of an outside authority (RFC 3161), when there "
		"are\n"
		"  log-*.json        proofs that the recording stands in the node's log, when "
		"there are\n"
		"\n"
		"HOW TO CHECK IT, with the program:\n"
		"  vitrine verify evidence.mp4 --ca evidence-ca.pem\n"
		"or with the page verify.html, in a browser and without a network.\n"
		"\n"
		"HOW TO CHECK IT WITHOUT US (evidence-ca.pem comes from whom you trust, never from "
		"this file):\n"
		"  size=$(tail -c 32 evidence.mp4 | cut -d ' ' -f 2)\n"
		"  tail -c \"$size\" evidence.mp4 | tail -c +25 | tar -xf -\n"
		"  openssl cms -verify -binary -inform DER -in manifest.cms -content manifest.json "
		"\\\n"
		"      -CAfile evidence-ca.pem -out /dev/null\n"
		"      Is the manifest what was signed, and by whom? Add -attime SECONDS for a "
		"time\n"
		"      when the certificate was valid, should it have expired since.\n"
		"  head -c -\"$size\" evidence.mp4 | sha256sum\n"
		"      Must be video_sha256 of the manifest. Each of its parts, \"offset\" and "
		"\"bytes\":\n"
		"  tail -c +$((offset + 1)) evidence.mp4 | head -c \"$bytes\" | sha256sum\n"
		"      Must be its sha256 in the manifest, and in the segment's entry of the "
		"chain.\n"
		"  openssl ts -verify -data manifest.cms -in manifest.tsr -CAfile tsa-ca.pem\n"
		"      When there is a manifest.tsr: this file existed at the time that "
		"openssl ts -reply -text\n"
		"      -in manifest.tsr shows, in the words of the authority. ts-*.tsr stamp "
		"entries of the chain.\n"
		"  sha256sum *\n"
		"      Must be what the manifest says in \"files\".\n"
		"  Each entry of the chain:\n"
		"  openssl x509 -in certificate.pem -pubkey -noout > key.pub\n"
		"  line=$(sed -n 3p chain); printf %%s \"${line#* }\" > entry\n"
		"  printf %%s \"${line%%%% *}\" | base64 -d > signature\n"
		"  openssl dgst -sha256 -verify key.pub -signature signature entry\n"
		"  sha256sum entry\n"
		"      Must be \"prev\" of line 4.\n"
		"\n"
		"WHAT THIS PROVES: that a recorder with this certificate signed what is here, "
		"and in this order. Who\n"
		"holds that certificate is the word of its issuer; when it was, that of a time "
		"stamp, and without one\n"
		"the recorder's own clock; that no other recording was removed, that of the "
		"node's log.\n",
		m->derived ? "A DERIVED COPY OF A RECORDED SESSION"
			   : "EVIDENCE OF A RECORDED SESSION",
		m->session, (double)m->span_start_us / 1e6, (double)m->span_end_us / 1e6,
		m->whole	  ? ", all of it"
		: m->chain_sealed ? ", a part of it"
				  : ", which had not ended",
		m->created, m->created_by, m->node, m->derived ? DERIVED : ORIGINAL);
}
