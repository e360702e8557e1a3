// The page of those on duty looks by itself whether something rings. It shows the new state at once when nobody is at work
// on the page, and says so otherwise: it never takes the focus or what is being typed away.
const place = document.querySelector("[data-watch]");

const busy = () => {
  const at = document.activeElement;
  return document.querySelector("main details[open]") || at && at !== document.body && at.id !== "main" && at.closest("main");
};

async function look() {
  const answer = await fetch("/astreinte?veille", { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (answer.status === 401) location.replace("/entrer");
  if (!answer.ok) return;
  const { mark } = await answer.json();
  if (mark === place.dataset.watch) return;
  if (busy()) place.hidden = false;
  else location.replace("/astreinte");
}

if (place) setInterval(() => { look().catch(() => {}); }, 20_000);
