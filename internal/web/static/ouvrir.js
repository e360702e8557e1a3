// Opening the coffre of a live session: nothing goes to the hub but the question for its share.
import { act, begin, Refusal, say, send, warm } from "./coffre.js";
import { use } from "./cle.js";

warm();
const page = JSON.parse(document.getElementById("page").textContent);

// secretOf reads what a form opens with: a passkey's PRF result, six words, or twelve.
export async function secretOf(form) {
  switch (form.dataset.unlock) {
    case "passkey": {
      const { options } = await send("/entrer/cle/debut");
      const { prf } = await use(options);
      if (!prf) throw new Refusal({ text: say("cle.opens_nothing") });
      return { prf };
    }
    case "passphrase": return { phrase: form.elements.phrase.value };
    default: return { code: form.elements.code.value };
  }
}

for (const form of document.querySelectorAll("form[data-unlock]:not([data-trial])")) {
  act(form, async () => {
    const secret = await secretOf(form);
    const { share } = await send("/session/part");
    await begin({ share, files: page.files }, secret);
    location.replace(page.to);
    await new Promise(() => {}); // the page is leaving
  });
}
