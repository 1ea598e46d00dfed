// What web/verify uses of evidence.js. The library's own classes are described by its packages; here they are opaque.
export const Certificate: any, CertificateChainValidationEngine: any, CertificateRevocationList: any, ContentInfo: any, SignedData: any, TimeStampResp: any, TSTInfo: any;
export function createCMSECDSASignature(raw: ArrayBuffer): ArrayBuffer;
export function createECDSASignatureFromCMS(signature: any, pointSizeBytes: number): ArrayBuffer;
export const Integer: any, ObjectIdentifier: any, OctetString: any, Sequence: any, Constructed: any;
export function fromBER(bytes: ArrayBuffer): { offset: number, result: any };
interface Sha256 { update(bytes: Uint8Array): Sha256; digest(): Uint8Array; clone(): Sha256 }
interface Streaming { init(): Streaming; update(bytes: Uint8Array): Streaming; digest(form: 'hex'): string; save(): Uint8Array; load(state: Uint8Array): Streaming }
export function createSHA256(): Promise<Streaming>;
export const sha256: { (bytes: Uint8Array): Uint8Array; create(): Sha256 };
