// The self-test of one way to open, on a page loaded afresh: it opens, and the trousseau signs the hub's challenge.
import { act, ask, send } from "./coffre.js";
import { secretOf } from "./ouvrir.js";

const page = JSON.parse(document.getElementById("page").textContent);
const form = document.querySelector("form[data-trial]");
act(form, async () => {
  await ask("unlock", { ...(await secretOf(form)), files: page.files });
  const { challenge, statement } = await send("/essai/debut", { unlocker: page.unlocker });
  const { signed } = await ask("prove", { statement });
  return (await send("/essai/fin", { challenge, signed })).location;
});
