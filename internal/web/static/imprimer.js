// A button prints the page. What is typed for a paper is written on it, here, and goes nowhere else.
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
for (const field of document.querySelectorAll("[data-slip]")) {
  field.addEventListener("input", () => {
    for (const place of document.querySelectorAll(`[data-slip-out="${field.dataset.slip}"]`)) place.textContent = field.value;
    for (const row of document.querySelectorAll(`[data-slip-row="${field.dataset.slip}"]`)) row.hidden = !field.value;
  });
}
