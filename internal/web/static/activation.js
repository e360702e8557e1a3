// Activation: the six words of the invitation, then keys made here, then two ways to open them. One step is on screen at a
// time; the hub sees public keys, and files that it cannot open.
import { act, ask, keep, send, warm } from "./coffre.js";
import { make } from "./cle.js";
import { shown } from "./mots.js";

warm();
const form = (name) => document.querySelector(`form[data-step="${name}"]`);
const step = (name) => {
  for (const f of document.querySelectorAll("form[data-step]")) f.hidden = f.dataset.step !== name;
  const heading = form(name).querySelector("h2");
  heading.tabIndex = -1;
  heading.focus();
};

let invitation;
const passkeys = []; // those that open, in the order of their locks
const signIns = []; // those that sign in and open nothing

act(form("words"), async () => {
  invitation = await send("/activer/invitation", { words: form("words").elements.words.value });
  for (const name of ["name", "town", "hash"]) document.querySelector(`[data-shown="${name}"]`).textContent = invitation[name];
  document.querySelector('[data-shown="roles"]').textContent = invitation.roles.join(", ") || "—";
  step("who");
});

act(form("who"), async () => {
  const { agent, epoch, register, journal } = invitation;
  await ask("enrol.begin", { agent, epoch, register, journal });
  step("passkey");
});

const paper = async () => {
  shown(form("paper"), (await ask("enrol.paper")).words);
  step("paper");
};

act(form("passkey"), async (button) => {
  if (button?.value !== "none") {
    const { challenge, options } = await send("/activer/cle", { ticket: invitation.ticket });
    const { credential, prf } = await make(options);
    if (prf) await ask("enrol.passkey", { prf });
    (prf ? passkeys : signIns).push({ challenge, credential });
  }
  await paper();
});

act(form("paper"), async () => {
  if (passkeys.length) return finish();
  shown(form("phrase"), (await ask("enrol.phrase")).words);
  step("phrase");
});

act(form("phrase"), () => finish());

// finish wraps the keys to every way to open and spends the invitation.
let made;
async function finish() {
  made ??= await ask("enrol.finish");
  const { recipient, verifier, entry, signed } = made;
  let i = 0;
  const unlockers = [
    ...made.unlockers.map((u) => (u.kind === "passkey" ? { ...u, ...passkeys[i++] } : u)),
    ...signIns.map((p) => ({ kind: "passkey", ...p })),
  ];
  const started = await send("/activer/fin", { ticket: invitation.ticket, keys: { recipient, verifier, entry, signed, unlockers } });
  await keep(started.share);
  return started.location;
}
