// The members that a case could call upon, ranked on this device: the day's offers come as they come to everyone, the card
// and the limits are opened in the worker, and what is ticked goes into the form below.
import { asked, element, page, Refusal, say, unlocked, worded, written } from "./coffre.js";

// line is an item of the Go half in words.
export const line = ({ text, key, args }) => text ?? say(key, worded(args));

// list fills a list with items, and hides it when there are none.
export function list(into, items) {
  into.replaceChildren(...items.map((item) => element("li", line(item))));
  into.hidden = !items.length;
}

// market has the worker read the day's offers, which the browser keeps for a while, and returns them as they came.
export async function market(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Refusal({ key: "coffre.unreachable" });
  const listing = await answer.json();
  await asked("offers.load", { listing });
  return listing;
}

const root = document.querySelector(".ranking");
if (root) {
  const working = root.querySelector("[data-working]");
  const form = root.closest("form");
  const ring = [...form.elements].filter((f) => f.name === "rings[0][]");
  const ticks = new Map(); // by member, in the ranking
  const chosen = () => {
    const all = ring.filter((f) => f.checked);
    form.querySelector("[data-chosen]").textContent = say("rank.chosen", { n: all.length, least: root.dataset.least })
      + (all.length ? " " + all.map((f) => f.labels[0].textContent).join(", ") : "");
  };
  for (const box of ring) box.addEventListener("change", () => { if (ticks.has(box.value)) ticks.get(box.value).checked = box.checked; chosen(); });

  // town is one line of the ranking, whose tick is that of the list below.
  const town = ({ member, name, items }) => {
    const box = ring.find((f) => f.value === member);
    const entry = element("li", undefined, { class: "card" });
    const choice = element("div", undefined, { class: "choice" });
    const tick = element("input", undefined, { type: "checkbox", id: "t-" + member, "aria-describedby": "w-" + member });
    const reasons = element("ul", undefined, { id: "w-" + member, class: "reasons" });
    list(reasons, items);
    tick.checked = box.checked;
    tick.addEventListener("change", () => { box.checked = tick.checked; chosen(); });
    ticks.set(member, tick);
    choice.append(tick, element("label", name, { for: tick.id }));
    entry.append(choice, reasons);
    return entry;
  };

  const show = (found) => {
    const towns = found.towns.filter((t) => ring.some((f) => f.value === t.member));
    list(root.querySelector("[data-notes]"), found.notes);
    working.textContent = say(towns.length ? "rank.ready" : "rank.none", { n: towns.length, day: found.day && written(found.day), silent: found.silent });
    const into = root.querySelector("[data-towns]");
    const more = root.querySelector("[data-more]");
    const next = () => {
      const from = into.children.length;
      into.append(...towns.slice(from, from + 10).map(town));
      more.hidden = into.children.length >= towns.length;
      return into.children[from];
    };
    next();
    more.addEventListener("click", () => next()?.querySelector("input").focus());
    const out = root.querySelector("[data-excluded]");
    out.hidden = !found.excluded.length;
    out.querySelector("summary").textContent = say("rank.excluded", { n: found.excluded.length });
    out.querySelector("dl").replaceChildren(...found.excluded.flatMap((t) => [
      element("dt", t.name), ...t.items.map((item) => element("dd", say("rank.because", { why: line(item) }))),
    ]));
    for (const { member } of found.excluded.filter((t) => t.barred)) {
      for (const f of form.elements) if (f.name.startsWith("rings[") && f.value === member) { f.checked = false; f.disabled = true; }
    }
    chosen();
  };

  try {
    await unlocked();
    await market(root.dataset.listing);
    show(await asked("case.rank", { page: await page() }));
  } catch (e) {
    if (!(e instanceof Refusal)) console.error(e);
    working.textContent = e instanceof Refusal ? e.message : say("coffre.fault");
    form.querySelector("[data-every]").open = true; // the towns can be chosen all the same
    chosen();
  }
}
