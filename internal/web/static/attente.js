// The six words of one's own new keys, made of the keys themselves, for two colleagues to hear.
import { ask, refuse, unlocked } from "./coffre.js";
import { shown } from "./mots.js";

const place = document.querySelector("[data-own-words]");
try {
  await unlocked();
  shown(place, (await ask("key.own")).words);
  place.removeAttribute("aria-busy");
} catch (e) {
  refuse(place, e);
}
