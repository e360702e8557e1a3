// The page's side of the sealing worker. A page asks by attributes; what is sealed, signed or opened is decided by the Go
// half in the worker, so that this file holds no rule and no key.
//
//   <meta name="coffre" content="WORKER-URL MODULE-URL">     where the worker and its module are
//   <html data-sentences="URL">                              what codes are called in the reader's language
//   <script type="application/json" id="page">               what the hub handed out for this page
//   <main data-open="OP">                                    asks OP with the page, fills [data-sheet=NAME] and [data-value=NAME]
//   <form method="dialog" data-seal="OP" data-action="…">    asks OP with the page and the form, posts what comes back to the
//                                                            address; before this file runs, sending such a form does nothing
//   <form data-autosave="KEY">                               keeps what is typed, sealed, on this device

import { combobox, voice } from "./app.js";

const meta = document.querySelector('meta[name="coffre"]');
const [workerURL, moduleURL, communesURL] = (meta?.content ?? "").split(" ");
const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");
export const say = await voice();

// A Refusal is a no for the person in front of the screen; anything else that is thrown is a fault.
export class Refusal extends Error {
  constructor({ key, field, args, text }) {
    super(text ?? say(key, args));
    this.key = key;
    this.field = field;
  }
}

// ---- the worker

const policy = window.trustedTypes?.createPolicy("ailleurs", {
  createScriptURL(url) {
    if (url !== workerURL) throw new TypeError("not the worker");
    return url;
  },
});
// warm starts the worker before it is asked anything.
export const warm = () => { post({ module: new URL(moduleURL, location.href).href }).catch(() => {}); };
let worker;
let last = 0;
const waiting = new Map();
const post = (message) => new Promise((resolve, reject) => {
  if (!worker) {
    worker = new Worker(policy ? policy.createScriptURL(workerURL) : workerURL, { type: "module" });
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = waiting.get(data.id);
      waiting.delete(data.id);
      data.fault === undefined ? resolve(data.out) : reject(new Error(data.fault));
    };
    worker.onerror = (event) => { for (const { reject } of waiting.values()) reject(new Error(event.message)); waiting.clear(); };
    if (!message.module) warm();
  }
  const id = ++last;
  waiting.set(id, { resolve, reject });
  worker.postMessage({ ...message, id });
});

// ask puts one question to the Go half and returns its answer, or throws its Refusal. Whatever it has seen of the journal
// meanwhile is kept before anything else happens.
export async function ask(op, input = {}) {
  const answer = JSON.parse(await post({ op, input: JSON.stringify(input) }));
  if (answer?.seen) await remember(answer.seen);
  if (answer?.refusal) throw new Refusal(answer.refusal);
  if (answer?.fault) throw new Error(answer.fault);
  return answer?.out;
}

// send posts JSON to the hub and returns its answer, or throws its Refusal.
export async function send(url, body = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
    redirect: "error",
  }).catch(() => { throw new Refusal({ text: say("coffre.unreachable") }); });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Refusal(answer?.refusal ?? { key: "coffre.unreachable" });
  return answer;
}

export const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
export const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
export const toURL64 = (bytes) => toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
export const fromURL64 = (text) => fromBase64(text.replace(/-/g, "+").replace(/_/g, "/"));

// ---- unlocked across pages: what is kept is sealed under this device's key and the share of the live session

const slot = "ailleurs.coffre";

// keep seals the open trousseau for the next page of this tab.
export async function keep(share) {
  sessionStorage.setItem(slot, (await ask("session.wrap", { share })).file);
}

// forget drops it, here.
export function forget() {
  sessionStorage.removeItem(slot);
}

// begin opens the coffre with a secret at hand ({prf}, {code} or {phrase}), for this page and those that follow.
export async function begin({ share, files }, secret) {
  const who = await ask("unlock", { ...secret, files });
  const { moved } = await learn(who);
  if (moved) {
    // The coffre remembers how far the register was seen, wherever it is opened next.
    await send("/coffre/resceller", { files: (await ask("rewrap", { files })).others });
    await ask("staged.keep");
  }
  await keep(share);
  return who;
}

let opened;
// unlocked reopens the trousseau from the page before; without one it leads to the page that unlocks.
export function unlocked() {
  opened ??= (async () => {
    const file = sessionStorage.getItem(slot);
    if (file) {
      warm();
      let share, who;
      try {
        ({ share } = await send("/session/part"));
        who = await ask("session.open", { share, file });
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        forget();
      }
      if (sessionStorage.getItem(slot)) {
        if ((await learn(who)).snapshot) await keep(share); // of the journal the memory says more, at less cost
        return;
      }
    }
    location.assign("/ouvrir?vers=" + encodeURIComponent(location.pathname));
    await new Promise(() => {}); // the page is leaving
  })();
  return opened;
}

// ---- what this browser remembers of the two logs, sealed by the Go half: the register as it was last verified, so that
// each page asks the hub for what is new only, and how far the journal was seen, so that no tab is shown less

let shelf; // where the open trousseau's things are kept, once it is open

const kept = async (mode, act) => {
  const db = await new Promise((resolve, reject) => {
    const open = indexedDB.open("ailleurs-memory", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("kept");
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
  try {
    return await new Promise((resolve, reject) => {
      const change = db.transaction("kept", mode);
      const request = act(change.objectStore("kept"));
      change.oncomplete = () => resolve(request.result);
      change.onerror = change.onabort = () => reject(change.error);
    });
  } finally {
    db.close();
  }
};

// What is shelved carries a number. shelve puts something where the number is still the one last read, and returns what
// another tab has put there meanwhile instead. A browser that keeps nothing asks the hub for all again.
const numbers = {};
const shelved = async (name) => {
  const found = await kept("readonly", (s) => s.get(`${shelf} ${name}`)).catch(() => undefined);
  numbers[name] = found?.number ?? 0;
  return found?.file;
};
const shelve = async (name, file) => {
  const at = `${shelf} ${name}`;
  const was = await kept("readwrite", (s) => {
    const found = s.get(at);
    found.onsuccess = () => {
      if ((found.result?.number ?? 0) === numbers[name]) s.put({ number: numbers[name] + 1, file }, at);
    };
    return found;
  }).catch(() => undefined);
  const other = (was?.number ?? 0) !== numbers[name];
  numbers[name] = other ? was.number : numbers[name] + 1;
  return other ? was.file : undefined;
};

// remember keeps what the Go half has seen; what another tab has seen meanwhile is seen here too, and kept with it.
async function remember(file) {
  if (!shelf) return;
  const other = await shelve("memory", file);
  if (other) await ask("recall", { memory: other });
}

// learn brings the worker's directory of keys up to what the hub has signed. A register that does not follow from the one
// this client has seen is refused, and so is one that holds a key of its own person which it did not make.
async function learn(who) {
  shelf = who.shelf;
  const { size } = await ask("recall", { snapshot: await shelved("register"), memory: await shelved("memory") });
  const seen = await ask("register.add", await send("/registre", { from: size }));
  if (seen.snapshot) await shelve("register", seen.snapshot);
  return seen;
}

// ---- what the hub handed out, and its proof that it is the newest

let handed;
// page is what the hub handed out for this page, with its proofs that the journal, which everyone is shown alike, knows
// each body: an old one put in its place is refused.
export const page = () => handed ??= (async () => {
  const all = json("page");
  const part = all?.dossier ?? all?.thread ?? (all?.cases?.length ? all : undefined);
  if (!part) return all;
  const { since } = await ask("journal.size");
  const hashes = new Map();
  for (const b of (part.Sealed ?? part.sealed)?.bodies ?? []) {
    if (!b.note) hashes.set(b.case, [...(hashes.get(b.case) ?? []), b.hash]);
  }
  part.Heads = await send("/preuves", { handed: [...hashes].map(([id, of]) => ({ case: id, hashes: of })), since });
  return all;
})();

// ---- what the reader sees

export const element = (name, text, attributes = {}) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
};

// written is a text as it is shown: a day as people write days.
export const written = (text) => /^\d{4}-\d\d-\d\d$/.test(text)
  ? new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" }).format(new Date(text))
  : text;

// worded are the arguments of a sentence, days as people write them.
export const worded = (args = {}) => Object.fromEntries(Object.entries(args).map(([k, v]) => [k, written(v)]));

// member names a member that only this device has read of.
const member = (id) => json("page")?.towns?.[id] ?? say("answer.unknown_town");

// sheet shows rows of {label, items: [{key} | {text} | {member}]} as a list of terms.
export function sheet(into, rows) {
  const list = element("dl", undefined, { class: "terms" });
  for (const row of rows) {
    list.append(element("dt", say(row.label, worded(row.args))));
    for (const item of row.items) {
      list.append(element("dd", item.member ? member(item.member) : item.text === undefined ? say(item.key, worded(item.args)) : written(item.text)));
    }
  }
  into.replaceChildren(list);
  into.removeAttribute("aria-busy");
}

async function open(root) {
  await unlocked();
  const found = await ask(root.dataset.open, { page: await page() });
  for (const place of document.querySelectorAll("[data-sheet]")) {
    const rows = found.sheets?.[place.dataset.sheet];
    if (rows) sheet(place, rows);
    else place.removeAttribute("aria-busy");
    place.closest("[data-sealed]")?.toggleAttribute("hidden", !rows);
  }
  for (const place of document.querySelectorAll("[data-value]")) {
    const value = place.dataset.value.split(".").reduce((at, step) => at?.[step], found.values);
    if (value === undefined) continue;
    if (place instanceof HTMLInputElement || place instanceof HTMLTextAreaElement || place instanceof HTMLSelectElement) place.value = value;
    else place.textContent = value;
  }
  for (const place of document.querySelectorAll("[data-when]")) { // shown when what was sealed says so
    place.hidden = found.values?.[place.dataset.when]?.[place.dataset.field] !== place.dataset.is;
  }
  for (const form of document.querySelectorAll("form[data-fill]")) fill(form, found.forms?.[form.dataset.fill]);
  for (const place of document.querySelectorAll("[data-words]")) {
    place.textContent = (await ask(place.dataset.words, { page: await page() })).words.join(" · ");
  }
  document.dispatchEvent(new CustomEvent("coffre:open", { detail: found }));
  const limits = document.querySelector('[data-sheet="limits"]');
  if (limits && found.sheets?.limits?.some((row) => row.items.some((item) => item.key?.startsWith("place.")))) {
    // Codes become names once the communes of France are at hand; without them the codes stay.
    await hand().then(async () => sheet(limits, (await ask(root.dataset.open, { page: await page() })).sheets.limits)).catch(() => {});
  }
}

// ---- forms

// read turns a form into an object: a.b and a[0].b are paths, a checkbox without value is a boolean, names that end in []
// gather lists.
export function read(form) {
  const out = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.type === "submit" || field.type === "button") continue;
    if ((field.type === "checkbox" || field.type === "radio") && !field.checked) continue;
    let value = field.type === "checkbox" && !field.hasAttribute("value") ? true : field.value;
    if (value === "") continue;
    if (field.dataset.kind === "number") value = Number(value);
    const list = field.name.endsWith("[]");
    const path = field.name.replace(/\[\]$/, "").replace(/\[(\d+)\]/g, ".$1").split(".");
    let at = out;
    path.forEach((step, i) => {
      if (i < path.length - 1) at = at[step] ??= /^\d+$/.test(path[i + 1]) ? [] : {};
      else if (list) (at[step] ??= []).push(value);
      else at[step] = value;
    });
  }
  return prune(out);
}

// prune drops the holes of lists, where lines were left empty.
const prune = (v) => Array.isArray(v) ? v.filter((x) => x !== undefined).map(prune)
  : v && typeof v === "object" ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, prune(x)])) : v;

// fill is read's inverse.
export function fill(form, values) {
  if (!values) return;
  const nth = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const list = field.name.endsWith("[]");
    const path = field.name.replace(/\[\]$/, "").replace(/\[(\d+)\]/g, ".$1").split(".");
    const value = path.reduce((at, step) => at?.[step], values);
    if (field.type === "checkbox" || field.type === "radio") {
      field.checked = list ? (value ?? []).includes(field.value) : field.hasAttribute("value") ? value === field.value : value === true;
    } else if (list) {
      nth[field.name] ??= 0; // fields of one name share the list, in their order
      field.value = value?.[nth[field.name]++] ?? "";
    } else if (value !== undefined) field.value = value;
    const says = field.type === "checkbox" || field.type === "radio" ? field.checked : field.value;
    const folded = field.closest("details");
    if (says && folded) folded.open = true;
  }
}

// forgive takes the last no away.
function forgive(form) {
  form.querySelectorAll("[aria-invalid]").forEach((f) => {
    f.removeAttribute("aria-invalid");
    if (f.dataset.hint) f.setAttribute("aria-describedby", f.dataset.hint);
    else f.removeAttribute("aria-describedby");
  });
  form.querySelectorAll("[data-refused]").forEach((e) => e.remove());
  form.querySelectorAll(".wrong").forEach((e) => e.classList.remove("wrong"));
}

// refuse shows a no where it belongs: beside its field when there is one, above the form always.
export function refuse(form, error) {
  const refused = error instanceof Refusal;
  if (!refused) console.error(error);
  const text = refused ? error.message : say("coffre.fault");
  forgive(form);
  const box = element("div", undefined, { class: "errors", role: "alert", tabindex: "-1", "data-refused": "" });
  const line = element("p", text);
  box.append(line);
  const field = refused && error.field && [...form.elements].find((f) => f.name && (f.name === error.field || f.name === error.field + "[]" || error.field.startsWith(f.name + "[")));
  if (field) {
    field.id ||= "f-" + field.name.replace(/\W+/g, "-");
    field.setAttribute("aria-invalid", "true");
    if (field.closest("details")) field.closest("details").open = true;
    const hint = element("p", text, { class: "error", id: field.id + "-refused", "data-refused": "" });
    field.dataset.hint ??= field.getAttribute("aria-describedby") ?? "";
    field.setAttribute("aria-describedby", `${hint.id} ${field.dataset.hint}`.trim());
    const around = field.closest(".field");
    around?.classList.add("wrong");
    field.before(hint);
    line.replaceChildren(element("a", text, { href: "#" + field.id }));
  }
  if (refused && error.key === "session.none") box.append(element("a", say("coffre.enter"), { href: "/entrer" }));
  form.prepend(box);
  box.focus();
}

// act has a form do work instead of being sent: one at a time, its refusals shown where they belong. work is given the
// button; it returns where to go, or nothing to stay.
export function act(form, work) {
  if (!form) return;
  form.dataset.ready = ""; // from here on it can be sent
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy")) return;
    const busy = [...form.querySelectorAll("button")];
    form.setAttribute("aria-busy", "true");
    busy.forEach((b) => { b.disabled = true; });
    const free = () => { busy.forEach((b) => { b.disabled = false; }); form.removeAttribute("aria-busy"); };
    try {
      const to = await work(event.submitter);
      if (to) location.assign(to); // busy until the page has gone
      else free();
    } catch (e) {
      free();
      refuse(form, e);
    }
  });
}

// once draws the key that makes a retry of the same form harmless.
export const once = () => toURL64(crypto.getRandomValues(new Uint8Array(20)));

let communes; // asked for once
// hand gives the communes of France to the Go half.
const hand = () => (communes ??= fetch(communesURL).then((answer) => answer.arrayBuffer()).then(base64).then((file) => ask("communes", { file })));
// asked is ask, with the communes of France handed to the Go half when an operation needs them: all of them, because asking
// the hub for one would tell it which.
export async function asked(op, input) {
  try {
    return await ask(op, input);
  } catch (e) {
    if (!(e instanceof Refusal) || e.key !== "desk.no_communes") throw e;
    await hand();
    return ask(op, input);
  }
}

// base64 of what is too long for an argument list.
export const base64 = (bytes) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(new Blob([bytes]));
});

async function submit(form, button) {
  const busy = [...form.querySelectorAll("button")];
  busy.forEach((b) => { b.disabled = true; });
  form.setAttribute("aria-busy", "true");
  forgive(form);
  try {
    await unlocked();
    form.dataset.once ||= once();
    const values = read(form);
    if (button?.name) values[button.name] = button.value;
    const input = { form: values, page: await page(), once: form.dataset.once };
    if (form.dataset.ask) {
      // Some things must be asked of the hub first: which keys to wrap to, for the members just chosen.
      const { post: need } = await ask(form.dataset.seal + ".need", input);
      input.page = { ...input.page, ...(await send(form.dataset.ask, need)) };
    }
    const made = await asked(form.dataset.seal, input);
    if (made?.warnings?.length && !form.dataset.warned) {
      form.dataset.warned = "yes"; // shown once; sending again means it
      throw new Refusal({ text: made.warnings.map((w) => say("lint." + w.code, { text: w.text })).join(" ") + " " + say("lint.again") });
    }
    if (made.before) await send(form.dataset.before, made.before);
    const answer = await send(form.dataset.action, made.post);
    forgetDraft(form);
    location.assign(answer.location);
  } catch (e) {
    busy.forEach((b) => { b.disabled = false; });
    form.removeAttribute("aria-busy");
    refuse(form, e);
  }
}

// ---- drafts, sealed on the device

const drafts = "ailleurs.draft.";
const draftLife = 30 * 24 * 3600 * 1000; // as long as a draft on the hub, in milliseconds
const draftSlot = (form) => form.dataset.autosave && drafts + form.dataset.autosave;
const saving = new WeakMap(); // of a form: the save that a pause in typing sets off
const forgetDraft = (form) => {
  clearTimeout(saving.get(form));
  if (draftSlot(form)) localStorage.removeItem(draftSlot(form));
};

// sweep drops the drafts that nobody came back to.
const sweep = () => Object.keys(localStorage).filter((name) => name.startsWith(drafts)).forEach((name) => {
  let at = 0;
  try {
    ({ at } = JSON.parse(localStorage.getItem(name)));
  } catch { /* not as this version writes them */ }
  if (!(Date.now() - at < draftLife)) localStorage.removeItem(name);
});

// autosave keeps what is typed, sealed, on this device: a session that ends, or a page that is left, loses nothing of it.
async function autosave(form) {
  const name = draftSlot(form);
  // What was sealed before comes first, and what was typed since over it.
  if (form.dataset.fill) await new Promise((go) => { document.addEventListener("coffre:open", go, { once: true }); });
  await unlocked();
  const kept = localStorage.getItem(name);
  if (kept) {
    try {
      fill(form, (await ask("draft.open", JSON.parse(kept))).form);
      form.dispatchEvent(new Event("filled", { bubbles: true }));
      const again = element("button", say("draft.start_over"), { type: "button", class: "quiet" });
      again.addEventListener("click", () => { forgetDraft(form); location.reload(); });
      const note = element("p", undefined, { class: "notice", role: "status", "data-restored": "" });
      const text = element("span", say("draft.restored") + " ");
      text.append(again);
      note.append(text);
      form.prepend(note);
    } catch {
      localStorage.removeItem(name); // of another device key or another person: nothing to restore
    }
  }
  form.addEventListener("input", () => {
    clearTimeout(saving.get(form));
    saving.set(form, setTimeout(async () => {
      const { file } = await ask("draft.seal", { form: read(form) });
      if (!form.hasAttribute("aria-busy")) localStorage.setItem(name, JSON.stringify({ file, at: Date.now() }));
    }, 800));
  });
}

// ---- while somebody types

// second looks through a free text after a pause, and says under the field what may not belong there. It forbids nothing.
function second(field) {
  const note = element("p", undefined, { class: "hint lint", role: "status" });
  field.after(note);
  let timer;
  const look = async () => {
    const known = [field.form?.elements.namedItem("person.name")?.value].filter(Boolean);
    const found = field.value.trim() ? await ask("lint", { text: field.value, known, contact: field.dataset.lint === "contact" }) : [];
    const text = found.map((w) => say("lint." + w.code, { text: w.text })).join(" ");
    if (note.textContent !== text) note.textContent = text;
  };
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => look().catch(() => {}), 700); });
}

// ---- wiring

if (meta) {
  document.querySelectorAll("form[data-seal]").forEach((form) => form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event.submitter);
  }));
  sweep();
  document.querySelectorAll("form[data-autosave]").forEach((form) => { autosave(form).catch((e) => refuse(form, e)); });
  // Who leaves in one tab leaves in all: what the others show goes at once.
  const tabs = new BroadcastChannel("ailleurs.session");
  tabs.onmessage = () => {
    forget();
    document.body.replaceChildren();
    setTimeout(() => location.replace("/entrer"), 500); // by then the hub has ended the session
  };
  document.querySelectorAll('form[action="/sortir"]').forEach((form) => form.addEventListener("submit", () => {
    forget();
    tabs.postMessage("left");
  }));
  document.querySelectorAll("[data-lint]").forEach(second);
  // A commune of a case is looked for on this device: the hub hands out all of them, and is asked for none.
  for (const field of document.querySelectorAll('input[data-commune="sealed"]')) {
    combobox(field, (text) => asked("communes.find", { text }));
    document.addEventListener("coffre:open", async () => { // what was sealed is a code: people read names
      if (!/^\d[\dAB]\d{3}$/.test(field.value)) return;
      const [found] = await asked("communes.find", { text: field.value }).catch(() => []);
      if (found?.code === field.value) field.value = found.label;
    });
  }
  document.documentElement.dataset.coffre = "ready"; // from here on a form that seals can be sent
  const root = document.querySelector("[data-open]");
  if (root) open(root).catch((e) => {
    const box = element("p", e instanceof Refusal ? e.message : say("coffre.fault"), { class: "notice alert", role: "alert" });
    if (!(e instanceof Refusal)) console.error(e);
    root.prepend(box);
  });
}
