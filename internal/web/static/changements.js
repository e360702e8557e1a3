// Signing changes: the coffre reads each text itself, and compares the words heard with the keys that the hub shows.
import { act, ask, send, unlocked } from "./coffre.js";

for (const form of document.querySelectorAll("form[data-sign]")) {
  const { changes } = JSON.parse(document.getElementById(form.dataset.sign).textContent);
  act(form, async () => {
    await unlocked();
    const made = await ask("approve", { changes, words: form.elements.words?.value ?? "" });
    return (await send("/changements/signer", made)).location;
  });
}
