// Passkeys. What goes to the hub is built field by field, so that what the PRF extension gave, which opens the coffre, stays
// here: it is handed to the worker alone.
import { fromURL64, Refusal, say, toBase64, toURL64 } from "./coffre.js";

export const supported = Boolean(globalThis.PublicKeyCredential && navigator.credentials);

const seed = (publicKey) => ({ prf: { eval: { first: fromURL64(publicKey.extensions.prf.eval.first) } } });
const descriptors = (list) => list?.map((c) => ({ ...c, id: fromURL64(c.id) }));
const opened = (credential) => {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  return first ? toBase64(first) : null;
};
const refused = (e) => {
  if (e?.name === "InvalidStateError") return new Refusal({ text: say("cle.known") });
  if (e?.name === "NotAllowedError" || e?.name === "AbortError") return new Refusal({ text: say("cle.cancelled") });
  return e;
};
const plain = (c, response) => ({
  id: c.id,
  rawId: toURL64(c.rawId),
  type: c.type,
  authenticatorAttachment: c.authenticatorAttachment ?? undefined,
  clientExtensionResults: {},
  response: Object.fromEntries(Object.entries(response).filter(([, v]) => v).map(([k, v]) => [k, v instanceof ArrayBuffer ? toURL64(v) : v])),
});

// use asks for any passkey of this hub: what to send, and what opens the coffre (null where the passkey cannot).
export async function use({ publicKey }) {
  if (!supported) throw new Refusal({ text: say("cle.unsupported") });
  try {
    const c = await navigator.credentials.get({ publicKey: {
      challenge: fromURL64(publicKey.challenge),
      rpId: publicKey.rpId,
      timeout: publicKey.timeout,
      userVerification: publicKey.userVerification,
      allowCredentials: descriptors(publicKey.allowCredentials),
      extensions: seed(publicKey),
    } });
    const { clientDataJSON, authenticatorData, signature, userHandle } = c.response;
    return { credential: plain(c, { clientDataJSON, authenticatorData, signature, userHandle }), prf: opened(c) };
  } catch (e) {
    throw refused(e);
  }
}

// make makes one. Most authenticators give what opens the coffre at the first use only, so it is used once at once.
export async function make({ publicKey }) {
  if (!supported) throw new Refusal({ text: say("cle.unsupported") });
  try {
    const c = await navigator.credentials.create({ publicKey: {
      ...publicKey,
      challenge: fromURL64(publicKey.challenge),
      user: { ...publicKey.user, id: fromURL64(publicKey.user.id) },
      excludeCredentials: descriptors(publicKey.excludeCredentials),
      extensions: { ...seed(publicKey), credProps: true },
    } });
    const { clientDataJSON, attestationObject } = c.response;
    const credential = plain(c, { clientDataJSON, attestationObject, transports: c.response.getTransports?.() });
    let prf = opened(c);
    if (!prf && c.getClientExtensionResults().prf?.enabled) {
      prf = opened(await navigator.credentials.get({ publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        rpId: publicKey.rp.id,
        userVerification: "required",
        allowCredentials: [{ type: "public-key", id: c.rawId }],
        extensions: seed(publicKey),
      } }));
    }
    return { credential, prf };
  } catch (e) {
    throw refused(e);
  }
}
