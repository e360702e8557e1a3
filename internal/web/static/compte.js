// One's own ways to open: one more, or one less. The trousseau changes with each, so it is sealed anew to all the others.
import { act, ask, keep, Refusal, say, send, unlocked } from "./coffre.js";
import { make } from "./cle.js";
import { shown } from "./mots.js";

const { files } = JSON.parse(document.getElementById("page").textContent);
const post = (unlocker, others) => send("/compte/ajouter", { unlocker, others });

act(document.querySelector('form[data-add="passkey"]'), async () => {
  await unlocked();
  const { challenge, options } = await send("/compte/cle/debut");
  const { credential, prf } = await make(options);
  if (!prf) return (await post({ kind: "passkey", challenge, credential }, [])).location;
  const { unlocker, others } = await ask("unlocker.add", { kind: "passkey", prf, files });
  return added(await post({ ...unlocker, challenge, credential }, others));
});

// Words are shown first, and go to the hub as a lock once they are said to be written down.
for (const kind of ["paper", "passphrase"]) {
  const form = document.querySelector(`form[data-add="${kind}"]`);
  let made;
  act(form, async () => {
    await unlocked();
    if (!made) {
      made = await ask("unlocker.add", { kind, files });
      shown(form, made.words);
      form.querySelector("[data-after]").hidden = false;
      form.querySelector("button").textContent = say("compte.written");
      return undefined;
    }
    return added(await post(made.unlocker, made.others));
  });
}

async function added({ location: to }) {
  await ask("staged.keep");
  await again();
  return to;
}

// again keeps the changed trousseau for the next page.
async function again() {
  const { share } = await send("/session/part");
  await keep(share);
}

for (const form of document.querySelectorAll("form[data-remove]")) {
  act(form, async (button) => {
    await unlocked();
    const body = new URLSearchParams(new FormData(form));
    if (button?.name) body.set(button.name, button.value);
    const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body });
    const answer = await response.json();
    if (!response.ok) throw new Refusal(answer.refusal);
    const { others } = await ask("rewrap", { files, unlocker: form.elements.unlocker.value });
    await send("/coffre/resceller", { files: others });
    await ask("staged.keep");
    await again();
    return answer.location;
  });
}
