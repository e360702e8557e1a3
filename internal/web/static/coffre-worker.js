// The worker that holds the keys: it runs the Go half (coffre.wasm) and answers one text for each question. Nothing but
// sealed, signed or readable text leaves it; the page never sees a key.
import "/static/wasm_exec.js";

// The device key: made once, kept by IndexedDB, never exportable. It ties what is stored to this browser.
const deviceKey = async () => {
  const db = await new Promise((resolve, reject) => {
    const open = indexedDB.open("ailleurs", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("keys");
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
  const run = (mode, act) => new Promise((resolve, reject) => {
    const request = act(db.transaction("keys", mode).objectStore("keys"));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const found = await run("readonly", (keys) => keys.get("device"));
  if (found) return found;
  const made = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  // Two pages may race here: add refuses the second, which then uses the first one's key.
  await run("readwrite", (keys) => keys.add(made, "device")).catch(() => {});
  return run("readonly", (keys) => keys.get("device"));
};
let device;
self.deviceBind = async (bytes) => {
  device ??= deviceKey();
  return new Uint8Array(await crypto.subtle.sign("HMAC", await device, bytes));
};

const started = new Promise((resolve) => { self.coffreReady = resolve; });
let running;
const start = async (url) => {
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch(url), go.importObject);
  go.run(instance);
  await started;
};

self.onmessage = async ({ data }) => {
  try {
    if (data.module) { running ??= start(data.module); await running; postMessage({ id: data.id, out: "null" }); return; }
    await running;
    postMessage({ id: data.id, out: await self.coffre(data.op, data.input) });
  } catch (e) {
    postMessage({ id: data.id, fault: String(e) });
  }
};
