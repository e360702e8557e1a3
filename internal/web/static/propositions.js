// The coordination's proposals, worked out in this browser: the cards and limits of the cases that name the coordinator are
// opened in the worker and held together against the day's offers. What is suggested goes to the origin, signed and sealed.
import { act, ask, element, once, Refusal, say, send, sheet, unlocked } from "./coffre.js";
import { line, list, market } from "./classement.js";

const root = document.querySelector(".proposals");
const working = root.querySelector("[data-working]");
const bundle = { listing: null, cases: [] }; // as handed out, for the command line

// lay has the worker open every case that names the coordinator, twenty at a time.
async function lay() {
  const left = [];
  let onTable = 0;
  bundle.cases = [];
  for (let after = ""; ;) {
    const { cases, next } = await send("/propositions/fiches", { after });
    if (cases.length) {
      const { since } = await ask("journal.size");
      const handed = cases.map((c) => ({ case: c.ID, hashes: (c.Sealed.bodies ?? []).filter((b) => !b.note).map((b) => b.hash) }));
      const found = await ask("table.lay", { cases, heads: await send("/preuves", { handed, since }) });
      onTable = found.cases;
      left.push(...found.left);
      bundle.cases.push(...cases.filter((c) => !found.left.some((l) => l.case === c.ID)));
    }
    if (!next) return { onTable, left };
    after = next;
  }
}

const mark = (id) => id.slice(0, 5);

// offer is one case on the page: what is proposed for it or stands in the way, and what the coordinator decides.
function offer(p) {
  const entry = element("li", undefined, { class: "card" });
  entry.append(element("h3", say("propositions.case", { words: p.words, mark: mark(p.case) })));
  const who = element("div");
  sheet(who, p.glance);
  const reasons = element("ul", undefined, { class: "reasons" });
  list(reasons, p.items);
  entry.append(who);
  if (p.name) entry.append(element("p", undefined, { class: "town" }));
  entry.querySelector(".town")?.append(element("strong", p.name));
  entry.append(reasons);
  if (p.told) {
    const told = element("ul", undefined, { class: "told hint" });
    list(told, p.told);
    entry.append(told);
  }
  entry.append(root.querySelector("template[data-decide]").content.cloneNode(true));
  const done = entry.querySelector("[data-done]");
  const tell = async (suggestion, said) => {
    const key = entry.dataset.once ||= once();
    await send("/propositions/envoyer", await ask("table.suggest", { once: key, suggestion: { case: p.case, ...suggestion } }));
    delete entry.dataset.once;
    done.textContent = say(said, { town: suggestion.town ?? p.name ?? "" });
  };
  const accept = entry.querySelector("[data-accept]");
  if (!p.member) accept.closest("p").remove();
  else accept.addEventListener("click", async () => {
    accept.disabled = true;
    try {
      await tell({ member: p.member, home: p.home, jobs: p.jobs ?? [] }, "propositions.sent");
    } catch (e) {
      accept.disabled = false;
      if (!(e instanceof Refusal)) console.error(e);
      done.textContent = e instanceof Refusal ? e.message : say("coffre.fault");
    }
  });

  const form = entry.querySelector('[data-step="otherwise"]');
  form.querySelectorAll("select").forEach((select, i) => {
    select.id = `${select.name}-${p.case}`;
    form.querySelectorAll("label")[i].htmlFor = select.id;
  });
  let towns;
  entry.querySelector("[data-otherwise]").addEventListener("toggle", async () => {
    if (towns) return;
    ({ towns } = await ask("table.choices", { case: p.case }));
    form.elements.member.replaceChildren(
      element("option", say(p.member ? "propositions.nobody" : "propositions.not_now"), { value: "" }),
      ...towns.filter((t) => t.member !== p.member).map((t) => element("option", `${t.name} – ${line(t.items[0])}`, { value: t.member })));
  });
  act(form, async () => {
    const chosen = (towns ?? []).find((t) => t.member === form.elements.member.value);
    const override = form.elements.override.value;
    await tell({
      ...(chosen ? { member: chosen.member, home: chosen.home, jobs: chosen.jobs ?? [], town: chosen.name } : {}),
      ...(p.member ? { instead: p.member } : {}), overridden: true, override,
    }, chosen ? "propositions.sent" : "propositions.recorded");
    form.querySelectorAll("[data-refused]").forEach((e) => e.remove());
    form.closest("details").open = false;
  });
  return entry;
}

function show(found, { onTable, left }) {
  const fill = (name, items) => {
    const section = root.querySelector(`[data-${name}]`);
    section.querySelector("ol, ul").replaceChildren(...items);
    section.hidden = !items.length;
  };
  working.textContent = say(onTable ? "propositions.ready" : "propositions.none", { n: found.placed.length, of: onTable });
  list(root.querySelector("[data-notes]"), found.notes);
  fill("placed", found.placed.map(offer));
  fill("unplaced", found.unplaced.map(offer));
  fill("help", found.help.map((h) => element("li", say("propositions.would_place", { what: line(h.item), words: h.words.join(", ") }))));
  fill("left", left.map((l) => element("li", say("propositions.case_left", { mark: mark(l.case), why: line(l.item) }))));
  root.querySelector("[data-files]").hidden = !onTable;
}

let laid;
act(root.querySelector('[data-step="solve"]'), async () => {
  working.textContent = say("propositions.opening");
  try {
    await unlocked();
    bundle.listing = await market(root.dataset.listing);
    laid = await lay();
    if (!laid.onTable) {
      show({ placed: [], unplaced: [], help: [], notes: [] }, laid);
      return;
    }
    working.textContent = say("propositions.solving", { n: laid.onTable });
    show(await ask("table.solve", { seconds: Number(document.getElementById("seconds").value) }), laid);
  } catch (e) {
    working.textContent = "";
    throw e;
  }
});

// save hands the reader a file of this page's making.
function save(name, text) {
  const link = element("a", undefined, { download: name, href: URL.createObjectURL(new Blob([text], { type: "application/json" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// exports has a button write a file, once the journal of each case has it.
const exports = (button, name, text) => button.addEventListener("click", async () => {
  const said = root.querySelector("[data-exported]");
  button.disabled = true;
  try {
    await send("/propositions/exporter", { once: once(), cases: bundle.cases.map((c) => c.ID) });
    save(name, await text());
    said.textContent = say("propositions.exported", { file: name });
  } catch (e) {
    if (!(e instanceof Refusal)) console.error(e);
    said.textContent = e instanceof Refusal ? e.message : say("coffre.fault");
  }
  button.disabled = false;
});
exports(root.querySelector("[data-export]"), "instance.json", async () => (await ask("table.export")).text);
exports(root.querySelector("[data-sealed-export]"), "cartes-scellees.json",
  async () => JSON.stringify({ ...bundle, register: await send("/registre", { from: 0 }) }));
act(root.querySelector('[data-step="import"]'), async () => {
  const [file] = document.getElementById("plan").files;
  if (!file) throw new Refusal({ key: "table.no_plan", field: "plan" });
  show(await ask("table.import", { text: await file.text() }), laid);
  working.focus();
});
