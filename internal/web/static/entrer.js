// Signing in: one gesture with a passkey opens the session and the coffre; a paper code does both as well.
import { act, ask, begin, Refusal, send, warm } from "./coffre.js";
import { use } from "./cle.js";

warm();

// enter opens the coffre of the session that has just begun; what does not open it now leads to the page that unlocks.
async function enter(started, secret) {
  if (!secret.prf && !secret.code) return "/ouvrir";
  try {
    await begin(started, secret);
  } catch (e) {
    if (e instanceof Refusal && e.key === "vault.no_such_lock") return "/ouvrir";
    throw e;
  }
  return started.location;
}

const passkey = document.querySelector('[data-enter="passkey"]');
if (passkey) act(passkey, async () => {
  const { challenge, options } = await send("/entrer/cle/debut");
  const { credential, prf } = await use(options);
  return enter(await send("/entrer/cle/fin", { challenge, credential }), { prf });
});

for (const paper of document.querySelectorAll('[data-enter="paper"]')) {
  act(paper, async () => {
    const code = paper.elements.code.value;
    const { lookup } = await ask("paper.lookup", { code });
    const { challenge, statement } = await send("/entrer/papier/debut", { lookup });
    const { signed } = await ask("paper.sign", { code, statement });
    return enter(await send("/entrer/papier/fin", { challenge, signed }), { code });
  });
}
