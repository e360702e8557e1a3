// The page's side of the sealing worker. A page asks by attributes; what is sealed, signed or opened is decided by the Go
// half in the worker, so that this file holds no rule and no key.
//
//   <meta name="coffre" content="WORKER-URL MODULE-URL">     where the worker and its module are
//   <script type="application/json" id="words">              what codes are called in the reader's language
//   <script type="application/json" id="page">               what the hub handed out for this page
//   <main data-open="OP">                                    asks OP with the page, fills [data-sheet=NAME] and [data-value=NAME]
//   <form data-seal="OP" action="…">                         asks OP with the page and the form, posts what comes back
//   <form data-autosave="KEY">                               keeps what is typed, sealed, on this device

const meta = document.querySelector('meta[name="coffre"]');
const [workerURL, moduleURL] = (meta?.content ?? "").split(" ");
const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");
export const words = json("words") ?? {};
export const say = (key, args = {}) =>
  (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => args[name] ?? whole);

// A Refusal is a no for the person in front of the screen; anything else that is thrown is a fault.
export class Refusal extends Error {
  constructor({ key, field, args, text }) {
    super(text ?? say(key, args));
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
    post({ module: new URL(moduleURL, location.href).href });
  }
  const id = ++last;
  waiting.set(id, { resolve, reject });
  worker.postMessage({ ...message, id });
});

// ask puts one question to the Go half and returns its answer, or throws its Refusal.
export async function ask(op, input = {}) {
  const answer = JSON.parse(await post({ op, input: JSON.stringify(input) }));
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
  });
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
export const forget = () => sessionStorage.removeItem(slot);

let opened;
// unlocked reopens the trousseau from the page before; without one it leads to the page that unlocks.
export function unlocked() {
  opened ??= (async () => {
    const file = sessionStorage.getItem(slot);
    if (file) {
      try {
        const { share } = await send("/session/part");
        await ask("session.open", { share, file });
        return;
      } catch (e) {
        forget();
        if (!(e instanceof Refusal)) throw e;
      }
    }
    location.assign("/ouvrir?vers=" + encodeURIComponent(location.pathname));
    await new Promise(() => {}); // the page is leaving
  })();
  return opened;
}

// ---- what the reader sees

const element = (name, text, attributes = {}) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  return e;
};

// sheet shows rows of {label, items: [{key} | {text}]} as a list of terms.
function sheet(into, rows) {
  const list = element("dl", undefined, { class: "sheet" });
  for (const row of rows) {
    list.append(element("dt", say(row.label, row.args)));
    for (const item of row.items) list.append(element("dd", item.text ?? say(item.key, item.args)));
  }
  into.replaceChildren(list);
  into.removeAttribute("aria-busy");
}

async function open(root) {
  await unlocked();
  const found = await ask(root.dataset.open, { page: json("page") });
  for (const place of document.querySelectorAll("[data-sheet]")) {
    const rows = found.sheets?.[place.dataset.sheet];
    if (rows) sheet(place, rows);
    place.closest("[data-sealed]")?.toggleAttribute("hidden", !rows);
  }
  for (const place of document.querySelectorAll("[data-value]")) {
    const value = found.values?.[place.dataset.value];
    if (value === undefined) continue;
    if (place instanceof HTMLInputElement || place instanceof HTMLTextAreaElement || place instanceof HTMLSelectElement) place.value = value;
    else place.textContent = value;
  }
  for (const form of document.querySelectorAll("form[data-fill]")) fill(form, found.forms?.[form.dataset.fill]);
  document.dispatchEvent(new CustomEvent("coffre:open", { detail: found }));
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
    if (field.dataset.kind === "number") value = value === "" ? 0 : Number(value);
    if (value === "" && field.dataset.kind !== "text") continue;
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
  for (const field of form.elements) {
    if (!field.name) continue;
    const list = field.name.endsWith("[]");
    const path = field.name.replace(/\[\]$/, "").replace(/\[(\d+)\]/g, ".$1").split(".");
    const value = path.reduce((at, step) => at?.[step], values);
    if (field.type === "checkbox" || field.type === "radio") {
      field.checked = list ? (value ?? []).includes(field.value) : field.hasAttribute("value") ? value === field.value : value === true;
    } else if (value !== undefined && !list) field.value = value;
  }
}

// refuse shows a no where it belongs: beside its field when there is one, above the form always.
export function refuse(form, error) {
  const refused = error instanceof Refusal;
  if (!refused) console.error(error);
  const text = refused ? error.message : say("coffre.fault");
  form.querySelectorAll("[aria-invalid]").forEach((f) => { f.removeAttribute("aria-invalid"); f.removeAttribute("aria-describedby"); });
  form.querySelectorAll(".error-summary, .field-error").forEach((e) => e.remove());
  const box = element("div", undefined, { class: "error-summary", role: "alert", tabindex: "-1" });
  box.append(element("p", text));
  const field = refused && error.field && [...form.elements].find((f) => f.name === error.field || f.name === error.field + "[]" || error.field.startsWith(f.name + "["));
  if (field) {
    field.id ||= "f-" + field.name.replace(/\W+/g, "-");
    field.setAttribute("aria-invalid", "true");
    const hint = element("p", text, { class: "field-error", id: field.id + "-error" });
    field.setAttribute("aria-describedby", hint.id);
    (field.closest(".field") ?? field.parentElement).append(hint);
    box.replaceChildren(element("a", text, { href: "#" + field.id }));
  }
  form.prepend(box);
  box.focus();
}

// once draws the key that makes a retry of the same form harmless.
const once = () => toURL64(crypto.getRandomValues(new Uint8Array(20)));

async function submit(form, button) {
  const busy = [...form.querySelectorAll("button")];
  busy.forEach((b) => { b.disabled = true; });
  form.setAttribute("aria-busy", "true");
  try {
    await unlocked();
    form.dataset.once ||= once();
    const values = read(form);
    if (button?.name) values[button.name] = button.value;
    const input = { form: values, page: json("page"), once: form.dataset.once };
    if (form.dataset.ask) {
      // Some things must be asked of the hub first: which keys to wrap to, for the members just chosen.
      const { need } = await ask(form.dataset.seal + ".need", input);
      if (need) input.page = { ...input.page, ...(await send(form.dataset.ask, need)) };
    }
    const made = await ask(form.dataset.seal, input);
    if (made?.warnings?.length && !form.dataset.warned) {
      form.dataset.warned = "yes"; // shown once; sending again means it
      throw new Refusal({ text: made.warnings.map((w) => say("lint." + w.code, { text: w.text })).join(" ") + " " + say("lint.again") });
    }
    const answer = await send(form.action, made.post);
    forgetDraft(form);
    location.assign(answer.location);
  } catch (e) {
    busy.forEach((b) => { b.disabled = false; });
    form.removeAttribute("aria-busy");
    refuse(form, e);
  }
}

// ---- drafts, sealed on the device

const draftSlot = (form) => form.dataset.autosave && "ailleurs.draft." + form.dataset.autosave;
const forgetDraft = (form) => draftSlot(form) && localStorage.removeItem(draftSlot(form));

async function autosave(form) {
  const name = draftSlot(form);
  await unlocked();
  const kept = localStorage.getItem(name);
  if (kept) {
    try {
      fill(form, (await ask("draft.open", { file: kept })).form);
      form.dispatchEvent(new Event("filled", { bubbles: true }));
    } catch {
      localStorage.removeItem(name); // of another device key or another person: nothing to restore
    }
  }
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => localStorage.setItem(name, (await ask("draft.seal", { form: read(form) })).file), 800);
  });
}

// ---- wiring

if (meta) {
  document.querySelectorAll("form[data-seal]").forEach((form) => form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event.submitter);
  }));
  document.querySelectorAll("form[data-autosave]").forEach((form) => { autosave(form).catch((e) => refuse(form, e)); });
  document.querySelectorAll('form[action="/sortir"]').forEach((form) => form.addEventListener("submit", forget));
  const root = document.querySelector("[data-open]");
  if (root) open(root).catch((e) => {
    const box = element("p", e instanceof Refusal ? e.message : say("coffre.fault"), { class: "notice alert", role: "alert" });
    if (!(e instanceof Refusal)) console.error(e);
    root.prepend(box);
  });
}
